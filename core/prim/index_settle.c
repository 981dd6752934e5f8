/* index.settle: what others left is brought in, before somebody asks: rows that wait, runs that were
 * killed, a change that was cut. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"
#include "index.h"
#include "store.h"

enum {
  LOCK_MS = 2000,  /* that a question waits for others to finish */
  DEAD_MOST = 256, /* killed runs at once: each takes a descriptor */
  NEWBORN_S = 60   /* an entry without content is one of a process that died at birth, after this */
};

/* An entry whose process is no more. */
typedef struct dead {
  int fd; /* holds its lock */
  char *name, *folder;
} dead;

typedef struct settling {
  const tl_index *x;
  tl_val running; /* folders */
  dead *dead;
  size_t n;
  int64_t merged, interrupted; /* rows and runs brought in so far */
} settling;

/* --- runs in progress, and killed ones -------------------------------------------------------- */

/* The folder that the entry names; NULL when it is not written yet. */
static char *read_entry(int fd)
{
  char text[PATH_MAX + 1];
  ssize_t n = pread(fd, text, sizeof text, 0);
  const char *end = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;

  return end ? tl_memdup0(text, (size_t)(end - text)) : NULL;
}

/* The entry is locked by us: its process has ended. */
static void add_dead(settling *s, const char *name, int fd)
{
  char *folder = read_entry(fd);
  struct stat st;

  if (fstat(fd, &st) == 0 && st.st_nlink > 0) {
    if (folder) {
      s->dead = tl_realloc(s->dead, (s->n + 1) * sizeof *s->dead);
      s->dead[s->n++] = (dead){fd, tl_strdup(name), folder};
      return;
    }
    if (st.st_mtime < time(NULL) - NEWBORN_S) (void)unlinkat(s->x->open, name, 0);
  }
  free(folder);
  (void)close(fd);
}

static void add_running(settling *s, int fd)
{
  char *folder = read_entry(fd);

  if (folder) (void)tl_push(&s->running, tl_str(folder));
  free(folder);
  (void)close(fd);
}

/* Without locks nobody can tell whether the process lives; it counts as living. */
static void look_at(settling *s, const char *name)
{
  int fd = tl_fs_beneath(s->x->open, name, O_RDWR | O_NONBLOCK, 0);

  if (fd < 0 && (errno == EROFS || errno == EACCES))
    fd = tl_fs_beneath(s->x->open, name, O_RDONLY | O_NONBLOCK, 0);
  if (fd < 0) return;
  if (tl_fs_lock(fd, LOCK_EX, 0) == TL_OK) add_dead(s, name, fd);
  else add_running(s, fd);
}

static int look_at_all(settling *s, tl_err *e)
{
  tl_fs_names names;
  int rc = s->x->open < 0 ? TL_OK : tl_fs_names_read(s->x->open, TL_INDEX_OPEN, &names, e);

  if (rc < 0 || s->x->open < 0) return rc;
  for (size_t i = 0; i < names.n && s->n < DEAD_MOST; i++)
    if (tl_index_is_name(names.at[i])) look_at(s, names.at[i]);
  tl_fs_names_free(&names);
  return TL_OK;
}

static void leave(settling *s)
{
  for (size_t i = 0; i < s->n; i++) {
    (void)close(s->dead[i].fd);
    free(s->dead[i].name);
    free(s->dead[i].folder);
  }
  free(s->dead);
  s->dead = NULL;
  s->n = 0;
  tl_free(&s->running);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Is there more to do than to look? A file that waits, or a redo log. */
static bool has_work(const settling *s)
{
  struct stat st;
  tl_fs_names names;
  bool rows = false;

  if (s->n > 0) return true;
  if (s->x->machine >= 0 && fstatat(s->x->machine, "tail", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
      st.st_size > 0)
    return true;
  if (s->x->rows < 0 || tl_fs_names_read(s->x->rows, TL_INDEX_ROWS, &names, NULL) < 0) return false;
  for (size_t i = 0; i < names.n && !rows; i++) rows = tl_rows_is_file(names.at[i]);
  tl_fs_names_free(&names);
  return rows;
}

/* The row of a killed run. One that was killed before it had a manifest, or whose folder is gone,
 * has none, and its entry goes as well; so of one whose folder another run has by now (a day). */
static int add_row(settling *s, const dead *d, tl_rows *rows, tl_err *e)
{
  tl_place place = {.dirfd = s->x->lab, .rel = d->folder, .shown = d->folder};
  tl_buf line = TL_BUF(TL_INDEX_LINE);
  int fd, rc = tl_fs_judge(&place, &s->running, e); /* the folder is text without a NUL */

  if (rc == TL_OK) rc = tl_fs_open_folder(&place, e);
  if (rc >= 0) {
    fd = rc;
    rc = tl_index_row(fd, false, &line, e);
    (void)close(fd);
  }
  if (rc == TL_OK && strncmp(line.data + TL_INDEX_KEY - 64, d->name, TL_INDEX_ID) == 0)
    tl_rows_add(rows, &line, NULL);
  tl_buf_free(&line);
  return rc == TL_EIO || rc == TL_ELIMIT || rc == TL_ENO_MEMORY ? rc : TL_OK;
}

static int merge(settling *s, tl_rows *rows, tl_err *e)
{
  int rc = tl_rows_take(s->x, rows, e);

  for (size_t i = 0; i < s->n && rc == TL_OK; i++) rc = add_row(s, &s->dead[i], rows, e);
  if (rc == TL_OK) rc = tl_index_merge(s->x, rows, e);
  if (rc < 0) return rc;
  tl_rows_drop(s->x, rows);
  for (size_t i = 0; i < s->n; i++)
    if (unlinkat(s->x->open, s->dead[i].name, 0) != 0 && errno != ENOENT)
      return tl_fs_fail(e, errno, "remove an entry of", TL_INDEX_OPEN);
  s->merged += (int64_t)rows->n;
  s->interrupted += (int64_t)s->n;
  return TL_OK;
}

/* One round; *again: there were more killed runs than it takes. */
static int settle(settling *s, bool *again, tl_err *e)
{
  tl_rows rows = {0};
  int lock, rc = look_at_all(s, e);

  *again = s->n == DEAD_MOST;
  if (rc < 0 || !has_work(s)) return rc;
  lock = tl_index_lock(s->x, true, LOCK_MS, e);
  if (lock < 0) return lock;
  rc = merge(s, &rows, e);
  tl_rows_free(&rows);
  (void)close(lock);
  return rc;
}

/* {running, merged, interrupted, problem?}: what cannot be brought in now is no reason not to
 * answer from what is there. */
static tl_val answer(settling *s, int rc, const tl_err *e)
{
  tl_val out = tl_map();

  tl_put(&out, "running", s->running);
  s->running = tl_nil();
  tl_put(&out, "merged", tl_int(s->merged));
  tl_put(&out, "interrupted", tl_int(s->interrupted));
  if (rc < 0) tl_put(&out, "problem", tl_str(e->msg));
  return out;
}

int prim_index_settle(tl_call *call)
{
  const tl_place *lab;
  tl_index x;
  settling s = {.x = &x, .running = tl_list()};
  bool again = true;
  int settled = TL_OK, rc = tl_fs_place(call, 0, 0, &lab);

  if (rc < 0) return rc;
  rc = tl_index_enter(&x, lab, false, &call->err);
  while (rc == TL_OK && settled == TL_OK && again) {
    leave(&s);
    s.running = tl_list();
    settled = settle(&s, &again, &call->err);
  }
  if (rc == TL_OK) call->out = answer(&s, settled, &call->err);
  leave(&s);
  tl_index_leave(&x);
  return rc;
}
