/* The row of a run, from its folder: run.json and notes.jsonl, nothing else. */
#include "fs_help.h"

#include "core/prim/index.h"

#define ID "f43688e79612e14d25df596890197890acc937de894fe9e467ba0ee4b2672471"
#define HEAD "\"id\":\"" ID "\",\"folder\":\"2026/11/23/f\","
#define TIME "\"time\":{\"started\":\"2026-11-23T03:20:03.684Z\"}"
#define KEY "2026-11-23T03:20:03.684Z," ID

static tl_buf line;
static tl_err err;
static tl_cell cells[TL_COLUMNS];

static void put_bytes(const char *name, const char *bytes, size_t len)
{
  int fd;
  char path[128];

  (void)snprintf(path, sizeof path, "%s/root/%s", top, name);
  fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, bytes, len), len);
  (void)close(fd);
}

static void put(const char *name, const char *text)
{
  put_bytes(name, text, strlen(text));
}

static int row(bool held)
{
  int rc;

  tl_buf_free(&line);
  line = TL_BUF(TL_INDEX_LINE);
  err = (tl_err){0};
  rc = tl_index_row(root, held, &line, &err);
  if (rc == TL_OK) {
    assert_true(tl_index_is_row(line.data, line.len));
    assert_int_equal(tl_csv_split(line.data, line.len, cells, TL_COLUMNS), TL_COLUMNS);
  } else {
    assert_int_equal(line.len, 0);
  }
  return rc;
}

static void check_cell(tl_column column, const char *want)
{
  static char value[TL_INDEX_CELL + 1];

  assert_true(cells[column].len <= sizeof value);
  value[tl_csv_value(&cells[column], value)] = '\0';
  assert_string_equal(value, want);
}

static void a_whole_manifest_makes_a_whole_row(void **state)
{
  (void)state;
  put("run.json",
      "{" HEAD "\"status\":\"succeeded\",\"key\":\"k\",\"recipe\":{\"name\":\"ai\"},"
      "\"time\":{\"started\":\"2026-11-23T03:20:03.684Z\",\"ended\":\"x\",\"seconds\":3.819},"
      "\"models\":[{\"asked\":\"b;c\"},{\"asked\":\"a\"},{\"asked\":\"a\"},{\"answered\":\"z\"}],"
      "\"tags\":[\"good one\",\"x\",7],\"tokens\":{\"input\":75,\"output\":107},"
      "\"cost\":{\"amount\":0.25,\"currency\":\"USD\"},\"effects\":{\"count\":124,\"failed\":2},"
      "\"git\":{\"commit\":\"c0\",\"dirty\":false},\"outputs\":[{},{},{}],\"replay_of\":\"r\","
      "\"spec\":{\"values\":{\"model.name\":\"m\",\"n\":3}},"
      "\"params\":{\"n\":4,\"deep\":{\"er\":true},\"list\":[1],\"none\":null},"
      "\"metrics\":{\"loss\":0.5,\"acc\":1},\"error\":{\"code\":\"NETWORK\",\"message\":\"no\"}}"
      "\n");
  put("notes.jsonl", "{\"at\":\"t\",\"kind\":\"tag\",\"text\":\"keep\"}\n"
                     "{\"at\":\"t\",\"kind\":\"untag\",\"text\":\"x\"}\n"
                     "{\"at\":\"t\",\"kind\":\"note\",\"text\":\"=a, \\\"b\\\"\"}\n"
                     "{\"at\":\"t\",\"kind\":\"note\",\"text\":\"two\\nlines\"}\n");
  assert_int_equal(row(false), TL_OK);
  assert_string_equal(
      line.data,
      KEY ",ai,succeeded,3.819,b_c;a,good_one 7 keep,75,107,0.25,USD,124,2,3,c0,false,k,r,"
          "\"'=a, \"\"b\"\" \xc2\xb7 two lines\","
          "\"{\"\"deep.er\"\":true,\"\"model.name\"\":\"\"m\"\",\"\"n\"\":4}\","
          "\"{\"\"acc\"\":1,\"\"loss\"\":0.5}\",NETWORK,2026/11/23/f\n");
  check_cell(TL_COLUMN_NOTE, "=a, \"b\" \xc2\xb7 two lines");
  check_cell(TL_COLUMN_METRICS, "{\"acc\":1,\"loss\":0.5}");
}

static void a_bare_manifest_leaves_cells_empty(void **state)
{
  (void)state;
  put("run.json", "{" HEAD TIME "}");
  assert_int_equal(row(false), TL_OK);
  assert_string_equal(line.data, KEY ",,,,,,,,,,,,,,,,,,,,,2026/11/23/f\n");
}

static void running_without_a_process_is_interrupted(void **state)
{
  (void)state;
  put("run.json", "{" HEAD TIME ",\"status\":\"running\"}");
  assert_int_equal(row(true), TL_OK);
  check_cell(TL_COLUMN_STATUS, "running");
  assert_int_equal(row(false), TL_OK);
  check_cell(TL_COLUMN_STATUS, "interrupted");
  put("run.json", "{" HEAD TIME ",\"status\":\"failed\"}");
  assert_int_equal(row(false), TL_OK);
  check_cell(TL_COLUMN_STATUS, "failed");
}

static void tags_are_whole_words(void **state)
{
  (void)state;
  put("run.json", "{" HEAD TIME ",\"tags\":[\"ab\",\"a\",\"b\",\"a\"]}");
  put("notes.jsonl", "{\"kind\":\"untag\",\"text\":\"a\"}\n{\"kind\":\"tag\",\"text\":\"b\"}\n"
                     "{\"kind\":\"tag\",\"text\":\"c\"}\n{\"kind\":\"untag\",\"text\":\"zz\"}\n");
  assert_int_equal(row(false), TL_OK);
  check_cell(TL_COLUMN_TAGS, "ab b c");
  put("notes.jsonl", "{\"kind\":\"untag\",\"text\":\"ab\"}\n{\"kind\":\"untag\",\"text\":\"a\"}\n"
                     "{\"kind\":\"untag\",\"text\":\"b\"}\n");
  assert_int_equal(row(false), TL_OK);
  check_cell(TL_COLUMN_TAGS, "");
}

static void notes_that_are_torn_or_strange_are_left_out(void **state)
{
  (void)state;
  put("run.json", "{" HEAD TIME "}");
  put("notes.jsonl", "\n[]\nnot json\n{\"kind\":\"other\",\"text\":\"x\"}\n"
                     "{\"kind\":\"note\",\"text\":7}\n{\"kind\":\"note\",\"text\":\"kept\"}\n"
                     "{\"kind\":\"note\",\"text\":\"torn\"}");
  assert_int_equal(row(false), TL_OK);
  check_cell(TL_COLUMN_NOTE, "kept");
}

/* After a power cut a file can hold zeros where a line was being written. */
static void notes_behind_a_hole_count(void **state)
{
  static const char notes[] = "{\"kind\":\"tag\",\"text\":\"a\"}\n\0\0\0\0\n"
                              "{\"kind\":\"tag\",\"text\":\"b\"}\n";

  (void)state;
  put("run.json", "{" HEAD TIME "}");
  put_bytes("notes.jsonl", notes, sizeof notes - 1);
  assert_int_equal(row(false), TL_OK);
  check_cell(TL_COLUMN_TAGS, "a b");
}

/* Whatever a manifest holds, the row is one row and no longer than a line may be. */
static void a_manifest_without_measure_makes_a_row_with_one(void **state)
{
  tl_buf big = TL_BUF(64u << 20);

  (void)state;
  (void)tl_buf_str(&big, "{" HEAD TIME ",\"status\":\"");
  for (int i = 0; i < 100000; i++) (void)tl_buf_str(&big, "\\\"\\n");
  (void)tl_buf_str(&big, "\",\"tags\":[\"x\"");
  for (int i = 0; i < 20000; i++) (void)tl_buf_fmt(&big, ",\"t%d\"", i);
  (void)tl_buf_str(&big, "],\"metrics\":{\"a\":1");
  for (int i = 0; i < 20000; i++)
    (void)tl_buf_fmt(&big, ",\"%d\":{\"%0100d\":\"%0180d\"}", i, i, i);
  (void)tl_buf_str(&big, "}}");
  put("run.json", big.data);
  tl_buf_free(&big);
  assert_int_equal(row(false), TL_OK);
  for (int i = 0; i < TL_COLUMNS; i++) assert_true(cells[i].len <= 2 * TL_INDEX_CELL);
  assert_true(cells[TL_COLUMN_METRICS].len > 0);
  assert_memory_equal(cells[TL_COLUMN_METRICS].data + cells[TL_COLUMN_METRICS].len - 1, "}", 1);
}

static void long_strings_are_no_params(void **state)
{
  char text[1024];

  (void)state;
  (void)snprintf(text, sizeof text,
                 "{" HEAD TIME ",\"params\":{\"a\":\"%0200d\",\"b\":\"%0201d\"}}", 0, 0);
  put("run.json", text);
  assert_int_equal(row(false), TL_OK);
  assert_memory_equal(cells[TL_COLUMN_PARAMS].data, "{\"\"a\"\":", 7);
  assert_null(memmem(cells[TL_COLUMN_PARAMS].data, cells[TL_COLUMN_PARAMS].len, "\"b\"", 3));
}

static void what_is_no_manifest_is_told(void **state)
{
  (void)state;
  assert_int_equal(row(false), TL_ENOT_FOUND);
  put("run.json", "");
  assert_int_equal(row(false), TL_EPARSE);
  put("run.json", "[]");
  assert_int_equal(row(false), TL_EINVALID);
  put("run.json", "{" HEAD "\"time\":{\"started\":\"yesterday\"}}");
  assert_int_equal(row(false), TL_EINVALID);
  put("run.json", "{\"id\":\"../../etc\"," TIME "}");
  assert_int_equal(row(false), TL_EINVALID);
  put("run.json", "{" HEAD TIME ",\"schema\":\"tlab.run/2\"}");
  assert_int_equal(row(false), TL_EUNSUPPORTED);
  put("run.json", "{" HEAD TIME ",\"schema\":\"tlab.run/1\"}");
  assert_int_equal(row(false), TL_OK);
  assert_int_equal(shell("rm run.json && ln -s /etc/passwd run.json"), 0);
  assert_true(row(false) < 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_whole_manifest_makes_a_whole_row, setup, teardown),
      cmocka_unit_test_setup_teardown(a_bare_manifest_leaves_cells_empty, setup, teardown),
      cmocka_unit_test_setup_teardown(running_without_a_process_is_interrupted, setup, teardown),
      cmocka_unit_test_setup_teardown(tags_are_whole_words, setup, teardown),
      cmocka_unit_test_setup_teardown(notes_that_are_torn_or_strange_are_left_out, setup, teardown),
      cmocka_unit_test_setup_teardown(notes_behind_a_hole_count, setup, teardown),
      cmocka_unit_test_setup_teardown(a_manifest_without_measure_makes_a_row_with_one, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(long_strings_are_no_params, setup, teardown),
      cmocka_unit_test_setup_teardown(what_is_no_manifest_is_told, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
