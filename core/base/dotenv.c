#include "dotenv.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "json.h"

typedef struct reader {
  const char *at, *end; /* of the line that is read */
  const char *shown;
  size_t line;
  char *value; /* room for all of the text: it never grows, which would leave copies behind */
  size_t len;
  size_t *lines; /* of the names, in the map's order */
} reader;

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

static bool is_name(char c, bool first)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         (!first && c >= '0' && c <= '9');
}

static void skip_blanks(reader *r)
{
  while (r->at < r->end && is_blank(*r->at)) r->at++;
}

static int fault(const reader *r, const char *what, tl_err *e)
{
  return tl_fail(e, TL_EINVALID, "%s:%zu: %s", r->shown, r->line, what);
}

const char *tl_dotenv_fault(const char *value, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)value[i] < ' ' || value[i] == 0x7f) return "has a control character";
  return tl_utf8_valid(value, len) == len ? NULL : "is not UTF-8";
}

/* --- one line ---------------------------------------------------------------------------------- */

/* What stands in quotes; r->at is behind the first one. */
static int read_quoted(reader *r, char quote, tl_err *e)
{
  for (; r->at < r->end && *r->at != quote; r->at++) {
    if (quote == '"' && *r->at == '\\') {
      r->at++;
      if (r->at == r->end || (*r->at != '"' && *r->at != '\\'))
        return fault(
            r, "in double quotes a \\ stands before \" or \\; single quotes take it as it is", e);
    }
    r->value[r->len++] = *r->at;
  }
  if (r->at == r->end) return fault(r, "the value has no closing quote", e);
  r->at++;
  return TL_OK;
}

static int read_bare(reader *r, tl_err *e)
{
  for (; r->at < r->end && !is_blank(*r->at); r->at++) {
    if (*r->at == '\'' || *r->at == '"' || *r->at == '\\')
      return fault(r, "a value with quotes or \\ goes in quotes: NAME='…'", e);
    r->value[r->len++] = *r->at;
  }
  return TL_OK;
}

static int read_value(reader *r, tl_err *e)
{
  char first = r->at < r->end ? *r->at : '\0';
  int rc;
  if (first == '\'' || first == '"') {
    r->at++;
    rc = read_quoted(r, first, e);
  } else {
    rc = read_bare(r, e);
  }
  if (rc < 0) return rc;
  bool gap = r->at < r->end && is_blank(*r->at);
  skip_blanks(r);
  if (r->at == r->end || (gap && *r->at == '#')) return TL_OK;
  return fault(r, "something stands behind the value: one with blanks goes in quotes: NAME='…'", e);
}

/* The name; its length, or a negative code. r->at is behind the = then. */
static int read_name(reader *r, const char **name, tl_err *e)
{
  static const char export[] = "export";
  size_t n = sizeof export - 1;
  if ((size_t)(r->end - r->at) > n && memcmp(r->at, export, n) == 0 && is_blank(r->at[n])) {
    r->at += n;
    skip_blanks(r);
  }
  *name = r->at;
  while (r->at < r->end && is_name(*r->at, r->at == *name)) r->at++;
  int len = (int)(r->at - *name);
  if (len == 0 || r->at == r->end || *r->at != '=')
    return fault(r, "expected NAME=value, without blanks around the =", e);
  r->at++;
  return len;
}

static int read_line(reader *r, tl_val *map, tl_err *e)
{
  const char *name, *why;
  r->len = 0;
  skip_blanks(r);
  if (r->at == r->end || *r->at == '#') return TL_OK;
  int len = read_name(r, &name, e);
  int rc = len < 0 ? len : read_value(r, e);
  if (rc < 0) return rc;
  why = tl_dotenv_fault(r->value, r->len);
  if (why)
    return tl_fail(e, TL_EINVALID, "%s:%zu: the value of %.*s %s", r->shown, r->line, len, name,
                   why);
  if (r->len == 0) return TL_OK;
  r->lines[tl_len(map)] = r->line;
  (void)tl_putn(map, name, (size_t)len, tl_strn(r->value, r->len));
  return TL_OK;
}

/* --- all of them ------------------------------------------------------------------------------- */

/* Once, since it sorts them; the second of two names stands before a line that was wrong. */
static int check_names(const reader *r, const tl_val *map, int rc, tl_err *e)
{
  size_t i = tl_dup_key(map);
  return i == tl_len(map) ? rc
                          : tl_fail(e, TL_EINVALID, "%s:%zu: %s stands in an earlier line, too",
                                    r->shown, r->lines[i], map->u.map.pairs[i].key);
}

int tl_dotenv_read(const char *text, size_t len, const char *shown, tl_val *map, tl_err *e)
{
  static const char bom[] = "\xef\xbb\xbf";
  const char *end = text + len;
  reader r = {.shown = shown,
              .value = tl_zalloc(len + 1),
              .lines = tl_alloc((len / 3 + 1) * sizeof *r.lines)}; /* A=b is the shortest */
  int rc = TL_OK;
  if (len >= 3 && memcmp(text, bom, 3) == 0) text += 3;
  *map = tl_map();
  while (text < end && rc == TL_OK) {
    const char *nl = memchr(text, '\n', (size_t)(end - text));
    r.at = text;
    r.end = nl ? nl : end;
    text = nl ? nl + 1 : end;
    if (r.end > r.at && r.end[-1] == '\r') r.end--;
    r.line++;
    rc = read_line(&r, map, e);
  }
  rc = check_names(&r, map, rc, e);
  free(r.lines);
  tl_wipe_text(r.value, len);
  if (rc < 0) tl_wipe(map);
  return rc;
}
