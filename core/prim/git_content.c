/* What a path holds in a commit, and how many lines of it changed. */
#include <stdio.h>
#include <string.h>

#include "git_changes.h"

enum { BINARY_LOOK = 8000, BIG = 512 << 20 }; /* as git: buffer_is_binary, core.bigFileThreshold */
enum { PLAIN_MAX = 64 };                      /* lines that are compared each with each */
enum { STRIDE = 64 };                         /* bytes that are compared at once */

static int read_size(git_repository *repo, const git_oid *id, size_t *size)
{
  git_odb *odb = NULL;
  git_object_t type;
  int rc = tl_git.git_repository_odb(&odb, repo);
  rc = rc < 0 ? rc : tl_git.git_odb_read_header(size, &type, odb, id);
  if (rc == 0 && type != GIT_OBJECT_BLOB) {
    (void)tl_git.git_error_set_str(GIT_ERROR_ODB, "it is of another kind");
    rc = GIT_ERROR;
  }
  tl_git.git_odb_free(odb);
  return rc;
}

int tl_git_content_read(git_repository *repo, const tl_git_side *side, tl_git_content *c, tl_err *e)
{
  *c = (tl_git_content){.data = ""};
  if (side->mode == 0) {
    return 0;
  }
  if ((side->mode & TL_GIT_KIND) == TL_GIT_SUBMODULE) {
    char hex[GIT_OID_HEXSZ + 1];
    (void)snprintf(c->line, sizeof c->line, "Subproject commit %s\n",
                   tl_git.git_oid_tostr(hex, sizeof hex, &side->id));
    c->data = c->line;
    c->size = strlen(c->line);
    return 0;
  }
  int rc = read_size(repo, &side->id, &c->size);
  if (rc == 0 && c->size > BIG) { /* not read at all, so that memory stays flat */
    c->too_big = c->binary = true;
    return 0;
  }
  rc = rc < 0 ? rc : tl_git.git_blob_lookup(&c->blob, repo, &side->id);
  if (rc < 0) {
    return tl_git_fail_object(e, rc, "read a file's content,", &side->id);
  }
  c->size = (size_t)tl_git.git_blob_rawsize(c->blob);
  c->data = c->size > 0 ? tl_git.git_blob_rawcontent(c->blob) : "";
  c->binary = memchr(c->data, '\0', c->size < BINARY_LOOK ? c->size : BINARY_LOOK);
  return 0;
}

void tl_git_content_free(tl_git_content *c)
{
  tl_git.git_blob_free(c->blob);
  c->blob = NULL;
}

/* --- lines --- */

typedef struct span {
  const char *at, *end;
} span;

static const char *line_end(span s)
{
  const char *end = memchr(s.at, '\n', (size_t)(s.end - s.at));
  return end ? end + 1 : s.end;
}

static int64_t lines_of(span s)
{
  int64_t n = 0;
  for (; s.at < s.end; s.at = line_end(s)) {
    n++;
  }
  return n;
}

int64_t tl_git_lines(const tl_git_content *c)
{
  return lines_of((span){c->data, c->data + c->size});
}

/* How many bytes both begin with. */
static size_t same_start(span a, span b)
{
  size_t n = 0, most = (size_t)(a.end - a.at < b.end - b.at ? a.end - a.at : b.end - b.at);
  while (most - n >= STRIDE && memcmp(a.at + n, b.at + n, STRIDE) == 0) {
    n += STRIDE;
  }
  while (n < most && a.at[n] == b.at[n]) {
    n++;
  }
  return n;
}

/* How many bytes both end with. */
static size_t same_end(span a, span b)
{
  size_t n = 0, most = (size_t)(a.end - a.at < b.end - b.at ? a.end - a.at : b.end - b.at);
  while (most - n >= STRIDE && memcmp(a.end - n - STRIDE, b.end - n - STRIDE, STRIDE) == 0) {
    n += STRIDE;
  }
  while (n < most && a.end[-1 - (ptrdiff_t)n] == b.end[-1 - (ptrdiff_t)n]) {
    n++;
  }
  return n;
}

/* Cuts off the lines that both begin and end with. */
static void trim(span *a, span *b)
{
  const char *last = memrchr(a->at, '\n', same_start(*a, *b));
  if (last) {
    b->at += last + 1 - a->at;
    a->at = last + 1;
  }
  size_t n = same_end(*a, *b);
  const char *x = a->end - n, *y = b->end - n;
  bool whole = (x == a->at || x[-1] == '\n') && (y == b->at || y[-1] == '\n');
  const char *next = whole ? x : line_end((span){x, a->end});
  b->end = y + (next - x);
  a->end = next;
}

static bool share_a_line(span a, span b)
{
  for (; a.at < a.end; a.at = line_end(a)) {
    size_t len = (size_t)(line_end(a) - a.at);
    for (span c = b; c.at < c.end; c.at = line_end(c)) {
      if ((size_t)(line_end(c) - c.at) == len && memcmp(a.at, c.at, len) == 0) {
        return true;
      }
    }
  }
  return false;
}

/* Between what both begin and end with there is often nothing in common: then all of it changed, in
 * whatever way contents are compared, and comparing them is not needed. */
static bool count_plainly(const tl_git_content *old, const tl_git_content *now,
                          tl_git_counts *counts)
{
  span a = {old->data, old->data + old->size}, b = {now->data, now->data + now->size};
  trim(&a, &b);
  int64_t gone = lines_of(a), came = lines_of(b);
  if (gone > 0 && came > 0 && (gone > PLAIN_MAX || came > PLAIN_MAX || share_a_line(a, b))) {
    return false;
  }
  counts->deletions = gone;
  counts->insertions = came;
  return true;
}

int tl_git_compare(const tl_git_content *old, const tl_git_content *now, uint32_t flags,
                   uint32_t context, git_diff_hunk_cb each_hunk, git_diff_line_cb each_line,
                   void *payload)
{
  git_diff_options how = {
      .version = GIT_DIFF_OPTIONS_VERSION,
      .flags = GIT_DIFF_FORCE_TEXT | flags,
      .ignore_submodules = GIT_SUBMODULE_IGNORE_NONE,
      .context_lines = context,
      .max_size = -1,
  };
  if (old->blob && now->blob) {
    return tl_git.git_diff_blobs(old->blob, "", now->blob, "", &how, NULL, NULL, each_hunk,
                                 each_line, payload);
  }
  return tl_git.git_diff_buffers(old->data, old->size, NULL, now->data, now->size, NULL, &how, NULL,
                                 NULL, each_hunk, each_line, payload);
}

static int each_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk, void *payload)
{
  tl_git_counts *counts = payload;
  (void)delta;
  counts->insertions += hunk->new_lines;
  counts->deletions += hunk->old_lines;
  return 0;
}

/* Without context a hunk is what changed and nothing else. */
static int count_lines(const tl_git_content *old, const tl_git_content *now, tl_git_counts *counts,
                       tl_err *e)
{
  int rc = tl_git_compare(old, now, 0, 0, each_hunk, NULL, counts);
  return rc < 0 ? tl_git_fail(e, rc, "compare two contents of a file") : 0;
}

int tl_git_count(git_repository *repo, const tl_git_file *file, tl_git_counts *counts, tl_err *e)
{
  tl_git_content old, now = {0};
  *counts = (tl_git_counts){0};
  int rc = tl_git_content_read(repo, &file->old, &old, e);
  if (rc == 0) {
    rc = tl_git_content_read(repo, &file->now, &now, e);
  }
  if (rc < 0) {
    tl_git_content_free(&old);
    return rc;
  }
  counts->binary = old.binary || now.binary;
  if (counts->binary || memcmp(&file->old.id, &file->now.id, sizeof file->old.id) == 0) {
    /* nothing to count */
  } else if (old.size == 0 || now.size == 0) {
    counts->insertions = tl_git_lines(&now);
    counts->deletions = tl_git_lines(&old);
  } else if (!count_plainly(&old, &now, counts)) {
    rc = count_lines(&old, &now, counts, e);
  }
  tl_git_content_free(&old);
  tl_git_content_free(&now);
  return rc;
}
