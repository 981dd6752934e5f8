/* Taking everything away from the worker but computing and one socket: see confine.h.
 *
 * Each layer alone would do for most attacks; a kernel may lack any of them, so all are tried and
 * what holds is reported. Sources: landlock(7), seccomp(2), prctl(2), getrlimit(2), close_range(2),
 * unshare(2), capset(2), Documentation/userspace-api/landlock.rst. */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "landlock.h"

/* --- descriptors --- */

static int close_from_to(unsigned first, unsigned last)
{
  if (first > last || close_range(first, last, 0) == 0) {
    return 0;
  }
  if (errno != ENOSYS) {
    return -1;
  }
  struct rlimit lim; /* before Linux 5.9 */
  if (getrlimit(RLIMIT_NOFILE, &lim) < 0) {
    return -1;
  }
  for (unsigned fd = first; fd <= last && fd < lim.rlim_cur; fd++) {
    (void)close((int)fd);
  }
  return 0;
}

static int close_all_but(int keep_fd, tl_err *e)
{
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) {
    return tl_fail_errno(e, errno, "cannot open /dev/null");
  }
  for (int fd = 0; fd <= 2; fd++) {
    if (dup2(null, fd) < 0) {
      return tl_fail_errno(e, errno, "cannot put /dev/null in place of descriptor %d", fd);
    }
  }
  unsigned keep = (unsigned)keep_fd;
  if (close_from_to(3, keep - 1) < 0 || close_from_to(keep + 1, ~0u) < 0) {
    return tl_fail_errno(e, errno, "cannot close the inherited descriptors");
  }
  return 0;
}

/* --- limits --- */

static bool limit(__rlimit_resource_t what, rlim_t soft, rlim_t hard)
{
  struct rlimit lim = {.rlim_cur = soft, .rlim_max = hard};
  return setrlimit(what, &lim) == 0;
}

static bool limit_all(const tl_confine *how)
{
  rlim_t files = (rlim_t)how->keep_fd + 1; /* those open now, never one more */
  rlim_t cpu = (rlim_t)how->cpu_seconds;
  bool ok = limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_NOFILE, files, files);
#ifndef TL_SANITIZED
  /* The sanitizers start a thread at exit and write to a log file. */
  ok = ok && limit(RLIMIT_NPROC, 0, 0) && limit(RLIMIT_FSIZE, 0, 0);
#endif
  /* The soft limit's SIGXCPU ends the process; the hard one is for a process that catches it. */
  return ok && (cpu == 0 || limit(RLIMIT_CPU, cpu, cpu + 1));
}

bool tl_confine__capabilities(void)
{
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
  return syscall(SYS_capset, &head, none) == 0;
}

/* --- Landlock --- */

int tl_confine__landlock(void)
{
  int ruleset = tl_landlock_ruleset();
  if (ruleset < 0) {
    return 0;
  }
  /* No rule is added: what is handled and not allowed is refused. */
  bool held = tl_landlock_enter(ruleset);
  (void)close(ruleset);
  return held ? tl_landlock_abi() : 0;
}

/* --- seccomp --- */

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#endif

#if defined ARCH

/* seccomp_data holds 64-bit arguments; both machines are little-endian: the low half is first. */
#define ARG_LOW(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define ARG_HIGH(n) (ARG_LOW(n) + 4)
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define DENY RETURN(SECCOMP_RET_ERRNO | EPERM)
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define IF_ANY_BIT(mask, yes, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (mask), (yes), (no))

#define ALLOW_CALL(name) IF_EQUAL(__NR_##name, 0, 1), ALLOW
/* Memory that could be executed is never given out: argument 2 is the protection in both calls. */
#define ALLOW_WITHOUT_EXEC(name) \
  IF_EQUAL(__NR_##name, 0, 4), LOAD(ARG_LOW(2)), IF_ANY_BIT(PROT_EXEC, 0, 1), DENY, ALLOW

bool tl_confine__seccomp(int keep_fd)
{
  /* The number of an x32 call has bit 30 set, so it equals none of these and is refused too. */
  struct sock_filter code[] = {
      LOAD(offsetof(struct seccomp_data, arch)),
      IF_EQUAL(ARCH, 1, 0),
      RETURN(SECCOMP_RET_KILL_PROCESS),
      LOAD(offsetof(struct seccomp_data, nr)),
      ALLOW_CALL(read),
      ALLOW_CALL(write),
      ALLOW_CALL(readv),
      ALLOW_CALL(writev),
      ALLOW_CALL(ppoll),
      ALLOW_CALL(close),
#ifdef __NR_poll
      ALLOW_CALL(poll),
#endif
      ALLOW_CALL(munmap),
      ALLOW_CALL(mremap),
      ALLOW_CALL(madvise),
      ALLOW_CALL(brk),
      ALLOW_CALL(futex),
      ALLOW_CALL(exit),
      ALLOW_CALL(exit_group),
      ALLOW_CALL(rt_sigreturn),
      ALLOW_CALL(rt_sigprocmask),
      ALLOW_CALL(sigaltstack),
      ALLOW_CALL(restart_syscall),
      ALLOW_CALL(clock_gettime),
      ALLOW_CALL(getrandom),
      ALLOW_WITHOUT_EXEC(mmap),
      ALLOW_WITHOUT_EXEC(mprotect),
      /* Only on the one socket. A destination address would let a datagram socket speak to others;
     * sendmsg is left out since a filter cannot look at the address in its struct. */
      IF_EQUAL(__NR_recvfrom, 0, 4),
      LOAD(ARG_LOW(0)),
      IF_EQUAL((unsigned)keep_fd, 0, 1),
      ALLOW,
      DENY,
      IF_EQUAL(__NR_sendto, 0, 7),
      LOAD(ARG_LOW(0)),
      IF_EQUAL((unsigned)keep_fd, 0, 5),
      LOAD(ARG_LOW(4)),
      IF_EQUAL(0, 0, 3),
      LOAD(ARG_HIGH(4)),
      IF_EQUAL(0, 0, 1),
      ALLOW,
      DENY,
  };
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

#else

bool tl_confine__seccomp(int keep_fd)
{
  (void)keep_fd;
  return false; /* no filter written for this machine */
}

#endif

/* --- network --- */

bool tl_confine__network(void)
{
  return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

/* --- all together --- */

#ifdef TL_SANITIZED
/* LeakSanitizer's hook (sanitizer/lsan_interface.h): its check needs /proc and ptrace. */
static int leak_check_off;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
  return leak_check_off;
}
#endif

static bool filter_calls(int keep_fd)
{
#ifdef TL_SANITIZED
  (void)keep_fd;
  leak_check_off = 1;
  return false; /* the sanitizers' own run time makes calls that the filter refuses */
#else
  return tl_confine__seccomp(keep_fd);
#endif
}

int tl_confine_worker(const tl_confine *how, tl_val *held, tl_err *e)
{
  if (how->keep_fd < 3) {
    return tl_fail(e, TL_EBUG, "descriptor %d cannot be kept: 0 to 2 become /dev/null",
                   how->keep_fd);
  }
  int rc = close_all_but(how->keep_fd, e);
  if (rc < 0) {
    return rc;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
    return tl_fail_errno(e, errno, "cannot give up new privileges");
  }
  /* A worker that computes never sees its socket close. One whose supervisor died before this line
   * does: its first read ends it. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
    return tl_fail_errno(e, errno, "cannot be tied to the supervisor");
  }
  *held = tl_map();
  int abi = tl_confine__landlock(); /* needs one spare descriptor: before the limits */
  tl_put(held, "landlock", abi > 0 ? tl_int(abi) : tl_bool(false));
  tl_put(held, "no_new_privs", tl_bool(true));
  tl_put(held, "not_dumpable", tl_bool(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0));
  tl_put(held, "rlimits", tl_bool(limit_all(how)));
  tl_put(held, "no_capabilities", tl_bool(tl_confine__capabilities()));
  bool filtered = filter_calls(how->keep_fd);
  tl_put(held, "seccomp", tl_bool(filtered));
  /* The filter refuses socket() already; a namespace (0.6 ms) is for kernels without it. A new
   * user namespace hands out capabilities within itself, which go as well. */
  bool apart = !filtered && tl_confine__network();
  tl_put(held, "network_namespace", tl_bool(apart && tl_confine__capabilities()));
  return 0;
}
