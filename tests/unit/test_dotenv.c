/* secrets/.env.lab: what is a value, what is not, and that no error tells one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "core/base/buf.h"
#include "core/base/dotenv.h"

static void expect(const char *text, const char *name, const char *value)
{
  tl_val map;
  tl_err e = {0};
  if (tl_dotenv_read(text, strlen(text), "f", &map, &e) != TL_OK) fail_msg("%s: %s", text, e.msg);
  const char *found = tl_get_str(&map, name, "(none)");
  if (strcmp(found, value) != 0) fail_msg("%s: %s, expected %s", text, found, value);
  tl_wipe(&map);
  assert_int_equal(map.type, TL_NIL);
}

static void values(void **state)
{
  (void)state;
  expect("A=abc", "A", "abc");
  expect("\n# a\n  export  A=abc \t\r\nB=x\r\n", "A", "abc");
  expect("\n# a\n  export  A=abc \t\r\nB=x\r\n", "B", "x");
  expect("\xef\xbb\xbf"
         "A=abc\n",
         "A", "abc");
  expect("A=a#b=c$D", "A", "a#b=c$D");
  expect("A=abc # said by B\n", "A", "abc");
  expect("A='a b # \\ \"c\"' # why\n", "A", "a b # \\ \"c\"");
  expect("A=\"a \\\"b\\\" \\\\ 'c' $D\"", "A", "a \"b\" \\ 'c' $D");
  expect("A=\xc3\xa9\xc3\xa9", "A", "\xc3\xa9\xc3\xa9");
  expect("A=\nA=abc\n", "A", "abc");
  expect("A=''\n", "A", "(none)");
  expect("exporter=abc\n", "exporter", "abc");
  expect("", "A", "(none)");
}

/* `canary` is in each value and in each line that is none. */
static void refuse(const char *text, size_t len, const char *where, const char *why)
{
  tl_val map;
  tl_err e = {0};
  assert_int_equal(tl_dotenv_read(text, len, "f", &map, &e), TL_EINVALID);
  assert_int_equal(map.type, TL_NIL);
  if (strncmp(e.msg, where, strlen(where)) != 0 || !strstr(e.msg, why) || strstr(e.msg, "canary"))
    fail_msg("%s: %s", text, e.msg);
}

static void wrong_lines(void **state)
{
  (void)state;
  static const struct {
    const char *text, *where, *why;
  } lines[] = {
      {"canary", "f:1: ", "expected NAME=value"},
      {"A=b\n\ncanary 1=x\n", "f:3: ", "expected NAME=value"},
      {"A = canary", "f:1: ", "without blanks around the ="},
      {"1A=canary", "f:1: ", "expected NAME=value"},
      {"export=canary\nexport =x", "f:2: ", "expected NAME=value"},
      {"A-B=canary", "f:1: ", "expected NAME=value"},
      {"A=canary two", "f:1: ", "behind the value"},
      {"A='canary'two", "f:1: ", "behind the value"},
      {"A='canary'# no blank", "f:1: ", "behind the value"},
      {"A='canary", "f:1: ", "no closing quote"},
      {"A=\"canary\nB=\"", "f:1: ", "no closing quote"},
      {"A=\"canary\\", "f:1: ", "\\"},
      {"A=\"canary\\n\"", "f:1: ", "double quotes"},
      {"A=can'ary", "f:1: ", "goes in quotes"},
      {"A=canary\\x", "f:1: ", "goes in quotes"},
      {"A=canary\xff", "f:1: ", "A is not UTF-8"},
      {"B=x\nA='canary\x01'", "f:2: ", "A has a control character"},
      {"A='canary\ttab'", "f:1: ", "control character"},
      {"A=canary\nB=x\nA=canary\n", "f:3: ", "A stands in an earlier line"},
      {"# x\nB=\nB=x\nA=canary\n\nB=canary\ncanary", "f:6: ", "B stands in an earlier line"},
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    refuse(lines[i].text, strlen(lines[i].text), lines[i].where, lines[i].why);
  refuse("A=canary\0x\n", 11, "f:1: ", "control character");
}

/* Names in no order: a file is read in the time that its size takes. */
static void many_names(void **state)
{
  enum { NAMES = 40000 };
  (void)state;
  tl_buf text = TL_BUF(1 << 20);
  tl_val map;
  tl_err e;
  for (int i = NAMES; i > 0; i--) assert_int_equal(tl_buf_fmt(&text, "N%05d=value\n", i), 0);
  clock_t start = clock();
  assert_int_equal(tl_dotenv_read(text.data, text.len, "f", &map, &e), TL_OK);
  assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
  assert_int_equal(tl_len(&map), NAMES);
  tl_free(&map);
  tl_buf_free(&text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values),
      cmocka_unit_test(wrong_lines),
      cmocka_unit_test(many_names),
  };
  return cmocka_run_group_tests_name("dotenv", tests, NULL, NULL);
}
