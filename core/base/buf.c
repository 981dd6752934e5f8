#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
  if (!p) TL_BUG("memory ran out");
  return p;
}

void *tl_alloc(size_t size)
{
  return must(malloc(size ? size : 1));
}

void *tl_zalloc(size_t size)
{
  return must(calloc(1, size ? size : 1));
}

void *tl_realloc(void *p, size_t size)
{
  return must(realloc(p, size ? size : 1));
}

char *tl_strdup(const char *s)
{
  return tl_memdup0(s, strlen(s));
}

char *tl_memdup0(const void *data, size_t len)
{
  char *copy = tl_alloc(len + 1);

  if (len > 0) memcpy(copy, data, len);
  copy[len] = '\0';
  return copy;
}

/* Makes room for `more` bytes and the NUL behind them, doubling up to the maximum. */
static int reserve(tl_buf *b, size_t more)
{
  size_t need, cap;

  if (more > b->max || b->len > b->max - more || b->max == SIZE_MAX) return TL_ELIMIT;
  need = b->len + more + 1;
  if (need <= b->cap) return TL_OK;
  cap = b->cap > b->max / 2 ? b->max + 1 : b->cap * 2;
  if (cap < 64) cap = 64;
  if (cap < need) cap = need;
  b->data = tl_realloc(b->data, cap);
  b->cap = cap;
  return TL_OK;
}

int tl_buf_add(tl_buf *b, const void *data, size_t len)
{
  int rc = reserve(b, len);

  if (rc < 0) return rc;
  if (len > 0) memcpy(b->data + b->len, data, len);
  b->len += len;
  b->data[b->len] = '\0';
  return TL_OK;
}

int tl_buf_str(tl_buf *b, const char *s)
{
  return tl_buf_add(b, s, strlen(s));
}

int tl_buf_byte(tl_buf *b, char c)
{
  return tl_buf_add(b, &c, 1);
}

int tl_buf_fmt(tl_buf *b, const char *fmt, ...)
{
  va_list ap;
  int n, rc;

  va_start(ap, fmt);
  n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  if (n < 0) TL_BUG("a format that cannot be printed");
  rc = reserve(b, (size_t)n);
  if (rc < 0) return rc;
  va_start(ap, fmt);
  (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
  va_end(ap);
  b->len += (size_t)n;
  return TL_OK;
}

void tl_buf_shift(tl_buf *b, size_t n)
{
  if (n >= b->len) {
    tl_buf_clear(b);
    return;
  }
  memmove(b->data, b->data + n, b->len - n + 1);
  b->len -= n;
}

void tl_buf_clear(tl_buf *b)
{
  b->len = 0;
  if (b->data) b->data[0] = '\0';
}

void tl_buf_free(tl_buf *b)
{
  free(b->data);
  *b = TL_BUF(b->max);
}

char *tl_buf_take(tl_buf *b, size_t *len)
{
  char *data = b->data ? b->data : tl_memdup0("", 0);

  if (len) *len = b->len;
  *b = TL_BUF(b->max);
  return data;
}
