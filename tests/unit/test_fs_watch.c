/* fs.watch: what changes, however it is written; what does not; signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/prim/hash.h"
#include "core/prim/loop.h"
#include "core/prim/prim.h"

enum { QUIET_MS = 60, BEFORE_MS = 40 };

static tl_call got;
static tl_val args[2];

static int enter(void **state)
{
  static char dir[] = "/tmp/tlab-watch-XXXXXX";
  (void)snprintf(dir, sizeof dir, "/tmp/tlab-watch-XXXXXX");
  *state = dir;
  return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
  (void)state;
  tl_free(&got.out);
  tl_free(&args[0]);
  return 0;
}

static void put(const char *name, const char *text)
{
  FILE *file = fopen(name, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

static void expect(const char *name, const char *text)
{
  char hex[TL_SHA256_HEX + 1] = "";
  tl_err e;
  if (args[0].type != TL_MAP) args[0] = tl_map();
  if (text) assert_int_equal(tl_sha256(hex, text, strlen(text), &e), TL_OK);
  (void)tl_put(&args[0], name, tl_str(hex));
}

/* What is done while fs.watch waits. */
typedef void act(void);

static void *later(void *arg)
{
  act *what;
  memcpy(&what, arg, sizeof what);
  (void)usleep(BEFORE_MS * 1000);
  what();
  return NULL;
}

static int watch(act *what)
{
  pthread_t thread;
  args[1] = tl_int(QUIET_MS);
  got = (tl_call){.args = args};
  if (what) assert_int_equal(pthread_create(&thread, NULL, later, &what), 0);
  int rc = prim_fs_watch(&got);
  if (what) assert_int_equal(pthread_join(thread, NULL), 0);
  return rc;
}

/* The changed paths, joined by blanks. */
static const char *changed(void)
{
  static char text[256];
  const tl_val *list = tl_get(&got.out, "changed");
  text[0] = '\0';
  for (size_t i = 0; i < tl_len(list); i++)
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
                   tl_at(list, i)->u.s.data);
  return text;
}

/* --- changes ---------------------------------------------------------------------------------- */

static void what_changed_before_is_told_at_once(void **state)
{
  (void)state;
  put("a", "new");
  expect("a", "old");
  assert_int_equal(watch(NULL), TL_OK);
  assert_string_equal(changed(), "a");
}

static void write_a(void)
{
  put("a", "new");
}

static void a_file_is_written(void **state)
{
  (void)state;
  put("a", "old");
  put("b", "b");
  expect("a", "old");
  expect("b", "b");
  assert_int_equal(watch(write_a), TL_OK);
  assert_string_equal(changed(), "a");
}

static void rename_over_a(void)
{
  put("a.tmp", "new");
  assert_int_equal(rename("a.tmp", "a"), 0);
}

static void move_over_a(void)
{
  assert_int_equal(rename("elsewhere/a", "a"), 0);
}

/* From another folder: nothing but the rename is to be seen. */
static void a_file_is_renamed_over(void **state)
{
  (void)state;
  assert_int_equal(mkdir("elsewhere", 0700), 0);
  put("elsewhere/a", "new");
  put("a", "old");
  expect("a", "old");
  assert_int_equal(watch(move_over_a), TL_OK);
  assert_string_equal(changed(), "a");
}

static void write_behind_a(void)
{
  put("there/b", "new");
}

static void what_a_link_leads_to_is_written(void **state)
{
  (void)state;
  assert_int_equal(mkdir("there", 0700), 0);
  put("there/b", "old");
  assert_int_equal(symlink("there/b", "a"), 0);
  expect("a", "old");
  (void)alarm(5); /* it would wait for ever */
  assert_int_equal(watch(write_behind_a), TL_OK);
  (void)alarm(0);
  assert_string_equal(changed(), "a");
}

static void remove_a(void)
{
  assert_int_equal(unlink("a"), 0);
}

static void a_file_goes(void **state)
{
  (void)state;
  put("a", "old");
  expect("a", "old");
  assert_int_equal(watch(remove_a), TL_OK);
  assert_string_equal(changed(), "a");
}

static void make_deep(void)
{
  assert_int_equal(mkdir("x", 0700), 0);
  assert_int_equal(mkdir("x/y", 0700), 0);
  (void)usleep(BEFORE_MS * 1000);
  put("x/y/a", "new");
}

static void a_file_comes_with_its_folders(void **state)
{
  (void)state;
  expect("x/y/a", NULL);
  assert_int_equal(watch(make_deep), TL_OK);
  assert_string_equal(changed(), "x/y/a");
}

/* --- what is one change, and what is none ------------------------------------------------------- */

static void write_the_same_then_b(void)
{
  rename_over_a();
  put("other", "x");
  (void)usleep(2 * QUIET_MS * 1000);
  put("b", "new");
}

static void the_same_content_is_no_change(void **state)
{
  (void)state;
  put("a", "new");
  put("b", "b");
  expect("a", "new");
  expect("b", "b");
  assert_int_equal(watch(write_the_same_then_b), TL_OK);
  assert_string_equal(changed(), "b");
}

static void there_and_back_then_b(void)
{
  put("a", "other");
  put("a", "old");
  (void)usleep(3 * QUIET_MS * 1000);
  put("b", "new");
}

static void there_and_back_is_no_change(void **state)
{
  (void)state;
  put("a", "old");
  put("b", "b");
  expect("a", "old");
  expect("b", "b");
  assert_int_equal(watch(there_and_back_then_b), TL_OK);
  assert_string_equal(changed(), "b");
}

static void write_slowly(void)
{
  for (int i = 0; i < 3; i++) {
    put("a", i == 2 ? "whole" : "ha");
    (void)usleep(QUIET_MS * 1000 / 3);
  }
  put("b", "new");
}

static void quick_changes_are_one(void **state)
{
  (void)state;
  put("a", "a");
  put("b", "b");
  expect("a", "a");
  expect("b", "b");
  assert_int_equal(watch(write_slowly), TL_OK);
  assert_string_equal(changed(), "a b");
}

static volatile bool writing;

static void write_for_ever(void)
{
  char text[32];
  for (int i = 0; writing; i++) {
    (void)snprintf(text, sizeof text, "%d", i);
    put("a", text);
    (void)usleep(QUIET_MS * 1000 / 6);
  }
}

static void *stop_writing(void *arg)
{
  (void)usleep(40 * QUIET_MS * 1000);
  writing = false;
  return arg;
}

static void nobody_is_waited_for_for_ever(void **state)
{
  (void)state;
  pthread_t thread;
  put("a", "a");
  expect("a", "a");
  writing = true;
  assert_int_equal(pthread_create(&thread, NULL, stop_writing, NULL), 0);
  args[1] = tl_int(QUIET_MS);
  got = (tl_call){.args = args};
  pthread_t writer;
  act *what = write_for_ever;
  assert_int_equal(pthread_create(&writer, NULL, later, &what), 0);
  assert_int_equal(prim_fs_watch(&got), TL_OK);
  assert_true(writing);
  assert_string_equal(changed(), "a");
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(pthread_join(writer, NULL), 0);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void wrong_words_are_refused(void **state)
{
  (void)state;
  args[0] = tl_map();
  assert_int_equal(watch(NULL), TL_EARGUMENT);
  (void)tl_put(&args[0], "a", tl_int(1));
  assert_int_equal(watch(NULL), TL_EARGUMENT);
}

static void terminate(void)
{
  assert_int_equal(kill(getpid(), SIGTERM), 0);
}

static void a_signal_ends_it(void **state)
{
  (void)state;
  sigset_t set; /* as in a process with one thread: the signal waits for who asks for it */
  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGTERM);
  (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
  put("a", "old");
  expect("a", "old");
  assert_int_equal(watch(terminate), TL_OK);
  assert_int_equal(tl_get_int(&got.out, "signal", 0), SIGTERM);
  assert_string_equal(changed(), "");
}

/* The last one, since a second signal is the end: one came while a run was being written down. */
static void a_signal_from_before_is_not_forgotten(void **state)
{
  (void)state;
  put("a", "old");
  expect("a", "old");
  terminate();
  assert_int_equal(watch(NULL), TL_OK);
  assert_int_equal(tl_get_int(&got.out, "signal", 0), SIGTERM);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
  const struct CMUnitTest tests[] = {
      TEST(what_changed_before_is_told_at_once),
      TEST(a_file_is_written),
      TEST(a_file_is_renamed_over),
      TEST(what_a_link_leads_to_is_written),
      TEST(a_file_goes),
      TEST(a_file_comes_with_its_folders),
      TEST(the_same_content_is_no_change),
      TEST(there_and_back_is_no_change),
      TEST(quick_changes_are_one),
      TEST(nobody_is_waited_for_for_ever),
      TEST(wrong_words_are_refused),
      TEST(a_signal_ends_it),
      TEST(a_signal_from_before_is_not_forgotten),
  };
  (void)alarm(60); /* a change that is not seen is waited for for ever */
  return cmocka_run_group_tests_name("fs.watch", tests, NULL, NULL);
}
