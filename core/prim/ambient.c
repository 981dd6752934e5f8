/* The environment variables that libraries read behind their user's back: see confine.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../base/buf.h"
#include "confine.h"

/* A name, or with a trailing `*` every name that begins so; a leading `*` means every name that
 * ends so. Compared without regard to case: libcurl reads both http_proxy and HTTP_PROXY.
 * Sources: curl(1), openssl-env(7), lua(1), git(1), ld.so(8) "secure-execution mode", locale(7),
 * resolver(5), mallopt(3), iconv(3). */
static const char *const patterns[] = {
    "*_PROXY", "OPENSSL_*",   "SSL_CERT_*",  "SSLKEYLOGFILE", "NIX_SSL*",       "CURL_*",
    "LUA_*",   "GIT_*",       "LD_*",        "MALLOC_*",      "GLIBC_TUNABLES", "GCONV_PATH",
    "LOCPATH", "NLSPATH",     "LANG",        "LANGUAGE",      "LC_*",           "TZ",
    "TZDIR",   "RES_OPTIONS", "HOSTALIASES", "LOCALDOMAIN",
};

static tl_val cleared = {.type = TL_LIST};

static bool matches(const char *pattern, const char *name, size_t len)
{
  size_t plen = strlen(pattern);
  if (pattern[0] == '*') {
    return len >= plen - 1 && strncasecmp(name + len - (plen - 1), pattern + 1, plen - 1) == 0;
  }
  if (pattern[plen - 1] == '*') {
    return len >= plen - 1 && strncasecmp(name, pattern, plen - 1) == 0;
  }
  return len == plen && strncasecmp(name, pattern, plen) == 0;
}

static bool ambient(const char *name, size_t len)
{
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    if (matches(patterns[i], name, len)) {
      return true;
    }
  }
  return false;
}

static int by_name(const void *a, const void *b)
{
  const tl_val *x = a;
  const tl_val *y = b;
  return strcmp(x->u.s.data, y->u.s.data);
}

void tl_ambient_clear(void)
{
  for (char **entry = environ; entry && *entry;) {
    size_t len = strcspn(*entry, "=");
    if (!ambient(*entry, len)) {
      entry++;
      continue;
    }
    char *name = tl_memdup0(*entry, len);
    tl_push(&cleared, tl_str(name));
    /* Removes every entry of this name, moving later ones here: do not step on. */
    bool gone = unsetenv(name) == 0;
    free(name);
    if (!gone) {
      TL_BUG("unsetenv refused a name taken from the environment");
    }
  }
  if (cleared.u.list.len > 1) {
    qsort(cleared.u.list.items, cleared.u.list.len, sizeof *cleared.u.list.items, by_name);
  }
}

const tl_val *tl_ambient_cleared(void)
{
  return &cleared;
}
