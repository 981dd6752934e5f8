/* Where the parts of a repository really lie, and that nothing else is opened.
 *
 * A repository may have its history somewhere else: behind a `.git` file, by `commondir`, by
 * alternates (gitrepository-layout(5)), behind a link, and its configuration names files. Who made
 * the folder chose those paths, and a recipe can make a repository in its run's folder. So what lies
 * outside of the folder that was named, and of the repository found around it, is asked for like any
 * other path. What may be opened becomes a set of rules for Landlock: from there on the reader of a
 * stranger's data reaches no other file. */
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
#include "landlock.h"

/* libgit2 goes five levels deep too. */
enum { ALTERNATES_MAX = 1 << 20, DEPTH_MAX = 5, INCLUDES_MAX = 32 };

typedef struct seeker {
  git_repository *repo;
  const tl_guard *guard;
  const char *start; /* the folder that was named */
  char *home;        /* the repository around it, or NULL when it is elsewhere */
  bool trusted;      /* who named it may read whatever it leads to */
  bool reads;        /* loose objects are to be read with care, too */
  bool kept;         /* it was all done before, in this process */
  int ruleset;       /* of Landlock, or -1 */
  tl_err *e;
} seeker;

static void allow(const seeker *s, const char *path)
{
  int fd = s->ruleset < 0 ? -1 : open(path, O_PATH | O_CLOEXEC);
  if (fd >= 0) {
    (void)tl_landlock_allow(s->ruleset, fd, TL_LANDLOCK_READ);
    (void)close(fd);
  }
}

static bool is_permitted(const seeker *s, const char *real)
{
  return s->trusted || tl_fs_lies_in(real, s->start) || (s->home && tl_fs_lies_in(real, s->home)) ||
         (s->guard && s->guard->beyond(s->guard->ud, real, s->e) == 0);
}

/* `path` is one that the repository gave; what is not there is nobody's. */
static int check_part(const seeker *s, const char *path)
{
  char real[PATH_MAX];
  if (!realpath(path, real)) {
    return errno == ENOENT || s->trusted
               ? 0
               : tl_fail_errno(s->e, errno, "cannot find a part of the repository");
  }
  if (is_permitted(s, real)) {
    allow(s, real);
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
    /* a socket (git's own monitor of files has one there) cannot be opened at all */
    if (entry->d_type == DT_REG || entry->d_type == DT_DIR || entry->d_type == DT_SOCK) {
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

/* A folder and some below it, once in a process. */
static int check_folders(const seeker *s, const char *folder, const char *const *below, size_t n)
{
  int rc = 0;
  for (size_t i = 0; rc == 0 && !s->kept && i < n; i++) {
    rc = check_entries(s, folder, below[i]);
  }
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
    return s->trusted
               ? 0 /* libgit2 goes no further */
               : tl_fail(s->e, TL_EREFUSED, "the git repository's alternates lead on and on");
  }
  static const char *const folders[] = {".", "info", "pack"};
  int rc = check_folders(s, objects, folders, 3);
  rc = rc < 0 || !s->reads ? rc : tl_git_guard_loose(s->repo, objects, s->e);
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

static int check_git(const seeker *s, const char *gitdir)
{
  static const char *const folders[] = {".", "refs", "logs"};
  int rc = check_part(s, gitdir);
  return rc < 0 ? rc : check_folders(s, gitdir, folders, 3);
}

static int check_all(seeker *s)
{
  char objects[PATH_MAX];
  const char *gitdir = tl_git.git_repository_path(s->repo);
  const char *common = tl_git.git_repository_commondir(s->repo);
  s->home = home_of(gitdir, common, s->start);
  (void)snprintf(objects, sizeof objects, "%s/objects", common);
  int rc = check_git(s, gitdir);
  rc = rc < 0 || strcmp(gitdir, common) == 0 ? rc : check_git(s, common);
  return rc < 0 ? rc : check_objects(s, objects, 0);
}

int tl_git_check_parts(const tl_guard *guard, git_repository *repo, const char *start, tl_err *e)
{
  seeker s = {.repo = repo, .guard = guard, .start = start, .ruleset = -1, .e = e};
  int rc = check_all(&s);
  free(s.home);
  return rc;
}

/* --- what the configuration names --- */

/* An included file is named from where the file lies that names it, which libgit2 does not tell: a
 * relative name is looked for beside each file that is known. */
typedef struct includes {
  const seeker *s;
  char *folders[INCLUDES_MAX];
  size_t n;
} includes;

static int include_from(includes *all, const char *folder, const char *name)
{
  char path[PATH_MAX];
  (void)snprintf(path, sizeof path, "%s%s%s", *name == '/' ? "" : folder, *name == '/' ? "" : "/",
                 name);
  if (access(path, F_OK) != 0) {
    return 0;
  }
  int rc = check_part(all->s, path);
  char *slash = strrchr(path, '/');
  if (rc == 0 && slash && all->n < INCLUDES_MAX) {
    all->folders[all->n++] = tl_memdup0(path, (size_t)(slash - path));
  }
  return rc;
}

/* include.path and includeIf.<condition>.path, whether the condition holds or not. */
static int each_entry(const git_config_entry *entry, void *payload)
{
  static const char begin[] = "include", end[] = ".path";
  includes *all = payload;
  size_t n = strlen(entry->name);
  int rc = 0;
  if (strncmp(entry->name, begin, sizeof begin - 1) != 0 || !entry->value ||
      strcmp(entry->name + n - (sizeof end - 1), end) != 0) {
    return 0;
  }
  size_t known = *entry->value == '/' ? 1 : all->n;
  for (size_t i = 0; rc == 0 && i < known; i++) {
    rc = include_from(all, all->folders[i], entry->value);
  }
  return rc;
}

static int check_includes(const seeker *s, git_config *config)
{
  includes all = {.s = s, .folders = {tl_strdup(tl_git.git_repository_commondir(s->repo))}, .n = 1};
  int rc = tl_git.git_config_foreach(config, each_entry, &all);
  for (size_t i = 0; i < all.n; i++) {
    free(all.folders[i]);
  }
  return rc < 0 && s->e->code == 0
             ? tl_git_fail(s->e, rc, "read the configuration of the git repository")
             : rc;
}

/* Lists of patterns; where one may not be read it is as if it were not there. */
static void allow_patterns(const seeker *s, git_config *config)
{
  static const char *const names[] = {"core.excludesfile", "core.attributesfile"};
  char real[PATH_MAX];
  const char *path;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (tl_git.git_config_get_string(&path, config, names[i]) == 0 && *path == '/' &&
        realpath(path, real) && is_permitted(s, real)) {
      allow(s, real);
    }
  }
}

/* The working tree, where the folder that was named lies in it or it holds the repository; what else a
 * configuration calls one is refused by those who look at it (git_status.c). */
static void allow_workdir(const seeker *s)
{
  const char *dir = tl_git.git_repository_workdir(s->repo);
  char real[PATH_MAX];
  if (dir && realpath(dir, real) &&
      (tl_fs_lies_in(s->start, real) || (s->home && tl_fs_lies_in(s->home, real)))) {
    allow(s, real);
  }
}

int tl_git_keep_to(const tl_guard *guard, bool trusted, git_repository *repo, const char *start,
                   tl_err *e)
{
  static bool kept; /* of git.state's child, which opens the repository three times */
  git_config *config = NULL;
  seeker s = {.repo = repo,
              .guard = guard,
              .start = start,
              .trusted = trusted,
              .reads = true,
              .kept = kept,
              .ruleset = kept ? -1 : tl_landlock_ruleset(),
              .e = e};
  e->code = 0;
  int rc = check_all(&s);
  if (rc == 0 && !kept) {
    rc = tl_git.git_repository_config_snapshot(&config, repo);
    rc = rc < 0 ? tl_git_fail(e, rc, "read the configuration of the git repository")
                : check_includes(&s, config);
  }
  if (rc == 0 && !kept) {
    allow_patterns(&s, config);
    allow_workdir(&s);
    tl_git_child_confine(s.ruleset);
    kept = true;
  } else if (s.ruleset >= 0) {
    (void)close(s.ruleset);
  }
  tl_git.git_config_free(config);
  free(s.home);
  return rc;
}
