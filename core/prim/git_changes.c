/* git.changes: what commits changed, many at once, by one child for each processor. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "git_changes.h"

enum {
  COMMITS_MAX = 100000,
  CACHE_MAX = 16 << 20,   /* bytes of objects that a child keeps at hand */
  CACHE_OBJECT = 1 << 20, /* larger ones are not kept */
  PART_MIN = 16,          /* commits that are worth a child of their own */
  CONTEXT = 3,            /* lines, as git has it */
  CONTEXT_MAX = 100000,
  PATCH = 8 << 20,       /* bytes of a commit's patch where the caller says nothing */
  PATCH_MAX = 64 << 20,  /* and at most */
  ANSWER_MAX = 160 << 20 /* of all patches of an answer; a frame has 256 MiB (wire.h) */
};

#define KEYS "renames merges patch context max_patch"

typedef struct teller {
  git_repository *repo;
  git_odb *odb;
  git_repository *objects; /* the same objects and nothing else: no attributes are looked for */
  tl_git_ids shallow;
  bool renames, first_parent, patch;
  int64_t context, max_patch;
  size_t left; /* bytes that this child's patches may still take */
  tl_err *e;
} teller;

/* --- options --- */

static int check_patch(const tl_val *map, const teller *t)
{
  int rc = tl_git_check_type(map, "git.changes", "patch", TL_BOOL, t->e);
  if (rc == 0) {
    rc = tl_git_check_type(map, "git.changes", "context", TL_INT, t->e);
  }
  if (rc == 0) {
    rc = tl_git_check_type(map, "git.changes", "max_patch", TL_INT, t->e);
  }
  if (rc == 0 && (t->context < 0 || t->context > CONTEXT_MAX)) {
    rc = tl_fail(t->e, TL_EARGUMENT, "git.changes: 'context' is a number of lines, from 0 to %d",
                 CONTEXT_MAX);
  }
  if (rc == 0 && (t->max_patch < 0 || t->max_patch > PATCH_MAX)) {
    rc = tl_fail(t->e, TL_EARGUMENT, "git.changes: 'max_patch' is from 0 to %d bytes", PATCH_MAX);
  }
  return rc;
}

static int read_options(tl_call *call, teller *t)
{
  const tl_val *map = &call->args[1];
  tl_err *e = &call->err;
  const char *merges = tl_get_str(map, "merges", "none");
  int rc = tl_git_check_keys(map, "git.changes", KEYS, e);
  *t = (teller){.renames = tl_get_bool(map, "renames", true),
                .first_parent = strcmp(merges, "first-parent") == 0,
                .patch = tl_get_bool(map, "patch", false),
                .context = tl_get_int(map, "context", CONTEXT),
                .max_patch = tl_get_int(map, "max_patch", PATCH),
                .e = e};
  if (rc == 0) {
    rc = tl_git_check_type(map, "git.changes", "renames", TL_BOOL, e);
  }
  if (rc == 0 && (tl_git_check_type(map, "git.changes", "merges", TL_STR, e) < 0 ||
                  (!t->first_parent && strcmp(merges, "none") != 0))) {
    rc = tl_fail(e, TL_EARGUMENT, "git.changes: 'merges' is \"none\" or \"first-parent\"");
  }
  return rc < 0 ? rc : check_patch(map, t);
}

static int check_commits(const tl_val *commits, tl_err *e)
{
  if (tl_len(commits) > COMMITS_MAX) {
    return tl_fail(e, TL_ELIMIT, "git.changes takes at most %d commits at once", COMMITS_MAX);
  }
  for (size_t i = 0; i < tl_len(commits); i++) {
    if (tl_at(commits, i)->type != TL_STR) {
      return tl_fail(e, TL_EARGUMENT, "git.changes: 'commits' is a list of ids or other revisions");
    }
  }
  return 0;
}

/* --- a path as a value --- */

static tl_val mode_text(uint32_t mode)
{
  char text[16];
  (void)snprintf(text, sizeof text, "%06o", mode);
  return tl_str(text);
}

/* The keys in their order: whoever writes the map down need not sort it. */
static tl_val file_value(const tl_git_file *file, const tl_git_counts *counts, bool left_out)
{
  char status[2] = {tl_git_file_status(file), '\0'};
  tl_val map = tl_map();
  tl_put(&map, "binary", tl_bool(counts->binary));
  if (!counts->binary) {
    tl_put(&map, "deletions", tl_int(counts->deletions));
    tl_put(&map, "insertions", tl_int(counts->insertions));
  }
  if (left_out) {
    tl_put(&map, "left_out", tl_bool(true));
  }
  tl_put(&map, "new_id", tl_git_id_text(&file->now.id));
  tl_put(&map, "new_mode", mode_text(file->now.mode));
  tl_put(&map, "old_id", tl_git_id_text(&file->old.id));
  tl_put(&map, "old_mode", mode_text(file->old.mode));
  if (file->old_path) {
    tl_put(&map, "old_path", tl_str(file->old_path));
  }
  tl_put(&map, "path", tl_str(file->path));
  if (file->old_path) {
    tl_put(&map, "similarity", tl_int(file->score * 100 / TL_GIT_SCORE_MAX));
  }
  tl_put(&map, "status", tl_str(status));
  return map;
}

/* --- a commit --- */

static int tree_of(teller *t, const git_oid *id, git_oid *tree)
{
  git_commit *commit = NULL;
  int rc = tl_git.git_commit_lookup(&commit, t->repo, id);
  if (rc < 0) {
    return tl_git_fail_object(t->e, rc, "read commit", id);
  }
  *tree = *tl_git.git_commit_tree_id(commit);
  tl_git.git_commit_free(commit);
  return 0;
}

/* All paths that the commit changed, against its first parent. */
static int changed(teller *t, git_commit *commit, tl_git_files *files)
{
  git_oid old;
  const git_oid *id = tl_git.git_commit_id(commit);
  unsigned parents = tl_git.git_commit_parentcount(commit);
  int rc = 0;
  if (tl_git_ids_has(&t->shallow, id)) {
    parents = 0;
  }
  if (parents > 1 && !t->first_parent) {
    return 0;
  }
  if (parents > 0) {
    rc = tree_of(t, tl_git.git_commit_parent_id(commit, 0), &old);
  }
  if (rc == 0) {
    rc = tl_git_tree_compare(t->odb, parents > 0 ? &old : NULL, tl_git.git_commit_tree_id(commit),
                             files, t->e);
  }
  return rc == 0 && t->renames ? tl_git_renames_find(t->objects, files, t->e) : rc;
}

/* --- a commit on its way into the answer --- */

typedef struct told {
  git_oid id;
  tl_git_files files;
  tl_val list; /* of what is told of each file */
  tl_buf patch;
  bool whole; /* the patch has all files */
} told;

static void told_free(told *c)
{
  tl_git_files_free(&c->files);
  tl_free(&c->list);
  tl_buf_free(&c->patch);
}

/* Numbers of a path, and its patch behind those of the others. */
static int tell_file(teller *t, told *c, const tl_git_file *file)
{
  tl_git_counts counts;
  bool fits = true;
  size_t before = c->patch.len;
  int rc = t->patch ? tl_git_unified(t->objects, file, (uint32_t)t->context, &c->patch, &counts,
                                     &fits, t->e)
                    : tl_git_count(t->objects, file, &counts, t->e);
  if (rc < 0) {
    return rc;
  }
  if (c->patch.len - before > t->left) {
    return tl_fail(t->e, TL_ELIMIT,
                   "the patches of these commits have over %d MiB; ask for fewer at once",
                   ANSWER_MAX >> 20);
  }
  t->left -= c->patch.len - before;
  tl_push(&c->list, file_value(file, &counts, !fits));
  c->whole = c->whole && fits;
  return 0;
}

static tl_val told_value(const teller *t, told *c)
{
  size_t len;
  tl_val map = tl_map();
  tl_put(&map, "commit", tl_git_id_text(&c->id));
  tl_put(&map, "files", c->list);
  c->list = tl_nil();
  if (t->patch) {
    char *text = tl_buf_take(&c->patch, &len);
    tl_put(&map, "patch", tl_str_take(text, len));
    if (!c->whole) {
      tl_put(&map, "truncated", tl_bool(true));
    }
  }
  return map;
}

static int find_commit(teller *t, const tl_val *rev, git_commit **commit)
{
  git_oid id;
  tl_git_range range;
  if (rev->u.s.len == GIT_OID_HEXSZ && tl_git.git_oid_fromstr(&id, rev->u.s.data) == 0) {
    int rc = tl_git.git_commit_lookup(commit, t->repo, &id);
    if (rc == 0) {
      return 0;
    }
  }
  int rc = tl_git_resolve(t->repo, rev, &range, t->e);
  if (rc == 0 && range.is_range) {
    rc = tl_fail(t->e, TL_EINVALID, "git.changes takes commits, not a range; git.log lists them");
  }
  if (rc < 0) {
    return rc;
  }
  rc = tl_git.git_commit_lookup(commit, t->repo, &range.to);
  return rc < 0 ? tl_git_fail_object(t->e, rc, "read commit", &range.to) : 0;
}

/* --- a child's part --- */

/* What a mined repository holds is not proven to have its names: that takes half of the time, and
 * what a damaged object says is seen soon enough. Objects met once are met again in the next commit. */
static int prepare(tl_call *call, teller *t)
{
  int rc = read_options(call, t);
  if (rc == 0) {
    rc = tl_git_open_at(call, 2, &t->repo);
  }
  if (rc < 0) {
    return rc;
  }
  (void)tl_git.git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
  (void)tl_git.git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_MAX);
  (void)tl_git.git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE,
                                (size_t)CACHE_OBJECT);
  (void)tl_git.git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_BLOB,
                                (size_t)CACHE_OBJECT);
  rc = tl_git.git_repository_odb(&t->odb, t->repo);
  if (rc == 0) {
    rc = tl_git.git_repository_wrap_odb(&t->objects, t->odb);
  }
  return rc < 0 ? tl_git_fail(t->e, rc, "open the objects of the git repository")
                : tl_git_shallow_read(t->repo, &t->shallow, t->e);
}

/* Which paths the commit changed. */
static int look(teller *t, const tl_val *rev, told *c)
{
  git_commit *commit = NULL;
  int rc = find_commit(t, rev, &commit);
  if (rc == 0) {
    c->id = *tl_git.git_commit_id(commit);
    rc = changed(t, commit, &c->files);
  }
  tl_git.git_commit_free(commit);
  return rc;
}

typedef struct task {
  told *commit;
  const tl_git_file *file;
} task;

static int by_path(const void *a, const void *b)
{
  const task *x = a, *y = b;
  int by = strcmp(x->file->path, y->file->path);
  by = by != 0 ? by : (x->commit > y->commit) - (x->commit < y->commit);
  return by != 0 ? by : (x->file > y->file) - (x->file < y->file);
}

/* All that happened to a path at once: what a commit found there is what an older one left, and the
 * versions of a file are stored as differences from each other. A quarter faster than commit by
 * commit. The files of a commit keep their order, which is that of their paths. */
static int tell_files(teller *t, told *commits, size_t n)
{
  size_t files = 0, k = 0;
  int rc = 0;
  for (size_t i = 0; i < n; i++) {
    files += commits[i].files.n;
  }
  task *tasks = tl_alloc(files * sizeof *tasks);
  for (size_t i = 0; i < n; i++) {
    for (size_t f = 0; f < commits[i].files.n; f++) {
      tasks[k++] = (task){&commits[i], &commits[i].files.at[f]};
    }
  }
  qsort(tasks, files, sizeof *tasks, by_path);
  for (size_t i = 0; rc == 0 && i < files; i++) {
    rc = tell_file(t, tasks[i].commit, tasks[i].file);
  }
  free(tasks);
  return rc;
}

static int tell(teller *t, const tl_val *revs, size_t first, size_t n, tl_val *out)
{
  told *commits = tl_zalloc(n * sizeof *commits);
  int rc = 0;
  for (size_t i = 0; i < n; i++) {
    commits[i] = (told){.list = tl_list(), .patch = TL_BUF((size_t)t->max_patch), .whole = true};
    rc = rc == 0 ? look(t, tl_at(revs, first + i), &commits[i]) : rc;
  }
  if (rc == 0) {
    rc = tell_files(t, commits, n);
  }
  *out = tl_list();
  for (size_t i = 0; i < n; i++) {
    if (rc == 0) {
      tl_push(out, told_value(t, &commits[i]));
    }
    told_free(&commits[i]);
  }
  free(commits);
  return rc;
}

static int changes_work(tl_call *call)
{
  const tl_git_part *part = call->state;
  const tl_val *commits = &call->args[0];
  size_t n = tl_len(commits);
  size_t first = n * part->index / part->count, end = n * (part->index + 1) / part->count;
  teller t;
  int rc = prepare(call, &t);
  t.left = ANSWER_MAX / part->count;
  if (rc == 0) {
    rc = tell(&t, commits, first, end - first, &call->out);
  }
  if (rc < 0) {
    tl_free(&call->out);
  }
  tl_git_ids_free(&t.shallow);
  tl_git.git_repository_free(t.objects);
  tl_git.git_odb_free(t.odb);
  tl_git.git_repository_free(t.repo);
  return rc;
}

/* Neighbours share most of their objects: each child takes a row of them. */
static size_t parts_for(size_t commits)
{
  cpu_set_t set;
  size_t cores = sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
  size_t most = commits / PART_MIN + 1;
  return cores < most ? cores : most;
}

/* args: commits (ids or other revisions), options {renames, merges, patch, context, max_patch}, repo.
 * returns in the same order {commit, files, patch?, truncated?}, a file {path, old_path?, similarity?,
 * status, insertions?, deletions?, binary, old_mode, new_mode, old_id, new_id, left_out?}: what the
 * commit changed against its first parent, with the numbers of `git log --numstat -M` (--no-renames
 * with renames = false) in a repository without gitattributes. A merge has no files unless `merges` is
 * "first-parent". What is not there has mode 000000. With `patch` the text that `git apply` takes,
 * `context` (3) lines around each hunk; the files that `max_patch` bytes (8 MiB) have no room for are
 * missing from it, `left_out` says which and `truncated` that there are some. LIMIT when all patches
 * together are over 160 MiB. Errors: tl_git_open, tl_git_resolve. */
int prim_git_changes(tl_call *call)
{
  teller t;
  int rc = read_options(call, &t);
  if (rc == 0) {
    rc = check_commits(&call->args[0], &call->err);
  }
  return rc < 0 ? rc : tl_git_apart_parts(call, changes_work, parts_for(tl_len(&call->args[0])));
}
