/* Where a status has to look when tracked folders are left out of it.
 *
 * libgit2 asks the disk about every tracked file, also about those whose state nobody wants,
 * as of thousands of runs that are committed. It can be told which paths to look at,
 * so here are those that hold everything else: the children of each folder that has something left
 * out below it, by the index, by HEAD's tree and by the disk. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"
#include "git_history.h"

typedef struct names {
  char **at;
  size_t n, cap;
} names;

typedef struct scoper {
  git_repository *repo;
  git_index *index;
  git_tree *tree; /* HEAD's, or NULL before the first commit */
  const char *workdir;
  tl_git_left_out *left_out;
  const void *ud;
  names out;    /* tracked folders that are left out, in the index's order; each ends in a slash */
  names inside; /* the folders above them, with "" for the root */
  names paths;  /* the answer */
} scoper;

static void names_add(names *list, const char *text, size_t len)
{
  if (list->n == list->cap) {
    list->cap = list->cap ? list->cap * 2 : 16;
    list->at = tl_realloc(list->at, list->cap * sizeof *list->at);
  }
  list->at[list->n++] = tl_memdup0(text, len);
}

static int by_bytes(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(names *list)
{
  size_t kept = 0;
  if (list->n > 1) {
    qsort(list->at, list->n, sizeof *list->at, by_bytes);
  }
  for (size_t i = 0; i < list->n; i++) {
    if (kept > 0 && strcmp(list->at[kept - 1], list->at[i]) == 0) {
      free(list->at[i]);
    } else {
      list->at[kept++] = list->at[i];
    }
  }
  list->n = kept;
}

static bool names_have(const names *list, const char *text)
{
  return list->n > 0 && bsearch(&text, list->at, list->n, sizeof *list->at, by_bytes);
}

static void names_free(names *list)
{
  for (size_t i = 0; i < list->n; i++) {
    free(list->at[i]);
  }
  free(list->at);
  *list = (names){0};
}

/* Bytes of the folder part that two paths have in common. */
static size_t common_folder(const char *a, const char *b)
{
  size_t folder = 0;
  for (size_t i = 0; a[i] && a[i] == b[i]; i++) {
    if (a[i] == '/') {
      folder = i + 1;
    }
  }
  return folder;
}

/* Finds the first folder of the path that is left out as a whole; those that begin the path as they
 * began `before` are known to be wanted. */
static bool find_left_out(scoper *s, const char *path, const char *before)
{
  char folder[PATH_MAX];
  size_t known = common_folder(path, before);
  for (const char *slash = strchr(path + known, '/'); slash; slash = strchr(slash + 1, '/')) {
    size_t len = (size_t)(slash - path) + 1;
    if (len >= sizeof folder) {
      return false;
    }
    memcpy(folder, path, len);
    folder[len] = '\0';
    if (s->left_out(s->ud, folder)) {
      names_add(&s->out, folder, len);
      return true;
    }
  }
  return false;
}

/* Entries of one folder stand together in the index, so each folder is asked about once. */
static void find_tracked(scoper *s)
{
  size_t n = tl_git.git_index_entrycount(s->index);
  const char *before = "";
  for (size_t i = 0; i < n; i++) {
    const char *path = tl_git.git_index_get_byindex(s->index, i)->path;
    const char *last = s->out.n > 0 ? s->out.at[s->out.n - 1] : NULL;
    if (last && strncmp(path, last, strlen(last)) == 0) {
      continue;
    }
    if (!find_left_out(s, path, before)) {
      before = path;
    }
  }
}

static void find_inside(scoper *s)
{
  names_add(&s->inside, "", 0);
  for (size_t i = 0; i < s->out.n; i++) {
    const char *path = s->out.at[i];
    for (const char *slash = strchr(path, '/'); slash && slash[1]; slash = strchr(slash + 1, '/')) {
      names_add(&s->inside, path, (size_t)(slash - path) + 1);
    }
  }
  names_sort(&s->inside);
}

/* A child of a folder that holds something left out: looked at, unless it is left out itself or its
 * children are looked at one by one. */
static void add_child(scoper *s, const char *folder, const char *name, size_t len)
{
  char path[PATH_MAX];
  int n = snprintf(path, sizeof path, "%s%.*s/", folder, (int)len, name);
  if (n < 0 || n >= (int)sizeof path || names_have(&s->inside, path) || s->left_out(s->ud, path)) {
    return;
  }
  names_add(&s->paths, path, (size_t)n - 1);
}

/* Bytes of the deepest folder of the path that is looked at child by child. */
static size_t deepest_inside(const scoper *s, const char *path)
{
  char folder[PATH_MAX];
  size_t deepest = 0;
  for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
    size_t len = (size_t)(slash - path) + 1;
    if (len >= sizeof folder) {
      break;
    }
    memcpy(folder, path, len);
    folder[len] = '\0';
    if (!names_have(&s->inside, folder)) {
      break;
    }
    deepest = len;
  }
  return deepest;
}

static void add_tracked_children(scoper *s)
{
  size_t n = tl_git.git_index_entrycount(s->index);
  const char *last = NULL; /* a path below the last child, and that child's length, its slash too */
  size_t child = 0;
  for (size_t i = 0; i < n; i++) {
    const char *path = tl_git.git_index_get_byindex(s->index, i)->path;
    if (last && strncmp(path, last, child) == 0) {
      continue;
    }
    char folder[PATH_MAX];
    size_t len = deepest_inside(s, path), name = strcspn(path + len, "/");
    (void)snprintf(folder, sizeof folder, "%.*s", (int)len, path);
    add_child(s, folder, path + len, name);
    last = path[len + name] == '/' ? path : NULL;
    child = len + name + 1;
  }
}

/* What was committed and is neither in the index nor on the disk any more. */
static int add_committed_children(scoper *s, const char *folder, tl_err *e)
{
  git_tree *tree = NULL;
  git_tree_entry *entry = NULL;
  char path[PATH_MAX];
  int rc = 0;
  (void)snprintf(path, sizeof path, "%.*s", (int)strlen(folder) - 1, folder);
  if (!s->tree) {
    return 0;
  }
  if (*folder) {
    rc = tl_git.git_tree_entry_bypath(&entry, s->tree, path);
    if (rc == GIT_ENOTFOUND || (rc == 0 && tl_git.git_tree_entry_type(entry) != GIT_OBJECT_TREE)) {
      tl_git.git_tree_entry_free(entry);
      return 0;
    }
    if (rc == 0) {
      rc = tl_git.git_tree_lookup(&tree, s->repo, tl_git.git_tree_entry_id(entry));
    }
  }
  const git_tree *of = *folder ? tree : s->tree;
  for (size_t i = 0; rc == 0 && i < tl_git.git_tree_entrycount(of); i++) {
    const char *name = tl_git.git_tree_entry_name(tl_git.git_tree_entry_byindex(of, i));
    add_child(s, folder, name, strlen(name));
  }
  tl_git.git_tree_entry_free(entry);
  tl_git.git_tree_free(tree);
  return rc < 0 ? tl_git_fail_object(e, rc, "read the state of the git repository", NULL) : 0;
}

static int add_children_on_disk(scoper *s, const char *folder, tl_err *e)
{
  char path[PATH_MAX];
  tl_fs_names list;
  int n = snprintf(path, sizeof path, "%s%s", s->workdir, folder);
  int fd = n > 0 && n < (int)sizeof path
               ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
               : -1;
  if (fd < 0) {
    return 0; /* gone, or no folder any more: the index tells what was there */
  }
  int rc = tl_fs_names_read(fd, path, &list, e);
  (void)close(fd);
  if (rc < 0) {
    return rc;
  }
  for (size_t i = 0; i < list.n; i++) {
    if (*folder || strcmp(list.at[i], ".git") != 0) {
      add_child(s, folder, list.at[i], strlen(list.at[i]));
    }
  }
  tl_fs_names_free(&list);
  return 0;
}

static int find_paths(scoper *s, tl_err *e)
{
  int rc = 0;
  find_inside(s);
  add_tracked_children(s);
  for (size_t i = 0; i < s->inside.n && rc == 0; i++) {
    rc = add_committed_children(s, s->inside.at[i], e);
    if (rc == 0) {
      rc = add_children_on_disk(s, s->inside.at[i], e);
    }
  }
  names_sort(&s->paths);
  return rc;
}

int tl_git_scope(git_repository *repo, const char *workdir, tl_git_left_out *left_out,
                 const void *ud, git_strarray *paths, tl_err *e)
{
  scoper s = {.repo = repo, .workdir = workdir, .left_out = left_out, .ud = ud};
  git_commit *head = NULL;
  *paths = (git_strarray){0};
  int rc = tl_git.git_repository_index(&s.index, repo);
  if (rc < 0) {
    return tl_git_fail_object(e, rc, "read the state of the git repository", NULL);
  }
  find_tracked(&s);
  if (s.out.n > 0) {
    rc = tl_git_head_commit(repo, &head, e);
    if (rc == 0 && head && (rc = tl_git.git_commit_tree(&s.tree, head)) < 0) {
      rc = tl_git_fail_object(e, rc, "read the state of the git repository", NULL);
    }
    if (rc == 0) {
      rc = find_paths(&s, e);
    }
  }
  if (rc == 0) {
    *paths = (git_strarray){.strings = s.paths.at, .count = s.paths.n};
    rc = s.out.n > 0;
  } else {
    names_free(&s.paths);
  }
  names_free(&s.out);
  names_free(&s.inside);
  tl_git.git_tree_free(s.tree);
  tl_git.git_commit_free(head);
  tl_git.git_index_free(s.index);
  return rc;
}

void tl_git_scope_free(git_strarray *paths)
{
  names list = {.at = paths->strings, .n = paths->count};
  names_free(&list);
  *paths = (git_strarray){0};
}
