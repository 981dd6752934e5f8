/* index.open, put, close: a run enters the index; drop: it leaves it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "index.h"
#include "loop.h"
#include "store.h"

enum {
  MODE_FILE = 0600,
  PUT_MS = 10000, /* that a finished run waits for its row to be merged */
  ENTRY_MS = 1000 /* that another may look at an entry */
};

/* --- entries of this process ------------------------------------------------------------------ */

typedef struct entry {
  struct entry *next;
  int fd; /* holds the lock as long as the process lives */
  char name[TL_INDEX_ID + 1];
} entry;

static entry *entries;

static entry **find_entry(const char *id)
{
  entry **at = &entries;

  while (*at && strncmp((*at)->name, id, TL_INDEX_ID) != 0) at = &(*at)->next;
  return at;
}

/* The run is no more in progress: its file goes before its lock. */
static void end_entry(const tl_index *x, const char *id)
{
  entry **at = find_entry(id), *ended = *at;

  if (!ended) return;
  if (x->open >= 0) (void)unlinkat(x->open, ended->name, 0);
  (void)close(ended->fd);
  *at = ended->next;
  free(ended);
}

static int check_id(const tl_val *id, tl_err *e)
{
  if (id->u.s.len == 64 && strspn(id->u.s.data, "0123456789abcdef") == 64) return TL_OK;
  return tl_fail(e, TL_EARGUMENT, "an id has 64 lower-case hex digits");
}

/* --- open ------------------------------------------------------------------------------------- */

/* A new entry, or one that a killed process left. TL_PENDING: it was removed before it was ours. */
static int claim(const tl_index *x, const char *name, int *fd, tl_err *e)
{
  struct stat st;

  *fd = openat(x->open, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
               tl_fs_mode(MODE_FILE));
  if (*fd < 0) return tl_fs_fail(e, errno, "make", TL_INDEX_OPEN);
  if (tl_fs_lock(*fd, LOCK_EX, ENTRY_MS) == TL_ETIMEOUT) { /* without locks the entry alone does */
    (void)close(*fd);
    return tl_fail(e, TL_EEXISTS, "the run %s is in progress", name);
  }
  if (fstat(*fd, &st) == 0 && st.st_nlink > 0) return TL_OK;
  (void)close(*fd);
  return TL_PENDING;
}

/* On the disk before the run has a folder: a power cut that leaves its manifest leaves what finds it,
 * too. The sync of a new file brings its name along. */
static int write_entry(int fd, const tl_val *folder, tl_err *e)
{
  if (ftruncate(fd, 0) == 0 && tl_fs_write_all(fd, folder->u.s.data, folder->u.s.len) == 0 &&
      tl_fs_write_all(fd, "\n", 1) == 0 && fdatasync(fd) == 0)
    return TL_OK;
  return tl_fs_fail(e, errno, "write", TL_INDEX_OPEN);
}

/* Does the entry of a run that was killed say so already? Then it is left alone: where it cannot be
 * written anew, it still finds the run. */
static bool says(int fd, const tl_val *folder)
{
  char text[PATH_MAX + 1];
  size_t len = folder->u.s.len;

  return pread(fd, text, sizeof text, 0) == (ssize_t)len + 1 && text[len] == '\n' &&
         memcmp(text, folder->u.s.data, len) == 0;
}

static int open_entry(const tl_index *x, const char *id, const tl_val *folder, tl_err *e)
{
  entry *made = tl_zalloc(sizeof *made);
  int rc;

  memcpy(made->name, id, TL_INDEX_ID);
  do rc = claim(x, made->name, &made->fd, e);
  while (rc == TL_PENDING);
  if (rc < 0) {
    free(made);
    return rc;
  }
  made->next = entries;
  entries = made;
  if (says(made->fd, folder)) return TL_OK;
  rc = write_entry(made->fd, folder, e);
  if (rc < 0) end_entry(x, id);
  return rc;
}

int prim_index_open(tl_call *call)
{
  const tl_val *id = &call->args[1], *folder = &call->args[2];
  const tl_place *lab;
  tl_index x;
  int rc = tl_fs_place(call, 0, 0, &lab);

  if (rc == TL_OK) rc = check_id(id, &call->err);
  if (rc == TL_OK && (folder->u.s.len == 0 || folder->u.s.len >= PATH_MAX ||
                      strcspn(folder->u.s.data, "\n") != folder->u.s.len))
    rc = tl_fail(&call->err, TL_EARGUMENT, "a folder's path is one line of text");
  if (rc < 0) return rc;
  rc = tl_index_enter(&x, lab, true, &call->err);
  if (rc == TL_OK) rc = open_entry(&x, id->u.s.data, folder, &call->err);
  tl_index_leave(&x);
  if (rc == TL_OK) call->out = tl_bool(true);
  return rc;
}

int prim_index_close(tl_call *call)
{
  const tl_place *lab;
  tl_index x;
  int rc = tl_fs_place(call, 0, 0, &lab);

  if (rc == TL_OK) rc = check_id(&call->args[1], &call->err);
  if (rc < 0) return rc;
  rc = tl_index_enter(&x, lab, false, &call->err);
  if (rc == TL_OK) end_entry(&x, call->args[1].u.s.data);
  tl_index_leave(&x);
  if (rc == TL_OK) call->out = tl_bool(true);
  return rc;
}

/* --- put -------------------------------------------------------------------------------------- */

typedef struct run {
  const tl_index *x;
  int folder;
  tl_buf row;   /* as the folder was when it was last looked at; empty before */
  bool running; /* so says the row */
} run;

static const char *id_of(const run *r)
{
  return r->row.data + TL_INDEX_KEY - 64;
}

static int make_row(run *r, tl_err *e)
{
  tl_cell cells[TL_COLUMN_STATUS + 1];
  const tl_cell *status = &cells[TL_COLUMN_STATUS];
  int rc;

  r->row.len = 0;
  rc = tl_index_row(r->folder, true, &r->row, e);
  if (rc < 0) return rc;
  (void)tl_csv_split(r->row.data, r->row.len, cells, TL_COLUMN_STATUS + 1);
  r->running =
      status->len == strlen("running") && memcmp(status->data, "running", status->len) == 0;
  if (!r->running || tl_index_held(r->x, id_of(r))) return TL_OK;
  r->row.len = 0;
  return tl_index_row(r->folder, false, &r->row, e);
}

/* With the lock: those that wait, and then the run's own, made only now: it is the newest. */
static int merge(run *r, tl_err *e)
{
  tl_buf line = TL_BUF(TL_INDEX_LINE);
  tl_rows rows = {0};
  int rc = make_row(r, e);

  if (rc == TL_OK) rc = tl_rows_take(r->x, &rows, e);
  if (rc == TL_OK) {
    (void)tl_buf_add(&line, r->row.data, r->row.len);
    tl_rows_add(&rows, &line, NULL);
    rc = tl_index_merge(r->x, &rows, e);
  }
  if (rc == TL_OK) tl_rows_drop(r->x, &rows);
  tl_rows_free(&rows);
  return rc;
}

/* Leaves the row for others. Another process may have left an older one of the same run after ours
 * was made and before it lay there: so it is made again until it is what was left. */
static int leave(run *r, bool durable, tl_err *e)
{
  tl_buf left = TL_BUF(TL_INDEX_LINE);
  int rc = make_row(r, e);

  while (rc == TL_OK && (left.len != r->row.len || memcmp(left.data, r->row.data, left.len) != 0)) {
    left.len = 0;
    (void)tl_buf_add(&left, r->row.data, r->row.len);
    rc = tl_index_leave_row(r->x, &left, durable, e);
    if (rc == TL_OK) rc = make_row(r, e);
  }
  tl_buf_free(&left);
  return rc;
}

/* Merges with the lock, and gives it back. A row that cannot be merged is left to wait if that can
 * be: then *safe is set nevertheless. */
static int merge_or_leave(run *r, int lock, bool *safe, tl_err *e)
{
  int rc = merge(r, e);

  (void)close(lock);
  *safe = rc == TL_OK || leave(r, true, NULL) == TL_OK;
  return rc;
}

/* Another process has the lock: it takes the row along, or we do when it is done. */
static int wait_for_merge(run *r, bool *safe, tl_err *e)
{
  int64_t until = tl_clock_ms() + PUT_MS;
  int step = 0, rc = leave(r, false, e);

  while (rc == TL_OK && !tl_index_row_taken(r->x, id_of(r))) {
    int lock = tl_index_lock(r->x, true, 0, e);
    if (lock >= 0) return merge_or_leave(r, lock, safe, e);
    if (lock == TL_ETIMEOUT && tl_fs_wait(&step, until)) continue;
    rc = leave(r, true, e);
    if (rc == TL_OK) rc = TL_PENDING;
  }
  *safe = rc >= 0;
  return rc;
}

/* TL_OK: the row is in runs.csv; TL_PENDING: it waits, and will be; both durably. A run whose last
 * manifest could not be written says "running" still: its entry stays, and tells of it later. */
static int put(run *r, tl_err *e)
{
  bool safe = false;
  int lock = tl_index_lock(r->x, true, 0, e);
  int rc = lock >= 0 ? merge_or_leave(r, lock, &safe, e) : wait_for_merge(r, &safe, e);

  if (safe && !r->running) end_entry(r->x, id_of(r));
  return rc;
}

int prim_index_put(tl_call *call)
{
  const tl_place *lab, *folder;
  tl_index x = {-1, -1, -1, -1};
  run r = {.x = &x, .folder = -1, .row = TL_BUF(TL_INDEX_LINE)};
  int rc = tl_fs_place(call, 0, 0, &lab);

  if (rc == TL_OK) rc = tl_fs_place(call, 1, 1, &folder);
  if (rc == TL_OK) rc = r.folder = tl_fs_open_folder(folder, &call->err);
  if (rc >= 0) rc = tl_index_enter(&x, lab, true, &call->err);
  if (rc >= 0) rc = put(&r, &call->err);
  if (rc >= 0) call->out = tl_str(rc == TL_PENDING ? "pending" : "written");
  tl_index_leave(&x);
  tl_buf_free(&r.row);
  if (r.folder >= 0) (void)close(r.folder);
  return rc < 0 ? rc : TL_OK;
}

/* --- drop ------------------------------------------------------------------------------------- */

/* The key of a row, from its two arguments. */
static int read_key(const tl_call *call, tl_buf *key, tl_err *e)
{
  const tl_val *started = &call->args[1], *id = &call->args[2];
  int rc = check_id(id, e);

  if (rc < 0) return rc;
  if (started->u.s.len != TL_INDEX_KEY - 65)
    return tl_fail(e, TL_EARGUMENT, "a start is as 2026-11-23T05:33:15.123Z");
  (void)tl_buf_add(key, started->u.s.data, started->u.s.len);
  (void)tl_buf_byte(key, ',');
  return tl_buf_add(key, id->u.s.data, id->u.s.len);
}

int prim_index_drop(tl_call *call)
{
  tl_buf key = TL_BUF(TL_INDEX_KEY);
  const tl_place *lab;
  tl_rows rows = {0};
  tl_index x = {-1, -1, -1, -1};
  int lock = -1, rc = tl_fs_place(call, 0, 0, &lab);

  if (rc == TL_OK) rc = read_key(call, &key, &call->err);
  if (rc == TL_OK) rc = tl_index_enter(&x, lab, true, &call->err);
  if (rc == TL_OK) rc = lock = tl_index_lock(&x, true, PUT_MS, &call->err);
  if (rc >= 0) rc = tl_rows_take(&x, &rows, &call->err);
  if (rc == TL_OK) {
    tl_rows_add(&rows, &key, NULL);
    rc = tl_index_merge(&x, &rows, &call->err);
  }
  if (rc == TL_OK) tl_rows_drop(&x, &rows);
  if (rc == TL_OK) call->out = tl_bool(true);
  if (lock >= 0) (void)close(lock);
  tl_rows_free(&rows);
  tl_buf_free(&key);
  tl_index_leave(&x);
  return rc;
}
