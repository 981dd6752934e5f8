/* proc.run: what a program can reach, and what it cannot, each tried by a program.
 *
 * Without Landlock the tests of files are skipped, as the answer says then: open. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/prim/confine.h"
#include "proc_help.h"

static char own[PATH_MAX]; /* this program, which is also the attacker */

/* --- the attacks: this program, started by proc.run with the name of one --- */

static int says(int rc)
{
  return rc < 0 ? errno : 0;
}

static int connect_to(const char *port)
{
  struct sockaddr_in sa = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                           .sin_port = htons((uint16_t)atoi(port))};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  return fd < 0 ? errno : says(connect(fd, (struct sockaddr *)&sa, sizeof sa));
}

static int send_datagram(const char *port)
{
  struct sockaddr_in sa = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                           .sin_port = htons((uint16_t)atoi(port))};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  return fd < 0 ? errno : says((int)sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, sizeof sa));
}

static struct sockaddr_un unix_address(const char *path)
{
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  (void)snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
  return sa;
}

static int connect_unix(const char *path)
{
  struct sockaddr_un sa = unix_address(path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return fd < 0 ? errno : says(connect(fd, (struct sockaddr *)&sa, sizeof sa));
}

/* One end of a pair, turned to a socket outside by an address in the message. */
static int turn_pair(const char *path)
{
  struct sockaddr_un sa = unix_address(path);
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0) {
    return errno;
  }
  struct iovec part = {.iov_base = (char[]){"x"}, .iov_len = 1};
  struct msghdr message = {
      .msg_name = &sa, .msg_namelen = sizeof sa, .msg_iov = &part, .msg_iovlen = 1};
  return says((int)sendmsg(pair[0], &message, 0));
}

static int use_pair(const char *unused)
{
  int pair[2];
  char byte = 0;
  (void)unused;
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 &&
                 write(pair[0], "x", 1) == 1 && read(pair[1], &byte, 1) == 1 && byte == 'x'
             ? 0
             : errno;
}

static int trace(const char *pid)
{
  return says((int)ptrace(PTRACE_ATTACH, atoi(pid), NULL, NULL));
}

static int trace_child(const char *unused)
{
  (void)unused;
  return says((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int read_memory(const char *pid)
{
  char there;
  struct iovec mine = {.iov_base = &there, .iov_len = 1};
  struct iovec theirs = {.iov_base = base, .iov_len = 1};
  return says((int)process_vm_readv(atoi(pid), &mine, 1, &theirs, 1, 0));
}

static int end_other(const char *pid)
{
  return says(kill(atoi(pid), SIGUSR1));
}

static int end_keeper(const char *unused)
{
  (void)unused;
  return says(kill(getppid(), SIGUSR1));
}

static int end_everyone(const char *unused)
{
  (void)unused;
  return says(kill(-1, 0));
}

static int signal_self(const char *unused)
{
  (void)unused;
  return says(kill(getpid(), 0)) | says(kill(0, 0)) | (raise(SIGCONT) != 0);
}

static int new_namespace(const char *unused)
{
  (void)unused;
  return says(unshare(CLONE_NEWUSER));
}

static int clone_namespace(const char *unused)
{
  (void)unused;
  return says((int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

static int clone_by_struct(const char *unused)
{
  struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  (void)unused;
  return says((int)syscall(SYS_clone3, &args, sizeof args));
}

static int start_thread_or_process(const char *unused)
{
  (void)unused;
  pid_t pid = fork();
  if (pid == 0) {
    _exit(0);
  }
  return pid < 0 ? errno : says(waitpid(pid, NULL, 0));
}

static int ask_ring(const char *unused)
{
  (void)unused;
  return says((int)syscall(SYS_io_uring_setup, 1, NULL));
}

static int load_bpf(const char *unused)
{
  (void)unused;
  return says((int)syscall(SYS_bpf, 0, NULL, 0));
}

static int ask_keys(const char *unused)
{
  (void)unused;
  return says((int)syscall(SYS_keyctl, 0, -3, 0));
}

static int ask_faults(const char *unused)
{
  (void)unused;
  return says((int)syscall(SYS_userfaultfd, 1));
}

static int ask_events(const char *unused)
{
  (void)unused;
  return says((int)syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
}

static int mount_proc(const char *unused)
{
  (void)unused;
  return says(mount("none", ".", "tmpfs", 0, NULL));
}

static int make_device(const char *unused)
{
  (void)unused;
  return says(mknod("disk", S_IFBLK | 0600, 0x0801));
}

static int change_mode(const char *path)
{
  return says(chmod(path, 0600));
}

static int change_owner(const char *path)
{
  return says(lchown(path, getuid(), getgid()));
}

static int change_dates(const char *path)
{
  return says(utimensat(AT_FDCWD, path, NULL, 0));
}

static int cut_short(const char *path)
{
  return says(truncate(path, 0));
}

static const struct attack {
  const char *name;
  int (*run)(const char *argument);
} attacks[] = {
    {"tcp", connect_to},         {"udp", send_datagram},
    {"unix", connect_unix},      {"turn", turn_pair},
    {"pair", use_pair},          {"ptrace", trace},
    {"traceme", trace_child},    {"memory", read_memory},
    {"signal", end_other},       {"keeper", end_keeper},
    {"everyone", end_everyone},  {"self", signal_self},
    {"unshare", new_namespace},  {"clone", clone_namespace},
    {"clone3", clone_by_struct}, {"fork", start_thread_or_process},
    {"io_uring", ask_ring},      {"bpf", load_bpf},
    {"keyctl", ask_keys},        {"userfaultfd", ask_faults},
    {"perf", ask_events},        {"mount", mount_proc},
    {"mknod", make_device},      {"chmod", change_mode},
    {"chown", change_owner},     {"dates", change_dates},
    {"truncate", cut_short},
};

static int attack(const char *name, const char *argument)
{
  for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
    if (strcmp(attacks[i].name, name) == 0) {
      return attacks[i].run(argument);
    }
  }
  return 125;
}

/* The exit code of an attack: 0 when it went through, else its errno. */
static int64_t attacked(const char *name, const char *argument)
{
  asked a = run(COMMAND(own, name, argument));
  succeeds(&a);
  int64_t code = tl_get_int(&a.call.out, "exit", -1);
  end(&a);
  return code;
}

static char *number(int n)
{
  static char text[16];
  (void)snprintf(text, sizeof text, "%d", n);
  return text;
}

/* --- files --- */

static void files_of_others_are_closed(void **state)
{
  (void)state;
  needs_landlock();
  char script[2 * PATH_MAX];
  (void)snprintf(
      script, sizeof script,
      "for f in %s /etc/passwd /etc/hostname /etc/shadow /proc/1/environ "
      "/proc/%d/environ /proc/%d/cmdline /proc/mounts /dev/tty /root /home /tmp %s; do "
      "if head -c 1 $f || ls $f/.; then echo reached $f; fi 2>/dev/null; done 2>/dev/null",
      put(".ssh/id_ed25519", "KEY", 0644), (int)getpid(), (int)getpid(), base);
  assert_says(COMMAND("sh", "-c", script), "");
}

static void nothing_is_written_outside(void **state)
{
  (void)state;
  needs_landlock();
  char script[8 * PATH_MAX];
  char *file = put("there.txt", "before", 0666);
  assert_int_equal(chmod(base, 0777), 0);
  (void)snprintf(script, sizeof script,
                 "{ echo x >%s/new; echo x >%s; echo x >>%s; rm %s; mkdir %s/d; ln %s hard; "
                 "mv %s moved; ln -s /etc %s/link; truncate -s 0 %s; } 2>/dev/null; ls; cat hard",
                 base, file, file, file, base, file, file, base, file);
  assert_says(COMMAND("sh", "-c", script), "");
  (void)snprintf(script, sizeof script, "test \"$(ls %s)\" = there.txt && grep -q before %s", base,
                 file);
  assert_int_equal(unlink(file), 0);
  (void)put("there.txt", "before", 0666);
  assert_int_equal(system(script), 0);
}

static bool holds(const asked *a, const char *layer)
{
  const tl_val *how = tl_get(tl_get(&a->call.out, "confined"), "how");
  for (size_t i = 0; i < tl_len(how); i++) {
    if (strcmp(tl_at(how, i)->u.s.data, layer) == 0) {
      return true;
    }
  }
  return false;
}

/* Whether the kernel gives mounts of one's own, and can close them: tried here in the same way. */
static bool mounts_here(void)
{
  const int apart = CLONE_NEWNET | CLONE_NEWNS;
  (void)fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    bool own_mounts = unshare(apart) == 0 || unshare(CLONE_NEWUSER | apart) == 0;
    (void)syscall(SYS_mount_setattr, -1, "", 0, NULL, 0);
    _exit(own_mounts && errno != ENOSYS ? 0 : 1);
  }
  int status = 1;
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Which Landlock does not look at. */
static void modes_and_dates_stay_outside(void **state)
{
  (void)state;
  char path[PATH_MAX];
  (void)snprintf(path, sizeof path, "%s", put("mine.txt", "mine", 0666));
  asked a = run(
      COMMAND("sh", "-c", "touch a && chmod 700 a && touch -d 2001-01-01 a && stat -c '%a %Y' a"));
  succeeds(&a);
  assert_string_equal(tl_get_str(&a.call.out, "stdout", ""),
                      "700 978307200\n"); /* its own it may */
  bool read_only = holds(&a, "read-only mounts");
  end(&a);
  assert_int_equal(read_only, mounts_here());
  if (!read_only) {
    skip();
  }
  assert_int_equal(attacked("chmod", path), EROFS);
  assert_int_equal(attacked("chown", path), EROFS);
  assert_int_equal(attacked("dates", path), EROFS);
  int64_t code = attacked("truncate", path);
  assert_true(code == EROFS || code == EACCES);
}

static void its_own_folder_and_the_system_are_open(void **state)
{
  (void)state;
  assert_stdout(
      COMMAND("sh", "-c",
              "mkdir d && echo a >d/a && mv d/a d/b && ln d/b hard && cat hard && rm -r d "
              "&& echo x >$TMPDIR/t && cp /bin/true mine && ./mine && head -c 2 /dev/zero | "
              "wc -c && echo >/dev/null && head -c 4 /dev/urandom | wc -c && test -r "
              "/proc/self/status && grep -q . /proc/cpuinfo && ls /usr >/dev/null && echo ok"),
      "a\n2\n4\nok\n");
  assert_stdout(COMMAND("python3", "-c",
                        "import json, ssl, threading\n"
                        "t = threading.Thread(target=lambda: print('thread'))\n"
                        "t.start()\nt.join()"),
                "thread\n");
}

/* --- network --- */

static int listen_on(int type, int *port)
{
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof sa;
  int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
  assert_true(type == SOCK_DGRAM || listen(fd, 1) == 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
  *port = ntohs(sa.sin_port);
  return fd;
}

static void there_is_no_network(void **state)
{
  (void)state;
  int port;
  int fd = listen_on(SOCK_STREAM, &port);
  assert_int_equal(attack("tcp", number(port)), 0); /* here it can be reached */
  assert_int_equal(attacked("tcp", number(port)), EPERM);
  (void)close(fd);
  fd = listen_on(SOCK_DGRAM, &port);
  assert_int_equal(attack("udp", number(port)), 0);
  assert_int_equal(attacked("udp", number(port)), EPERM);
  (void)close(fd);
}

static void sockets_in_folders_are_closed(void **state)
{
  (void)state;
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  for (int i = 0; i < 2; i++) {
    const char *name = i == 0 ? "unix" : "turn";
    (void)snprintf(sa.sun_path, sizeof sa.sun_path, "%s/%s", base, name);
    int fd = socket(AF_UNIX, (i == 0 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_true(i == 1 || listen(fd, 1) == 0);
    assert_int_equal(attack(name, sa.sun_path), 0);
    assert_int_equal(attacked(name, sa.sun_path), EPERM);
    (void)close(fd);
  }
  assert_int_equal(attacked("pair", ""), 0); /* among its own processes it may speak */
}

/* --- other processes, and the kernel --- */

static void other_processes_are_out_of_reach(void **state)
{
  (void)state;
  char *us = number((int)getpid());
  assert_int_equal(attacked("ptrace", us), EPERM);
  assert_int_equal(attacked("traceme", us), EPERM);
  assert_int_equal(attacked("memory", us), EPERM);
  assert_int_equal(attacked("signal", us), EPERM);
  assert_int_equal(attacked("keeper", us), EPERM);
  assert_int_equal(attacked("everyone", us), EPERM);
  assert_int_equal(attacked("self", us), 0);
  assert_int_equal(attacked("fork", us), 0);
}

static void the_kernel_is_asked_for_no_more_than_it_takes(void **state)
{
  (void)state;
  static const char *const refused[] = {"unshare",     "clone", "bpf",  "keyctl",
                                        "userfaultfd", "perf",  "mount"};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    assert_int_equal(attacked(refused[i], ""), EPERM);
  }
  assert_int_equal(attacked("clone3", ""), ENOSYS);
  assert_int_equal(attacked("io_uring", ""), ENOSYS);
  /* Landlock is asked before the capabilities, of which there are none either. */
  assert_int_equal(attacked("mknod", ""), tl_landlock_abi() > 0 ? EACCES : EPERM);
}

static void files_have_a_most(void **state)
{
  (void)state;
  asked a = run(COMMAND("sh", "-c", "ulimit -f; truncate -s 5G big"));
  succeeds(&a);
  assert_string_equal(tl_get_str(&a.call.out, "stdout", ""), "8388608\n"); /* of 512 bytes */
  assert_int_equal(tl_get_int(&a.call.out, "signal", -1), -1);
  assert_int_not_equal(tl_get_int(&a.call.out, "exit", 0), 0);
  end(&a);
}

static void tasks_have_a_most(void **state)
{
  (void)state;
  asked a = run(COMMAND("awk", "/Max processes/ { print $3, $4 }", "/proc/self/limits"));
  succeeds(&a);
  const char *out = tl_get_str(&a.call.out, "stdout", "");
  char *rest = NULL;
  unsigned long soft = strtoul(out, &rest, 10);
  assert_true(soft > 0 && soft == strtoul(rest, NULL, 10)); /* neither is "unlimited" */
  end(&a);
  char text[128] = "";
  int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
  assert_true(read(fd, text, sizeof text - 1) > 0);
  (void)close(fd);
  assert_true(soft <= strtoul(strchr(text, '/') + 1, NULL, 10) + 2048);
}

/* --- what is told --- */

static void what_holds_is_told(void **state)
{
  (void)state;
  asked a = run(COMMAND("true"));
  succeeds(&a);
  const tl_val *confined = tl_get(&a.call.out, "confined");
  bool files = tl_landlock_abi() > 0;
  assert_string_equal(tl_get_str(confined, "network", ""), "none");
  assert_string_equal(tl_get_str(confined, "files", ""),
                      files ? "scratch folder; reads the system" : "open");
  assert_true(tl_get_bool(confined, "syscalls", false));
  const tl_val *how = tl_get(confined, "how");
  assert_true(tl_len(how) >= 4);
  end(&a);
}

/* --- kernels that have less --- */

/* From here on these calls fail, as a kernel or a container has it. */
static void lose(unsigned call, unsigned err)
{
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = 4, .filter = code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
    _exit(80);
  }
}

static bool told(const asked *a, const char *network, const char *files, bool calls)
{
  const tl_val *confined = tl_get(&a->call.out, "confined");
  return a->rc == 0 && strcmp(tl_get_str(confined, "network", ""), network) == 0 &&
         strncmp(tl_get_str(confined, "files", ""), files, strlen(files)) == 0 &&
         tl_get_bool(confined, "syscalls", !calls) == calls;
}

static bool is_refused(const char *name, const char *argument)
{
  asked a = run(COMMAND(own, name, argument));
  return a.rc == 0 && tl_get_int(&a.call.out, "exit", 0) == EPERM;
}

static int without_landlock(void)
{
  lose(SYS_landlock_create_ruleset, ENOSYS);
  asked a = run(COMMAND("cat", "/etc/passwd"));
  bool ok = told(&a, "none", "open", true) && tl_get_int(&a.call.out, "exit", -1) == 0;
  char script[PATH_MAX + 16];
  (void)snprintf(script, sizeof script, "echo x >%s/new", base);
  asked c = run(COMMAND("sh", "-c", script)); /* the mounts hold still */
  ok = ok && (tl_get_int(&c.call.out, "exit", 0) != 0) == holds(&c, "read-only mounts");
  /* It is the filter that keeps signals in then. */
  ok = ok && is_refused("signal", number((int)getpid())) && is_refused("keeper", "") &&
       is_refused("everyone", "");
  tl_confine_demand(true);
  asked b = run(COMMAND("true"));
  return ok && b.rc == TL_EUNSUPPORTED && strstr(b.call.err.msg, "from files") ? 0 : 1;
}

static int without_namespaces(void)
{
  lose(SYS_unshare, EPERM);
  tl_confine_demand(true);
  asked a = run(COMMAND(own, "tcp", "1"));
  return told(&a, "none", "scratch folder", true) && tl_get_int(&a.call.out, "exit", 0) == EPERM
             ? 0
             : 1;
}

static int without_filters(void)
{
  lose(SYS_seccomp, EINVAL);
  asked a = run(COMMAND(own, "tcp", "1"));
  return told(&a, "none", "scratch folder", false) && tl_get_int(&a.call.out, "exit", 0) > 0 ? 0
                                                                                             : 1;
}

static int without_network_layers(void)
{
  lose(SYS_unshare, EPERM);
  lose(SYS_seccomp, EINVAL);
  asked a = run(COMMAND("true"));
  bool ok = told(&a, "open", "scratch folder", false);
  tl_confine_demand(true);
  asked b = run(COMMAND("true"));
  return ok && b.rc == TL_EUNSUPPORTED && strstr(b.call.err.msg, "the network") ? 0 : 1;
}

static void apart(int (*body)(void))
{
  (void)fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    _exit(body());
  }
  int status = -1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

static void what_the_kernel_lacks_is_told_or_refused(void **state)
{
  (void)state;
  needs_landlock();
  apart(without_landlock);
  apart(without_namespaces);
  apart(without_filters);
  apart(without_network_layers);
}

static int set_up(void **state)
{
  ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
  return n > 0 ? make_base(state) : -1;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_of_others_are_closed),
      cmocka_unit_test(nothing_is_written_outside),
      cmocka_unit_test(modes_and_dates_stay_outside),
      cmocka_unit_test(its_own_folder_and_the_system_are_open),
      cmocka_unit_test(there_is_no_network),
      cmocka_unit_test(sockets_in_folders_are_closed),
      cmocka_unit_test(other_processes_are_out_of_reach),
      cmocka_unit_test(the_kernel_is_asked_for_no_more_than_it_takes),
      cmocka_unit_test(files_have_a_most),
      cmocka_unit_test(tasks_have_a_most),
      cmocka_unit_test(what_holds_is_told),
      cmocka_unit_test(what_the_kernel_lacks_is_told_or_refused),
  };
  if (argc == 3) {
    _exit(
        attack(argv[1], argv[2])); /* a sanitizer would look for leaks, by calls that are refused */
  }
  return cmocka_run_group_tests(tests, set_up, remove_base);
}
