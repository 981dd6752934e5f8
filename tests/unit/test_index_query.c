/* Conditions on rows of the index, and the pages that rows come in. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "core/base/json.h"
#include "core/prim/index_sort.h"
#include "core/prim/prim.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEY "2026-10-03T10:00:00.000Z," ID ","

/* A row with the values that the tests ask for. */
static const char row[] =
    KEY "ai,succeeded,2.50,m1;m2,base \xc3\xa4,75,107,0.5,USD,9,0,3,c0ffee,true,,,"
        "\"'=so, he \"\"said\"\"\","
        "\"{\"\"a\"\":\"\"x\\\"\"y\"\",\"\"model.name\"\":\"\"m1\"\",\"\"n\"\":3,\"\"o\"\":"
        "\"\"n\\\"\":4\"\",\"\"t\"\":true}\","
        "\"{\"\"s\"\":-0.25}\",,2026/10/03/ai-team/artifacts/100000Z-ai-01234567\n";

static tl_val parse(const char *json)
{
  tl_val v;
  tl_err e;

  if (tl_json_read(&v, json, strlen(json), &e) != TL_OK) fail_msg("%s: %s", json, e.msg);
  return v;
}

static int match_where(const char *where)
{
  char json[512];
  tl_query q;
  tl_err e;

  (void)snprintf(json, sizeof json, "{\"where\":[%s]}", where);
  tl_val map = parse(json);
  assert_int_equal(tl_query_read(&q, &map, &e), TL_OK);
  int fits = tl_query_match(&q, row, sizeof row - 1);
  tl_query_free(&q);
  tl_free(&map);
  return fits;
}

static int match(const char *column, const char *op, const char *value)
{
  char where[256];

  (void)snprintf(where, sizeof where, "{\"column\":\"%s\",\"op\":\"%s\",\"value\":\"%s\"}", column,
                 op, value);
  return match_where(where);
}

static void values_of_columns(void **state)
{
  (void)state;
  assert_int_equal(match("status", "=", "succeeded"), 1);
  assert_int_equal(match("status", "=", "succeede"), 0);
  assert_int_equal(match("status", "prefix", "succ"), 1);
  assert_int_equal(match("seconds", "=", "2.5"), 1);
  assert_int_equal(match("seconds", ">", "2.49"), 1);
  assert_int_equal(match("seconds", ">", "2.5"), 0);
  assert_int_equal(match("seconds", ">=", "2.5"), 1);
  assert_int_equal(match("tokens_in", "<", "107"), 1);
  assert_int_equal(match("tokens_in", "<=", "9"), 0);
  assert_int_equal(match("status", ">", "3"), 0);
  assert_int_equal(match("models", "has", "m2"), 1);
  assert_int_equal(match("models", "has", "m"), 0);
  assert_int_equal(match("tags", "has", "\xc3\xa4"), 1);
  assert_int_equal(match("note", "=", "=so, he \\\"said\\\""), 1);
  assert_int_equal(match("note", "contains", "HE \\\"SAID"), 1);
  assert_int_equal(match("key", "=", ""), 0);
  assert_int_equal(match("key", "contains", ""), 0);
  assert_int_equal(match("started", ">=", "2026-10-03"), 1);
  assert_int_equal(match("started", "<", "2026-10-03"), 0);
}

static void values_within_maps(void **state)
{
  (void)state;
  assert_int_equal(match("param.n", "=", "3"), 1);
  assert_int_equal(match("param.n", "=", "3.0"), 1);
  assert_int_equal(match("param.n", "=", "4"), 0);
  assert_int_equal(match("param.t", "=", "true"), 1);
  assert_int_equal(match("param.a", "=", "x\\\"y"), 1);
  assert_int_equal(match("param.model.name", "=", "m1"), 1);
  assert_int_equal(match("param.name", "=", "m1"), 1);
  assert_int_equal(match("param.ame", "=", "m1"), 0);
  assert_int_equal(match("param.s", "=", "-0.25"), 0);
  assert_int_equal(match("metric.s", "<", "0"), 1);
  assert_int_equal(match("metric.s", "<", "-0.25"), 0);
}

static void what_a_run_is_called(void **state)
{
  (void)state;
  assert_int_equal(match("run", "prefix", "01234"), 1);
  assert_int_equal(match("run", "prefix", ID), 1);
  assert_int_equal(match("run", "prefix", ID "0"), 0);
  assert_int_equal(match("run", "prefix", "100000Z-ai"), 1);
  assert_int_equal(match("run", "prefix", "ai-team"), 0);
}

static void all_conditions_count(void **state)
{
  (void)state;
  assert_int_equal(match_where("{\"column\":\"recipe\",\"op\":\"=\",\"value\":\"ai\"},"
                               "{\"column\":\"cost\",\"op\":\">\",\"value\":\"0.5\"}"),
                   0);
  assert_int_equal(match_where(""), 1);
}

static void wrong_queries_are_refused(void **state)
{
  static const struct {
    const char *query, *says;
  } cases[] = {
      {"{\"where\":[{\"column\":\"x\",\"op\":\"=\",\"value\":\"1\"}]}", "no column x"},
      {"{\"where\":[{\"column\":\"id\",\"op\":\"!\",\"value\":\"1\"}]}", "no comparison !"},
      {"{\"where\":[{\"column\":\"id\",\"op\":\"=\",\"value\":1}]}", "must be a string"},
      {"{\"where\":[{\"column\":\"id\",\"op\":\"=\"}]}", "must be a string"},
      {"{\"sort\":\"run\"}", "no column run"},
      {"{\"text\":7}", "text must be a string"},
  };
  tl_query q;
  tl_err e;

  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    tl_val map = parse(cases[i].query);
    assert_int_equal(tl_query_read(&q, &map, &e), TL_EARGUMENT);
    assert_has(e.msg, cases[i].says);
    tl_free(&map);
  }
}

/* The text is looked at in pieces: what lies over their border is found too. */
static void text_is_found_wherever_it_lies(void **state)
{
  enum { LEN = 40000 };
  char *text = tl_alloc(LEN);

  (void)state;
  for (size_t at = 0; at < LEN - 4; at += at < 8100 || at > 8300 ? 97 : 1) {
    memset(text, 'N', LEN);
    memcpy(text + at, "NeDl", 4);
    assert_ptr_equal(tl_query_find(text, LEN, "nedl", 4), text + at);
    assert_null(tl_query_find(text, at + 3, "nedl", 4));
  }
  free(text);
}

/* --- pages ------------------------------------------------------------------------------------ */

static char lab[] = "/tmp/tlab-index-XXXXXX";

static void write_file(const char *name, const char *text, size_t len)
{
  char path[128];

  (void)snprintf(path, sizeof path, "%s/%s", lab, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len);
  (void)close(fd);
}

/* An index of n rows, a second apart. */
static void write_index(unsigned n)
{
  tl_buf text = TL_BUF(64u << 20);

  assert_int_equal(tl_buf_str(&text, tl_index_header), TL_OK);
  for (unsigned i = 0; i < n; i++)
    assert_int_equal(
        tl_buf_fmt(&text,
                   "2026-10-03T%02u:%02u:%02u.000Z,%064x,ai,failed,%u,,,,,,,,,,,,,,,,,,"
                   "2026/10/03/x\n",
                   i / 3600, i / 60 % 60, i % 60, i, i * 7919 % n),
        TL_OK);
  write_file("runs.csv", text.data, text.len);
  tl_buf_free(&text);
}

static int ask(tl_val *query, tl_val *out, tl_err *e)
{
  tl_val args[2] = {tl_str(lab), *query};
  tl_place place = {.dirfd = AT_FDCWD, .rel = lab, .shown = lab, .trusted = true};
  tl_call call = {.args = args, .places = &place};
  int rc = prim_index_select(&call);

  *out = call.out;
  *e = call.err;
  tl_free(&args[0]);
  return rc;
}

/* All pages of a query: how many rows, how many pages, and whether `seconds` or the start goes the
 * one way throughout. */
static void all_pages(const char *json, int64_t rows, int64_t least_pages)
{
  tl_val query = parse(json), out;
  int64_t count = 0, pages = 0;
  tl_err e;

  for (;;) {
    if (ask(&query, &out, &e) != TL_OK) fail_msg("%s", e.msg);
    count += tl_get_int(&out, "count", -1);
    pages++;
    const tl_val *cursor = tl_get(&out, "cursor");
    if (cursor) tl_put(&query, "cursor", tl_copy(cursor));
    tl_free(&out);
    if (!cursor) break;
  }
  tl_free(&query);
  assert_int_equal(count, rows);
  assert_true(pages >= least_pages);
}

static void pages_hold_each_row_once(void **state)
{
  (void)state;
  write_index(5000);
  all_pages("{}", 5000, 5);
  all_pages("{\"descending\":false,\"as\":\"json\"}", 5000, 2);
  all_pages("{\"as\":\"csv\"}", 5000, 2);
  all_pages("{\"sort\":\"seconds\"}", 5000, 5);
  all_pages("{\"sort\":\"status\",\"as\":\"json\",\"descending\":false}", 5000, 2);
  all_pages("{\"limit\":7}", 7, 1);
  all_pages("{\"limit\":7,\"sort\":\"seconds\"}", 7, 1);
  all_pages("{\"limit\":999999999999999}", 5000, 5);
}

static void a_limit_gives_the_first_of_the_order(void **state)
{
  tl_val query = parse("{\"limit\":3,\"sort\":\"seconds\"}"), out;
  tl_err e;

  (void)state;
  write_index(20000);
  assert_int_equal(ask(&query, &out, &e), TL_OK);
  for (size_t i = 0; i < 3; i++) {
    const tl_val *one = tl_at(tl_get(&out, "rows"), i);
    assert_int_equal(strtol(tl_get_str(one, "seconds", ""), NULL, 10), 19999 - (long)i);
  }
  tl_free(&out);
  tl_free(&query);
}

/* Somebody wrote into the file by hand: what is no number, map or UTF-8 is text all the same. */
static void what_is_wrong_is_told_as_text(void **state)
{
  tl_buf text = TL_BUF(4096);
  tl_val query = parse("{\"as\":\"json\"}"), out;
  tl_err e;

  (void)state;
  assert_int_equal(
      tl_buf_fmt(&text, "%s%sa\\\xff,ok\xc3,1e,,,01,-,1.5e+3,,.5,+1,,,maybe,,,\xfe,[1],{,,f\n",
                 tl_index_header, KEY),
      TL_OK);
  write_file("runs.csv", text.data, text.len);
  assert_int_equal(ask(&query, &out, &e), TL_OK);
  assert_string_equal(
      tl_get_str(&out, "text", ""),
      "{\"cost\":1.5e+3,\"dirty\":\"maybe\",\"effects\":\".5\",\"failed\":\"+1\",\"folder\":\"f\","
      "\"id\":\"" ID "\",\"metrics\":\"{\",\"note\":\"\\\\xfe\",\"params\":\"[1]\","
      "\"recipe\":\"a\\\\\\\\xff\",\"seconds\":\"1e\",\"started\":\"2026-10-03T10:00:00.000Z\","
      "\"status\":\"ok\\\\xc3\",\"tokens_in\":\"01\",\"tokens_out\":\"-\"}");
  tl_buf_free(&text);
  tl_free(&out);
  tl_free(&query);
}

static void a_cursor_of_nobody_is_refused(void **state)
{
  static const char *const queries[] = {"{\"cursor\":\"x\"}", "{\"cursor\":7}",
                                        "{\"cursor\":\"sorted\"}",
                                        "{\"cursor\":\"sorted\",\"sort\":\"cost\"}"};
  tl_val out;
  tl_err e;

  (void)state;
  write_index(3);
  all_pages("{\"sort\":\"cost\"}", 3, 1);
  for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
    tl_val query = parse(queries[i]);
    assert_int_equal(ask(&query, &out, &e), TL_EARGUMENT);
    assert_has(e.msg, "cursor");
    tl_free(&query);
  }
}

/* Between two pages the file may be changed: rows that were moved are not taken for others. */
static void rows_that_moved_are_noticed(void **state)
{
  tl_val query = parse("{\"sort\":\"seconds\"}"), out;
  tl_err e;

  (void)state;
  write_index(5000);
  assert_int_equal(ask(&query, &out, &e), TL_OK);
  tl_put(&query, "cursor", tl_copy(tl_get(&out, "cursor")));
  tl_free(&out);
  write_index(10);
  assert_int_equal(ask(&query, &out, &e), TL_EPARSE);
  assert_has(e.msg, "was changed while it was read");
  tl_free(&query);
}

static int pass(void *ud, const tl_line *line, tl_err *e)
{
  (void)ud;
  (void)line;
  (void)e;
  return TL_OK;
}

/* Without the lock the file's end can be gone by the time it is read: there is no line end then. */
static void a_line_end_that_vanished_is_told(void **state)
{
  tl_val query = parse("{}");
  char path[128], end = 'x';
  tl_scan scan;
  tl_query q;
  tl_err e;

  (void)state;
  write_index(10);
  int labfd = open(lab, O_PATH | O_DIRECTORY | O_CLOEXEC);
  (void)snprintf(path, sizeof path, "%s/runs.csv", lab);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  for (int descending = 0; descending < 2; descending++) {
    write_index(10);
    assert_int_equal(tl_query_read(&q, &query, &e), TL_OK);
    assert_int_equal(tl_scan_open(&scan, labfd, NULL, &e), TL_OK);
    assert_int_equal(pwrite(fd, &end, 1, scan.end - 1), 1);
    assert_int_equal(tl_scan_walk(&scan, &q, descending, NULL, pass, NULL, &e), TL_EPARSE);
    assert_has(e.msg, "runs.csv line 11 is no row");
    tl_scan_close(&scan);
    tl_query_free(&q);
  }
  tl_free(&query);
  (void)close(fd);
  (void)close(labfd);
}

/* A rebuild holds the lock for long: readers wait a second and then read what is there. */
static void a_held_lock_does_not_stop_readers(void **state)
{
  char path[128];

  (void)state;
  (void)snprintf(path, sizeof path, "%s/.tlab", lab);
  assert_int_equal(mkdir(path, 0700), 0);
  write_file(".tlab/lock", "", 0);
  write_index(3);
  (void)snprintf(path, sizeof path, "%s/.tlab/lock", lab);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  all_pages("{}", 3, 1);
  (void)close(fd);
  (void)unlink(path);
  (void)snprintf(path, sizeof path, "%s/.tlab", lab);
  (void)rmdir(path);
}

static void a_cut_end_is_told_in_any_order(void **state)
{
  const char *const queries[] = {"{}", "{\"sort\":\"seconds\"}"};
  char path[128];
  tl_err e;

  (void)state;
  (void)snprintf(path, sizeof path, "%s/.tlab", lab);
  assert_int_equal(mkdir(path, 0700), 0);
  write_file(".tlab/lock", "", 0);
  write_index(3);
  (void)snprintf(path, sizeof path, "%s/runs.csv", lab);
  int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  assert_int_equal(write(fd, "2026", 4), 4);
  (void)close(fd);
  for (size_t i = 0; i < 2; i++) {
    tl_val query = parse(queries[i]), out;
    assert_int_equal(ask(&query, &out, &e), TL_OK);
    assert_int_equal(tl_get_int(&out, "count", -1), 3);
    assert_true(tl_get_bool(&out, "cut", false));
    tl_free(&out);
    tl_free(&query);
  }
  (void)snprintf(path, sizeof path, "%s/.tlab/lock", lab);
  (void)unlink(path);
  (void)snprintf(path, sizeof path, "%s/.tlab", lab);
  (void)rmdir(path);
}

static int make_lab(void **state)
{
  (void)state;
  return mkdtemp(lab) ? 0 : -1;
}

static int remove_lab(void **state)
{
  char path[128];

  (void)state;
  (void)snprintf(path, sizeof path, "%s/runs.csv", lab);
  (void)unlink(path);
  return rmdir(lab);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_of_columns),
      cmocka_unit_test(values_within_maps),
      cmocka_unit_test(what_a_run_is_called),
      cmocka_unit_test(all_conditions_count),
      cmocka_unit_test(wrong_queries_are_refused),
      cmocka_unit_test(text_is_found_wherever_it_lies),
      cmocka_unit_test(pages_hold_each_row_once),
      cmocka_unit_test(a_limit_gives_the_first_of_the_order),
      cmocka_unit_test(what_is_wrong_is_told_as_text),
      cmocka_unit_test(a_cursor_of_nobody_is_refused),
      cmocka_unit_test(rows_that_moved_are_noticed),
      cmocka_unit_test(a_line_end_that_vanished_is_told),
      cmocka_unit_test(a_held_lock_does_not_stop_readers),
      cmocka_unit_test(a_cut_end_is_told_in_any_order),
  };
  return cmocka_run_group_tests(tests, make_lab, remove_lab);
}
