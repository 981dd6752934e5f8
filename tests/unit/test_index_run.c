/* index.open, put, close and settle: every run that ended has its row, whoever else is about. */
#include "index_help.h"

/* The process keeps an entry until it ends; a test is not the end of it. */
static int end_entries(void **state)
{
  for (int n = 1; n <= 2; n++) (void)trust2(prim_index_close, ".", tl_str(id_of_run(n)));
  return index_teardown(state);
}

static void reset(void)
{
  memset(&fault, 0, sizeof fault);
  memset(&more_fault, 0, sizeof more_fault);
}

/* A process of its own; returns how it ended: an exit code, or -signal. */
static int ended(pid_t pid)
{
  int status;

  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static pid_t in_child(int (*fn)(int), int arg)
{
  pid_t pid = fork();

  assert_true(pid >= 0);
  if (pid == 0) _exit(fn(arg));
  return pid;
}

static int count(const char *folder)
{
  char path[128];
  int n = 0;
  FILE *p;

  (void)snprintf(path, sizeof path, "ls -A %s/root/%s | wc -l", top, folder);
  p = popen(path, "r");
  assert_non_null(p);
  assert_int_equal(fscanf(p, "%d", &n), 1);
  (void)pclose(p);
  return n;
}

static void a_run_has_an_entry_and_then_a_row(void **state)
{
  char name[64];

  (void)state;
  assert_int_equal(index_open(1), TL_OK);
  (void)snprintf(name, sizeof name, TL_INDEX_OPEN "/%.16s", id_of_run(1));
  assert_string_equal(text_of(name), "run1\n");
  make_run(1, 10, "succeeded");
  assert_int_equal(index_put(1), TL_OK);
  assert_out("written");
  assert_false(is_there(name));
  assert_int_equal(count(TL_INDEX_ROWS), 0);
  assert_rows(1);
}

static void an_entry_is_ended_without_a_row(void **state)
{
  (void)state;
  assert_int_equal(index_open(1), TL_OK);
  assert_int_equal(trust2(prim_index_close, ".", tl_str(id_of_run(1))), TL_OK);
  assert_int_equal(count(TL_INDEX_OPEN), 0);
  assert_int_equal(trust2(prim_index_close, ".", tl_str(id_of_run(2))), TL_OK);
  assert_int_equal(trust2(prim_index_close, ".", tl_str("../../x")), TL_EARGUMENT);
}

static void the_same_run_is_not_opened_twice(void **state)
{
  (void)state;
  more_fault.dream = true;
  assert_int_equal(index_open(1), TL_OK);
  assert_int_equal(index_open(1), TL_EEXISTS);
  assert_says("in progress");
  assert_int_equal(index_open(2), TL_OK);
}

static int open_and_stay(int n)
{
  if (index_open(n) != TL_OK) return 1;
  make_run(n, n, "running");
  (void)kill(getpid(), SIGSTOP);
  return 0;
}

static pid_t stopped(int (*fn)(int), int n)
{
  int status;
  pid_t pid = in_child(fn, n);

  assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
  assert_true(WIFSTOPPED(status));
  return pid;
}

static void a_killed_run_is_interrupted_and_a_living_one_is_not(void **state)
{
  pid_t living, killed;

  (void)state;
  assert_int_equal(index_settle(), TL_OK); /* a lab without an index */
  assert_int_equal(tl_get_int(&got.out, "merged", -1), 0);
  living = stopped(open_and_stay, 1);
  killed = stopped(open_and_stay, 2);
  assert_int_equal(index_settle(), TL_OK);
  assert_int_equal(tl_len(tl_get(&got.out, "running")), 2);
  assert_int_equal(tl_get_int(&got.out, "interrupted", -1), 0);
  assert_int_equal(kill(killed, SIGKILL), 0);
  assert_int_equal(ended(killed), -SIGKILL);
  assert_int_equal(index_settle(), TL_OK);
  assert_int_equal(tl_get_int(&got.out, "interrupted", -1), 1);
  assert_int_equal(tl_len(tl_get(&got.out, "running")), 1);
  assert_string_equal(tl_at(tl_get(&got.out, "running"), 0)->u.s.data, "run1");
  assert_rows(2);
  assert_non_null(strstr(text_of(TL_INDEX_FILE), ",interrupted,"));
  assert_int_equal(count(TL_INDEX_OPEN), 1);
  assert_int_equal(index_put(1), TL_OK); /* noted while it runs: its process lives */
  assert_rows(1, 2);
  assert_non_null(strstr(text_of(TL_INDEX_FILE), ",running,"));
  assert_int_equal(kill(living, SIGCONT), 0);
  assert_int_equal(ended(living), 0);
  assert_int_equal(index_settle(), TL_OK);
  assert_null(strstr(text_of(TL_INDEX_FILE), ",running,"));
  assert_int_equal(count(TL_INDEX_OPEN), 0);
}

/* A full disk kept the last manifest from being written: what lies there says "running". */
static int put_while_running(int n)
{
  if (index_open(n) != TL_OK) return 1;
  make_run(n, n, "running");
  return index_put(n) == TL_OK ? 0 : 2;
}

static void a_run_without_its_last_manifest_is_interrupted(void **state)
{
  (void)state;
  assert_int_equal(ended(in_child(put_while_running, 1)), 0);
  assert_rows(1);
  assert_int_equal(count(TL_INDEX_OPEN), 1);
  assert_int_equal(index_settle(), TL_OK);
  assert_rows(1);
  assert_non_null(strstr(text_of(TL_INDEX_FILE), ",interrupted,"));
}

/* Killed before its manifest was there, or before its entry said where; or the folder is gone. */
static void entries_that_lead_nowhere_are_removed(void **state)
{
  (void)state;
  assert_int_equal(index_open(1), TL_OK);
  assert_int_equal(trust2(prim_index_close, ".", tl_str(id_of_run(1))), TL_OK);
  put_file(TL_INDEX_OPEN "/0000000000000001", "nowhere\n");
  put_file(TL_INDEX_OPEN "/0000000000000002", "../../etc\n");
  put_file(TL_INDEX_OPEN "/0000000000000003", "empty\n");
  put_file(TL_INDEX_OPEN "/0000000000000004", "");
  put_file(TL_INDEX_OPEN "/0000000000000005", "unfinish");
  put_file(TL_INDEX_OPEN "/other", "not an entry\n");
  assert_int_equal(shell("mkdir empty && touch -d '2 hours ago' .tlab/open/*4"), 0);
  assert_int_equal(index_settle(), TL_OK);
  assert_null(tl_get(&got.out, "problem"));
  assert_int_equal(count(TL_INDEX_OPEN), 2); /* the newborn, and what is no entry */
  assert_true(is_there(TL_INDEX_OPEN "/0000000000000005"));
}

static void a_run_that_goes_on_takes_over_its_entry(void **state)
{
  pid_t killed;

  (void)state;
  killed = stopped(open_and_stay, 1);
  assert_int_equal(kill(killed, SIGKILL), 0);
  assert_int_equal(ended(killed), -SIGKILL);
  assert_int_equal(index_open(1), TL_OK);
  assert_int_equal(index_settle(), TL_OK);
  assert_int_equal(tl_len(tl_get(&got.out, "running")), 1);
  make_run(1, 10, "succeeded");
  assert_int_equal(index_put(1), TL_OK);
  assert_rows(1);
}

static void more_killed_runs_than_one_round_takes(void **state)
{
  enum { COUNT = 600 };
  static int all[COUNT];

  (void)state;
  assert_int_equal(index_open(0), TL_OK);
  for (int n = 0; n < COUNT; n++) {
    char name[64], text[32];
    all[n] = n;
    make_run(n, n, "running");
    if (n == 0) continue;
    (void)snprintf(name, sizeof name, TL_INDEX_OPEN "/%.16s", id_of_run(n));
    (void)snprintf(text, sizeof text, "run%d\n", n);
    put_file(name, text);
  }
  assert_int_equal(trust2(prim_index_close, ".", tl_str(id_of_run(0))), TL_OK);
  assert_int_equal(index_settle(), TL_OK);
  assert_int_equal(tl_get_int(&got.out, "interrupted", -1), COUNT - 1);
  check_rows(all + 1, COUNT - 1);
}

/* --- others at work --------------------------------------------------------------------------- */

enum { WRITERS = 8, EACH = 200 };

/* Runs of one writer among those of the others, each begun before the others' ended. */
static int write_many(int writer)
{
  for (int i = 0; i < EACH; i++) {
    int n = i * WRITERS + writer;
    if (index_open(n) != TL_OK) return 1;
    make_run(n, n, "succeeded");
    if (index_put(n) != TL_OK || strcmp(got.out.u.s.data, "written") != 0) return 2;
  }
  return 0;
}

static void many_writers_lose_nothing(void **state)
{
  static int all[WRITERS * EACH];
  pid_t pids[WRITERS];

  (void)state;
  for (int i = 0; i < WRITERS; i++) pids[i] = in_child(write_many, i);
  for (int i = 0; i < WRITERS; i++) assert_int_equal(ended(pids[i]), 0);
  for (int i = 0; i < WRITERS * EACH; i++) all[i] = i;
  check_rows(all, WRITERS * EACH);
  assert_int_equal(count(TL_INDEX_ROWS), 0);
  assert_int_equal(count(TL_INDEX_OPEN), 0);
}

static int hold_lock(int unused)
{
  const tl_place lab = {root, ".", ".", true};
  tl_index x;
  tl_err e;

  (void)unused;
  if (tl_index_enter(&x, &lab, true, &e) < 0 || tl_index_lock(&x, true, 0, &e) < 0) return 1;
  (void)kill(getpid(), SIGSTOP);
  return 0;
}

static void a_holder_that_hangs_loses_nothing(void **state)
{
  pid_t holder;

  (void)state;
  holder = stopped(hold_lock, 0);
  more_fault.dream = true;
  assert_int_equal(index_open(1), TL_OK);
  make_run(1, 10, "succeeded");
  assert_int_equal(index_put(1), TL_OK);
  assert_out("pending");
  assert_true(more_fault.slept_ns >= 9900000000 && more_fault.slept_ns <= 10100000000);
  assert_true(fault.fsyncs >= 2); /* the row, and the folder that it lies in */
  assert_int_equal(count(TL_INDEX_OPEN), 0);
  assert_int_equal(count(TL_INDEX_ROWS), 1);
  assert_int_equal(index_settle(), TL_OK);
  assert_non_null(strstr(tl_get_str(&got.out, "problem", ""), "held by another process"));
  assert_int_equal(kill(holder, SIGKILL), 0);
  assert_int_equal(ended(holder), -SIGKILL);
  assert_int_equal(index_settle(), TL_OK);
  assert_int_equal(tl_get_int(&got.out, "merged", -1), 1);
  assert_rows(1);
  assert_int_equal(count(TL_INDEX_ROWS), 0);
}

/* A row that was left before the run ended must not replace the one that the end made. */
static void the_newest_row_of_a_run_counts(void **state)
{
  pid_t holder;

  (void)state;
  assert_int_equal(index_open(1), TL_OK);
  make_run(1, 10, "running");
  holder = stopped(hold_lock, 0);
  more_fault.dream = true;
  assert_int_equal(index_put(1), TL_OK);
  assert_out("pending");
  (void)kill(holder, SIGKILL);
  assert_int_equal(ended(holder), -SIGKILL);
  make_run(1, 10, "succeeded");
  assert_int_equal(index_put(1), TL_OK);
  assert_rows(1);
  assert_non_null(strstr(text_of(TL_INDEX_FILE), ",succeeded,"));
  assert_int_equal(count(TL_INDEX_ROWS), 0);
}

static int drop(int n, const char *started)
{
  tl_val args[3] = {tl_str("."), tl_str(started), tl_str(id_of_run(n))};
  return call(prim_index_drop, args, ".", NULL, true);
}

static void a_row_is_taken_away(void **state)
{
  (void)state;
  for (int n = 1; n <= 3; n++) {
    make_run(n, n, "succeeded");
    assert_int_equal(index_put(n), TL_OK);
  }
  assert_int_equal(drop(2, "2026-11-23T00:00:02.000Z"), TL_OK);
  assert_rows(1, 3);
  assert_int_equal(drop(2, "2026-11-23T00:00:02.000Z"), TL_OK); /* is gone already */
  assert_int_equal(drop(3, "2026-11-23T00:00:03.000Z"), TL_OK);
  assert_rows(1);
  assert_int_equal(drop(1, "yesterday"), TL_EARGUMENT);
  assert_int_equal(index_put(2), TL_OK);
  assert_rows(1, 2);
}

/* A day that was cut off is made again, as another run in the same folder. */
static void an_entry_says_nothing_of_another_run_in_its_folder(void **state)
{
  (void)state;
  make_run(1, 10, "running");
  assert_int_equal(index_open(1), TL_OK);
  put_file(TL_INDEX_OPEN "/0000000000000002", "run1\n");
  assert_int_equal(index_settle(), TL_OK);
  assert_string_equal(text_of(TL_INDEX_FILE), "");
  assert_int_equal(count(TL_INDEX_OPEN), 1);
}

static void without_locks_rows_wait(void **state)
{
  (void)state;
  more_fault.flock_errno = ENOLCK;
  more_fault.dream = true;
  assert_int_equal(index_open(1), TL_OK);
  make_run(1, 10, "succeeded");
  assert_int_equal(index_put(1), TL_OK);
  assert_out("pending");
  assert_int_equal(more_fault.slept_ns, 0);
  make_run(1, 10, "failed");
  assert_int_equal(index_put(1), TL_OK); /* replaces its own */
  assert_int_equal(count(TL_INDEX_ROWS), 1);
  assert_int_equal(index_open(2), TL_OK);
  assert_int_equal(index_settle(), TL_OK);
  assert_non_null(strstr(tl_get_str(&got.out, "problem", ""), "no locks"));
  assert_int_equal(tl_len(tl_get(&got.out, "running")), 1);
  more_fault.flock_errno = 0;
  assert_int_equal(trust2(prim_index_close, ".", tl_str(id_of_run(2))), TL_OK);
  assert_int_equal(index_settle(), TL_OK);
  assert_rows(1);
  assert_non_null(strstr(text_of(TL_INDEX_FILE), ",failed,"));
}

/* --- cuts and failures ------------------------------------------------------------------------ */

static int open_run_put(int kill_at)
{
  fault.kill_at = kill_at;
  if (index_open(5) != TL_OK) return 1;
  make_run(5, 50, "succeeded");
  return index_put(5) == TL_OK ? 0 : 2;
}

/* Whenever a run is killed: the others' rows are there, and its own is there or will be. */
static void a_kill_at_any_step_loses_nothing(void **state)
{
  (void)state;
  for (int later = 0; later < 2; later++) /* the run comes last, or another one does */
    for (int steps = 1, code = -SIGKILL; code == -SIGKILL; steps++) {
      bool there;
      assert_int_equal(shell("rm -rf runs.csv .tlab run*"), 0);
      make_run(1, 10, "succeeded");
      assert_int_equal(index_put(1), TL_OK);
      if (later) {
        make_run(9, 90, "succeeded");
        assert_int_equal(index_put(9), TL_OK);
      }
      code = ended(in_child(open_run_put, steps));
      assert_true(code == -SIGKILL || code == 0);
      there = is_there("run5/run.json");
      assert_int_equal(index_settle(), TL_OK);
      assert_null(tl_get(&got.out, "problem"));
      if (later && there) assert_rows(1, 5, 9);
      else if (later) assert_rows(1, 9);
      else if (there) assert_rows(1, 5);
      else assert_rows(1);
      assert_true(steps > 4 || code == -SIGKILL);
    }
}

static void a_full_disk_is_told_and_the_run_is_not_forgotten(void **state)
{
  (void)state;
  make_run(1, 10, "succeeded");
  assert_int_equal(index_put(1), TL_OK);
  assert_int_equal(index_open(2), TL_OK);
  make_run(2, 20, "succeeded");
  more_fault.pwrite_errno = fault.write_errno = ENOSPC;
  assert_int_equal(index_put(2), TL_ESTORAGE);
  assert_says("runs.csv");
  assert_rows(1);
  assert_int_equal(count(TL_INDEX_OPEN), 1); /* who looks next brings it in */
  reset();
  assert_int_equal(index_put(2), TL_OK);
  assert_rows(1, 2);
}

static void a_row_that_cannot_be_merged_waits(void **state)
{
  (void)state;
  put_file(TL_INDEX_FILE, "of,another,version\n");
  assert_int_equal(index_open(1), TL_OK);
  make_run(1, 10, "succeeded");
  assert_int_equal(index_put(1), TL_EINVALID);
  assert_int_equal(count(TL_INDEX_ROWS), 1);
  assert_int_equal(count(TL_INDEX_OPEN), 0);
  assert_int_equal(shell("rm runs.csv"), 0);
  assert_int_equal(index_settle(), TL_OK);
  assert_rows(1);
}

static void links_in_the_machine_folder_are_not_followed(void **state)
{
  (void)state;
  assert_int_equal(shell("mkdir away && ln -s away .tlab"), 0);
  assert_int_equal(index_open(1), TL_EREFUSED);
  assert_int_equal(shell("rm .tlab && mkdir .tlab && ln -s ../away .tlab/open"), 0);
  assert_int_equal(index_open(1), TL_EREFUSED);
  assert_int_equal(shell("rm .tlab/open && ln -s ../away .tlab/rows"), 0);
  assert_int_equal(index_open(1), TL_EREFUSED);
  assert_int_equal(count("away"), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, index_setup, end_entries)
      TEST(a_run_has_an_entry_and_then_a_row),
      TEST(an_entry_is_ended_without_a_row),
      TEST(the_same_run_is_not_opened_twice),
      TEST(a_killed_run_is_interrupted_and_a_living_one_is_not),
      TEST(a_run_without_its_last_manifest_is_interrupted),
      TEST(entries_that_lead_nowhere_are_removed),
      TEST(a_run_that_goes_on_takes_over_its_entry),
      TEST(more_killed_runs_than_one_round_takes),
      TEST(many_writers_lose_nothing),
      TEST(a_holder_that_hangs_loses_nothing),
      TEST(the_newest_row_of_a_run_counts),
      TEST(a_row_is_taken_away),
      TEST(an_entry_says_nothing_of_another_run_in_its_folder),
      TEST(without_locks_rows_wait),
      TEST(a_kill_at_any_step_loses_nothing),
      TEST(a_full_disk_is_told_and_the_run_is_not_forgotten),
      TEST(a_row_that_cannot_be_merged_waits),
      TEST(links_in_the_machine_folder_are_not_followed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
