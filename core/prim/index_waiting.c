/* Rows that wait to be merged: how they are left, and how whoever has the lock takes them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "index.h"
#include "store.h"

enum { MODE_FILE = 0600 };

/* Sorts before every digit: a row that was taken is read before its successor. */
#define TAKEN "-"

/* --- left ------------------------------------------------------------------------------------- */

static void name_of(char name[TL_INDEX_ID + 2], const char *mark, const char *id)
{
  (void)snprintf(name, TL_INDEX_ID + 2, "%s%.*s", mark, TL_INDEX_ID, id);
}

/* A new file under a temporary name, then its own. */
static int write_row(const tl_index *x, const char *name, const tl_buf *line, bool durable,
                     tl_err *e)
{
  char temp[64];
  int fd, err = 0;

  (void)snprintf(temp, sizeof temp, TL_FS_TEMP "%s-%d", name, (int)getpid());
  fd = openat(x->rows, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
              tl_fs_mode(MODE_FILE));
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

/* A file that cannot be asked about is there: nobody is told that a row is safe which may not be. */
static bool is_gone(const tl_index *x, const char *name)
{
  return faccessat(x->rows, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

/* Asked in this order, since a merge renames the one to the other before it removes it. */
bool tl_index_row_taken(const tl_index *x, const char *id)
{
  char name[TL_INDEX_ID + 2];

  name_of(name, "", id);
  if (!is_gone(x, name)) return false;
  name_of(name, TAKEN, id);
  return is_gone(x, name);
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

bool tl_rows_is_file(const char *name)
{
  return tl_index_is_name(name) || (name[0] == TAKEN[0] && tl_index_is_name(name + 1));
}

int tl_rows_take(const tl_index *x, tl_rows *rows, tl_err *e)
{
  char taken[TL_INDEX_ID + 2];
  tl_fs_names names;
  int rc = tl_fs_names_read(x->rows, TL_INDEX_ROWS, &names, e);

  if (rc < 0) return rc;
  for (size_t i = 0; i < names.n && rc == TL_OK; i++) {
    const char *name = names.at[i];
    bool old = name[0] == TAKEN[0] && tl_index_is_name(name + 1);
    if (!old && !tl_index_is_name(name)) continue;
    name_of(taken, TAKEN, old ? name + 1 : name);
    if (!old && renameat(x->rows, name, x->rows, taken) != 0 && errno != ENOENT)
      rc = tl_fs_fail(e, errno, "take a row from", TL_INDEX_ROWS);
    if (rc == TL_OK) rc = read_row(x, taken, rows, e);
  }
  tl_fs_names_free(&names);
  return rc;
}
