/* runs.csv: its lines are found by their keys, without reading the file. */
#include "index_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"

enum { PROBE = 4096 }; /* bytes that are read at once in search of a line's end */

int tl_csv_read(const tl_csv *f, void *data, size_t len, int64_t at, tl_err *e)
{
  for (size_t done = 0; done < len;) {
    ssize_t n = pread(f->fd, (char *)data + done, len - done, at + (int64_t)done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tl_fs_fail(e, errno, "read", TL_INDEX_FILE);
    if (n == 0) return tl_fail(e, TL_EIO, "%s became shorter meanwhile", TL_INDEX_FILE);
    done += (size_t)n;
  }
  return TL_OK;
}

int tl_csv_write(const tl_csv *f, const void *data, size_t len, int64_t at, tl_err *e)
{
  for (size_t done = 0; done < len;) {
    ssize_t n = pwrite(f->fd, (const char *)data + done, len - done, at + (int64_t)done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tl_fs_fail(e, errno, "write", TL_INDEX_FILE);
    done += (size_t)n;
  }
  return TL_OK;
}

void tl_csv_close(tl_csv *f)
{
  if (f->fd >= 0) (void)close(f->fd);
  f->fd = -1;
}

/* The columns are those of this program, or nothing may be written below them. */
static int check_header(const tl_csv *f, tl_err *e)
{
  char found[512];
  size_t len = strlen(tl_index_header);
  int rc = TL_OK;

  if (f->size >= (int64_t)len) rc = tl_csv_read(f, found, len, 0, e);
  if (rc < 0) return rc;
  if (f->size >= (int64_t)len && memcmp(found, tl_index_header, len) == 0) return TL_OK;
  return tl_fail(e, TL_EINVALID, "%s has not the columns that this version of tlab writes",
                 TL_INDEX_FILE);
}

int tl_csv_open(const tl_index *x, tl_csv *f, tl_err *e)
{
  struct stat st;
  int rc;

  *f = (tl_csv){.fd = tl_fs_beneath(x->lab, TL_INDEX_FILE, O_RDWR | O_NONBLOCK, 0)};
  if (f->fd < 0 && errno == ENOENT) return TL_OK;
  if (f->fd < 0 || fstat(f->fd, &st) != 0) {
    rc = tl_fs_fail(e, errno, "open", TL_INDEX_FILE);
  } else if (!S_ISREG(st.st_mode)) {
    rc = tl_fail(e, TL_EREFUSED, "%s is not a regular file", TL_INDEX_FILE);
  } else {
    f->size = st.st_size;
    f->mode = st.st_mode & 0777;
    rc = check_header(f, e);
  }
  if (rc < 0) tl_csv_close(f);
  return rc;
}

/* --- lines ------------------------------------------------------------------------------------ */

int tl_csv_next(const tl_csv *f, int64_t at, int64_t *next, tl_err *e)
{
  char chunk[PROBE];

  while (at < f->size) {
    size_t len = f->size - at < PROBE ? (size_t)(f->size - at) : PROBE;
    int rc = tl_csv_read(f, chunk, len, at, e);
    const char *end = rc == TL_OK ? memchr(chunk, '\n', len) : NULL;
    if (rc < 0) return rc;
    if (end) {
      *next = at + (end - chunk) + 1;
      return TL_OK;
    }
    at += (int64_t)len;
  }
  *next = f->size;
  return TL_OK;
}

/* Where the line begins whose last byte lies before `end`, and what bytes of its key there are. */
static int last_line(const tl_csv *f, int64_t end, int64_t *begin, tl_err *e)
{
  char chunk[PROBE];

  for (int64_t at = end - 1; at > 0;) {
    size_t len = at < PROBE ? (size_t)at : PROBE;
    int rc = tl_csv_read(f, chunk, len, at - (int64_t)len, e);
    const char *newline = rc == TL_OK ? memrchr(chunk, '\n', len) : NULL;
    if (rc < 0) return rc;
    if (newline) {
      *begin = at - (int64_t)len + (newline - chunk) + 1;
      return TL_OK;
    }
    at -= (int64_t)len;
  }
  *begin = 0;
  return TL_OK;
}

int tl_csv_mend(tl_csv *f, tl_err *e)
{
  char last;
  int64_t begin;
  int rc = tl_csv_read(f, &last, 1, f->size - 1, e);

  if (rc < 0 || last == '\n') return rc;
  rc = last_line(f, f->size, &begin, e);
  if (rc < 0) return rc;
  if (ftruncate(f->fd, begin) != 0) return tl_fs_fail(e, errno, "mend", TL_INDEX_FILE);
  f->size = begin;
  return TL_OK;
}

/* *order: <0 when the line at `at` comes before the key, 0 for the same key. A line too short for a
 * key, which is no row, is ordered by what it has. */
static int compare(const tl_csv *f, int64_t at, const char *key, int *order, tl_err *e)
{
  char found[TL_INDEX_KEY];
  size_t len = f->size - at < TL_INDEX_KEY ? (size_t)(f->size - at) : TL_INDEX_KEY;
  int rc = tl_csv_read(f, found, len, at, e);

  if (rc < 0) return rc;
  *order = memcmp(found, key, len);
  if (*order == 0 && len < TL_INDEX_KEY) *order = -1;
  return TL_OK;
}

int tl_csv_same(const tl_csv *f, int64_t at, const char *key, bool *same, tl_err *e)
{
  int order = -1, rc = at < f->size ? compare(f, at, key, &order, e) : TL_OK;

  *same = order == 0;
  return rc;
}

/* Does the last line come before the key, as nearly always? */
static int comes_last(const tl_csv *f, int64_t from, const char *key, bool *last, tl_err *e)
{
  int64_t begin;
  int order, rc = last_line(f, f->size, &begin, e);

  *last = from >= f->size;
  if (rc < 0 || *last) return rc;
  rc = compare(f, begin, key, &order, e);
  *last = rc == TL_OK && order < 0;
  return rc;
}

/* Lines that begin before `low` come before the key, the one at `high` does not, and none begins
 * from `edge` up to it. */
int tl_csv_find(const tl_csv *f, int64_t from, const char *key, int64_t *at, tl_err *e)
{
  int64_t low = from, high = f->size, edge = high;
  bool last;
  int rc = comes_last(f, from, key, &last, e);

  if (rc == TL_OK && last) low = high;
  while (rc == TL_OK && low < edge) {
    int64_t middle = low + (edge - low) / 2, begin = low;
    int order = 0;
    if (middle > low) rc = tl_csv_next(f, middle - 1, &begin, e);
    if (rc == TL_OK && begin >= high) {
      edge = middle;
      continue;
    }
    if (rc == TL_OK) rc = compare(f, begin, key, &order, e);
    if (rc == TL_OK && order < 0) rc = tl_csv_next(f, begin, &low, e);
    else high = edge = begin;
  }
  *at = low;
  return rc;
}
