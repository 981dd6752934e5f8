/* The child of git.fetch: started, limited and confined. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confine.h"
#include "git.h"
#include "git_fetch.h"
#include "landlock.h"

enum { CPU_SECONDS = 3600, ROOM = 64 << 20 };

static void allow(int ruleset, const char *path, unsigned what)
{
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd >= 0) {
    (void)tl_landlock_allow(ruleset, fd, what);
    (void)close(fd);
  }
}

/* Where the kernel can: no file but the mirrors and the source, no network, no other process. What
 * it lacks is no reason not to fetch. */
static void confine(const tl_git_fetcher *child)
{
  int ruleset = tl_landlock_ruleset();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return;
  }
  if (ruleset >= 0) {
    (void)tl_landlock_allow(ruleset, child->cache, TL_LANDLOCK_OWN);
    allow(ruleset, "/dev/urandom", TL_LANDLOCK_READ);
    if (child->source_path) {
      allow(ruleset, child->source_path, TL_LANDLOCK_READ);
    }
    (void)tl_landlock_enter(ruleset);
    (void)close(ruleset);
  }
  (void)tl_confine_program_calls(getppid(), getppid());
}

static _Noreturn void be_child(tl_git_fetch *f, int fd)
{
  tl_err e = {0};
  tl_val out = tl_nil(), list = tl_list();
  tl_git_fetcher *child = &f->child;
  child->fd = fd;
  tl_git_child_keep(fd, child->cache);
  (void)umask(077); /* libgit2 makes some files less it */
  bool ready = tl_git_child_limits(CPU_SECONDS, 2 * (uint64_t)f->child.max_bytes + ROOM);
  confine(child);
  int rc = ready ? tl_git_fetch_work(child, &out, &e)
                 : tl_fail_errno(&e, errno, "cannot limit the reader of git");
  tl_push(&list, tl_str("end"));
  tl_push(&list, tl_int(rc));
  tl_push(&list, rc < 0 ? tl_str(e.msg) : out);
  _exit(tl_git_fetch_tell(child, list) ? 0 : 1);
}

int tl_git_fetch_start(tl_git_fetch *f, tl_err *e)
{
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return tl_fail_errno(e, errno, "cannot make a pair of sockets");
  }
  f->pid = fork();
  if (f->pid == 0) {
    (void)close(ends[0]);
    be_child(f, ends[1]);
  }
  (void)close(ends[1]);
  f->child.fd = ends[0];
  if (f->pid < 0) {
    return tl_fail_errno(e, errno, "cannot start another process");
  }
  return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : tl_fail_errno(e, errno, "cannot poll");
}
