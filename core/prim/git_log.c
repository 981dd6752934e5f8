/* git.log: commits with who, when and why, filtered. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../base/buf.h"
#include "git_history.h"

enum {
  LOG_MAX = 48 << 20, /* a record's line ends at 64 MiB */
  COMMIT_BYTES = 600,
  ID_BYTES = GIT_OID_HEXSZ + 3, /* in JSON */
  CACHE_MAX = 4 << 20,          /* bytes of objects at hand: a walk meets a commit once */
};

#define KEYS "from ids limit skip since until author grep path merges"

typedef struct query {
  int64_t limit, skip, since, until;
  const char *author, *grep, *merges;
  bool ids;
  const tl_val *path; /* a list of text, or NULL */
} query;

typedef struct logger {
  git_repository *repo;
  tl_git_walk *walk;
  query q;
  int64_t bytes;
  tl_err *e;
} logger;

/* --- the query --- */

static int check_paths(const tl_val *paths, tl_err *e)
{
  for (size_t i = 0; i < tl_len(paths); i++) {
    const tl_val *path = tl_at(paths, i);
    if (path->type != TL_STR || path->u.s.len == 0 || path->u.s.data[0] == '/' ||
        memchr(path->u.s.data, '\0', path->u.s.len)) {
      return tl_fail(
          e, TL_EARGUMENT,
          "git.log: 'path' is a list of paths from the repository's root, as in src/lib");
    }
  }
  return 0;
}

static int check_query(const tl_val *map, const query *q, tl_err *e)
{
  static const struct {
    const char *key;
    tl_type type;
  } keys[] = {{"limit", TL_INT}, {"skip", TL_INT},   {"since", TL_INT},
              {"until", TL_INT}, {"from", TL_STR},   {"author", TL_STR},
              {"grep", TL_STR},  {"merges", TL_STR}, {"ids", TL_BOOL}};
  int rc = tl_git_check_keys(map, "git.log", KEYS, e);
  for (size_t i = 0; rc == 0 && i < sizeof keys / sizeof *keys; i++) {
    rc = tl_git_check_type(map, "git.log", keys[i].key, keys[i].type, e);
  }
  if (rc == 0 && tl_len(tl_get(map, "path")) > 0) {
    rc = tl_git_check_type(map, "git.log", "path", TL_LIST, e);
  }
  if (rc == 0) {
    rc = check_paths(q->path, e);
  }
  if (rc == 0 && (q->limit < 0 || q->skip < 0)) {
    rc = tl_fail(e, TL_EARGUMENT, "git.log: 'limit' (0 is all) and 'skip' are not negative");
  }
  if (rc == 0 && strcmp(q->merges, "include") != 0 && strcmp(q->merges, "exclude") != 0 &&
      strcmp(q->merges, "only") != 0) {
    rc = tl_fail(e, TL_EARGUMENT, "git.log: 'merges' is include, exclude or only");
  }
  return rc;
}

static int read_query(const tl_val *map, query *q, tl_err *e)
{
  static const tl_val none = {.type = TL_LIST};
  const tl_val *path = tl_get(map, "path");
  *q = (query){
      .limit = tl_get_int(map, "limit", 0),
      .skip = tl_get_int(map, "skip", 0),
      .since = tl_get_int(map, "since", INT64_MIN),
      .until = tl_get_int(map, "until", INT64_MAX),
      .author = tl_get_str(map, "author", ""),
      .grep = tl_get_str(map, "grep", ""),
      .merges = tl_get_str(map, "merges", "include"),
      .ids = tl_get_bool(map, "ids", false),
      .path = path && path->type == TL_LIST ? path : &none,
  };
  return check_query(map, q, e);
}

/* --- by path --- */

typedef struct spot {
  git_oid id; /* of zeros where there is nothing */
  git_filemode_t mode;
} spot;

static int look(logger *l, const git_oid *commit_id, const char *path, spot *s)
{
  git_commit *commit = NULL;
  git_tree *tree = NULL;
  git_tree_entry *entry = NULL;
  *s = (spot){0};
  int rc = tl_git.git_commit_lookup(&commit, l->repo, commit_id);
  if (rc == 0) {
    rc = tl_git.git_commit_tree(&tree, commit);
  }
  if (rc == 0) {
    rc = tl_git.git_tree_entry_bypath(&entry, tree, path);
    if (rc == 0) {
      *s = (spot){*tl_git.git_tree_entry_id(entry), tl_git.git_tree_entry_filemode(entry)};
    }
    rc = rc == GIT_ENOTFOUND ? 0 : rc;
  }
  tl_git.git_tree_entry_free(entry);
  tl_git.git_tree_free(tree);
  tl_git.git_commit_free(commit);
  return rc < 0 ? tl_git_fail_object(l->e, rc, "read the tree of commit", commit_id) : 0;
}

/* 1 when what lies at `path` differs from any of the n parents', or from nothing without one. */
static int differs_at(logger *l, git_commit *commit, unsigned n, const char *path)
{
  spot now, then = {0};
  int rc = look(l, tl_git.git_commit_id(commit), path, &now);
  bool differs = n == 0 && memcmp(&now.id, &then.id, sizeof now.id) != 0;
  for (unsigned i = 0; rc == 0 && !differs && i < n; i++) {
    rc = look(l, tl_git.git_commit_parent_id(commit, i), path, &then);
    differs = memcmp(&now.id, &then.id, sizeof now.id) != 0 || now.mode != then.mode;
  }
  return rc < 0 ? rc : differs;
}

static int touches(logger *l, git_commit *commit, unsigned parents)
{
  int rc = tl_len(l->q.path) == 0;
  for (size_t i = 0; rc == 0 && i < tl_len(l->q.path); i++) {
    const tl_val *path = tl_at(l->q.path, i);
    char *clean = tl_strdup(path->u.s.data);
    for (size_t n = path->u.s.len; n > 1 && clean[n - 1] == '/'; n--) {
      clean[n - 1] = '\0';
    }
    rc = differs_at(l, commit, parents, clean);
    free(clean);
  }
  return rc;
}

/* --- filters --- */

static bool by_author(git_commit *commit, const char *wanted)
{
  const git_signature *who = tl_git.git_commit_author(commit);
  tl_buf text = TL_BUF(1 << 20);
  bool found =
      tl_buf_fmt(&text, "%s <%s>", who->name, who->email) == 0 && strcasestr(text.data, wanted);
  tl_buf_free(&text);
  return found;
}

/* 1 when the commit is wanted. */
static int fits(logger *l, git_commit *commit, unsigned parents)
{
  const query *q = &l->q;
  git_time_t time = tl_git.git_commit_time(commit);
  bool merge = parents > 1;
  if (time < q->since || time > q->until || (merge && *q->merges == 'e') ||
      (!merge && *q->merges == 'o')) {
    return 0;
  }
  if ((*q->author && !by_author(commit, q->author)) ||
      (*q->grep && !strcasestr(tl_git.git_commit_message(commit), q->grep))) {
    return 0;
  }
  return touches(l, commit, parents);
}

/* --- all together --- */

static int take(logger *l, git_commit *commit, tl_val *out)
{
  const git_oid *id = tl_git.git_commit_id(commit);
  bool cut = tl_git_ids_has(tl_git_walk_shallow(l->walk), id);
  unsigned parents = cut ? 0 : tl_git.git_commit_parentcount(commit);
  int rc = fits(l, commit, parents);
  if (rc <= 0 || l->q.skip-- > 0) {
    return rc < 0 ? rc : 0;
  }
  l->bytes +=
      l->q.ids ? ID_BYTES : COMMIT_BYTES + (int64_t)strlen(tl_git.git_commit_message(commit));
  if (l->bytes > LOG_MAX) {
    return tl_fail(
        l->e, TL_ELIMIT,
        "the log has over %d MiB after %zu commits; ask for parts with 'limit' and 'skip'",
        LOG_MAX >> 20, tl_len(out));
  }
  tl_push(out, l->q.ids ? tl_git_id_text(id) : tl_git_commit_value(commit, parents));
  return 0;
}

static int collect(logger *l, tl_val *out)
{
  git_commit *commit;
  int rc = 1;
  while ((l->q.limit == 0 || (int64_t)tl_len(out) < l->q.limit) && rc > 0) {
    rc = tl_git_walk_next(l->walk, &commit, l->e);
    if (rc > 0) {
      int taken = take(l, commit, out);
      tl_git.git_commit_free(commit);
      rc = taken < 0 ? taken : rc;
    }
  }
  return rc < 0 ? rc : 0;
}

static int log_work(tl_call *call)
{
  const tl_val *map = &call->args[0];
  logger l = {.e = &call->err};
  tl_val from = tl_str(tl_get_str(map, "from", "HEAD"));
  tl_git_range range;
  int rc = read_query(map, &l.q, l.e);
  if (rc == 0) {
    rc = tl_git_open_at(call, 1, &l.repo);
  }
  if (rc == 0) {
    (void)tl_git.git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_MAX);
    rc = tl_git_resolve(l.repo, &from, &range, l.e);
  }
  if (rc == 0) {
    rc = tl_git_walk_new(l.repo, &range, &l.walk, l.e);
  }
  if (rc == 0) {
    call->out = tl_list();
    rc = collect(&l, &call->out);
  }
  if (rc < 0) {
    tl_free(&call->out);
  }
  tl_git_walk_free(l.walk);
  tl_git.git_repository_free(l.repo);
  tl_free(&from);
  return rc;
}

/* args: query {from, ids, limit, skip, since, until, author, grep, path, merges}, repo. returns the
 * commits of a revision or range (HEAD) that fit, the newest first, as tl_git_commit_value; with `ids`
 * their ids alone: a million has room in one answer. `since` and `until` are seconds of the commit's
 * time, both within; `author` and `grep` parts of author and message, whatever their case; `path`
 * keeps commits that differ there from any parent (as git's --full-history); `merges` is include,
 * exclude or only. The oldest commits of a shallow clone have no parents. LIMIT over 48 MiB. Errors:
 * tl_git_open, tl_git_resolve. */
int prim_git_log(tl_call *call)
{
  query q;
  int rc = read_query(&call->args[0], &q, &call->err);
  return rc < 0 ? rc : tl_git_apart(call, log_work);
}
