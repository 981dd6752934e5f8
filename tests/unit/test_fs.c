/* Reading, and never outside: each test names the guard that it proves. */
#include "fs_help.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "core/prim/fs.h"

/* --- reading ---------------------------------------------------------------------------------- */

static void read_gives_every_byte(void **state)
{
  (void)state;
  assert_int_equal(shell("printf 'a\\0b' > f; : > empty"), 0);
  assert_int_equal(ask(prim_fs_read, "f"), TL_OK);
  assert_int_equal(got.out.u.s.len, 3);
  assert_memory_equal(got.out.u.s.data, "a\0b", 4);
  assert_read("empty", "");
}

static void read_beyond_the_cap_names_file_size_and_cap(void **state)
{
  (void)state;
  assert_int_equal(shell("head -c 10 /dev/zero > ten; truncate -s 1T sparse"), 0);
  assert_int_equal(ask2(prim_fs_read, "ten", tl_int(10)), TL_OK);
  assert_int_equal(ask2(prim_fs_read, "ten", tl_int(9)), TL_ELIMIT);
  assert_says("ten: it holds");
  assert_says("10 bytes, and at most 9");
  assert_int_equal(ask(prim_fs_read, "sparse"), TL_ELIMIT);
  assert_says("it holds 1099511627776 bytes, and at most 67108864");
}

static void read_refuses_a_cap_out_of_range(void **state)
{
  const int64_t edges[] = {-1, INT64_MIN, INT64_MAX, (INT64_C(1) << 30) + 1, INT64_C(1) << 53};

  (void)state;
  assert_int_equal(shell(": > f"), 0);
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
    assert_int_equal(ask2(prim_fs_read, "f", tl_int(edges[i])), TL_EARGUMENT);
    assert_says("max must lie between");
  }
  assert_int_equal(ask2(prim_fs_read, "f", tl_int(0)), TL_OK);
}

/* A file whose stat says nothing of its size, as one that grows while it is read. */
static void read_goes_on_when_the_file_grows(void **state)
{
  (void)state;
  assert_int_equal(trust(prim_fs_read, "/proc/self/maps"), TL_OK);
  assert_true(got.out.u.s.len > 100);
  assert_int_equal(trust2(prim_fs_read, "/proc/self/maps", tl_int(100)), TL_ELIMIT);
  assert_says("at least 101 bytes");
}

static void read_of_a_special_file_names_its_kind(void **state)
{
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int s = socket(AF_UNIX, SOCK_STREAM, 0);

  (void)state;
  assert_int_equal(shell("mkfifo fifo; mkdir d; test $(id -u) != 0 || mknod dev c 1 5"), 0);
  (void)snprintf(name.sun_path, sizeof name.sun_path, "%s/root/sock", top);
  assert_int_equal(bind(s, (struct sockaddr *)&name, sizeof name), 0);
  (void)close(s);
  assert_int_equal(ask(prim_fs_read, "fifo"), TL_EREFUSED); /* and does not wait for a writer */
  assert_says("it is a fifo");
  assert_int_equal(ask(prim_fs_read, "sock"), TL_EREFUSED);
  assert_says("it is a socket");
  assert_int_equal(ask(prim_fs_read, "d"), TL_EARGUMENT);
  assert_says("it is a folder");
  assert_int_equal(trust(prim_fs_read, "/dev/zero"), TL_EREFUSED);
  assert_says("it is a device");
  assert_int_equal(ask_copy("fifo", "x"), TL_EREFUSED);
  assert_int_equal(ask(prim_hash_file, "fifo"), TL_EREFUSED);
  if (geteuid() == 0) assert_int_equal(ask(prim_fs_read, "dev"), TL_EREFUSED);
}

static void read_of_the_kernels_file_systems_is_refused_under_any_grant(void **state)
{
  static const char *const paths[] = {"proc/self/environ", "proc/self/mem", "proc/version",
                                      "sys/kernel/uevent_seqnum"};
  int slash = open("/", O_PATH | O_DIRECTORY), old = root;

  (void)state;
  root = slash;
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    assert_int_equal(ask(prim_fs_read, paths[i]), TL_EREFUSED);
    assert_int_equal(ask(prim_fs_stat, paths[i]), TL_EREFUSED);
  }
  assert_int_equal(ask(prim_fs_list, "proc"), TL_EREFUSED);
  assert_says("file system of the kernel's own");
  root = old;
  (void)close(slash);
}

/* --- beneath ---------------------------------------------------------------------------------- */

static void names_that_lie_are_refused_by_every_call(void **state)
{
  static tl_prim *const prims[] = {prim_fs_read,   prim_fs_list,   prim_fs_stat, prim_fs_mkdir,
                                   prim_fs_remove, prim_hash_file, prim_fs_write};
  char wide[300], deep[5000];
  const char *bad[] = {"",    "..",   "../x",        "a/../x",         "a/..",      "/etc/passwd",
                       "//x", "a//x", "a/",          "\xff",           "a\xc0\xaf", "\xed\xa0\x80",
                       wide,  deep,   ".tlab-tmp-1", "d/.tlab-tmp-x/y"};

  (void)state;
  memset(wide, 'w', sizeof wide);
  wide[256] = '\0';
  for (size_t i = 0; i < sizeof deep; i++) deep[i] = i % 2 ? '/' : 'd';
  deep[4097] = '\0';
  for (size_t p = 0; p < sizeof prims / sizeof *prims; p++)
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
      int rc = ask2(prims[p], bad[i], prims[p] == prim_fs_write ? tl_str("x") : tl_nil());
      if (rc != TL_EREFUSED) fail_msg("call %zu took '%.40s': %d %s", p, bad[i], rc, got.err.msg);
    }
  assert_int_equal(shell("test -z \"$(ls -A . | grep -v '^d$')\""), 0);
}

static void an_empty_or_endless_path_is_refused_to_everyone(void **state)
{
  char deep[PATH_MAX + 1];

  (void)state;
  memset(deep, '/', sizeof deep);
  deep[PATH_MAX] = '\0';
  assert_int_equal(trust(prim_fs_read, ""), TL_EREFUSED);
  assert_says("is empty");
  assert_int_equal(trust(prim_fs_parents, deep), TL_EREFUSED);
  assert_says("longer than");
}

static void a_nul_in_a_name_is_refused(void **state)
{
  tl_val args[3] = {tl_strn("f\0../x", 6), tl_nil(), tl_nil()};

  (void)state;
  assert_int_equal(shell(": > f"), 0);
  assert_int_equal(call(prim_fs_read, args, "f", NULL, false), TL_EREFUSED);
  assert_says("NUL");
}

static void symbolic_links_are_never_followed(void **state)
{
  static const char *const through[] = {"abs", "rel", "up/x", "dirlink/f", "magic", "d/loop"};

  (void)state;
  assert_int_equal(shell("echo secret > ../x; mkdir d; echo in > d/f; ln -s /etc/passwd abs;"
                         "ln -s d/f rel; ln -s .. up; ln -s d dirlink; ln -s /proc/self/fd/0 magic;"
                         "ln -s loop d/loop"),
                   0);
  for (size_t i = 0; i < sizeof through / sizeof *through; i++) {
    assert_int_equal(ask(prim_fs_read, through[i]), TL_EREFUSED);
    assert_says("symbolic link");
    assert_int_equal(ask(prim_hash_file, through[i]), TL_EREFUSED);
    assert_int_equal(ask_copy(through[i], "copied"), TL_EREFUSED);
  }
  assert_int_equal(ask(prim_fs_list, "dirlink"), TL_EREFUSED);
  assert_int_equal(ask2(prim_fs_write, "up/planted", tl_str("x")), TL_EREFUSED);
  assert_int_equal(ask2(prim_fs_write, "up/new/planted", tl_str("x")), TL_EREFUSED);
  assert_int_equal(ask(prim_fs_mkdir, "up/planted"), TL_EREFUSED);
  assert_int_equal(ask(prim_fs_mkdir, "up"), TL_EREFUSED);
  assert_int_equal(ask(prim_fs_remove, "up/x"), TL_EREFUSED);
  assert_int_equal(ask_copy("d/f", "up/planted"), TL_EREFUSED);
  assert_int_equal(shell("test -f ../x && test ! -e ../planted && test ! -e ../new"), 0);
  assert_int_equal(trust(prim_fs_read, "rel"), TL_OK); /* a person may */
}

static void a_write_replaces_a_link_and_not_what_it_names(void **state)
{
  (void)state;
  assert_int_equal(shell("echo precious > ../x; ln -s ../x out"), 0);
  assert_int_equal(ask2(prim_fs_write, "out", tl_str("mine")), TL_OK);
  assert_int_equal(shell("test ! -L out && test $(cat ../x) = precious"), 0);
  assert_int_equal(shell("ln -s ../x gone"), 0);
  assert_int_equal(ask(prim_fs_remove, "gone"), TL_OK);
  assert_int_equal(shell("test -f ../x"), 0);
}

/* A second process swaps the folder `d` for a link to the outside, as fast as it can. */
static void a_folder_swapped_for_a_link_never_leads_out(void **state)
{
  pid_t swapper;
  int status, inside = 0;

  (void)state;
  assert_int_equal(shell("mkdir d ../out; echo in > d/f; echo out > ../out/f; ln -s ../out l"), 0);
  swapper = fork();
  if (swapper == 0)
    for (;;) (void)syscall(SYS_renameat2, root, "d", root, "l", 2 /* RENAME_EXCHANGE */);
  for (int i = 0; i < 20000; i++) {
    if (ask(prim_fs_read, "d/f") == TL_OK) {
      assert_string_equal(got.out.u.s.data, "in\n");
      inside++;
    }
    if (i % 16 == 0) (void)ask2(prim_fs_write, "d/w", tl_str("x"));
  }
  (void)kill(swapper, SIGKILL);
  (void)waitpid(swapper, &status, 0);
  assert_true(inside > 0);
  assert_int_equal(shell("test ! -e ../out/w"), 0);
}

/* The kernel's own guard, with the judging of names left out. */
static void the_kernel_keeps_a_descriptor_beneath_its_folder(void **state)
{
  static const char *const out[] = {"../x", "d/../../x", "/etc/passwd"};
  struct stat st;
  tl_err e;

  (void)state;
  assert_int_equal(shell("mkdir d; : > ../x"), 0);
  for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
    tl_place p = {root, out[i], out[i], false};
    assert_int_equal(tl_fs_look(&p, false, &st, &e), TL_EREFUSED);
    assert_non_null(strstr(e.msg, "leads out of the folder"));
  }
}

/* Opening alone can do something: a FIFO's writer would wake, a watchdog start. */
static void a_special_file_is_not_even_opened(void **state)
{
  pid_t writer;
  int status;

  (void)state;
  assert_int_equal(shell("mkfifo fifo"), 0);
  writer = fork();
  if (writer == 0)
    _exit(openat(root, "fifo", O_WRONLY) < 0); /* waits until somebody opens it to read */
  (void)usleep(50000);
  assert_int_equal(ask(prim_fs_read, "fifo"), TL_EREFUSED);
  (void)usleep(50000);
  assert_int_equal(waitpid(writer, &status, WNOHANG), 0);
  (void)kill(writer, SIGKILL);
  (void)waitpid(writer, &status, 0);
}

/* What was a file a moment ago is a FIFO when it is opened: never an empty answer. */
static void a_file_swapped_for_a_fifo_is_judged_again(void **state)
{
  pid_t swapper;
  int status, refused = 0, read = 0;

  (void)state;
  assert_int_equal(shell("echo in > f; mkfifo p"), 0);
  swapper = fork();
  if (swapper == 0)
    for (;;) (void)syscall(SYS_renameat2, root, "f", root, "p", 2 /* RENAME_EXCHANGE */);
  /* On a busy machine the swapper may have to be waited for. */
  for (int i = 0; i < 20000 || (i < 2000000 && (read == 0 || refused == 0)); i++)
    if (ask(prim_fs_read, "f") == TL_OK) {
      read++;
      if (strcmp(got.out.u.s.data, "in\n") != 0) break;
    } else {
      refused++;
    }
  (void)kill(swapper, SIGKILL);
  (void)waitpid(swapper, &status, 0);
  if (got.err.code == TL_OK) assert_string_equal(got.out.u.s.data, "in\n");
  assert_true(read > 0 && refused > 0);
}

/* As on Linux before 5.6: seccomp answers openat2 with ENOSYS. In a child, since it is for good. */
static void a_kernel_without_openat2_is_named_and_nothing_weaker_is_tried(void **state)
{
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog prog = {.len = sizeof code / sizeof *code, .filter = code};
  int status;
  pid_t child;

  (void)state;
  assert_int_equal(shell("echo x > f"), 0);
  child = fork();
  if (child == 0) {
    bool ok = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
              prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0 &&
              ask(prim_fs_read, "f") == TL_EUNSUPPORTED && strstr(got.err.msg, "Linux 5.6") &&
              ask2(prim_fs_write, "g", tl_str("x")) == TL_EUNSUPPORTED;
    _exit(ok ? 0 : 1);
  }
  (void)waitpid(child, &status, 0);
  assert_int_equal(status, 0);
}

static void list_is_sorted_by_bytes_with_types_and_sizes(void **state)
{
  static const char *const want[][2] = {
      {"B", "folder"}, {"a", "file"}, {"b", "link"}, {"\xc3\xa9", "fifo"}};

  (void)state;
  assert_int_equal(shell("printf abc > a; mkdir B; ln -s wherever b; mkfifo \xc3\xa9"), 0);
  assert_int_equal(ask(prim_fs_list, "."), TL_OK);
  assert_int_equal(tl_len(&got.out), 4);
  for (size_t i = 0; i < 4; i++) {
    assert_string_equal(tl_get_str(tl_at(&got.out, i), "name", ""), want[i][0]);
    assert_string_equal(tl_get_str(tl_at(&got.out, i), "type", ""), want[i][1]);
  }
  assert_int_equal(tl_get_int(tl_at(&got.out, 1), "size", -1), 3);
  assert_int_equal(tl_get_int(tl_at(&got.out, 0), "size", -1), 0);
  assert_int_equal(ask(prim_fs_list, "a"), TL_EARGUMENT);
  assert_int_equal(ask(prim_fs_list, "none"), TL_ENOT_FOUND);
}

static void stat_tells_of_the_link_and_not_of_its_target(void **state)
{
  (void)state;
  assert_int_equal(shell("printf abcd > f; chmod 640 f; touch -d @1000000000.5 f; ln -s f l"), 0);
  assert_int_equal(ask(prim_fs_stat, "f"), TL_OK);
  assert_string_equal(tl_get_str(&got.out, "type", ""), "file");
  assert_int_equal(tl_get_int(&got.out, "size", 0), 4);
  assert_int_equal(tl_get_int(&got.out, "mode", 0), 0640);
  assert_int_equal(tl_get_int(&got.out, "modified_ms", 0), INT64_C(1000000000500));
  for (int trusted = 0; trusted < 2; trusted++) {
    assert_int_equal(trusted ? trust(prim_fs_stat, "l") : ask(prim_fs_stat, "l"), TL_OK);
    assert_string_equal(tl_get_str(&got.out, "type", ""), "link");
  }
  assert_int_equal(ask(prim_fs_stat, "none"), TL_ENOT_FOUND);
}

static void realpath_is_for_the_command_line_only(void **state)
{
  char want[96];

  (void)state;
  assert_int_equal(shell("mkdir d; ln -s d l"), 0);
  (void)snprintf(want, sizeof want, "%s/root/l", top);
  assert_int_equal(trust(prim_fs_realpath, want), TL_OK);
  want[strlen(want) - 1] = 'd';
  assert_string_equal(got.out.u.s.data, want);
  assert_int_equal(trust(prim_fs_realpath, "/no/such"), TL_ENOT_FOUND);
  assert_int_equal(ask(prim_fs_realpath, "d"), TL_EREFUSED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void assert_tail(int64_t max, const char *expected)
{
  assert_int_equal(ask2(prim_fs_tail, "f", tl_int(max)), TL_OK);
  assert_int_equal(got.out.u.s.len, strlen(expected));
  assert_memory_equal(got.out.u.s.data, expected, strlen(expected));
}

static void the_end_of_a_file(void **state)
{
  (void)state;
  assert_int_equal(shell("printf one.two > f; ln -s f link"), 0);
  assert_tail(3, "two");
  assert_tail(7, "one.two");
  assert_tail(1000000, "one.two");
  assert_tail(0, "");
  assert_int_equal(ask2(prim_fs_tail, "f", tl_int(-1)), TL_EARGUMENT);
  assert_int_equal(ask2(prim_fs_tail, "link", tl_int(1)), TL_EREFUSED);
  assert_int_equal(ask2(prim_fs_tail, ".", tl_int(1)), TL_EARGUMENT);
}

static void assert_part(int64_t from, int64_t max, const char *expected)
{
  tl_val args[3] = {tl_str("f"), tl_int(from), tl_int(max)};
  assert_int_equal(call(prim_fs_part, args, "f", NULL, true), TL_OK);
  assert_int_equal(got.out.u.s.len, strlen(expected));
  assert_memory_equal(got.out.u.s.data, expected, strlen(expected));
}

static void a_file_part_by_part(void **state)
{
  tl_val before[3] = {tl_str("f"), tl_int(-1), tl_int(1)};
  (void)state;
  assert_int_equal(shell("printf one.two > f"), 0);
  assert_part(0, 4, "one.");
  assert_part(4, 4, "two");
  assert_part(7, 4, "");
  assert_part(700, 4, "");
  assert_part(2, 0, "");
  assert_int_equal(call(prim_fs_part, before, "f", NULL, true), TL_EARGUMENT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(read_gives_every_byte),
      TEST(read_beyond_the_cap_names_file_size_and_cap),
      TEST(read_refuses_a_cap_out_of_range),
      TEST(read_goes_on_when_the_file_grows),
      TEST(read_of_a_special_file_names_its_kind),
      TEST(read_of_the_kernels_file_systems_is_refused_under_any_grant),
      TEST(names_that_lie_are_refused_by_every_call),
      TEST(an_empty_or_endless_path_is_refused_to_everyone),
      TEST(a_nul_in_a_name_is_refused),
      TEST(symbolic_links_are_never_followed),
      TEST(a_write_replaces_a_link_and_not_what_it_names),
      TEST(a_folder_swapped_for_a_link_never_leads_out),
      TEST(the_kernel_keeps_a_descriptor_beneath_its_folder),
      TEST(a_special_file_is_not_even_opened),
      TEST(a_file_swapped_for_a_fifo_is_judged_again),
      TEST(a_kernel_without_openat2_is_named_and_nothing_weaker_is_tried),
      TEST(the_end_of_a_file),
      TEST(a_file_part_by_part),
      TEST(list_is_sorted_by_bytes_with_types_and_sizes),
      TEST(stat_tells_of_the_link_and_not_of_its_target),
      TEST(realpath_is_for_the_command_line_only),
  };

  return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
