/* sys.info: what this machine is, as far as it can change a result. No host name, no user name. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include <curl/curl.h>
#include <git2.h>
#include <openssl/crypto.h>

#include "../base/buf.h"
#include "fs.h"
#include "lazy.h"

#ifndef TL_LIBCURL
#define TL_LIBCURL "libcurl.so.4"
#endif
#ifndef TL_LIBGIT2
#define TL_LIBGIT2 "libgit2.so.1.5"
#endif

/* --- the processor --- */

/* Those by which C libraries choose among versions of exp, log, sin …, whose last digits differ
 * (glibc picks FMA code at run time). Names as in /proc/cpuinfo on x86-64 and AArch64. */
static const char *const float_flags[] = {"sse4_1",  "sse4_2", "avx",     "avx2", "fma", "fma4",
                                          "avx512f", "asimd",  "asimdhp", "sve",  "sve2"};

/* The value of "name\t: value" in the first processor's paragraph; empty when it is not there. */
static void cpu_line(const char *text, const char *name, char *value, size_t size)
{
  size_t len = strlen(name);
  value[0] = '\0';
  for (const char *line = text; line && *line; line = strchr(line, '\n')) {
    line += *line == '\n';
    const char *colon = strchr(line, ':');
    if (colon && strncmp(line, name, len) == 0 &&
        strspn(line + len, " \t") + len == (size_t)(colon - line)) {
      colon += strspn(colon + 1, " ") + 1;
      (void)snprintf(value, size, "%.*s", (int)strcspn(colon, "\n"), colon);
      return;
    }
  }
}

static bool has_word(const char *words, const char *word)
{
  size_t len = strlen(word);
  for (const char *at = words; (at = strstr(at, word)); at += len) {
    if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) {
      return true;
    }
  }
  return false;
}

static tl_val cpu_info(void)
{
  char text[8192] = "";
  char value[4096];
  tl_val cpu = tl_map();
  int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : tl_fs_read_all(fd, text, sizeof text - 1);
  if (fd >= 0) {
    (void)close(fd);
  }
  if (n <= 0) {
    return cpu; /* a machine without /proc: the field is for information only */
  }
  text[n] = '\0';
  cpu_line(text, "model name", value, sizeof value);
  if (value[0]) {
    tl_put(&cpu, "model", tl_str(value));
  }
  cpu_line(text, "flags", value, sizeof value);
  if (!value[0]) {
    cpu_line(text, "Features", value, sizeof value);
  }
  tl_val *flags = tl_put(&cpu, "flags", tl_list());
  for (size_t i = 0; i < sizeof float_flags / sizeof *float_flags; i++) {
    if (has_word(value, float_flags[i])) {
      tl_push(flags, tl_str(float_flags[i]));
    }
  }
  return cpu;
}

/* --- libraries --- */

/* A function of a library that is open already; NULL otherwise. *lib keeps it open meanwhile. */
static void *loaded(const char *soname, const char *name, void **lib)
{
  *lib = dlopen(soname, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
  return *lib ? dlsym(*lib, name) : NULL;
}

static void put_curl(tl_val *map)
{
  void *lib;
  void *at = loaded(TL_LIBCURL, "curl_version_info", &lib);
  __typeof__(&curl_version_info) call;
  memcpy(&call, &at, sizeof call);
  if (at) {
    tl_put(map, "libcurl", tl_str(call(CURLVERSION_NOW)->version));
  }
  if (lib) {
    (void)dlclose(lib);
  }
}

static void put_git(tl_val *map)
{
  void *lib;
  void *at = loaded(TL_LIBGIT2, "git_libgit2_version", &lib);
  __typeof__(&git_libgit2_version) call;
  memcpy(&call, &at, sizeof call);
  if (at) {
    char text[64];
    int v[3] = {0};
    (void)call(&v[0], &v[1], &v[2]);
    (void)snprintf(text, sizeof text, "%d.%d.%d", v[0], v[1], v[2]);
    tl_put(map, "libgit2", tl_str(text));
  }
  if (lib) {
    (void)dlclose(lib);
  }
}

/* The one that TLS comes from once that is open; else the one whose SHA-256 is linked in. */
static void put_openssl(tl_val *map)
{
  void *lib;
  void *at = loaded(TL_LIBCRYPTO, "OpenSSL_version", &lib);
  __typeof__(&OpenSSL_version) call;
  memcpy(&call, &at, sizeof call);
  tl_put(map, "openssl", tl_str(at ? call(OPENSSL_VERSION_STRING) : OPENSSL_VERSION_STR));
  if (lib) {
    (void)dlclose(lib);
  }
}

/* returns {kernel, machine, libc, root (true; left out for others), cpu {model?, flags}, libraries
 * {libcurl?, libgit2?, openssl}}. A library appears once this process has opened it: asking does not
 * open one. */
int prim_sys_info(tl_call *call)
{
  struct utsname name;
  char text[256];
  if (uname(&name) < 0) {
    return tl_fail_errno(&call->err, errno, "cannot ask the kernel for its name");
  }
  call->out = tl_map();
  (void)snprintf(text, sizeof text, "%s %s", name.sysname, name.release);
  tl_put(&call->out, "kernel", tl_str(text));
  tl_put(&call->out, "machine", tl_str(name.machine));
#ifdef __GLIBC__
  (void)snprintf(text, sizeof text, "glibc %s", gnu_get_libc_version());
  tl_put(&call->out, "libc", tl_str(text));
#endif
  if (geteuid() == 0) {
    tl_put(&call->out, "root", tl_bool(true));
  }
  tl_put(&call->out, "cpu", cpu_info());
  tl_val *libraries = tl_put(&call->out, "libraries", tl_map());
  put_curl(libraries);
  put_git(libraries);
  put_openssl(libraries);
  return 0;
}
