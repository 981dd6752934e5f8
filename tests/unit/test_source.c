/* Where secrets come from: a process that has them is closed to others, and each place is read once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/prim/source.h"

static char folder[] = "/tmp/tlab-test-source-XXXXXX";
static int lab = -1;

static void put(const char *name, const char *text, mode_t mode)
{
  int fd = openat(lab, name, O_WRONLY | O_CREAT | O_TRUNC, mode);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  assert_int_equal(fchmod(fd, mode), 0);
  (void)close(fd);
}

static int set_up(void **state)
{
  (void)state;
  assert_non_null(mkdtemp(folder));
  lab = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return mkdirat(lab, "secrets", 0700);
}

static int tear_down(void **state)
{
  (void)state;
  (void)unlinkat(lab, "secrets/.env.lab", 0);
  (void)unlinkat(lab, "secrets", AT_REMOVEDIR);
  (void)close(lab);
  return rmdir(folder);
}

static void a_process_that_has_them_is_closed(void **state)
{
  (void)state;
  struct rlimit lim;
  tl_sources *s = tl_sources_open(lab, NULL);
  assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
  assert_int_equal(getrlimit(RLIMIT_CORE, &lim), 0);
  assert_int_equal(lim.rlim_cur, 0);
  assert_int_equal(lim.rlim_max, 0);
  tl_sources_close(s);
}

static void expect(tl_sources *s, const char *name, const char *wanted, const char *from)
{
  char *value;
  const char *where;
  bool later;
  tl_err e = {0};
  if (tl_sources_find(s, name, true, &value, &where, &later, &e) != TL_OK) fail_msg("%s", e.msg);
  assert_string_equal(value, wanted);
  assert_string_equal(where, from);
  tl_wipe_text(value, strlen(value));
}

static void the_environment_comes_first_and_is_emptied(void **state)
{
  (void)state;
  put("secrets/.env.lab", "A_KEY=from-file\nB_KEY=from-file\n", 0600);
  assert_int_equal(setenv("A_KEY", "from-outside", 1), 0);
  assert_int_equal(setenv("B_KEY", "", 1), 0);
  tl_sources *s = tl_sources_open(lab, NULL);
  expect(s, "A_KEY", "from-outside", "the environment");
  assert_null(getenv("A_KEY"));
  expect(s, "B_KEY", "from-file", "secrets/.env.lab");
  put("secrets/.env.lab", "B_KEY=changed\n", 0600);
  expect(s, "B_KEY", "from-file", "secrets/.env.lab");
  tl_sources_close(s);
}

static int find(const char *name, tl_err *e)
{
  char *value;
  const char *where;
  bool later;
  tl_sources *s = tl_sources_open(lab, NULL);
  int rc = tl_sources_find(s, name, true, &value, &where, &later, e);
  assert_null(value);
  assert_false(later);
  tl_sources_close(s);
  return rc;
}

static void what_is_refused(void **state)
{
  (void)state;
  tl_err e = {0};
  put("secrets/.env.lab", "A_KEY=x\n", 0640);
  assert_int_equal(find("A_KEY", &e), TL_EREFUSED);
  assert_non_null(strstr(e.msg, "chmod 600 secrets/.env.lab"));
  put("secrets/.env.lab", "A_KEY='a\nb'\n", 0600);
  assert_int_equal(find("A_KEY", &e), TL_EINVALID);
  put("secrets/.env.lab", "A_KEY=x\n", 0600);
  assert_int_equal(find("C_KEY", &e), TL_ENOT_FOUND);
  assert_int_equal(setenv("D_KEY", "a\r\nX-Evil: 1", 1), 0);
  assert_int_equal(find("D_KEY", &e), TL_EINVALID);
  assert_null(strstr(e.msg, "Evil"));
  assert_int_equal(unsetenv("D_KEY"), 0);
  int fd = openat(lab, "secrets/.env.lab", O_WRONLY);
  assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
  (void)close(fd);
  assert_int_equal(find("A_KEY", &e), TL_ELIMIT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_process_that_has_them_is_closed),
      cmocka_unit_test(the_environment_comes_first_and_is_emptied),
      cmocka_unit_test(what_is_refused),
  };
  return cmocka_run_group_tests_name("source", tests, set_up, tear_down);
}
