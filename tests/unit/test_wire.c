/* Frames: what goes in comes out, and nothing that a hostile worker sends does harm. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../../core/base/json.h"
#include "../../core/base/wire.h"
#include "check.h"

/* A frame around the bytes of a literal. */
#define FRAME(bytes) bytes, sizeof(bytes) - 1

/* A list of one item, v. */
static tl_val wrap(tl_val v)
{
  tl_val list = tl_list();

  (void)tl_push(&list, v);
  return list;
}

static int64_t get_framed(const char *body, size_t len, tl_err *e)
{
  unsigned char *data = malloc(4 + len);
  tl_val v = tl_int(1);
  int64_t rc;

  assert_non_null(data);
  for (size_t i = 0; i < 4; i++) data[i] = (unsigned char)(len >> (8 * i));
  memcpy(data + 4, body, len);
  rc = tl_wire_get(&v, (const char *)data, 4 + len, e);
  if (rc <= 0) assert_int_equal(v.type, TL_NIL);
  tl_free(&v);
  free(data);
  return rc;
}

static tl_val sample(void)
{
  tl_val m = tl_map(), list = tl_list();

  (void)tl_push(&list, tl_nil());
  (void)tl_push(&list, tl_bool(true));
  (void)tl_push(&list, tl_int(INT64_MIN));
  (void)tl_push(&list, tl_num(-0.1));
  (void)tl_push(&list, tl_strn("a\0\xff", 3));
  (void)tl_push(&list, tl_secret("KEY"));
  (void)tl_push(&list, tl_map());
  (void)tl_put(&m, "list", list);
  (void)tl_putn(&m, "k\0", 2, tl_list());
  return m;
}

static void round_trip_in_parts(void **state)
{
  tl_val v = sample(), back;
  tl_buf b = TL_BUF(1000);
  tl_err e;
  size_t one;

  (void)state;
  assert_int_equal(tl_wire_put(&b, &v, &e), 0);
  one = b.len;
  assert_int_equal(tl_wire_put(&b, &v, &e), 0);
  assert_int_equal(b.len, 2 * one);
  for (size_t len = 0; len < one; len++) { /* each prefix, in memory of its size */
    char *part = tl_memdup0(b.data, len);
    assert_int_equal(tl_wire_get(&back, part, len, &e), 0);
    assert_int_equal(back.type, TL_NIL);
    free(part);
  }
  for (int i = 0; i < 2; i++) {
    assert_int_equal(tl_wire_get(&back, b.data, b.len, &e), one);
    assert_true(tl_equal(&v, &back));
    assert_int_equal(tl_at(tl_get(&back, "list"), 5)->type, TL_SECRET);
    tl_free(&back);
    tl_buf_shift(&b, one);
  }
  assert_int_equal(b.len, 0);
  tl_free(&v);
  tl_buf_free(&b);
}

static void bytes_are_as_written_down(void **state)
{
  tl_val m = tl_map();
  tl_buf b = TL_BUF(100);
  tl_err e;

  (void)state;
  (void)tl_put(&m, "a", tl_int(258));
  assert_int_equal(tl_wire_put(&b, &m, &e), 0);
  assert_int_equal(b.len, 23);
  assert_memory_equal(b.data, "\x13\0\0\0\x06\1\0\0\0\1\0\0\0a\x02\x02\1\0\0\0\0\0\0", 23);
  tl_free(&m);
  tl_buf_free(&b);
}

static void hostile_frames(void **state)
{
  static const struct {
    const char *body;
    size_t len;
    int code;
    const char *message;
  } rows[] = {
      {FRAME(""), TL_EPARSE, "ends within"},
      {FRAME("\x08"), TL_EPARSE, "unknown type"},
      {FRAME("\xff"), TL_EPARSE, "unknown type"},
      {FRAME("\x00\x00"), TL_EPARSE, "left behind"},
      {FRAME("\x01"), TL_EPARSE, "ends within"},
      {FRAME("\x01\x02"), TL_EPARSE, "neither 0 nor 1"},
      {FRAME("\x02\1\2\3\4\5\6\7"), TL_EPARSE, "ends within"},
      {FRAME("\x04\5\0\0\0abcd"), TL_EPARSE, "points behind its end"},
      {FRAME("\x04\xff\xff\xff\xff"), TL_EPARSE, "points behind its end"},
      {FRAME("\x04\1\0\0"), TL_EPARSE, "ends within"},
      {FRAME("\x05\xff\xff\xff\xff"), TL_EPARSE, "a count is larger"},
      {FRAME("\x05\2\0\0\0\0"), TL_EPARSE, "a count is larger"},
      {FRAME("\x05\1\0\0\0\x04"), TL_EPARSE, "ends within"},
      {FRAME("\x06\1\0\0\0\0\0\0\0"), TL_EPARSE, "a count is larger"},
      {FRAME("\x06\1\0\0\0\x09\0\0\0a\0"), TL_EPARSE, "points behind its end"},
      {FRAME("\x06\2\0\0\0\1\0\0\0a\0\1\0\0\0a\0"), TL_EPARSE, "the same key twice"},
      {FRAME("\x07\2\0\0\0a"), TL_EPARSE, "points behind its end"},
  };
  tl_err e;

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(get_framed(rows[i].body, rows[i].len, &e), rows[i].code);
    assert_has(e.msg, rows[i].message);
  }
}

static void a_length_beyond_the_limit_is_refused_at_once(void **state)
{
  tl_val v;
  tl_err e;

  (void)state;
  assert_int_equal(tl_wire_get(&v, "\xff\xff\xff\xff", 4, &e), TL_ELIMIT);
  assert_int_equal(tl_wire_get(&v, "\1\0\0\x10", 4, &e), TL_ELIMIT); /* 256 MiB and a byte */
  assert_int_equal(tl_wire_get(&v, "\0\0\0\x10", 4, &e), 0);
}

static void depth_is_bounded(void **state)
{
  static char body[1000000];
  size_t levels = sizeof body / 5;
  tl_val v = tl_list();
  tl_buf b = TL_BUF(100000);
  tl_err e;

  (void)state;
  for (size_t i = 0; i < levels; i++) memcpy(body + 5 * i, "\x05\1\0\0", 5);
  assert_int_equal(get_framed(body, sizeof body, &e), TL_ELIMIT);
  assert_has(e.msg, "200 levels");
  for (int i = 1; i < TL_JSON_DEPTH; i++) v = wrap(v);
  assert_int_equal(tl_wire_put(&b, &v, &e), 0);
  assert_int_equal(get_framed(b.data + 4, b.len - 4, &e), b.len);
  tl_buf_clear(&b);
  v = wrap(v);
  assert_int_equal(tl_wire_put(&b, &v, &e), TL_ELIMIT);
  assert_int_equal(b.len, 0);
  tl_free(&v);
  tl_buf_free(&b);
}

/* A count that the bytes could just hold costs memory only for what is really there. */
static void a_giant_count_does_not_allocate(void **state)
{
  enum { SIZE = 64 << 20 };
  char *body = calloc(1, SIZE);
  struct rusage before, after;
  tl_err e;

  (void)state;
  assert_non_null(body);
  memcpy(body, "\x05\0\0\0\x03", 5); /* 48 Mi items, of which the first is damaged */
  body[5] = 9;
  memset(body + 6, 0, SIZE - 6);
  assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
  assert_int_equal(get_framed(body, SIZE, &e), TL_EPARSE);
  body[5] = 0; /* and now 48 Mi items that are there: more values than a frame may hold */
  assert_int_equal(get_framed(body, SIZE, &e), TL_ELIMIT);
  assert_has(e.msg, "values");
  assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
  assert_true(after.ru_maxrss - before.ru_maxrss < 1 << 20); /* KiB: under 1 GiB, not 1.5 */
  free(body);
}

static void a_full_buffer_stays_as_it_was(void **state)
{
  tl_val v = tl_str("0123456789");
  tl_buf b = TL_BUF(20);
  tl_err e;

  (void)state;
  assert_int_equal(tl_buf_str(&b, "before"), 0);
  assert_int_equal(tl_wire_put(&b, &v, &e), TL_ELIMIT);
  assert_string_equal(b.data, "before");
  tl_free(&v);
  tl_buf_free(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trip_in_parts),
      cmocka_unit_test(bytes_are_as_written_down),
      cmocka_unit_test(hostile_frames),
      cmocka_unit_test(a_length_beyond_the_limit_is_refused_at_once),
      cmocka_unit_test(depth_is_bounded),
      cmocka_unit_test(a_giant_count_does_not_allocate),
      cmocka_unit_test(a_full_buffer_stays_as_it_was),
  };
  return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
