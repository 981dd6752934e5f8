/* The second half of index.rebuild: rows are sorted, and copied from the scratch file into the new
 * runs.csv. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "index_edit.h"
#include "index_rebuild.h"

enum { CHUNK = 1 << 20 };

static const char new_name[] = "runs.new"; /* TL_INDEX_NEW in .tlab */

tl_rebuild_row *tl_rebuild_add(tl_rebuild_rows *rows)
{
  if (rows->n == rows->cap) {
    rows->cap = rows->cap ? rows->cap * 2 : 1024;
    rows->at = tl_realloc(rows->at, rows->cap * sizeof *rows->at);
  }
  return &rows->at[rows->n++];
}

/* --- order ------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
  const tl_rebuild_row *x = a, *y = b;

  if (x->started != y->started) return x->started < y->started ? -1 : 1;
  if (x->id != y->id) return x->id < y->id ? -1 : 1;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Reads as many bytes as there should be. */
static int read_scratch(int scratch, char *data, size_t len, uint64_t at, tl_err *e)
{
  while (len > 0) {
    ssize_t n = pread(scratch, data, len, (off_t)at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return tl_fail_errno(e, n < 0 ? errno : EIO, "cannot read in " TL_INDEX_FOLDER);
    data += n;
    len -= (size_t)n;
    at += (uint64_t)n;
  }
  return TL_OK;
}

/* Of two folders with one run's id: the one that lies where its manifest says; else the one whose
 * line is greater, so that the result does not hang on which thread came first. */
static int is_better(int scratch, const tl_rebuild_row *a, const tl_rebuild_row *b, bool *better,
                     tl_err *e)
{
  char *lines = tl_alloc((size_t)a->len + b->len);
  uint32_t least = a->len < b->len ? a->len : b->len;
  int rc = read_scratch(scratch, lines, a->len, a->offset, e);

  if (rc == TL_OK) rc = read_scratch(scratch, lines + a->len, b->len, b->offset, e);
  if (rc == TL_OK) {
    int order = memcmp(lines, lines + a->len, least);
    *better =
        a->in_place != b->in_place ? a->in_place : order > 0 || (order == 0 && a->len > b->len);
  }
  free(lines);
  return rc;
}

/* Sorts, and leaves one row a run. */
static int put_in_order(int scratch, tl_rebuild_rows *all, tl_err *e)
{
  size_t n = 0;

  if (all->n > 1) qsort(all->at, all->n, sizeof *all->at, by_key);
  for (size_t i = 0; i < all->n; i++) {
    tl_rebuild_row *last = n > 0 ? &all->at[n - 1] : NULL;
    bool better = false;
    if (!last || last->started != all->at[i].started || last->id != all->at[i].id) {
      all->at[n++] = all->at[i];
      continue;
    }
    int rc = is_better(scratch, &all->at[i], last, &better, e);
    if (rc < 0) return rc;
    if (better) *last = all->at[i];
  }
  all->n = n;
  return TL_OK;
}

/* --- the new file ------------------------------------------------------------------------------ */

/* The new file as it is written, and the old one as it is compared. */
typedef struct output {
  int fd, old;
  uint64_t len;
  bool differs;
} output;

static int put_out(output *out, const char *data, size_t len, tl_err *e)
{
  char old[1 << 16];

  if (tl_fs_write_all(out->fd, data, len) != 0)
    return tl_fail_errno(e, errno, "cannot write " TL_INDEX_NEW);
  for (size_t done = 0; done < len && !out->differs;) {
    size_t most = len - done < sizeof old ? len - done : sizeof old;
    ssize_t n = out->old < 0 ? 0 : pread(out->old, old, most, (off_t)(out->len + done));
    out->differs = n <= 0 || memcmp(old, data + done, (size_t)n) != 0;
    done += n > 0 ? (size_t)n : 0;
  }
  out->len += len;
  return TL_OK;
}

/* Rows that lie one behind the other are copied as one. */
static int copy_rows(int scratch, const tl_rebuild_rows *all, output *out, tl_err *e)
{
  char *data = tl_alloc(CHUNK + TL_INDEX_LINE);
  int rc = TL_OK;

  for (size_t i = 0; i < all->n && rc == TL_OK;) {
    uint64_t at = all->at[i].offset;
    size_t len = 0;
    while (i < all->n && all->at[i].offset == at + len && len < CHUNK) len += all->at[i++].len;
    rc = read_scratch(scratch, data, len, at, e);
    if (rc == TL_OK) rc = put_out(out, data, len, e);
  }
  free(data);
  return rc;
}

static int open_new(const tl_index *x, int old, tl_err *e)
{
  struct stat st;
  int fd;

  (void)unlinkat(x->machine, new_name, 0); /* of a rebuild that was cut */
  fd = tl_fs_beneath(x->machine, new_name, O_RDWR | O_CREAT | O_EXCL, tl_fs_mode(0600));
  if (fd >= 0 && old >= 0 && fstat(old, &st) == 0) (void)fchmod(fd, st.st_mode & 0777);
  return fd >= 0 ? fd : tl_fs_fail(e, errno, "make", TL_INDEX_NEW);
}

/* A change that was cut off is about the old file: its log goes, whether that stays or not. */
static int replace(const tl_index *x, const output *out, tl_err *e)
{
  return out->differs ? tl_index_swap(x, out->fd, e) : tl_log_remove(x, e);
}

/* Writes the file beside the old one and, if it is another, puts it in its place. */
static int write_index(const tl_index *x, int scratch, const tl_rebuild_rows *all, bool *differs,
                       tl_err *e)
{
  output out = {.old = tl_fs_beneath(x->lab, TL_INDEX_FILE, O_RDONLY | O_NONBLOCK, 0)};
  struct stat st;
  int rc = out.fd = open_new(x, out.old, e);

  if (rc >= 0) rc = put_out(&out, tl_index_header, strlen(tl_index_header), e);
  if (rc == TL_OK) rc = copy_rows(scratch, all, &out, e);
  if (out.old >= 0 && (fstat(out.old, &st) != 0 || (uint64_t)st.st_size != out.len))
    out.differs = true;
  *differs = out.differs;
  if (rc == TL_OK) rc = replace(x, &out, e);
  if (out.fd >= 0 && (rc < 0 || !out.differs)) (void)unlinkat(x->machine, new_name, 0);
  if (out.fd >= 0) (void)close(out.fd);
  if (out.old >= 0) (void)close(out.old);
  return rc;
}

int tl_rebuild_write(const tl_index *x, int scratch, tl_rebuild_rows *rows, bool *differs,
                     tl_err *e)
{
  int rc = put_in_order(scratch, rows, e);

  return rc < 0 ? rc : write_index(x, scratch, rows, differs, e);
}
