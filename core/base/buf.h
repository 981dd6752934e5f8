/* A growing byte buffer with a maximum given at birth: data from outside can never take more. */
#ifndef TL_BASE_BUF_H
#define TL_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

typedef struct tl_buf {
  char *data; /* NUL-terminated after any successful append; NULL while empty */
  size_t len;
  size_t cap;
  size_t max; /* bytes it may ever hold, without the NUL */
} tl_buf;

#define TL_BUF(maximum) ((tl_buf){.max = (maximum)})

/* Appends; TL_ELIMIT when it would pass the maximum (the buffer then stays as it was).
 * Out of memory ends the process (tl_bug): see DECISIONS.md. */
int tl_buf_add(tl_buf *b, const void *data, size_t len);
int tl_buf_str(tl_buf *b, const char *s);
int tl_buf_byte(tl_buf *b, char c);
int tl_buf_fmt(tl_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first n bytes. */
void tl_buf_shift(tl_buf *b, size_t n);
void tl_buf_clear(tl_buf *b); /* empty, memory kept */
void tl_buf_free(tl_buf *b);  /* empty, memory returned, maximum kept */
/* Hands the bytes to the caller (who frees them) and leaves the buffer empty. Never NULL. */
char *tl_buf_take(tl_buf *b, size_t *len);

/* malloc, realloc, strdup that end the process when memory runs out. */
void *tl_alloc(size_t size);
void *tl_zalloc(size_t size);
void *tl_realloc(void *p, size_t size);
char *tl_strdup(const char *s);
char *tl_memdup0(const void *data, size_t len); /* a copy with a NUL behind it */

#endif
