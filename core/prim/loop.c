#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

enum { FDS_MOST = 512 };

/* Milliseconds until the earliest of the deadlines and the caller's own limit; -1: none. */
static int patience(int timeout_ms)
{
  const int64_t deadlines[] = {tl_clock_deadline(), tl_proc_deadline(), tl_fetch_deadline()};
  int64_t now = tl_clock_ms(), least = timeout_ms;

  for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
    int64_t left = deadlines[i] - now;
    if (deadlines[i] < 0) continue;
    left = left < 0 ? 0 : left;
    if (least < 0 || left < least) least = left;
  }
  return least > INT_MAX ? INT_MAX : (int)least;
}

/* A signal ends the wait without an error: whoever caught it has a descriptor in fds, or a flag. */
static int poll_plain(struct pollfd *fds, unsigned n, int timeout_ms, tl_err *e)
{
  if (poll(fds, n, timeout_ms) >= 0) return TL_OK;
  for (unsigned i = 0; i < n; i++) fds[i].revents = 0;
  return errno == EINTR ? TL_OK : tl_fail(e, TL_EIO, "cannot wait: %s", strerror(errno));
}

int tl_loop_wait(struct pollfd *fds, unsigned n, int timeout_ms, tl_err *e)
{
  struct pollfd all[FDS_MOST];
  unsigned procs, more;
  int rc, limit = patience(timeout_ms);

  if (n > FDS_MOST / 2) TL_BUG("too many descriptors to wait for");
  for (unsigned i = 0; i < n; i++)
    all[i] = (struct pollfd){.fd = fds[i].fd, .events = fds[i].events};
  procs = tl_proc_fds(all + n, FDS_MOST - n);
  more = procs + tl_fetch_fds(all + n + procs, FDS_MOST - n - procs);
  more += tl_called_fds(all + n + more, FDS_MOST - n - more);
  for (unsigned i = n; i < n + more; i++) all[i].revents = 0;
  rc = tl_http_busy() ? tl_http_wait(all, n + more, limit, e) : poll_plain(all, n + more, limit, e);
  for (unsigned i = 0; i < n; i++) fds[i].revents = rc < 0 ? 0 : all[i].revents;
  if (rc < 0) return rc;
  tl_proc_ready(all + n, procs);
  tl_fetch_ready();
  tl_called_ready();
  tl_clock_fire();
  return TL_OK;
}

void tl_loop_cancel(void)
{
  tl_called_cancel();
  tl_fetch_cancel(); /* before http.c, which it asks */
  tl_http_cancel();
  tl_proc_cancel();
  tl_clock_cancel();
}

void tl_ignore_signals(void)
{
  struct sigaction ignore = {.sa_handler = SIG_IGN};

  (void)sigemptyset(&ignore.sa_mask);
  if (sigaction(SIGPIPE, &ignore, NULL) != 0 || sigaction(SIGXFSZ, &ignore, NULL) != 0)
    TL_BUG("sigaction");
}
