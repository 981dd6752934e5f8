/* What git.resolve, git.log, git.blob and git.changes share. Private to core/prim. */
#ifndef TL_PRIM_GIT_HISTORY_H
#define TL_PRIM_GIT_HISTORY_H

#include "git.h"

/* --- a set of ids (git_ids.c) --- */

typedef struct tl_git_ids {
  git_oid *at; /* open addressing; an id of zeros is an empty place */
  size_t n, cap;
} tl_git_ids;

/* False when the id was in the set before. */
bool tl_git_ids_add(tl_git_ids *ids, const git_oid *id);
bool tl_git_ids_has(const tl_git_ids *ids, const git_oid *id);
void tl_git_ids_free(tl_git_ids *ids);

/* The commits of a shallow clone whose parents are not there (gitrepository-layout(5), `shallow`);
 * empty in a whole repository. Freed by the caller. */
int tl_git_shallow_read(git_repository *repo, tl_git_ids *ids, tl_err *e);

/* tl_git_fail where an object that another one names could not be read: the repository is damaged
 * (TL_EIO). The words end in the object's id, where it is known (else NULL). */
int tl_git_fail_object(tl_err *e, int rc, const char *doing, const git_oid *id);

/* The id as 40 hex digits. */
tl_val tl_git_id_text(const git_oid *id);

/* --- revisions (git_resolve.c) --- */

typedef struct tl_git_range {
  git_oid to;
  git_oid from;  /* of A..B: A */
  bool is_range; /* A..B; `from` counts */
  char ref[256]; /* the full name of the reference that was meant, "" when none was */
} tl_git_range;

/* What a revision or a range A..B names (gitrevisions(7)). TL_ENOT_FOUND names near ones,
 * TL_EINVALID candidates of what is ambiguous, or what it is when it is no commit. */
int tl_git_resolve(git_repository *repo, const tl_val *rev, tl_git_range *range, tl_err *e);

/* --- walking (git_walk.c) --- */

typedef struct tl_git_walk tl_git_walk;

/* All commits that `range` reaches, the newest first as `git log` has them: by the committer's
 * clock, a commit always after one of its children. Ended by tl_git_walk_free, on failure too. */
int tl_git_walk_new(git_repository *repo, const tl_git_range *range, tl_git_walk **walk, tl_err *e);
/* 1 and the next commit, freed by the caller; 0 at the end; or a failure. */
int tl_git_walk_next(tl_git_walk *walk, git_commit **commit, tl_err *e);
/* The commits whose parents are cut off. Borrowed. */
const tl_git_ids *tl_git_walk_shallow(const tl_git_walk *walk);
void tl_git_walk_free(tl_git_walk *walk);

/* --- a commit (git_commit.c) --- */

/* {commit, parents, tree, author_name, author_email, author_time (RFC 3339), committer_name,
 * committer_email, commit_time (seconds since 1970), subject, body}; `parents` of its parents are
 * told: none where a shallow clone cuts them off. */
tl_val tl_git_commit_value(git_commit *commit, unsigned parents);

/* --- options --- */

/* TL_EARGUMENT when the map has a key that is not in `names` (separated by blanks). */
int tl_git_check_keys(const tl_val *map, const char *op, const char *names, tl_err *e);
/* TL_EARGUMENT when `key` is there and of another type. */
int tl_git_check_type(const tl_val *map, const char *op, const char *key, tl_type type, tl_err *e);

#endif
