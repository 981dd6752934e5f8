/* Where a program is looked for, and what it is: see proc.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"
#include "proc.h"

char *tl_proc_path(void)
{
  const char *path = getenv("PATH");
  tl_buf clean = TL_BUF(1 << 20);
  size_t len;
  for (const char *part = path ? path : "/usr/local/bin:/usr/bin:/bin"; *part;) {
    size_t n = strcspn(part, ":");
    /* An empty or relative part would mean the folder that the program happens to run in. */
    if (part[0] == '/') {
      (void)tl_buf_fmt(&clean, "%s%.*s", clean.len ? ":" : "", (int)n, part);
    }
    part += n + (part[n] == ':');
  }
  return tl_buf_take(&clean, &len);
}

/* Opens `path` if it is an executable file. Returns -1 with errno otherwise. */
static int open_executable(const char *path)
{
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return -1;
  }
  int err = fstat(fd, &st) < 0 ? errno : S_ISREG(st.st_mode) ? 0 : EACCES;
  if (err == 0 && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0) {
    err = errno;
  }
  if (err != 0) {
    (void)close(fd);
    errno = err;
    return -1;
  }
  return fd;
}

/* Where tlab's own programs lie: beside the binary in a build, in libexec/tlab once installed. */
static bool own_folder(unsigned which, char path[PATH_MAX])
{
  static const char *const beside[TL_PROC_OWN] = {"/tools", "/../libexec/tlab"};
  ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
  if (n <= 0) {
    return false;
  }
  path[n] = '\0';
  char *slash = strrchr(path, '/');
  size_t room = slash ? (size_t)(PATH_MAX - (slash - path)) : 0;
  return slash && (size_t)snprintf(slash, room, "%s", beside[which]) < room;
}

bool tl_proc_own_folder(unsigned which, char path[PATH_MAX])
{
  char plain[PATH_MAX];
  return own_folder(which, plain) && realpath(plain, path) != NULL;
}

static int open_in(const char *dir, const char *name, char path[PATH_MAX])
{
  return snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX ? open_executable(path) : -1;
}

static int search_path(const char *name, char path[PATH_MAX])
{
  char *dirs = tl_proc_path();
  char *rest = NULL;
  int fd = -1;
  for (char *dir = strtok_r(dirs, ":", &rest); dir && fd < 0; dir = strtok_r(NULL, ":", &rest)) {
    fd = open_in(dir, name, path);
  }
  free(dirs);
  return fd;
}

bool tl_proc_on_path(const char *name, char path[PATH_MAX])
{
  int fd = search_path(name, path);
  if (fd >= 0) {
    (void)close(fd);
  }
  return fd >= 0;
}

static int search(const char *name, char path[PATH_MAX])
{
  char own[PATH_MAX];
  int fd = -1;
  for (unsigned i = 0; i < TL_PROC_OWN && fd < 0; i++) {
    fd = tl_proc_own_folder(i, own) ? open_in(own, name, path) : -1;
  }
  return fd >= 0 ? fd : search_path(name, path);
}

static int not_found(const char *name, tl_err *e)
{
  char own[PATH_MAX] = "";
  (void)own_folder(0, own);
  return tl_fail(e, TL_ENOT_FOUND,
                 "no program '%.200s' in %.400s, libexec/tlab or the folders of PATH", name, own);
}

static int identify(tl_proc_program *program, tl_err *e)
{
  char start[2] = "";
  tl_fs_sum sum;
  int rc = tl_fs_pump(program->fd, -1, program->path, "", &sum, e);
  if (rc < 0) {
    return rc;
  }
  memcpy(program->sha256, sum.sha256, sizeof program->sha256);
  program->script = pread(program->fd, start, 2, 0) == 2 && memcmp(start, "#!", 2) == 0;
  return 0;
}

int tl_proc_program_find(const char *name, tl_proc_program *program, tl_err *e)
{
  char path[PATH_MAX];
  *program = (tl_proc_program){.fd = -1};
  if (strchr(name, '/')) {
    if (name[0] != '/') {
      return tl_fail(e, TL_EARGUMENT,
                     "the program '%.200s': give a name to be found on PATH, or an absolute path",
                     name);
    }
    program->fd = open_executable(name);
    if (program->fd < 0) {
      return tl_fail_errno(e, errno, "cannot run the program %.200s", name);
    }
  } else {
    program->fd = search(name, path);
    if (program->fd < 0) {
      return not_found(name, e);
    }
  }
  program->path = tl_strdup(name[0] == '/' ? name : path);
  int rc = identify(program, e);
  if (rc < 0) {
    tl_proc_program_drop(program);
  }
  return rc;
}

void tl_proc_program_drop(tl_proc_program *program)
{
  if (program->fd >= 0) {
    (void)close(program->fd);
  }
  free(program->path);
  *program = (tl_proc_program){.fd = -1};
}
