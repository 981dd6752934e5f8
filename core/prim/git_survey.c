/* What many commits changed, read by a thread for each processor.
 *
 * First which paths each commit changed, a row of neighbours at a time: they share most of their
 * trees. Then what changed in the paths, one path after the other: what a commit found there is what
 * an older one left, and the versions of a file are stored as differences from each other. A thread
 * has a repository of its own, as libgit2 wants it; what was unpacked of a pack is shared. */
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "git_changes.h"

enum {
  CACHE_MAX = 16 << 20,   /* bytes of objects that a thread keeps at hand */
  CACHE_OBJECT = 1 << 20, /* larger ones are not kept */
  THREADS_MAX = 16,
  COMMITS_LEAST = 16,     /* that are worth a thread of their own */
  ROWS = 4,               /* of commits for each thread, so that all end together */
  VERSIONS = 256,         /* of a path that a thread takes at once */
  ANSWER_MAX = 160 << 20, /* of all patches of an answer; a frame has 256 MiB (wire.h) */
};

typedef struct survey survey;

/* A thread, with a repository of its own. */
typedef struct reader {
  survey *survey;
  git_repository *repo;
  git_odb *odb;
  git_repository *objects; /* the same objects and nothing else: no attributes are looked for */
  size_t at;               /* the piece of work it took last */
  int rc;
  tl_err e;
} reader;

/* A path of a commit. */
typedef struct version {
  tl_git_told *commit;
  size_t file;
} version;

struct survey {
  const tl_git_wanted *wanted;
  const tl_val *revs;
  tl_git_told *commits;
  size_t n;
  version *versions; /* of all commits, by path */
  size_t *rows;      /* where a new piece of them begins, and behind the last their number */
  size_t row_count;
  tl_git_ids shallow;
  reader readers[THREADS_MAX];
  size_t reader_count;
  int (*piece)(reader *r, size_t i); /* what is done now, */
  size_t pieces;                     /* so often */
  atomic_size_t next;                /* which nobody has taken yet */
  atomic_size_t patches;             /* bytes of all */
};

/* --- side by side --- */

static void *work(void *arg)
{
  reader *r = arg;
  survey *s = r->survey;
  size_t i;
  while (r->rc == 0 && (i = atomic_fetch_add(&s->next, 1)) < s->pieces) {
    r->at = i;
    r->rc = s->piece(r, i);
  }
  return NULL;
}

/* Has all pieces done. Of several failures the one that a single thread would have met is told: the
 * pieces are taken in their order, so that all before it were done. */
static int side_by_side(survey *s, int (*piece)(reader *r, size_t i), size_t pieces, tl_err *e)
{
  pthread_t threads[THREADS_MAX];
  const reader *failed = NULL;
  size_t n = 1;
  s->piece = piece;
  s->pieces = pieces;
  s->next = 0;
  while (n < s->reader_count && n < pieces &&
         pthread_create(&threads[n], NULL, work, &s->readers[n]) == 0) {
    n++;
  }
  (void)work(&s->readers[0]);
  for (size_t i = 1; i < n; i++) {
    (void)pthread_join(threads[i], NULL);
  }
  for (size_t i = 0; i < n; i++) {
    const reader *r = &s->readers[i];
    failed = r->rc < 0 && (!failed || r->at < failed->at) ? r : failed;
  }
  if (failed) {
    *e = failed->e;
  }
  return failed ? failed->rc : 0;
}

/* --- which paths --- */

static int find_commit(reader *r, const tl_val *rev, git_commit **commit)
{
  git_oid id;
  tl_git_range range;
  if (rev->u.s.len == GIT_OID_HEXSZ && tl_git.git_oid_fromstr(&id, rev->u.s.data) == 0) {
    int rc = tl_git.git_commit_lookup(commit, r->repo, &id);
    if (rc == 0) {
      return 0;
    }
  }
  int rc = tl_git_resolve(r->repo, rev, &range, &r->e);
  if (rc == 0 && range.is_range) {
    rc = tl_fail(&r->e, TL_EINVALID, "git.changes takes commits, not a range; git.log lists them");
  }
  if (rc < 0) {
    return rc;
  }
  rc = tl_git.git_commit_lookup(commit, r->repo, &range.to);
  return rc < 0 ? tl_git_fail_object(&r->e, rc, "read commit", &range.to) : 0;
}

static int tree_of(reader *r, const git_oid *id, git_oid *tree)
{
  git_commit *commit = NULL;
  int rc = tl_git.git_commit_lookup(&commit, r->repo, id);
  if (rc < 0) {
    return tl_git_fail_object(&r->e, rc, "read commit", id);
  }
  *tree = *tl_git.git_commit_tree_id(commit);
  tl_git.git_commit_free(commit);
  return 0;
}

/* All paths that the commit changed, against its first parent. */
static int changed(reader *r, git_commit *commit, unsigned parents, tl_git_files *files)
{
  const tl_git_wanted *wanted = r->survey->wanted;
  git_oid old;
  int rc = 0;
  if (parents > 1 && !wanted->first_parent) {
    return 0;
  }
  if (parents > 0) {
    rc = tree_of(r, tl_git.git_commit_parent_id(commit, 0), &old);
  }
  if (rc == 0) {
    rc = tl_git_tree_compare(r->odb, parents > 0 ? &old : NULL, tl_git.git_commit_tree_id(commit),
                             files, &r->e);
  }
  return rc == 0 && wanted->renames ? tl_git_renames_find(r->objects, files, &r->e) : rc;
}

static int look_at(reader *r, const tl_val *rev, tl_git_told *c)
{
  git_commit *commit = NULL;
  int rc = find_commit(r, rev, &commit);
  if (rc < 0) {
    return rc;
  }
  c->id = *tl_git.git_commit_id(commit);
  bool cut = tl_git_ids_has(&r->survey->shallow, &c->id);
  unsigned parents = cut ? 0 : tl_git.git_commit_parentcount(commit);
  rc = changed(r, commit, parents, &c->files);
  if (rc == 0 && r->survey->wanted->log) {
    c->log = tl_git_commit_value(commit, parents);
  }
  c->told = tl_zalloc(c->files.n * sizeof *c->told);
  tl_git.git_commit_free(commit);
  return rc;
}

static int look(reader *r, size_t i)
{
  survey *s = r->survey;
  size_t end = s->n * (i + 1) / s->pieces;
  int rc = 0;
  for (size_t k = s->n * i / s->pieces; rc == 0 && k < end; k++) {
    rc = look_at(r, tl_at(s->revs, k), &s->commits[k]);
  }
  return rc;
}

/* --- the paths in their order --- */

static const char *path_of(const version *v)
{
  return v->commit->files.at[v->file].path;
}

static int by_path(const void *a, const void *b)
{
  const version *x = a, *y = b;
  int by = strcmp(path_of(x), path_of(y));
  by = by != 0 ? by : (x->commit > y->commit) - (x->commit < y->commit);
  return by != 0 ? by : (x->file > y->file) - (x->file < y->file);
}

/* A piece is one path: no other thread needs what is unpacked for it. */
static void arrange(survey *s)
{
  size_t files = 0, k = 0;
  for (size_t i = 0; i < s->n; i++) {
    files += s->commits[i].files.n;
  }
  s->versions = tl_alloc(files * sizeof *s->versions);
  s->rows = tl_alloc((files + 1) * sizeof *s->rows);
  for (size_t i = 0; i < s->n; i++) {
    for (size_t f = 0; f < s->commits[i].files.n; f++) {
      s->versions[k++] = (version){&s->commits[i], f};
    }
  }
  qsort(s->versions, files, sizeof *s->versions, by_path);
  for (size_t i = 0; i < files; i++) {
    if (i == 0 || i - s->rows[s->row_count - 1] >= VERSIONS ||
        strcmp(path_of(&s->versions[i - 1]), path_of(&s->versions[i])) != 0) {
      s->rows[s->row_count++] = i;
    }
  }
  s->rows[s->row_count] = files;
}

/* --- what changed in them --- */

static size_t least(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* A commit's patches count up to what it may have; beyond that they are not kept, since what is left
 * out is settled when all are known (finish). So it does not matter who comes first. */
static int keep(reader *r, tl_git_told *c, tl_git_told_file *told)
{
  size_t most = (size_t)r->survey->wanted->max_patch, len = told->patch.len;
  size_t before = atomic_fetch_add(&c->bytes, len);
  size_t more = least(before + len, most) - least(before, most);
  if (before + len > most) {
    tl_buf_free(&told->patch);
  }
  if (atomic_fetch_add(&r->survey->patches, more) + more > ANSWER_MAX) {
    return tl_fail(&r->e, TL_ELIMIT,
                   "the patches of these commits have over %d MiB; ask for fewer at once",
                   ANSWER_MAX >> 20);
  }
  return 0;
}

/* Appends to `patch` where the file has room in it. */
static int write_patch(reader *r, const tl_git_file *file, tl_git_told_file *told, tl_buf *patch)
{
  bool fits;
  uint32_t context = (uint32_t)r->survey->wanted->context;
  int rc = tl_git_unified(r->objects, file, context, patch, &told->counts, &fits, &r->e);
  told->left_out = !fits;
  return rc;
}

static int tell(reader *r, size_t i)
{
  survey *s = r->survey;
  int rc = 0;
  for (size_t k = s->rows[i]; rc == 0 && k < s->rows[i + 1]; k++) {
    tl_git_told *c = s->versions[k].commit;
    const tl_git_file *file = &c->files.at[s->versions[k].file];
    tl_git_told_file *told = &c->told[s->versions[k].file];
    if (!s->wanted->patch) {
      rc = tl_git_count(r->objects, file, &told->counts, &r->e);
      continue;
    }
    told->patch = TL_BUF((size_t)s->wanted->max_patch);
    rc = write_patch(r, file, told, &told->patch);
    rc = rc == 0 ? keep(r, c, told) : rc;
  }
  return rc;
}

/* The commit's patch, the files in their order. Where they are too much, each has what those before
 * it left. */
static int finish(reader *r, tl_git_told *c)
{
  size_t most = (size_t)r->survey->wanted->max_patch;
  bool whole = c->bytes <= most;
  int rc = 0;
  c->patch = TL_BUF(most);
  for (size_t f = 0; rc == 0 && f < c->files.n; f++) {
    tl_git_told_file *told = &c->told[f];
    rc = !whole                ? write_patch(r, &c->files.at[f], told, &c->patch)
         : told->patch.len > 0 ? tl_buf_add(&c->patch, told->patch.data, told->patch.len)
                               : 0;
    tl_buf_free(&told->patch);
  }
  return rc;
}

static int finish_all(survey *s, tl_err *e)
{
  reader *r = &s->readers[0];
  int rc = 0;
  for (size_t i = 0; rc == 0 && s->wanted->patch && i < s->n; i++) {
    rc = finish(r, &s->commits[i]);
  }
  if (rc < 0) {
    *e = r->e;
  }
  return rc;
}

/* --- all together --- */

static size_t threads_for(size_t commits)
{
  cpu_set_t set;
  size_t cores = sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
  return least(least(cores, THREADS_MAX), commits / COMMITS_LEAST + 1);
}

/* What a mined repository holds is not proven to have its names: that takes half of the time, and
 * what a damaged object says is seen soon enough. Objects met once are met again in the next commit.
 * Contents come and go, and at each large one that goes glibc tidies all of its fast bins: without them
 * it takes a twelfth less (mallopt(3); this process does nothing else). */
static void set_library(void)
{
  (void)mallopt(M_MXFAST, 0);
  (void)tl_git.git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
  (void)tl_git.git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_MAX);
  (void)tl_git.git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE,
                                (size_t)CACHE_OBJECT);
  (void)tl_git.git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_BLOB,
                                (size_t)CACHE_OBJECT);
}

static int open_reader(tl_call *call, survey *s)
{
  reader *r = &s->readers[s->reader_count];
  *r = (reader){.survey = s};
  int rc = tl_git_open_at(call, 2, &r->repo);
  if (rc < 0) {
    return rc;
  }
  s->reader_count++;
  rc = tl_git.git_repository_odb(&r->odb, r->repo);
  if (rc == 0) {
    rc = tl_git.git_repository_wrap_odb(&r->objects, r->odb);
  }
  return rc < 0 ? tl_git_fail(&call->err, rc, "open the objects of the git repository") : 0;
}

static int survey_all(tl_call *call, survey *s)
{
  size_t threads = threads_for(s->n);
  int rc = 0;
  set_library();
  while (rc == 0 && s->reader_count < threads) {
    rc = open_reader(call, s);
  }
  if (rc == 0) {
    rc = tl_git_shallow_read(s->readers[0].repo, &s->shallow, &call->err);
  }
  if (rc == 0) {
    rc = side_by_side(s, look, least(s->n, threads * ROWS), &call->err);
  }
  if (rc == 0) {
    arrange(s);
    rc = side_by_side(s, tell, s->row_count, &call->err);
  }
  return rc < 0 ? rc : finish_all(s, &call->err);
}

int tl_git_survey(tl_call *call, const tl_git_wanted *wanted, const tl_val *revs,
                  tl_git_told **commits)
{
  survey s = {.wanted = wanted, .revs = revs, .n = tl_len(revs)};
  s.commits = *commits = tl_zalloc(s.n * sizeof *s.commits);
  int rc = survey_all(call, &s);
  free(s.versions);
  free(s.rows);
  tl_git_ids_free(&s.shallow);
  for (size_t i = 0; i < s.reader_count; i++) {
    tl_git.git_repository_free(s.readers[i].objects);
    tl_git.git_odb_free(s.readers[i].odb);
    tl_git.git_repository_free(s.readers[i].repo);
  }
  return rc;
}

void tl_git_told_free(tl_git_told *commits, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    tl_git_told *c = &commits[i];
    for (size_t f = 0; c->told && f < c->files.n; f++) {
      tl_buf_free(&c->told[f].patch);
    }
    free(c->told);
    tl_git_files_free(&c->files);
    tl_free(&c->log);
    tl_buf_free(&c->patch);
  }
  free(commits);
}
