/* index.rebuild: runs.csv made anew from the folders of the runs.
 *
 * Days are handed out one by one to as many threads as pay (THREADS; DECISIONS.md). Each makes the
 * rows of its days and puts them into a nameless file as they come; in memory stays only where a row
 * lies and what it is sorted by, 32 bytes a run. At the end the rows are copied out in order. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "index_rebuild.h"
#include "loop.h"

enum {
  THREADS = 2,
  DEPTH = 4,       /* folders from a day down to a run */
  CHUNK = 1 << 20, /* bytes of rows that a thread keeps */
  LOCK_WAIT_MS = 60000,
  TOLD = 1000, /* folders that cannot be read are named, so many of them */
  SHOW_AFTER_MS = 500,
  SHOW_EACH = 256, /* runs between two looks at the clock */
  ID_AT = 25,      /* of a row */
};

typedef struct rebuild {
  tl_index index;
  int scratch;
  char **days;
  size_t day_count, day_cap;
  atomic_size_t next_day, done_days, runs;
  atomic_uint_fast64_t scratch_len;
  atomic_bool stop;
} rebuild;

/* What one thread has found. */
typedef struct worker {
  rebuild *r;
  int64_t shows; /* the moment from which it says how far the work is; 0: another does */
  bool shown;
  tl_buf rows;
  size_t first; /* the entry of the first row that is still in memory */
  tl_rebuild_rows found;
  tl_buf path;
  size_t running, failed;
  tl_val failures;
  tl_err err; /* what ends the whole work */
} worker;

/* --- what cannot be read is told, and the rest goes on ----------------------------------------- */

static void tell(worker *w, const tl_err *e)
{
  tl_val *one;
  tl_err named;

  if (++w->failed > TOLD) return;
  (void)tl_fail(&named, e->code, e->code == TL_EPARSE ? "run.json %s" : "%s", e->msg);
  one = tl_push(&w->failures, tl_map());
  tl_put(one, "folder", tl_str(w->path.data));
  tl_put(one, "code", tl_str(tl_code_name(e->code)));
  tl_put(one, "message", tl_str(named.msg));
}

static void tell_errno(worker *w, int err, const char *verb)
{
  tl_err e;

  (void)tl_fs_fail(&e, err, verb, w->path.data);
  tell(w, &e);
}

/* Work that is done in a moment shows nothing. */
static void show(worker *w)
{
  const rebuild *r = w->r;
  char label[64];
  tl_val args[3];
  tl_call call = {.args = args};

  if (w->shows == 0 || (!w->shown && tl_clock_ms() < w->shows)) return;
  w->shown = true;
  (void)snprintf(label, sizeof label, "days, %zu runs", atomic_load(&r->runs));
  args[0] = tl_int((int64_t)atomic_load(&r->done_days));
  args[1] = tl_int((int64_t)r->day_count);
  args[2] = tl_str(label);
  (void)prim_talk_progress(&call);
  tl_free(&call.out);
  tl_free(&args[2]);
}

/* --- rows -------------------------------------------------------------------------------------- */

/* Puts the rows that are in memory into the scratch file. */
static int flush_rows(worker *w)
{
  uint64_t at = atomic_fetch_add(&w->r->scratch_len, w->rows.len);
  size_t done = 0;

  while (done < w->rows.len) {
    ssize_t n = pwrite(w->r->scratch, w->rows.data + done, w->rows.len - done, (off_t)(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return tl_fail_errno(&w->err, n < 0 ? errno : EIO, "cannot write in " TL_INDEX_FOLDER);
    done += (size_t)n;
  }
  for (size_t i = w->first; i < w->found.n; i++) w->found.at[i].offset += at;
  w->first = w->found.n;
  tl_buf_clear(&w->rows);
  return TL_OK;
}

/* 2026-11-23T05:33:15.123Z, comma, hex digits: tl_index_is_row has seen to the form. */
static void read_key(tl_rebuild_row *one, const char *line)
{
  one->started = one->id = 0;
  for (const char *c = line; *c != ','; c++)
    if (*c >= '0' && *c <= '9') one->started = one->started * 10 + (uint64_t)(*c - '0');
  for (int i = ID_AT; i < ID_AT + TL_INDEX_ID; i++)
    one->id = one->id << 4 | (uint64_t)(line[i] <= '9' ? line[i] - '0' : line[i] - 'a' + 10);
}

static bool ends_with(const char *line, size_t len, const tl_buf *path)
{
  return len > path->len + 1 && memcmp(line + len - 1 - path->len, path->data, path->len) == 0;
}

static void keep_row(worker *w, size_t before)
{
  const char *line = w->rows.data + before;
  size_t len = w->rows.len - before;
  tl_rebuild_row *one = tl_rebuild_add(&w->found);

  read_key(one, line);
  one->offset = before;
  one->len = (uint32_t)len;
  one->in_place = ends_with(line, len, &w->path);
}

static bool says_running(const char *line, size_t len)
{
  static const char word[] = "running";
  tl_cell cells[TL_COLUMN_STATUS + 1];
  const tl_cell *status = &cells[TL_COLUMN_STATUS];

  return tl_csv_split(line, len, cells, TL_COLUMN_STATUS + 1) == TL_COLUMN_STATUS + 1 &&
         status->len == sizeof word - 1 && memcmp(status->data, word, status->len) == 0;
}

/* What a row that says "running" comes to. A run in progress puts its row there itself when it ends;
 * any other was killed, or has ended while it was asked about. */
static int take_running(worker *w, int fd, size_t before, tl_err *e)
{
  char id[TL_INDEX_KEY - ID_AT + 1] = "";
  bool held;

  memcpy(id, w->rows.data + before + ID_AT, sizeof id - 1);
  held = tl_index_held(&w->r->index, id);
  w->rows.len = before;
  if (held) w->running++;
  return held ? TL_OK : tl_index_row(fd, false, &w->rows, e);
}

/* The row of the folder, if it is a run's. */
static bool take_run(worker *w, int fd)
{
  size_t before = w->rows.len;
  tl_err e;
  int rc = tl_index_row(fd, true, &w->rows, &e);

  if (rc == TL_ENOT_FOUND) return false;
  if (rc == TL_OK && says_running(w->rows.data + before, w->rows.len - before))
    rc = take_running(w, fd, before, &e);
  if (rc == TL_OK && w->rows.len > before) keep_row(w, before);
  if (rc < 0) tell(w, &e);
  if (atomic_fetch_add(&w->r->runs, 1) % SHOW_EACH == 0) show(w);
  if (w->rows.len > CHUNK && flush_rows(w) < 0) atomic_store(&w->r->stop, true);
  return true;
}

/* --- folders ----------------------------------------------------------------------------------- */

static void walk(worker *w, int fd, int depth);

/* What is not a folder is passed over; so is a link, and what is hidden. */
static void enter(worker *w, int dirfd, const char *name, int depth)
{
  size_t len = w->path.len;
  int fd;

  if (name[0] == '.') return;
  if (tl_buf_fmt(&w->path, "/%s", name) < 0) TL_BUG("a path outgrew its room");
  fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno != ENOTDIR && errno != ELOOP && errno != ENOENT) tell_errno(w, errno, "open");
  if (fd >= 0) {
    if (!take_run(w, fd) && depth < DEPTH) walk(w, fd, depth);
    (void)close(fd);
  }
  w->path.len = len;
  w->path.data[len] = '\0';
}

static void walk(worker *w, int fd, int depth)
{
  tl_fs_names names;
  tl_err e;

  if (tl_fs_names_read(fd, w->path.data, &names, &e) < 0) {
    tell(w, &e);
    return;
  }
  for (size_t i = 0; i < names.n && !atomic_load(&w->r->stop); i++)
    enter(w, fd, names.at[i], depth + 1);
  tl_fs_names_free(&names);
}

static void *work(void *of)
{
  worker *w = of;
  rebuild *r = w->r;
  size_t i;

  while (!atomic_load(&r->stop) && (i = atomic_fetch_add(&r->next_day, 1)) < r->day_count) {
    int fd = tl_fs_beneath(r->index.lab, r->days[i], O_PATH | O_DIRECTORY, 0);
    tl_buf_clear(&w->path);
    (void)tl_buf_str(&w->path, r->days[i]);
    if (fd < 0 && errno != ENOTDIR && errno != ENOENT) tell_errno(w, errno, "open");
    if (fd >= 0) {
      (void)take_run(w, fd);
      walk(w, fd, 0);
      (void)close(fd);
    }
    (void)atomic_fetch_add(&r->done_days, 1);
  }
  if (w->err.code == TL_OK && flush_rows(w) < 0) atomic_store(&r->stop, true);
  return NULL;
}

/* --- days -------------------------------------------------------------------------------------- */

static void add_day(rebuild *r, const char *path)
{
  if (r->day_count == r->day_cap) {
    r->day_cap = r->day_cap ? r->day_cap * 2 : 512;
    r->days = tl_realloc(r->days, r->day_cap * sizeof *r->days);
  }
  r->days[r->day_count++] = tl_strdup(path);
}

/* Years, months, days below `fd`, in order; `w` tells of those that cannot be opened. */
static void list_days(worker *w, int fd, int level)
{
  size_t digits = level == 0 ? 4 : 2, len = w->path.len;
  tl_fs_names names;
  tl_err e;

  if (tl_fs_names_read(fd, len ? w->path.data : "the lab", &names, &e) < 0) {
    tell(w, &e);
    return;
  }
  for (size_t i = 0; i < names.n; i++) {
    const char *name = names.at[i];
    if (strlen(name) != digits || strspn(name, "0123456789") != digits) continue;
    if (tl_buf_fmt(&w->path, len ? "/%s" : "%s", name) < 0) TL_BUG("a path outgrew its room");
    if (level == 2) {
      add_day(w->r, w->path.data);
    } else {
      int below = tl_fs_beneath(fd, name, O_PATH | O_DIRECTORY, 0);
      if (below < 0 && errno != ENOTDIR && errno != ENOENT) tell_errno(w, errno, "open");
      if (below >= 0) {
        list_days(w, below, level + 1);
        (void)close(below);
      }
    }
    w->path.len = len;
    w->path.data[len] = '\0';
  }
  tl_fs_names_free(&names);
}

/* --- all together ------------------------------------------------------------------------------ */

static int open_scratch(rebuild *r, tl_err *e)
{
  static const char name[] = "rebuild";

  r->scratch = tl_fs_beneath(r->index.machine, name, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (r->scratch < 0 || unlinkat(r->index.machine, name, 0) != 0)
    return tl_fail_errno(e, errno, "cannot make a file in " TL_INDEX_FOLDER);
  return TL_OK;
}

/* A second processor halves the time; without one a second thread would only cost. */
static bool second_processor(void)
{
  cpu_set_t set;

  return sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) > 1;
}

static int read_all(rebuild *r, worker *w, tl_err *e)
{
  pthread_t helpers[THREADS];
  size_t n = 1;

  list_days(w, r->index.lab, 0);
  while (n < THREADS && n < r->day_count && second_processor() &&
         pthread_create(&helpers[n], NULL, work, &w[n]) == 0)
    n++;
  (void)work(w);
  for (size_t i = 1; i < n; i++) (void)pthread_join(helpers[i], NULL);
  if (w->shown) show(w);
  for (size_t i = 0; i < THREADS; i++)
    if (w[i].err.code != TL_OK) return (*e = w[i].err).code;
  return TL_OK;
}

/* What all have found becomes that of the first. */
static void gather(worker *w)
{
  for (size_t i = 1; i < THREADS; i++) {
    for (size_t k = 0; k < w[i].found.n; k++) *tl_rebuild_add(&w->found) = w[i].found.at[k];
    for (size_t k = 0; k < tl_len(&w[i].failures); k++)
      tl_push(&w->failures, tl_copy(tl_at(&w[i].failures, k)));
    w->running += w[i].running;
    w->failed += w[i].failed;
  }
}

static int by_folder(const void *a, const void *b)
{
  return strcmp(tl_get_str(a, "folder", ""), tl_get_str(b, "folder", ""));
}

static tl_val summary(worker *w, bool differs)
{
  tl_val out = tl_map();

  if (tl_len(&w->failures) > 1)
    qsort(w->failures.u.list.items, tl_len(&w->failures), sizeof(tl_val), by_folder);
  tl_put(&out, "rows", tl_int((int64_t)w->found.n));
  tl_put(&out, "days", tl_int((int64_t)w->r->day_count));
  tl_put(&out, "running", tl_int((int64_t)w->running));
  tl_put(&out, "differs", tl_bool(differs));
  tl_put(&out, "failed", tl_int((int64_t)w->failed));
  tl_put(&out, "failures", w->failures);
  w->failures = tl_nil();
  return out;
}

static int rebuild_locked(rebuild *r, tl_call *call)
{
  worker w[THREADS];
  bool differs = false;
  int rc = open_scratch(r, &call->err);

  for (size_t i = 0; i < THREADS; i++)
    w[i] = (worker){.r = r,
                    .shows = i == 0 ? tl_clock_ms() + SHOW_AFTER_MS : 0,
                    .rows = TL_BUF(CHUNK + TL_INDEX_LINE),
                    .path = TL_BUF(PATH_MAX),
                    .failures = tl_list()};
  if (rc == TL_OK) rc = read_all(r, w, &call->err);
  if (rc == TL_OK) gather(w);
  if (rc == TL_OK) rc = tl_rebuild_write(&r->index, r->scratch, &w->found, &differs, &call->err);
  if (rc == TL_OK) call->out = summary(w, differs);
  for (size_t i = 0; i < THREADS; i++) {
    tl_buf_free(&w[i].rows);
    tl_buf_free(&w[i].path);
    tl_free(&w[i].failures);
    free(w[i].found.at);
  }
  return rc;
}

/* args: lab. returns {rows, days, running, differs, failed, failures}: how many rows runs.csv now
 * has, how many runs are in progress and left out, whether the file is another than the one that was
 * there, and which folders could not be read ({folder, code, message}; the first 1000 of each thread).
 * The lock is held throughout: runs that end meanwhile leave their rows beside. */
int prim_index_rebuild(tl_call *call)
{
  rebuild r = {.index = {-1, -1, -1, -1}, .scratch = -1};
  const tl_place *lab;
  int lock = -1, rc = tl_fs_place(call, 0, 0, &lab);

  if (rc == TL_OK) rc = tl_index_enter(&r.index, lab, true, &call->err);
  if (rc == TL_OK) {
    lock = tl_index_lock(&r.index, true, LOCK_WAIT_MS, &call->err);
    if (lock < 0 && lock != TL_EUNSUPPORTED) rc = lock;
  }
  if (rc == TL_OK) rc = rebuild_locked(&r, call);
  for (size_t i = 0; i < r.day_count; i++) free(r.days[i]);
  free(r.days);
  if (r.scratch >= 0) (void)close(r.scratch);
  tl_index_leave(&r.index);
  if (lock >= 0) (void)close(lock);
  return rc;
}
