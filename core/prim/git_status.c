/* git.status: libgit2's list of changed paths, less what is excluded. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buf.h"
#include "git.h"

enum { EXCLUDES_MAX = 256, PATTERN_MAX = 128, RULES_MAX = 1 << 20 };

/* --- what is left out ---
 *
 * Leaving paths out of the list is not enough: libgit2 would still walk all that lies there. So what
 * is known to be left out as a whole is also a rule of gitignore(5) that lives as long as the open
 * repository. Such a rule keeps untracked folders from being looked into; tracked files it does not
 * touch. */

/* A path prefix of whole components, or a compiled POSIX extended expression. */
typedef struct exclude {
  char *prefix; /* NULL: `pattern` holds */
  size_t len;
  regex_t pattern;
  bool open; /* the pattern has no `$`: what begins with a path that it matches is matched, too */
} exclude;

typedef struct excludes {
  exclude *at;
  size_t n;
  tl_buf rules; /* lines of gitignore */
} excludes;

static void excludes_free(excludes *x)
{
  for (size_t i = 0; i < x->n; i++) {
    if (x->at[i].prefix) {
      free(x->at[i].prefix);
    } else {
      regfree(&x->at[i].pattern);
    }
  }
  free(x->at);
  tl_buf_free(&x->rules);
  *x = (excludes){0};
}

/* Nested counted repetition can take all memory in regcomp(3) and a back reference all time in
 * regexec(3): a recipe may write neither. What is left runs in time linear in the path. */
static int compile(exclude *x, const char *text, bool trusted, tl_err *e)
{
  if (!trusted && (strlen(text) > PATTERN_MAX || strpbrk(text, "{\\"))) {
    return tl_fail(e, TL_EARGUMENT,
                   "the pattern '~%.200s' in exclude: at most %d bytes, without '{' and '\\'", text,
                   PATTERN_MAX);
  }
  int bad = regcomp(&x->pattern, text, REG_EXTENDED | REG_NOSUB);
  if (bad != 0) {
    char why[128];
    (void)regerror(bad, &x->pattern, why, sizeof why);
    return tl_fail(e, TL_EARGUMENT, "the pattern '~%s' in exclude: %s", text, why);
  }
  x->open = !strchr(text, '$');
  return 0;
}

/* A line that cannot be written (the buffer is full, a name with a line end) only saves no time. */
static void add_rule(tl_buf *rules, const char *prefix)
{
  size_t before = rules->len;
  bool ok = !strchr(prefix, '\n') && tl_buf_byte(rules, '/') == 0;
  for (const char *c = prefix; ok && *c; c++) {
    ok = (!strchr("\\*?[ ", *c) || tl_buf_byte(rules, '\\') == 0) && tl_buf_byte(rules, *c) == 0;
  }
  if (!ok || tl_buf_byte(rules, '\n') < 0) {
    rules->len = before;
  }
}

static int exclude_read(excludes *all, const tl_val *v, bool trusted, tl_err *e)
{
  exclude *x = &all->at[all->n];
  if (v->type != TL_STR || v->u.s.len == 0 || strlen(v->u.s.data) != v->u.s.len) {
    return tl_fail(e, TL_EARGUMENT, "exclude is a list of path prefixes, or patterns after a '~'");
  }
  if (trusted && v->u.s.data[0] == '/') {
    return tl_buf_fmt(&all->rules, "%s\n", v->u.s.data);
  }
  if (v->u.s.data[0] == '~') {
    int rc = compile(x, v->u.s.data + 1, trusted, e);
    all->n += rc == 0;
    return rc;
  }
  x->len = v->u.s.len;
  while (x->len > 1 && v->u.s.data[x->len - 1] == '/') {
    x->len--;
  }
  x->prefix = tl_memdup0(v->u.s.data, x->len);
  add_rule(&all->rules, x->prefix);
  all->n++;
  return 0;
}

static int excludes_read(excludes *x, const tl_val *list, bool trusted, tl_err *e)
{
  size_t n = tl_len(list);
  *x = (excludes){.rules = TL_BUF(RULES_MAX)};
  if (n > EXCLUDES_MAX) {
    return tl_fail(e, TL_ELIMIT, "exclude holds more than %d entries", EXCLUDES_MAX);
  }
  x->at = tl_zalloc((n + 1) * sizeof *x->at);
  for (size_t i = 0; i < n; i++) {
    int rc = exclude_read(x, tl_at(list, i), trusted, e);
    if (rc < 0) {
      excludes_free(x);
      return rc;
    }
  }
  return 0;
}

static bool is_excluded(const excludes *x, const char *path)
{
  for (size_t i = 0; i < x->n; i++) {
    const exclude *one = &x->at[i];
    if (!one->prefix) {
      if (regexec(&one->pattern, path, 0, NULL, 0) == 0) {
        return true;
      }
    } else if (strncmp(path, one->prefix, one->len) == 0 &&
               (path[one->len] == '\0' || path[one->len] == '/')) {
      return true;
    }
  }
  return false;
}

/* A tl_git_left_out. */
static bool is_left_out(const void *ud, const char *folder)
{
  const excludes *x = ud;
  for (size_t i = 0; i < x->n; i++) {
    const exclude *one = &x->at[i];
    bool out = one->prefix ? strncmp(folder, one->prefix, one->len) == 0 && folder[one->len] == '/'
                           : one->open && regexec(&one->pattern, folder, 0, NULL, 0) == 0;
    if (out) {
      return true;
    }
  }
  return false;
}

/* --- the working tree --- */

/* core.worktree of a hostile repository could point at any folder of the user, whose files would
 * then be read as changes. The folder that holds `.git` is the only one taken: the working tree
 * must hold one itself, and HEAD must be found from there. */
static int check_workdir(git_repository *repo, const char **workdir, tl_err *e)
{
  const char *dir = tl_git.git_repository_workdir(repo);
  git_repository *again = NULL;
  if (!dir) {
    return tl_git_fail(e, GIT_EBAREREPO, "read the state of the git repository");
  }
  int rc = tl_git.git_repository_open_ext(&again, dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
  const char *same = rc == 0 ? tl_git.git_repository_path(again) : NULL;
  bool elsewhere = !same || strcmp(same, tl_git.git_repository_path(repo)) != 0;
  tl_git.git_repository_free(again);
  if (elsewhere) {
    return tl_fail(e, TL_EREFUSED,
                   "this git repository's configuration puts its files elsewhere (core.worktree)");
  }
  *workdir = dir;
  return 0;
}

/* --- changes --- */

static int by_path(const void *a, const void *b)
{
  const tl_git_change *x = a;
  const tl_git_change *y = b;
  return strcmp(x->path, y->path);
}

void tl_git_changes_free(tl_git_changes *changes)
{
  for (size_t i = 0; i < changes->n; i++) {
    free(changes->at[i].path);
  }
  free(changes->at);
  *changes = (tl_git_changes){0};
}

static void collect(tl_git_changes *changes, git_status_list *list, const excludes *x)
{
  size_t n = tl_git.git_status_list_entrycount(list);
  *changes = (tl_git_changes){.at = tl_zalloc((n + 1) * sizeof *changes->at)};
  for (size_t i = 0; i < n; i++) {
    const git_status_entry *entry = tl_git.git_status_byindex(list, i);
    const git_diff_delta *delta =
        entry->index_to_workdir ? entry->index_to_workdir : entry->head_to_index;
    if (!is_excluded(x, delta->old_file.path)) {
      changes->at[changes->n++] = (tl_git_change){.path = tl_strdup(delta->old_file.path),
                                                  .flags = (unsigned)entry->status};
    }
  }
  if (changes->n > 1) {
    qsort(changes->at, changes->n, sizeof *changes->at, by_path);
  }
}

static int read_changes(git_repository *repo, const excludes *x, const char *workdir,
                        tl_git_changes *changes, tl_err *e)
{
  git_status_options how = {
      .version = GIT_STATUS_OPTIONS_VERSION,
      .flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS,
  };
  git_status_list *list = NULL;
  int scoped = tl_git_scope(repo, workdir, is_left_out, x, &how.pathspec, e);
  if (scoped < 0) {
    return scoped;
  }
  if (scoped > 0) {
    how.flags |= GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
  }
  int rc = x->rules.len > 0 ? tl_git.git_ignore_add_rule(repo, x->rules.data) : 0;
  if (rc == 0 && (!scoped || how.pathspec.count > 0)) {
    rc = tl_git.git_status_list_new(&list, repo, &how);
  }
  if (rc < 0) {
    rc = tl_git_fail(e, rc, "read the state of the git repository");
  } else if (list) {
    collect(changes, list, x);
  }
  tl_git.git_status_list_free(list);
  tl_git_scope_free(&how.pathspec);
  return rc;
}

int tl_git_changes_read(tl_call *call, git_repository *repo, tl_git_changes *changes,
                        const char **workdir)
{
  excludes x;
  *changes = (tl_git_changes){0};
  int rc = check_workdir(repo, workdir, &call->err);
  if (rc == 0) {
    rc = excludes_read(&x, &call->args[1], call->places[0].trusted, &call->err);
  }
  if (rc < 0) {
    return rc;
  }
  rc = read_changes(repo, &x, *workdir, changes, &call->err);
  excludes_free(&x);
  return rc;
}

/* --- git.status --- */

/* What became of the path between HEAD and the working tree, staged or not. */
static const char *state_word(unsigned flags)
{
  if (flags & GIT_STATUS_CONFLICTED) {
    return "conflicted";
  }
  if (flags == GIT_STATUS_WT_NEW) {
    return "untracked";
  }
  bool gone = (flags & GIT_STATUS_WT_DELETED) ||
              ((flags & GIT_STATUS_INDEX_DELETED) && !(flags & GIT_STATUS_WT_NEW));
  if (gone) {
    return "deleted";
  }
  if (flags & GIT_STATUS_INDEX_NEW) {
    return "added";
  }
  return flags & (GIT_STATUS_INDEX_TYPECHANGE | GIT_STATUS_WT_TYPECHANGE) ? "typechange"
                                                                          : "modified";
}

static int status_work(tl_call *call)
{
  git_repository *repo = NULL;
  tl_git_changes changes;
  const char *workdir;
  int rc = tl_git_open(call, &repo);
  if (rc < 0) {
    return rc;
  }
  rc = tl_git_changes_read(call, repo, &changes, &workdir);
  if (rc == 0) {
    call->out = tl_list();
    for (size_t i = 0; i < changes.n; i++) {
      tl_val *entry = tl_push(&call->out, tl_map());
      tl_put(entry, "path", tl_str(changes.at[i].path));
      tl_put(entry, "state", tl_str(state_word(changes.at[i].flags)));
    }
  }
  tl_git_changes_free(&changes);
  tl_git.git_repository_free(repo);
  return rc;
}

/* args: repo, exclude. returns a list of {path, state}, sorted by path; state is untracked, added,
 * modified, deleted, typechange or conflicted, seen from HEAD. Ignored files are not listed. A
 * repository of its own that is not a submodule is one entry, its path ending in a slash. For the
 * command line an entry of `exclude` that begins with '/' is a rule of gitignore(5). */
int prim_git_status(tl_call *call)
{
  return tl_git_apart(call, status_work);
}
