#include "hash.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "fs.h"
#include "lazy.h"

#ifndef TL_LIBCRYPTO
#define TL_LIBCRYPTO "libcrypto.so.3"
#endif

#define FUNCTIONS(X) \
  X(OPENSSL_init_crypto) \
  X(EVP_MD_fetch) \
  X(EVP_MD_CTX_new) \
  X(EVP_MD_CTX_free) \
  X(EVP_DigestInit_ex) \
  X(EVP_DigestUpdate) \
  X(EVP_DigestFinal_ex)

static struct {
  TL_LAZY_FIELDS(FUNCTIONS)
} crypto;
static const tl_lazy_name names[] = {TL_LAZY_NAMES(FUNCTIONS)};

static EVP_MD *sha256;    /* fetched once: that takes longer than hashing a kilobyte */
static EVP_MD_CTX *spare; /* for tl_sha256, so that a short message costs no allocation */

static int failed(tl_err *e, const char *step)
{
  return tl_fail(e, TL_EIO, "libcrypto failed to %s a SHA-256", step);
}

/* No configuration file is read (OPENSSL_CONF can load foreign code), hence the first call. */
static int ready(tl_err *e)
{
  int rc;

  if (sha256) return TL_OK;
  rc = tl_lazy_open(TL_LIBCRYPTO, names, sizeof names / sizeof *names, &crypto, e);
  if (rc < 0) return rc;
  if (crypto.OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
    return tl_fail(e, TL_EUNSUPPORTED, "libcrypto cannot be started");
  sha256 = crypto.EVP_MD_fetch(NULL, "SHA256", NULL);
  return sha256 ? TL_OK : tl_fail(e, TL_EUNSUPPORTED, "this libcrypto has no SHA-256");
}

static int finish(EVP_MD_CTX *ctx, char hex[TL_SHA256_HEX + 1], tl_err *e)
{
  static const char digits[] = "0123456789abcdef";
  unsigned char md[EVP_MAX_MD_SIZE];
  unsigned len = 0;

  if (crypto.EVP_DigestFinal_ex(ctx, md, &len) != 1 || len * 2 != TL_SHA256_HEX)
    return failed(e, "end");
  for (unsigned i = 0; i < len; i++) {
    hex[2 * i] = digits[md[i] >> 4];
    hex[2 * i + 1] = digits[md[i] & 15];
  }
  hex[TL_SHA256_HEX] = '\0';
  return TL_OK;
}

int tl_sha256(char hex[TL_SHA256_HEX + 1], const void *data, size_t len, tl_err *e)
{
  int rc = ready(e);

  if (rc < 0) return rc;
  if (!spare) spare = crypto.EVP_MD_CTX_new();
  if (!spare || crypto.EVP_DigestInit_ex(spare, sha256, NULL) != 1) return failed(e, "begin");
  if (crypto.EVP_DigestUpdate(spare, data, len) != 1) return failed(e, "go on with");
  return finish(spare, hex, e);
}

int tl_sha256_begin(tl_hasher *h, tl_err *e)
{
  int rc = ready(e);

  h->state = NULL;
  if (rc < 0) return rc;
  h->state = crypto.EVP_MD_CTX_new();
  if (h->state && crypto.EVP_DigestInit_ex(h->state, sha256, NULL) == 1) return TL_OK;
  tl_sha256_drop(h);
  return failed(e, "begin");
}

int tl_sha256_update(tl_hasher *h, const void *data, size_t len, tl_err *e)
{
  return crypto.EVP_DigestUpdate(h->state, data, len) == 1 ? TL_OK : failed(e, "go on with");
}

int tl_sha256_end(tl_hasher *h, char hex[TL_SHA256_HEX + 1], tl_err *e)
{
  int rc = finish(h->state, hex, e);

  tl_sha256_drop(h);
  return rc;
}

void tl_sha256_drop(tl_hasher *h)
{
  if (h->state) crypto.EVP_MD_CTX_free(h->state);
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
  if (rc < 0) return rc;
  call->out = tl_map();
  tl_put(&call->out, "sha256", tl_strn(sum.sha256, TL_SHA256_HEX));
  tl_put(&call->out, "size", tl_int(sum.size));
  return TL_OK;
}
