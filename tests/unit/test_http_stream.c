/* http.open, http.next, http.close. */
#include "http_check.h"

/* --- opened answers --------------------------------------------------------------------------- */

static int64_t open_json(const char *json)
{
  job j;
  begin(&j, prim_http_open, request(json));
  wait_for(&j);
  expect_ok(&j, 200, NULL);
  int64_t handle = tl_get_int(&j.call.out, "handle", 0);
  assert_non_null(tl_get(&j.call.out, "headers"));
  end(&j);
  return handle;
}

/* Everything that comes; its end in *rc. */
static char *read_all(int64_t handle, int *rc, int *pieces)
{
  tl_buf all = TL_BUF(64u << 20);
  for (*pieces = 0;; ++*pieces) {
    job j;
    begin(&j, prim_http_next, tl_int(handle));
    wait_for(&j);
    *rc = j.rc;
    bool over = j.rc < 0 || j.call.out.type == TL_NIL;
    if (!over) (void)tl_buf_add(&all, j.call.out.u.s.data, j.call.out.u.s.len);
    end(&j);
    if (over) break;
  }
  size_t len;
  return tl_buf_take(&all, &len);
}

static int close_handle(int64_t handle)
{
  job j;
  begin(&j, prim_http_close, tl_int(handle));
  int rc = j.rc;
  end(&j);
  return rc;
}

static void test_stream(void **state)
{
  int rc, pieces;
  (void)state;
  int64_t h = open_json("{'url':'@1/to/302//stream'}");
  char *text = read_all(h, &rc, &pieces);
  assert_int_equal(rc, 0);
  assert_string_equal(text, "abc");
  assert_true(pieces >= 2); /* as they came */
  free(text);
  text = read_all(h, &rc, &pieces); /* the end stays the end */
  assert_int_equal(rc, 0);
  assert_string_equal(text, "");
  free(text);
  assert_int_equal(close_handle(h), 0);
  assert_int_equal(close_handle(h), TL_EARGUMENT);
  int64_t next = open_json("{'url':'@1/ok'}");
  assert_int_equal(next, h + 1);
  assert_int_equal(close_handle(next), 0);
}

/* What another primitive opened for itself is out of a recipe's reach. */
static void test_stream_of_another_primitive(void **state)
{
  int rc, pieces;
  job j, next;
  (void)state;
  j = (job){.arg = request("{'url':'@1/ok'}")};
  j.call = (tl_call){.args = &j.arg, .guard = &guard, .done = on_done};
  j.rc = tl_http_start(&j.call, -7);
  wait_for(&j);
  assert_int_equal(j.rc, 0);
  char *text = read_all(-7, &rc, &pieces);
  assert_int_equal(rc, TL_EARGUMENT);
  free(text);
  assert_int_equal(close_handle(-7), TL_EARGUMENT);
  next = (job){.arg = tl_int(-7)};
  next.call = (tl_call){.args = &next.arg, .done = on_done};
  next.rc = tl_http_next(&next.call);
  wait_for(&next);
  assert_string_equal(next.call.out.u.s.data, "hello");
  end(&next);
  end(&j);
  tl_http_forget(-7);
  tl_http_forget(-7);
  assert_int_equal(tl_http_busy(), 0);
}

static void test_stream_cut(void **state)
{
  int rc, pieces;
  (void)state;
  int64_t h = open_json("{'url':'@1/stream-cut'}");
  char *text = read_all(h, &rc, &pieces);
  assert_string_equal(text, "part");
  assert_int_equal(rc, TL_ENETWORK);
  free(text);
  text = read_all(h, &rc, &pieces);
  assert_int_equal(rc, TL_ENETWORK); /* and stays it */
  free(text);
  assert_int_equal(close_handle(h), 0);

  h = open_json("{'url':'@1/stall','idle_timeout_ms':100}");
  text = read_all(h, &rc, &pieces);
  assert_string_equal(text, "half");
  assert_int_equal(rc, TL_ETIMEOUT);
  free(text);
  assert_int_equal(close_handle(h), 0);

  h = open_json("{'url':'@1/endless','max_bytes':100000}");
  text = read_all(h, &rc, &pieces);
  assert_int_equal(rc, TL_ELIMIT);
  free(text);
}

static void test_stream_fails_to_open(void **state)
{
  job j;
  (void)state;
  begin(&j, prim_http_open, request("{'url':'@1/head-cut'}"));
  wait_for(&j);
  assert_int_equal(j.rc, TL_ENETWORK);
  end(&j);
  assert_int_equal(tl_http_busy(), 0);
}

/* The request's body is still on its way when http.open answers and its call is gone. */
static void test_stream_keeps_body(void **state)
{
  enum { SIZE = 32 << 20 };
  int rc, pieces;
  job j;
  (void)state;
  tl_val v = request("{'url':'@1/early'}");
  char *body = malloc(SIZE + 1);
  memset(body, 'b', SIZE);
  body[SIZE] = '\0';
  (void)tl_put(&v, "body", tl_str_take(body, SIZE));
  begin(&j, prim_http_open, v);
  wait_for(&j);
  expect_ok(&j, 200, NULL);
  int64_t h = tl_get_int(&j.call.out, "handle", 0);
  end(&j);
  char *text = read_all(h, &rc, &pieces);
  assert_int_equal(rc, 0);
  assert_string_equal(text, "33554432");
  free(text);
  assert_int_equal(close_handle(h), 0);
}

static void test_stream_misuse(void **state)
{
  job first, second;
  (void)state;
  assert_int_equal(close_handle(0), TL_EARGUMENT);
  assert_int_equal(close_handle(-1), TL_EARGUMENT);
  assert_int_equal(close_handle(INT64_MAX), TL_EARGUMENT);
  int64_t h = open_json("{'url':'@1/stall'}");
  begin(&first, prim_http_next, tl_int(h));
  wait_for(&first);
  end(&first);
  begin(&first, prim_http_next, tl_int(h));
  assert_int_equal(first.rc, TL_PENDING);
  begin(&second, prim_http_next, tl_int(h));
  assert_int_equal(second.rc, TL_EARGUMENT);
  assert_int_equal(close_handle(h), TL_EARGUMENT);
  tl_http_cancel();
  assert_int_equal(first.rc, TL_EINTERRUPTED);
  end(&first);
  end(&second);
}

/* A reader that takes its time: the server is made to wait, nothing is lost. */
static void test_back_pressure(void **state)
{
  int rc, pieces;
  tl_err e = {0};
  (void)state;
  int64_t h = open_json("{'url':'@1/large','idle_timeout_ms':150}");
  for (int i = 0; i < 40; i++) assert_int_equal(tl_http_wait(NULL, 0, 10, &e), 0);
  job j;
  begin(&j, prim_http_next, tl_int(h));
  wait_for(&j);
  assert_int_equal(j.rc, 0);
  size_t first = tl_len(&j.call.out);
  assert_in_range(first, 1, 1 << 20);
  end(&j);
  char *text = read_all(h, &rc, &pieces);
  assert_int_equal(rc, 0);
  assert_int_equal(first + strlen(text), 8 << 20);
  free(text);
  assert_int_equal(close_handle(h), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(test_stream_of_another_primitive),
      TEST(test_stream),
      TEST(test_stream_cut),
      TEST(test_stream_fails_to_open),
      TEST(test_stream_keeps_body),
      TEST(test_stream_misuse),
      TEST(test_back_pressure),
  };
  return cmocka_run_group_tests(tests, group_up, group_down);
}
