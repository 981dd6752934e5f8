/* Commits in the order of `git log`.
 *
 * Own code and not git_revwalk: libgit2 1.5 knows nothing of shallow clones and stops at the first
 * parent that is not there. What a range leaves out is marked first, all of it: exact whatever the
 * clocks of the committers said. */
#include <stdlib.h>
#include <string.h>

#include "../base/buf.h"
#include "git_history.h"

typedef struct waiting {
  git_commit *commit;
  git_time_t time;
  size_t order; /* among commits of one second the first that was met */
} waiting;

struct tl_git_walk {
  git_repository *repo;
  tl_git_ids seen;    /* waiting, given out, or left out by the range */
  tl_git_ids shallow; /* commits whose parents are cut off */
  waiting *heap;      /* the newest in front */
  size_t n, cap, met;
};

static bool before(const waiting *a, const waiting *b)
{
  return a->time != b->time ? a->time > b->time : a->order < b->order;
}

static void push(tl_git_walk *w, git_commit *commit)
{
  if (w->n == w->cap) {
    w->cap = w->cap ? w->cap * 2 : 64;
    w->heap = tl_realloc(w->heap, w->cap * sizeof *w->heap);
  }
  waiting item = {commit, tl_git.git_commit_time(commit), w->met++};
  size_t i = w->n++;
  for (; i > 0 && before(&item, &w->heap[(i - 1) / 2]); i = (i - 1) / 2) {
    w->heap[i] = w->heap[(i - 1) / 2];
  }
  w->heap[i] = item;
}

static git_commit *pop(tl_git_walk *w)
{
  git_commit *first = w->heap[0].commit;
  waiting item = w->heap[--w->n];
  size_t i = 0;
  for (size_t child = 1; child < w->n; child = 2 * i + 1) {
    child += child + 1 < w->n && before(&w->heap[child + 1], &w->heap[child]);
    if (!before(&w->heap[child], &item)) {
      break;
    }
    w->heap[i] = w->heap[child];
    i = child;
  }
  w->heap[i] = item;
  return first;
}

static int meet(tl_git_walk *w, const git_oid *id, tl_err *e)
{
  git_commit *commit = NULL;
  if (!tl_git_ids_add(&w->seen, id)) {
    return 0;
  }
  int rc = tl_git.git_commit_lookup(&commit, w->repo, id);
  if (rc < 0) {
    return tl_git_fail_object(e, rc, "read commit", id);
  }
  push(w, commit);
  return 0;
}

int tl_git_walk_next(tl_git_walk *w, git_commit **commit, tl_err *e)
{
  if (w->n == 0) {
    return 0;
  }
  *commit = pop(w);
  unsigned n = tl_git.git_commit_parentcount(*commit);
  if (tl_git_ids_has(&w->shallow, tl_git.git_commit_id(*commit))) {
    n = 0;
  }
  for (unsigned i = 0; i < n; i++) {
    int rc = meet(w, tl_git.git_commit_parent_id(*commit, i), e);
    if (rc < 0) {
      tl_git.git_commit_free(*commit);
      return rc;
    }
  }
  return 1;
}

int tl_git_walk_new(git_repository *repo, const tl_git_range *range, tl_git_walk **walk, tl_err *e)
{
  tl_git_walk *w = tl_zalloc(sizeof *w);
  git_commit *hidden;
  *walk = w;
  w->repo = repo;
  int rc = tl_git_shallow_read(repo, &w->shallow, e);
  if (rc == 0 && range->is_range) {
    rc = meet(w, &range->from, e);
    while (rc == 0 && w->n > 0) {
      rc = tl_git_walk_next(w, &hidden, e);
      if (rc == 1) {
        tl_git.git_commit_free(hidden);
        rc = 0;
      }
    }
  }
  return rc < 0 ? rc : meet(w, &range->to, e);
}

const tl_git_ids *tl_git_walk_shallow(const tl_git_walk *walk)
{
  return &walk->shallow;
}

void tl_git_walk_free(tl_git_walk *w)
{
  if (!w) {
    return;
  }
  for (size_t i = 0; i < w->n; i++) {
    tl_git.git_commit_free(w->heap[i].commit);
  }
  free(w->heap);
  tl_git_ids_free(&w->seen);
  tl_git_ids_free(&w->shallow);
  free(w);
}
