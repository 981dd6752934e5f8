/* Libraries that most commands never need are opened on first use.
 *
 * A table of function pointers is made with an X-macro over the names:
 *     #define FUNCTIONS(X) X(curl_global_init) X(curl_multi_init) …
 *     static struct { TL_LAZY_FIELDS(FUNCTIONS) } curl;
 *     static const tl_lazy_name names[] = { TL_LAZY_NAMES(FUNCTIONS) };
 *     tl_lazy_open(TL_LIBCURL, names, sizeof names / sizeof *names, &curl, e)
 * and called as curl.curl_multi_init(). The types come from the library's own header, so the
 * compiler checks each call. Why: linking libcurl and libgit2 plainly costs 7 ms at every start
 * (DECISIONS.md). */
#ifndef TL_PRIM_LAZY_H
#define TL_PRIM_LAZY_H

#include <stddef.h>

#include "../base/err.h"

#ifndef TL_LIBCRYPTO
#define TL_LIBCRYPTO "libcrypto.so.3"
#endif

typedef struct tl_lazy_name {
  const char *name;
} tl_lazy_name;

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a name that is declared cannot stand in them */
#define TL_LAZY_FIELD(f) __typeof__(&f) f;
#define TL_LAZY_FIELDS(list) list(TL_LAZY_FIELD)
#define TL_LAZY_NAME(f) {#f},
#define TL_LAZY_NAMES(list) list(TL_LAZY_NAME)

/* Opens `soname` and fills the n pointers at `table` in the order of names. Once it has succeeded
 * it is not called again by its module. TL_EUNSUPPORTED names what is missing. */
int tl_lazy_open(const char *soname, const tl_lazy_name *names, size_t n, void *table, tl_err *e);

/* After opening a library that uses TLS and before using it: libcrypto, where that brought it along,
 * reads openssl.cnf, which can load foreign code, unless it was told not to before. This tells it
 * (OPENSSL_init_crypto(3)). TL_EUNSUPPORTED when libcrypto cannot be started. */
int tl_lazy_quiet_crypto(tl_err *e);

#endif
