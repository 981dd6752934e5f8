/* fs.lock: one process has it, and gives it back by ending; fs.tail: the end of a file. */
#include "fs_help.h"

#include <signal.h>
#include <sys/wait.h>

static int lock(const char *path, int64_t ms)
{
  int rc = trust2(prim_fs_lock, path, tl_int(ms));

  return rc == TL_OK ? got.out.u.b : rc;
}

/* A process that has the lock; it says so by a byte. */
static pid_t holder(const char *path)
{
  int pipes[2];
  char byte;
  pid_t pid;

  assert_int_equal(pipe(pipes), 0);
  pid = fork();
  if (pid == 0) {
    if (lock(path, 0) == 1 && write(pipes[1], "x", 1) == 1) (void)pause();
    _exit(0);
  }
  assert_int_equal(read(pipes[0], &byte, 1), 1);
  (void)close(pipes[0]);
  (void)close(pipes[1]);
  return pid;
}

static void a_lock_is_another_s_until_it_is_killed(void **state)
{
  pid_t pid = holder("l");

  (void)state;
  assert_int_equal(lock("l", 0), 0);
  assert_int_equal(lock("l", 20), 0);
  assert_int_equal(kill(pid, SIGKILL), 0);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
  assert_int_equal(lock("l", 5000), 1);
}

static void a_lock_is_waited_for(void **state)
{
  pid_t pid = holder("l"), killer = fork();

  (void)state;
  if (killer == 0) {
    (void)usleep(30000);
    _exit(kill(pid, SIGKILL));
  }
  assert_int_equal(lock("l", 10000), 1);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
  assert_int_equal(waitpid(killer, NULL, 0), killer);
}

static void no_lock_through_a_link_or_without_a_folder(void **state)
{
  (void)state;
  assert_int_equal(shell("ln -s nowhere link"), 0);
  assert_true(lock("link", 0) < 0);
  assert_int_equal(shell("test ! -e nowhere"), 0);
  assert_int_equal(lock("no/l", 0), TL_ENOT_FOUND);
  assert_int_equal(lock("l", -1), TL_EARGUMENT);
}

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

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(a_lock_is_another_s_until_it_is_killed),
      T(a_lock_is_waited_for),
      T(no_lock_through_a_link_or_without_a_folder),
      T(the_end_of_a_file),
  };
#undef T
  return cmocka_run_group_tests_name("fs.lock", tests, NULL, NULL);
}
