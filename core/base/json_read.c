#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* The text is known to be UTF-8 before the first character is looked at, so nothing below has to
 * care. Depth is bounded before each step down, so recursion is bounded too. */
typedef struct reader {
  const char *text, *p, *end;
  unsigned depth;
  const char **key_at; /* where each key of the maps now open begins, for messages */
  size_t keys, key_cap;
  const tl_json_want *want; /* members of the maps it stands in; NULL: all */
  bool skip;                /* within one that is not wanted: looked at, not kept */
  tl_err *e;
} reader;

static int read_value(reader *r, tl_val *out);

/* Lines and columns count from 1, columns in characters. */
static __attribute__((format(printf, 3, 4))) int fail_at(reader *r, const char *at, const char *fmt,
                                                         ...)
{
  size_t line = 1, column = 1;
  char what[256];
  va_list ap;

  for (const char *p = r->text; p < at; p++) {
    if (*p == '\n') {
      line++;
      column = 1;
    } else if (((unsigned char)*p & 0xC0) != 0x80) {
      column++;
    }
  }
  va_start(ap, fmt);
  (void)vsnprintf(what, sizeof what, fmt, ap);
  va_end(ap);
  return tl_fail(r->e, TL_EPARSE, "line %zu column %zu: %s", line, column, what);
}

/* "expected X, found Y", Y being the character that the reader stands at. */
static int fail_expected(reader *r, const char *what)
{
  unsigned char c = r->p < r->end ? (unsigned char)*r->p : 0;
  int len = 1;

  if (r->p == r->end) return fail_at(r, r->p, "expected %s, found the end of the text", what);
  if (c < 0x20 || c == 0x7F) return fail_at(r, r->p, "expected %s, found byte 0x%02x", what, c);
  while (r->p + len < r->end && ((unsigned char)r->p[len] & 0xC0) == 0x80) len++;
  return fail_at(r, r->p, "expected %s, found '%.*s'", what, len, r->p);
}

static void skip_space(reader *r)
{
  while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r')) r->p++;
}

/* Steps over `c` and says whether it was there. */
static bool took(reader *r, char c)
{
  if (r->p == r->end || *r->p != c) return false;
  r->p++;
  return true;
}

static int read_word(reader *r, tl_val *out, const char *word, tl_val v)
{
  size_t len = strlen(word);

  if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0)
    return fail_expected(r, "a value");
  r->p += len;
  *out = v;
  return TL_OK;
}

/* --- numbers -------------------------------------------------------------------------------- */

static bool is_digit(const reader *r)
{
  return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static int skip_digits(reader *r)
{
  if (!is_digit(r)) return fail_expected(r, "a digit");
  while (is_digit(r)) r->p++;
  return TL_OK;
}

/* Steps over one number of RFC 8259's grammar; *whole: neither fraction nor exponent. */
static int skip_number(reader *r, bool *whole)
{
  int rc = TL_OK;

  *whole = true;
  (void)took(r, '-');
  if (!took(r, '0')) rc = skip_digits(r);
  else if (is_digit(r)) return fail_at(r, r->p, "a number cannot begin with 0");
  if (rc == TL_OK && took(r, '.')) {
    *whole = false;
    rc = skip_digits(r);
  }
  if (rc == TL_OK && (took(r, 'e') || took(r, 'E'))) {
    *whole = false;
    if (!took(r, '+')) (void)took(r, '-');
    rc = skip_digits(r);
  }
  return rc;
}

static int read_number(reader *r, tl_val *out)
{
  const char *start = r->p, *fault;
  bool whole;
  int rc = skip_number(r, &whole);

  if (rc < 0 || r->skip) return rc;
  fault = tl_json_number_read(out, start, (size_t)(r->p - start), whole);
  return fault ? fail_at(r, start, "%s", fault) : TL_OK;
}

/* --- strings -------------------------------------------------------------------------------- */

static int hex4(reader *r, const char *p, unsigned *out)
{
  *out = 0;
  for (int i = 0; i < 4; i++) {
    char c = p + i < r->end ? p[i] : '"';
    unsigned digit;
    if (c >= '0' && c <= '9') digit = (unsigned)(c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') digit = (unsigned)((c | 0x20) - 'a') + 10;
    else return fail_at(r, p - 2, "\\u needs four hexadecimal digits");
    *out = *out * 16 + digit;
  }
  return TL_OK;
}

static char *put_utf8(char *to, unsigned c)
{
  if (c < 0x80) {
    *to++ = (char)c;
    return to;
  }
  if (c < 0x800) {
    *to++ = (char)(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      *to++ = (char)(0xE0 | c >> 12);
    } else {
      *to++ = (char)(0xF0 | c >> 18);
      *to++ = (char)(0x80 | (c >> 12 & 0x3F));
    }
    *to++ = (char)(0x80 | (c >> 6 & 0x3F));
  }
  *to++ = (char)(0x80 | (c & 0x3F));
  return to;
}

/* At "\u": one character, which two escapes may make up. Moves *p behind it. */
static int unescape_unicode(reader *r, const char **p, char **to)
{
  const char *start = *p;
  unsigned c, low;

  if (hex4(r, start + 2, &c) < 0) return TL_EPARSE;
  *p = start + 6;
  if (c >= 0xD800 && c <= 0xDFFF) {
    if (c > 0xDBFF || r->end - *p < 2 || (*p)[0] != '\\' || (*p)[1] != 'u')
      return fail_at(r, start, "half of a surrogate pair");
    if (hex4(r, *p + 2, &low) < 0) return TL_EPARSE;
    if (low < 0xDC00 || low > 0xDFFF) return fail_at(r, start, "half of a surrogate pair");
    c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    *p += 6;
  }
  *to = put_utf8(*to, c);
  return TL_OK;
}

/* At a backslash: writes what it stands for and moves *p behind it. */
static int unescape(reader *r, const char **p, char **to)
{
  static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
  const char *hit;

  if ((*p)[1] == 'u') return unescape_unicode(r, p, to);
  hit = strchr(from, (*p)[1]);
  if (!hit || !*hit)
    return fail_at(r, *p,
                   "unknown escape: one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u was expected");
  *(*to)++ = into[hit - from];
  *p += 2;
  return TL_OK;
}

/* The raw text between two quotes as the bytes it stands for; they are never more than it. */
static int unescape_all(reader *r, const char *raw, const char *end, char **out, size_t *len)
{
  char *data = tl_alloc((size_t)(end - raw) + 1), *to = data;
  int rc = TL_OK;

  while (raw < end && rc == TL_OK) {
    const char *slash = memchr(raw, '\\', (size_t)(end - raw));
    size_t run = (size_t)((slash ? slash : end) - raw);
    memcpy(to, raw, run);
    to += run;
    raw += run;
    if (slash) rc = unescape(r, &raw, &to);
  }
  if (rc < 0) {
    free(data);
    return rc;
  }
  *to = '\0';
  *out = data;
  *len = (size_t)(to - data);
  return TL_OK;
}

/* The first byte from p on that is no plain letter of a string. */
static const char *skip_plain(const char *p, const char *end)
{
  while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) p++;
  return p;
}

/* At the opening quote. *out is the caller's to free; NULL for a string that is not kept, whose
 * escapes are looked at all the same. */
static int read_string(reader *r, char **out, size_t *len)
{
  const char *start = ++r->p;
  bool escaped = false;

  *out = NULL;
  for (;; r->p++) {
    r->p = skip_plain(r->p, r->end);
    if (r->p == r->end) return fail_at(r, start - 1, "the string has no end");
    if (*r->p == '"') break;
    if (*r->p != '\\')
      return fail_at(r, r->p, "byte 0x%02x must be escaped in a string", (unsigned char)*r->p);
    escaped = true;
    if (++r->p == r->end) return fail_at(r, start - 1, "the string has no end");
  }
  r->p++;
  if (escaped) {
    int rc = unescape_all(r, start, r->p - 1, out, len);
    if (rc == TL_OK && r->skip) {
      free(*out);
      *out = NULL;
    }
    return rc;
  }
  if (r->skip) return TL_OK;
  *len = (size_t)(r->p - 1 - start);
  *out = tl_memdup0(start, *len);
  return TL_OK;
}

/* --- lists and maps ------------------------------------------------------------------------- */

static int go_down(reader *r)
{
  if (r->depth == TL_JSON_DEPTH) return fail_at(r, r->p, "more than %d levels deep", TL_JSON_DEPTH);
  r->depth++;
  r->p++;
  skip_space(r);
  return TL_OK;
}

/* After an item: another one (1), the end (0), or an error. */
static int more(reader *r, char close, const char *expected)
{
  skip_space(r);
  if (took(r, close)) {
    r->depth--;
    return 0;
  }
  if (!took(r, ',')) return fail_expected(r, expected);
  skip_space(r);
  return 1;
}

static int read_list(reader *r, tl_val *out)
{
  int rc = go_down(r);

  *out = tl_list();
  if (rc < 0) return rc;
  if (took(r, ']')) {
    r->depth--;
    return TL_OK;
  }
  do {
    tl_val item;
    rc = read_value(r, &item);
    if (rc < 0) return rc;
    if (!r->skip) (void)tl_push(out, item);
    rc = more(r, ']', "',' or ']'");
  } while (rc > 0);
  return rc;
}

static void remember_key(reader *r)
{
  if (r->keys == r->key_cap) {
    r->key_cap = r->key_cap ? r->key_cap * 2 : 32;
    r->key_at = tl_realloc(r->key_at, r->key_cap * sizeof *r->key_at);
  }
  r->key_at[r->keys++] = r->p;
}

static const tl_json_want *find_wanted(const tl_json_want *want, const char *key, size_t len)
{
  for (; want->name; want++)
    if (*want->name == *key && strncmp(want->name, key, len) == 0 && want->name[len] == '\0')
      return want;
  return NULL;
}

/* The value behind a key; frees the key unless the map takes it. */
static int read_member(reader *r, tl_val *map, char *key, size_t len)
{
  const tl_json_want *all = r->want, *one = all ? find_wanted(all, key, len) : NULL;
  bool outer = r->skip;
  tl_val v;
  int rc;

  if (all && !one && !outer) {
    r->keys--; /* keys are those of the pairs in the map */
    r->skip = true;
  }
  r->want = one ? one->below : NULL;
  rc = read_value(r, &v);
  if (rc == TL_OK && !r->skip) (void)tl_put_take(map, key, len, v);
  else free(key);
  r->skip = outer;
  r->want = all;
  return rc;
}

static int read_pair(reader *r, tl_val *map)
{
  char *key;
  size_t len;
  int rc;

  if (r->p == r->end || *r->p != '"') return fail_expected(r, "a key in double quotes");
  if (!r->skip) remember_key(r);
  rc = read_string(r, &key, &len);
  if (rc < 0) return rc;
  skip_space(r);
  if (!took(r, ':')) {
    free(key);
    return fail_expected(r, "':'");
  }
  skip_space(r);
  return read_member(r, map, key, len);
}

static int read_map(reader *r, tl_val *out)
{
  size_t first = r->keys, dup;
  int rc = go_down(r);

  *out = tl_map();
  if (rc < 0) return rc;
  if (took(r, '}')) {
    r->depth--;
    return TL_OK;
  }
  do {
    rc = read_pair(r, out);
    if (rc < 0) return rc;
    rc = more(r, '}', "',' or '}'");
  } while (rc > 0);
  if (rc < 0) return rc;
  dup = tl_dup_key(out);
  if (dup < tl_len(out))
    return fail_at(r, r->key_at[first + dup], "the key '%.100s' is there already",
                   out->u.map.pairs[dup].key);
  r->keys = first;
  return TL_OK;
}

static int read_text(reader *r, tl_val *out)
{
  char *data;
  size_t len;
  int rc = read_string(r, &data, &len);

  if (rc == TL_OK && data) *out = tl_str_take(data, len);
  return rc;
}

/* On failure *out is TL_NIL. */
static int read_value(reader *r, tl_val *out)
{
  int rc;

  *out = tl_nil();
  switch (r->p < r->end ? *r->p : '\0') {
  case '{': rc = read_map(r, out); break;
  case '[': rc = read_list(r, out); break;
  case '"': rc = read_text(r, out); break;
  case 't': return read_word(r, out, "true", tl_bool(true));
  case 'f': return read_word(r, out, "false", tl_bool(false));
  case 'n': return read_word(r, out, "null", tl_nil());
  default:
    return is_digit(r) || (r->p < r->end && *r->p == '-') ? read_number(r, out)
                                                          : fail_expected(r, "a value");
  }
  if (rc < 0) tl_free(out);
  return rc;
}

int tl_json_read_some(tl_val *out, const char *text, size_t len, const tl_json_want *want,
                      tl_err *e)
{
  reader r = {.text = text, .p = text, .end = text + len, .want = want, .e = e};
  size_t valid = tl_utf8_valid(text, len);
  int rc;

  *out = tl_nil();
  if (valid < len)
    return fail_at(&r, text + valid, "byte 0x%02x is not UTF-8", (unsigned char)text[valid]);
  if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
    return fail_at(&r, text, "a byte order mark is not allowed in JSON: save without it");
  skip_space(&r);
  rc = read_value(&r, out);
  if (rc == TL_OK) {
    skip_space(&r);
    if (r.p < r.end) rc = fail_expected(&r, "the end of the text");
  }
  if (rc < 0) tl_free(out);
  free(r.key_at);
  return rc;
}

int tl_json_read(tl_val *out, const char *text, size_t len, tl_err *e)
{
  return tl_json_read_some(out, text, len, NULL, e);
}
