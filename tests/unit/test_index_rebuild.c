/* index.rebuild: the folders of the runs, whatever they are like, become the rows of runs.csv. */
#include "index_help.h"

/* The manifest of run n in a folder of the lab, which is made. */
static void make_at(const char *folder, int n, int second, const char *status)
{
  char name[96], text[512];

  assert_int_equal(shell("mkdir -p '%s'", folder), 0);
  (void)snprintf(text, sizeof text,
                 "{\"folder\":\"%s\",\"id\":\"%s\",\"status\":\"%s\",\"time\":{\"started\":"
                 "\"2026-11-23T%02d:%02d:%02d.000Z\"}}\n",
                 folder, id_of_run(n), status, second / 3600, second / 60 % 60, second % 60);
  (void)snprintf(name, sizeof name, "%s/run.json", folder);
  put_file(name, text);
}

static int put_at(const char *folder)
{
  tl_val args[3] = {tl_str("."), tl_str(folder), tl_nil()};

  return call(prim_index_put, args, ".", folder, true);
}

static int rebuild(void)
{
  return trust(prim_index_rebuild, ".");
}

static void assert_number(const char *name, int64_t want)
{
  assert_int_equal(tl_get_int(&got.out, name, -1), want);
}

static void assert_differs(bool want)
{
  assert_int_equal(tl_get_bool(&got.out, "differs", !want), want);
}

/* Failure number i is about this folder and says this. */
static void assert_failure(size_t i, const char *folder, const char *words)
{
  const tl_val *one = tl_at(tl_get(&got.out, "failures"), i);

  assert_string_equal(tl_get_str(one, "folder", "(none)"), folder);
  if (!strstr(tl_get_str(one, "message", ""), words))
    fail_msg("%s: '%s' does not say '%s'", folder, tl_get_str(one, "message", ""), words);
}

static void runs_are_found_where_they_may_be(void **state)
{
  (void)state;
  make_at("2026/11/23", 1, 50, "succeeded");
  make_at("2026/11/23/run", 2, 40, "succeeded");
  make_at("2026/11/23/a/b/c/run", 3, 30, "failed");
  make_at("2026/11/23/a/b/run/inner", 4, 1, "failed");
  make_at("2026/11/23/a/b/run", 5, 20, "succeeded");
  make_at("2025/01/02/ai-team/artifacts/run", 6, 10, "succeeded");
  make_at("2026/11/23/a/b/c/d/run", 7, 1, "succeeded"); /* too deep */
  make_at("2026/11/23/.hidden/run", 8, 1, "succeeded");
  make_at("2026/11/run", 9, 1, "succeeded");
  make_at("notes/run", 10, 1, "succeeded");
  make_at("2026x/11/23/run", 11, 1, "succeeded");
  assert_int_equal(rebuild(), TL_OK);
  assert_rows(6, 5, 3, 2, 1);
  assert_number("rows", 5);
  assert_number("days", 2);
  assert_number("failed", 0);
  assert_differs(true);
  assert_int_equal(rebuild(), TL_OK);
  assert_differs(false);
  assert_rows(6, 5, 3, 2, 1);
}

static void an_empty_lab_has_an_empty_index(void **state)
{
  (void)state;
  assert_int_equal(rebuild(), TL_OK);
  assert_string_equal(text_of(TL_INDEX_FILE), tl_index_header);
  assert_number("rows", 0);
}

static void links_are_told_or_passed_over(void **state)
{
  (void)state;
  make_at("away/run", 1, 1, "succeeded");
  make_at("2026/11/23/a/run", 2, 2, "succeeded");
  assert_int_equal(
      shell("ln -s ../../away 2026/11/24 && ln -s ../away 2026/12 && ln -s away 2027 &&"
            "ln -s ../../../away 2026/11/23/link && ln -s ../../../../away/run"
            " 2026/11/23/a/run2"),
      0);
  assert_int_equal(rebuild(), TL_OK);
  assert_rows(2);
  assert_number("failed", 3);
  assert_failure(0, "2026/11/24", "symbolic link");
  assert_failure(1, "2026/12", "symbolic link");
  assert_failure(2, "2027", "symbolic link");
}

static void files_where_folders_are_expected(void **state)
{
  (void)state;
  make_at("2026/11/23/a/run", 1, 1, "succeeded");
  assert_int_equal(shell("touch 2027 2026/12 2026/11/24 2026/11/23/b 2026/11/23/a/x &&"
                         "mkfifo 2026/11/25 2026/11/23/c"),
                   0);
  assert_int_equal(rebuild(), TL_OK);
  assert_rows(1);
  assert_number("failed", 0);
}

static void manifests_that_cannot_be_read_are_told(void **state)
{
  (void)state;
  make_at("2026/11/22/good", 1, 1, "succeeded");
  make_at("2026/11/23/good", 2, 2, "succeeded");
  assert_int_equal(shell("cd 2026/11/23 && mkdir empty fifo folder half link list noid big none &&"
                         "touch empty/run.json && mkfifo fifo/run.json && mkdir folder/run.json &&"
                         "head -c 80 good/run.json >half/run.json &&"
                         "ln -s ../good/run.json link/run.json && echo '[]' >list/run.json &&"
                         "echo '{\"id\":7}' >noid/run.json && truncate -s 65M big/run.json"),
                   0);
  assert_int_equal(rebuild(), TL_OK);
  assert_rows(1, 2);
  assert_number("failed", 8);
  assert_failure(0, "2026/11/23/big", "larger than");
  assert_failure(1, "2026/11/23/empty", "run.json line 1 column 1");
  assert_failure(2, "2026/11/23/fifo", "not a regular file");
  assert_failure(3, "2026/11/23/folder", "not a regular file");
  assert_failure(4, "2026/11/23/half", "the string has no end");
  assert_failure(5, "2026/11/23/link", "symbolic link");
  assert_failure(6, "2026/11/23/list", "not the manifest");
  assert_failure(7, "2026/11/23/noid", "not the manifest");
}

static void many_failures_are_counted_and_some_named(void **state)
{
  (void)state;
  make_at("2026/11/23/good", 1, 1, "succeeded");
  assert_int_equal(shell("cd 2026/11/23 && seq -f x%%g 1200 | xargs mkdir &&"
                         "seq -f x%%g/run.json 1200 | xargs touch"),
                   0);
  assert_int_equal(rebuild(), TL_OK);
  assert_rows(1);
  assert_number("failed", 1200);
  assert_int_equal(tl_len(tl_get(&got.out, "failures")), 1000);
}

static void ten_thousand_entries_in_a_day(void **state)
{
  static int runs[300];

  (void)state;
  for (int i = 0; i < 300; i++) {
    char folder[64];
    (void)snprintf(folder, sizeof folder, "2026/11/23/a/run%d", i);
    make_at(folder, i, i * 2, "succeeded");
    runs[i] = i;
  }
  assert_int_equal(shell("cd 2026/11/23/a && seq -f f%%g 5000 | xargs touch &&"
                         "seq -f d%%g 5000 | xargs mkdir"),
                   0);
  assert_int_equal(rebuild(), TL_OK);
  check_rows(runs, 300);
}

static void days_are_put_together_in_order(void **state)
{
  int runs[60];

  (void)state;
  for (int i = 0; i < 60;
       i++) { /* a run that lies in another day than it says comes in its place */
    char folder[64];
    (void)snprintf(folder, sizeof folder, "2026/11/%02d/a/run%d", i * 5 % 28 + 1, i);
    make_at(folder, i, 100 + i, "succeeded");
    runs[i] = i;
  }
  assert_int_equal(rebuild(), TL_OK);
  check_rows(runs, 60);
  assert_number("days", 28);
}

static void of_two_folders_of_one_run_one_counts(void **state)
{
  (void)state;
  make_at("2026/11/23/a/run", 1, 1, "succeeded");
  make_at("2026/11/23/a/last", 2, 2, "succeeded");
  assert_int_equal(
      shell("mkdir -p 2026/11/22/a 2026/11/24/a && cp -r 2026/11/23/a/run 2026/11/22/a/x &&"
            "cp -r 2026/11/23/a/run 2026/11/24/a/x &&"
            "sed -i s/succeeded/failed/ 2026/11/2[24]/a/x/run.json"),
      0);
  assert_int_equal(rebuild(), TL_OK);
  assert_rows(1, 2);
  assert_null(strstr(text_of(TL_INDEX_FILE), "failed,,"));
  assert_int_equal(
      shell("rm -r 2026/11/23/a/run && sed -i s/failed/timeout/ 2026/11/22/a/x/run.json"), 0);
  assert_int_equal(rebuild(), TL_OK);
  assert_rows(1, 2);
  assert_non_null(strstr(text_of(TL_INDEX_FILE), ",timeout,"));
}

static void what_goes_on_is_left_out_and_what_was_killed_is_not(void **state)
{
  int status;

  (void)state;
  make_at("2026/11/23/a/run1", 1, 1, "running");
  make_at("2026/11/23/a/run2", 2, 2, "running");
  make_at("2026/11/23/a/run3", 3, 3, "running");
  assert_int_equal(index_open(1), TL_OK);
  pid_t pid = fork();
  if (pid == 0) _exit(index_open(2) == TL_OK ? 0 : 1);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_int_equal(rebuild(), TL_OK);
  assert_number("running", 1);
  assert_rows(2, 3);
  assert_non_null(strstr(text_of(TL_INDEX_FILE), ",interrupted,"));
  make_at("2026/11/23/a/run1", 1, 1, "succeeded");
  assert_int_equal(put_at("2026/11/23/a/run1"), TL_OK);
  assert_rows(1, 2, 3);
  assert_int_equal(rebuild(), TL_OK);
  assert_differs(false);
}

static void appended_and_rebuilt_are_the_same_bytes(void **state)
{
  (void)state;
  for (int i = 0; i < 40; i++) {
    char folder[64];
    (void)snprintf(folder, sizeof folder, "2026/11/%02d/a/run%d", i % 5 + 1, i);
    make_at(folder, i, i * 37 % 100, i % 3 ? "succeeded" : "failed");
    assert_int_equal(put_at(folder), TL_OK);
  }
  char *before = tl_strdup(text_of(TL_INDEX_FILE));
  assert_int_equal(rebuild(), TL_OK);
  assert_differs(false);
  assert_string_equal(text_of(TL_INDEX_FILE), before);
  put_file(TL_INDEX_FILE, "of,another,version\n");
  assert_int_equal(rebuild(), TL_OK);
  assert_differs(true);
  assert_string_equal(text_of(TL_INDEX_FILE), before);
  assert_int_equal(shell("head -c -20 runs.csv >x && chmod 640 x && mv x runs.csv &&"
                         "echo 'a log of the old one' >.tlab/tail"),
                   0);
  assert_int_equal(rebuild(), TL_OK);
  assert_differs(true);
  assert_string_equal(text_of(TL_INDEX_FILE), before);
  assert_int_equal(shell("test $(stat -c %%a runs.csv) = 640 && test ! -s .tlab/tail"), 0);
  assert_int_equal(shell("echo 'a log of the old one' >.tlab/tail"), 0);
  assert_int_equal(rebuild(), TL_OK);
  assert_differs(false);
  assert_int_equal(shell("test ! -s .tlab/tail && test $(ls .tlab | wc -l) = 3"), 0);
  free(before);
}

static void a_failing_disk_leaves_the_old_file(void **state)
{
  (void)state;
  make_at("2026/11/23/a/run1", 1, 1, "succeeded");
  assert_int_equal(rebuild(), TL_OK);
  make_at("2026/11/23/a/run2", 2, 2, "succeeded");
  more_fault.pwrite_errno = ENOSPC;
  assert_int_equal(rebuild(), TL_ESTORAGE);
  more_fault.pwrite_errno = 0;
  fault.write_errno = ENOSPC;
  assert_int_equal(rebuild(), TL_ESTORAGE);
  fault.write_errno = 0;
  fault.fsync_errno = EIO;
  assert_true(rebuild() < 0);
  fault.fsync_errno = 0;
  fault.rename_errno = EACCES;
  assert_true(rebuild() < 0);
  fault.rename_errno = 0;
  assert_rows(1);
  assert_int_equal(shell("test $(ls .tlab | wc -l) = 3"), 0);
  fault.write_limit = 7;
  fault.write_eintr = 3;
  assert_int_equal(rebuild(), TL_OK);
  assert_rows(1, 2);
}

static void it_has_the_lock(void **state)
{
  (void)state;
  make_at("2026/11/23/a/run1", 1, 1, "succeeded");
  assert_int_equal(rebuild(), TL_OK);
  make_at("2026/11/23/a/run2", 2, 2, "succeeded");
  int fd = openat(root, TL_INDEX_LOCK, O_RDWR);
  assert_int_equal(syscall(SYS_flock, fd, LOCK_EX), 0);
  more_fault.dream = true;
  assert_int_equal(rebuild(), TL_ETIMEOUT);
  assert_rows(1);
  (void)close(fd);
  more_fault.flock_errno = ENOLCK; /* without locks it is done all the same */
  assert_int_equal(rebuild(), TL_OK);
  assert_rows(1, 2);
}

/* One day, so that one thread does all. */
static void a_kill_at_any_step_leaves_the_old_or_the_new(void **state)
{
  bool ended = false;
  int steps = 0;

  (void)state;
  make_at("2026/11/23/a/run1", 1, 1, "succeeded");
  assert_int_equal(rebuild(), TL_OK);
  char *old = tl_strdup(text_of(TL_INDEX_FILE));
  make_at("2026/11/23/a/run2", 2, 2, "succeeded");
  while (!ended && ++steps < 500) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
      fault.kill_at = steps;
      _exit(rebuild() == TL_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    ended = WIFEXITED(status);
    if (ended) assert_int_equal(status, 0);
    if (strcmp(text_of(TL_INDEX_FILE), old) != 0) assert_rows(1, 2);
    put_file(TL_INDEX_FILE, old);
  }
  assert_true(ended && steps > 10);
  assert_int_equal(rebuild(), TL_OK);
  assert_rows(1, 2);
  free(old);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, index_setup, index_teardown)
      TEST(runs_are_found_where_they_may_be),
      TEST(an_empty_lab_has_an_empty_index),
      TEST(links_are_told_or_passed_over),
      TEST(files_where_folders_are_expected),
      TEST(manifests_that_cannot_be_read_are_told),
      TEST(many_failures_are_counted_and_some_named),
      TEST(ten_thousand_entries_in_a_day),
      TEST(days_are_put_together_in_order),
      TEST(of_two_folders_of_one_run_one_counts),
      TEST(what_goes_on_is_left_out_and_what_was_killed_is_not),
      TEST(appended_and_rebuilt_are_the_same_bytes),
      TEST(a_failing_disk_leaves_the_old_file),
      TEST(it_has_the_lock),
      TEST(a_kill_at_any_step_leaves_the_old_or_the_new),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
