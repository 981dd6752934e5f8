#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store.h"

enum { WORKER_FD = 3, SECOND_SIGNAL_MS = 300 };

/* Its own group: Ctrl-C is for us, who end the worker, or the called run, ourselves. */
static void init_spawn(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr)
{
  sigset_t none;
  (void)posix_spawn_file_actions_init(files);
  (void)posix_spawnattr_init(attr);
  (void)sigemptyset(&none);
  (void)posix_spawnattr_setsigmask(attr, &none);
  (void)posix_spawnattr_setpgroup(attr, 0);
  (void)posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

static int spawn_self(const char *cpu, const char *memory, int fd, pid_t *pid)
{
  char *argv[] = {(char[]){"tlab-worker"}, (char[32]){0}, (char[32]){0}, NULL};
  char *envp[] = {NULL};
  (void)snprintf(argv[1], 32, "%s", cpu);
  (void)snprintf(argv[2], 32, "%s", memory);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attr;
  init_spawn(&files, &attr);
  (void)posix_spawn_file_actions_adddup2(&files, fd, WORKER_FD);
  int err = posix_spawn(pid, "/proc/self/exe", &files, &attr, argv, envp);
  (void)posix_spawn_file_actions_destroy(&files);
  (void)posix_spawnattr_destroy(&attr);
  return err;
}

int tl_spawn_worker(int64_t cpu_seconds, int64_t memory, pid_t *pid, int *sock, tl_err *e)
{
  int pair[2];
  char cpu[32], mem[32];
  (void)snprintf(cpu, sizeof cpu, "%" PRId64, cpu_seconds);
  (void)snprintf(mem, sizeof mem, "%" PRId64, memory);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return tl_fail_errno(e, errno, "cannot make the worker's socket");
  /* dup2 onto itself would keep close-on-exec set and leave the worker without its socket. */
  int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, WORKER_FD + 1);
  int err = theirs < 0 ? errno : spawn_self(cpu, mem, theirs, pid);
  (void)close(pair[1]);
  if (theirs >= 0) (void)close(theirs);
  if (err == 0 && fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0) err = errno;
  if (err != 0) {
    (void)close(pair[0]);
    return tl_fail_errno(e, err, "cannot start the worker");
  }
  *sock = pair[0];
  return TL_OK;
}

static int spawn_called(const char *dev_lua, int lab, int in, int out, pid_t *pid)
{
  char self[32];
  char *argv[] = {(char[]){TL_CALLED}, self, NULL, NULL, NULL};
  char option[] = "--dev-lua";
  (void)snprintf(self, sizeof self, "%d", getpid());
  if (dev_lua) {
    argv[2] = option;
    argv[3] = (char *)(uintptr_t)dev_lua;
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attr;
  init_spawn(&files, &attr);
  (void)posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
  (void)posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
  (void)posix_spawn_file_actions_addfchdir_np(&files, lab);
  int err = posix_spawn(pid, "/proc/self/exe", &files, &attr, argv, environ);
  (void)posix_spawn_file_actions_destroy(&files);
  (void)posix_spawnattr_destroy(&attr);
  return err;
}

int tl_spawn_called(const char *dev_lua, int lab, int in, pid_t *pid, int *pidfd, int *out,
                    tl_err *e)
{
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return tl_fail_errno(e, errno, "cannot make a pipe");
  int err = spawn_called(dev_lua, lab, in, ends[1], pid);
  (void)close(ends[1]);
  *out = ends[0];
  *pidfd = err ? -1 : (int)syscall(SYS_pidfd_open, *pid, 0);
  if (err == 0 && (*pidfd < 0 || fcntl(*out, F_SETFL, O_NONBLOCK) != 0)) {
    err = errno;
    (void)tl_spawn_end(*pid, 0);
    tl_store_close(*pidfd);
  }
  if (err == 0) return TL_OK;
  (void)close(*out);
  return tl_fail_errno(e, err, "cannot start another run");
}

int tl_spawn_end(pid_t pid, int grace_ms)
{
  int status = 0;
  pid_t got;
  while ((got = waitpid(pid, &status, WNOHANG)) == 0 && grace_ms-- > 0)
    (void)usleep(1000); /* its socket closes a moment before it can be collected */
  if (got == 0) {
    (void)kill(pid, SIGKILL);
    while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {}
  }
  if (got < 0) return -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int64_t tl_spawn_cpu_ms(pid_t pid)
{
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return -1;
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void our_signals(sigset_t *set)
{
  (void)sigemptyset(set);
  (void)sigaddset(set, SIGINT);
  (void)sigaddset(set, SIGTERM);
  (void)sigaddset(set, SIGHUP);
}

static unsigned listening; /* descriptors that are open: one run may wait for another */
static int taken;          /* the signal that ends them all, 0: none */

int tl_signals_open(tl_err *e)
{
  sigset_t set;
  our_signals(&set);
  (void)sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return tl_fail_errno(e, errno, "cannot wait for signals");
  listening++;
  return fd;
}

static volatile sig_atomic_t late;   /* the first signal that did not end a run, 0: none */
static struct timespec first_signal; /* of the monotonic clock; all zero before there was one */

/* Once the run is being closed a signal does not end it: what it made is being written down. Only a
 * second wish does, and one that comes right after the first is not a second one: timeout(1) and some
 * shells send the same signal twice in a row, to the process and to its group. */
static void on_signal(int sig)
{
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  if (first_signal.tv_sec == 0) {
    first_signal = now;
    late = sig;
    return;
  }
  int64_t ms = (int64_t)(now.tv_sec - first_signal.tv_sec) * 1000 +
               (now.tv_nsec - first_signal.tv_nsec) / 1000000;
  if (ms >= SECOND_SIGNAL_MS) _exit(128 + sig);
}

/* From here signals come to on_signal instead of the descriptor. */
static void hand_over(void)
{
  struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigset_t set;
  our_signals(&set);
  (void)sigaction(SIGINT, &act, NULL);
  (void)sigaction(SIGTERM, &act, NULL);
  (void)sigaction(SIGHUP, &act, NULL);
  (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int tl_signals_take(int fd)
{
  struct signalfd_siginfo info;
  if (read(fd, &info, sizeof info) != (ssize_t)sizeof info) return 0;
  return (int)info.ssi_signo;
}

void tl_signals_last(int sig)
{
  (void)clock_gettime(CLOCK_MONOTONIC, &first_signal);
  hand_over();
  taken = sig;
}

int tl_signals_taken(void)
{
  return taken;
}

int tl_signals_late(void)
{
  return (int)late;
}

void tl_signals_close(int fd)
{
  if (fd < 0) return;
  (void)close(fd);
  if (--listening > 0) return;
  taken = 0;
  hand_over();
}

ssize_t tl_sock_read(int fd, tl_buf *in)
{
  char chunk[65536];
  ssize_t n = recv(fd, chunk, sizeof chunk, 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (n == 0 || tl_buf_add(in, chunk, (size_t)n) < 0) return -1;
  return n;
}

ssize_t tl_sock_write(int fd, tl_buf *out)
{
  if (out->len == 0) return 0;
  ssize_t n = send(fd, out->data, out->len, MSG_NOSIGNAL);
  if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  tl_buf_shift(out, (size_t)n);
  return n;
}
