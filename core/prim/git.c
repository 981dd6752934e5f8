#include "git.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"
#include "git_history.h"

#ifndef TL_LIBGIT2
#define TL_LIBGIT2 "libgit2.so.1.5"
#endif

struct tl_git tl_git;

/* --- the library --- */

/* Debian's libgit2 speaks TLS by mbedTLS and parses the whole CA bundle (144 certificates) in
 * git_libgit2_init: the first git.head of a process takes 6.6 ms of CPU with that and 3.5 without;
 * most of the rest is the loader. We never ask libgit2 to reach a network, so this symbol of ours
 * stands before mbedTLS's (the Makefile exports it; a name in the program comes before the
 * libraries') and says "0 certificates failed". Should libgit2 ever be made to connect, it would
 * know no authority and refuse every server. A libgit2 with another TLS library never looks. */
/* NOLINTNEXTLINE(misc-use-internal-linkage): libgit2 must find it */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);
__attribute__((used, visibility("default"))) int mbedtls_x509_crt_parse_file(void *chain,
                                                                             const char *path)
{
  (void)chain;
  (void)path;
  return 0;
}

/* No configuration but the repository's own: an empty path list for each of the other levels. */
static int forget_user_config(void)
{
  static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                               GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
    int rc = tl_git.git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
    if (rc < 0) {
      return rc;
    }
  }
  return 0;
}

int tl_git_load(tl_err *e)
{
  static const tl_lazy_name names[] = {TL_LAZY_NAMES(TL_GIT_FUNCTIONS)};
  static bool loaded;
  if (loaded) {
    return 0;
  }
  int rc = tl_lazy_open(TL_LIBGIT2, names, sizeof names / sizeof *names, &tl_git, e);
  if (rc < 0) {
    return rc;
  }
  rc = tl_git.git_libgit2_init();
  if (rc >= 0) {
    rc = forget_user_config();
  }
  if (rc < 0) {
    return tl_git_fail(e, rc, "start libgit2");
  }
  loaded = true;
  return 0;
}

/* --- failures --- */

/* libgit2 says only in words that a repository uses what it does not know; of SHA-256 since 1.7 in
 * words of their own. */
static bool is_unsupported(const char *text)
{
  return strstr(text, "unsupported extension") || strstr(text, "unsupported repository version") ||
         strstr(text, "unknown object format");
}

static int fail_unsupported(tl_err *e, const char *text)
{
  if (strstr(text, "unknown object format")) {
    text = "extensions.objectformat";
  }
  const char *name = strstr(text, "extensions.");
  if (name) {
    return tl_fail(e, TL_EUNSUPPORTED,
                   "this git repository uses '%.60s'%s, which libgit2 cannot read", name,
                   strstr(name, "objectformat") ? " (SHA-256)" : "");
  }
  return tl_fail(e, TL_EUNSUPPORTED, "libgit2 cannot read this git repository: %s", text);
}

int tl_git_fail(tl_err *e, int rc, const char *doing)
{
  const git_error *last = tl_git.git_error_last();
  const char *text = last ? last->message : "no reason was given";
  if (last && last->klass == GIT_ERROR_NOMEMORY) { /* an object can ask for any amount */
    return tl_fail(e, TL_ELIMIT, "cannot %s: that takes more memory than reading a repository may",
                   doing);
  }
  if (is_unsupported(text)) {
    return fail_unsupported(e, text);
  }
  if (strstr(text, "safe.directory")) {
    rc = GIT_EOWNER; /* 1.5 looks for that setting, finds no configuration and says just this */
  }
  if (strstr(text, "graft")) { /* 1.9's words for what is no list of commits */
    return tl_fail(e, TL_EIO, "cannot %s: its file 'shallow' is damaged: %s", doing, text);
  }
  switch (rc) {
  case GIT_EOWNER:
    return tl_fail(e, TL_EREFUSED,
                   "cannot %s: its folder belongs to another user; change the owner (chown) or "
                   "work in a clone of your own",
                   doing);
  case GIT_EBAREREPO:
    return tl_fail(e, TL_EUNSUPPORTED, "cannot %s: it is bare, it has no working tree", doing);
  case GIT_ENOTFOUND: return tl_fail(e, TL_ENOT_FOUND, "cannot %s: %s", doing, text);
  default: return tl_fail(e, TL_EIO, "cannot %s: %s", doing, text);
  }
}

/* --- opening --- */

/* The folder of argument `arg`; where it is left out, the place is the gate's choice. */
static int start_folder(tl_call *call, unsigned arg, char path[PATH_MAX], bool *trusted)
{
  const tl_place *place;
  int rc = tl_fs_place(call, arg, 0, &place);
  if (rc < 0) {
    return rc;
  }
  *trusted = place->trusted;
  int fd = tl_fs_open_folder(place, &call->err);
  if (fd == TL_EARGUMENT) {
    return tl_fail(&call->err, TL_EINVALID,
                   "%.200s is no folder, so no git repository; a bundle or an archive has to be "
                   "unpacked first, as by git clone",
                   place->shown);
  }
  if (fd < 0) {
    return fd;
  }
  /* What libgit2 needs, reached without following any link. */
  rc = tl_fs_path_of(fd, path)
           ? 0
           : tl_fail_errno(&call->err, errno, "cannot find the path of %s", place->shown);
  (void)close(fd);
  return rc;
}

int tl_git_open(tl_call *call, git_repository **repo)
{
  return tl_git_open_at(call, 0, repo);
}

int tl_git_open_at(tl_call *call, unsigned arg, git_repository **repo)
{
  char path[PATH_MAX];
  bool trusted = false;
  *repo = NULL;
  int rc = start_folder(call, arg, path, &trusted);
  if (rc < 0) {
    return rc;
  }
  /* What the person at the command line points at may belong to somebody else (a mounted volume):
   * nothing of it is run. A recipe's choice may not. */
  tl_git.git_error_clear();
  rc = tl_git.git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, trusted ? 0 : 1);
  if (rc == 0) {
    rc = tl_git.git_repository_open_ext(repo, path, 0, NULL);
  }
  if (rc == 0) {
    rc = tl_git_keep_to(call->guard, trusted, *repo, path, &call->err);
    if (rc < 0) {
      tl_git.git_repository_free(*repo);
      *repo = NULL;
    }
    return rc;
  }
  rc = tl_git_fail(&call->err, rc, "open the git repository");
  return rc == TL_ENOT_FOUND ? tl_fail(&call->err, rc, "not in a git repository") : rc;
}

/* --- HEAD --- */

/* The reference that HEAD resolves to; NULL (and 0) while its branch has no commit. */
static int head_reference(git_repository *repo, git_reference **head, tl_err *e)
{
  *head = NULL;
  int rc = tl_git.git_repository_head(head, repo);
  if (rc == GIT_EUNBORNBRANCH) {
    return 0;
  }
  return rc < 0 ? tl_git_fail(e, rc, "read HEAD of the git repository") : 0;
}

static int commit_of(git_reference *head, git_commit **commit, tl_err *e)
{
  git_object *object = NULL;
  int rc = tl_git.git_reference_peel(&object, head, GIT_OBJECT_COMMIT);
  if (rc < 0) {
    return tl_git_fail_object(e, rc, "read the commit that HEAD names",
                              tl_git.git_reference_target(head));
  }
  *commit = (git_commit *)object;
  return 0;
}

int tl_git_head_commit(git_repository *repo, git_commit **commit, tl_err *e)
{
  git_reference *head = NULL;
  *commit = NULL;
  int rc = head_reference(repo, &head, e);
  if (rc == 0 && head) {
    rc = commit_of(head, commit, e);
  }
  tl_git.git_reference_free(head);
  return rc;
}

/* The branch that HEAD is on, TL_NIL when it is detached. head: NULL before the first commit. */
static int branch_of(git_repository *repo, git_reference *head, tl_val *branch, tl_err *e)
{
  static const char prefix[] = "refs/heads/";
  if (head) {
    bool on = tl_git.git_reference_is_branch(head) == 1;
    *branch = on ? tl_str(tl_git.git_reference_shorthand(head)) : tl_nil();
    return 0;
  }
  git_reference *ref = NULL;
  int rc = tl_git.git_reference_lookup(&ref, repo, "HEAD");
  if (rc < 0) {
    return tl_git_fail(e, rc, "read HEAD of the git repository");
  }
  const char *target = tl_git.git_reference_symbolic_target(ref);
  bool on = target && strncmp(target, prefix, sizeof prefix - 1) == 0;
  *branch = on ? tl_str(target + sizeof prefix - 1) : tl_nil();
  tl_git.git_reference_free(ref);
  return 0;
}

static tl_val oid_text(const git_oid *id)
{
  char hex[GIT_OID_HEXSZ + 1];
  return tl_str(tl_git.git_oid_tostr(hex, sizeof hex, id));
}

static tl_val author_text(const git_signature *who)
{
  tl_buf text = TL_BUF(4096);
  size_t len;
  if (tl_buf_fmt(&text, "%s <%s>", who->name, who->email) < 0) {
    tl_buf_clear(&text);
  }
  char *data = tl_buf_take(&text, &len);
  return tl_str_take(data, len);
}

static void put_commit(tl_val *map, git_commit *commit)
{
  const char *subject = tl_git.git_commit_summary(commit);
  tl_put(map, "commit", oid_text(tl_git.git_commit_id(commit)));
  tl_put(map, "tree", oid_text(tl_git.git_commit_tree_id(commit)));
  tl_put(map, "author", author_text(tl_git.git_commit_author(commit)));
  tl_put(map, "time", tl_int(tl_git.git_commit_time(commit)));
  tl_put(map, "subject", tl_str(subject ? subject : ""));
}

int tl_git_head_work(tl_call *call)
{
  git_repository *repo = NULL;
  git_reference *head = NULL;
  git_commit *commit = NULL;
  tl_val branch = tl_nil();
  int rc = tl_git_open(call, &repo);
  if (rc < 0) {
    return rc;
  }
  rc = head_reference(repo, &head, &call->err);
  if (rc == 0) {
    rc = branch_of(repo, head, &branch, &call->err);
  }
  if (rc == 0 && head) {
    rc = commit_of(head, &commit, &call->err);
  }
  if (rc == 0) {
    call->out = tl_map();
    if (commit) {
      put_commit(&call->out, commit);
    } else {
      tl_put(&call->out, "unborn", tl_bool(true));
    }
    if (branch.type == TL_STR) {
      tl_put(&call->out, "branch", tl_copy(&branch));
    }
    tl_put(&call->out, "shallow", tl_bool(tl_git.git_repository_is_shallow(repo) == 1));
  }
  tl_free(&branch);
  tl_git.git_commit_free(commit);
  tl_git.git_reference_free(head);
  tl_git.git_repository_free(repo);
  return rc;
}

/* args: repo. returns {commit, tree, branch, author "Name <mail>", time (committed, seconds since
 * 1970), subject, shallow}. `branch` is absent when HEAD is detached; before the first commit
 * `unborn` is true and what belongs to a commit is absent. Errors: tl_git_open. */
int prim_git_head(tl_call *call)
{
  return tl_git_apart(call, tl_git_head_work);
}

static int branch_work(tl_call *call)
{
  git_repository *repo = NULL;
  git_reference *head = NULL;
  int rc = tl_git_open(call, &repo);
  if (rc < 0) {
    return rc;
  }
  rc = head_reference(repo, &head, &call->err);
  if (rc == 0) {
    rc = branch_of(repo, head, &call->out, &call->err);
  }
  tl_git.git_reference_free(head);
  tl_git.git_repository_free(repo);
  return rc;
}

/* args: repo. returns the branch's short name, nil when HEAD is detached. Errors: tl_git_open. */
int prim_git_branch(tl_call *call)
{
  return tl_git_apart(call, branch_work);
}

/* --- describe --- */

static int describe(git_commit *commit, tl_val *out, tl_err *e)
{
  git_describe_options how = {
      .version = GIT_DESCRIBE_OPTIONS_VERSION,
      .max_candidates_tags = GIT_DESCRIBE_DEFAULT_MAX_CANDIDATES_TAGS,
      .describe_strategy = GIT_DESCRIBE_TAGS,
      .show_commit_oid_as_fallback = 1,
  };
  git_describe_format_options form = {
      .version = GIT_DESCRIBE_FORMAT_OPTIONS_VERSION,
      .abbreviated_size = GIT_DESCRIBE_DEFAULT_ABBREVIATED_SIZE,
  };
  git_describe_result *found = NULL;
  git_buf text = {0};
  int rc = tl_git.git_describe_commit(&found, (git_object *)commit, &how);
  if (rc == 0) {
    rc = tl_git.git_describe_format(&text, found, &form);
  }
  if (rc == 0) {
    *out = tl_strn(text.ptr, text.size);
  }
  tl_git.git_buf_dispose(&text);
  tl_git.git_describe_result_free(found);
  return rc < 0 ? tl_git_fail_object(e, rc, "describe HEAD", NULL) : 0;
}

int tl_git_describe_work(tl_call *call)
{
  git_repository *repo = NULL;
  git_commit *commit = NULL;
  int rc = tl_git_open(call, &repo);
  if (rc < 0) {
    return rc;
  }
  rc = tl_git_head_commit(repo, &commit, &call->err);
  if (rc == 0 && !commit) {
    rc = tl_fail(&call->err, TL_ENOT_FOUND, "cannot describe HEAD: the branch has no commit yet");
  }
  if (rc == 0) {
    rc = describe(commit, &call->out, &call->err);
  }
  tl_git.git_commit_free(commit);
  tl_git.git_repository_free(repo);
  return rc;
}

/* args: repo. returns what `git describe --tags --always` says, with seven digits of the commit
 * (git itself takes more in repositories of many thousand objects). NOT_FOUND before the first
 * commit. Errors: tl_git_open. */
int prim_git_describe(tl_call *call)
{
  return tl_git_apart(call, tl_git_describe_work);
}
