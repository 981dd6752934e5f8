/* The folder that a program works in, and the only one where it may write: see proc.h.
 *
 * It is made for one program and removed after it. Its lock is given back by the kernel when this
 * process ends, in whatever way: `tlab gc` removes a folder that nobody holds. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"
#include "proc.h"

enum { FILES_MAX = 10000, DEEP = 64 };

static const tl_val no_argument = {.type = TL_NIL}; /* names have been looked at for NUL before */

/* --- making it --- */

static char *new_path(tl_err *e)
{
  const char *base = getenv("TMPDIR");
  char real[PATH_MAX];
  uint64_t random;
  if (!base || base[0] != '/') {
    base = "/tmp";
  }
  if (!realpath(base, real) || getrandom(&random, sizeof random, 0) != sizeof random) {
    (void)tl_fail(e, TL_ESTORAGE, "cannot make a scratch folder in %.200s: %s", base,
                  strerror(errno));
    return NULL;
  }
  tl_buf path = TL_BUF(2 * PATH_MAX);
  size_t len;
  (void)tl_buf_fmt(&path, "%s/tlab-scratch-%016" PRIx64, strcmp(real, "/") == 0 ? "" : real,
                   random);
  return tl_buf_take(&path, &len);
}

/* 0700 whatever the umask. */
static bool make_private(const char *path)
{
  mode_t old = umask(0);
  int rc = mkdir(path, 0700);
  (void)umask(old);
  return rc == 0;
}

int tl_proc_scratch_make(tl_proc_scratch *scratch, tl_err *e)
{
  *scratch = (tl_proc_scratch){.fd = -1, .path = new_path(e)};
  if (!scratch->path) {
    return e->code;
  }
  if (make_private(scratch->path)) {
    scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }
  if (scratch->fd < 0) {
    int rc = tl_fail(e, TL_ESTORAGE, "cannot make the scratch folder %.300s: %s", scratch->path,
                     strerror(errno));
    free(scratch->path);
    scratch->path = NULL;
    return rc;
  }
  /* A courtesy: where there are no locks, gc asks for age alone. */
  (void)flock(scratch->fd, LOCK_EX | LOCK_NB);
  return 0;
}

/* --- filling it --- */

static int lay(int root, const char *name, const tl_val *bytes, tl_err *e)
{
  tl_place place = {.dirfd = root, .rel = name, .shown = name};
  char leaf[NAME_MAX + 1];
  int rc = tl_fs_judge(&place, &no_argument, e);
  int dir = rc < 0 ? rc : tl_fs_open_parent(&place, TL_FS_MAKE, leaf, e);
  if (dir < 0) {
    return dir;
  }
  int fd = openat(dir, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0 || tl_fs_write_all(fd, bytes->u.s.data, bytes->u.s.len) < 0) {
    rc = tl_fs_fail(e, errno, "lay out", name);
  }
  if (fd >= 0) {
    (void)close(fd);
  }
  (void)close(dir);
  return rc;
}

int tl_proc_scratch_fill(const tl_proc_scratch *scratch, const tl_val *files, tl_err *e)
{
  int rc = 0;
  if (tl_len(files) > FILES_MAX) {
    return tl_fail(e, TL_ELIMIT, "files has more than %d names", FILES_MAX);
  }
  for (size_t i = 0; i < tl_len(files) && rc == 0; i++) {
    const tl_pair *pair = &files->u.map.pairs[i];
    rc = lay(scratch->fd, pair->key, &pair->val, e);
  }
  return rc;
}

int tl_proc_scratch_link(const tl_proc_scratch *scratch, const char *name, const char *target,
                         tl_err *e)
{
  if (symlinkat(target, scratch->fd, name) == 0) {
    return 0;
  }
  return errno == EEXIST ? tl_fail(e, TL_EARGUMENT, "two of files and read are called %.200s", name)
                         : tl_fs_fail(e, errno, "link", name);
}

/* --- collecting from it --- */

typedef struct gather {
  int root;
  int64_t left; /* bytes */
  int64_t max;
  tl_val *files;
} gather;

static int read_file(gather *g, int fd, const char *name, int64_t size, tl_err *e)
{
  if (tl_len(g->files) >= FILES_MAX) {
    return tl_fail(e, TL_ELIMIT, "the files to collect are more than %d: %.200s", FILES_MAX, name);
  }
  if (size > g->left) {
    return tl_fail(e, TL_ELIMIT, "the files to collect have more than %" PRId64 " bytes: %.200s",
                   g->max, name);
  }
  char *data = tl_alloc((size_t)size + 1);
  ssize_t n = tl_fs_read_all(fd, data, (size_t)size);
  if (n < 0) {
    free(data);
    return tl_fs_fail(e, errno, "collect", name);
  }
  data[n] = '\0';
  g->left -= n;
  tl_put(g->files, name, tl_str_take(data, (size_t)n));
  return 0;
}

/* One file; left out when it is not there or, of a pattern's, not a plain one. */
static int take(gather *g, const char *name, bool of_pattern, tl_err *e)
{
  tl_place place = {.dirfd = g->root, .rel = name, .shown = name};
  struct stat st;
  if (tl_get(g->files, name)) {
    return 0; /* another pattern's already */
  }
  int fd = tl_fs_judge(&place, &no_argument, e);
  if (fd == 0) {
    fd = tl_fs_open_file(&place, &st, e);
  }
  if (fd == TL_ENOT_FOUND || (of_pattern && (fd == TL_EREFUSED || fd == TL_EARGUMENT))) {
    *e = (tl_err){0};
    return 0;
  }
  if (fd < 0) {
    return fd;
  }
  int rc = read_file(g, fd, name, st.st_size, e);
  (void)close(fd);
  return rc;
}

/* `folder`, with its slash, is what stands before the pattern's last part. */
static int take_matching(gather *g, const char *folder, const char *pattern, tl_err *e)
{
  char path[PATH_MAX];
  tl_fs_names names;
  int n = snprintf(path, sizeof path, "%s.", folder);
  tl_place place = {.dirfd = g->root, .rel = *folder ? path : ".", .shown = folder};
  if (*folder && n > 1) {
    path[n - 2] = '\0'; /* without its slash */
  }
  int rc = tl_fs_judge(&place, &no_argument, e);
  int dir = rc < 0 ? rc : tl_fs_open_folder(&place, e);
  if (dir < 0) {
    bool gone = dir == TL_ENOT_FOUND;
    *e = gone ? (tl_err){0} : *e;
    return gone ? 0 : dir;
  }
  rc = tl_fs_names_read(dir, *folder ? folder : "the scratch folder", &names, e);
  (void)close(dir);
  for (size_t i = 0; rc == 0 && i < names.n; i++) {
    if (fnmatch(pattern, names.at[i], FNM_PERIOD) == 0 &&
        snprintf(path, sizeof path, "%s%s", folder, names.at[i]) < PATH_MAX) {
      rc = take(g, path, true, e);
    }
  }
  tl_fs_names_free(&names);
  return rc;
}

static int take_pattern(gather *g, const char *pattern, tl_err *e)
{
  const char *slash = strrchr(pattern, '/');
  const char *leaf = slash ? slash + 1 : pattern;
  char folder[PATH_MAX];
  if (!strpbrk(pattern, "*?[")) {
    return take(g, pattern, false, e);
  }
  if (strcspn(pattern, "*?[") < (size_t)(leaf - pattern)) {
    return tl_fail(e, TL_EARGUMENT, "collect: * ? [ go in the last part of a name: '%.200s'",
                   pattern);
  }
  if (snprintf(folder, sizeof folder, "%.*s", (int)(leaf - pattern), pattern) >= PATH_MAX) {
    return tl_fail(e, TL_EREFUSED, "collect: the name is too long: '%.200s'", pattern);
  }
  return take_matching(g, folder, leaf, e);
}

int tl_proc_scratch_collect(const tl_proc_scratch *scratch, const tl_val *patterns,
                            int64_t max_bytes, tl_val *files, tl_err *e)
{
  gather g = {.root = scratch->fd, .left = max_bytes, .max = max_bytes, .files = files};
  int rc = 0;
  *files = tl_map();
  for (size_t i = 0; i < tl_len(patterns) && rc == 0; i++) {
    rc = take_pattern(&g, tl_at(patterns, i)->u.s.data, e);
  }
  if (rc < 0) {
    tl_free(files);
  }
  return rc;
}

/* --- removing it --- */

/* The program has ended with all that it started, so nobody changes names while we look. A folder
 * that lies too deep is moved up, and removed from there. */
static void empty(int root, int dir, int depth, unsigned *moved)
{
  tl_fs_names names;
  tl_err e = {0};
  if (tl_fs_names_read(dir, "", &names, &e) < 0) {
    return;
  }
  for (size_t i = 0; i < names.n; i++) {
    const char *name = names.at[i];
    char aside[32];
    (void)snprintf(aside, sizeof aside, ".tlab-deep-%u", *moved);
    if (unlinkat(dir, name, 0) == 0 || unlinkat(dir, name, AT_REMOVEDIR) == 0) {
      continue;
    }
    if (depth == DEEP) {
      *moved += renameat(dir, name, root, aside) == 0;
      continue;
    }
    (void)!fchmodat(dir, name, 0700, 0);
    int below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below >= 0) {
      empty(root, below, depth + 1, moved);
      (void)close(below);
      (void)unlinkat(dir, name, AT_REMOVEDIR);
    }
  }
  tl_fs_names_free(&names);
}

void tl_proc_scratch_drop(tl_proc_scratch *scratch)
{
  if (scratch->fd >= 0) {
    for (unsigned before = 0, moved = 1; before != moved;) {
      before = moved;
      (void)!fchmod(scratch->fd, 0700);
      empty(scratch->fd, scratch->fd, 0, &moved);
    }
    (void)rmdir(scratch->path);
    (void)close(scratch->fd);
  }
  free(scratch->path);
  *scratch = (tl_proc_scratch){.fd = -1};
}
