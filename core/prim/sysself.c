/* sys.self, sys.libraries: what this process stands on, for `tlab doctor`. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <curl/curl.h>
#include <git2.h>
#include <linux/openat2.h>
#include <openssl/crypto.h>

#include "../base/buf.h"
#include "confine.h"
#include "fs.h"
#include "lazy.h"
#include "line.h"
#include "proc.h"

#ifndef TL_LIBCURL
#define TL_LIBCURL "libcurl.so.4"
#endif
#ifndef TL_LIBGIT2
#define TL_LIBGIT2 "libgit2.so.1.5"
#endif

/* --- sys.libraries ---------------------------------------------------------------------------- */

/* Each puts the version of the library that is there into `text`; `at` is the function that the
 * table below names. dlsym(3) gives a data pointer, which POSIX lets us read as a function. */
typedef void version_of(void *at, char *text, size_t size);

static void curl_version_text(void *at, char *text, size_t size)
{
  __typeof__(&curl_version_info) call;

  memcpy(&call, &at, sizeof call);
  (void)snprintf(text, size, "%s", call(CURLVERSION_NOW)->version);
}

static void git_version_text(void *at, char *text, size_t size)
{
  __typeof__(&git_libgit2_version) call;
  int v[3] = {0};

  memcpy(&call, &at, sizeof call);
  (void)call(&v[0], &v[1], &v[2]);
  (void)snprintf(text, size, "%d.%d.%d", v[0], v[1], v[2]);
}

static void openssl_version_text(void *at, char *text, size_t size)
{
  __typeof__(&OpenSSL_version) call;

  memcpy(&call, &at, sizeof call);
  (void)snprintf(text, size, "%s", call(OPENSSL_VERSION_STRING));
}

/* libedit has no function for it: the file that its name leads to is libedit.so.2.0.70. */
static void edit_version_text(void *at, char *text, size_t size)
{
  Dl_info where;
  char *file = dladdr(at, &where) != 0 ? realpath(where.dli_fname, NULL) : NULL;
  const char *so = file ? strstr(file, ".so.") : NULL;

  (void)snprintf(text, size, "%s", so ? so + strlen(".so.") : "?");
  free(file);
}

static const struct library {
  const char *name, *built, *soname, *function;
  version_of *version;
} libraries[] = {
    {"libcurl", LIBCURL_VERSION, TL_LIBCURL, "curl_version_info", curl_version_text},
    {"libgit2", LIBGIT2_VERSION, TL_LIBGIT2, "git_libgit2_version", git_version_text},
    {"libedit", NULL, TL_LIBEDIT, "el_init", edit_version_text},
    {"openssl", OPENSSL_VERSION_STR, TL_LIBCRYPTO, "OpenSSL_version", openssl_version_text},
};

static void look_at(const struct library *library, tl_val *entry)
{
  char text[64];
  Dl_info where;
  void *lib = dlopen(library->soname, RTLD_LAZY | RTLD_LOCAL);
  void *at = lib ? dlsym(lib, library->function) : NULL;

  tl_put(entry, "name", tl_str(library->name));
  if (library->built) tl_put(entry, "built", tl_str(library->built));
  tl_put(entry, "soname", tl_str(library->soname));
  if (at) {
    library->version(at, text, sizeof text);
    tl_put(entry, "found", tl_str(text));
    if (dladdr(at, &where) != 0 && where.dli_fname) tl_put(entry, "path", tl_str(where.dli_fname));
  } else {
    const char *why = dlerror();
    tl_put(entry, "error", tl_str(why ? why : "it cannot be opened"));
  }
  if (lib) (void)dlclose(lib);
}

int prim_sys_libraries(tl_call *call)
{
  call->out = tl_list();
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
    look_at(&libraries[i], tl_push(&call->out, tl_map()));
  return TL_OK;
}

/* --- sys.self --------------------------------------------------------------------------------- */

/* Whether the kernel opens paths beneath a folder and through no link, as all of fs needs. */
static bool has_openat2(void)
{
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
  long fd = syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how);

  if (fd >= 0) (void)close((int)fd);
  return fd >= 0 || errno != ENOSYS;
}

static bool has_memfd(void)
{
  int fd = memfd_create("tlab", MFD_CLOEXEC);

  if (fd >= 0) (void)close(fd);
  return fd >= 0;
}

int prim_sys_self(tl_call *call)
{
  mode_t mask = umask(0);

  (void)umask(mask);
  call->out = tl_map();
  tl_put(&call->out, "root", tl_bool(geteuid() == 0));
  tl_put(&call->out, "umask", tl_int(mask));
  tl_put(&call->out, "openat2", tl_bool(has_openat2()));
  tl_put(&call->out, "memfd", tl_bool(has_memfd()));
  tl_put(&call->out, "programs", tl_proc_probe());
  tl_val *cleared = tl_put(&call->out, "cleared", tl_list());
  const tl_val *names = tl_ambient_cleared();
  for (size_t i = 0; i < tl_len(names); i++)
    tl_push(cleared, tl_str(names->u.list.items[i].u.s.data));
  return TL_OK;
}
