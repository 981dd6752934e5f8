#include "lazy.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <string.h>

/* dlsym gives a data pointer; POSIX says that it may be read as a function pointer (dlopen(3)). */
_Static_assert(sizeof(void *) == sizeof(void (*)(void)), "function pointers are data pointers");

int tl_lazy_open(const char *soname, const tl_lazy_name *names, size_t n, void *table, tl_err *e)
{
  void *lib = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
  if (!lib) return tl_fail(e, TL_EUNSUPPORTED, "cannot open the library %s: %s", soname, dlerror());
  char *slots = table;
  for (size_t i = 0; i < n; i++) {
    void *f = dlsym(lib, names[i].name);
    if (!f) {
      (void)dlclose(lib);
      return tl_fail(e, TL_EUNSUPPORTED, "the library %s has no %s; a newer one is needed", soname,
                     names[i].name);
    }
    memcpy(slots + i * sizeof f, &f, sizeof f);
  }
  return TL_OK; /* the library stays open until the process ends */
}

int tl_lazy_quiet_crypto(tl_err *e)
{
  __typeof__(&OPENSSL_init_crypto) init;
  void *lib = dlopen(TL_LIBCRYPTO, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
  if (!lib) return TL_OK; /* it did not come along */
  void *f = dlsym(lib, "OPENSSL_init_crypto");
  memcpy(&init, &f, sizeof f);
  if (!f || init(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
    return tl_fail(e, TL_EUNSUPPORTED, "%s cannot be started", TL_LIBCRYPTO);
  return TL_OK; /* and stays open */
}
