/* Lines of the index: every value comes back, and none is a formula, a second cell or a second row. */
#include "check.h"

#include "core/prim/index.h"

static tl_buf line;
static char value[TL_INDEX_LINE];
static size_t value_len;

/* Writes one value among others, reads the line again and keeps the value. */
static void round_trip(const char *data, size_t len)
{
  tl_cell cells[4];

  tl_buf_free(&line);
  line = TL_BUF(TL_INDEX_LINE);
  tl_csv_cell(&line, "before", 6);
  assert_int_equal(tl_buf_byte(&line, ','), TL_OK);
  tl_csv_cell(&line, data, len);
  assert_int_equal(tl_buf_str(&line, ",after\n"), TL_OK);
  assert_ptr_equal(memchr(line.data, '\n', line.len), line.data + line.len - 1);
  assert_int_equal(tl_csv_split(line.data, line.len, cells, 4), 3);
  assert_memory_equal(cells[0].data, "before", 6);
  assert_int_equal(cells[2].len, 5);
  value_len = tl_csv_value(&cells[1], value);
  value[value_len] = '\0';
}

static void values_come_back_as_they_were(void **state)
{
  static const char *const values[] = {
      "",
      "plain",
      "a,b",
      "\"",
      "\"\"",
      "say \"no\", twice",
      ",",
      "'",
      "'quoted'",
      "''",
      "=1+1",
      "+1",
      "-1",
      "@SUM(A1)",
      "=\"a\",\"b\"",
      "'=1",
      " =1",
      "a=1",
      "\xc3\xa9 \xe2\x82\xac",
      "{\"a\":\"b\",\"n\":1}",
      "x\xe2\x80\xa8y", /* U+2028 is no control character */
  };

  (void)state;
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    round_trip(values[i], strlen(values[i]));
    assert_string_equal(value, values[i]);
  }
}

static void control_characters_become_spaces(void **state)
{
  static const struct {
    const char *data;
    size_t len;
    const char *want;
  } values[] = {
      {"a\nb", 3, "a b"},
      {"a\r\nb", 4, "a  b"},
      {"\t", 1, " "},
      {"\0", 1, " "},
      {"a\0b", 3, "a b"},
      {"\x1b[31m", 5, " [31m"},
      {"\x7f", 1, " "},
      {"a\xc2\x85z", 4, "a z"},
      {"\xc2\x9b"
       "0m",
       4, " 0m"},
      {"\xc2\xa0", 2, "\xc2\xa0"},
      {"=\n=", 3, "= ="},
      {"\",\n\"", 4, "\", \""},
  };

  (void)state;
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    round_trip(values[i].data, values[i].len);
    assert_string_equal(value, values[i].want);
  }
}

/* What a spreadsheet sees: the cell without its quotes. */
static void no_cell_begins_as_a_formula(void **state)
{
  static const char starts[] = "=+-@\t\r\n\0'";

  (void)state;
  for (size_t i = 0; i < sizeof starts - 1; i++) {
    char text[] = "?1,2";
    tl_buf out = TL_BUF(64);
    text[0] = starts[i];
    tl_csv_cell(&out, text, 4);
    assert_int_equal(out.data[0], '"');
    assert_int_equal(out.data[1], '\'');
    tl_buf_clear(&out);
    tl_csv_cell(&out, text, 2);
    assert_int_equal(out.data[0], '\'');
    tl_buf_free(&out);
  }
}

static void every_pair_of_bytes_makes_one_cell_of_one_line(void **state)
{
  (void)state;
  for (int a = 0; a < 256; a++)
    for (int b = 0; b < 256; b++) {
      char text[2] = {(char)a, (char)b};
      round_trip(text, 2);
      assert_true(value_len <= 2);
    }
}

static void a_long_value_is_cut_at_a_character(void **state)
{
  static char text[TL_INDEX_CELL + 8];

  (void)state;
  memset(text, '"', sizeof text);
  memcpy(text + TL_INDEX_CELL - 1, "\xe2\x82\xac", 3);
  round_trip(text, TL_INDEX_CELL - 1);
  assert_int_equal(value_len, TL_INDEX_CELL - 1);
  round_trip(text, sizeof text);
  assert_int_equal(value_len, TL_INDEX_CELL - 1);
}

static void lines_that_are_no_csv_are_refused(void **state)
{
  static const char *const lines[] = {"\"a", "\"a\"b", "a,\"b\"c,d", "\"a\"\"", "a,\"", "\"a\"\"b"};
  tl_cell cells[4];

  (void)state;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    assert_int_equal(tl_csv_split(lines[i], strlen(lines[i]), cells, 4), -1);
  assert_int_equal(tl_csv_split("", 0, cells, 4), 1);
  assert_int_equal(tl_csv_split("\n", 1, cells, 4), 1);
  assert_int_equal(tl_csv_split("a,\n", 3, cells, 4), 2);
  assert_int_equal(cells[1].len, 0);
  assert_int_equal(tl_csv_split("a,b,c,d,e", 9, cells, 2), 2);
  assert_int_equal(tl_csv_split("a,b,\"c", 6, cells, 2), 2); /* only as far as it is asked */
}

static void the_header_names_the_columns(void **state)
{
  tl_cell cells[TL_COLUMNS + 1];
  size_t len = strlen(tl_index_header);

  (void)state;
  assert_int_equal(tl_csv_split(tl_index_header, len, cells, TL_COLUMNS + 1), TL_COLUMNS);
  for (int i = 0; i < TL_COLUMNS; i++) {
    assert_int_equal(cells[i].len, strlen(tl_column_names[i]));
    assert_memory_equal(cells[i].data, tl_column_names[i], cells[i].len);
    assert_int_equal(tl_column_of(tl_column_names[i]), i);
  }
  assert_int_equal(tl_column_of("start"), -1);
  assert_false(tl_index_is_row(tl_index_header, len));
}

static void a_row_has_a_key_and_all_its_cells(void **state)
{
  static const char key[] = "2026-11-23T05:33:15.123Z,"
                            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  char row[256];
  size_t len = sizeof key - 1;

  (void)state;
  memcpy(row, key, len);
  memset(row + len, ',', TL_COLUMNS - 2);
  len += TL_COLUMNS - 2;
  row[len++] = '\n';
  assert_true(tl_index_is_row(row, len));
  assert_false(tl_index_is_row(row, len - 1));
  assert_false(tl_index_is_row(row + 1, len - 1));
  row[len - 1] = ',';
  row[len] = '\n';
  assert_false(tl_index_is_row(row, len + 1));
  row[len - 1] = '\n';
  row[len - 3] = '\n'; /* two lines */
  assert_false(tl_index_is_row(row, len));
  row[len - 3] = ',';
  row[30] = 'G';
  assert_false(tl_index_is_row(row, len));
  row[30] = '0';
  row[10] = ' ';
  assert_false(tl_index_is_row(row, len));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_come_back_as_they_were),
      cmocka_unit_test(control_characters_become_spaces),
      cmocka_unit_test(no_cell_begins_as_a_formula),
      cmocka_unit_test(every_pair_of_bytes_makes_one_cell_of_one_line),
      cmocka_unit_test(a_long_value_is_cut_at_a_character),
      cmocka_unit_test(lines_that_are_no_csv_are_refused),
      cmocka_unit_test(the_header_names_the_columns),
      cmocka_unit_test(a_row_has_a_key_and_all_its_cells),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
