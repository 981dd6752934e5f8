/* fs.hold, held, discard: a lock tells what a living process works on from what a killed one left.
 * The kernel lets go of it with the process, so there is no number of a process to trust. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"

enum { MODE_PRIVATE = 0600, WAIT_MAX_MS = 600000 };

/* The file or folder itself: a link at the end is not followed. */
static int open_it(int dir, const char *name, int flags, const char *shown, tl_err *e)
{
  struct stat st;
  int fd = openat(dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, MODE_PRIVATE);

  if (fd < 0) return tl_fs_fail(e, errno, "lock", shown);
  if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) return fd;
  (void)close(fd);
  return tl_fail(e, TL_EREFUSED, "cannot lock %s: it is a %s", shown, tl_fs_type(st.st_mode));
}

/* 1 when it is locked now, 0 when another process has held it all the time. */
static int lock(int fd, int how, int64_t wait_ms, const char *shown, tl_err *e)
{
  int rc = tl_fs_lock(fd, how, wait_ms);

  if (rc == TL_OK || rc == TL_ETIMEOUT) return rc == TL_OK;
  return tl_fail(e, rc, "cannot lock %s: this file system has no locks", shown);
}

/* --- hold ------------------------------------------------------------------------------------- */

/* What is there, or a new file. */
static int open_or_make(int dir, const char *name, const char *shown, tl_err *e)
{
  int fd = open_it(dir, name, O_RDONLY, shown, e);

  return fd == TL_ENOT_FOUND ? open_it(dir, name, O_RDONLY | O_CREAT, shown, e) : fd;
}

/* The descriptor of a lock that was had stays open: the end of the process gives it back. */
int prim_fs_hold(tl_call *call)
{
  int64_t wait_ms = call->args[1].type == TL_INT ? call->args[1].u.i : 0;
  char name[NAME_MAX + 1];
  const tl_place *p;
  int dir, fd, rc = tl_fs_place(call, 0, 0, &p);

  if (rc == TL_OK && (wait_ms < 0 || wait_ms > WAIT_MAX_MS))
    rc = tl_fail(&call->err, TL_EARGUMENT, "ms must lie between 0 and %d", WAIT_MAX_MS);
  if (rc < 0) return rc;
  dir = tl_fs_open_parent(p, 0, name, &call->err);
  if (dir < 0) return dir;
  fd = open_or_make(dir, name, p->shown, &call->err);
  (void)close(dir);
  rc = fd < 0 ? fd : lock(fd, LOCK_EX, wait_ms, p->shown, &call->err);
  if (fd >= 0 && rc != 1) (void)close(fd);
  if (rc < 0) return rc;
  call->out = tl_bool(rc == 1);
  return TL_OK;
}

/* --- held, discard ---------------------------------------------------------------------------- */

static int open_there(int dir, const char *name, const char *shown, tl_err *e)
{
  return open_it(dir, name, O_RDONLY, shown, e);
}

int prim_fs_held(tl_call *call)
{
  int fd = tl_fs_below_do(call, open_there);
  /* Shared: two who ask at once must not take each other for the holder. */
  int rc = fd < 0 ? fd : lock(fd, LOCK_SH, 0, call->places[0].shown, &call->err);

  if (fd >= 0) (void)close(fd);
  if (rc < 0) return rc;
  call->out = tl_bool(rc == 0);
  return TL_OK;
}

/* 1 when it is gone, 0 when somebody holds it. A link is nobody's: it has no content to lose. */
static int discard(int dir, const char *name, const char *shown, tl_err *e)
{
  struct stat st;
  bool link = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
  int fd = link ? -1 : open_it(dir, name, O_RDONLY, shown, e);
  int rc = link ? 1 : fd;

  if (fd >= 0) rc = lock(fd, LOCK_EX, 0, shown, e);
  if (rc == 1 && unlinkat(dir, name, 0) != 0) rc = tl_fs_fail(e, errno, "remove", shown);
  if (fd >= 0) (void)close(fd);
  return rc;
}

int prim_fs_discard(tl_call *call)
{
  int rc = tl_fs_below_do(call, discard);

  if (rc < 0) return rc;
  call->out = tl_bool(rc == 1);
  return TL_OK;
}
