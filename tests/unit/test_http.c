/* http.send: answers good and bad, caps, times, many at once. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "http_check.h"

/* --- plain answers ---------------------------------------------------------------------------- */

static void test_ok(void **state)
{
  char text[64];
  (void)state;
  job j = send_json("{'url':'@1/ok?q=1#part'}");
  expect_ok(&j, 200, "hello");
  assert_string_equal(header(&j, "x-case"), "Kept");
  assert_string_equal(tl_at(tl_at(tl_get(&j.call.out, "headers"), 0), 0)->u.s.data, "x-case");
  assert_string_equal(tl_get_str(&j.call.out, "http", ""), "1.1");
  (void)snprintf(text, sizeof text, "127.0.0.1:%d", one->port);
  assert_string_equal(tl_get_str(&j.call.out, "address", ""), text);
  (void)snprintf(text, sizeof text, "http://127.0.0.1:%d/ok?q=1", one->port);
  assert_string_equal(tl_get_str(&j.call.out, "url", ""), text);
  assert_int_equal(tl_len(tl_get(&j.call.out, "redirects")), 0);
  assert_true(tl_get_int(&j.call.out, "ms", -1) >= tl_get_int(&j.call.out, "first_byte_ms", -1));
  assert_true(tl_get_int(&j.call.out, "first_byte_ms", -1) >= 0);
  assert_non_null(strstr(one->last, "GET /ok?q=1 HTTP/1.1\r\n"));
  assert_non_null(strstr(one->last, "\r\nUser-Agent: tlab/" TL_VERSION "\r\n"));
  assert_int_equal(rule.names, 1);
  assert_int_equal(rule.addresses, 1);
  end(&j);
}

static void test_post(void **state)
{
  (void)state;
  job j = send_json("{'url':'@1/echo','body':'abc',"
                    "'headers':{'content-type':'text/x','x-none':''}}");
  expect_ok(&j, 200, "abc");
  assert_non_null(strstr(one->last, "POST /echo HTTP/1.1\r\n"));
  assert_non_null(strstr(one->last, "content-type: text/x\r\n"));
  assert_non_null(strstr(one->last, "x-none:\r\n"));
  end(&j);
  j = send_json("{'url':'@1/echo','method':'PUT'}");
  expect_ok(&j, 200, "");
  assert_non_null(strstr(one->last, "PUT /echo HTTP/1.1\r\n"));
  assert_non_null(strstr(one->last, "Content-Length: 0\r\n"));
  assert_null(strcasestr(one->last, "content-type"));
  assert_null(strcasestr(one->last, "expect"));
  end(&j);
  j = send_json("{'url':'@1/nowhere','method':'DELETE','headers':[['X-A','1'],['X-A',['2','3']]]}");
  expect_ok(&j, 404, "");
  assert_non_null(strstr(one->last, "DELETE /nowhere HTTP/1.1\r\n"));
  assert_non_null(strstr(one->last, "X-A: 1\r\nX-A: 23\r\n"));
  end(&j);
}

static void test_large_body_without_expect(void **state)
{
  (void)state;
  tl_val v = request("{'url':'@1/echo'}");
  char *body = calloc(1, 1500001);
  memset(body, 'b', 1500000); /* curl asks from 1 MiB on */
  (void)tl_put(&v, "body", tl_str(body));
  job j;
  begin(&j, prim_http_send, v);
  wait_for(&j);
  expect_ok(&j, 200, body);
  assert_null(strcasestr(one->last, "expect:"));
  free(body);
  end(&j);
}

static void test_chunked(void **state)
{
  (void)state;
  job j = send_json("{'url':'@1/chunked'}");
  expect_ok(&j, 200, "one two");
  assert_null(header(&j, "x-end")); /* a trailer is not a header */
  end(&j);
  j = send_json("{'url':'@1/interim'}");
  expect_ok(&j, 200, "hello");
  assert_null(header(&j, "link"));
  end(&j);
  j = send_json("{'url':'@1/folded'}");
  expect_ok(&j, 200, "");
  assert_string_equal(header(&j, "x-long"), "one two");
  end(&j);
}

/* --- answers that are none -------------------------------------------------------------------- */

static void test_bad_answers(void **state)
{
  (void)state;
  expect_error("{'url':'@1/head-cut'}", TL_ENETWORK, "in the middle of its headers");
  expect_error("{'url':'@1/short'}", TL_ENETWORK, "cut after 4 bytes");
  expect_error("{'url':'@1/chunk-cut'}", TL_ENETWORK, "cut after 4 bytes");
  expect_error("{'url':'@1/two-lengths'}", TL_ENETWORK, "two lengths, 50 and 5");
  expect_error("{'url':'@1/bad-length'}", TL_ENETWORK, "not a number: '5, 6'");
  expect_error("{'url':'@1/garbage'}", TL_ENETWORK, "not an HTTP answer");
  expect_error("{'url':'@1/empty'}", TL_ENETWORK, "without an answer");
  expect_error("{'url':'@1/no-colon'}", TL_ENETWORK, "colon");
}

static void test_nothing_listens(void **state)
{
  (void)state;
  server *gone = server_start();
  char json[128], text[64];
  (void)snprintf(json, sizeof json, "{'url':'http://127.0.0.1:%d/v1?key=hidden'}", gone->port);
  (void)snprintf(text, sizeof text, "/v1: nothing listens at 127.0.0.1:%d", gone->port);
  server_stop(gone);
  expect_error(json, TL_ENETWORK, text);
  job j = send_json(json);
  assert_null(strstr(j.call.err.msg, "hidden"));
  end(&j);
  expect_error("{'url':'http://no-such-host.invalid/'}", TL_ENOT_FOUND, "no-such-host.invalid");
}

static void test_caps(void **state)
{
  (void)state;
  expect_error("{'url':'@1/bomb','max_bytes':1048576}", TL_ELIMIT, "1048576 bytes (max_bytes)");
  expect_error("{'url':'@1/endless','max_bytes':100000}", TL_ELIMIT, "100000 bytes (max_bytes)");
  expect_error("{'url':'@1/ok','max_bytes':4}", TL_ELIMIT, "4 bytes (max_bytes)");
  expect_error("{'url':'@1/many-headers'}", TL_ELIMIT, "65536 bytes of headers");
  expect_error("{'url':'@1/long-header'}", TL_ELIMIT, "65536 bytes of headers");
  job j = send_json("{'url':'@1/ok','max_bytes':5}");
  expect_ok(&j, 200, "hello");
  end(&j);
}

static void test_times(void **state)
{
  int64_t began = tl_clock_ms();
  (void)state;
  expect_error("{'url':'@1/hang','timeout_ms':150}", TL_ETIMEOUT, "within 150 ms (timeout_ms)");
  expect_error("{'url':'@1/drip','timeout_ms':150}", TL_ETIMEOUT, "within 150 ms (timeout_ms)");
  expect_error("{'url':'@1/stall','idle_timeout_ms':150}", TL_ETIMEOUT,
               "silent for 150 ms (idle_timeout_ms) after 4 bytes");
  assert_true(tl_clock_ms() - began < 5000);
  /* the time is for the whole of it, redirects too */
  began = tl_clock_ms();
  expect_error("{'url':'@1/slow-to/302//hang','timeout_ms':700}", TL_ETIMEOUT, "timeout_ms");
  assert_true(tl_clock_ms() - began < 1050);
}

/* A socket whose queue is full: the kernel answers no further connection. */
static void test_connect_time(void **state)
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof a;
  int full = socket(AF_INET, SOCK_STREAM, 0), in[4];
  int64_t began = tl_clock_ms();
  char json[160];
  (void)state;
  assert_int_equal(bind(full, (struct sockaddr *)&a, sizeof a), 0);
  assert_int_equal(listen(full, 0), 0);
  assert_int_equal(getsockname(full, (struct sockaddr *)&a, &len), 0);
  for (int i = 0; i < 4; i++) {
    in[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)connect(in[i], (struct sockaddr *)&a, sizeof a);
  }
  (void)snprintf(json, sizeof json,
                 "{'url':'http://127.0.0.1:%d/','connect_timeout_ms':150,"
                 "'timeout_ms':4000}",
                 ntohs(a.sin_port));
  expect_error(json, TL_ETIMEOUT, "within 150 ms (connect_timeout_ms)");
  assert_true(tl_clock_ms() - began < 3000);
  for (int i = 0; i < 4; i++) (void)close(in[i]);
  (void)close(full);
}

/* --- surroundings ----------------------------------------------------------------------------- */

static void test_proxy_variables(void **state)
{
  static const char *const names[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"};
  char proxy[64];
  (void)state;
  (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", two->port);
  for (int i = 0; i < 4; i++) assert_int_equal(setenv(names[i], proxy, 1), 0);
  job j = send_json("{'url':'@1/ok'}");
  for (int i = 0; i < 4; i++) assert_int_equal(unsetenv(names[i]), 0);
  expect_ok(&j, 200, "hello");
  assert_int_equal(two->connections, 0);
  end(&j);
}

static pid_t start(const char *const *argv)
{
  pid_t pid = fork();
  if (pid != 0) return pid;
  int null = open("/dev/null", O_RDWR);
  for (int i = 0; i < 3; i++) (void)dup2(null, i);
  (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
  _exit(127);
}

/* A certificate that nobody trusts. */
static void test_certificate(void **state)
{
  char dir[] = "/tmp/tlab-tls-XXXXXX", key[64], cert[64], port[16], json[128];
  int status = 0;
  (void)state;
  assert_non_null(mkdtemp(dir));
  (void)snprintf(key, sizeof key, "%s/key", dir);
  (void)snprintf(cert, sizeof cert, "%s/cert", dir);
  server *place = server_start(); /* for a port that is free */
  (void)snprintf(port, sizeof port, "%d", place->port);
  (void)snprintf(json, sizeof json, "{'url':'https://127.0.0.1:%d/'}", place->port);
  server_stop(place);
  pid_t make = start((const char *const[]){
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=127.0.0.1", "-days", "2", NULL});
  assert_int_equal(waitpid(make, &status, 0), make);
  if (WEXITSTATUS(status) != 0) skip(); /* no openssl command here */
  pid_t serve = start((const char *const[]){"openssl", "s_server", "-accept", port, "-cert", cert,
                                            "-key", key, "-www", NULL});
  job j = send_json(json);
  for (int i = 0; i < 100 && j.rc == TL_ENETWORK; i++) {
    end(&j);
    nap(50);
    j = send_json(json);
  }
  (void)kill(serve, SIGKILL);
  (void)waitpid(serve, &status, 0);
  (void)unlink(key);
  (void)unlink(cert);
  (void)rmdir(dir);
  assert_int_equal(j.rc, TL_EREFUSED);
  assert_non_null(strstr(j.call.err.msg, "cannot prove who it is"));
  end(&j);
}

/* --- many at once ----------------------------------------------------------------------------- */

static void run_many(unsigned n, const char *json)
{
  job *jobs = calloc(n, sizeof *jobs);
  for (unsigned i = 0; i < n; i++) begin(&jobs[i], prim_http_send, request(json));
  assert_int_equal(tl_http_busy(), 1);
  for (unsigned i = 0; i < n; i++) {
    wait_for(&jobs[i]);
    expect_ok(&jobs[i], 200, "hello");
    end(&jobs[i]);
  }
  free(jobs);
  assert_int_equal(tl_http_busy(), 0);
}

static void test_concurrent(void **state)
{
  int64_t began = tl_clock_ms();
  (void)state;
  run_many(16, "{'url':'@1/slow'}");
  assert_true(tl_clock_ms() - began < 1600); /* one after the other they take 3200 */
  assert_int_equal(one->requests, 16);
  assert_int_equal(one->connections, 16);
  run_many(16, "{'url':'@1/ok'}");
  assert_int_equal(one->connections, 16); /* kept and used again */
}

static void test_queue(void **state)
{
  (void)state;
  run_many(300, "{'url':'@1/ok'}");
  assert_int_equal(one->requests, 300);
  assert_true(one->connections <= 128);
}

static void test_keep_alive(void **state)
{
  (void)state;
  for (int i = 0; i < 5; i++) {
    job j = send_json("{'url':'@1/ok'}");
    expect_ok(&j, 200, "hello");
    end(&j);
  }
  assert_int_equal(one->requests, 5);
  assert_int_equal(one->connections, 1);
}

static void test_cancel(void **state)
{
  job j, open, next;
  (void)state;
  begin(&open, prim_http_open, request("{'url':'@1/stall'}"));
  wait_for(&open);
  begin(&next, prim_http_next, tl_int(tl_get_int(&open.call.out, "handle", 0)));
  wait_for(&next);
  end(&next);
  begin(&next, prim_http_next, tl_int(tl_get_int(&open.call.out, "handle", 0)));
  begin(&j, prim_http_send, request("{'url':'@1/hang'}"));
  tl_err e = {0};
  for (int i = 0; i < 5; i++) assert_int_equal(tl_http_wait(NULL, 0, 10, &e), 0);
  assert_int_equal(j.rc, TL_PENDING);
  tl_http_cancel();
  assert_int_equal(j.rc, TL_EINTERRUPTED);
  assert_int_equal(next.rc, TL_EINTERRUPTED);
  assert_int_equal(tl_http_busy(), 0);
  end(&j);
  end(&open);
  end(&next);
  for (int i = 0; i < 200 && one->open > 0; i++) nap(10);
  assert_int_equal(one->open, 0); /* the server sees it too */
}

static void test_wait_sees_other_descriptors(void **state)
{
  int ends[2];
  tl_err e = {0};
  job j;
  (void)state;
  assert_int_equal(pipe(ends), 0);
  begin(&j, prim_http_send, request("{'url':'@1/hang'}"));
  for (int i = 0; i < 3; i++) assert_int_equal(tl_http_wait(NULL, 0, 20, &e), 0);
  struct pollfd fd = {.fd = ends[0], .events = POLLIN};
  int64_t began = tl_clock_ms();
  assert_int_equal(tl_http_wait(&fd, 1, 50, &e), 0);
  assert_int_equal(fd.revents, 0);
  assert_true(tl_clock_ms() - began >= 40);
  assert_int_equal(write(ends[1], "x", 1), 1);
  assert_int_equal(tl_http_wait(&fd, 1, 5000, &e), 0);
  assert_int_equal(fd.revents, POLLIN);
  char c;
  assert_int_equal(read(ends[0], &c, 1), 1);
  (void)close(ends[1]);
  assert_int_equal(tl_http_wait(&fd, 1, 5000, &e), 0);
  assert_int_equal(fd.revents, POLLHUP);
  (void)close(ends[0]);
  assert_true(tl_clock_ms() - began < 2000);
  tl_http_cancel();
  end(&j);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(test_ok),
      TEST(test_post),
      TEST(test_large_body_without_expect),
      TEST(test_chunked),
      TEST(test_bad_answers),
      TEST(test_nothing_listens),
      TEST(test_caps),
      TEST(test_times),
      TEST(test_connect_time),
      TEST(test_proxy_variables),
      TEST(test_certificate),
      TEST(test_concurrent),
      TEST(test_queue),
      TEST(test_keep_alive),
      TEST(test_cancel),
      TEST(test_wait_sees_other_descriptors),
  };
  return cmocka_run_group_tests(tests, group_up, group_down);
}
