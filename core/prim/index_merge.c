/* Rows into runs.csv. Most come last and are appended. A row that belongs further up, or stands
 * there already, has the file's end written anew: first into a redo log, then in place; where that
 * end is long, a new file takes the place of the old one.
 *
 * What a cut leaves is a torn last line, which the next merge cuts off, or an end half written, of
 * which the redo log has all; and in any case the rows themselves: they lie among those that wait,
 * or their runs among those in progress, until the file is on the disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "index_edit.h"

enum { MODE_FILE = 0600, END_MOST = 1 << 20, PIECE = 256 * 1024 };

/* --- weaving rows into lines ------------------------------------------------------------------ */

/* Where the woven text goes: into the buffer, and with fd >= 0 from there into the file. */
typedef struct sink {
  tl_buf text;
  int fd;
} sink;

static int flush(sink *to, size_t least, tl_err *e)
{
  if (to->fd < 0 || to->text.len < least) return TL_OK;
  if (tl_fs_write_all(to->fd, to->text.data, to->text.len) != 0)
    return tl_fs_fail(e, errno, "write", TL_INDEX_NEW);
  to->text.len = 0;
  return TL_OK;
}

static int put(sink *to, const char *data, size_t len, tl_err *e)
{
  if (tl_buf_add(&to->text, data, len) < 0)
    return tl_fail(e, TL_ELIMIT, "the end of %s is too long", TL_INDEX_FILE);
  return flush(to, PIECE, e);
}

static int copy(sink *to, const tl_csv *f, int64_t from, int64_t end, tl_err *e)
{
  char *piece = tl_alloc(PIECE);
  int rc = TL_OK;

  while (from < end && rc == TL_OK) {
    size_t len = end - from < PIECE ? (size_t)(end - from) : PIECE;
    rc = tl_csv_read(f, piece, len, from, e);
    if (rc == TL_OK) rc = put(to, piece, len, e);
    from += (int64_t)len;
  }
  free(piece);
  return rc;
}

/* The lines from `from` on, with the rows among them. */
static int weave(sink *to, const tl_csv *f, int64_t from, const tl_buf *const *rows, size_t n,
                 tl_err *e)
{
  int rc = TL_OK;

  for (size_t i = 0; i < n && rc == TL_OK; i++) {
    int64_t at;
    bool same = false;
    rc = tl_csv_find(f, from, rows[i]->data, &at, e);
    if (rc == TL_OK) rc = copy(to, f, from, at, e);
    if (rc == TL_OK && rows[i]->len > TL_INDEX_KEY)
      rc = put(to, rows[i]->data, rows[i]->len, e); /* a key alone takes its row away */
    from = at;
    if (rc == TL_OK) rc = tl_csv_same(f, at, rows[i]->data, &same, e);
    if (rc == TL_OK && same) rc = tl_csv_next(f, at, &from, e);
  }
  return rc == TL_OK ? copy(to, f, from, f->size, e) : rc;
}

/* --- three ways to change the file ------------------------------------------------------------ */

static int append(tl_csv *f, const tl_buf *text, tl_err *e)
{
  int rc = tl_csv_write(f, text->data, text->len, f->size, e);

  if (rc == TL_OK && fdatasync(f->fd) != 0) rc = tl_fs_fail(e, errno, "sync", TL_INDEX_FILE);
  if (rc < 0) (void)!ftruncate(f->fd, f->size);
  return rc;
}

int tl_index_swap(const tl_index *x, int fd, tl_err *e)
{
  int rc, folder;

  if (tl_fs_sync_fd(fd, false) != 0) return tl_fs_fail(e, errno, "sync", TL_INDEX_NEW);
  rc = tl_log_remove(x, e);
  if (rc < 0) return rc;
  if (renameat(x->machine, "runs.new", x->lab, TL_INDEX_FILE) != 0)
    return tl_fs_fail(e, errno, "replace", TL_INDEX_FILE);
  folder = openat(x->lab, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0 || tl_fs_sync_fd(folder, true) != 0)
    rc = tl_fs_fail(e, errno, "sync the folder of", TL_INDEX_FILE);
  if (folder >= 0) (void)close(folder);
  return rc;
}

static int replace(const tl_index *x, const tl_csv *f, const tl_buf *const *rows, size_t n,
                   tl_err *e)
{
  sink to = {.text = TL_BUF(PIECE + TL_INDEX_LINE)};
  size_t head = strlen(tl_index_header);
  int rc = TL_OK;

  (void)unlinkat(x->machine, "runs.new", 0); /* of a merge that was cut */
  to.fd = tl_fs_beneath(x->machine, "runs.new", O_WRONLY | O_CREAT | O_EXCL, tl_fs_mode(MODE_FILE));
  if (to.fd < 0) return tl_fs_fail(e, errno, "make", TL_INDEX_NEW);
  if (f->fd >= 0 && fchmod(to.fd, f->mode) != 0) rc = tl_fs_fail(e, errno, "make", TL_INDEX_NEW);
  if (rc == TL_OK) rc = put(&to, tl_index_header, head, e);
  if (rc == TL_OK) rc = weave(&to, f, f->fd < 0 ? 0 : (int64_t)head, rows, n, e);
  if (rc == TL_OK) rc = flush(&to, 0, e);
  if (rc == TL_OK) rc = tl_index_swap(x, to.fd, e);
  if (rc < 0) (void)unlinkat(x->machine, "runs.new", 0);
  (void)close(to.fd);
  tl_buf_free(&to.text);
  return rc;
}

static int change(const tl_index *x, tl_csv *f, const tl_buf *const *rows, size_t n, tl_err *e)
{
  sink to = {.text = TL_BUF(SIZE_MAX / 2), .fd = -1};
  int64_t at;
  int rc = tl_csv_find(f, (int64_t)strlen(tl_index_header), rows[0]->data, &at, e);

  if (rc < 0) return rc;
  if (f->size - at > END_MOST) return replace(x, f, rows, n, e);
  rc = weave(&to, f, at, rows, n, e);
  if (rc == TL_OK && at == f->size) {
    rc = append(f, &to.text, e);
  } else if (rc == TL_OK && to.text.len > TL_LOG_MAX) {
    rc = replace(x, f, rows, n, e);
  } else if (rc == TL_OK) {
    rc = tl_log_write(x, f, at, &to.text, e);
    if (rc == TL_OK) rc = tl_log_apply(x, f, at, &to.text, e);
  }
  tl_buf_free(&to.text);
  return rc;
}

/* --- merge ------------------------------------------------------------------------------------ */

/* By key; of one key, in the order in which they came (one array holds them). */
static int by_key(const void *a, const void *b)
{
  const tl_buf *x = *(const tl_buf *const *)a, *y = *(const tl_buf *const *)b;
  int order = memcmp(x->data, y->data, TL_INDEX_KEY);

  return order ? order : (x > y) - (x < y);
}

/* The rows in their order, of one key the last; returns how many. */
static size_t sort(const tl_rows *rows, const tl_buf **sorted)
{
  size_t n = 0, kept = 0;

  for (size_t i = 0; i < rows->n; i++)
    if (rows->lines[i].len > 0) sorted[n++] = &rows->lines[i];
  if (n > 1) qsort(sorted, n, sizeof *sorted, by_key);
  for (size_t i = 0; i < n; i++)
    if (i + 1 == n || memcmp(sorted[i]->data, sorted[i + 1]->data, TL_INDEX_KEY) != 0)
      sorted[kept++] = sorted[i];
  return kept;
}

int tl_index_merge(const tl_index *x, const tl_rows *rows, tl_err *e)
{
  const tl_buf **sorted = tl_alloc((rows->n + 1) * sizeof *sorted);
  size_t n = sort(rows, sorted);
  tl_csv f = {.fd = -1};
  int rc = tl_index_redo(x, e);

  if (rc == TL_OK && n > 0) {
    rc = tl_csv_open(x, &f, e);
    if (rc == TL_OK && f.fd >= 0) rc = tl_csv_mend(&f, e);
    if (rc == TL_OK) rc = f.fd < 0 ? replace(x, &f, sorted, n, e) : change(x, &f, sorted, n, e);
    tl_csv_close(&f);
  }
  free(sorted);
  return rc;
}
