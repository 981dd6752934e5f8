/* Where the parts of a repository really lie.
 *
 * A repository may have its history somewhere else: behind a `.git` file, by `commondir`, by
 * alternates (gitrepository-layout(5)), behind a link. Who made the folder chose those paths, and a
 * recipe can make a repository in its run's folder. So what lies outside of the folder that was
 * named, and of the repository found around it, is asked for like any other path. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"
#include "git.h"

/* libgit2 goes five levels deep too. */
enum { ALTERNATES_MAX = 1 << 20, DEPTH_MAX = 5 };

typedef struct seeker {
  const tl_guard *guard;
  const char *start; /* the folder that was named */
  char *home;        /* the repository around it, or NULL when it is elsewhere */
  tl_err *e;
} seeker;

/* `path` is one that the repository gave; what is not there is nobody's. */
static int check_part(const seeker *s, const char *path)
{
  char real[PATH_MAX];
  if (!realpath(path, real)) {
    return errno == ENOENT ? 0 : tl_fail_errno(s->e, errno, "cannot find a part of the repository");
  }
  if (tl_fs_lies_in(real, s->start) || (s->home && tl_fs_lies_in(real, s->home)) ||
      (s->guard && s->guard->beyond(s->guard->ud, real, s->e) == 0)) {
    return 0;
  }
  return tl_fail(s->e, TL_ENOT_PERMITTED,
                 "a part of this git repository lies elsewhere, in %s, which the run may not read; "
                 "if that is as it should be: --allow-read=%s",
                 real, real);
}

/* Links among the entries, and what is neither file nor folder: to open a pipe is to wait for ever. */
static int check_entries(const seeker *s, const char *folder, const char *name)
{
  char path[PATH_MAX];
  struct stat st;
  int rc = 0;
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  DIR *dir = opendir(path);
  if (!dir) {
    return 0; /* libgit2 says what it misses */
  }
  for (struct dirent *entry = readdir(dir); rc == 0 && entry; entry = readdir(dir)) {
    if (entry->d_type == DT_REG || entry->d_type == DT_DIR) {
      continue;
    }
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, name, entry->d_name);
    rc = check_part(s, path);
    if (rc == 0 && stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
      rc = tl_fail(s->e, TL_EREFUSED, "%s in the git repository is neither a file nor a folder",
                   entry->d_name);
    }
  }
  (void)closedir(dir);
  return rc;
}

static int check_objects(const seeker *s, const char *objects, int depth);

static int check_alternates(const seeker *s, const char *objects, char *text, int depth)
{
  char path[PATH_MAX];
  int rc = 0;
  for (char *save = NULL, *line = strtok_r(text, "\n", &save); line && rc == 0;
       line = strtok_r(NULL, "\n", &save)) {
    line[strcspn(line, "\r")] = '\0';
    if (*line == '#' || *line == '\0') {
      continue;
    }
    (void)snprintf(path, sizeof path, "%s%s%s", *line == '/' ? "" : objects,
                   *line == '/' ? "" : "/", line);
    rc = check_part(s, path);
    rc = rc < 0 ? rc : check_objects(s, path, depth + 1);
  }
  return rc;
}

static int check_objects(const seeker *s, const char *objects, int depth)
{
  char path[PATH_MAX];
  if (depth > DEPTH_MAX) {
    return tl_fail(s->e, TL_EREFUSED, "the git repository's alternates lead on and on");
  }
  int rc = check_entries(s, objects, ".");
  rc = rc < 0 ? rc : check_entries(s, objects, "info");
  rc = rc < 0 ? rc : check_entries(s, objects, "pack");
  (void)snprintf(path, sizeof path, "%s/info/alternates", objects);
  int fd = rc < 0 ? -1 : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    return rc;
  }
  char *text = tl_alloc(ALTERNATES_MAX + 1);
  ssize_t n = tl_fs_read_all(fd, text, ALTERNATES_MAX);
  (void)close(fd);
  if (n < 0 || n == ALTERNATES_MAX) {
    rc = tl_fail(s->e, TL_EIO, "cannot read the git repository's list of alternates");
  } else {
    text[n] = '\0';
    rc = check_alternates(s, objects, text, depth);
  }
  free(text);
  return rc;
}

/* A linked worktree: its repository names it, too, which no stranger's folder can make it do. */
static bool is_linked(const char *gitdir, const char *common, const char *start)
{
  char path[PATH_MAX], real[PATH_MAX];
  (void)snprintf(path, sizeof path, "%s/gitdir", gitdir);
  int fd = tl_fs_lies_in(gitdir, common) ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
  ssize_t n = fd < 0 ? -1 : tl_fs_read_all(fd, path, sizeof path - 1);
  if (fd >= 0) {
    (void)close(fd);
  }
  if (n <= 0) {
    return false;
  }
  path[n] = '\0';
  path[strcspn(path, "\n")] = '\0';
  char *slash = realpath(path, real) ? strrchr(real, '/') : NULL;
  if (!slash) {
    return false;
  }
  *slash = '\0';
  return tl_fs_lies_in(start, real);
}

/* The repository's folder where it is the one around `start`: its `.git`, itself when it is bare, or
 * the one that a linked worktree belongs to. Freed by the caller. */
static char *home_of(const char *gitdir, const char *common, const char *start)
{
  static const char dot_git[] = "/.git";
  if (is_linked(gitdir, common, start)) {
    return tl_strdup(common);
  }
  size_t n = strlen(gitdir);
  while (n > 1 && gitdir[n - 1] == '/') {
    n--;
  }
  char *home = tl_memdup0(gitdir, n), *around = tl_memdup0(gitdir, n);
  size_t end = sizeof dot_git - 1;
  if (n > end && strcmp(around + n - end, dot_git) == 0) {
    around[n - end] = '\0';
  }
  bool is_home = tl_fs_lies_in(start, around);
  free(around);
  if (!is_home) {
    free(home);
    home = NULL;
  }
  return home;
}

int tl_git_check_parts(const tl_guard *guard, git_repository *repo, const char *start, tl_err *e)
{
  char objects[PATH_MAX];
  const char *gitdir = tl_git.git_repository_path(repo);
  const char *common = tl_git.git_repository_commondir(repo);
  seeker s = {.guard = guard, .start = start, .home = home_of(gitdir, common, start), .e = e};
  (void)snprintf(objects, sizeof objects, "%s/objects", common);
  int rc = check_part(&s, gitdir);
  rc = rc < 0 ? rc : check_part(&s, common);
  rc = rc < 0 ? rc : check_entries(&s, gitdir, ".");
  rc = rc < 0 ? rc : check_entries(&s, common, ".");
  rc = rc < 0 ? rc : check_objects(&s, objects, 0);
  free(s.home);
  return rc;
}
