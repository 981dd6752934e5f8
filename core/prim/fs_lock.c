/* fs.lock: one process at a time, for as long as it lives. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"

enum { MODE_PRIVATE = 0600, PAUSE_MAX_MS = 50, WAIT_MAX_MS = 600000 };

static void pause_ms(int64_t ms)
{
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};

  while (nanosleep(&t, &t) != 0 && errno == EINTR) continue;
}

/* 1: it is ours; 0: another had it all the time; negative: an error. */
static int lock(int fd, int64_t wait_ms, const char *shown, tl_err *e)
{
  int64_t pause = 1;

  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS)
      return tl_fail(e, TL_EUNSUPPORTED, "cannot lock %s: this file system has no locks", shown);
    if (errno != EWOULDBLOCK) return tl_fs_fail(e, errno, "lock", shown);
    if (wait_ms <= 0) return 0;
    pause_ms(pause);
    wait_ms -= pause;
    if (pause < PAUSE_MAX_MS) pause *= 2;
  }
  return 1;
}

/* The descriptor of a lock that was had is left open: the end of the process gives it back, even
 * when that is a kill. */
int prim_fs_lock(tl_call *call)
{
  int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  char name[NAME_MAX + 1];
  const tl_place *p;
  int64_t wait_ms = call->args[1].u.i;
  int dir, fd, rc = tl_fs_place(call, 0, 0, &p);

  if (rc == TL_OK && (wait_ms < 0 || wait_ms > WAIT_MAX_MS))
    rc = tl_fail(&call->err, TL_EARGUMENT, "ms must lie between 0 and %d", WAIT_MAX_MS);
  if (rc < 0) return rc;
  dir = tl_fs_open_parent(p, 0, name, &call->err);
  if (dir < 0) return dir;
  fd = openat(dir, name, flags, MODE_PRIVATE);
  rc = fd < 0 ? tl_fs_fail(&call->err, errno, "lock", p->shown)
              : lock(fd, wait_ms, p->shown, &call->err);
  (void)close(dir);
  if (fd >= 0 && rc != 1) (void)close(fd);
  if (rc < 0) return rc;
  call->out = tl_bool(rc == 1);
  return TL_OK;
}
