/* One hop as curl sees it: its options, its callbacks with the caps, and what its end means. */
#include "http.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Remembers the first reason only; what follows is its consequence. */
#define GIVE_UP(t, ...) ((t)->err.code == TL_OK ? tl_fail(&(t)->err, __VA_ARGS__) : (t)->err.code)

/* --- connecting ------------------------------------------------------------------------------- */

static bool allowed(tl_http *t, const struct sockaddr *sa)
{
  tl_err e = {0};
  if (t->guard && t->guard->net_addr(t->guard->ud, t->url.host, t->url.port, sa, &e) == TL_OK)
    return true;
  if (!t->refused) t->err = e; /* forgotten again if another address of the host is allowed */
  t->refused = true;
  return false;
}

/* CURLOPT_OPENSOCKETFUNCTION: the address is what the name really led to. */
static curl_socket_t open_socket(void *ud, curlsocktype purpose, struct curl_sockaddr *a)
{
  tl_http *t = ud;
  (void)purpose;
  if (!allowed(t, &a->addr)) return CURL_SOCKET_BAD;
  t->dialled = true;
  return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static bool address_of(struct sockaddr_storage *sa, const char *ip, int port)
{
  struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)sa;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)sa;
  memset(sa, 0, sizeof *sa);
  if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    return true;
  }
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons((uint16_t)port);
  return inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1;
}

/* CURLOPT_PREREQFUNCTION: connected, nothing sent. A connection that is used again was opened for
 * another request, so its address is asked about here. */
static int before_request(void *ud, char *ip, char *own_ip, int port, int own_port)
{
  tl_http *t = ud;
  struct sockaddr_storage sa;
  (void)own_ip;
  (void)own_port;
  if (!address_of(&sa, ip, port)) {
    (void)GIVE_UP(t, TL_ENOT_PERMITTED, "%s has an address of no known kind", t->url.shown);
    return CURL_PREREQFUNC_ABORT;
  }
  if (!t->dialled && !allowed(t, (struct sockaddr *)&sa)) return CURL_PREREQFUNC_ABORT;
  t->connected = true;
  t->err = (tl_err){0}; /* another address of the host may have been refused before */
  (void)snprintf(t->address, sizeof t->address, strchr(ip, ':') ? "[%s]:%d" : "%s:%d", ip, port);
  return CURL_PREREQFUNC_OK;
}

/* --- headers ---------------------------------------------------------------------------------- */

static void came(tl_http *t)
{
  t->last_byte = tl_clock_ms();
  if (t->first_byte == 0) t->first_byte = t->last_byte;
}

/* Content-Length decides where the answer ends: it must be one number (RFC 9112 section 6.3). */
static int check_length(tl_http *t, const char *value)
{
  size_t digits = strspn(value, "0123456789");
  int64_t n = digits > 0 && digits < 19 && value[digits] == '\0' ? strtoll(value, NULL, 10) : -1;
  if (n < 0)
    return GIVE_UP(t, TL_ENETWORK, "%s announces a Content-Length that is not a number: '%.40s'",
                   t->url.shown, value);
  if (t->length >= 0 && t->length != n)
    return GIVE_UP(t, TL_ENETWORK,
                   "%s announces two lengths, %lld and %lld: the answer cannot be "
                   "trusted",
                   t->url.shown, (long long)t->length, (long long)n);
  t->length = n;
  return TL_OK;
}

static int add_header(tl_http *t, const char *line, size_t len)
{
  const char *colon = memchr(line, ':', len);
  if (!colon || colon == line)
    return GIVE_UP(t, TL_ENETWORK, "%s sent a header line without a name and a colon",
                   t->url.shown);
  size_t name_len = (size_t)(colon - line);
  const char *value = colon + 1, *end = line + len;
  while (value < end && (*value == ' ' || *value == '\t')) value++;
  while (end > value && (end[-1] == ' ' || end[-1] == '\t')) end--;

  tl_val name = tl_strn(line, name_len);
  for (size_t i = 0; i < name_len; i++)
    name.u.s.data[i] = (char)tolower((unsigned char)name.u.s.data[i]);
  tl_val *pair = tl_push(&t->headers, tl_list());
  (void)tl_push(pair, name);
  const tl_val *kept = tl_push(pair, tl_strn(value, (size_t)(end - value)));
  if (strcmp(tl_at(pair, 0)->u.s.data, "content-length") == 0)
    return check_length(t, kept->u.s.data);
  return TL_OK;
}

/* A line that begins with white space goes on with the value before it (RFC 9112 section 5.2). */
static int add_folded(tl_http *t, const char *line, size_t len)
{
  size_t n = tl_len(&t->headers);
  if (n == 0)
    return GIVE_UP(t, TL_ENETWORK, "%s sent headers that begin with a blank", t->url.shown);
  tl_val *value = &t->headers.u.list.items[n - 1].u.list.items[1];
  tl_buf b = TL_BUF(TL_HTTP_HEAD_MAX);
  while (len > 0 && (*line == ' ' || *line == '\t')) line++, len--;
  int rc = tl_buf_add(&b, value->u.s.data, value->u.s.len);
  if (rc == TL_OK) rc = tl_buf_byte(&b, ' ');
  if (rc == TL_OK) rc = tl_buf_add(&b, line, len);
  tl_free(value);
  size_t taken;
  char *data = tl_buf_take(&b, &taken);
  *value = tl_str_take(data, taken);
  return rc;
}

static int status_line(tl_http *t, const char *line, size_t len)
{
  const char *space = memchr(line, ' ', len);
  const char *digits = space ? space + 1 : "";
  if (!space || line + len - digits < 3 || strspn(digits, "0123456789") < 3)
    return GIVE_UP(t, TL_ENETWORK, "%s sent something that is not an HTTP answer", t->url.shown);
  t->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  return TL_OK;
}

static const char *version_of(tl_http *t)
{
  long v = CURL_HTTP_VERSION_NONE;
  (void)tl_curl.curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &v);
  return v == CURL_HTTP_VERSION_1_0   ? "1.0"
         : v == CURL_HTTP_VERSION_1_1 ? "1.1"
         : v == CURL_HTTP_VERSION_3   ? "3"
                                      : "2";
}

/* The empty line behind a block of headers. 1xx is followed by another block; 101 is not asked for
 * and would be the last. */
static void block_done(tl_http *t)
{
  if (t->status >= 200 || t->status == 101) {
    t->head_done = true;
    t->version = version_of(t);
    if (t->handle) tl_http_moved();
    return;
  }
  t->status = 0;
  t->length = -1;
  tl_free(&t->headers);
  t->headers = tl_list();
}

static size_t on_header(char *data, size_t size, size_t n, void *ud)
{
  tl_http *t = ud;
  size_t len = size * n, all = len;
  int rc = TL_OK;
  came(t);
  if (len > TL_HTTP_HEAD_MAX - t->head_bytes)
    rc = GIVE_UP(t, TL_ELIMIT, "%s sent more than %d bytes of headers", t->url.shown,
                 TL_HTTP_HEAD_MAX);
  t->head_bytes += len;
  if (rc < 0 || t->head_done) return rc < 0 ? 0 : all; /* trailers are counted, not kept */
  while (len > 0 && (data[len - 1] == '\r' || data[len - 1] == '\n')) len--;
  if (t->status == 0) rc = status_line(t, data, len);
  else if (len == 0) block_done(t);
  else if (*data == ' ' || *data == '\t') rc = add_folded(t, data, len);
  else rc = add_header(t, data, len);
  return rc < 0 ? 0 : all;
}

/* --- the body --------------------------------------------------------------------------------- */

/* Called with decoded bytes, so that a small compressed answer cannot grow past the cap. */
static size_t on_body(char *data, size_t size, size_t n, void *ud)
{
  tl_http *t = ud;
  size_t len = size * n;
  came(t);
  if ((int64_t)len > t->req.max_bytes - t->bytes) {
    (void)GIVE_UP(t, TL_ELIMIT, "the answer of %s is larger than %lld bytes (max_bytes)",
                  t->url.shown, (long long)t->req.max_bytes);
    return 0;
  }
  bool kept = !tl_http_redirected(t);
  if (t->handle && kept && t->body.len > 0 && t->body.len + len > TL_HTTP_BUFFER_MAX) {
    t->paused = true;
    return CURL_WRITEFUNC_PAUSE; /* curl keeps these bytes and hands them over again */
  }
  t->bytes += (int64_t)len;
  if (kept && tl_buf_add(&t->body, data, len) < 0) TL_BUG("a body beyond its cap");
  if (t->handle) tl_http_moved();
  return len;
}

/* --- options ---------------------------------------------------------------------------------- */

static void check(CURLcode code)
{
  if (code != CURLE_OK) TL_BUG(tl_curl.curl_easy_strerror(code));
}

#define SET(t, option, value) check(tl_curl.curl_easy_setopt((t)->easy, option, value))

/* What curl would otherwise take from its surroundings, or be talked into by the server. */
static void set_closed(tl_http *t)
{
  SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
  SET(t, CURLOPT_PROXY, "");
  SET(t, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  SET(t, CURLOPT_FOLLOWLOCATION, 0L);
  SET(t, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  SET(t, CURLOPT_HTTP09_ALLOWED, 0L);
  SET(t, CURLOPT_SSL_VERIFYPEER, 1L);
  SET(t, CURLOPT_SSL_VERIFYHOST, 2L);
  SET(t, CURLOPT_NOSIGNAL, 1L);
  SET(t, CURLOPT_QUICK_EXIT, 1L); /* a name service that hangs must not hold up the rest */
}

static void set_callbacks(tl_http *t)
{
  SET(t, CURLOPT_PRIVATE, t);
  SET(t, CURLOPT_ERRORBUFFER, t->text);
  SET(t, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  SET(t, CURLOPT_OPENSOCKETDATA, t);
  SET(t, CURLOPT_PREREQFUNCTION, before_request);
  SET(t, CURLOPT_PREREQDATA, t);
  SET(t, CURLOPT_HEADERFUNCTION, on_header);
  SET(t, CURLOPT_HEADERDATA, t);
  SET(t, CURLOPT_WRITEFUNCTION, on_body);
  SET(t, CURLOPT_WRITEDATA, t);
}

static void set_request(tl_http *t)
{
  const char *m = t->req.method;
  bool empty =
      !t->req.body && (strcmp(m, "POST") == 0 || strcmp(m, "PUT") == 0 || strcmp(m, "PATCH") == 0);
  SET(t, CURLOPT_URL, t->url.text);
  if (t->req.body || empty) {
    SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->req.body_len);
    /* An opened answer outlives its call, and with it the request's body. */
    SET(t, t->handle ? CURLOPT_COPYPOSTFIELDS : CURLOPT_POSTFIELDS, empty ? "" : t->req.body);
  } else if (strcmp(m, "HEAD") == 0) {
    SET(t, CURLOPT_NOBODY, 1L);
  }
  SET(t, CURLOPT_CUSTOMREQUEST, m);
  SET(t, CURLOPT_HTTPHEADER, t->lines);
  SET(t, CURLOPT_USERAGENT, "tlab/" TL_VERSION);
  SET(t, CURLOPT_ACCEPT_ENCODING, ""); /* whatever this curl can decode */
  SET(t, CURLOPT_TIMEOUT_MS, (long)t->time_left);
  SET(t, CURLOPT_CONNECTTIMEOUT_MS, (long)t->req.connect_timeout_ms);
}

void tl_http_setup(tl_http *t)
{
  set_closed(t);
  set_callbacks(t);
  set_request(t);
}

/* --- the end ---------------------------------------------------------------------------------- */

static int explain_connect(tl_http *t)
{
  long os = 0;
  if (t->refused && !t->dialled) return t->err.code; /* the guard's own words */
  (void)tl_curl.curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os);
  if (os == ECONNREFUSED)
    return tl_fail(&t->err, TL_ENETWORK,
                   "cannot reach %s: nothing listens at %s:%d; is the server "
                   "running?",
                   t->url.shown, t->url.host, t->url.port);
  return tl_fail(&t->err, TL_ENETWORK, "cannot reach %s: %s", t->url.shown,
                 os ? strerror((int)os) : t->text);
}

static int explain_time(tl_http *t)
{
  if (!t->connected && t->req.connect_timeout_ms < t->time_left)
    return tl_fail(&t->err, TL_ETIMEOUT,
                   "cannot reach %s: no connection to %s:%d within %lld ms "
                   "(connect_timeout_ms)",
                   t->url.shown, t->url.host, t->url.port, (long long)t->req.connect_timeout_ms);
  return tl_fail(&t->err, TL_ETIMEOUT,
                 "no whole answer from %s within %lld ms (timeout_ms); %lld "
                 "bytes of it came",
                 t->url.shown, (long long)t->req.timeout_ms, (long long)t->bytes);
}

static int explain_cut(tl_http *t)
{
  if (t->head_bytes == 0)
    return tl_fail(&t->err, TL_ENETWORK, "%s closed the connection without an answer",
                   t->url.shown);
  if (!t->head_done)
    return tl_fail(&t->err, TL_ENETWORK, "the answer of %s was cut in the middle of its headers",
                   t->url.shown);
  return tl_fail(&t->err, TL_ENETWORK, "the answer of %s was cut after %lld bytes of its body",
                 t->url.shown, (long long)t->bytes);
}

static const char *words(const tl_http *t, CURLcode code)
{
  return t->text[0] ? t->text : tl_curl.curl_easy_strerror(code);
}

/* CURLE_TOO_LARGE, which headers of before 8.6 do not have. */
enum { CURL_TOO_LARGE = 100 };

/* curl's codes as seen with 7.88 and 8.23, libcurl-errors(3). */
static int explain(tl_http *t, CURLcode code)
{
  switch ((int)code) {
  case CURLE_COULDNT_RESOLVE_HOST:
    return tl_fail(&t->err, TL_ENOT_FOUND,
                   "cannot reach %s: no address is known for '%s'; check "
                   "the name",
                   t->url.shown, t->url.host);
  case CURLE_COULDNT_CONNECT: return explain_connect(t);
  case CURLE_OPERATION_TIMEDOUT: return explain_time(t);
  case CURLE_GOT_NOTHING:
  case CURLE_PARTIAL_FILE: return explain_cut(t);
  case CURLE_UNSUPPORTED_PROTOCOL: /* the scheme was checked: it is the answer */
    return tl_fail(&t->err, TL_ENETWORK,
                   "%s sent something that is not an HTTP answer; is this "
                   "the right port?",
                   t->url.shown);
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_INVALIDCERTSTATUS:
    return tl_fail(&t->err, TL_EREFUSED, "%s cannot prove who it is: %s", t->url.shown,
                   words(t, code));
  case CURLE_OUT_OF_MEMORY: /* what 7.88 says of a header line above its own limit */
  case CURL_TOO_LARGE:
    if (!t->head_done)
      return tl_fail(&t->err, TL_ELIMIT, "%s sent more than %d bytes of headers", t->url.shown,
                     TL_HTTP_HEAD_MAX);
    break;
  default: break;
  }
  return tl_fail(&t->err, TL_ENETWORK, "the exchange with %s failed: %s", t->url.shown,
                 words(t, code));
}

int tl_http_verdict(tl_http *t, CURLcode code)
{
  if (code == CURLE_OK && t->err.code == TL_OK)
    return t->head_done ? TL_OK : explain_cut(t); /* curl takes cut headers for an answer */
  if (code == CURLE_WRITE_ERROR || code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_OK)
    if (t->err.code != TL_OK) return t->err.code;
  return explain(t, code);
}

tl_val tl_http_answer(tl_http *t)
{
  tl_val out = tl_map();
  (void)tl_put(&out, "status", tl_int(t->status));
  (void)tl_put(&out, "headers", t->headers);
  t->headers = tl_nil();
  (void)tl_put(&out, "url", tl_str(t->url.text));
  (void)tl_put(&out, "address", tl_str(t->address));
  (void)tl_put(&out, "http", tl_str(t->version));
  (void)tl_put(&out, "redirects", t->redirects);
  t->redirects = tl_nil();
  (void)tl_put(&out, "first_byte_ms", tl_int(t->first_byte - t->began));
  return out;
}
