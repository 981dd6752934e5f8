/* fs.append: one line more in a file that several processes may add to at the same time.
 * fs.extend: bytes more in a file of the run, which nobody else writes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"

enum {
  MODE_PRIVATE = 0600,
  LOCK_MS = 10000 /* that others may take to add their lines */
};

static int open_file(int dir, const char *name, const char *shown, struct stat *st, tl_err *e)
{
  int flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  int fd = openat(dir, name, flags, tl_fs_mode(MODE_PRIVATE));

  if (fd < 0) return tl_fs_fail(e, errno, "write", shown);
  if (fstat(fd, st) == 0 && S_ISREG(st->st_mode)) return fd;
  (void)close(fd);
  return tl_fail(e, TL_EREFUSED, "cannot write %s: it is a %s", shown, tl_fs_type(st->st_mode));
}

/* A line that a crash tore, or an editor left open, gets its end, so that ours is one of its own. */
static bool is_open_line(int fd, off_t size)
{
  char last;

  return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* Returns -1 with errno. What was half written is cut off again, but only under the lock: without
 * it, it could be another's whole line by now. */
static int add_line(int fd, const tl_buf *text, size_t skip)
{
  struct stat st;
  bool locked = tl_fs_lock(fd, LOCK_EX, LOCK_MS) == TL_OK;
  int err;

  if (fstat(fd, &st) != 0) return -1;
  if (is_open_line(fd, st.st_size)) skip = 0;
  if (tl_fs_write_all(fd, text->data + skip, text->len - skip) == 0 &&
      tl_fs_sync_fd(fd, false) == 0)
    return 0;
  err = errno;
  if (locked) (void)!ftruncate(fd, st.st_size);
  errno = err;
  return -1;
}

static int append(int dir, const char *name, const tl_place *p, const tl_val *line, tl_err *e)
{
  struct stat st;
  tl_buf text = TL_BUF(line->u.s.len + 2);
  int rc = TL_OK, fd = open_file(dir, name, p->shown, &st, e);

  if (fd < 0) return fd;
  (void)tl_buf_byte(&text, '\n'); /* of the line before, where that has none */
  (void)tl_buf_add(&text, line->u.s.data, line->u.s.len);
  (void)tl_buf_byte(&text, '\n');
  if (add_line(fd, &text, 1) != 0) rc = tl_fs_fail(e, errno, "write", p->shown);
  else if (st.st_size == 0 && tl_fs_sync_fd(dir, true) != 0) /* the file may be new */
    rc = tl_fs_fail(e, errno, "sync the folder of", p->shown);
  tl_buf_free(&text);
  (void)close(fd);
  return rc;
}

int prim_fs_append(tl_call *call)
{
  const tl_val *line = &call->args[1];
  char name[NAME_MAX + 1];
  const tl_place *p;
  int dir, rc = tl_fs_place(call, 0, 0, &p);

  if (rc == TL_OK && memchr(line->u.s.data, '\n', line->u.s.len))
    rc = tl_fail(&call->err, TL_EARGUMENT, "one line must hold no newline");
  if (rc < 0) return rc;
  dir = tl_fs_open_parent(p, 0, name, &call->err);
  if (dir < 0) return dir;
  rc = append(dir, name, p, line, &call->err);
  (void)close(dir);
  if (rc == TL_OK) call->out = tl_bool(true);
  return rc;
}

/* What was half written is cut off again. The whole file is hashed anew: its digest is what a replay
 * and the manifest hold it against. */
static int extend(int fd, const tl_val *data, const char *shown, tl_fs_sum *sum, tl_err *e)
{
  off_t before = lseek(fd, 0, SEEK_END);

  if (before < 0 || tl_fs_write_all(fd, data->u.s.data, data->u.s.len) != 0) {
    int err = errno;
    if (before >= 0) (void)!ftruncate(fd, before);
    return tl_fs_fail(e, err, "write", shown);
  }
  if (lseek(fd, 0, SEEK_SET) < 0) return tl_fs_fail(e, errno, "read", shown);
  return tl_fs_pump(fd, -1, shown, NULL, sum, e);
}

/* args: path, data. returns {size, sha256} of all that the file has then; it is made, with its folders,
 * where there is none. After a failure it is as it was. */
int prim_fs_extend(tl_call *call)
{
  char name[NAME_MAX + 1];
  const tl_place *p;
  struct stat st;
  tl_fs_sum sum;
  int dir, fd, rc = tl_fs_place(call, 0, 0, &p);

  if (rc < 0) return rc;
  dir = tl_fs_open_parent(p, TL_FS_MAKE, name, &call->err);
  if (dir < 0) return dir;
  fd = open_file(dir, name, p->shown, &st, &call->err);
  (void)close(dir);
  if (fd < 0) return fd;
  rc = extend(fd, &call->args[1], p->shown, &sum, &call->err);
  (void)close(fd);
  if (rc == TL_OK) call->out = tl_fs_sum_value(&sum);
  return rc;
}
