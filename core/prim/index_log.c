/* The redo log of a change within runs.csv: "tlab-tail/1 AT LENGTH OLD SHA256\n" and LENGTH bytes,
 * which from AT on are the file's end; OLD was its size before.
 *
 * It is emptied without waiting for the disk, so after a power cut it may be back. That does no harm:
 * what was changed since in the same place wrote its own log first; what was appended since makes
 * the file longer than AT + LENGTH and OLD, and then the log is no more about this file. Only where
 * the file became shorter, or the change was given up, that cannot be told, so there its end is waited
 * for. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "index_edit.h"
#include "store.h"

enum { HEAD = 160 };

static const char shown[] = TL_INDEX_TAIL, form[] = "tlab-tail/1 ";

static int sync_machine(const tl_index *x, tl_err *e)
{
  int fd = openat(x->machine, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int rc = fd >= 0 && tl_fs_sync_fd(fd, true) == 0
               ? TL_OK
               : tl_fs_fail(e, errno, "sync the folder", TL_INDEX_FOLDER);

  if (fd >= 0) (void)close(fd);
  return rc;
}

static int open_log(const tl_index *x, bool *made)
{
  int fd = tl_fs_beneath(x->machine, "tail", O_RDWR | O_NONBLOCK, 0);

  *made = fd < 0 && errno == ENOENT;
  return *made ? tl_fs_beneath(x->machine, "tail", O_RDWR | O_CREAT, 0600) : fd;
}

int tl_log_write(const tl_index *x, const tl_csv *f, int64_t at, const tl_buf *tail, tl_err *e)
{
  char hex[TL_SHA256_HEX + 1], head[HEAD];
  bool made;
  int n, fd, rc = tl_sha256(hex, tail->data, tail->len, e);

  if (rc < 0) return rc;
  n = snprintf(head, sizeof head, "%s%" PRId64 " %zu %" PRId64 " %s\n", form, at, tail->len,
               f->size, hex);
  fd = open_log(x, &made);
  if (fd < 0) return tl_fs_fail(e, errno, "open", shown);
  if (ftruncate(fd, 0) != 0 || tl_fs_write_all(fd, head, (size_t)n) != 0 ||
      tl_fs_write_all(fd, tail->data, tail->len) != 0 || tl_fs_sync_fd(fd, false) != 0) {
    rc = tl_fs_fail(e, errno, "write", shown);
    if (ftruncate(fd, 0) == 0)
      (void)tl_fs_sync_fd(fd, false); /* what was not done must not come back */
  }
  (void)close(fd);
  return rc == TL_OK && made ? sync_machine(x, e) : rc;
}

static int empty_log(const tl_index *x, bool durable, tl_err *e)
{
  int rc = TL_OK, fd = tl_fs_beneath(x->machine, "tail", O_WRONLY | O_NONBLOCK, 0);

  if (fd < 0) return errno == ENOENT ? TL_OK : tl_fs_fail(e, errno, "open", shown);
  if (ftruncate(fd, 0) != 0 || (durable && tl_fs_sync_fd(fd, false) != 0))
    rc = tl_fs_fail(e, errno, "empty", shown);
  (void)close(fd);
  return rc;
}

int tl_log_remove(const tl_index *x, tl_err *e)
{
  if (unlinkat(x->machine, "tail", 0) == 0) return sync_machine(x, e);
  return errno == ENOENT ? TL_OK : tl_fs_fail(e, errno, "remove", shown);
}

/* The part that makes the file longer comes first: if the disk is full, nothing has changed yet. */
int tl_log_apply(const tl_index *x, tl_csv *f, int64_t at, const tl_buf *tail, tl_err *e)
{
  int64_t end = at + (int64_t)tail->len, before = f->size;
  size_t within = end > before ? (size_t)(before - at) : tail->len;
  int rc = tl_csv_write(f, tail->data + within, tail->len - within, at + (int64_t)within, e);

  if (rc < 0) {
    (void)!ftruncate(f->fd, before);
    (void)empty_log(x, true, NULL);
    return rc;
  }
  rc = tl_csv_write(f, tail->data, within, at, e);
  if (rc == TL_OK && ((end < before && ftruncate(f->fd, end) != 0) || fdatasync(f->fd) != 0))
    rc = tl_fs_fail(e, errno, "write", TL_INDEX_FILE);
  if (rc < 0) return rc; /* the log stays: it holds what is to be */
  f->size = end;
  return empty_log(x, end < before, e);
}

/* A whole number from 0 on and the space behind it; NULL when there is none. */
static char *read_number(char *p, int64_t *out)
{
  char *end;

  if (!p || *p < '0' || *p > '9') return NULL;
  errno = 0;
  *out = strtoll(p, &end, 10);
  return errno == 0 && *end == ' ' ? end + 1 : NULL;
}

/* Takes the head off the log's text. False: it is none, or not whole. */
static bool read_log(tl_buf *text, int64_t *at, int64_t *old)
{
  char hex[TL_SHA256_HEX + 1], *p = text->data + sizeof form - 1;
  int64_t len;

  if (strncmp(text->data, form, sizeof form - 1) != 0) return false;
  p = read_number(read_number(read_number(p, at), &len), old);
  if (!p || *old < *at || strcspn(p, "\n") != TL_SHA256_HEX || p[TL_SHA256_HEX] != '\n')
    return false;
  if (text->data + text->len - (p + TL_SHA256_HEX + 1) != len) return false;
  if (tl_sha256(hex, p + TL_SHA256_HEX + 1, (size_t)len, NULL) < 0 ||
      memcmp(p, hex, TL_SHA256_HEX) != 0)
    return false;
  tl_buf_shift(text, (size_t)(p + TL_SHA256_HEX + 1 - text->data));
  return true;
}

/* Is the log about this file as it is now? */
static int is_due(const tl_csv *f, int64_t at, int64_t end, int64_t old, bool *due, tl_err *e)
{
  char before = '\0';
  int rc = TL_OK;

  *due = f->fd >= 0 && at > 0 && at <= f->size && f->size <= (end > old ? end : old);
  if (*due) rc = tl_csv_read(f, &before, 1, at - 1, e);
  *due = *due && before == '\n';
  return rc;
}

int tl_index_redo(const tl_index *x, tl_err *e)
{
  tl_buf text;
  tl_csv f;
  int64_t at, old;
  bool due = false;
  int rc = tl_store_read(x->machine, "tail", HEAD + TL_LOG_MAX, &text, e);

  if (rc == TL_ENOT_FOUND) return TL_OK;
  if (rc < 0 || text.len == 0) return rc;
  if (!read_log(&text, &at, &old)) {
    tl_buf_free(&text);
    return empty_log(x, false, e);
  }
  rc = tl_csv_open(x, &f, e);
  if (rc == TL_OK) rc = is_due(&f, at, at + (int64_t)text.len, old, &due, e);
  if (rc == TL_OK) rc = due ? tl_log_apply(x, &f, at, &text, e) : empty_log(x, true, e);
  tl_csv_close(&f);
  tl_buf_free(&text);
  return rc;
}
