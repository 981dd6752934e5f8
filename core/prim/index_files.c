/* The files around runs.csv: runs in progress, rows that wait, the lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"
#include "index.h"
#include "loop.h"
#include "store.h"

enum { STEP_MOST = 50, MODE_FILE = 0600, MODE_FOLDER = 0700 };

/* Sorts before every digit: a row that was taken is read before its successor. */
#define TAKEN "-"

/* --- folders ---------------------------------------------------------------------------------- */

/* *fd stays -1 when it is not there and not to be made. */
static int open_folder(int dirfd, const char *name, const char *shown, bool make, int *fd,
                       tl_err *e)
{
  int flags = O_PATH | O_DIRECTORY;

  *fd = tl_fs_beneath(dirfd, name, flags, 0);
  if (*fd < 0 && errno == ENOENT && make) {
    if (mkdirat(dirfd, name, MODE_FOLDER) != 0 && errno != EEXIST)
      return tl_fs_fail(e, errno, "make the folder", shown);
    *fd = tl_fs_beneath(dirfd, name, flags, 0);
  }
  return *fd >= 0 || (errno == ENOENT && !make) ? TL_OK
                                                : tl_fs_fail(e, errno, "open the folder", shown);
}

int tl_index_enter(tl_index *x, const tl_place *lab, bool make, tl_err *e)
{
  int rc;

  *x = (tl_index){-1, -1, -1, -1};
  rc = tl_fs_open_folder(lab, e);
  if (rc < 0) return rc;
  x->lab = rc;
  rc = open_folder(x->lab, TL_INDEX_FOLDER, TL_INDEX_FOLDER, make, &x->machine, e);
  if (rc < 0 || x->machine < 0) return rc;
  rc = open_folder(x->machine, "open", TL_INDEX_OPEN, make, &x->open, e);
  return rc < 0 ? rc : open_folder(x->machine, "rows", TL_INDEX_ROWS, make, &x->rows, e);
}

void tl_index_leave(tl_index *x)
{
  int fds[] = {x->lab, x->machine, x->open, x->rows};

  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
    if (fds[i] >= 0) (void)close(fds[i]);
  *x = (tl_index){-1, -1, -1, -1};
}

/* --- locks ------------------------------------------------------------------------------------ */

bool tl_index_wait(int *step, int64_t until)
{
  int64_t left = until - tl_clock_ms();
  struct timespec t;

  if (left <= 0) return false;
  *step = *step == 0 ? 1 : *step * 2 < STEP_MOST ? *step * 2 : STEP_MOST;
  t = (struct timespec){.tv_nsec = 1000000L * (*step < left ? *step : (long)left)};
  (void)nanosleep(&t, NULL);
  return true;
}

/* flock(2): taken (TL_OK), held by another (TL_ETIMEOUT), or not to be had on this file system. */
static int try_lock(int fd, int how)
{
  int rc;

  do rc = flock(fd, how | LOCK_NB);
  while (rc != 0 && errno == EINTR);
  if (rc == 0) return TL_OK;
  return errno == EWOULDBLOCK ? TL_ETIMEOUT : TL_EUNSUPPORTED;
}

static int wait_lock(int fd, int how, int wait_ms)
{
  int64_t until = tl_clock_ms() + wait_ms;
  int step = 0, rc;

  do rc = try_lock(fd, how);
  while (rc == TL_ETIMEOUT && tl_index_wait(&step, until));
  return rc;
}

int tl_index_lock(const tl_index *x, bool exclusive, int wait_ms, tl_err *e)
{
  int fd = x->machine < 0
               ? -1
               : tl_fs_beneath(x->machine, "lock", exclusive ? O_RDWR | O_CREAT : O_RDONLY,
                               exclusive ? MODE_FILE : 0);
  int rc;

  if (x->machine < 0) return tl_fail(e, TL_ENOT_FOUND, "%s is not there", TL_INDEX_LOCK);
  if (fd < 0) return tl_fs_fail(e, errno, "open", TL_INDEX_LOCK);
  rc = wait_lock(fd, exclusive ? LOCK_EX : LOCK_SH, wait_ms);
  if (rc == TL_OK) return fd;
  (void)close(fd);
  if (rc == TL_ETIMEOUT) return tl_fail(e, rc, "%s is held by another process", TL_INDEX_LOCK);
  return tl_fail(e, rc, "the file system has no locks: %s", TL_INDEX_LOCK);
}

/* The name of a run's files. */
static void name_of(char name[TL_INDEX_ID + 2], const char *mark, const char *id)
{
  (void)snprintf(name, TL_INDEX_ID + 2, "%s%.*s", mark, TL_INDEX_ID, id);
}

bool tl_index_held(const tl_index *x, const char *id)
{
  char name[TL_INDEX_ID + 2];
  int fd, rc;

  name_of(name, "", id);
  fd = x->open < 0 ? -1 : tl_fs_beneath(x->open, name, O_RDONLY | O_NONBLOCK, 0);
  if (fd < 0) return false;
  rc = try_lock(fd, LOCK_SH);
  (void)close(fd);
  return rc != TL_OK;
}

/* --- rows that wait --------------------------------------------------------------------------- */

/* A new file under a temporary name, then its own. */
static int write_row(const tl_index *x, const char *name, const tl_buf *line, bool durable,
                     tl_err *e)
{
  char temp[64];
  int fd, err = 0;

  (void)snprintf(temp, sizeof temp, TL_FS_TEMP "%s-%d", name, (int)getpid());
  fd = openat(x->rows, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, MODE_FILE);
  if (fd < 0) return tl_fs_fail(e, errno, "write", TL_INDEX_ROWS);
  if (tl_fs_write_all(fd, line->data, line->len) != 0 || (durable && tl_fs_sync_fd(fd, false) != 0))
    err = errno;
  if (close(fd) != 0 && err == 0) err = errno;
  if (err == 0 && renameat(x->rows, temp, x->rows, name) != 0) err = errno;
  if (err == 0) return TL_OK;
  (void)unlinkat(x->rows, temp, 0);
  return tl_fs_fail(e, err, "write", TL_INDEX_ROWS);
}

static int sync_folder(int dirfd, const char *shown, tl_err *e)
{
  int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int rc = fd >= 0 && tl_fs_sync_fd(fd, true) == 0 ? TL_OK : tl_fs_fail(e, errno, "sync", shown);

  if (fd >= 0) (void)close(fd);
  return rc;
}

int tl_index_leave_row(const tl_index *x, const tl_buf *line, bool durable, tl_err *e)
{
  char name[TL_INDEX_ID + 2];
  int rc;

  name_of(name, "", line->data + TL_INDEX_KEY - 64);
  rc = write_row(x, name, line, durable, e);
  return rc == TL_OK && durable ? sync_folder(x->rows, TL_INDEX_ROWS, e) : rc;
}

/* Asked in this order, since a merge renames the one to the other before it removes it. */
bool tl_index_row_taken(const tl_index *x, const char *id)
{
  char name[TL_INDEX_ID + 2];

  name_of(name, "", id);
  if (faccessat(x->rows, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return false;
  name_of(name, TAKEN, id);
  return faccessat(x->rows, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
}

/* --- rows in the hand of whoever has the lock ------------------------------------------------- */

void tl_rows_add(tl_rows *rows, tl_buf *line, const char *name)
{
  if (rows->n == rows->cap) {
    rows->cap = rows->cap ? rows->cap * 2 : 16;
    rows->lines = tl_realloc(rows->lines, rows->cap * sizeof *rows->lines);
    rows->names = tl_realloc(rows->names, rows->cap * sizeof *rows->names);
  }
  rows->lines[rows->n] = *line;
  rows->names[rows->n++] = name ? tl_strdup(name) : NULL;
  *line = TL_BUF(line->max);
}

void tl_rows_free(tl_rows *rows)
{
  for (size_t i = 0; i < rows->n; i++) {
    tl_buf_free(&rows->lines[i]);
    free(rows->names[i]);
  }
  free(rows->lines);
  free(rows->names);
  *rows = (tl_rows){0};
}

void tl_rows_drop(const tl_index *x, const tl_rows *rows)
{
  for (size_t i = 0; i < rows->n; i++)
    if (rows->names[i]) (void)unlinkat(x->rows, rows->names[i], 0);
}

/* What holds no row is removed with the others: a half of a temporary file, at most. */
static int read_row(const tl_index *x, const char *name, tl_rows *rows, tl_err *e)
{
  tl_buf line;
  int rc = tl_store_read(x->rows, name, TL_INDEX_LINE, &line, e);

  if (rc == TL_ENOT_FOUND) return TL_OK;
  if (rc < 0 && rc != TL_ELIMIT && rc != TL_EREFUSED) return rc;
  if (rc == TL_OK && !tl_index_is_row(line.data, line.len)) tl_buf_free(&line);
  if (rc < 0) line = TL_BUF(0);
  tl_rows_add(rows, &line, name);
  return TL_OK;
}

static bool is_name(const char *name)
{
  return strlen(name) == TL_INDEX_ID && strspn(name, "0123456789abcdef") == TL_INDEX_ID;
}

bool tl_rows_is_file(const char *name)
{
  return is_name(name) || (name[0] == TAKEN[0] && is_name(name + 1));
}

int tl_rows_take(const tl_index *x, tl_rows *rows, tl_err *e)
{
  char taken[TL_INDEX_ID + 2];
  tl_fs_names names;
  int rc = tl_fs_names_read(x->rows, TL_INDEX_ROWS, &names, e);

  if (rc < 0) return rc;
  for (size_t i = 0; i < names.n && rc == TL_OK; i++) {
    const char *name = names.at[i];
    bool old = name[0] == TAKEN[0] && is_name(name + 1);
    if (!old && !is_name(name)) continue;
    name_of(taken, TAKEN, old ? name + 1 : name);
    if (!old && renameat(x->rows, name, x->rows, taken) != 0 && errno != ENOENT)
      rc = tl_fs_fail(e, errno, "take a row from", TL_INDEX_ROWS);
    if (rc == TL_OK) rc = read_row(x, taken, rows, e);
  }
  tl_fs_names_free(&names);
  return rc;
}
