/* From a program that was found to a running child: see proc.h.
 *
 * Sources: fork(2), pidfd_open(2), memfd_create(2), proc(5), user_namespaces(7). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/buf.h"
#include "confine.h"
#include "fs.h"
#include "proc.h"

enum { TASKS_MORE = 1024 };

static const uint64_t FILE_SIZE = (uint64_t)4 << 30;

static bool demand;

void tl_confine_demand(bool wanted)
{
  demand = wanted;
}

/* A descriptor above 2, whatever of 0 to 2 the supervisor was started without. */
static int above_stdio(int fd)
{
  if (fd < 0 || fd > 2) {
    return fd;
  }
  int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  (void)close(fd);
  return high;
}

static bool make_pipe(int ends[2])
{
  if (pipe2(ends, O_CLOEXEC) < 0) {
    ends[0] = ends[1] = -1;
    return false;
  }
  ends[0] = above_stdio(ends[0]);
  ends[1] = above_stdio(ends[1]);
  return ends[0] >= 0 && ends[1] >= 0;
}

/* Standard input is a file in memory: no pipe to fill while the program writes to ours. */
static int open_input(const tl_val *input)
{
  if (input->type != TL_STR) {
    return above_stdio(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  int fd = above_stdio(memfd_create("stdin", MFD_CLOEXEC));
  if (fd >= 0 &&
      (tl_fs_write_all(fd, input->u.s.data, input->u.s.len) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
    (void)close(fd);
    return -1;
  }
  return fd;
}

static void close_all(const int *fds, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (fds[i] >= 0) {
      (void)close(fds[i]);
    }
  }
}

/* The limit counts all tasks of the user, also those that have nothing to do with us: so many more
 * than the machine has now. Where that cannot be told, no limit. */
static uint64_t most_tasks(void)
{
  char text[128] = "";
  int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    (void)!read(fd, text, sizeof text - 1);
    (void)close(fd);
  }
  const char *slash = strchr(text, '/'); /* 0.00 0.01 0.05 running/all last */
  unsigned long long now = slash ? strtoull(slash + 1, NULL, 10) : 0;
  return now > 0 ? now + TASKS_MORE : 0;
}

/* No signal handler of ours runs in the child, which has our memory. */
static pid_t fork_quietly(const tl_proc_launch *l)
{
  sigset_t all;
  sigset_t old;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, &old);
  pid_t pid = fork();
  if (pid == 0) {
    tl_proc_keep(l);
  }
  int err = errno;
  (void)sigprocmask(SIG_SETMASK, &old, NULL);
  errno = err;
  return pid;
}

/* Waits until the pipe closes: the program runs, or the child said why not. */
static int hear_report(int fd, const tl_proc_program *program, tl_proc_child *child, tl_err *e)
{
  tl_proc_report r = {.err = ECHILD};
  tl_proc_report next;
  while (tl_fs_read_all(fd, &next, sizeof next) == (ssize_t)sizeof next) {
    r = next;
  }
  child->held = r.held;
  if (r.err == TL_PROC_NOT_HELD) {
    return tl_fail(e, TL_EUNSUPPORTED,
                   "the lab demands that programs are confined, and this kernel cannot keep %.200s "
                   "from %s",
                   program->path, r.held.landlock ? "the network" : "files");
  }
  return r.err ? tl_fail_errno(e, r.err, "cannot run the program %.200s", program->path) : 0;
}

static int start_keeper(const tl_proc_launch *l, int report_fd, tl_proc_child *child, tl_err *e)
{
  child->pid = fork_quietly(l);
  (void)close(l->report);
  if (child->pid < 0) {
    return tl_fail_errno(e, errno, "cannot start another process");
  }
  int rc = hear_report(report_fd, l->program, child, e);
  if (rc == 0) {
    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pidfd < 0) {
      rc = tl_fail_errno(e, errno, "cannot wait for the program %.200s", l->program->path);
      (void)kill(child->pid, SIGTERM);
    }
  }
  if (rc < 0) {
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {}
  }
  return rc;
}

int tl_proc_start(const tl_proc_program *program, const tl_proc_command *command,
                  const char *folder, int ruleset, tl_proc_child *child, tl_err *e)
{
  int out[2] = {-1, -1};
  int err[2] = {-1, -1};
  int rep[2] = {-1, -1};
  tl_proc_launch l = {.program = program,
                      .argv = command->argv,
                      .envp = command->envp,
                      .in = open_input(command->input),
                      .folder = folder,
                      .ruleset = ruleset,
                      .demand = demand,
                      .supervisor = getpid(),
                      .tasks = most_tasks(),
                      .file = command->writes_nothing ? 0 : FILE_SIZE};
  *child = (tl_proc_child){.pid = -1, .pidfd = -1, .out = -1, .err = -1};
  int rc = 0;
  if (l.in < 0 || !make_pipe(out) || !make_pipe(err) || !make_pipe(rep) ||
      fcntl(out[0], F_SETFL, O_NONBLOCK) < 0 || fcntl(err[0], F_SETFL, O_NONBLOCK) < 0) {
    rc = tl_fail_errno(e, errno, "cannot set up the program's input and output");
  }
  if (rc == 0) {
    l.out = out[1];
    l.err = err[1];
    l.report = rep[1];
    (void)snprintf(l.ids[0], sizeof l.ids[0], "%u %u 1", geteuid(), geteuid());
    (void)snprintf(l.ids[1], sizeof l.ids[1], "%u %u 1", getegid(), getegid());
    rc = start_keeper(&l, rep[0], child, e);
    rep[1] = -1; /* start_keeper closed it */
  }
  if (rc == 0) {
    child->out = out[0];
    child->err = err[0];
    out[0] = err[0] = -1;
  }
  close_all(out, 2);
  close_all(err, 2);
  close_all(rep, 2);
  close_all(&l.in, 1);
  return rc;
}
