/* http.send, http.open, http.next, http.close against a server that misbehaves on purpose. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "../../core/base/json.h"
#include "../../core/prim/http.h"
#include "check.h"
#include "http_server.h"

static server *one, *two;

/* --- a guard that does as it is told ------------------------------------------------------------ */

static struct {
  int port_refused; /* net_name refuses it */
  bool addresses_refused, v6_refused;
  int wiped; /* memory that held the secret was cleared */
  int names, addresses, secrets;
  const char *secret;
  char secret_for[128];
} rule;

static int fake_name(void *ud, const char *host, int port, tl_err *e)
{
  (void)ud;
  rule.names++;
  if (port == rule.port_refused)
    return tl_fail(e, TL_ENOT_PERMITTED, "the test does not allow %s:%d", host, port);
  return TL_OK;
}

static int fake_addr(void *ud, const char *host, int port, const struct sockaddr *sa, tl_err *e)
{
  char ip[64] = "";
  (void)ud;
  rule.addresses++;
  if (sa->sa_family == AF_INET)
    (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, ip, sizeof ip);
  if (rule.addresses_refused || (rule.v6_refused && sa->sa_family == AF_INET6))
    return tl_fail(e, TL_ENOT_PERMITTED, "the test does not allow the address %s of %s:%d", ip, host, port);
  return TL_OK;
}

static int fake_secret(void *ud, const char *name, const char *scheme, const char *host, int port,
                       const char **value, tl_err *e)
{
  (void)ud;
  rule.secrets++;
  (void)snprintf(rule.secret_for, sizeof rule.secret_for, "%s %s %s:%d", name, scheme, host, port);
  if (!rule.secret) return tl_fail(e, TL_ENOT_PERMITTED, "the test binds %s to no host", name);
  *value = rule.secret;
  return TL_OK;
}

/* Stands in for the C library's, to see what is wiped. */
void __explicit_bzero_chk(void *p, size_t n, size_t room);

void __explicit_bzero_chk(void *p, size_t n, size_t room)
{
  void *volatile seen = p; /* the compiler holds that this function only writes */
  if (n > room) abort();
  if (rule.secret && memmem(seen, n, rule.secret, strlen(rule.secret))) rule.wiped++;
  for (volatile char *c = p; n > 0; n--) *c++ = 0;
}

void explicit_bzero(void *p, size_t n)
{
  __explicit_bzero_chk(p, n, n);
}

static const tl_guard guard = {NULL, fake_name, fake_addr, fake_secret};

/* --- calls -------------------------------------------------------------------------------------- */

typedef struct job {
  tl_call call; /* first: done() gets its address */
  tl_val arg;
  int rc;
} job;

static void on_done(tl_call *call, int rc)
{
  ((job *)(void *)call)->rc = rc;
}

static void begin(job *j, tl_prim *prim, tl_val arg)
{
  *j = (job){.arg = arg};
  j->call = (tl_call){.args = &j->arg, .guard = &guard, .done = on_done};
  j->rc = prim(&j->call);
}

static void wait_for(job *j)
{
  tl_err e = {0};
  int64_t end = tl_clock_ms() + 20000;
  while (j->rc == TL_PENDING && tl_clock_ms() < end)
    assert_int_equal(tl_http_wait(NULL, 0, 100, &e), 0);
  assert_int_not_equal(j->rc, TL_PENDING);
  assert_int_equal(j->rc, j->call.err.code);
}

static void end(job *j)
{
  tl_free(&j->call.out);
  tl_free(&j->arg);
}

/* A map from JSON with @1 and @2 for the servers' addresses, and "$NAME$" for a secret. */
static void replace_secrets(tl_val *v)
{
  for (size_t i = 0; v->type == TL_LIST && i < v->u.list.len; i++)
    replace_secrets(&v->u.list.items[i]);
  for (size_t i = 0; v->type == TL_MAP && i < v->u.map.len; i++)
    replace_secrets(&v->u.map.pairs[i].val);
  size_t n = tl_len(v);
  if (v->type != TL_STR || n < 3 || v->u.s.data[0] != '$' || v->u.s.data[n - 1] != '$') return;
  v->u.s.data[n - 1] = '\0';
  tl_val secret = tl_secret(v->u.s.data + 1);
  tl_free(v);
  *v = secret;
}

static tl_val request(const char *json)
{
  tl_buf b = TL_BUF(1 << 20);
  tl_err e = {0};
  tl_val v;
  for (const char *p = json; *p; p++) {
    if (p[0] == '@' && (p[1] == '1' || p[1] == '2'))
      (void)tl_buf_fmt(&b, "http://127.0.0.1:%d", (*++p == '1' ? one : two)->port);
    else
      (void)tl_buf_byte(&b, *p);
  }
  if (tl_json_read(&v, b.data, b.len, &e) < 0) fail_msg("%s: %s", e.msg, b.data);
  tl_buf_free(&b);
  replace_secrets(&v);
  return v;
}

static job send_json(const char *json)
{
  job *j = calloc(1, sizeof *j);
  begin(j, prim_http_send, request(json));
  wait_for(j);
  job copy = *j; /* over: nothing points at it any more */
  free(j);
  return copy;
}

static void expect_ok(job *j, int status, const char *body)
{
  if (j->rc < 0) fail_msg("%s: %s", tl_code_name(j->rc), j->call.err.msg);
  assert_int_equal(tl_get_int(&j->call.out, "status", 0), status);
  if (body) assert_string_equal(tl_get_str(&j->call.out, "body", "(none)"), body);
}

/* The request fails with that code, and its message has these words. */
static void expect_error(const char *json, int code, const char *message)
{
  job j = send_json(json);
  if (j.rc != code)
    fail_msg("%s instead of %s: %s", tl_code_name(j.rc), tl_code_name(code), j.call.err.msg);
  if (!strstr(j.call.err.msg, message)) fail_msg("'%s' is not in: %s", message, j.call.err.msg);
  end(&j);
}

static const char *header(const job *j, const char *name)
{
  const tl_val *list = tl_get(&j->call.out, "headers");
  for (size_t i = 0; i < tl_len(list); i++)
    if (strcmp(tl_at(tl_at(list, i), 0)->u.s.data, name) == 0)
      return tl_at(tl_at(list, i), 1)->u.s.data;
  return NULL;
}

static int set_up(void **state)
{
  (void)state;
  memset(&rule, 0, sizeof rule);
  rule.secret = "s3cr3t-value";
  server_forget(one);
  server_forget(two);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  tl_http_cancel();
  return tl_http_busy() ? -1 : 0;
}

/* --- plain answers ------------------------------------------------------------------------------ */

static void test_ok(void **state)
{
  char text[64];
  (void)state;
  job j = send_json("{\"url\":\"@1/ok?q=1#part\"}");
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
  job j = send_json("{\"url\":\"@1/echo\",\"body\":\"abc\",\"headers\":{\"content-type\":\"text/x\",\"x-none\":\"\"}}");
  expect_ok(&j, 200, "abc");
  assert_non_null(strstr(one->last, "POST /echo HTTP/1.1\r\n"));
  assert_non_null(strstr(one->last, "content-type: text/x\r\n"));
  assert_non_null(strstr(one->last, "x-none:\r\n"));
  end(&j);
  j = send_json("{\"url\":\"@1/echo\",\"method\":\"PUT\"}");
  expect_ok(&j, 200, "");
  assert_non_null(strstr(one->last, "PUT /echo HTTP/1.1\r\n"));
  assert_non_null(strstr(one->last, "Content-Length: 0\r\n"));
  assert_null(strcasestr(one->last, "content-type"));
  assert_null(strcasestr(one->last, "expect"));
  end(&j);
  j = send_json("{\"url\":\"@1/nowhere\",\"method\":\"DELETE\",\"headers\":[[\"X-A\",\"1\"],[\"X-A\",[\"2\",\"3\"]]]}");
  expect_ok(&j, 404, "");
  assert_non_null(strstr(one->last, "DELETE /nowhere HTTP/1.1\r\n"));
  assert_non_null(strstr(one->last, "X-A: 1\r\nX-A: 23\r\n"));
  end(&j);
}

static void test_large_body_without_expect(void **state)
{
  (void)state;
  tl_val v = request("{\"url\":\"@1/echo\"}");
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
  job j = send_json("{\"url\":\"@1/chunked\"}");
  expect_ok(&j, 200, "one two");
  assert_null(header(&j, "x-end")); /* a trailer is not a header */
  end(&j);
  j = send_json("{\"url\":\"@1/interim\"}");
  expect_ok(&j, 200, "hello");
  assert_null(header(&j, "link"));
  end(&j);
  j = send_json("{\"url\":\"@1/folded\"}");
  expect_ok(&j, 200, "");
  assert_string_equal(header(&j, "x-long"), "one two");
  end(&j);
}

/* --- secrets ------------------------------------------------------------------------------------ */

static void test_secret(void **state)
{
  char text[128];
  (void)state;
  job j = send_json("{\"url\":\"@1/ok\",\"headers\":{\"authorization\":[\"Bearer \",\"$KEY$\"]}}");
  expect_ok(&j, 200, "hello");
  assert_non_null(strstr(one->last, "authorization: Bearer s3cr3t-value\r\n"));
  (void)snprintf(text, sizeof text, "KEY http 127.0.0.1:%d", one->port);
  assert_string_equal(rule.secret_for, text);
  assert_int_equal(rule.wiped, 2); /* the line that was built and the copy that curl was given */
  end(&j);

  rule.secret = NULL;
  server_forget(one);
  expect_error("{\"url\":\"@1/ok\",\"headers\":{\"x\":\"$KEY$\"}}", TL_ENOT_PERMITTED, "binds KEY");
  rule.secret = "a\r\nX-Other: b";
  expect_error("{\"url\":\"@1/ok\",\"headers\":{\"x\":\"$KEY$\"}}", TL_EREFUSED, "the secret KEY");
  assert_int_equal(one->requests, 0);
}

/* --- redirects ---------------------------------------------------------------------------------- */

#define KEYS \
  "\"headers\":{\"authorization\":\"a1\",\"cookie\":\"a2\",\"x-api-key\":\"a3\",\"api-key\":\"a4\"," \
  "\"X-Goog-Api-Key\":\"a5\",\"proxy-authorization\":\"a6\",\"x-mine\":[\"k-\",\"$KEY$\"],\"x-secret\":\"$KEY$\"," \
  "\"x-plain\":\"p\"}"

static void test_redirect_same_origin(void **state)
{
  (void)state;
  job j = send_json("{\"url\":\"@1/to/302//ok\"," KEYS "}");
  expect_ok(&j, 200, "hello");
  assert_non_null(strstr(one->last, "x-mine: k-s3cr3t-value\r\n"));
  assert_non_null(strstr(one->last, "x-api-key: a3\r\n"));
  assert_int_equal(rule.names, 2);
  end(&j);
}

static void test_redirect_drops_keys(void **state)
{
  char url[64], text[256];
  (void)state;
  job j = send_json("{\"url\":\"@1/to/307/@2/echo\",\"body\":\"abc\"," KEYS "}");
  expect_ok(&j, 200, "abc"); /* 307 keeps method and body */
  assert_non_null(strstr(two->last, "POST /echo"));
  assert_non_null(strstr(two->last, "x-plain: p\r\n"));
  for (int i = 1; i <= 6; i++) {
    (void)snprintf(text, sizeof text, ": a%d\r\n", i);
    if (strstr(two->last, text)) fail_msg("a credential went to another port:\n%s", two->last);
  }
  assert_null(strstr(two->last, "s3cr3t"));
  assert_int_equal(rule.names, 2);
  assert_int_equal(rule.secrets, 2);
  const tl_val *step = tl_at(tl_get(&j.call.out, "redirects"), 0);
  (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/echo", two->port);
  assert_int_equal(tl_get_int(step, "status", 0), 307);
  assert_string_equal(tl_get_str(step, "url", ""), url);
  assert_string_equal(tl_get_str(&j.call.out, "url", ""), url);
  assert_null(header(&j, "location"));
  end(&j);
}

static void test_redirect_never_back(void **state)
{
  (void)state;
  /* one → two → one: the keys were for one, but two chose the way */
  job j = send_json("{\"url\":\"@1/to/307/@2/to/307/@1/ok\"," KEYS "}");
  expect_ok(&j, 200, "hello");
  assert_null(strstr(one->last, "s3cr3t"));
  assert_null(strstr(one->last, "x-api-key"));
  assert_int_equal(tl_len(tl_get(&j.call.out, "redirects")), 2);
  end(&j);
  /* one → two → two: the second hop stays at home, but it is not the keys' home */
  j = send_json("{\"url\":\"@1/to/307/@2/to/307//ok\"," KEYS "}");
  expect_ok(&j, 200, "hello");
  assert_non_null(strstr(two->last, "GET /ok"));
  assert_null(strstr(two->last, "s3cr3t"));
  assert_null(strstr(two->last, "x-api-key"));
  end(&j);
}

/* The same port under another name is another origin. */
static void test_redirect_other_host(void **state)
{
  char json[1024];
  (void)state;
  rule.v6_refused = true; /* and the address that is refused does no harm to the one that is not */
  (void)snprintf(json, sizeof json, "{\"url\":\"@1/to/307/http://localhost:%d/ok\"," KEYS "}",
                 one->port);
  job j = send_json(json);
  expect_ok(&j, 200, "hello");
  assert_non_null(strstr(one->last, "Host: localhost:"));
  assert_null(strstr(one->last, "s3cr3t"));
  assert_null(strstr(one->last, "x-api-key"));
  end(&j);
}

static void read_url(tl_http_url *u, const char *text)
{
  tl_err e;
  assert_int_equal(tl_http_url_read(u, text, strlen(text), &e), 0);
}

/* What takes a trusted certificate to meet, asked of the functions themselves. */
static void test_redirect_from_https(void **state)
{
  tl_http t = {.status = 302, .req = {.method = "GET", .max_redirects = 5}};
  tl_http_url plain;
  tl_err e = {0};
  (void)state;
  job j = send_json("{\"url\":\"@1/ok\"}"); /* opens the library */
  end(&j);
  read_url(&t.url, "https://example.org:8080/a");
  read_url(&plain, "http://EXAMPLE.org:8080/a");
  assert_false(tl_http_url_same_origin(&t.url, &plain));
  t.headers = request("[[\"location\",\"http://example.org:8080/b\"]]");
  t.redirects = tl_list();
  assert_true(tl_http_redirected(&t));
  assert_int_equal(tl_http_redirect(&t, &e), TL_EREFUSED);
  assert_string_equal(e.msg, "https://example.org:8080/a redirects from https to "
                             "http://example.org:8080/b, which is not followed");
  tl_http_url_free(&plain);
  tl_http_url_free(&t.url);
  tl_free(&t.headers);
  tl_free(&t.redirects);
}

static void test_redirect_methods(void **state)
{
  static const struct { const char *json, *line; } rows[] = {
    {"{\"url\":\"@1/to/303//echo\",\"method\":\"PUT\",\"body\":\"b\"}", "GET /echo"},
    {"{\"url\":\"@1/to/302//echo\",\"body\":\"b\",\"headers\":{\"content-type\":\"x/y\"}}", "GET /echo"},
    {"{\"url\":\"@1/to/301//echo\",\"body\":\"b\"}", "GET /echo"},
    {"{\"url\":\"@1/to/302//echo\",\"method\":\"PUT\",\"body\":\"b\"}", "PUT /echo"},
    {"{\"url\":\"@1/to/308//echo\",\"body\":\"b\"}", "POST /echo"},
    {"{\"url\":\"@1/to/303//ok\",\"method\":\"GET\"}", "GET /ok"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    job j = send_json(rows[i].json);
    bool get = strncmp(rows[i].line, "GET", 3) == 0;
    expect_ok(&j, 200, get ? (i == 5 ? "hello" : "") : "b");
    assert_non_null(strstr(one->last, rows[i].line));
    if (get) assert_null(strcasestr(one->last, "content-"));
    end(&j);
  }
}

static void test_redirect_refused(void **state)
{
  (void)state;
  rule.port_refused = two->port;
  expect_error("{\"url\":\"@1/to/302/@2/ok\"}", TL_ENOT_PERMITTED, "the test does not allow");
  assert_int_equal(two->connections, 0);
  expect_error("{\"url\":\"@1/to/302/file:///etc/passwd\"}", TL_EREFUSED, "scheme");
  expect_error("{\"url\":\"@1/to/302/http://me:pw@localhost/\"}", TL_EREFUSED, "user name");
  expect_error("{\"url\":\"@1/to/302/http://\"}", TL_ENETWORK, "Location");
  expect_error("{\"url\":\"@1/loop\"}", TL_ELIMIT, "after 5 redirects (max_redirects)");
  expect_error("{\"url\":\"@1/loop\",\"max_redirects\":2}", TL_ELIMIT, "after 2 redirects");
  assert_int_equal(tl_http_busy(), 0);
  job j = send_json("{\"url\":\"@1/to/302//ok\",\"max_redirects\":0}");
  expect_ok(&j, 302, "gone");
  assert_string_equal(header(&j, "location"), "/ok");
  end(&j);
}

/* --- refusals before anything is sent ----------------------------------------------------------- */

static void test_refused_before_sending(void **state)
{
  static const struct { const char *json; int code; const char *message; } rows[] = {
    {"{\"url\":\"@1/ok\\r\\nX: y\"}", TL_EREFUSED, "line break"},
    {"{\"url\":\"@1/ok\\u0000\"}", TL_EREFUSED, "NUL"},
    {"{\"url\":\"@1/ok\",\"method\":\"GET / HTTP/1.1\\r\\nX: y\\r\\n\"}", TL_EREFUSED, "method"},
    {"{\"url\":\"@1/ok\",\"method\":\"GET\\u0000\"}", TL_EREFUSED, "method"},
    {"{\"url\":\"@1/ok\",\"method\":\"\"}", TL_EREFUSED, "method"},
    {"{\"url\":\"@1/ok\",\"headers\":{\"x\":\"a\\r\\nY: b\"}}", TL_EREFUSED, "line break"},
    {"{\"url\":\"@1/ok\",\"headers\":{\"x\":\"a\\nY: b\"}}", TL_EREFUSED, "line break"},
    {"{\"url\":\"@1/ok\",\"headers\":{\"x\":[\"a\",\"\\u0000\"]}}", TL_EREFUSED, "NUL"},
    {"{\"url\":\"@1/ok\",\"headers\":{\"x\\r\\nY\":\"a\"}}", TL_EREFUSED, "name"},
    {"{\"url\":\"@1/ok\",\"headers\":{\"x\\u0000\":\"a\"}}", TL_EREFUSED, "name"},
    {"{\"url\":\"@1/ok\",\"headers\":{\"\":\"a\"}}", TL_EREFUSED, "name"},
    {"{\"url\":\"@1/ok\",\"headers\":{\"Content-Length\":\"1\"}}", TL_EREFUSED, "by tlab itself"},
    {"{\"url\":\"@1/ok\",\"headers\":{\"host\":\"x\"}}", TL_EREFUSED, "by tlab itself"},
    {"{\"url\":\"http://me:pw@localhost/\"}", TL_EREFUSED, "user name"},
    {"{\"url\":\"file:///etc/passwd\"}", TL_EREFUSED, "scheme"},
    {"{\"url\":\"ftp://127.0.0.1/\"}", TL_EREFUSED, "scheme"},
    {"{\"url\":\"127.0.0.1/ok\"}", TL_EPARSE, "not a URL"},
    {"{\"url\":\"http://a b/\"}", TL_EPARSE, "not a URL"},
    {"{\"url\":\"http://h:99999/\"}", TL_EPARSE, "not a URL"},
    {"{}", TL_EARGUMENT, "url"},
    {"[]", TL_EARGUMENT, "map"},
    {"{\"url\":\"@1/ok\",\"timeout\":1}", TL_EARGUMENT, "no field 'timeout'"},
    {"{\"url\":\"@1/ok\",\"timeout_ms\":0}", TL_EARGUMENT, "timeout_ms"},
    {"{\"url\":\"@1/ok\",\"timeout_ms\":9223372036854775807}", TL_EARGUMENT, "timeout_ms"},
    {"{\"url\":\"@1/ok\",\"idle_timeout_ms\":-1}", TL_EARGUMENT, "idle_timeout_ms"},
    {"{\"url\":\"@1/ok\",\"max_bytes\":1.5}", TL_EARGUMENT, "max_bytes"},
    {"{\"url\":\"@1/ok\",\"max_bytes\":\"1\"}", TL_EARGUMENT, "max_bytes"},
    {"{\"url\":\"@1/ok\",\"max_redirects\":51}", TL_EARGUMENT, "max_redirects"},
    {"{\"url\":\"@1/ok\",\"body\":7}", TL_EARGUMENT, "body"},
    {"{\"url\":\"@1/ok\",\"headers\":\"x\"}", TL_EARGUMENT, "headers"},
    {"{\"url\":\"@1/ok\",\"headers\":[\"x\"]}", TL_EARGUMENT, "header 1"},
    {"{\"url\":\"@1/ok\",\"headers\":{\"x\":7}}", TL_EARGUMENT, "'x'"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_error(rows[i].json, rows[i].code, rows[i].message);
  assert_int_equal(one->connections, 0);
  assert_int_equal(rule.names, 0);
}

static void test_guard_refuses(void **state)
{
  (void)state;
  rule.port_refused = one->port;
  expect_error("{\"url\":\"@1/ok\"}", TL_ENOT_PERMITTED, "the test does not allow 127.0.0.1:");
  rule.port_refused = 0;
  rule.addresses_refused = true;
  expect_error("{\"url\":\"@1/ok\"}", TL_ENOT_PERMITTED, "the address 127.0.0.1 of 127.0.0.1:");
  assert_int_equal(one->connections, 0);
  /* also when a connection is there already */
  rule.addresses_refused = false;
  job j = send_json("{\"url\":\"@1/ok\"}");
  expect_ok(&j, 200, "hello");
  end(&j);
  rule.addresses_refused = true;
  expect_error("{\"url\":\"@1/ok\"}", TL_ENOT_PERMITTED, "the address 127.0.0.1");
  assert_int_equal(one->requests, 1);
}

/* The guard sees numbers in the one spelling, however they are written. */
static void test_other_spellings(void **state)
{
  static const char *const hosts[] = {"2130706433", "0x7f.1", "0177.0.0.1", "127.1"};
  char json[128];
  (void)state;
  rule.port_refused = one->port;
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
    (void)snprintf(json, sizeof json, "{\"url\":\"http://%s:%d/ok\"}", hosts[i], one->port);
    expect_error(json, TL_ENOT_PERMITTED, "allow 127.0.0.1:");
  }
  (void)snprintf(json, sizeof json, "{\"url\":\"http://[::1]:%d/ok\"}", one->port);
  expect_error(json, TL_ENOT_PERMITTED, "allow ::1:");
  (void)snprintf(json, sizeof json, "{\"url\":\"http://LocalHost:%d/ok\"}", one->port);
  expect_error(json, TL_ENOT_PERMITTED, "allow localhost:");
}

/* --- answers that are none ---------------------------------------------------------------------- */

static void test_bad_answers(void **state)
{
  (void)state;
  expect_error("{\"url\":\"@1/head-cut\"}", TL_ENETWORK, "in the middle of its headers");
  expect_error("{\"url\":\"@1/short\"}", TL_ENETWORK, "cut after 4 bytes");
  expect_error("{\"url\":\"@1/chunk-cut\"}", TL_ENETWORK, "cut after 4 bytes");
  expect_error("{\"url\":\"@1/two-lengths\"}", TL_ENETWORK, "two lengths, 50 and 5");
  expect_error("{\"url\":\"@1/bad-length\"}", TL_ENETWORK, "not a number: '5, 6'");
  expect_error("{\"url\":\"@1/garbage\"}", TL_ENETWORK, "not an HTTP answer");
  expect_error("{\"url\":\"@1/empty\"}", TL_ENETWORK, "without an answer");
  expect_error("{\"url\":\"@1/no-colon\"}", TL_ENETWORK, "colon");
}

static void test_nothing_listens(void **state)
{
  (void)state;
  server *gone = server_start();
  char json[128], text[64];
  (void)snprintf(json, sizeof json, "{\"url\":\"http://127.0.0.1:%d/v1?key=hidden\"}", gone->port);
  (void)snprintf(text, sizeof text, "/v1: nothing listens at 127.0.0.1:%d", gone->port);
  server_stop(gone);
  expect_error(json, TL_ENETWORK, text);
  job j = send_json(json);
  assert_null(strstr(j.call.err.msg, "hidden"));
  end(&j);
  expect_error("{\"url\":\"http://no-such-host.invalid/\"}", TL_ENOT_FOUND, "no-such-host.invalid");
}

static void test_caps(void **state)
{
  (void)state;
  expect_error("{\"url\":\"@1/bomb\",\"max_bytes\":1048576}", TL_ELIMIT, "1048576 bytes (max_bytes)");
  expect_error("{\"url\":\"@1/endless\",\"max_bytes\":100000}", TL_ELIMIT, "100000 bytes (max_bytes)");
  expect_error("{\"url\":\"@1/ok\",\"max_bytes\":4}", TL_ELIMIT, "4 bytes (max_bytes)");
  expect_error("{\"url\":\"@1/many-headers\"}", TL_ELIMIT, "65536 bytes of headers");
  expect_error("{\"url\":\"@1/long-header\"}", TL_ELIMIT, "65536 bytes of headers");
  job j = send_json("{\"url\":\"@1/ok\",\"max_bytes\":5}");
  expect_ok(&j, 200, "hello");
  end(&j);
}

static void test_times(void **state)
{
  int64_t began = tl_clock_ms();
  (void)state;
  expect_error("{\"url\":\"@1/hang\",\"timeout_ms\":150}", TL_ETIMEOUT, "within 150 ms (timeout_ms)");
  expect_error("{\"url\":\"@1/drip\",\"timeout_ms\":150}", TL_ETIMEOUT, "within 150 ms (timeout_ms)");
  expect_error("{\"url\":\"@1/stall\",\"idle_timeout_ms\":150}", TL_ETIMEOUT,
               "silent for 150 ms (idle_timeout_ms) after 4 bytes");
  assert_true(tl_clock_ms() - began < 5000);
  /* the time is for the whole of it, redirects too */
  began = tl_clock_ms();
  expect_error("{\"url\":\"@1/slow-to/302//hang\",\"timeout_ms\":700}", TL_ETIMEOUT, "timeout_ms");
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
  (void)snprintf(json, sizeof json, "{\"url\":\"http://127.0.0.1:%d/\",\"connect_timeout_ms\":150,"
                 "\"timeout_ms\":4000}", ntohs(a.sin_port));
  expect_error(json, TL_ETIMEOUT, "within 150 ms (connect_timeout_ms)");
  assert_true(tl_clock_ms() - began < 3000);
  for (int i = 0; i < 4; i++) (void)close(in[i]);
  (void)close(full);
}

/* --- surroundings ------------------------------------------------------------------------------- */

static void test_proxy_variables(void **state)
{
  static const char *const names[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"};
  char proxy[64];
  (void)state;
  (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", two->port);
  for (int i = 0; i < 4; i++) assert_int_equal(setenv(names[i], proxy, 1), 0);
  job j = send_json("{\"url\":\"@1/ok\"}");
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
  (void)snprintf(json, sizeof json, "{\"url\":\"https://127.0.0.1:%d/\"}", place->port);
  server_stop(place);
  pid_t make = start((const char *const[]){"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
                     "-subj", "/CN=127.0.0.1", "-days", "2", NULL});
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

/* --- many at once ------------------------------------------------------------------------------- */

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
  run_many(16, "{\"url\":\"@1/slow\"}");
  assert_true(tl_clock_ms() - began < 1600); /* one after the other they take 3200 */
  assert_int_equal(one->requests, 16);
  assert_int_equal(one->connections, 16);
  run_many(16, "{\"url\":\"@1/ok\"}");
  assert_int_equal(one->connections, 16); /* kept and used again */
}

static void test_queue(void **state)
{
  (void)state;
  run_many(300, "{\"url\":\"@1/ok\"}");
  assert_int_equal(one->requests, 300);
  assert_true(one->connections <= 128);
}

static void test_keep_alive(void **state)
{
  (void)state;
  for (int i = 0; i < 5; i++) {
    job j = send_json("{\"url\":\"@1/ok\"}");
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
  begin(&open, prim_http_open, request("{\"url\":\"@1/stall\"}"));
  wait_for(&open);
  begin(&next, prim_http_next, tl_int(tl_get_int(&open.call.out, "handle", 0)));
  wait_for(&next);
  end(&next);
  begin(&next, prim_http_next, tl_int(tl_get_int(&open.call.out, "handle", 0)));
  begin(&j, prim_http_send, request("{\"url\":\"@1/hang\"}"));
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
  begin(&j, prim_http_send, request("{\"url\":\"@1/hang\"}"));
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

/* --- opened answers ----------------------------------------------------------------------------- */

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
  int64_t h = open_json("{\"url\":\"@1/to/302//stream\"}");
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
  int64_t next = open_json("{\"url\":\"@1/ok\"}");
  assert_int_equal(next, h + 1);
  assert_int_equal(close_handle(next), 0);
}

static void test_stream_cut(void **state)
{
  int rc, pieces;
  (void)state;
  int64_t h = open_json("{\"url\":\"@1/stream-cut\"}");
  char *text = read_all(h, &rc, &pieces);
  assert_string_equal(text, "part");
  assert_int_equal(rc, TL_ENETWORK);
  free(text);
  text = read_all(h, &rc, &pieces);
  assert_int_equal(rc, TL_ENETWORK); /* and stays it */
  free(text);
  assert_int_equal(close_handle(h), 0);

  h = open_json("{\"url\":\"@1/stall\",\"idle_timeout_ms\":100}");
  text = read_all(h, &rc, &pieces);
  assert_string_equal(text, "half");
  assert_int_equal(rc, TL_ETIMEOUT);
  free(text);
  assert_int_equal(close_handle(h), 0);

  h = open_json("{\"url\":\"@1/endless\",\"max_bytes\":100000}");
  text = read_all(h, &rc, &pieces);
  assert_int_equal(rc, TL_ELIMIT);
  free(text);
}

static void test_stream_fails_to_open(void **state)
{
  job j;
  (void)state;
  begin(&j, prim_http_open, request("{\"url\":\"@1/head-cut\"}"));
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
  tl_val v = request("{\"url\":\"@1/early\"}");
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
  int64_t h = open_json("{\"url\":\"@1/stall\"}");
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
  int64_t h = open_json("{\"url\":\"@1/large\",\"idle_timeout_ms\":150}");
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

static int group_up(void **state)
{
  (void)state;
  one = server_start();
  two = server_start();
  return 0;
}

static int group_down(void **state)
{
  (void)state;
  server_stop(one);
  server_stop(two);
  return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(test_ok), TEST(test_post), TEST(test_large_body_without_expect), TEST(test_chunked),
    TEST(test_secret), TEST(test_redirect_same_origin), TEST(test_redirect_drops_keys),
    TEST(test_redirect_never_back), TEST(test_redirect_other_host), TEST(test_redirect_from_https),
    TEST(test_redirect_methods), TEST(test_redirect_refused),
    TEST(test_refused_before_sending), TEST(test_guard_refuses), TEST(test_other_spellings),
    TEST(test_bad_answers), TEST(test_nothing_listens), TEST(test_caps), TEST(test_times),
    TEST(test_connect_time),
    TEST(test_proxy_variables), TEST(test_certificate), TEST(test_concurrent), TEST(test_queue), TEST(test_keep_alive), TEST(test_cancel),
    TEST(test_wait_sees_other_descriptors), TEST(test_stream), TEST(test_stream_cut),
    TEST(test_stream_fails_to_open), TEST(test_stream_keeps_body), TEST(test_stream_misuse), TEST(test_back_pressure),
  };
  return cmocka_run_group_tests(tests, group_up, group_down);
}
