/* What a confined worker cannot do any more, what it still can, and each layer by itself.
 * Every case runs in a child of its own, which answers with its exit code. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../core/prim/confine.h"

/* --- running a case in a child --- */

enum { PASSED = 0, FAILED = 99 };

/* Runs body(fd) in a child, where fd is one end of a socket pair; returns the wait status. */
static int status_of(int (*body)(int fd))
{
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  (void)fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    _exit(body(pair[0]));
  }
  (void)close(pair[0]);
  /* Whatever the child says comes back to it. */
  char bytes[64];
  ssize_t n;
  while ((n = read(pair[1], bytes, sizeof bytes)) > 0) {
    if (write(pair[1], bytes, (size_t)n) != n) {
      break;
    }
  }
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  (void)close(pair[1]);
  return status;
}

static void passes(int (*body)(int fd))
{
  int status = status_of(body);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != PASSED) {
    fail_msg("the child ended with wait status 0x%x", (unsigned)status);
  }
}

static void confine(int fd, int64_t cpu_seconds, tl_val *held)
{
  tl_err e = {0};
  tl_confine how = {.cpu_seconds = cpu_seconds, .keep_fd = fd};
  if (tl_confine_worker(&how, held, &e) != 0) {
    _exit(FAILED);
  }
}

/* --- the forbidden things --- */

#define REFUSED(call) ((call) == -1)

static bool try_open(void)
{
  return REFUSED(open("/etc/passwd", O_RDONLY));
}
static bool try_create(void)
{
  return REFUSED(open("/tmp/tlab-escape", O_WRONLY | O_CREAT, 0600));
}
static bool try_proc(void)
{
  return REFUSED(open("/proc/self/environ", O_RDONLY));
}
static bool try_stat(void)
{
  struct stat st;
  return REFUSED(stat("/etc/passwd", &st));
}
static bool try_mkdir(void)
{
  return REFUSED(mkdir("/tmp/tlab-escape.d", 0700));
}
static bool try_unlink(void)
{
  return REFUSED(unlink("/tmp/tlab-escape-none")) && errno != ENOENT;
}
static bool try_chdir(void)
{
  return REFUSED(chdir("/"));
}
static bool try_socket(void)
{
  return REFUSED(socket(AF_INET, SOCK_STREAM, 0));
}
static bool try_udp(void)
{
  return REFUSED(socket(AF_INET, SOCK_DGRAM, 0));
}
static bool try_unix(void)
{
  return REFUSED(socket(AF_UNIX, SOCK_STREAM, 0));
}
static bool try_netlink(void)
{
  return REFUSED(socket(AF_NETLINK, SOCK_RAW, 0));
}
static bool try_pair(void)
{
  int pair[2];
  return REFUSED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}
static bool try_pipe(void)
{
  int ends[2];
  return REFUSED(pipe(ends));
}
static bool try_dup(void)
{
  return REFUSED(dup(0));
}
static bool try_fork(void)
{
  long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    _exit(0);
  }
  return pid == -1;
}
static bool try_clone3(void)
{
  return REFUSED(syscall(SYS_clone3, NULL, 0)) && errno == EPERM;
}
static bool try_exec(void)
{
  char *argv[] = {NULL, NULL};
  char name[] = "/bin/true";
  argv[0] = name;
  return REFUSED(execve(name, argv, argv + 1));
}
static bool try_execveat(void)
{
  return REFUSED(syscall(SYS_execveat, 0, "", NULL, NULL, AT_EMPTY_PATH)) && errno == EPERM;
}
static bool try_kill_parent(void)
{
  return REFUSED(kill(getppid(), 0));
}
static bool try_ptrace(void)
{
  return REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}
static bool try_vm_read(void)
{
  return REFUSED(syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0)) && errno == EPERM;
}
static bool try_exec_memory(void)
{
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) == MAP_FAILED;
}
static bool try_exec_protect(void)
{
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags, -1, 0);
  return page != MAP_FAILED && REFUSED(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}
static bool try_pkey_protect(void)
{
  return REFUSED(syscall(SYS_pkey_mprotect, NULL, 0, PROT_EXEC, -1)) && errno == EPERM;
}
static bool try_memfd(void)
{
  return REFUSED(syscall(SYS_memfd_create, "x", 0));
}
static bool try_uring(void)
{
  return REFUSED(syscall(SYS_io_uring_setup, 1, NULL)) && errno == EPERM;
}
static bool try_bpf(void)
{
  return REFUSED(syscall(SYS_bpf, 0, NULL, 0)) && errno == EPERM;
}
static bool try_unshare(void)
{
  return REFUSED(syscall(SYS_unshare, 0x10000000));
}
static bool try_limits(void)
{
  struct rlimit lim = {.rlim_cur = 100, .rlim_max = 100};
  return REFUSED(setrlimit(RLIMIT_NOFILE, &lim));
}
static bool try_prctl(void)
{
  return REFUSED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}
static bool try_ioctl(void)
{
  int n = 0;
  return REFUSED(ioctl(0, FIONREAD, &n)) && errno == EPERM;
}
static bool try_sysinfo(void)
{
  return REFUSED(syscall(SYS_uname, NULL)) && errno == EPERM;
}

static const struct {
  const char *name;
  bool (*refused)(void);
} forbidden[] = {
    {"open", try_open},
    {"create", try_create},
    {"/proc", try_proc},
    {"stat", try_stat},
    {"mkdir", try_mkdir},
    {"unlink", try_unlink},
    {"chdir", try_chdir},
    {"tcp", try_socket},
    {"udp", try_udp},
    {"unix", try_unix},
    {"netlink", try_netlink},
    {"socketpair", try_pair},
    {"pipe", try_pipe},
    {"dup", try_dup},
    {"fork", try_fork},
    {"clone3", try_clone3},
    {"exec", try_exec},
    {"execveat", try_execveat},
    {"kill", try_kill_parent},
    {"ptrace", try_ptrace},
    {"process_vm_readv", try_vm_read},
    {"mmap exec", try_exec_memory},
    {"mprotect exec", try_exec_protect},
    {"pkey_mprotect", try_pkey_protect},
    {"memfd", try_memfd},
    {"io_uring", try_uring},
    {"bpf", try_bpf},
    {"unshare", try_unshare},
    {"setrlimit", try_limits},
    {"prctl", try_prctl},
    {"ioctl", try_ioctl},
    {"uname", try_sysinfo},
};

/* Without the filter (sanitizers) only what the other layers refuse is tried. */
static bool tried_without_filter(const char *name)
{
  static const char *const names[] = {"open", "create", "/proc", "tcp",  "udp",
                                      "unix", "pipe",   "dup",   "exec", "memfd"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(names[i], name) == 0) {
      return true;
    }
  }
  return false;
}

static int body_forbidden(int fd)
{
  tl_val held = tl_nil();
  confine(fd, 0, &held);
  bool filtered = tl_get_bool(&held, "seccomp", false);
  for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
    if (!filtered && !tried_without_filter(forbidden[i].name)) {
      continue;
    }
    errno = 0;
    if (!forbidden[i].refused()) {
      return (int)i + 1;
    }
  }
  return PASSED;
}

static void refuses_everything_outside(void **state)
{
  (void)state;
  int status = status_of(body_forbidden);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == FAILED) {
    fail_msg("tl_confine_worker failed");
  }
  if (WEXITSTATUS(status) != PASSED) {
    fail_msg("a confined process could still: %s", forbidden[WEXITSTATUS(status) - 1].name);
  }
}

/* --- what still works --- */

static bool computes(void)
{
  for (size_t size = 1; size < (size_t)64 << 20; size *= 4) { /* brk, mmap, mremap, munmap */
    char *p = malloc(size);
    char *q = p ? realloc(p, size * 2) : NULL;
    if (!q) {
      return false;
    }
    memset(q, 1, size * 2);
    free(q);
  }
  struct timespec ts;
  unsigned char random[16];
  return clock_gettime(CLOCK_MONOTONIC, &ts) == 0 &&
         syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts) == 0 &&
         syscall(SYS_getrandom, random, sizeof random, 0) == (long)sizeof random;
}

static bool talks(int fd)
{
  char bytes[8] = {0};
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return write(fd, "ping", 4) == 4 && poll(&p, 1, 5000) == 1 && read(fd, bytes, 4) == 4 &&
         memcmp(bytes, "ping", 4) == 0 && send(fd, "pong", 4, MSG_NOSIGNAL) == 4 &&
         recv(fd, bytes, 4, MSG_WAITALL) == 4 && memcmp(bytes, "pong", 4) == 0;
}

static bool null_stdio(void)
{
  char c;
  return read(0, &c, 1) == 0 && write(1, "x", 1) == 1 && write(2, "x", 1) == 1;
}

static int body_allowed(int fd)
{
  tl_val held = tl_nil();
  int other = open("/etc/passwd", O_RDONLY); /* has bytes and takes none */
  for (int i = 0; i <= 2; i++) {
    if (dup2(other, i) < 0) {
      return FAILED;
    }
  }
  confine(fd, 0, &held);
  return !computes() ? 1 : !talks(fd) ? 2 : !null_stdio() ? 3 : PASSED;
}

static void computing_and_the_socket_work(void **state)
{
  (void)state;
  passes(body_allowed);
}

/* --- descriptors, limits, report --- */

static int body_descriptors(int fd)
{
  int secret = open("/etc/passwd", O_RDONLY);
  int high = fcntl(secret, F_DUPFD, fd + 100);
  tl_val held = tl_nil();
  confine(fcntl(fd, F_DUPFD, secret + 10), 0, &held);
  char c;
  return secret < 3 || high < 0 ? 1
         : read(secret, &c, 1) == -1 && errno == EBADF && read(high, &c, 1) == -1 && errno == EBADF
             ? PASSED
             : 2;
}

static void inherited_descriptors_are_closed(void **state)
{
  (void)state;
  passes(body_descriptors);
}

static int body_cpu(int fd)
{
  tl_val held = tl_nil();
  confine(fd, 1, &held);
  time_t end = time(NULL) + 20;
  while (time(NULL) < end) {}
  return FAILED;
}

static void cpu_time_ends(void **state)
{
  (void)state;
  int status = status_of(body_cpu);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), SIGXCPU);
}

static bool as_nobody;

/* Waits for the echo, so that the parent may look at /proc/<pid> meanwhile. */
static int body_held(int fd)
{
  tl_val held = tl_nil();
  if (as_nobody && (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0 ||
                    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)) {
    return FAILED;
  }
  confine(fd, 7, &held);
  char text[96];
  int n = snprintf(text, sizeof text, "%lld %d %d %d %d %d.",
                   (long long)tl_get_int(&held, "landlock", 0),
                   tl_get_bool(&held, "seccomp", false), tl_get_bool(&held, "no_new_privs", false),
                   tl_get_bool(&held, "rlimits", false), tl_get_bool(&held, "not_dumpable", false),
                   tl_get_bool(&held, "no_capabilities", false));
  (void)!write(fd, text, (size_t)n);
  char c;
  return read(fd, &c, 1) == 1 ? PASSED : FAILED;
}

static void read_proc(pid_t pid, const char *file, char *text, size_t size)
{
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  ssize_t n = read(fd, text, size - 1);
  assert_true(n > 0);
  text[n] = '\0';
  (void)close(fd);
}

/* The limit's line is "Max open files   4   4   files". */
static void assert_limit(const char *limits, const char *name, const char *soft, const char *hard)
{
  const char *line = strstr(limits, name);
  char have_soft[32];
  char have_hard[32];
  assert_non_null(line);
  assert_int_equal(sscanf(line + strlen(name), "%31s %31s", have_soft, have_hard), 2);
  assert_string_equal(have_soft, soft);
  assert_string_equal(have_hard, hard);
}

static void check_proc(pid_t pid, int keep_fd, bool filtered)
{
  char text[8192];
  read_proc(pid, "status", text, sizeof text);
  assert_non_null(strstr(text, "NoNewPrivs:\t1"));
  assert_non_null(strstr(text, "CapEff:\t0000000000000000"));
  assert_non_null(strstr(text, "CapPrm:\t0000000000000000"));
  assert_int_equal(strstr(text, "Seccomp:\t2") != NULL, filtered);
  read_proc(pid, "limits", text, sizeof text);
  char files[16];
  (void)snprintf(files, sizeof files, "%d", keep_fd + 1);
  assert_limit(text, "Max open files", files, files);
  assert_limit(text, "Max core file size", "0", "0");
  assert_limit(text, "Max cpu time", "7", "8");
#ifndef TL_SANITIZED
  assert_limit(text, "Max processes", "0", "0");
  assert_limit(text, "Max file size", "0", "0");
#endif
  /* proc(5): the files of a process that is not dumpable belong to root, whoever it runs as. */
  struct stat st;
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_uid, 0);
}

static void check_report(void)
{
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  (void)fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    _exit(body_held(pair[0]));
  }
  char text[96] = "";
  size_t len = 0;
  while (len < sizeof text - 1 && !strchr(text, '.')) {
    ssize_t n = read(pair[1], text + len, sizeof text - 1 - len);
    assert_true(n > 0);
    len += (size_t)n;
  }
  int landlock;
  int seccomp;
  int privs;
  int rlimits;
  int dumpable;
  int caps;
  assert_int_equal(
      sscanf(text, "%d %d %d %d %d %d", &landlock, &seccomp, &privs, &rlimits, &dumpable, &caps),
      6);
  check_proc(pid, pair[0], seccomp != 0);
  assert_int_equal(write(pair[1], "x", 1), 1);
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_int_equal(privs, 1);
  assert_int_equal(rlimits, 1);
  assert_int_equal(dumpable, 1);
  assert_int_equal(caps, 1);
#ifdef TL_SANITIZED
  assert_int_equal(seccomp, 0);
#else
  assert_int_equal(seccomp, 1);
#endif
  int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
  assert_int_equal(landlock, abi > 0 ? abi : 0);
  (void)close(pair[0]);
  (void)close(pair[1]);
}

static void reports_what_the_kernel_confirms(void **state)
{
  (void)state;
  check_report();
  as_nobody = geteuid() == 0;
  if (as_nobody) {
    check_report();
  }
}

static void a_standard_descriptor_cannot_be_kept(void **state)
{
  (void)state;
  tl_val held = tl_nil();
  tl_err e = {0};
  assert_int_equal(tl_confine_worker(&(tl_confine){.keep_fd = 1}, &held, &e), TL_EBUG);
}

/* --- Landlock by itself --- */

static int loopback(int type, bool bound)
{
  int fd = socket(AF_INET, type, 0);
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bound && bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0) {
    return -1;
  }
  return fd;
}

static char scratch[] = "/tmp/tlab-confine-XXXXXX";

static int body_landlock(int fd)
{
  (void)fd;
  int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
  struct sockaddr_in sa = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(9)};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
    return FAILED;
  }
  int abi = tl_confine__landlock();
#define EACCES_ON(call) (REFUSED(call) && errno == EACCES)
  if (!EACCES_ON(open("/etc/passwd", O_RDONLY))) return 1;
  if (!EACCES_ON(open("/etc", O_RDONLY | O_DIRECTORY))) return 2;
  if (!EACCES_ON(openat(dir, "tlab-escape", O_WRONLY | O_CREAT, 0600))) return 3;
  if (!EACCES_ON(mkdirat(dir, "tlab-escape.d", 0700))) return 4;
  if (!EACCES_ON(symlinkat("/", dir, "tlab-escape.l"))) return 5;
  if (!EACCES_ON(open("/dev/null", O_RDWR))) return 6;
  char *argv[] = {NULL};
  if (!EACCES_ON(execve("/bin/true", argv, argv))) return 7;
  if (abi >= 3 && !EACCES_ON(truncate(scratch, 0))) return 8;
  if (abi >= 4) {
    int tcp = loopback(SOCK_STREAM, false);
    if (!EACCES_ON(connect(tcp, (struct sockaddr *)&sa, sizeof sa))) return 9;
    if (loopback(SOCK_STREAM, true) != -1 || errno != EACCES) return 10;
  }
  if (abi >= 6 && !(REFUSED(kill(getppid(), 0)) && errno == EPERM)) return 11;
  return PASSED;
}

static void landlock_alone_refuses_files_and_tcp(void **state)
{
  (void)state;
  if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1) {
    skip();
  }
  int fd = mkstemp(scratch);
  assert_true(fd >= 0);
  (void)close(fd);
  int status = status_of(body_landlock);
  (void)unlink(scratch);
  assert_int_equal(status, 0);
}

/* --- seccomp by itself --- */

#ifndef TL_SANITIZED

static int body_seccomp_errno(int fd)
{
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !tl_confine__seccomp(fd)) {
    return FAILED;
  }
#define EPERM_ON(call) (REFUSED(call) && errno == EPERM)
  if (!EPERM_ON(open("/etc/passwd", O_RDONLY))) return 1;
  if (!EPERM_ON(socket(AF_INET, SOCK_STREAM, 0))) return 2;
  if (!EPERM_ON(pipe((int[2]){0, 0}))) return 3;
  if (!EPERM_ON(syscall(SYS_getpid))) return 4;
  if (!EPERM_ON(syscall(SYS_tgkill, 1, 1, 0))) return 5;
  if (!EPERM_ON(syscall(100000))) return 6;
  return PASSED;
}

static void seccomp_alone_refuses_by_default(void **state)
{
  (void)state;
  passes(body_seccomp_errno);
}

static void *at_address(uintptr_t where, const void *data, size_t len)
{
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  void *page = mmap((void *)where, 4096, PROT_READ | PROT_WRITE, flags, -1, 0);
  return page == MAP_FAILED ? NULL : memcpy(page, data, len);
}

/* A datagram socket could send anywhere: only the kept one, and without an address. */
static int body_seccomp_send(int fd)
{
  int udp = loopback(SOCK_DGRAM, false);
  int to = loopback(SOCK_DGRAM, true);
  struct sockaddr_in sa;
  socklen_t len = sizeof sa;
  if (udp < 0 || to < 0 || getsockname(to, (struct sockaddr *)&sa, &len) < 0) {
    return FAILED;
  }
  const struct sockaddr *addr = (struct sockaddr *)&sa;
  /* Addresses of which one half is zero: the filter sees 32 bits at a time. */
  struct sockaddr *low = at_address(0x20000000, addr, len);
  struct sockaddr *high = at_address(0x100000000, addr, len);
  if (!low || !high) return FAILED;
  if (sendto(udp, "x", 1, 0, addr, len) != 1) return 1; /* as long as nothing holds */
  char c;
  if (recv(to, &c, 1, MSG_DONTWAIT) != 1) return 2;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !tl_confine__seccomp(udp)) return FAILED;
  if (!EPERM_ON(sendto(udp, "x", 1, 0, addr, len))) return 3;
  if (!EPERM_ON(sendto(udp, "x", 1, 0, low, len))) return 7;
  if (!EPERM_ON(sendto(udp, "x", 1, 0, high, len))) return 8;
  if (!EPERM_ON(send(fd, "x", 1, 0))) return 4;
  if (!EPERM_ON(recv(fd, &c, 1, MSG_DONTWAIT))) return 5;
  struct msghdr msg = {0};
  if (!EPERM_ON(sendmsg(udp, &msg, 0))) return 6;
  return PASSED;
}

static void seccomp_alone_keeps_sending_to_the_one_socket(void **state)
{
  (void)state;
  passes(body_seccomp_send);
}

#ifdef __x86_64__
/* The same number means another call in the 32-bit table: 11 is execve there, munmap here. */
static int body_other_arch(int fd)
{
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !tl_confine__seccomp(fd)) {
    return FAILED;
  }
  long result = 20; /* getpid in the 32-bit table */
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return 1;
}

static void another_call_table_is_deadly(void **state)
{
  (void)state;
  int status = status_of(body_other_arch);
  assert_true(WIFSIGNALED(status));
  /* SIGSEGV: this kernel has no 32-bit calls at all. */
  assert_true(WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV);
}

static int body_x32(int fd)
{
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !tl_confine__seccomp(fd)) {
    return FAILED;
  }
  return EPERM_ON(syscall(0x40000000L | SYS_write, 1, "", 0)) ? PASSED : 1;
}

static void x32_calls_are_refused(void **state)
{
  (void)state;
  passes(body_x32);
}
#endif
#endif

static int body_network(int fd)
{
  (void)fd;
  if (!tl_confine__network()) {
    return PASSED; /* a kernel or container that forbids it: reported as false */
  }
  int udp = loopback(SOCK_DGRAM, false);
  struct sockaddr_in sa = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(9)};
  return REFUSED(connect(udp, (struct sockaddr *)&sa, sizeof sa)) && errno == ENETUNREACH ? PASSED
                                                                                          : 1;
}

static void a_network_namespace_reaches_nothing(void **state)
{
  (void)state;
  passes(body_network);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_everything_outside),
      cmocka_unit_test(computing_and_the_socket_work),
      cmocka_unit_test(inherited_descriptors_are_closed),
      cmocka_unit_test(cpu_time_ends),
      cmocka_unit_test(reports_what_the_kernel_confirms),
      cmocka_unit_test(a_standard_descriptor_cannot_be_kept),
      cmocka_unit_test(landlock_alone_refuses_files_and_tcp),
#ifndef TL_SANITIZED
      cmocka_unit_test(seccomp_alone_refuses_by_default),
      cmocka_unit_test(seccomp_alone_keeps_sending_to_the_one_socket),
#ifdef __x86_64__
      cmocka_unit_test(another_call_table_is_deadly),
      cmocka_unit_test(x32_calls_are_refused),
#endif
#endif
      cmocka_unit_test(a_network_namespace_reaches_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
