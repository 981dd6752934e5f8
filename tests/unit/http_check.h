/* What the tests of HTTP share: two servers, a guard that does as it is told, calls from JSON. */
#ifndef TL_TEST_HTTP_CHECK_H
#define TL_TEST_HTTP_CHECK_H

#include "../../core/base/json.h"
#include "../../core/prim/http.h"
#include "check.h"
#include "http_server.h"

static server *one, *two;

/* --- a guard that does as it is told ---------------------------------------------------------- */

static struct {
  int port_refused; /* net_name refuses it */
  bool addresses_refused, v6_refused;
  int wiped; /* memory that held the secret was cleared */
  int names, addresses, secrets;
  const char *secret;
  char secret_for[128];
} rule;

static inline int fake_name(void *ud, const char *host, int port, tl_err *e)
{
  (void)ud;
  rule.names++;
  if (port == rule.port_refused)
    return tl_fail(e, TL_ENOT_PERMITTED, "the test does not allow %s:%d", host, port);
  return TL_OK;
}

static inline int fake_addr(void *ud, const char *host, int port, const struct sockaddr *sa,
                            tl_err *e)
{
  char ip[64] = "";
  (void)ud;
  rule.addresses++;
  if (sa->sa_family == AF_INET)
    (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, ip,
                    sizeof ip);
  if (rule.addresses_refused || (rule.v6_refused && sa->sa_family == AF_INET6))
    return tl_fail(e, TL_ENOT_PERMITTED, "the test does not allow the address %s of %s:%d", ip,
                   host, port);
  return TL_OK;
}

static inline int fake_secret(void *ud, const char *name, const char *scheme, const char *host,
                              int port, const char **value, tl_err *e)
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

static const tl_guard guard = {NULL, fake_name, fake_addr, fake_secret, NULL, NULL};

/* --- calls ------------------------------------------------------------------------------------ */

typedef struct job {
  tl_call call; /* first: done() gets its address */
  tl_val arg;
  int rc;
} job;

static inline void on_done(tl_call *call, int rc)
{
  ((job *)(void *)call)->rc = rc;
}

static inline void begin(job *j, tl_prim *prim, tl_val arg)
{
  *j = (job){.arg = arg};
  j->call = (tl_call){.args = &j->arg, .guard = &guard, .done = on_done};
  j->rc = prim(&j->call);
}

static inline void wait_for(job *j)
{
  tl_err e = {0};
  int64_t end = tl_clock_ms() + 20000;
  while (j->rc == TL_PENDING && tl_clock_ms() < end)
    assert_int_equal(tl_http_wait(NULL, 0, 100, &e), 0);
  assert_int_not_equal(j->rc, TL_PENDING);
  assert_int_equal(j->rc, j->call.err.code);
}

static inline void end(job *j)
{
  tl_free(&j->call.out);
  tl_free(&j->arg);
}

/* A value from JSON written with ' for ", @1 and @2 for the servers, '$NAME$' for a secret. */
static inline void replace_secrets(tl_val *v)
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

static inline tl_val request(const char *json)
{
  tl_buf b = TL_BUF(1 << 20);
  tl_err e = {0};
  tl_val v;
  for (const char *p = json; *p; p++) {
    if (p[0] == '@' && (p[1] == '1' || p[1] == '2'))
      (void)tl_buf_fmt(&b, "http://127.0.0.1:%d", (*++p == '1' ? one : two)->port);
    else (void)tl_buf_byte(&b, *p == '\'' ? '"' : *p);
  }
  if (tl_json_read(&v, b.data, b.len, &e) < 0) fail_msg("%s: %s", e.msg, b.data);
  tl_buf_free(&b);
  replace_secrets(&v);
  return v;
}

static inline job send_json(const char *json)
{
  job *j = calloc(1, sizeof *j);
  begin(j, prim_http_send, request(json));
  wait_for(j);
  job copy = *j; /* over: nothing points at it any more */
  free(j);
  return copy;
}

static inline void expect_ok(job *j, int status, const char *body)
{
  if (j->rc < 0) fail_msg("%s: %s", tl_code_name(j->rc), j->call.err.msg);
  assert_int_equal(tl_get_int(&j->call.out, "status", 0), status);
  if (body) assert_string_equal(tl_get_str(&j->call.out, "body", "(none)"), body);
}

/* The request fails with that code, and its message has these words. */
static inline void expect_error(const char *json, int code, const char *message)
{
  job j = send_json(json);
  if (j.rc != code)
    fail_msg("%s instead of %s: %s", tl_code_name(j.rc), tl_code_name(code), j.call.err.msg);
  if (!strstr(j.call.err.msg, message)) fail_msg("'%s' is not in: %s", message, j.call.err.msg);
  end(&j);
}

static inline const char *header(const job *j, const char *name)
{
  const tl_val *list = tl_get(&j->call.out, "headers");
  for (size_t i = 0; i < tl_len(list); i++)
    if (strcmp(tl_at(tl_at(list, i), 0)->u.s.data, name) == 0)
      return tl_at(tl_at(list, i), 1)->u.s.data;
  return NULL;
}

static inline int set_up(void **state)
{
  (void)state;
  memset(&rule, 0, sizeof rule);
  rule.secret = "s3cr3t-value";
  server_forget(one);
  server_forget(two);
  return 0;
}

static inline int tear_down(void **state)
{
  (void)state;
  tl_http_cancel();
  return tl_http_busy() ? -1 : 0;
}

static inline int group_up(void **state)
{
  (void)state;
  one = server_start();
  two = server_start();
  return 0;
}

static inline int group_down(void **state)
{
  (void)state;
  server_stop(one);
  server_stop(two);
  return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
