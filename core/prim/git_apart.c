/* Every question about a repository is answered by a child of its own.
 *
 * A repository is a stranger's data, libgit2 is 100,000 lines of C, and version 1.5.1 reads a
 * damaged loose object for ever (found by flipping bytes: git_odb_read loops in inflate). The
 * child has limits on processor time and memory, opens nothing but the repository once it knows
 * where that lies, cannot write a file, and takes a crash with it.
 * A fork costs 0.2 ms; the library is opened before it, once. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/wire.h"
#include "confine.h"
#include "fs.h"
#include "git.h"
#include "landlock.h"
#include "loop.h"

enum { WALL_MS = 600000, CHUNK = 64 << 10, LOOKS = 6 };

unsigned tl_git_cpu_seconds = 120;
unsigned tl_git_look_ms = 5000;

/* --- in the child --- */

static bool limit(__rlimit_resource_t what, rlim_t most)
{
  /* At the hard limit of processor time comes SIGKILL; the soft one's SIGXCPU says what it was. */
  struct rlimit lim = {.rlim_cur = most, .rlim_max = what == RLIMIT_CPU ? most + 1 : most};
  return setrlimit(what, &lim) == 0;
}

/* Nothing of it may hold a lock that a run is known by, nor reach the worker. */
void tl_git_child_keep(int a, int b)
{
  const int kept[] = {a < b ? a : b, a < b ? b : a};
  int next = STDERR_FILENO + 1;
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
    if (kept[i] > next) {
      (void)close_range((unsigned)next, (unsigned)kept[i] - 1, 0);
    }
    next = kept[i] >= next ? kept[i] + 1 : next;
  }
  (void)close_range((unsigned)next, ~0u, 0);
}

/* The signals that end the command end this too, although the supervisor has them blocked; and so does
 * the supervisor's end. */
bool tl_git_child_limits(unsigned cpu_seconds, uint64_t file_bytes)
{
  static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};
  struct sigaction dflt = {.sa_handler = SIG_DFL};
  sigset_t none;
  (void)sigemptyset(&none);
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
    (void)sigaction(ending[i], &dflt, NULL);
  }
  bool ok = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0 &&
            limit(RLIMIT_CORE, 0) && limit(RLIMIT_CPU, cpu_seconds);
#ifndef TL_SANITIZED
  ok = ok && limit(RLIMIT_FSIZE, file_bytes) && limit(RLIMIT_DATA, (rlim_t)2 << 30);
#else
  (void)file_bytes; /* the sanitizers take as much memory as they like */
#endif
  return ok;
}

void tl_git_child_confine(int ruleset)
{
  tzset(); /* dates in revisions are local, and the file that says so is out of reach then */
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
    (void)(ruleset >= 0 && tl_landlock_enter(ruleset));
    (void)tl_confine_reader_calls();
  }
  if (ruleset >= 0) {
    (void)close(ruleset);
  }
}

static _Noreturn void answer(tl_call *call, tl_prim *work, int fd)
{
  tl_buf frame = TL_BUF(TL_FRAME_MAX + 4);
  tl_err e = {0};
  tl_git_child_keep(fd, call->places ? call->places->dirfd : -1);
  int rc = tl_git_child_limits(tl_git_cpu_seconds, 0)
               ? work(call)
               : tl_fail_errno(&call->err, errno, "cannot limit the reader of git");
  tl_val list = tl_list();
  tl_push(&list, tl_int(rc));
  tl_push(&list, rc < 0 ? tl_str(call->err.msg) : call->out);
  bool told =
      tl_wire_put(&frame, &list, &e) == 0 && tl_fs_write_all(fd, frame.data, frame.len) == 0;
  _exit(told ? 0 : 1);
}

/* --- in the parent --- */

typedef struct child {
  pid_t pid;
  int fd; /* what it answers through */
  tl_buf frame;
  int status;
} child;

/* False when it has closed its end, or said more than a frame can be: what came is judged as it is. */
static bool hear(child *c)
{
  char chunk[CHUNK];
  ssize_t n = read(c->fd, chunk, sizeof chunk);
  return (n < 0 && errno == EINTR) || (n > 0 && tl_buf_add(&c->frame, chunk, (size_t)n) == 0);
}

/* Its processor time in nanoseconds: what waits for a pipe or a disk uses none. */
static int64_t worked(const child *c)
{
  clockid_t clock;
  struct timespec t;
  return clock_getcpuclockid(c->pid, &clock) == 0 && clock_gettime(clock, &t) == 0
             ? t.tv_sec * INT64_C(1000000000) + t.tv_nsec
             : 0;
}

/* Reads until it has closed its end. False when the time is over first, or nothing was done over
 * several looks: those are counted, not timed, since this process may have been stopped meanwhile. */
static bool listen_to(child *c)
{
  int64_t end = tl_clock_ms() + WALL_MS, before = -1;
  unsigned still = 0;
  for (bool open = true; open;) {
    struct pollfd poll_it = {.fd = c->fd, .events = POLLIN};
    int ready = poll(&poll_it, 1, (int)tl_git_look_ms);
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    int64_t now = ready == 0 ? worked(c) : -1;
    still = now >= 0 && now == before ? still + 1 : 0;
    before = now;
    if (ready < 0 || still == LOOKS || tl_clock_ms() >= end) {
      return false;
    }
    open = ready == 0 || hear(c);
  }
  return true;
}

/* {0, answer} or {code, words}: what else comes was said by nobody that we know. */
static bool is_answer(const tl_val *list)
{
  const tl_val *rc = tl_at(list, 0), *what = tl_at(list, 1);
  if (list->type != TL_LIST || tl_len(list) != 2 || rc->type != TL_INT || rc->u.i < INT_MIN) {
    return false;
  }
  return rc->u.i == 0 ||
         (rc->u.i < 0 && what->type == TL_STR && tl_code_of(tl_code_name((int)rc->u.i)) == rc->u.i);
}

static int take_answer(tl_call *call, const tl_buf *frame)
{
  tl_val list = tl_nil();
  tl_err e = {0};
  int64_t n = tl_wire_get(&list, frame->data, frame->len, &e);
  if (n <= 0 || (size_t)n != frame->len || !is_answer(&list)) {
    if (n > 0) {
      tl_free(&list);
    }
    return tl_fail(&call->err, TL_EIO,
                   "reading the git repository ended in the middle; try git fsck");
  }
  tl_val *rc = &list.u.list.items[0];
  tl_val *what = &list.u.list.items[1];
  int code = (int)rc->u.i;
  if (code < 0) {
    (void)tl_fail(&call->err, code, "%s", what->u.s.data);
  } else {
    call->out = *what;
    *what = tl_nil();
  }
  tl_free(&list);
  return code;
}

static int judge(tl_call *call, const child *c, bool in_time)
{
  int sig = WIFSIGNALED(c->status) ? WTERMSIG(c->status) : 0;
  if (!in_time || sig == SIGXCPU) {
    return tl_fail(
        &call->err, TL_ETIMEOUT,
        "reading the git repository takes too long, or waits for a file that is a pipe; it "
        "may be damaged: try git fsck");
  }
  if (sig == SIGINT || sig == SIGTERM || sig == SIGHUP) {
    return tl_fail(&call->err, TL_EINTERRUPTED, "reading the git repository was stopped");
  }
  return take_answer(call, &c->frame);
}

static int start(tl_call *call, tl_prim *work, child *c)
{
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) {
    return tl_fail_errno(&call->err, errno, "cannot make a pipe");
  }
  pid_t pid = fork();
  if (pid == 0) {
    (void)close(ends[0]);
    answer(call, work, ends[1]);
  }
  (void)close(ends[1]);
  if (pid < 0) {
    (void)close(ends[0]);
    return tl_fail_errno(&call->err, errno, "cannot start another process");
  }
  c->pid = pid;
  c->fd = ends[0];
  return 0;
}

static void end(child *c, bool kill_it)
{
  if (kill_it) {
    (void)kill(c->pid, SIGKILL);
  }
  (void)close(c->fd);
  while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR) {}
}

int tl_git_apart(tl_call *call, tl_prim *work)
{
  child c = {.frame = TL_BUF(TL_FRAME_MAX + 4)};
  int rc = tl_git_load(&call->err);
  if (rc == 0) {
    rc = start(call, work, &c);
  }
  if (rc < 0) {
    return rc;
  }
  bool in_time = listen_to(&c);
  end(&c, !in_time);
  rc = judge(call, &c, in_time);
  tl_buf_free(&c.frame);
  return rc;
}

static int state_work(tl_call *call)
{
  static const struct {
    const char *name;
    tl_prim *work;
    bool needed;
  } parts[] = {
      {"head", tl_git_head_work, true},
      {"patch", tl_git_patch_work, true},
      {"describe", tl_git_describe_work, false},
  };
  tl_val out = tl_map();
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    call->out = tl_nil();
    int rc = parts[i].work(call);
    if (rc < 0 && parts[i].needed) {
      tl_free(&out);
      return rc;
    }
    if (rc == 0) {
      tl_put(&out, parts[i].name, call->out);
    }
  }
  call->out = out;
  return 0;
}

/* args: repo, exclude. returns {head, patch, describe} as git.head, git.patch and git.describe have
 * them, `describe` absent before the first commit. One child instead of three: a fork with libgit2
 * open and its end cost 1 ms. Errors: tl_git_open, tl_git_changes_read. */
int prim_git_state(tl_call *call)
{
  return tl_git_apart(call, state_work);
}
