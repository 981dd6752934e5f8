/* In the child of git.fetch: a repository on this machine, whose objects are copied file by file.
 *
 * libgit2's own way makes one new pack of everything, without use of what is packed already. Files
 * that are neither packs with their indexes nor loose objects are left out: they are derived, or lead
 * elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "git.h"
#include "git_fetch.h"

enum { TRIES = 3, GONE = 1 };

typedef struct copying {
  tl_git_fetcher *f;
  int from, to; /* the two folders called objects */
  int64_t bytes;
  char *chunk;
} copying;

static int fail(const copying *c, int err, const char *name, tl_err *e)
{
  return tl_fail_errno(e, err, "cannot copy %s of %s", name, c->f->source.url);
}

static int copy_bytes(copying *c, int in, int out, const char *name, tl_err *e)
{
  for (;;) {
    ssize_t n = tl_fs_read_all(in, c->chunk, TL_FS_CHUNK);
    if (n < 0) {
      return fail(c, errno, name, e);
    }
    c->bytes += n;
    if (c->bytes > c->f->max_bytes) {
      return tl_fail(e, TL_ELIMIT, "%s is larger than %lld bytes (max_bytes)", c->f->source.url,
                     (long long)c->f->max_bytes);
    }
    if (n == 0 || tl_fs_write_all(out, c->chunk, (size_t)n) != 0) {
      return n == 0 ? 0 : fail(c, errno, name, e);
    }
  }
}

/* GONE when it is not there any more: somebody packs the repository just now. */
static int copy_file(copying *c, int from, int to, const char *name, tl_err *e)
{
  struct stat st;
  int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (in < 0) {
    return errno == ENOENT ? GONE : fail(c, errno, name, e);
  }
  if (fstat(in, &st) != 0 || !S_ISREG(st.st_mode)) {
    (void)close(in);
    return tl_fail(e, TL_EREFUSED, "%s of %s is no regular file", name, c->f->source.url);
  }
  int out = openat(to, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0444);
  int rc = out < 0 ? fail(c, errno, name, e) : copy_bytes(c, in, out, name, e);
  (void)close(in);
  if (out >= 0 && close(out) != 0 && rc == 0) {
    rc = fail(c, errno, name, e);
  }
  return rc;
}

static bool is_hex(const char *name, size_t len)
{
  return strlen(name) == len && strspn(name, "0123456789abcdef") == len;
}

static bool is_loose(const char *name)
{
  return is_hex(name, 38);
}

static bool is_pack(const char *name)
{
  size_t n = strlen(name);
  return strncmp(name, "pack-", 5) == 0 && n > 10 &&
         (strcmp(name + n - 5, ".pack") == 0 || strcmp(name + n - 4, ".idx") == 0);
}

/* The files of one folder below objects/ that are wanted. */
static int copy_folder(copying *c, const char *folder, bool (*wanted)(const char *), tl_err *e)
{
  tl_fs_names names = {0};
  int from = openat(c->from, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (from < 0) {
    return errno == ENOENT ? 0 : fail(c, errno, folder, e);
  }
  int rc = tl_fs_names_read(from, folder, &names, e), to = -1;
  if (rc == 0 && mkdirat(c->to, folder, 0700) != 0 && errno != EEXIST) {
    rc = fail(c, errno, folder, e);
  }
  if (rc == 0) {
    to = openat(c->to, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    rc = to < 0 ? fail(c, errno, folder, e) : 0;
  }
  for (size_t i = 0; rc == 0 && i < names.n; i++) {
    rc = wanted(names.at[i]) ? copy_file(c, from, to, names.at[i], e) : 0;
  }
  tl_fs_names_free(&names);
  (void)close(from);
  if (to >= 0) {
    (void)close(to);
  }
  return rc;
}

/* Loose objects first: what becomes packed meanwhile is then in a pack that is copied after. */
static int copy_all(copying *c, tl_err *e)
{
  char folder[3];
  int rc = 0;
  c->bytes = 0;
  for (unsigned i = 0; rc == 0 && i < 256; i++) {
    (void)snprintf(folder, sizeof folder, "%02x", i);
    rc = copy_folder(c, folder, is_loose, e);
  }
  return rc == 0 ? copy_folder(c, "pack", is_pack, e) : rc;
}

static int copy_objects(tl_git_fetcher *f, const char *from, const char *to, tl_err *e)
{
  copying c = {.f = f, .chunk = tl_alloc(TL_FS_CHUNK)};
  c.from = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  c.to = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int rc = c.from < 0 || c.to < 0 ? fail(&c, errno, "the objects", e) : GONE;
  for (int i = 0; rc == GONE && i < TRIES; i++) {
    rc = copy_all(&c, e);
  }
  if (rc == GONE) {
    rc = tl_fail(e, TL_EIO, "%s changes all the time; try again when nobody packs it",
                 f->source.url);
  }
  if (rc == 0 && syncfs(c.to) != 0) {
    rc = fail(&c, errno, "the objects", e);
  }
  f->copied = c.bytes;
  if (c.from >= 0) {
    (void)close(c.from);
  }
  if (c.to >= 0) {
    (void)close(c.to);
  }
  free(c.chunk);
  return rc;
}

/* --- the source --- */

/* A working tree of another repository, or a submodule, has a file that says where that is. */
static int check_place(const tl_git_fetcher *f, tl_err *e)
{
  struct stat st;
  char file[PATH_MAX];
  (void)snprintf(file, sizeof file, "%s/.git", f->source_path);
  return lstat(file, &st) == 0 && !S_ISDIR(st.st_mode)
             ? tl_fail(e, TL_EREFUSED,
                       "%s keeps its repository elsewhere (.git is no folder): fetch from there",
                       f->source.url)
             : 0;
}

static int check_source(const tl_git_fetcher *f, git_repository *repo, tl_err *e)
{
  struct stat st;
  char alternates[PATH_MAX];
  const char *url = f->source.url;
  (void)snprintf(alternates, sizeof alternates, "%sobjects/info/alternates",
                 tl_git.git_repository_commondir(repo));
  if (stat(alternates, &st) == 0 && st.st_size > 0) {
    return tl_fail(e, TL_EREFUSED,
                   "%s borrows objects of other repositories (objects/info/alternates); make it "
                   "whole: git repack -a -d, and remove that file",
                   url);
  }
  if (tl_git.git_repository_is_shallow(repo) == 1) {
    return tl_fail(e, TL_EUNSUPPORTED,
                   "%s is shallow, it lacks its older commits; type: git -C %s fetch --unshallow",
                   url, f->source_path);
  }
  return tl_git_check_parts(f->guard, repo, f->source_path, e);
}

int tl_git_fetch_local(tl_git_fetcher *f, const char *objects, tl_err *e)
{
  git_repository *repo = NULL;
  char from[PATH_MAX];
  int rc = check_place(f, e);
  if (rc < 0) {
    return rc;
  }
  rc = tl_git.git_repository_open_ext(&repo, f->source_path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
  if (rc < 0) {
    rc = tl_git_fail(e, rc, "open the git repository");
    return rc == TL_ENOT_FOUND ? tl_fail(e, rc, "there is no git repository at %s", f->source.url)
                               : rc;
  }
  rc = check_source(f, repo, e);
  if (rc == 0 && objects) {
    (void)snprintf(from, sizeof from, "%sobjects", tl_git.git_repository_commondir(repo));
    rc = copy_objects(f, from, objects, e);
  }
  tl_git.git_repository_free(repo);
  return rc;
}
