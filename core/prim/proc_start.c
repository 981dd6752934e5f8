/* From a program that was found to a running child: see proc.h.
 *
 * Sources: fork(2), execveat(2), pidfd_open(2), memfd_create(2), unshare(2), user_namespaces(7),
 * prctl(2), close_range(2), signal-safety(7). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"
#include "proc.h"

/* --- in the child, between fork and exec: only async-signal-safe calls --- */

typedef struct launch {
  const tl_proc_program *program;
  char **argv;
  char **envp;
  int in, out, err; /* what become its descriptors 0 to 2; all of these are above 2 */
  int folder;       /* where it works */
  int report;       /* closed by a successful exec */
  pid_t parent;
  char ids[2][64]; /* the lines for uid_map and gid_map */
} launch;

/* What the child tells through the pipe; the last one counts. */
typedef struct report {
  int network_namespace;
  int err;
} report;

static bool put_file(const char *path, const char *text)
{
  size_t len = strlen(text);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  bool ok = write(fd, text, len) == (ssize_t)len;
  (void)close(fd);
  return ok;
}

/* A network with nothing in it. Without privileges that takes a user namespace, in which the child
 * keeps its own user and group. */
static bool leave_network(const launch *l)
{
  if (unshare(CLONE_NEWNET) == 0) {
    return true;
  }
  /* Only the owner of /proc/self may write the maps; a process that is not dumpable is not. */
  (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && put_file("/proc/self/setgroups", "deny") &&
         put_file("/proc/self/uid_map", l->ids[0]) && put_file("/proc/self/gid_map", l->ids[1]);
}

static void default_signals(void)
{
  struct sigaction dflt = {.sa_handler = SIG_DFL};
  sigset_t none;
  for (int sig = 1; sig < NSIG; sig++) {
    (void)sigaction(sig, &dflt, NULL); /* KILL, STOP and the C library's own refuse */
  }
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Nothing of ours but 0 to 2 may reach the program, whoever opened it and however. */
static bool close_on_exec(void)
{
  if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0) {
    return true;
  }
  struct rlimit lim; /* before Linux 5.11 */
  if (getrlimit(RLIMIT_NOFILE, &lim) < 0) {
    return false;
  }
  for (int fd = 3; (rlim_t)fd < lim.rlim_cur; fd++) {
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  return true;
}

static bool set_up_child(const launch *l)
{
  struct rlimit no_core = {0};
  if (setsid() < 0 || dup2(l->in, 0) < 0 || dup2(l->out, 1) < 0 || dup2(l->err, 2) < 0) {
    return false;
  }
  if (fchdir(l->folder) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0) {
    return false;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !close_on_exec()) {
    return false;
  }
  /* Does not outlive the supervisor, be it killed; the parent may be gone before this call. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
    return false;
  }
  if (getppid() != l->parent) {
    errno = ECHILD;
    return false;
  }
  default_signals();
  return true;
}

static _Noreturn void run_child(const launch *l)
{
  report r = {.network_namespace = leave_network(l)};
  if (set_up_child(l)) {
    (void)!write(l->report, &r, sizeof r);
    /* By descriptor, so that it is the file that was hashed. The interpreter of a script opens
     * the script by its name, so that one goes by path. */
    if (l->program->script) {
      (void)execve(l->program->path, l->argv, l->envp);
    } else {
      (void)syscall(SYS_execveat, l->program->fd, "", l->argv, l->envp, AT_EMPTY_PATH);
    }
  }
  r.err = errno;
  (void)!write(l->report, &r, sizeof r);
  _exit(127);
}

/* --- in the parent --- */

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

/* No signal handler of ours runs in the child, which has our memory. */
static pid_t fork_quietly(const launch *l)
{
  sigset_t all;
  sigset_t old;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, &old);
  pid_t pid = fork();
  if (pid == 0) {
    run_child(l);
  }
  int err = errno;
  (void)sigprocmask(SIG_SETMASK, &old, NULL);
  errno = err;
  return pid;
}

/* Waits until the pipe closes: the program runs, or the child said why not. */
static int hear_report(int fd, const tl_proc_program *program, tl_proc_child *child, tl_err *e)
{
  report r = {.err = ECHILD};
  report next;
  while (tl_fs_read_all(fd, &next, sizeof next) == (ssize_t)sizeof next) {
    r = next;
  }
  child->network_namespace = r.network_namespace != 0;
  return r.err ? tl_fail_errno(e, r.err, "cannot run the program %.200s", program->path) : 0;
}

static int launch_child(const launch *l, int report_fd, tl_proc_child *child, tl_err *e)
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
      (void)kill(-child->pid, SIGKILL);
    }
  }
  if (rc < 0) {
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {}
  }
  return rc;
}

int tl_proc_start(const tl_proc_program *program, const tl_proc_command *command, int folder,
                  tl_proc_child *child, tl_err *e)
{
  int out[2] = {-1, -1};
  int err[2] = {-1, -1};
  int rep[2] = {-1, -1};
  launch l = {.program = program,
              .argv = command->argv,
              .envp = command->envp,
              .in = open_input(command->input),
              .folder = folder};
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
    l.parent = getpid();
    (void)snprintf(l.ids[0], sizeof l.ids[0], "%u %u 1", geteuid(), geteuid());
    (void)snprintf(l.ids[1], sizeof l.ids[1], "%u %u 1", getegid(), getegid());
    rc = launch_child(&l, rep[0], child, e);
    rep[1] = -1; /* launch_child closed it */
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
