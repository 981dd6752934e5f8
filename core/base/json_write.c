#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

typedef struct writer {
  tl_buf *out;
  bool pretty;
  unsigned depth;
  tl_err *e;
} writer;

static int write_value(writer *w, const tl_val *v);

static int put(writer *w, const char *data, size_t len)
{
  if (tl_buf_add(w->out, data, len) < 0)
    return tl_fail(w->e, TL_ELIMIT, "the JSON text would be longer than %zu bytes", w->out->max);
  return TL_OK;
}

static int put_str(writer *w, const char *s)
{
  return put(w, s, strlen(s));
}

/* For people: a new line at the present depth. In the canonical form nothing. */
static int put_break(writer *w)
{
  static const char spaces[] = "                                ";
  size_t left = (size_t)w->depth * 2;
  int rc;

  if (!w->pretty) return TL_OK;
  rc = put(w, "\n", 1);
  while (rc == TL_OK && left > 0) {
    size_t n = left < sizeof spaces - 1 ? left : sizeof spaces - 1;
    rc = put(w, spaces, n);
    left -= n;
  }
  return rc;
}

static int put_escaped(writer *w, unsigned char c)
{
  static const char hex[] = "0123456789abcdef", from[] = "\"\\\b\f\n\r\t", into[] = "\"\\bfnrt";
  const char *hit = c ? strchr(from, c) : NULL;
  char text[] = "\\u00__";

  if (hit) {
    text[1] = into[hit - from];
    return put(w, text, 2);
  }
  text[4] = hex[c >> 4];
  text[5] = hex[c & 15];
  return put(w, text, 6);
}

/* RFC 8785 section 3.2.2.2: only what JSON itself forbids is escaped. */
static int write_string(writer *w, const char *s, size_t len)
{
  size_t valid = tl_utf8_valid(s, len), from = 0;
  int rc = put(w, "\"", 1);

  if (valid < len)
    return tl_fail(w->e, TL_EINVALID, "a string is not UTF-8 (byte 0x%02x at %zu)",
                   (unsigned char)s[valid], valid);
  while (rc == TL_OK && from < len) {
    size_t to = from;
    while (to < len && (unsigned char)s[to] >= 0x20 && s[to] != '"' && s[to] != '\\') to++;
    rc = put(w, s + from, to - from);
    if (rc == TL_OK && to < len) rc = put_escaped(w, (unsigned char)s[to++]);
    from = to;
  }
  return rc == TL_OK ? put(w, "\"", 1) : rc;
}

/* Refused are whole numbers that are printed digit by digit (below 1e21) and that other readers,
 * our own among them, would take for a different number. */
static int write_number(writer *w, const tl_val *v)
{
  double d = v->type == TL_INT ? (double)v->u.i : v->u.num;
  char text[32];

  if (v->type == TL_INT && fabs(d) >= 0x1p53)
    return tl_fail(w->e, TL_EINVALID, "the integer %" PRId64 " is beyond 2^53-1: use a string",
                   v->u.i);
  if (!isfinite(d))
    return tl_fail(w->e, TL_EINVALID, "%s has no form in JSON",
                   isnan(d) ? "a number that is not a number (0/0)" : "an infinite number");
  if (fabs(d) >= 0x1p53 && fabs(d) < 1e21)
    return tl_fail(w->e, TL_EINVALID, "the whole number %.0f is beyond 2^53-1: use a string", d);
  return put(w, text, tl_json_number(text, d));
}

static int go_down(writer *w)
{
  if (w->depth == TL_JSON_DEPTH)
    return tl_fail(w->e, TL_ELIMIT, "more than %d levels deep", TL_JSON_DEPTH);
  w->depth++;
  return TL_OK;
}

static int write_list(writer *w, const tl_val *v)
{
  size_t len = v->u.list.len;
  int rc = go_down(w);

  if (rc == TL_OK) rc = put(w, "[", 1);
  for (size_t i = 0; rc == TL_OK && i < len; i++) {
    if (i > 0) rc = put(w, ",", 1);
    if (rc == TL_OK) rc = put_break(w);
    if (rc == TL_OK) rc = write_value(w, &v->u.list.items[i]);
  }
  w->depth--;
  if (rc == TL_OK && len > 0) rc = put_break(w);
  return rc == TL_OK ? put(w, "]", 1) : rc;
}

/* UTF-16 puts a character beyond U+FFFF (lead byte F0 and up) before U+E000 to U+FFFF (lead bytes
 * EE, EF), since it is written with surrogates; everything else is as in UTF-8. */
static unsigned rank(char c)
{
  unsigned char byte = (unsigned char)c;

  if (byte < 0xEE) return byte;
  return byte < 0xF0 ? byte + 0x10u : byte - 2u;
}

int tl_json_key_cmp(const char *a, size_t alen, const char *b, size_t blen)
{
  size_t i = 0, len = alen < blen ? alen : blen;

  while (i < len && a[i] == b[i]) i++;
  if (i < len) return rank(a[i]) < rank(b[i]) ? -1 : 1;
  return (alen > blen) - (alen < blen);
}

static int cmp_keys(const tl_pair *x, const tl_pair *y)
{
  return tl_json_key_cmp(x->key, x->key_len, y->key, y->key_len);
}

static int cmp_pairs(const void *a, const void *b)
{
  return cmp_keys(*(const tl_pair *const *)a, *(const tl_pair *const *)b);
}

/* The pairs in canonical order; the caller frees the array. NULL when two keys are equal. */
static const tl_pair **sort(writer *w, const tl_val *map)
{
  size_t n = map->u.map.len;
  const tl_pair **sorted = tl_alloc(n * sizeof *sorted);
  bool in_order = true;

  for (size_t i = 0; i < n; i++) {
    sorted[i] = &map->u.map.pairs[i];
    in_order = in_order && (i == 0 || cmp_keys(sorted[i - 1], sorted[i]) < 0);
  }
  if (in_order) return sorted;
  qsort(sorted, n, sizeof *sorted, cmp_pairs);
  for (size_t i = 1; i < n; i++) {
    if (cmp_keys(sorted[i - 1], sorted[i]) == 0) {
      (void)tl_fail(w->e, TL_EINVALID, "the key '%.100s' is there twice", sorted[i]->key);
      free(sorted);
      return NULL;
    }
  }
  return sorted;
}

static int write_pair(writer *w, const tl_pair *pair)
{
  int rc = put_break(w);

  if (rc == TL_OK) rc = write_string(w, pair->key, pair->key_len);
  if (rc == TL_OK) rc = put_str(w, w->pretty ? ": " : ":");
  return rc == TL_OK ? write_value(w, &pair->val) : rc;
}

static int write_map(writer *w, const tl_val *v)
{
  size_t len = v->u.map.len;
  const tl_pair **sorted;
  int rc = go_down(w);

  if (rc < 0) return rc;
  sorted = sort(w, v);
  if (!sorted) return TL_EINVALID;
  rc = put(w, "{", 1);
  for (size_t i = 0; rc == TL_OK && i < len; i++) {
    if (i > 0) rc = put(w, ",", 1);
    if (rc == TL_OK) rc = write_pair(w, sorted[i]);
  }
  free(sorted);
  w->depth--;
  if (rc == TL_OK && len > 0) rc = put_break(w);
  return rc == TL_OK ? put(w, "}", 1) : rc;
}

static int write_secret(writer *w, const tl_val *v)
{
  int rc = put_str(w, w->pretty ? "{ \"$secret\": " : "{\"$secret\":");

  if (rc == TL_OK) rc = write_string(w, v->u.s.data, v->u.s.len);
  return rc == TL_OK ? put_str(w, w->pretty ? " }" : "}") : rc;
}

static int write_value(writer *w, const tl_val *v)
{
  switch (v->type) {
  case TL_NIL: return put_str(w, "null");
  case TL_BOOL: return put_str(w, v->u.b ? "true" : "false");
  case TL_INT:
  case TL_NUM: return write_number(w, v);
  case TL_STR: return write_string(w, v->u.s.data, v->u.s.len);
  case TL_LIST: return write_list(w, v);
  case TL_MAP: return write_map(w, v);
  case TL_SECRET: return write_secret(w, v);
  }
  TL_BUG("a value without a type");
}

static int write_whole(tl_buf *out, const tl_val *v, bool pretty, tl_err *e)
{
  writer w = {.out = out, .pretty = pretty, .e = e};
  size_t before = out->len;
  int rc = write_value(&w, v);

  if (rc < 0 && out->data) {
    out->len = before;
    out->data[before] = '\0';
  }
  return rc;
}

int tl_json_write(tl_buf *out, const tl_val *v, tl_err *e)
{
  return write_whole(out, v, false, e);
}

int tl_json_pretty(tl_buf *out, const tl_val *v, tl_err *e)
{
  return write_whole(out, v, true, e);
}
