/* What the gate has a say in: hosts, addresses, secrets, redirects, hostile requests. */
#include <sys/inotify.h>

#include "http_check.h"

/* The first of this program, since a library is opened once: curl must not make libcrypto read the
 * file that OPENSSL_CONF names. */
static void test_library_configuration(void **state)
{
  char path[] = "/tmp/tlab-cnf-XXXXXX", event[512];
  int fd = mkstemp(path), watch = inotify_init1(IN_NONBLOCK);
  (void)state;
  assert_true(inotify_add_watch(watch, path, IN_OPEN) >= 0);
  assert_int_equal(setenv("OPENSSL_CONF", path, 1), 0);
  job j = send_json("{'url':'@1/ok'}");
  expect_ok(&j, 200, "hello");
  end(&j);
  assert_int_equal(read(watch, event, sizeof event), -1); /* nobody opened it */
  (void)unsetenv("OPENSSL_CONF");
  (void)unlink(path);
  (void)close(watch);
  (void)close(fd);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static void test_secret(void **state)
{
  char text[128];
  (void)state;
  job j = send_json("{'url':'@1/ok','headers':{'authorization':['Bearer ','$KEY$']}}");
  expect_ok(&j, 200, "hello");
  assert_non_null(strstr(one->last, "authorization: Bearer s3cr3t-value\r\n"));
  (void)snprintf(text, sizeof text, "KEY http 127.0.0.1:%d", one->port);
  assert_string_equal(rule.secret_for, text);
  assert_int_equal(rule.wiped, 2); /* the line that was built and the copy that curl was given */
  end(&j);

  rule.secret = NULL;
  server_forget(one);
  expect_error("{'url':'@1/ok','headers':{'x':'$KEY$'}}", TL_ENOT_PERMITTED, "binds KEY");
  rule.secret = "a\r\nX-Other: b";
  expect_error("{'url':'@1/ok','headers':{'x':'$KEY$'}}", TL_EREFUSED, "the secret KEY");
  assert_int_equal(one->requests, 0);
}

static void test_login(void **state)
{
  (void)state;
  job j = send_json("{'url':'@1/ok','headers':{'authorization':{'basic':['user','$KEY$']}}}");
  expect_ok(&j, 200, "hello");
  assert_non_null(strstr(one->last, "authorization: Basic dXNlcjpzM2NyM3QtdmFsdWU=\r\n"));
  assert_int_equal(rule.wiped, 1); /* user:password; the rest is base64 */
  end(&j);
  j = send_json("{'url':'@1/to/302/@2/ok','headers':{'x':{'basic':['user','name']}}}");
  expect_ok(&j, 200, "hello");
  assert_null(strstr(two->last, "Basic")); /* a credential, whatever the header's name */
  end(&j);
  expect_error("{'url':'@1/ok','headers':{'x':{'basic':['us:er','$KEY$']}}}", TL_EREFUSED, "colon");
  expect_error("{'url':'@1/ok','headers':{'x':{'basic':['a\\nb','c']}}}", TL_EREFUSED,
               "line break");
  expect_error("{'url':'@1/ok','headers':{'x':{'basic':['a']}}}", TL_EARGUMENT, "not map");
  expect_error("{'url':'@1/ok','headers':{'x':{'digest':['a','b']}}}", TL_EARGUMENT, "not map");
  expect_error("{'url':'@1/ok','headers':{'x':{'basic':['a',['b']]}}}", TL_EARGUMENT, "not list");
}

/* --- redirects -------------------------------------------------------------------------------- */

#define KEYS \
  "'headers':{'authorization':'a1','cookie':'a2','x-api-key':'a3','api-key':'a4'," \
  "'X-Goog-Api-Key':'a5','proxy-authorization':'a6','x-mine':['k-','$KEY$'],'x-secret':'$KEY$'," \
  "'x-plain':'p'}"

static void test_redirect_same_origin(void **state)
{
  (void)state;
  job j = send_json("{'url':'@1/to/302//ok'," KEYS "}");
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
  job j = send_json("{'url':'@1/to/307/@2/echo','body':'abc'," KEYS "}");
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
  job j = send_json("{'url':'@1/to/307/@2/to/307/@1/ok'," KEYS "}");
  expect_ok(&j, 200, "hello");
  assert_null(strstr(one->last, "s3cr3t"));
  assert_null(strstr(one->last, "x-api-key"));
  assert_int_equal(tl_len(tl_get(&j.call.out, "redirects")), 2);
  end(&j);
  /* one → two → two: the second hop stays at home, but it is not the keys' home */
  j = send_json("{'url':'@1/to/307/@2/to/307//ok'," KEYS "}");
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
  (void)snprintf(json, sizeof json, "{'url':'@1/to/307/http://localhost:%d/ok'," KEYS "}",
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
  job j = send_json("{'url':'@1/ok'}"); /* opens the library */
  end(&j);
  read_url(&t.url, "https://example.org:8080/a");
  read_url(&plain, "http://EXAMPLE.org:8080/a");
  assert_false(tl_http_url_same_origin(&t.url, &plain));
  t.headers = request("[['location','http://example.org:8080/b']]");
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
  static const struct {
    const char *json, *line;
  } rows[] = {
      {"{'url':'@1/to/303//echo','method':'PUT','body':'b'}", "GET /echo"},
      {"{'url':'@1/to/302//echo','body':'b','headers':{'content-type':'x/y'}}", "GET /echo"},
      {"{'url':'@1/to/301//echo','body':'b'}", "GET /echo"},
      {"{'url':'@1/to/302//echo','method':'PUT','body':'b'}", "PUT /echo"},
      {"{'url':'@1/to/308//echo','body':'b'}", "POST /echo"},
      {"{'url':'@1/to/303//ok','method':'GET'}", "GET /ok"},
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
  expect_error("{'url':'@1/to/302/@2/ok'}", TL_ENOT_PERMITTED, "the test does not allow");
  assert_int_equal(two->connections, 0);
  expect_error("{'url':'@1/to/302/file:///etc/passwd'}", TL_EREFUSED, "scheme");
  expect_error("{'url':'@1/to/302/http://me:pw@localhost/'}", TL_EREFUSED, "user name");
  expect_error("{'url':'@1/to/302/http://'}", TL_ENETWORK, "Location");
  expect_error("{'url':'@1/loop'}", TL_ELIMIT, "after 5 redirects (max_redirects)");
  expect_error("{'url':'@1/loop','max_redirects':2}", TL_ELIMIT, "after 2 redirects");
  assert_int_equal(tl_http_busy(), 0);
  job j = send_json("{'url':'@1/to/302//ok','max_redirects':0}");
  expect_ok(&j, 302, "gone");
  assert_string_equal(header(&j, "location"), "/ok");
  end(&j);
}

/* --- refusals before anything is sent --------------------------------------------------------- */

static void test_refused_before_sending(void **state)
{
  static const struct {
    const char *json;
    int code;
    const char *message;
  } rows[] = {
      {"{'url':'@1/ok\\r\\nX: y'}", TL_EREFUSED, "line break"},
      {"{'url':'@1/ok\\u0000'}", TL_EREFUSED, "NUL"},
      {"{'url':'@1/ok','method':'GET / HTTP/1.1\\r\\nX: y\\r\\n'}", TL_EREFUSED, "method"},
      {"{'url':'@1/ok','method':'GET\\u0000'}", TL_EREFUSED, "method"},
      {"{'url':'@1/ok','method':''}", TL_EREFUSED, "method"},
      {"{'url':'@1/ok','headers':{'x':'a\\r\\nY: b'}}", TL_EREFUSED, "line break"},
      {"{'url':'@1/ok','headers':{'x':'a\\nY: b'}}", TL_EREFUSED, "line break"},
      {"{'url':'@1/ok','headers':{'x':['a','\\u0000']}}", TL_EREFUSED, "NUL"},
      {"{'url':'@1/ok','headers':{'x\\r\\nY':'a'}}", TL_EREFUSED, "name"},
      {"{'url':'@1/ok','headers':{'x\\u0000':'a'}}", TL_EREFUSED, "name"},
      {"{'url':'@1/ok','headers':{'':'a'}}", TL_EREFUSED, "name"},
      {"{'url':'@1/ok','headers':{'Content-Length':'1'}}", TL_EREFUSED, "by tlab itself"},
      {"{'url':'@1/ok','headers':{'host':'x'}}", TL_EREFUSED, "by tlab itself"},
      {"{'url':'http://me:pw@localhost/'}", TL_EREFUSED, "user name"},
      {"{'url':'file:///etc/passwd'}", TL_EREFUSED, "scheme"},
      {"{'url':'ftp://127.0.0.1/'}", TL_EREFUSED, "scheme"},
      {"{'url':'127.0.0.1/ok'}", TL_EPARSE, "not a URL"},
      {"{'url':'http://a b/'}", TL_EPARSE, "not a URL"},
      {"{'url':'http://h:99999/'}", TL_EPARSE, "not a URL"},
      {"{}", TL_EARGUMENT, "url"},
      {"[]", TL_EARGUMENT, "map"},
      {"{'url':'@1/ok','timeout':1}", TL_EARGUMENT, "no field 'timeout'"},
      {"{'url':'@1/ok','timeout_ms':0}", TL_EARGUMENT, "timeout_ms"},
      {"{'url':'@1/ok','timeout_ms':9223372036854775807}", TL_EARGUMENT, "timeout_ms"},
      {"{'url':'@1/ok','idle_timeout_ms':-1}", TL_EARGUMENT, "idle_timeout_ms"},
      {"{'url':'@1/ok','max_bytes':1.5}", TL_EARGUMENT, "max_bytes"},
      {"{'url':'@1/ok','max_bytes':'1'}", TL_EARGUMENT, "max_bytes"},
      {"{'url':'@1/ok','max_redirects':51}", TL_EARGUMENT, "max_redirects"},
      {"{'url':'@1/ok','body':7}", TL_EARGUMENT, "body"},
      {"{'url':'@1/ok','headers':'x'}", TL_EARGUMENT, "headers"},
      {"{'url':'@1/ok','headers':['x']}", TL_EARGUMENT, "header 1"},
      {"{'url':'@1/ok','headers':{'x':7}}", TL_EARGUMENT, "'x'"},
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
  expect_error("{'url':'@1/ok'}", TL_ENOT_PERMITTED, "the test does not allow 127.0.0.1:");
  rule.port_refused = 0;
  rule.addresses_refused = true;
  expect_error("{'url':'@1/ok'}", TL_ENOT_PERMITTED, "the address 127.0.0.1 of 127.0.0.1:");
  assert_int_equal(one->connections, 0);
  /* also when a connection is there already */
  rule.addresses_refused = false;
  job j = send_json("{'url':'@1/ok'}");
  expect_ok(&j, 200, "hello");
  end(&j);
  rule.addresses_refused = true;
  expect_error("{'url':'@1/ok'}", TL_ENOT_PERMITTED, "the address 127.0.0.1");
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
    (void)snprintf(json, sizeof json, "{'url':'http://%s:%d/ok'}", hosts[i], one->port);
    expect_error(json, TL_ENOT_PERMITTED, "allow 127.0.0.1:");
  }
  (void)snprintf(json, sizeof json, "{'url':'http://[::1]:%d/ok'}", one->port);
  expect_error(json, TL_ENOT_PERMITTED, "allow ::1:");
  (void)snprintf(json, sizeof json, "{'url':'http://LocalHost:%d/ok'}", one->port);
  expect_error(json, TL_ENOT_PERMITTED, "allow localhost:");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(test_library_configuration),
      TEST(test_secret),
      TEST(test_login),
      TEST(test_redirect_same_origin),
      TEST(test_redirect_drops_keys),
      TEST(test_redirect_never_back),
      TEST(test_redirect_other_host),
      TEST(test_redirect_from_https),
      TEST(test_redirect_methods),
      TEST(test_redirect_refused),
      TEST(test_refused_before_sending),
      TEST(test_guard_refuses),
      TEST(test_other_spellings),
  };
  return cmocka_run_group_tests(tests, group_up, group_down);
}
