/* From fork to exec: the keeper, which stays, and the program under it. See proc.h.
 *
 * The keeper is the parent of all that the program starts and leaves behind, also of what went to a
 * session of its own: the kernel hands orphans to the nearest ancestor that asks for them. It kills
 * them when the program has ended, then ends in the same way. It holds until it is killed itself.
 *
 * Only async-signal-safe calls: the supervisor may have had more threads. Sources: fork(2),
 * execveat(2), prctl(2), close_range(2), proc(5), signal-safety(7). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "landlock.h"
#include "proc.h"

enum { END_MS = 5000 };

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

static bool limit(__rlimit_resource_t what, rlim_t most)
{
  struct rlimit lim;
  if (getrlimit(what, &lim) < 0) {
    return false;
  }
  if (lim.rlim_max == RLIM_INFINITY || most < lim.rlim_max) {
    lim.rlim_max = most;
  }
  lim.rlim_cur = lim.rlim_max < most ? lim.rlim_max : most;
  return setrlimit(what, &lim) == 0;
}

/* What must hold. */
static bool set_up_child(const tl_proc_launch *l, pid_t keeper)
{
  if (setsid() < 0 || dup2(l->in, 0) < 0 || dup2(l->out, 1) < 0 || dup2(l->err, 2) < 0) {
    return false;
  }
  if (chdir(l->folder) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !close_on_exec()) {
    return false;
  }
  /* Does not outlive its keeper, be it killed; the keeper may be gone before this call. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
    return false;
  }
  if (getppid() != keeper) {
    errno = ECHILD;
    return false;
  }
  default_signals();
  return true;
}

static int enter_landlock(const tl_proc_launch *l)
{
  if (l->ruleset < 0) {
    return 0;
  }
  /* What a program reads of itself there: its descriptors, its memory map. */
  int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (self >= 0) {
    (void)tl_landlock_allow(l->ruleset, self, TL_LANDLOCK_READ);
    (void)close(self);
  }
  return tl_landlock_enter(l->ruleset) ? tl_landlock_abi() : 0;
}

/* What the kernel may lack. The filter comes last: it refuses what the others need. */
static void confine(const tl_proc_launch *l, pid_t keeper, tl_proc_held *held)
{
  held->limits = limit(RLIMIT_FSIZE, l->file) && (l->tasks == 0 || limit(RLIMIT_NPROC, l->tasks));
  held->no_capabilities = tl_confine__capabilities();
  held->landlock = enter_landlock(l);
  held->calls = tl_confine_program_calls(keeper, l->supervisor);
}

static void execute(const tl_proc_launch *l)
{
  /* By descriptor, so that it is the file that was hashed. The interpreter of a script opens
   * the script by its name, so that one goes by path. */
  if (l->program->script) {
    (void)execve(l->program->path, l->argv, l->envp);
  } else {
    (void)syscall(SYS_execveat, l->program->fd, "", l->argv, l->envp, AT_EMPTY_PATH);
  }
}

static _Noreturn void run_child(const tl_proc_launch *l, pid_t keeper)
{
  tl_proc_report r = {.err = 0};
  if (tl_proc_leave(l, &r.held) && set_up_child(l, keeper)) {
    confine(l, keeper, &r.held);
    bool holds = r.held.landlock > 0 && (r.held.calls || r.held.network_namespace);
    if (l->demand && !holds) {
      errno = TL_PROC_NOT_HELD;
    } else {
      (void)!write(l->report, &r, sizeof r);
      execute(l);
    }
  }
  r.err = errno;
  (void)!write(l->report, &r, sizeof r);
  _exit(127);
}

/* --- the keeper --- */

/* Kills its children once. Those of a process that is killed become the keeper's own. */
static void kill_children(pid_t program)
{
  char text[4096];
  int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) {
    (void)close(fd);
  }
  if (n < 0 && program > 0) {
    (void)kill(-program, SIGKILL); /* a kernel that does not tell: at least the program's group */
  }
  pid_t pid = 0;
  for (ssize_t i = 0; i < n; i++) {
    bool digit = text[i] >= '0' && text[i] <= '9';
    if (digit) {
      pid = pid * 10 + (text[i] - '0');
    } else if (pid > 0) {
      (void)kill(pid, SIGKILL);
      pid = 0;
    }
  }
}

/* Until nothing is left, or somebody cannot be ended for seconds. */
static void end_all(pid_t program, int *status)
{
  const struct timespec nap = {.tv_nsec = 1000000};
  for (int i = 0; i < END_MS;) {
    int ended;
    kill_children(program);
    pid_t pid = waitpid(-1, &ended, WNOHANG);
    if (pid < 0 && errno == ECHILD) {
      return;
    }
    if (pid > 0 && pid == program) {
      *status = ended;
      program = 0;
    }
    if (pid <= 0) {
      (void)nanosleep(&nap, NULL);
      i++;
    }
  }
}

/* Waits for the program's end or for the word to end it. */
static void await(pid_t program, int *status)
{
  sigset_t set;
  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGCHLD);
  (void)sigaddset(&set, SIGTERM);
  for (bool ended = false; !ended;) {
    int sig = sigwaitinfo(&set, NULL);
    int one;
    pid_t pid;
    while (sig == SIGCHLD && (pid = waitpid(-1, &one, WNOHANG)) > 0) {
      if (pid == program) {
        *status = one;
        ended = true;
      }
    }
    ended = ended || sig == SIGTERM;
    if (ended) {
      end_all(sig == SIGTERM ? program : 0, status);
    }
  }
}

/* Whoever waits for the keeper sees the program's end. */
static _Noreturn void end_like(int status)
{
  if (WIFSIGNALED(status)) {
    default_signals();
    (void)kill(getpid(), WTERMSIG(status));
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

_Noreturn void tl_proc_keep(const tl_proc_launch *l)
{
  struct sigaction dflt = {.sa_handler = SIG_DFL};
  int status = 127 << 8;
  /* The end of the supervisor is a reason to end, too. Neither the keeper nor what it starts leaves
   * a core. */
  bool ok = prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 &&
            prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == 0 && getppid() == l->supervisor &&
            sigaction(SIGCHLD, &dflt, NULL) == 0 && limit(RLIMIT_CORE, 0);
  pid_t keeper = getpid();
  pid_t program = ok ? fork() : -1;
  if (program == 0) {
    run_child(l, keeper);
  }
  if (program < 0) {
    tl_proc_report r = {.err = errno ? errno : ECHILD};
    (void)!write(l->report, &r, sizeof r);
    _exit(127);
  }
  /* Pipes must not be held open by the keeper, nor the lock of the scratch folder. */
  (void)close(l->report);
  (void)close_range(0, ~0u, 0);
  await(program, &status);
  end_like(status);
}
