/* fs.create: a new file, whole or not at all, and never over another. */
#include "fs_help.h"

static mode_t mode_of(const char *rel)
{
  struct stat st;

  assert_int_equal(fstatat(root, rel, &st, AT_SYMLINK_NOFOLLOW), 0);
  return st.st_mode & 07777;
}

static int create(const char *path, const char *text, int mode)
{
  return trust3(prim_fs_create, path, tl_str(text), tl_int(mode));
}

static void create_takes_the_umask_off_the_mode(void **state)
{
  mode_t old = umask(027);

  (void)state;
  assert_int_equal(create("f", "text", 0666), TL_OK);
  assert_int_equal(create("g", "", 0777), TL_OK);
  assert_int_equal(umask(old), 027);
  assert_int_equal(mode_of("f"), 0640);
  assert_int_equal(mode_of("g"), 0750);
  assert_read("f", "text");
  assert_no_temp();
}

static void create_overwrites_nothing(void **state)
{
  (void)state;
  assert_int_equal(shell("echo old > f; ln -s f link; ln -s nowhere gone; mkdir d"), 0);
  assert_int_equal(create("f", "new", 0666), TL_EEXISTS);
  assert_int_equal(create("link", "new", 0666), TL_EEXISTS);
  assert_int_equal(create("gone", "new", 0666), TL_EEXISTS);
  assert_int_equal(create("d", "new", 0666), TL_EEXISTS);
  assert_int_equal(create("no/f", "new", 0666), TL_ENOT_FOUND);
  assert_read("f", "old\n");
  assert_int_equal(shell("test ! -e nowhere"), 0);
  assert_no_temp();
}

static void create_is_whole_or_not_at_all(void **state)
{
  (void)state;
  fault.write_errno = ENOSPC;
  assert_int_equal(create("f", "text", 0666), TL_ESTORAGE);
  fault.write_errno = 0;
  fault.fsync_errno = EIO;
  assert_int_equal(create("f", "text", 0666), TL_EIO);
  fault.fsync_errno = 0;
  assert_int_equal(shell("test ! -e f"), 0);
  assert_no_temp();
  assert_int_equal(create("f", "text", 0666), TL_OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(create_takes_the_umask_off_the_mode),
      T(create_overwrites_nothing),
      T(create_is_whole_or_not_at_all),
  };
#undef T
  return cmocka_run_group_tests_name("fs.create", tests, NULL, NULL);
}
