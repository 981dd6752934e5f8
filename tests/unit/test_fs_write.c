/* Writing: whole or not at all, private, and durable where that is asked for; folders and trees. */
#include "fs_help.h"

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/prim/loop.h"

static mode_t mode_of(const char *rel)
{
  struct stat st;

  assert_int_equal(fstatat(root, rel, &st, AT_SYMLINK_NOFOLLOW), 0);
  return st.st_mode & 07777;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_makes_parents_private_whatever_the_umask(void **state)
{
  const mode_t masks[] = {0, 022, 0777};
  char path[32];

  (void)state;
  for (int i = 0; i < 3; i++) {
    mode_t old = umask(masks[i]);
    int rc;
    (void)snprintf(path, sizeof path, "u%d/v/f", i);
    rc = ask2(prim_fs_write, path, tl_str("hello"));
    assert_int_equal(umask(old), masks[i]);
    assert_int_equal(rc, TL_OK);
    assert_int_equal(mode_of(path), 0600);
    path[4] = '\0';
    assert_int_equal(mode_of(path), 0700);
  }
  assert_int_equal(tl_get_int(&got.out, "size", 0), 5);
  assert_string_equal(tl_get_str(&got.out, "sha256", ""),
                      "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  assert_no_temp();
}

static void write_survives_short_writes_and_interruptions(void **state)
{
  char *data = tl_alloc(100001);

  (void)state;
  for (int i = 0; i < 100001; i++) data[i] = (char)('a' + i % 26);
  data[100000] = '\0';
  fault.write_limit = 777;
  fault.write_eintr = 3;
  assert_int_equal(ask2(prim_fs_write, "f", tl_strn(data, 100000)), TL_OK);
  assert_true(fault.writes > 100);
  fault.write_eintr = 3;
  assert_int_equal(ask_copy("f", "g"), TL_OK);
  assert_read("f", data);
  assert_read("g", data);
  free(data);
}

/* Each step of a write fails in turn: the old file stays, nothing is left behind. */
static void write_that_fails_leaves_the_old_file_and_no_temporary_one(void **state)
{
  static const struct {
    int *knob, err, code;
  } steps[] = {
      {&fault.write_errno, ENOSPC, TL_ESTORAGE}, {&fault.write_errno, EDQUOT, TL_ESTORAGE},
      {&fault.write_errno, EIO, TL_EIO},         {&fault.write_errno, EFBIG, TL_ESTORAGE},
      {&fault.close_errno, EIO, TL_EIO},         {&fault.rename_errno, EIO, TL_EIO},
  };
  static const char old[] = "old";

  (void)state;
  assert_int_equal(ask2(prim_fs_write, "f", tl_str(old)), TL_OK);
  assert_int_equal(ask2(prim_fs_write, "src", tl_str("new")), TL_OK);
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    *steps[i].knob = steps[i].err;
    assert_int_equal(ask2(prim_fs_write, "f", tl_str("new")), steps[i].code);
    assert_read("f", old);
    assert_no_temp();
    *steps[i].knob = steps[i].err;
    assert_int_equal(ask_copy("src", "f"), steps[i].code);
    *steps[i].knob = 0;
    assert_read("f", old);
    assert_no_temp();
  }
}

static void replace_that_fails_leaves_the_old_file(void **state)
{
  int *const knobs[] = {&fault.write_errno, &fault.fsync_errno, &fault.rename_errno};

  (void)state;
  assert_int_equal(trust2(prim_fs_replace, "f", tl_str("old")), TL_OK);
  for (size_t i = 0; i < sizeof knobs / sizeof *knobs; i++) {
    *knobs[i] = EIO;
    assert_int_equal(trust2(prim_fs_replace, "f", tl_str("new")), TL_EIO);
    *knobs[i] = 0;
    assert_read("f", "old");
    assert_no_temp();
  }
}

static void a_failed_fsync_is_not_tried_again(void **state)
{
  (void)state;
  fault.fsync_errno = EIO;
  assert_int_equal(trust2(prim_fs_replace, "f", tl_str("new")), TL_EIO);
  assert_int_equal(fault.fsyncs, 1);
  assert_int_equal(shell("test ! -e f"), 0);
}

static void replace_syncs_file_and_folder_and_sets_the_mode(void **state)
{
  tl_val args[3] = {tl_str("f"), tl_str("x"), tl_int(0640)};
  const int64_t bad[] = {-1, 01000, INT64_MAX, INT64_MIN};

  (void)state;
  (void)umask(0);
  assert_int_equal(trust2(prim_fs_replace, "p", tl_str("x")), TL_OK);
  assert_int_equal(fault.fsyncs, 2);
  (void)umask(022);
  assert_int_equal(mode_of("p"), 0600);
  assert_int_equal(call(prim_fs_replace, args, "f", NULL, true), TL_OK);
  assert_int_equal(mode_of("f"), 0640);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tl_val more[3] = {tl_str("f"), tl_str("x"), tl_int(bad[i])};
    assert_int_equal(call(prim_fs_replace, more, "f", NULL, true), TL_EARGUMENT);
  }
}

static void replace_sweeps_what_a_killed_process_left_but_not_what_is_in_use(void **state)
{
  pid_t holder;
  int status, ready[2];
  char byte;

  (void)state;
  assert_int_equal(pipe(ready), 0);
  assert_int_equal(shell("echo x > .tlab-tmp-dead; echo x > .tlab-tmp-live; ln -s x .tlab-tmp-new;"
                         "ln -s x .tlab-tmp-old; touch -h -d '2 hours ago' .tlab-tmp-old"),
                   0);
  holder = fork();
  if (holder == 0) {
    char cmd[256];
    (void)snprintf(cmd, sizeof cmd, "exec flock %s/root/.tlab-tmp-live sh -c 'echo; sleep 60'",
                   top);
    (void)dup2(ready[1], 1);
    (void)setpgid(0, 0);
    _exit(execl("/bin/sh", "sh", "-c", cmd, (char *)NULL));
  }
  assert_int_equal(read(ready[0], &byte, 1), 1);
  assert_int_equal(trust2(prim_fs_replace, "f", tl_str("x")), TL_OK);
  (void)kill(-holder, SIGKILL);
  (void)waitpid(holder, &status, 0);
  assert_int_equal(shell("test ! -e .tlab-tmp-dead && test -e .tlab-tmp-live &&"
                         "test -L .tlab-tmp-new && test ! -L .tlab-tmp-old"),
                   0);
  (void)close(ready[0]);
  (void)close(ready[1]);
}

/* Killed before each of its steps: the file is the old or the new one, and the next replace leaves
 * nothing behind. */
static void a_kill_at_any_step_leaves_the_old_or_the_new_file(void **state)
{
  int killed = 0, status, is_new = 0;

  (void)state;
  for (int at = 1;; at++) {
    pid_t child;
    assert_int_equal(trust2(prim_fs_replace, "f", tl_str("old")), TL_OK);
    assert_no_temp();
    child = fork();
    if (child == 0) {
      fault.kill_at = at;
      _exit(trust2(prim_fs_replace, "f", tl_str("new")) == TL_OK ? 0 : 1);
    }
    (void)waitpid(child, &status, 0);
    assert_int_equal(ask(prim_fs_read, "f"), TL_OK);
    if (!WIFSIGNALED(status)) break;
    killed++;
    is_new += strcmp(got.out.u.s.data, "new") == 0;
    if (strcmp(got.out.u.s.data, "old") != 0 && strcmp(got.out.u.s.data, "new") != 0)
      fail_msg("after step %d the file holds '%s'", at, got.out.u.s.data);
  }
  assert_int_equal(status, 0);
  assert_true(killed >= 5 && is_new >= 1 && is_new < killed);
}

static void write_over_a_folder_is_refused(void **state)
{
  (void)state;
  assert_int_equal(shell("mkdir d; : > f"), 0);
  assert_int_equal(ask2(prim_fs_write, "d", tl_str("x")), TL_EEXISTS);
  assert_says("a folder has that name");
  assert_int_equal(ask2(prim_fs_write, "f/x", tl_str("x")), TL_EARGUMENT);
  assert_says("not a folder");
  assert_int_equal(ask2(prim_fs_write, ".", tl_str("x")), TL_EREFUSED);
  assert_no_temp();
}

static void a_full_disk_fails_cleanly(void **state)
{
  char *data, *path = tl_alloc(128);
  int rc, copied;

  (void)state;
  (void)snprintf(path, 128, "%s/root/small", top);
  if (mkdir(path, 0700) != 0 || mount("tmpfs", path, "tmpfs", 0, "size=64k") != 0) {
    free(path);
    print_message("SKIPPED: a small tmpfs cannot be mounted here (not root?)\n");
    skip();
  }
  data = tl_zalloc(100000);
  assert_int_equal(ask2(prim_fs_write, "small/old", tl_str("old")), TL_OK);
  assert_int_equal(ask2(prim_fs_write, "big", tl_strn(data, 100000)), TL_OK);
  rc = ask2(prim_fs_write, "small/old", tl_strn(data, 100000));
  copied = ask_copy("big", "small/copy");
  assert_read("small/old", "old");
  assert_no_temp();
  assert_int_equal(ask2(prim_fs_write, "small/next", tl_str("fits")), TL_OK);
  assert_int_equal(umount2(path, MNT_DETACH), 0);
  assert_int_equal(rc, TL_ESTORAGE);
  assert_int_equal(copied, TL_ESTORAGE);
  free(data);
  free(path);
}

static void the_file_size_limit_is_an_error_and_no_signal(void **state)
{
  pid_t child = fork();
  int status;

  (void)state;
  if (child == 0) {
    struct rlimit limit = {4096, 4096};
    char *data = tl_zalloc(10000);
    tl_ignore_signals();
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    _exit(ask2(prim_fs_write, "f", tl_strn(data, 10000)) == TL_ESTORAGE ? 0 : 1);
  }
  (void)waitpid(child, &status, 0);
  assert_int_equal(status, 0);
  assert_no_temp();
}

static int open_fds(void)
{
  int n = 0;

  for (int fd = 0; fd < 256; fd++) n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

static void running_out_of_descriptors_fails_cleanly_and_leaks_none(void **state)
{
  struct rlimit old, tight;
  int before, lowest, failed = 0;

  (void)state;
  assert_int_equal(shell("mkdir -p d/e; echo x > d/f"), 0);
  assert_int_equal(ask(prim_hash_file, "d/f"), TL_OK); /* opens libcrypto */
  before = open_fds();
  lowest = dup(0);
  (void)close(lowest);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  for (int spare = 0; spare < 6; spare++) {
    tight = old;
    tight.rlim_cur = (rlim_t)(lowest + spare);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    failed += ask(prim_fs_read, "d/f") < 0;
    failed += ask2(prim_fs_write, "d/new/w", tl_str("x")) < 0;
    failed += ask_copy("d/f", "d/c") < 0;
    failed += ask(prim_fs_list, "d") < 0;
    failed += ask(prim_fs_mkdir, "m/n/o") < 0;
    failed += trust(prim_fs_tree, "d") < 0;
    failed += trust(prim_fs_sync, "d") < 0;
    failed += trust2(prim_fs_replace, "d/r", tl_str("x")) < 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(open_fds(), before);
    assert_no_temp();
  }
  assert_true(failed > 8);
}

/* --- folders and trees ------------------------------------------------------------------------ */

static void mkdir_takes_what_is_there_and_make_does_not(void **state)
{
  (void)state;
  assert_int_equal(ask(prim_fs_mkdir, "a/b/c"), TL_OK);
  assert_int_equal(ask(prim_fs_mkdir, "a/b/c"), TL_OK);
  assert_int_equal(trust(prim_fs_make, "a/b/c"), TL_EEXISTS);
  assert_int_equal(trust(prim_fs_make, "a/b/d/"), TL_OK);
  assert_int_equal(trust(prim_fs_make, "x/y"), TL_ENOT_FOUND);
  fault.fsyncs = 0;
  assert_int_equal(trust(prim_fs_parents, "p/q/r"), TL_OK);
  assert_int_equal(fault.fsyncs, 3); /* one for each entry that is new */
  fault.fsync_errno = EIO;
  assert_int_equal(trust(prim_fs_parents, "p/q/r/s"), TL_EIO);
}

static int parents_below(const char *path, const char *below)
{
  tl_val args[3] = {tl_str(path), tl_str(below), tl_nil()};
  return call(prim_fs_parents, args, path, below, true);
}

static void parents_below_a_root_go_through_no_link(void **state)
{
  (void)state;
  assert_int_equal(shell("mkdir -p lab ../out; ln -s ../../out lab/2026; ln -s lab l"), 0);
  assert_int_equal(parents_below("2027/01/02", "lab"), TL_OK);
  assert_int_equal(parents_below("2028", "l"), TL_OK); /* the root itself is the person's choice */
  assert_int_equal(shell("test -d lab/2027/01/02 && test -d lab/2028"), 0);
  assert_int_equal(parents_below("2026", "lab"), TL_EREFUSED);
  assert_int_equal(parents_below("2026/01/02", "lab"), TL_EREFUSED);
  assert_says("symbolic link");
  assert_int_equal(parents_below("../2026", "lab"), TL_EREFUSED);
  assert_int_equal(parents_below("x", "none"), TL_ENOT_FOUND);
  assert_int_equal(shell("test -z \"$(ls -A ../out)\""), 0);
}

static void remove_takes_files_and_empty_folders_only(void **state)
{
  (void)state;
  assert_int_equal(shell("mkdir -p d/e full; : > f; : > full/f"), 0);
  assert_int_equal(ask(prim_fs_remove, "f"), TL_OK);
  assert_int_equal(ask(prim_fs_remove, "f"), TL_ENOT_FOUND);
  assert_int_equal(ask(prim_fs_remove, "d/e"), TL_OK);
  assert_int_equal(ask(prim_fs_remove, "full"), TL_EREFUSED);
  assert_says("not empty");
  assert_int_equal(ask(prim_fs_remove, "."), TL_EREFUSED);
}

static void tree_is_sorted_by_path_and_follows_no_link(void **state)
{
  static const char *const want[] = {"a", "a.b", "a/b", "a/b/c", "l"};

  (void)state;
  assert_int_equal(shell("mkdir -p a/b ../out; : > a/b/c; : > a.b; : > ../out/x;"
                         "ln -s ../out l"),
                   0);
  assert_int_equal(trust(prim_fs_tree, "."), TL_OK);
  assert_int_equal(tl_len(&got.out), 5);
  for (size_t i = 0; i < 5; i++)
    assert_string_equal(tl_get_str(tl_at(&got.out, i), "path", ""), want[i]);
}

static void tree_purge_and_sync_have_a_depth_limit(void **state)
{
  tl_prim *const prims[] = {prim_fs_tree, prim_fs_sync, prim_fs_purge};

  (void)state;
  assert_int_equal(shell("i=0; while [ $i -lt 200 ]; do mkdir d; cd -P d; i=$((i+1)); done"), 0);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(trust(prims[i], "d"), TL_ELIMIT);
    assert_says("deeper than 128");
  }
}

static void sync_reaches_every_file_and_folder(void **state)
{
  (void)state;
  assert_int_equal(shell("mkdir -p r/a/b; : > r/f; : > r/a/g; ln -s nowhere r/l; mkfifo r/p"), 0);
  assert_int_equal(trust(prim_fs_sync, "r"), TL_OK);
  assert_int_equal(fault.fsyncs, 6); /* f, g, a, b, the root, and the folder it lies in */
  fault.fsync_errno = EIO;
  fault.fsyncs = 0;
  assert_int_equal(trust(prim_fs_sync, "r"), TL_EIO);
  assert_int_equal(fault.fsyncs, 1);
}

static void sync_of_many_files_is_one_call_whose_error_counts(void **state)
{
  (void)state;
  assert_int_equal(shell("mkdir r; cd r; for i in $(seq 65); do : > f$i; done"), 0);
  assert_int_equal(trust(prim_fs_sync, "r"), TL_OK);
  assert_int_equal(fault.syncfses, 1);
  assert_int_equal(fault.fsyncs, 2);
  fault.syncfs_errno = ENOSPC;
  assert_int_equal(trust(prim_fs_sync, "r"), TL_ESTORAGE);
}

static void purge_follows_no_link(void **state)
{
  (void)state;
  assert_int_equal(shell("mkdir -p r/a/b ../out; : > r/a/f; : > ../out/x; ln -s ../../out r/a/l;"
                         "ln -s ../out l"),
                   0);
  assert_int_equal(trust(prim_fs_purge, "l"), TL_EREFUSED);
  assert_int_equal(trust(prim_fs_purge, "r"), TL_OK);
  assert_int_equal(shell("test ! -e r && test -f ../out/x"), 0);
  assert_int_equal(trust(prim_fs_purge, "r"), TL_ENOT_FOUND);
}

static int link_to(const char *target, size_t len)
{
  tl_val args[3] = {tl_strn(target, len), tl_str("l"), tl_nil()};
  return call(prim_fs_symlink, args, "l", NULL, true);
}

static void symlink_is_replaced_in_one_step(void **state)
{
  (void)state;
  assert_int_equal(link_to("one", 3), TL_OK);
  assert_int_equal(link_to("two", 3), TL_OK);
  assert_int_equal(trust(prim_fs_readlink, "l"), TL_OK);
  assert_string_equal(got.out.u.s.data, "two");
  fault.rename_errno = EIO;
  assert_int_equal(link_to("three", 5), TL_EIO);
  fault.rename_errno = 0;
  assert_no_temp();
  assert_int_equal(link_to("", 0), TL_EARGUMENT);
  assert_int_equal(link_to("a\0b", 3), TL_EARGUMENT);
  assert_int_equal(shell(": > f; test $(readlink l) = two"), 0);
  assert_int_equal(trust(prim_fs_readlink, "f"), TL_EARGUMENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(write_makes_parents_private_whatever_the_umask),
      TEST(write_survives_short_writes_and_interruptions),
      TEST(write_that_fails_leaves_the_old_file_and_no_temporary_one),
      TEST(replace_that_fails_leaves_the_old_file),
      TEST(a_failed_fsync_is_not_tried_again),
      TEST(replace_syncs_file_and_folder_and_sets_the_mode),
      TEST(replace_sweeps_what_a_killed_process_left_but_not_what_is_in_use),
      TEST(a_kill_at_any_step_leaves_the_old_or_the_new_file),
      TEST(write_over_a_folder_is_refused),
      TEST(a_full_disk_fails_cleanly),
      TEST(the_file_size_limit_is_an_error_and_no_signal),
      TEST(running_out_of_descriptors_fails_cleanly_and_leaks_none),
      TEST(mkdir_takes_what_is_there_and_make_does_not),
      TEST(parents_below_a_root_go_through_no_link),
      TEST(remove_takes_files_and_empty_folders_only),
      TEST(tree_is_sorted_by_path_and_follows_no_link),
      TEST(tree_purge_and_sync_have_a_depth_limit),
      TEST(sync_reaches_every_file_and_folder),
      TEST(sync_of_many_files_is_one_call_whose_error_counts),
      TEST(purge_follows_no_link),
      TEST(symlink_is_replaced_in_one_step),
  };

  return cmocka_run_group_tests_name("fs_write", tests, NULL, NULL);
}
