/* runs.csv changed: rows in their places, and old or new after a cut at any moment. */
#include "index_help.h"

static tl_err err;

/* --- rows without folders --------------------------------------------------------------------- */

/* A row of the run, with a status that makes it as long as wanted. */
static tl_buf row_of(int n, int second, const char *status)
{
  tl_buf line = TL_BUF(TL_INDEX_LINE);

  (void)tl_buf_fmt(&line, "2026-11-23T%02d:%02d:%02d.000Z,%s,recipe,%s", second / 3600,
                   second / 60 % 60, second % 60, id_of_run(n), status);
  for (int i = 0; i < TL_COLUMNS - 4; i++) (void)tl_buf_byte(&line, ',');
  (void)tl_buf_byte(&line, '\n');
  return line;
}

static int merge(tl_rows *rows)
{
  const tl_place lab = {root, ".", ".", true};
  tl_index x;
  int lock, rc = tl_index_enter(&x, &lab, true, &err);

  assert_int_equal(rc, TL_OK);
  lock = tl_index_lock(&x, true, 0, &err);
  assert_true(lock >= 0);
  rc = tl_index_merge(&x, rows, &err);
  (void)close(lock);
  tl_index_leave(&x);
  return rc;
}

static int merge_one(int n, int second, const char *status)
{
  tl_rows rows = {0};
  tl_buf line = row_of(n, second, status);
  int rc;

  tl_rows_add(&rows, &line, NULL);
  rc = merge(&rows);
  tl_rows_free(&rows);
  return rc;
}

static ino_t inode(void)
{
  struct stat st;

  assert_int_equal(fstatat(root, TL_INDEX_FILE, &st, 0), 0);
  return st.st_ino;
}

static void rows_that_come_last_are_appended(void **state)
{
  ino_t first;

  (void)state;
  assert_int_equal(merge_one(1, 10, "ok"), TL_OK);
  assert_rows(1);
  first = inode();
  assert_int_equal(merge_one(2, 10, "ok"), TL_OK); /* of one moment: by id */
  assert_int_equal(merge_one(3, 20, "ok"), TL_OK);
  assert_rows(1, 2, 3);
  assert_true(first == inode());
  assert_false(is_there(TL_INDEX_TAIL)); /* no log for this */
}

static void a_row_goes_where_it_belongs(void **state)
{
  ino_t first;

  (void)state;
  assert_int_equal(merge_one(5, 50, "ok"), TL_OK);
  first = inode();
  assert_int_equal(merge_one(1, 10, "ok"), TL_OK);
  assert_int_equal(merge_one(3, 30, "ok"), TL_OK);
  assert_int_equal(merge_one(4, 40, "ok"), TL_OK);
  assert_int_equal(merge_one(2, 20, "ok"), TL_OK);
  assert_rows(1, 2, 3, 4, 5);
  assert_true(first == inode());
}

static void a_row_replaces_the_one_of_its_run(void **state)
{
  static const int places[] = {1, 2, 3};

  (void)state;
  for (int i = 1; i <= 3; i++) assert_int_equal(merge_one(i, i, "running"), TL_OK);
  for (size_t i = 0; i < 3; i++) {
    char *before;
    assert_int_equal(merge_one(places[i], places[i], "interrupted"), TL_OK);
    assert_rows(1, 2, 3);
    before = strdup(text_of(TL_INDEX_FILE));
    assert_int_equal(merge_one(places[i], places[i], "interrupted"), TL_OK); /* once more */
    assert_string_equal(before, text_of(TL_INDEX_FILE));
    free(before);
    assert_int_equal(merge_one(places[i], places[i], "ok"), TL_OK); /* shorter */
    assert_rows(1, 2, 3);
  }
  assert_null(strstr(text_of(TL_INDEX_FILE), "running"));
  assert_null(strstr(text_of(TL_INDEX_FILE), "interrupted"));
}

static void many_rows_at_once_are_sorted_and_the_last_of_a_run_counts(void **state)
{
  tl_rows rows = {0};
  tl_buf line;

  (void)state;
  assert_int_equal(merge_one(3, 30, "ok"), TL_OK);
  for (int n = 6; n > 0; n--) {
    line = row_of(n, n * 10, "first");
    tl_rows_add(&rows, &line, NULL);
    line = row_of(n, n * 10, "second");
    tl_rows_add(&rows, &line, NULL);
    line = TL_BUF(0); /* a file that held no row */
    tl_rows_add(&rows, &line, "0123456789abcdef");
  }
  assert_int_equal(merge(&rows), TL_OK);
  tl_rows_free(&rows);
  assert_rows(1, 2, 3, 4, 5, 6);
  assert_null(strstr(text_of(TL_INDEX_FILE), "first"));
}

static void a_torn_last_line_is_cut_off(void **state)
{
  (void)state;
  assert_int_equal(merge_one(1, 10, "ok"), TL_OK);
  assert_int_equal(shell("printf '2026-11-23T00:00:2' >> runs.csv"), 0);
  assert_int_equal(merge_one(2, 20, "ok"), TL_OK);
  assert_rows(1, 2);
  assert_int_equal(shell("head -c 9000 /dev/zero >> runs.csv"), 0);
  assert_int_equal(merge_one(3, 30, "ok"), TL_OK);
  assert_rows(1, 2, 3);
}

/* Thousands of rows: found by search, from the first to the last. */
static void rows_are_found_in_a_long_file(void **state)
{
  enum { COUNT = 6000 };
  static int all[COUNT];
  tl_rows rows = {0};
  ino_t first;

  (void)state;
  for (int i = 0; i < COUNT; i++) {
    tl_buf line = row_of(i, i, i % 7 ? "ok" : "a-longer-word-than-others");
    all[i] = i;
    if (i % 1000 != 500) tl_rows_add(&rows, &line, NULL);
    else tl_buf_free(&line);
  }
  assert_int_equal(merge(&rows), TL_OK);
  tl_rows_free(&rows);
  assert_int_equal(fchmodat(root, TL_INDEX_FILE, 0640, 0), 0);
  first = inode();
  assert_int_equal(merge_one(5500, 5500, "ok"), TL_OK);
  assert_true(first == inode()); /* near the end: in place */
  for (int i = 500; i < 5500; i += 1000) assert_int_equal(merge_one(i, i, "ok"), TL_OK);
  check_rows(all, COUNT);
}

static void far_from_the_end_a_new_file_takes_the_place(void **state)
{
  static char status[16000];
  static int all[200];
  ino_t first;
  struct stat st;

  (void)state;
  memset(status, 'x', sizeof status - 1);
  for (int i = 0; i < 200; i++) all[i] = i;
  for (int i = 1; i < 200; i++) assert_int_equal(merge_one(i, i, status), TL_OK);
  assert_int_equal(fchmodat(root, TL_INDEX_FILE, 0640, 0), 0);
  first = inode();
  assert_int_equal(merge_one(0, 0, "ok"), TL_OK);
  check_rows(all, 200);
  assert_true(first != inode());
  assert_int_equal(fstatat(root, TL_INDEX_FILE, &st, 0), 0);
  assert_int_equal(st.st_mode & 0777, 0640);
  assert_int_equal(merge_one(100, 100, "ok"), TL_OK);
  check_rows(all, 200);
  assert_false(is_there(TL_INDEX_NEW));
}

static void other_columns_are_not_written_to(void **state)
{
  (void)state;
  put_file(TL_INDEX_FILE, "started,id,what\n1,2,3\n");
  assert_int_equal(merge_one(1, 10, "ok"), TL_EINVALID);
  assert_string_equal(text_of(TL_INDEX_FILE), "started,id,what\n1,2,3\n");
  put_file(TL_INDEX_FILE, "");
  assert_int_equal(merge_one(1, 10, "ok"), TL_EINVALID);
}

static void a_link_is_not_followed(void **state)
{
  (void)state;
  put_file("other", "mine\n");
  assert_int_equal(symlinkat("other", root, TL_INDEX_FILE), 0);
  assert_int_equal(merge_one(1, 10, "ok"), TL_EREFUSED);
  assert_string_equal(text_of("other"), "mine\n");
}

/* --- cuts ------------------------------------------------------------------------------------- */

/* What a merge is about, after rows 2, 4 and 6 are there. */
typedef struct change {
  int n, second;
  const char *status;
} change;

static const change changes[] = {
    {7, 70, "ok"},          /* comes last */
    {3, 30, "ok"},          /* comes between */
    {4, 40, "interrupted"}, /* becomes longer */
    {4, 40, "x"},           /* becomes shorter */
};

static void start_over(void)
{
  assert_int_equal(shell("rm -rf runs.csv .tlab"), 0);
  for (int n = 2; n <= 6; n += 2) assert_int_equal(merge_one(n, n * 10, "running"), TL_OK);
}

/* Does the merge in a process that dies at its so-manieth step; false when it lived to the end. */
static bool cut_at(int kill_at, const change *c)
{
  int status;
  pid_t pid = fork();

  assert_true(pid >= 0);
  if (pid == 0) {
    fault.kill_at = kill_at;
    _exit(merge_one(c->n, c->second, c->status) == TL_OK ? 0 : 1);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (WIFSIGNALED(status)) return true;
  assert_int_equal(WEXITSTATUS(status), 0);
  return false;
}

/* After any cut, the next merge finds a file that is old or new, and goes on from there. */
static void a_cut_at_any_step_leaves_old_or_new(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    const change *c = &changes[i];
    int steps = 1;
    char *old, *new;
    start_over();
    assert_int_equal(merge_one(9, 90, "ok"), TL_OK);
    old = strdup(text_of(TL_INDEX_FILE));
    assert_int_equal(merge_one(c->n, c->second, c->status), TL_OK);
    new = strdup(text_of(TL_INDEX_FILE));
    for (start_over(); cut_at(steps, c); start_over(), steps++) {
      assert_int_equal(merge_one(9, 90, "ok"), TL_OK); /* another run ends */
      if (strcmp(text_of(TL_INDEX_FILE), old) != 0)
        assert_string_equal(text_of(TL_INDEX_FILE), new);
      assert_int_equal(merge_one(c->n, c->second, c->status), TL_OK); /* its row still waited */
      assert_string_equal(text_of(TL_INDEX_FILE), new);
    }
    assert_true(steps > 3);
    free(old);
    free(new);
  }
}

static void a_cut_while_the_file_is_replaced_leaves_old_or_new(void **state)
{
  static char status[16000];
  const change c = {1, 10, "ok"};
  int steps = 1;
  tl_buf row = row_of(c.n, c.second, c.status);
  size_t row_len = row.len;
  char *old;

  (void)state;
  tl_buf_free(&row);
  memset(status, 'x', sizeof status - 1);
  for (int n = 2; n < 80; n++) assert_int_equal(merge_one(n, n * 10, status), TL_OK);
  old = strdup(text_of(TL_INDEX_FILE));
  for (; cut_at(steps, &c); steps++) {
    if (strcmp(text_of(TL_INDEX_FILE), old) == 0) continue;
    assert_non_null(strstr(text_of(TL_INDEX_FILE), id_of_run(1)));
    assert_int_equal(strlen(text_of(TL_INDEX_FILE)), strlen(old) + row_len);
    put_file(TL_INDEX_FILE, old);
  }
  assert_true(steps > 3);
  free(old);
}

/* A power cut can bring back a log that was emptied: it is about a file that has grown since. */
static void a_log_that_came_back_does_no_harm(void **state)
{
  char *after;

  (void)state;
  for (size_t i = 1; i < sizeof changes / sizeof *changes; i++) {
    start_over();
    put_file("all.log", "");
    /* The log as it was before it was emptied: the merge is cut at each step, the last log counts. */
    for (int steps = 1; cut_at(steps, &changes[i]); start_over(), steps++)
      assert_int_equal(shell("test ! -s .tlab/tail || cp .tlab/tail all.log"), 0);
    assert_int_equal(shell("test -s all.log"), 0);
    assert_int_equal(merge_one(8, 80, "ok"), TL_OK);
    after = strdup(text_of(TL_INDEX_FILE));
    if (i + 1 < sizeof changes / sizeof *changes) { /* a shorter end was waited for */
      assert_int_equal(shell("cp all.log .tlab/tail"), 0);
      assert_int_equal(merge_one(9, 90, "ok"), TL_OK);
      assert_memory_equal(text_of(TL_INDEX_FILE), after, strlen(after)); /* row 8 is there still */
    }
    assert_int_equal(shell("head -c 200 all.log > .tlab/tail"), 0); /* torn */
    assert_int_equal(merge_one(9, 90, "ok"), TL_OK);
    assert_memory_equal(text_of(TL_INDEX_FILE), after, strlen(after));
    free(after);
  }
}

static void a_full_disk_changes_nothing(void **state)
{
  char *before;

  (void)state;
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    start_over();
    before = strdup(text_of(TL_INDEX_FILE));
    more_fault.pwrite_errno = ENOSPC;
    more_fault.pwrite_after = 0;
    fault.write_limit = 20;
    assert_int_equal(merge_one(changes[i].n, changes[i].second, changes[i].status), TL_ESTORAGE);
    if (i == 3) { /* nothing is needed beyond what is there, so only a cut could have done this */
      more_fault.pwrite_errno = 0;
      assert_int_equal(merge_one(changes[i].n, changes[i].second, changes[i].status), TL_OK);
      assert_rows(2, 4, 6);
    } else {
      assert_string_equal(text_of(TL_INDEX_FILE), before);
    }
    fault.write_limit = 0;
    more_fault.pwrite_errno = 0;
    assert_int_equal(merge_one(changes[i].n, changes[i].second, changes[i].status), TL_OK);
    free(before);
  }
}

/* A log of a change that was given up must not come back: what is appended next would lie where it
 * says that its tail goes. So its end is waited for. */
static void the_log_of_a_change_that_was_given_up_stays_away(void **state)
{
  int before;

  (void)state;
  start_over();
  assert_int_equal(merge_one(3, 30, "ok"), TL_OK); /* there is a log file now */
  more_fault.pwrite_errno = ENOSPC;
  before = fault.fsyncs;
  assert_int_equal(merge_one(5, 50, "ok"), TL_ESTORAGE);
  assert_int_equal(fault.fsyncs - before, 2); /* the log, and that it is empty */
  assert_string_equal(text_of(TL_INDEX_TAIL), "");
}

static void a_tail_too_long_for_a_log_is_a_new_file(void **state)
{
  enum { ROWS = 40, LONG = 500 * 1024 };
  char *status = malloc(LONG + 1);
  tl_rows rows = {0};
  ino_t old;

  (void)state;
  start_over();
  old = inode();
  memset(status, 'x', LONG);
  status[LONG] = '\0';
  for (int i = 0; i < ROWS; i++) {
    tl_buf line = row_of(10 + i, 30, status);
    tl_rows_add(&rows, &line, NULL);
  }
  free(status);
  assert_int_equal(merge(&rows), TL_OK);
  tl_rows_free(&rows);
  assert_true(inode() != old);
  assert_int_equal(merge_one(3, 30, "ok"), TL_OK);
}

static void a_failing_sync_is_told(void **state)
{
  (void)state;
  start_over();
  more_fault.fdatasync_errno = EIO;
  assert_int_equal(merge_one(7, 70, "ok"), TL_EIO);
  more_fault.fdatasync_errno = 0;
  assert_rows(2, 4, 6);
  fault.fsync_errno = EIO;
  assert_int_equal(merge_one(3, 30, "ok"), TL_EIO); /* the log's */
  fault.fsync_errno = 0;
  assert_rows(2, 4, 6);
}

static void short_writes_are_finished(void **state)
{
  (void)state;
  fault.write_limit = 7;
  start_over();
  assert_int_equal(merge_one(3, 30, "interrupted"), TL_OK);
  assert_rows(2, 3, 4, 6);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, index_setup, index_teardown)
      TEST(rows_that_come_last_are_appended),
      TEST(a_row_goes_where_it_belongs),
      TEST(a_row_replaces_the_one_of_its_run),
      TEST(many_rows_at_once_are_sorted_and_the_last_of_a_run_counts),
      TEST(a_torn_last_line_is_cut_off),
      TEST(rows_are_found_in_a_long_file),
      TEST(far_from_the_end_a_new_file_takes_the_place),
      TEST(other_columns_are_not_written_to),
      TEST(a_link_is_not_followed),
      TEST(a_cut_at_any_step_leaves_old_or_new),
      TEST(a_cut_while_the_file_is_replaced_leaves_old_or_new),
      TEST(a_log_that_came_back_does_no_harm),
      TEST(a_full_disk_changes_nothing),
      TEST(the_log_of_a_change_that_was_given_up_stays_away),
      TEST(a_tail_too_long_for_a_log_is_a_new_file),
      TEST(a_failing_sync_is_told),
      TEST(short_writes_are_finished),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
