/* flock(2), waited for: for fs.hold, for a file that several add to, for the index. */
#include <errno.h>
#include <sys/file.h>
#include <time.h>

#include "fs.h"
#include "loop.h"

enum { STEP_MOST = 50 };

bool tl_fs_wait(int *step, int64_t until)
{
  int64_t left = until - tl_clock_ms();
  struct timespec t;

  if (left <= 0) return false;
  *step = *step == 0 ? 1 : *step * 2 < STEP_MOST ? *step * 2 : STEP_MOST;
  t = (struct timespec){.tv_nsec = 1000000L * (*step < left ? *step : (long)left)};
  (void)nanosleep(&t, NULL); /* a signal makes it shorter, and the moment is looked at again */
  return true;
}

static int try_lock(int fd, int how)
{
  int rc;

  do rc = flock(fd, how | LOCK_NB);
  while (rc != 0 && errno == EINTR);
  if (rc == 0) return TL_OK;
  return errno == EWOULDBLOCK ? TL_ETIMEOUT : TL_EUNSUPPORTED;
}

int tl_fs_lock(int fd, int how, int64_t wait_ms)
{
  int64_t until = tl_clock_ms() + wait_ms;
  int step = 0, rc;

  do rc = try_lock(fd, how);
  while (rc == TL_ETIMEOUT && tl_fs_wait(&step, until));
  return rc;
}
