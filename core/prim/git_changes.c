/* git.changes: what commits changed, many at once. */
#include <stdio.h>
#include <string.h>

#include "git_changes.h"

enum {
  COMMITS_MAX = 100000,
  CONTEXT = 3, /* lines, as git has it */
  CONTEXT_MAX = 100000,
  PATCH = 8 << 20,      /* bytes of a commit's patch where the caller says nothing */
  PATCH_MAX = 64 << 20, /* and at most */
};

#define KEYS "renames merges patch context max_patch log"

/* --- options --- */

static int check_patch(const tl_val *map, const tl_git_wanted *w, tl_err *e)
{
  int rc = tl_git_check_type(map, "git.changes", "patch", TL_BOOL, e);
  if (rc == 0) {
    rc = tl_git_check_type(map, "git.changes", "context", TL_INT, e);
  }
  if (rc == 0) {
    rc = tl_git_check_type(map, "git.changes", "max_patch", TL_INT, e);
  }
  if (rc == 0 && (w->context < 0 || w->context > CONTEXT_MAX)) {
    rc = tl_fail(e, TL_EARGUMENT, "git.changes: 'context' is a number of lines, from 0 to %d",
                 CONTEXT_MAX);
  }
  if (rc == 0 && (w->max_patch < 0 || w->max_patch > PATCH_MAX)) {
    rc = tl_fail(e, TL_EARGUMENT, "git.changes: 'max_patch' is from 0 to %d bytes", PATCH_MAX);
  }
  return rc;
}

static int read_options(tl_call *call, tl_git_wanted *w)
{
  const tl_val *map = &call->args[1];
  tl_err *e = &call->err;
  const char *merges = tl_get_str(map, "merges", "none");
  int rc = tl_git_check_keys(map, "git.changes", KEYS, e);
  *w = (tl_git_wanted){.renames = tl_get_bool(map, "renames", true),
                       .first_parent = strcmp(merges, "first-parent") == 0,
                       .patch = tl_get_bool(map, "patch", false),
                       .log = tl_get_bool(map, "log", false),
                       .context = tl_get_int(map, "context", CONTEXT),
                       .max_patch = tl_get_int(map, "max_patch", PATCH)};
  if (rc == 0) {
    rc = tl_git_check_type(map, "git.changes", "renames", TL_BOOL, e);
  }
  if (rc == 0) {
    rc = tl_git_check_type(map, "git.changes", "log", TL_BOOL, e);
  }
  if (rc == 0 && (tl_git_check_type(map, "git.changes", "merges", TL_STR, e) < 0 ||
                  (!w->first_parent && strcmp(merges, "none") != 0))) {
    rc = tl_fail(e, TL_EARGUMENT, "git.changes: 'merges' is \"none\" or \"first-parent\"");
  }
  return rc < 0 ? rc : check_patch(map, w, e);
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
static tl_val file_value(const tl_git_file *file, const tl_git_told_file *told)
{
  const tl_git_counts *counts = &told->counts;
  char status[2] = {tl_git_file_status(file), '\0'};
  tl_val map = tl_map();
  tl_put(&map, "binary", tl_bool(counts->binary));
  if (!counts->binary) {
    tl_put(&map, "deletions", tl_int(counts->deletions));
    tl_put(&map, "insertions", tl_int(counts->insertions));
  }
  if (told->left_out) {
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

/* --- a commit as a value --- */

static tl_val told_value(const tl_git_wanted *wanted, tl_git_told *c)
{
  size_t len;
  bool whole = true;
  tl_val map = tl_map(), files = tl_list();
  for (size_t i = 0; i < c->files.n; i++) {
    tl_push(&files, file_value(&c->files.at[i], &c->told[i]));
    whole = whole && !c->told[i].left_out;
  }
  tl_put(&map, "commit", tl_git_id_text(&c->id));
  tl_put(&map, "files", files);
  if (wanted->log) {
    tl_put(&map, "log", c->log);
    c->log = tl_nil();
  }
  if (wanted->patch) {
    char *text = tl_buf_take(&c->patch, &len);
    tl_put(&map, "patch", tl_str_take(text, len));
    if (!whole) {
      tl_put(&map, "truncated", tl_bool(true));
    }
  }
  return map;
}

/* --- all together --- */

static int changes_work(tl_call *call)
{
  const tl_val *revs = &call->args[0];
  tl_git_wanted wanted;
  tl_git_told *commits;
  int rc = read_options(call, &wanted);
  if (rc < 0) {
    return rc;
  }
  rc = tl_git_survey(call, &wanted, revs, &commits);
  if (rc == 0) {
    call->out = tl_list();
    for (size_t i = 0; i < tl_len(revs); i++) {
      tl_push(&call->out, told_value(&wanted, &commits[i]));
    }
  }
  tl_git_told_free(commits, tl_len(revs));
  return rc;
}

/* args: commits (ids or other revisions), options {renames, merges, patch, context, max_patch, log},
 * repo. returns in the same order {commit, files, log?, patch?, truncated?}, a file {path, old_path?,
 * similarity?, status, insertions?, deletions?, binary, old_mode, new_mode, old_id, new_id,
 * left_out?}: what the commit changed against its first parent, with the numbers of `git log
 * --numstat -M` (--no-renames with renames = false) in a repository without gitattributes. A merge has
 * no files unless `merges` is "first-parent". What is not there has mode 000000. With `log` what
 * git.log tells of the commit. With `patch` the text that `git apply` takes, `context` (3) lines around
 * each hunk; the files that `max_patch` bytes (8 MiB) have no room for are missing from it, `left_out`
 * says which and `truncated` that there are some. LIMIT when all patches together are over 160 MiB.
 * Errors: tl_git_open, tl_git_resolve. */
int prim_git_changes(tl_call *call)
{
  tl_git_wanted wanted;
  int rc = read_options(call, &wanted);
  if (rc == 0) {
    rc = check_commits(&call->args[0], &call->err);
  }
  return rc < 0 ? rc : tl_git_apart(call, changes_work);
}
