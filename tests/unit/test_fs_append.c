/* fs.append: whole lines or nothing, whoever else adds to the file, whatever the disk does. */
#include "fs_help.h"

#include <sys/resource.h>
#include <sys/wait.h>

static int add(const char *path, const char *line)
{
  return trust2(prim_fs_append, path, tl_str(line));
}

static void a_line_is_added_and_on_the_disk(void **state)
{
  struct stat st;

  (void)state;
  (void)umask(0);
  assert_int_equal(add("f", "one"), TL_OK);
  assert_int_equal(fault.fsyncs, 2); /* of the file and of the folder that it is new in */
  assert_int_equal(add("f", ""), TL_OK);
  assert_int_equal(add("f", "three"), TL_OK);
  assert_int_equal(fault.fsyncs, 4);
  assert_int_equal(fault.writes, 3);
  assert_read("f", "one\n\nthree\n");
  assert_int_equal(fstatat(root, "f", &st, 0), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_line_that_was_left_open_gets_its_end(void **state)
{
  (void)state;
  assert_int_equal(shell("printf 'whole\\nto' > f"), 0);
  assert_int_equal(add("f", "new"), TL_OK);
  assert_read("f", "whole\nto\nnew\n");
}

static void a_newline_would_be_two_lines(void **state)
{
  (void)state;
  assert_int_equal(add("f", "one\ntwo"), TL_EARGUMENT);
  assert_int_equal(shell("test ! -e f"), 0);
}

static void through_no_link_and_into_no_special_file(void **state)
{
  (void)state;
  assert_int_equal(shell("echo old > f; ln -s f link; ln -s nowhere gone; mkfifo pipe; mkdir d"),
                   0);
  assert_int_equal(add("link", "x"), TL_EREFUSED);
  assert_int_equal(add("gone", "x"), TL_EREFUSED);
  assert_int_equal(add("pipe", "x"), TL_EREFUSED);
  assert_true(add("d", "x") < 0);
  assert_int_equal(shell("test ! -e nowhere"), 0);
  assert_read("f", "old\n");
}

static void what_cannot_be_written_leaves_no_part(void **state)
{
  int *const knobs[] = {&fault.write_errno, &fault.fsync_errno};

  (void)state;
  assert_int_equal(add("f", "one"), TL_OK);
  for (size_t i = 0; i < sizeof knobs / sizeof *knobs; i++) {
    *knobs[i] = ENOSPC;
    assert_int_equal(add("f", "two"), TL_ESTORAGE);
    *knobs[i] = 0;
    assert_read("f", "one\n");
  }
  assert_int_equal(add("f", "three"), TL_OK);
  assert_read("f", "one\nthree\n");
}

/* A write that takes part of the line and then fails: the part is cut off again. */
static void a_disk_that_fills_up_within_the_line(void **state)
{
  pid_t child;
  int status;

  (void)state;
  assert_int_equal(add("f", "one"), TL_OK);
  child = fork();
  if (child == 0) {
    struct rlimit six = {6, 6};
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)setrlimit(RLIMIT_FSIZE, &six);
    _exit(add("f", "two-and-more") < 0 ? 0 : 1);
  }
  (void)waitpid(child, &status, 0);
  assert_int_equal(status, 0);
  assert_read("f", "one\n");
}

static void short_and_interrupted_writes_make_the_same_line(void **state)
{
  (void)state;
  fault.write_limit = 3;
  fault.write_eintr = 2;
  assert_int_equal(add("f", "a longer line"), TL_OK);
  assert_read("f", "a longer line\n");
}

enum { WRITERS = 4, LINES = 50 };

/* Short writes would mix lines of several processes, were it not for the lock. */
static void lines_of_many_processes_stay_whole(void **state)
{
  int status;

  (void)state;
  for (int w = 0; w < WRITERS; w++) {
    if (fork() != 0) continue;
    fault.write_limit = 2;
    for (int i = 0; i < LINES; i++)
      if (add("f", "0123456789") != TL_OK) _exit(1);
    _exit(0);
  }
  for (int w = 0; w < WRITERS; w++) {
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
  }
  assert_int_equal(shell("test $(grep -cx 0123456789 f) = %d && test $(wc -l < f) = %d",
                         WRITERS * LINES, WRITERS * LINES),
                   0);
}

/* --- fs.extend --- */

static int extend(const char *path, const char *bytes)
{
  return trust2(prim_fs_extend, path, tl_str(bytes));
}

static void bytes_are_added_and_all_of_them_hashed(void **state)
{
  (void)state;
  assert_int_equal(extend("f", "a"), TL_OK);
  assert_int_equal(extend("f", ""), TL_OK);
  fault.write_limit = 1;
  fault.write_eintr = 1;
  assert_int_equal(extend("f", "bc"), TL_OK);
  assert_int_equal(tl_get_int(&got.out, "size", 0), 3);
  assert_string_equal(tl_get_str(&got.out, "sha256", ""),
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_read("f", "abc");
}

static void what_cannot_be_added_leaves_the_file_as_it_was(void **state)
{
  pid_t child;
  int status;

  (void)state;
  assert_int_equal(extend("f", "one"), TL_OK);
  fault.write_errno = ENOSPC;
  assert_int_equal(extend("f", "two"), TL_ESTORAGE);
  fault.write_errno = 0;
  child = fork();
  if (child == 0) {
    struct rlimit six = {6, 6};
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)setrlimit(RLIMIT_FSIZE, &six);
    _exit(extend("f", "two-and-more") < 0 ? 0 : 1);
  }
  (void)waitpid(child, &status, 0);
  assert_int_equal(status, 0);
  assert_read("f", "one");
}

static void extended_is_no_link_and_no_special_file(void **state)
{
  (void)state;
  assert_int_equal(shell("echo old > f; ln -s f link; mkfifo pipe; mkdir d"), 0);
  assert_int_equal(extend("link", "x"), TL_EREFUSED);
  assert_int_equal(extend("pipe", "x"), TL_EREFUSED);
  assert_true(extend("d", "x") < 0);
  assert_read("f", "old\n");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(a_line_is_added_and_on_the_disk),
      T(a_line_that_was_left_open_gets_its_end),
      T(a_newline_would_be_two_lines),
      T(through_no_link_and_into_no_special_file),
      T(what_cannot_be_written_leaves_no_part),
      T(a_disk_that_fills_up_within_the_line),
      T(short_and_interrupted_writes_make_the_same_line),
      T(lines_of_many_processes_stay_whole),
      T(bytes_are_added_and_all_of_them_hashed),
      T(what_cannot_be_added_leaves_the_file_as_it_was),
      T(extended_is_no_link_and_no_special_file),
  };
#undef T
  return cmocka_run_group_tests_name("fs.append", tests, NULL, NULL);
}
