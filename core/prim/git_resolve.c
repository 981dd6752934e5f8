/* git.resolve and git.blob: what a revision names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/buf.h"
#include "git_history.h"

enum {
  REV_MAX = 1024,      /* bytes of a revision */
  NEAR = 3,            /* names that an error shows */
  NEAR_LEN = 64,       /* longer names are not compared */
  PREFIX_MIN = 4,      /* hex digits that may stand for an id */
  BLOB_MAX = 64 << 20, /* bytes of git.blob where the caller says nothing */
};

/* --- near names --- */

typedef struct near_name {
  char name[NEAR_LEN + 1];
  size_t far;
} near_name;

typedef struct near_names {
  const char *wanted;
  near_name best[NEAR]; /* the nearest first; an empty name is no name */
} near_names;

/* How many letters are to be changed, put in or left out (Levenshtein); `most` and one at most. */
static size_t distance(const char *a, const char *b, size_t most)
{
  size_t row[NEAR_LEN + 1];
  size_t la = strlen(a), lb = strlen(b);
  if (la > NEAR_LEN || lb > NEAR_LEN || la > lb + most || lb > la + most) {
    return most + 1;
  }
  for (size_t j = 0; j <= lb; j++) {
    row[j] = j;
  }
  for (size_t i = 1; i <= la; i++) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= lb; j++) {
      size_t put = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
      size_t change = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      row[j] = put < change ? put : change;
    }
  }
  return row[lb];
}

static void consider(near_names *near, const char *name)
{
  size_t most = strlen(near->wanted) / 3 + 1;
  size_t far = distance(near->wanted, name, most);
  if (far > most && strlen(name) <= NEAR_LEN && *near->wanted &&
      (strstr(name, near->wanted) || strstr(near->wanted, name))) {
    far = most;
  }
  for (size_t i = 0; far <= most && i < NEAR; i++) {
    near_name *place = &near->best[i];
    if (strcmp(place->name, name) == 0) {
      return;
    }
    if (!*place->name || far < place->far) {
      memmove(place + 1, place, (NEAR - 1 - i) * sizeof *place);
      (void)snprintf(place->name, sizeof place->name, "%s", name);
      place->far = far;
      return;
    }
  }
}

static int each_reference(const char *name, void *payload)
{
  static const char *const prefixes[] = {"refs/heads/", "refs/tags/", "refs/remotes/"};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
    size_t len = strlen(prefixes[i]);
    if (strncmp(name, prefixes[i], len) == 0) {
      consider(payload, name + len);
    }
  }
  return 0;
}

/* --- ids that begin alike --- */

typedef struct alike {
  const char *digits;
  git_odb *odb;
  size_t n, commits;
  git_oid commit; /* the last of them */
  tl_buf words;   /* the first few, with what they are */
} alike;

static int each_object(const git_oid *id, void *payload)
{
  alike *a = payload;
  char hex[GIT_OID_HEXSZ + 1];
  size_t size;
  git_object_t type = GIT_OBJECT_INVALID;
  (void)tl_git.git_oid_tostr(hex, sizeof hex, id);
  if (strncasecmp(hex, a->digits, strlen(a->digits)) != 0) {
    return 0;
  }
  (void)tl_git.git_odb_read_header(&size, &type, a->odb, id);
  const char *what = type == GIT_OBJECT_COMMIT ? "commit"
                     : type == GIT_OBJECT_TREE ? "tree"
                     : type == GIT_OBJECT_BLOB ? "blob"
                                               : "tag";
  if (type == GIT_OBJECT_COMMIT) {
    a->commits++;
    a->commit = *id;
  }
  if (a->n++ < 5) {
    (void)tl_buf_fmt(&a->words, "%s%.12s (%s)", a->n > 1 ? ", " : "", hex, what);
  }
  return 0;
}

/* All objects whose ids begin with these hex digits. a->words is freed by the caller. */
static void look_alike(git_repository *repo, const char *digits, alike *a)
{
  *a = (alike){.digits = digits, .words = TL_BUF(512)};
  if (tl_git.git_repository_odb(&a->odb, repo) == 0) {
    (void)tl_git.git_odb_foreach(a->odb, each_object, a);
    tl_git.git_odb_free(a->odb);
  }
}

/* --- one revision --- */

static int fail_near(git_repository *repo, const char *rev, tl_err *e)
{
  near_names near = {.wanted = rev};
  char names[NEAR * (NEAR_LEN + 4)] = "";
  size_t digits = strspn(rev, "0123456789abcdefABCDEF");
  (void)tl_git.git_reference_foreach_name(repo, each_reference, &near);
  for (size_t i = 0; i < NEAR && *near.best[i].name; i++) {
    size_t at = strlen(names);
    (void)snprintf(names + at, sizeof names - at, "%s'%s'", i > 0 ? ", " : "", near.best[i].name);
  }
  if (*names) {
    return tl_fail(e, TL_ENOT_FOUND, "no revision '%s' in the git repository; near: %s", rev,
                   names);
  }
  if (rev[digits] == '\0' && digits >= PREFIX_MIN) {
    char start[PREFIX_MIN + 1];
    alike a;
    (void)snprintf(start, sizeof start, "%s", rev);
    look_alike(repo, start, &a);
    int rc = a.n > 0 ? tl_fail(e, TL_ENOT_FOUND,
                               "no commit '%s' in the git repository; ids that begin with %s: %s",
                               rev, start, a.words.data)
                     : tl_fail(e, TL_ENOT_FOUND,
                               "no commit '%s' in the git repository, nor one that begins with %s",
                               rev, start);
    tl_buf_free(&a.words);
    return rc;
  }
  return tl_fail(e, TL_ENOT_FOUND, "no revision '%s' in the git repository", rev);
}

/* Is what the name at the revision's start stands for, as in main~3, an object that cannot be read? */
static bool is_unreadable(git_repository *repo, const char *rev, git_oid *id)
{
  static const char *const homes[] = {"", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"};
  char name[REV_MAX + 16];
  git_odb *odb = NULL;
  git_odb_object *object = NULL;
  int rc = -1;
  for (size_t i = 0; rc < 0 && i < sizeof homes / sizeof *homes; i++) {
    (void)snprintf(name, sizeof name, "%s%.*s", homes[i], (int)strcspn(rev, "~^:@"), rev);
    rc = tl_git.git_reference_name_to_id(id, repo, name);
  }
  if (rc < 0 || tl_git.git_repository_odb(&odb, repo) < 0) {
    return false;
  }
  rc = tl_git.git_odb_read(&object, odb, id);
  tl_git.git_odb_object_free(object);
  tl_git.git_odb_free(odb);
  return rc < 0;
}

static int fail_rev(git_repository *repo, const char *rev, int rc, tl_err *e)
{
  git_oid id;
  const git_error *last = tl_git.git_error_last();
  if (rc == GIT_EINVALIDSPEC) {
    return tl_fail(e, TL_EINVALID, "'%s' is not a revision that git understands", rev);
  }
  if (tl_git.git_repository_head_unborn(repo) == 1) {
    return tl_fail(e, TL_ENOT_FOUND,
                   "no revision '%s': the git repository's branch has no commit yet", rev);
  }
  if (is_unreadable(repo, rev, &id)) {
    return tl_git_fail_object(e, rc, "read commit", &id);
  }
  if (rc == GIT_ENOTFOUND) {
    return fail_near(repo, rev, e);
  }
  return tl_fail(e, TL_EIO, "cannot find the revision '%s': %s", rev,
                 last ? last->message : "no reason was given");
}

/* An abbreviated id that several objects have means the one commit among them, as for git. */
static int choose(git_repository *repo, const char *rev, git_object **object, git_reference **ref,
                  tl_err *e)
{
  char digits[GIT_OID_HEXSZ + 1], hex[GIT_OID_HEXSZ + 1], whole[REV_MAX + GIT_OID_HEXSZ + 1];
  size_t n = strspn(rev, "0123456789abcdefABCDEF");
  alike a;
  (void)snprintf(digits, sizeof digits, "%.*s", (int)n, rev);
  look_alike(repo, digits, &a);
  int rc = TL_EINVALID;
  if (a.commits == 1) {
    (void)snprintf(whole, sizeof whole, "%s%s", tl_git.git_oid_tostr(hex, sizeof hex, &a.commit),
                   rev + n);
    rc = tl_git.git_revparse_ext(object, ref, repo, whole);
    rc = rc < 0 ? fail_rev(repo, rev, rc, e) : 0;
  } else {
    rc = tl_fail(e, rc, "'%s' is ambiguous, %zu objects begin so: %s", rev, a.n,
                 a.words.data ? a.words.data : "");
  }
  tl_buf_free(&a.words);
  return rc;
}

static int fail_kind(const char *rev, const git_object *object, tl_err *e)
{
  git_object_t type = tl_git.git_object_type(object);
  return tl_fail(e, TL_EINVALID, "'%s' names a %s, not a commit", rev,
                 type == GIT_OBJECT_TREE   ? "tree"
                 : type == GIT_OBJECT_BLOB ? "file's content"
                                           : "tag of something else");
}

static int resolve_one(git_repository *repo, const char *rev, git_oid *id, char ref_name[256],
                       tl_err *e)
{
  git_object *object = NULL, *commit = NULL;
  git_reference *ref = NULL;
  int rc = tl_git.git_revparse_ext(&object, &ref, repo, rev);
  if (rc == GIT_EAMBIGUOUS) {
    rc = choose(repo, rev, &object, &ref, e);
  } else if (rc < 0) {
    rc = fail_rev(repo, rev, rc, e);
  }
  if (rc == 0 && tl_git.git_object_peel(&commit, object, GIT_OBJECT_COMMIT) < 0) {
    rc = fail_kind(rev, object, e);
  }
  if (rc == 0) {
    *id = *tl_git.git_object_id(commit);
    (void)snprintf(ref_name, 256, "%s", ref ? tl_git.git_reference_name(ref) : "");
  }
  tl_git.git_object_free(commit);
  tl_git.git_object_free(object);
  tl_git.git_reference_free(ref);
  return rc;
}

/* --- ranges --- */

static int check_rev(const tl_val *rev, tl_err *e)
{
  const char *text = rev->u.s.data;
  size_t len = rev->u.s.len;
  if (len == 0 || len > REV_MAX) {
    return tl_fail(e, TL_EARGUMENT, "a revision has 1 to %d bytes, as in HEAD~3 or main..topic",
                   REV_MAX);
  }
  for (size_t i = 0; i < len; i++) {
    if ((unsigned char)text[i] < ' ' || text[i] == 127) {
      return tl_fail(e, TL_EARGUMENT, "a revision has no control characters");
    }
  }
  if (strstr(text, "...")) {
    return tl_fail(e, TL_EINVALID, "'%s' is a symmetric difference; a range is written A..B", text);
  }
  return 0;
}

int tl_git_resolve(git_repository *repo, const tl_val *rev, tl_git_range *range, tl_err *e)
{
  *range = (tl_git_range){0};
  int rc = check_rev(rev, e);
  if (rc < 0) {
    return rc;
  }
  /* A message that is searched for (:/text) may hold two dots; a path after ':' has no place here. */
  const char *text = rev->u.s.data;
  const char *dots = *text == ':' ? NULL : strstr(text, "..");
  if (!dots) {
    return resolve_one(repo, text, &range->to, range->ref, e);
  }
  char *from = tl_memdup0(text, (size_t)(dots - text));
  range->is_range = true;
  rc = resolve_one(repo, *from ? from : "HEAD", &range->from, range->ref, e);
  free(from);
  return rc < 0 ? rc : resolve_one(repo, dots[2] ? dots + 2 : "HEAD", &range->to, range->ref, e);
}

static int resolve_work(tl_call *call)
{
  git_repository *repo = NULL;
  tl_git_range range;
  int rc = tl_git_open_at(call, 1, &repo);
  if (rc < 0) {
    return rc;
  }
  rc = tl_git_resolve(repo, &call->args[0], &range, &call->err);
  if (rc == 0) {
    call->out = tl_map();
    tl_put(&call->out, "kind", tl_str(range.is_range ? "range" : "commit"));
    tl_put(&call->out, "commit", tl_git_id_text(&range.to));
    if (range.is_range) {
      tl_put(&call->out, "from", tl_git_id_text(&range.from));
    }
    if (*range.ref) {
      tl_put(&call->out, "ref", tl_str(range.ref));
    }
  }
  tl_git.git_repository_free(repo);
  return rc;
}

/* args: rev, repo. returns {kind = "commit"|"range", commit, from?, ref?}: the commit that a revision
 * names, or B and A (`from`) of a range A..B, either left out for HEAD; `ref` is the reference's full
 * name where one was meant (B's). Errors: tl_git_open, tl_git_resolve. */
int prim_git_resolve(tl_call *call)
{
  return tl_git_apart(call, resolve_work);
}

/* --- git.blob --- */

static int find_blob(git_repository *repo, const git_oid *id, const char *path, git_oid *blob,
                     tl_err *e)
{
  git_commit *commit = NULL;
  git_tree *tree = NULL;
  git_tree_entry *entry = NULL;
  int rc = tl_git.git_commit_lookup(&commit, repo, id);
  if (rc == 0) {
    rc = tl_git.git_commit_tree(&tree, commit);
  }
  if (rc < 0) {
    rc = tl_git_fail_object(e, rc, "read the tree of commit", id);
  } else if ((rc = tl_git.git_tree_entry_bypath(&entry, tree, path)) == GIT_ENOTFOUND) {
    rc = tl_fail(e, TL_ENOT_FOUND, "no file '%.300s' in that commit", path);
  } else if (rc < 0) {
    rc = tl_git_fail_object(e, rc, "find the file in the tree of commit", id);
  } else if (tl_git.git_tree_entry_type(entry) != GIT_OBJECT_BLOB) {
    bool folder = tl_git.git_tree_entry_type(entry) == GIT_OBJECT_TREE;
    rc = tl_fail(e, TL_EINVALID, "'%.300s' is a %s in that commit, not a file", path,
                 folder ? "folder" : "submodule");
  } else {
    *blob = *tl_git.git_tree_entry_id(entry);
  }
  tl_git.git_tree_entry_free(entry);
  tl_git.git_tree_free(tree);
  tl_git.git_commit_free(commit);
  return rc;
}

static int read_blob(git_repository *repo, const git_oid *id, const char *path, int64_t max,
                     tl_val *out, tl_err *e)
{
  git_odb *odb = NULL;
  git_odb_object *object = NULL;
  git_object_t type;
  size_t size = 0;
  int rc = tl_git.git_repository_odb(&odb, repo);
  if (rc == 0) {
    rc = tl_git.git_odb_read_header(&size, &type, odb, id);
  }
  if (rc == 0 && size > (uint64_t)max) {
    tl_git.git_odb_free(odb);
    return tl_fail(e, TL_ELIMIT, "the file '%.300s' has %zu bytes, at most %lld were asked for",
                   path, size, (long long)max);
  }
  if (rc == 0) {
    rc = tl_git.git_odb_read(&object, odb, id);
  }
  if (rc == 0) {
    *out = tl_strn(tl_git.git_odb_object_data(object), tl_git.git_odb_object_size(object));
  } else {
    rc = tl_git_fail_object(e, rc, "read the file's content,", id);
  }
  tl_git.git_odb_object_free(object);
  tl_git.git_odb_free(odb);
  return rc;
}

static int blob_work(tl_call *call)
{
  git_repository *repo = NULL;
  tl_git_range range;
  git_oid id;
  const char *path = call->args[1].u.s.data;
  int64_t max = call->args[3].type == TL_INT ? call->args[3].u.i : BLOB_MAX;
  int rc = tl_git_open_at(call, 2, &repo);
  if (rc < 0) {
    return rc;
  }
  rc = tl_git_resolve(repo, &call->args[0], &range, &call->err);
  if (rc == 0 && range.is_range) {
    rc = tl_fail(&call->err, TL_EINVALID, "git.blob takes one revision, not a range");
  }
  if (rc == 0) {
    rc = find_blob(repo, &range.to, path, &id, &call->err);
  }
  if (rc == 0) {
    rc = read_blob(repo, &id, path, max, &call->out, &call->err);
  }
  tl_git.git_repository_free(repo);
  return rc;
}

/* args: rev, path, repo, max. returns the bytes that the file at `path` (from the repository's root)
 * has in that commit; of a symbolic link its target. LIMIT over `max` bytes (64 MiB, at most that),
 * INVALID for a folder or submodule. Errors: tl_git_open, tl_git_resolve. */
int prim_git_blob(tl_call *call)
{
  const tl_val *path = &call->args[1], *max = &call->args[3];
  if (path->u.s.len == 0 || path->u.s.data[0] == '/' || memchr(path->u.s.data, 0, path->u.s.len)) {
    return tl_fail(&call->err, TL_EARGUMENT,
                   "git.blob: 'path' is a path from the repository's root, as in src/main.c");
  }
  if (max->type == TL_INT && (max->u.i < 0 || max->u.i > BLOB_MAX)) {
    return tl_fail(&call->err, TL_EARGUMENT, "git.blob: 'max' is from 0 to %d bytes", BLOB_MAX);
  }
  return tl_git_apart(call, blob_work);
}
