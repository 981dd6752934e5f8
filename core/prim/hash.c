#include "hash.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The digest alone (SHA256_Init(3)) is four objects of libcrypto.a. EVP, which OpenSSL 3 would rather
 * have used, is all of it: opening that library and looking SHA-256 up took a quarter of a short run
 * (DECISIONS.md). The assembly behind both is the same. */
#define OPENSSL_API_COMPAT 10101
#include <openssl/sha.h>

#include "../base/buf.h"
#include "fs.h"

_Static_assert(TL_SHA256_HEX == 2 * SHA256_DIGEST_LENGTH, "two hex digits a byte");

static int failed(tl_err *e, const char *step)
{
  return tl_fail(e, TL_EIO, "libcrypto failed to %s a SHA-256", step);
}

static int finish(SHA256_CTX *ctx, char hex[TL_SHA256_HEX + 1], tl_err *e)
{
  static const char digits[] = "0123456789abcdef";
  unsigned char md[SHA256_DIGEST_LENGTH];

  if (SHA256_Final(md, ctx) != 1) return failed(e, "end");
  for (unsigned i = 0; i < sizeof md; i++) {
    hex[2 * i] = digits[md[i] >> 4];
    hex[2 * i + 1] = digits[md[i] & 15];
  }
  hex[TL_SHA256_HEX] = '\0';
  return TL_OK;
}

int tl_sha256(char hex[TL_SHA256_HEX + 1], const void *data, size_t len, tl_err *e)
{
  SHA256_CTX ctx;

  if (SHA256_Init(&ctx) != 1) return failed(e, "begin");
  if (SHA256_Update(&ctx, data, len) != 1) return failed(e, "go on with");
  return finish(&ctx, hex, e);
}

int tl_sha256_begin(tl_hasher *h, tl_err *e)
{
  h->state = tl_alloc(sizeof(SHA256_CTX));
  if (SHA256_Init(h->state) == 1) return TL_OK;
  tl_sha256_drop(h);
  return failed(e, "begin");
}

int tl_sha256_update(tl_hasher *h, const void *data, size_t len, tl_err *e)
{
  return SHA256_Update(h->state, data, len) == 1 ? TL_OK : failed(e, "go on with");
}

int tl_sha256_end(tl_hasher *h, char hex[TL_SHA256_HEX + 1], tl_err *e)
{
  int rc = finish(h->state, hex, e);

  tl_sha256_drop(h);
  return rc;
}

void tl_sha256_drop(tl_hasher *h)
{
  free(h->state);
  h->state = NULL;
}

int prim_hash_bytes(tl_call *call)
{
  const tl_val *data = &call->args[0];
  char hex[TL_SHA256_HEX + 1];
  int rc = tl_sha256(hex, data->u.s.data, data->u.s.len, &call->err);

  if (rc == TL_OK) call->out = tl_strn(hex, TL_SHA256_HEX);
  return rc;
}

int prim_hash_file(tl_call *call)
{
  const tl_place *p;
  struct stat st;
  tl_fs_sum sum;
  int fd, rc = tl_fs_place(call, 0, 0, &p);

  if (rc < 0) return rc;
  fd = tl_fs_open_file(p, &st, &call->err);
  if (fd < 0) return fd;
  rc = tl_fs_pump(fd, -1, p->shown, NULL, &sum, &call->err);
  (void)close(fd);
  if (rc == TL_OK) call->out = tl_fs_sum_value(&sum);
  return rc;
}
