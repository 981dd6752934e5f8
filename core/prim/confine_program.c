/* The system calls that a program does without: see tl_confine_program_calls in confine.h.
 *
 * Programs need hundreds of calls, so this is a list of what is refused, as container engines have
 * it, and not, as for the worker, of what is allowed. Landlock guards the files; this guards the
 * network, other processes and the kernel's own surface. Sources: seccomp(2), unix(7), clone(2). */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
enum { X32_CALLS = 0x40000000 }; /* the same calls by other numbers */
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
enum { X32_CALLS = 0 };
#endif

#if defined ARCH

/* Refused with EPERM. */
static const uint16_t refused[] = {
    /* other processes */
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    438 /* pidfd_getfd */,
    SYS_perf_event_open,
    440 /* process_madvise */,
    /* namespaces and mounts */
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    428 /* open_tree */,
    429 /* move_mount */,
    430 /* fsopen */,
    431 /* fsconfig */,
    432 /* fsmount */,
    433 /* fspick */,
    442 /* mount_setattr */,
    /* the kernel: modules, programs in it, keys, clocks, power, devices */
    SYS_bpf,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_userfaultfd,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_fanotify_init,
    SYS_vhangup,
#ifdef __x86_64__
    SYS_iopl,
    SYS_ioperm,
    SYS_uselib,
    SYS_modify_ldt,
#endif
    /* files by handles instead of paths */
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    /* sockets but pairs; a name would lead out of a pair */
    SYS_socket,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
};

/* As if the kernel had none of them: libraries have another way then. io_uring does what is refused
 * above on its own; the flags of clone3 cannot be looked at. */
static const uint16_t missing[] = {SYS_clone3, SYS_io_uring_setup, SYS_io_uring_enter,
                                   SYS_io_uring_register};

/* seccomp_data holds 64-bit arguments; both machines are little-endian: the low half is first. */
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define LOAD_ARG(n) LOAD(offsetof(struct seccomp_data, args) + 8 * (n))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define REFUSE(err) RETURN(SECCOMP_RET_ERRNO | (err))
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define IF_ANY_BIT(mask, yes, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (mask), (yes), (no))

enum {
  NEW_NAMESPACES = (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                    CLONE_NEWPID | CLONE_NEWNET),
  SOCKET_TYPE = 15, /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
  CODE_MAX = 256,
};

typedef struct program {
  struct sock_filter code[CODE_MAX];
  unsigned short len;
} program;

static void add(program *p, const struct sock_filter *code, size_t n)
{
  for (size_t i = 0; i < n && p->len < CODE_MAX; i++) {
    p->code[p->len++] = code[i];
  }
}

#define ADD(p, ...) \
  do { \
    const struct sock_filter code[] = {__VA_ARGS__}; \
    add((p), code, sizeof code / sizeof *code); \
  } while (0)

static void add_list(program *p, const uint16_t *calls, size_t n, unsigned err)
{
  for (size_t i = 0; i < n; i++) {
    ADD(p, IF_EQUAL(calls[i], 0, 1), REFUSE(err));
  }
}

/* A pair of connected ends says nothing to anybody else. One of datagrams could be turned to a socket
 * that lies in a folder, by an address in sendmsg, which a filter cannot look at. */
static void add_pairs(program *p)
{
  ADD(p, IF_EQUAL(SYS_socketpair, 0, 8), LOAD_ARG(0), IF_EQUAL(AF_UNIX, 0, 4), LOAD_ARG(1),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SOCKET_TYPE), IF_EQUAL(SOCK_STREAM, 2, 0),
      IF_EQUAL(SOCK_SEQPACKET, 1, 0), REFUSE(EPERM), ALLOW);
}

/* Landlock keeps signals in only from ABI 6 on. */
static void add_signals(program *p, unsigned keeper, unsigned supervisor)
{
  static const uint16_t calls[] = {
      SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
      434 /* pidfd_open */};
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    ADD(p, IF_EQUAL(calls[i], 0, 6), LOAD_ARG(0), IF_EQUAL((uint32_t)-1, 2, 0),
        IF_EQUAL(keeper, 1, 0), IF_EQUAL(supervisor, 0, 1), REFUSE(EPERM), ALLOW);
  }
}

static void begin(program *p)
{
  ADD(p, LOAD(offsetof(struct seccomp_data, arch)), IF_EQUAL(ARCH, 1, 0),
      RETURN(SECCOMP_RET_KILL_PROCESS), LOAD(offsetof(struct seccomp_data, nr)));
  if (X32_CALLS != 0) {
    ADD(p, IF_ANY_BIT(X32_CALLS, 0, 1), REFUSE(ENOSYS));
  }
}

static bool install(program *p)
{
  ADD(p, ALLOW);
  struct sock_fprog all = {.len = p->len, .filter = p->code};
  return p->len < CODE_MAX && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &all) == 0;
}

bool tl_confine_program_calls(int keeper, int supervisor)
{
  program p = {.len = 0};
  begin(&p);
  add_list(&p, refused, sizeof refused / sizeof *refused, EPERM);
  add_list(&p, missing, sizeof missing / sizeof *missing, ENOSYS);
  ADD(&p, IF_EQUAL(SYS_clone, 0, 4), LOAD_ARG(0), IF_ANY_BIT(NEW_NAMESPACES, 0, 1), REFUSE(EPERM),
      ALLOW);
  add_pairs(&p);
  add_signals(&p, (unsigned)keeper, (unsigned)supervisor);
  return install(&p);
}

bool tl_confine_reader_calls(void)
{
  static const uint16_t others[] = {
      SYS_socket,          SYS_socketpair,        SYS_kill,
      SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, 434 /* pidfd_open */,
      SYS_ptrace,          SYS_process_vm_readv,  SYS_process_vm_writev};
  static const uint16_t own[] = {SYS_tkill, SYS_tgkill}; /* abort */
  program p = {.len = 0};
  begin(&p);
  add_list(&p, others, sizeof others / sizeof *others, EPERM);
  add_list(&p, missing, sizeof missing / sizeof *missing, ENOSYS);
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
    ADD(&p, IF_EQUAL(own[i], 0, 4), LOAD_ARG(0), IF_EQUAL((uint32_t)getpid(), 1, 0), REFUSE(EPERM),
        ALLOW);
  }
  return install(&p);
}

#else

bool tl_confine_program_calls(int keeper, int supervisor)
{
  (void)keeper;
  (void)supervisor;
  return false; /* no filter written for this machine */
}

bool tl_confine_reader_calls(void)
{
  return false;
}

#endif
