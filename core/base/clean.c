#include "clean.h"

#include <stdbool.h>

#include "json.h"

static const struct {
  uint32_t first, last;
} hidden[] = {
    {0x0080, 0x009F},   /* C1 controls */
    {0x061C, 0x061C},   /* Arabic letter mark */
    {0x200E, 0x200F},   /* left-to-right and right-to-left mark */
    {0x202A, 0x202E},   /* embeddings and overrides */
    {0x2066, 0x2069},   /* isolates */
    {0xE0000, 0xE007F}, /* tags: invisible copies of ASCII */
};

static bool is_hidden(uint32_t c)
{
  for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
    if (c >= hidden[i].first && c <= hidden[i].last) return true;
  return false;
}

static bool is_plain_byte(unsigned char c)
{
  return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\t';
}

/* Bytes that a character with this lead byte takes; 0 when it can be none. */
static size_t length_of(unsigned char lead)
{
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

static uint32_t decode(const unsigned char *p, size_t n)
{
  uint32_t c = n == 1 ? p[0] : p[0] & (0x7Fu >> n);

  for (size_t i = 1; i < n; i++) c = c << 6 | (p[i] & 0x3Fu);
  return c;
}

/* Whether more bytes could make a character of these. */
static bool is_unfinished(const unsigned char *p, size_t len)
{
  if (len >= length_of(p[0])) return false;
  for (size_t i = 1; i < len; i++)
    if ((p[i] & 0xC0) != 0x80) return false;
  return true;
}

/* Appends the character at p; returns the bytes it took, or TL_ELIMIT. */
static int clean_one(tl_buf *out, const unsigned char *p, size_t len)
{
  size_t n = length_of(p[0]);
  uint32_t c;
  int rc;

  if (n == 0 || n > len || tl_utf8_valid((const char *)p, n) != n) {
    rc = tl_buf_fmt(out, "\\x%02x", p[0]);
    return rc < 0 ? rc : 1;
  }
  c = decode(p, n);
  if (n == 1) rc = tl_buf_fmt(out, "\\x%02x", (unsigned)c);
  else if (is_hidden(c)) rc = tl_buf_fmt(out, "\\u{%x}", (unsigned)c);
  else rc = tl_buf_add(out, p, n);
  return rc < 0 ? rc : (int)n;
}

int tl_clean(tl_buf *out, const char *text, size_t len, size_t *left)
{
  const unsigned char *p = (const unsigned char *)text;
  size_t at = 0;

  if (left) *left = 0;
  while (at < len) {
    size_t run = at;
    int n;
    while (run < len && is_plain_byte(p[run])) run++;
    if (run > at) {
      n = tl_buf_add(out, p + at, run - at);
      at = run;
    } else if (left && is_unfinished(p + at, len - at)) {
      *left = len - at;
      return TL_OK;
    } else {
      n = clean_one(out, p + at, len - at);
      at += n > 0 ? (size_t)n : 0;
    }
    if (n < 0) return n;
  }
  return TL_OK;
}

size_t tl_clean_cut(const char *text, size_t len, size_t columns)
{
  const unsigned char *p = (const unsigned char *)text;
  size_t at = 0, used = 0;

  while (at < len) {
    size_t n = length_of(p[at]);
    uint32_t c;
    if (n == 0 || n > len - at) break;
    c = decode(p + at, n);
    used += c >= 0x1100 ? 2 : 1; /* the first wide block; some narrow ones above it lose room */
    if (used > columns) break;
    at += n;
  }
  return at;
}
