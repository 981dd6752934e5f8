/* Clocks, sleepers, random bytes, environment, and the loop that waits for all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core/prim/loop.h"

enum { MOST = 8 };

static tl_val args[MOST];
static tl_call calls[MOST];
static int order[MOST], codes[MOST], done;

static void on_done(tl_call *call, int rc)
{
  order[done] = (int)(call - calls);
  codes[done++] = rc;
}

static int reset(void **state)
{
  (void)state;
  for (int i = 0; i < MOST; i++) calls[i] = (tl_call){.args = &args[i], .done = on_done};
  done = 0;
  return 0;
}

static int begin_sleep(int i, int64_t ms)
{
  args[i] = tl_int(ms);
  return prim_clock_sleep(&calls[i]);
}

static void wait_once(int timeout_ms)
{
  tl_err e = {0};

  assert_int_equal(tl_loop_wait(NULL, 0, timeout_ms, &e), TL_OK);
}

static void sleepers_wake_in_time_and_in_order(void **state)
{
  int64_t start = tl_clock_ms(), took;

  (void)state;
  assert_int_equal(begin_sleep(0, 60), TL_PENDING);
  assert_int_equal(begin_sleep(1, 20), TL_PENDING);
  assert_int_equal(begin_sleep(2, 20), TL_PENDING);
  assert_int_equal(begin_sleep(3, 0), TL_PENDING);
  assert_int_equal(done, 0); /* never from inside the call itself */
  while (done < 4) wait_once(-1);
  took = tl_clock_ms() - start;
  assert_true(took >= 60 && took < 2000);
  assert_int_equal(order[0], 3);
  assert_int_equal(order[1], 1);
  assert_int_equal(order[2], 2);
  assert_int_equal(order[3], 0);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(codes[i], TL_OK);
    assert_true(calls[i].out.u.b);
  }
  assert_int_equal(tl_clock_deadline(), -1);
}

static void a_sleeper_wakes_before_a_later_limit(void **state)
{
  int64_t start = tl_clock_ms();

  (void)state;
  assert_int_equal(begin_sleep(0, 20), TL_PENDING);
  while (done == 0) wait_once(3000);
  assert_true(tl_clock_ms() - start < 1500);
}

static void a_sleeper_never_wakes_early(void **state)
{
  (void)state;
  for (int i = 0; i < 30; i++) {
    struct timespec a, b;
    double ms;
    (void)reset(NULL);
    (void)clock_gettime(CLOCK_MONOTONIC, &a);
    assert_int_equal(begin_sleep(0, 3), TL_PENDING);
    while (done == 0) wait_once(-1);
    (void)clock_gettime(CLOCK_MONOTONIC, &b);
    ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
    if (ms < 3) fail_msg("woke after %.3f ms", ms);
  }
}

static void sleep_refuses_times_out_of_range(void **state)
{
  const int64_t edges[] = {-1, INT64_MIN, INT64_MAX, INT64_C(366) * 86400000 + 1, INT64_C(1) << 53};

  (void)state;
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
    assert_int_equal(begin_sleep(0, edges[i]), TL_EARGUMENT);
    assert_non_null(strstr(calls[0].err.msg, "ms must lie between"));
  }
  assert_int_equal(tl_clock_deadline(), -1);
}

static void go_to_sleep_again(tl_call *call, int rc)
{
  on_done(call, rc);
  if (done < 4) {
    *call = (tl_call){.args = &args[0], .done = go_to_sleep_again};
    assert_int_equal(prim_clock_sleep(call), TL_PENDING);
  }
}

static void cancel_ends_each_once_even_if_new_ones_come(void **state)
{
  (void)state;
  assert_int_equal(begin_sleep(0, 100000), TL_PENDING);
  assert_int_equal(begin_sleep(1, 100000), TL_PENDING);
  calls[0].done = go_to_sleep_again;
  tl_loop_cancel();
  assert_int_equal(done, 2);
  assert_int_equal(codes[0], TL_EINTERRUPTED);
  assert_int_equal(codes[1], TL_EINTERRUPTED);
  done = 4;
  tl_loop_cancel();
  assert_int_equal(tl_clock_deadline(), -1);
}

static void the_loop_reports_descriptors_and_keeps_to_its_time(void **state)
{
  int p[2];
  struct pollfd fds[2];
  tl_err e = {0};
  int64_t start;

  (void)state;
  assert_int_equal(pipe(p), 0);
  fds[0] = (struct pollfd){.fd = p[0], .events = POLLIN, .revents = 77};
  fds[1] = (struct pollfd){.fd = -1, .events = POLLIN, .revents = 77};
  start = tl_clock_ms();
  assert_int_equal(tl_loop_wait(fds, 2, 30, &e), TL_OK);
  assert_true(tl_clock_ms() - start >= 30);
  assert_int_equal(fds[0].revents, 0);
  assert_int_equal(fds[1].revents, 0);
  assert_int_equal(write(p[1], "x", 1), 1);
  assert_int_equal(begin_sleep(0, 100000), TL_PENDING); /* does not hold the descriptor up */
  assert_int_equal(tl_loop_wait(fds, 2, -1, &e), TL_OK);
  assert_true(fds[0].revents & POLLIN);
  assert_true(tl_clock_ms() - start < 5000);
  tl_loop_cancel();
  (void)close(p[0]);
  (void)close(p[1]);
}

static void on_alarm(int sig)
{
  (void)sig;
}

static void a_signal_ends_the_wait_without_an_error(void **state)
{
  struct sigaction action = {.sa_handler = on_alarm};
  struct itimerval soon = {.it_value = {.tv_usec = 20000}};
  struct pollfd fd = {.fd = 0, .events = 0, .revents = 77};
  tl_err e = {0};

  (void)state;
  assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
  assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
  assert_int_equal(tl_loop_wait(&fd, 1, 10000, &e), TL_OK);
  assert_int_equal(fd.revents, 0);
}

static void clocks_go_forward(void **state)
{
  int64_t first;

  (void)state;
  assert_int_equal(prim_clock_monotonic(&calls[0]), TL_OK);
  first = calls[0].out.u.i;
  (void)usleep(5000);
  assert_int_equal(prim_clock_monotonic(&calls[0]), TL_OK);
  assert_true(calls[0].out.u.i >= first + 5);
  assert_int_equal(prim_clock_now(&calls[1]), TL_OK);
  assert_true(llabs(calls[1].out.u.i / 1000 - (int64_t)time(NULL)) <= 1);
}

static void random_bytes_are_as_many_as_asked_for(void **state)
{
  const int64_t edges[] = {-1, 65537, INT64_MIN, INT64_MAX};
  const int64_t counts[] = {0, 1, 65536};
  char first[32];

  (void)state;
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
    args[0] = tl_int(edges[i]);
    assert_int_equal(prim_rand_bytes(&calls[0]), TL_EARGUMENT);
  }
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    args[0] = tl_int(counts[i]);
    assert_int_equal(prim_rand_bytes(&calls[0]), TL_OK);
    assert_int_equal(calls[0].out.u.s.len, counts[i]);
    if (counts[i] == 65536) memcpy(first, calls[0].out.u.s.data, sizeof first);
    tl_free(&calls[0].out);
  }
  assert_int_equal(prim_rand_bytes(&calls[0]), TL_OK);
  assert_memory_not_equal(first, calls[0].out.u.s.data, sizeof first);
  tl_free(&calls[0].out);
}

static int get_env(const char *name, size_t len)
{
  tl_val v = tl_strn(name, len);
  int rc;

  calls[0].args = &v;
  tl_free(&calls[0].out);
  rc = prim_env_get(&calls[0]);
  tl_free(&v);
  return rc;
}

static void environment_gives_what_is_there_or_nil(void **state)
{
  (void)state;
  (void)setenv("TLAB_TEST_THERE", "yes", 1);
  (void)unsetenv("TLAB_TEST_GONE");
  assert_int_equal(get_env("TLAB_TEST_THERE", 15), TL_OK);
  assert_string_equal(calls[0].out.u.s.data, "yes");
  assert_int_equal(get_env("TLAB_TEST_GONE", 14), TL_OK);
  assert_int_equal(calls[0].out.type, TL_NIL);
  assert_int_equal(get_env("", 0), TL_EARGUMENT);
  assert_int_equal(get_env("A=B", 3), TL_EARGUMENT);
  assert_int_equal(get_env("TLAB_TEST_THERE\0x", 17), TL_EARGUMENT);
}

#define TEST(f) cmocka_unit_test_setup(f, reset)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(sleepers_wake_in_time_and_in_order),
      TEST(a_sleeper_wakes_before_a_later_limit),
      TEST(a_sleeper_never_wakes_early),
      TEST(sleep_refuses_times_out_of_range),
      TEST(cancel_ends_each_once_even_if_new_ones_come),
      TEST(the_loop_reports_descriptors_and_keeps_to_its_time),
      TEST(a_signal_ends_the_wait_without_an_error),
      TEST(clocks_go_forward),
      TEST(random_bytes_are_as_many_as_asked_for),
      TEST(environment_gives_what_is_there_or_nil),
  };

  return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
