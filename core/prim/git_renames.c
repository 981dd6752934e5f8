/* Renames as `git log -M` finds them, in its three steps: the same content; the same last name, only
 * one of it on each side, and 75 % alike; then each that is left with each, the most alike first.
 *
 * Own code and not git_diff_find_similar: libgit2 measures likeness in another way, and the numbers
 * of a commit are to be git's. How git measures: gitdiffcore(7), and git's technical notes on
 * diffcore; contents are cut into lines of at most 64 bytes, and likeness is the part of the longer
 * content whose pieces the other has as well. */
#include <stdlib.h>
#include <string.h>

#include "../base/buf.h"
#include "git_changes.h"

enum {
  LIKE = TL_GIT_SCORE_MAX / 2,           /* from here on it is a rename */
  LIKE_NAMED = TL_GIT_SCORE_MAX / 4 * 3, /* where the last names are equal */
  PIECES = 107927,                       /* numbers of pieces; git's own, for the same scores */
  PIECE_MAX = 64,                        /* bytes of a piece */
  CANDIDATES = 4,                        /* of each new file that are remembered */
  LIMIT = 1000,                          /* sources times targets: at most its square (git's own) */
  SAME_MAX = 101,                        /* of equal contents that many are looked at, and one */
};

typedef struct piece {
  uint32_t number, bytes;
} piece;

typedef struct item {
  tl_git_file *file;
  const tl_git_side *side;
  const char *last; /* the path's last name */
  piece *pieces;    /* NULL: not read yet */
  size_t n, size;
  bool sized, used;
} item;

typedef struct finder {
  git_repository *repo;
  git_odb *odb;
  item *sources, *targets;
  size_t n_sources, n_targets;
  uint32_t *counts; /* PIECES places, all 0 between uses */
  tl_err *e;
} finder;

static bool is_file(const tl_git_side *side)
{
  return (side->mode & TL_GIT_KIND) == TL_GIT_FILE;
}

static const char *last_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static void rename_to(item *source, item *target, int score)
{
  target->file->old_path = tl_strdup(source->file->path);
  target->file->old = source->file->old;
  target->file->score = score;
  target->used = source->used = true;
}

/* --- how alike two contents are --- */

static int read_size(finder *f, item *it)
{
  git_object_t type;
  if (it->sized) {
    return 0;
  }
  int rc = tl_git.git_odb_read_header(&it->size, &type, f->odb, &it->side->id);
  it->sized = rc == 0;
  return rc < 0 ? tl_git_fail_object(f->e, rc, "read the size of a file's content,", &it->side->id)
                : 0;
}

/* Cuts the content into pieces and sums up the bytes of equal ones. A carriage return before the end
 * of a line counts for nothing in a text. What is left behind the last end is no piece. */
static void cut(finder *f, item *it, const tl_git_content *c)
{
  const unsigned char *at = (const unsigned char *)c->data, *end = at + c->size;
  uint32_t low = 0, high = 0, bytes = 0;
  size_t cap = 0;
  for (; at < end; at++) {
    if (!c->binary && *at == '\r' && at + 1 < end && at[1] == '\n') {
      continue;
    }
    uint32_t before = low;
    low = ((low << 7) ^ (high >> 25)) + *at;
    high = (high << 7) ^ (before >> 25);
    if (++bytes < PIECE_MAX && *at != '\n') {
      continue;
    }
    uint32_t number = (low + high * 0x61) % PIECES;
    if (f->counts[number] == 0) {
      if (it->n == cap) {
        cap = cap ? cap * 2 : 64;
        it->pieces = tl_realloc(it->pieces, cap * sizeof *it->pieces);
      }
      it->pieces[it->n++].number = number;
    }
    f->counts[number] += bytes;
    low = high = bytes = 0;
  }
  for (size_t i = 0; i < it->n; i++) {
    it->pieces[i].bytes = f->counts[it->pieces[i].number];
    f->counts[it->pieces[i].number] = 0;
  }
}

static int read_pieces(finder *f, item *it)
{
  tl_git_content content;
  if (it->pieces) {
    return 0;
  }
  int rc = tl_git_content_read(f->repo, it->side, &content, f->e);
  if (rc < 0) {
    return rc;
  }
  it->pieces = tl_alloc(sizeof *it->pieces);
  cut(f, it, &content);
  tl_git_content_free(&content);
  return 0;
}

static uint64_t common(finder *f, const item *a, const item *b)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < a->n; i++) {
    f->counts[a->pieces[i].number] = a->pieces[i].bytes;
  }
  for (size_t i = 0; i < b->n; i++) {
    uint32_t other = f->counts[b->pieces[i].number];
    sum += other < b->pieces[i].bytes ? other : b->pieces[i].bytes;
  }
  for (size_t i = 0; i < a->n; i++) {
    f->counts[a->pieces[i].number] = 0;
  }
  return sum;
}

/* The score, 0 when the sizes alone rule `least` out; or a failure. */
static int likeness(finder *f, item *source, item *target, int least)
{
  if (!is_file(source->side) || !is_file(target->side)) {
    return 0;
  }
  int rc = read_size(f, source);
  if (rc == 0) {
    rc = read_size(f, target);
  }
  if (rc < 0) {
    return rc;
  }
  size_t most = source->size > target->size ? source->size : target->size;
  size_t less = source->size > target->size ? target->size : source->size;
  if (target->size == 0 ||
      (double)most * (TL_GIT_SCORE_MAX - least) < (double)(most - less) * TL_GIT_SCORE_MAX) {
    return 0;
  }
  rc = read_pieces(f, source);
  if (rc == 0) {
    rc = read_pieces(f, target);
  }
  return rc < 0 ? rc : (int)((double)common(f, source, target) * TL_GIT_SCORE_MAX / (double)most);
}

/* --- the same content --- */

static int by_id(const void *a, const void *b)
{
  const item *x = *(item *const *)a, *y = *(item *const *)b;
  int by = memcmp(&x->side->id, &y->side->id, sizeof x->side->id);
  return by != 0 ? by : (x > y) - (x < y);
}

static bool same_kind(const item *source, const item *target)
{
  return (is_file(source->side) && is_file(target->side)) ||
         source->side->mode == target->side->mode;
}

/* The first free source of the same last name, or else the first free one. */
static item *same_content(item *const *sorted, size_t n, item *target)
{
  size_t low = 0, high = n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    bool less = memcmp(&sorted[middle]->side->id, &target->side->id, sizeof(git_oid)) < 0;
    low = less ? middle + 1 : low;
    high = less ? high : middle;
  }
  item *best = NULL;
  for (size_t seen = 0; low < n && seen <= SAME_MAX; low++) {
    item *source = sorted[low];
    if (memcmp(&source->side->id, &target->side->id, sizeof(git_oid)) != 0) {
      break;
    }
    if (source->used || !same_kind(source, target)) {
      continue;
    }
    if (strcmp(source->last, target->last) == 0) {
      return source;
    }
    best = best ? best : source;
    seen++;
  }
  return best;
}

static void find_same(finder *f)
{
  item **sorted = tl_alloc(f->n_sources * sizeof *sorted);
  for (size_t i = 0; i < f->n_sources; i++) {
    sorted[i] = &f->sources[i];
  }
  qsort(sorted, f->n_sources, sizeof *sorted, by_id);
  for (size_t i = 0; i < f->n_targets; i++) {
    item *source = same_content(sorted, f->n_sources, &f->targets[i]);
    if (source) {
      rename_to(source, &f->targets[i], TL_GIT_SCORE_MAX);
    }
  }
  free(sorted);
}

/* --- the same last name --- */

static int by_last(const void *a, const void *b)
{
  const item *x = *(item *const *)a, *y = *(item *const *)b;
  return strcmp(x->last, y->last);
}

/* The unused items whose last name no other unused one has, sorted by it. Freed by the caller. */
static item **only_of_their_name(item *items, size_t n, size_t *found)
{
  item **sorted = tl_alloc((n + 1) * sizeof *sorted);
  size_t unused = 0;
  *found = 0;
  for (size_t i = 0; i < n; i++) {
    if (!items[i].used) {
      sorted[unused++] = &items[i];
    }
  }
  qsort(sorted, unused, sizeof *sorted, by_last);
  for (size_t i = 0, next; i < unused; i = next) {
    for (next = i + 1; next < unused && by_last(&sorted[i], &sorted[next]) == 0;) {
      next++;
    }
    if (next == i + 1) {
      sorted[(*found)++] = sorted[i];
    }
  }
  return sorted;
}

/* Both lists are sorted by the name; each name is at most once in each. */
static int find_named(finder *f)
{
  size_t n, m, k = 0;
  int rc = 0;
  item **sources = only_of_their_name(f->sources, f->n_sources, &n);
  item **targets = only_of_their_name(f->targets, f->n_targets, &m);
  for (size_t i = 0; rc >= 0 && i < n; i++) {
    while (k < m && by_last(&targets[k], &sources[i]) < 0) {
      k++;
    }
    if (k < m && by_last(&targets[k], &sources[i]) == 0) {
      rc = likeness(f, sources[i], targets[k], LIKE_NAMED);
      if (rc >= LIKE_NAMED) {
        rename_to(sources[i], targets[k], rc);
      }
    }
  }
  free(sources);
  free(targets);
  return rc < 0 ? rc : 0;
}

/* --- each with each --- */

typedef struct pair {
  item *source, *target; /* no target: an empty place */
  int score;
  bool named;   /* the last names are equal */
  size_t order; /* keeps the sorting stable */
} pair;

/* Negative when a comes first: the likelier one; an empty place last. */
static int likelier(const pair *a, const pair *b)
{
  if (!a->target || !b->target) {
    return !a->target ? b->target != NULL : -1;
  }
  return a->score != b->score ? b->score - a->score : b->named - a->named;
}

static int by_likeness(const void *a, const void *b)
{
  const pair *x = a, *y = b;
  int by = likelier(x, y);
  return by != 0 ? by : (x->order > y->order) - (x->order < y->order);
}

static void remember(pair best[CANDIDATES], const pair *new)
{
  size_t worst = 0;
  for (size_t i = 1; i < CANDIDATES; i++) {
    if (likelier(&best[i], &best[worst]) > 0) {
      worst = i;
    }
  }
  if (likelier(&best[worst], new) > 0) {
    size_t order = best[worst].order;
    best[worst] = *new;
    best[worst].order = order;
  }
}

static int rate(finder *f, item *target, pair best[CANDIDATES])
{
  for (size_t i = 0; i < f->n_sources; i++) {
    item *source = &f->sources[i];
    if (source->used) {
      continue;
    }
    int score = likeness(f, source, target, LIKE);
    if (score < 0) {
      return score;
    }
    pair new = {source, target, score, strcmp(source->last, target->last) == 0, 0};
    remember(best, &new);
  }
  return 0;
}

static size_t unused(const item *items, size_t n)
{
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    count += !items[i].used;
  }
  return count;
}

static int find_alike(finder *f)
{
  size_t sources = unused(f->sources, f->n_sources), targets = unused(f->targets, f->n_targets);
  size_t n = 0;
  int rc = 0;
  if (sources == 0 || targets == 0 || sources > (size_t)LIMIT * LIMIT / targets) {
    return 0;
  }
  pair *pairs = tl_zalloc(targets * CANDIDATES * sizeof *pairs);
  for (size_t i = 0; i < targets * CANDIDATES; i++) {
    pairs[i].order = i;
  }
  for (size_t i = 0; rc == 0 && i < f->n_targets; i++) {
    if (!f->targets[i].used) {
      rc = rate(f, &f->targets[i], pairs + n);
      n += CANDIDATES;
    }
  }
  if (rc == 0) {
    qsort(pairs, n, sizeof *pairs, by_likeness);
    for (size_t i = 0; i < n && pairs[i].target && pairs[i].score >= LIKE; i++) {
      if (!pairs[i].source->used && !pairs[i].target->used) {
        rename_to(pairs[i].source, pairs[i].target, pairs[i].score);
      }
    }
  }
  free(pairs);
  return rc;
}

/* --- all together --- */

static void gather(finder *f, tl_git_files *files)
{
  f->sources = tl_zalloc((files->n + 1) * sizeof *f->sources);
  f->targets = tl_zalloc((files->n + 1) * sizeof *f->targets);
  for (size_t i = 0; i < files->n; i++) {
    tl_git_file *file = &files->at[i];
    item new = {.file = file, .last = last_name(file->path)};
    if (file->now.mode == 0) {
      new.side = &file->old;
      f->sources[f->n_sources++] = new;
    } else if (file->old.mode == 0) {
      new.side = &file->now;
      f->targets[f->n_targets++] = new;
    }
  }
}

/* What was renamed is one path now, at its new place. */
static void drop_used(finder *f, tl_git_files *files)
{
  size_t kept = 0;
  for (size_t i = 0; i < f->n_sources; i++) {
    if (f->sources[i].used) {
      free(f->sources[i].file->path);
      f->sources[i].file->path = NULL;
    }
  }
  for (size_t i = 0; i < files->n; i++) {
    if (files->at[i].path) {
      files->at[kept++] = files->at[i];
    }
  }
  files->n = kept;
}

static void free_items(item *items, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    free(items[i].pieces);
  }
  free(items);
}

int tl_git_renames_find(git_repository *repo, tl_git_files *files, tl_err *e)
{
  finder f = {.repo = repo, .e = e};
  int rc = 0;
  gather(&f, files);
  if (f.n_sources > 0 && f.n_targets > 0) {
    f.counts = tl_zalloc(PIECES * sizeof *f.counts);
    rc = tl_git.git_repository_odb(&f.odb, repo);
    rc = rc < 0 ? tl_git_fail(e, rc, "open the objects of the git repository") : 0;
    find_same(&f);
    if (rc == 0) {
      rc = find_named(&f);
    }
    if (rc == 0) {
      rc = find_alike(&f);
    }
    drop_used(&f, files);
    tl_git.git_odb_free(f.odb);
    free(f.counts);
  }
  free_items(f.sources, f.n_sources);
  free_items(f.targets, f.n_targets);
  return rc;
}
