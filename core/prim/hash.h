/* SHA-256 by libcrypto (SHA256_Init(3)), linked in. Each returns 0, or TL_EIO when a step fails. */
#ifndef TL_PRIM_HASH_H
#define TL_PRIM_HASH_H

#include <stddef.h>

#include "../base/err.h"

enum { TL_SHA256_HEX = 64 };

/* The digest of `len` bytes as 64 lower-case hex digits and a NUL. */
int tl_sha256(char hex[TL_SHA256_HEX + 1], const void *data, size_t len, tl_err *e);

/* The same for bytes that come in pieces: begin, update…, end. drop gives up in between; it and
 * end free the state, and drop accepts one that was freed or is all zero. */
typedef struct tl_hasher {
  void *state;
} tl_hasher;

int tl_sha256_begin(tl_hasher *h, tl_err *e);
int tl_sha256_update(tl_hasher *h, const void *data, size_t len, tl_err *e);
int tl_sha256_end(tl_hasher *h, char hex[TL_SHA256_HEX + 1], tl_err *e);
void tl_sha256_drop(tl_hasher *h);

#endif
