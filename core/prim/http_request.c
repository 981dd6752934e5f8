/* The request map of http.send and http.open, and the header lines that are made from it. */
#include "http.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "option.h"

enum { FIELDS_MAX = 256, REDIRECTS_MAX = 50 };

/* RFC 9110 section 5.6.2: what a method or the name of a header may consist of. */
static bool is_token(const char *s, size_t len)
{
  static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (size_t i = 0; i < len; i++)
    if (s[i] == '\0' || !strchr(allowed, s[i])) return false;
  return len > 0;
}

/* No line break and no NUL: either would end the header early and begin another. */
static bool is_one_line(const char *s, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (s[i] == '\0' || s[i] == '\r' || s[i] == '\n') return false;
  return true;
}

static bool is_among(const char *name, const char *const *list)
{
  for (; *list; list++)
    if (strcasecmp(name, *list) == 0) return true;
  return false;
}

/* Headers that decide where a message ends or who it is for: a wrong one would let a recipe write
 * a second request behind the first. */
static bool is_framing(const char *name)
{
  static const char *const list[] = {"host",
                                     "content-length",
                                     "transfer-encoding",
                                     "connection",
                                     "keep-alive",
                                     "upgrade",
                                     "expect",
                                     "te",
                                     "trailer",
                                     "proxy-connection",
                                     NULL};
  return is_among(name, list);
}

static bool is_credential(const char *name)
{
  static const char *const list[] = {
      "authorization",       "cookie", "x-api-key", "api-key", "x-goog-api-key",
      "proxy-authorization", NULL};
  return is_among(name, list);
}

/* One piece of a header's value: text or a secret. */
static int check_piece(const char *name, const tl_val *v, tl_err *e)
{
  if (v->type == TL_SECRET) return TL_OK;
  if (v->type != TL_STR)
    return tl_fail(e, TL_EARGUMENT,
                   "the header '%s' must be a string, or a list of strings and "
                   "secrets, not %s",
                   name, tl_type_name(v->type));
  if (!is_one_line(v->u.s.data, v->u.s.len))
    return tl_fail(e, TL_EREFUSED, "the value of the header '%s' holds a line break or a NUL",
                   name);
  return TL_OK;
}

/* {basic = {user, password}}: a login (RFC 7617). NULL for anything else. */
static const tl_val *login_of(const tl_val *v)
{
  const tl_val *pair = v->type == TL_MAP && tl_len(v) == 1 ? tl_get(v, "basic") : NULL;
  return pair && pair->type == TL_LIST && tl_len(pair) == 2 ? pair : NULL;
}

static int check_pieces(tl_http_field *f, const tl_val *list, tl_err *e)
{
  for (size_t i = 0; i < list->u.list.len; i++) {
    const tl_val *piece = &list->u.list.items[i];
    f->credential |= piece->type == TL_SECRET;
    int rc = check_piece(f->name, piece, e);
    if (rc < 0) return rc;
  }
  return TL_OK;
}

static int add_field(tl_http_request *r, const char *name, size_t len, const tl_val *v, tl_err *e)
{
  if (!is_token(name, len))
    return tl_fail(e, TL_EREFUSED,
                   "header %zu has a name that is not a token of letters, digits "
                   "and dashes",
                   r->count + 1);
  if (is_framing(name))
    return tl_fail(e, TL_EREFUSED, "the header '%s' is written by tlab itself; leave it out", name);
  if (r->count == FIELDS_MAX)
    return tl_fail(e, TL_ELIMIT, "a request takes at most %d headers", FIELDS_MAX);
  tl_http_field *f = &r->fields[r->count++];
  *f = (tl_http_field){.name = name, .value = v, .credential = is_credential(name)};
  const tl_val *login = login_of(v);
  if (login && login->u.list.items[0].type == TL_STR &&
      strchr(login->u.list.items[0].u.s.data, ':'))
    return tl_fail(e, TL_EREFUSED, "the user name of the header '%s' holds a colon", name);
  if (login || v->type == TL_LIST) {
    f->credential |= login != NULL;
    return check_pieces(f, login ? login : v, e);
  }
  f->credential |= v->type == TL_SECRET;
  return check_piece(name, v, e);
}

/* headers = {name = value, …} or {{name, value}, …} */
static int read_headers(tl_http_request *r, const tl_val *headers, tl_err *e)
{
  if (!headers || headers->type == TL_NIL) return TL_OK;
  if (headers->type != TL_MAP && headers->type != TL_LIST)
    return tl_fail(e, TL_EARGUMENT, "headers must be a map, or a list of {name, value}, not %s",
                   tl_type_name(headers->type));
  r->fields = tl_zalloc(FIELDS_MAX * sizeof *r->fields);
  int rc = TL_OK;
  if (headers->type == TL_MAP) {
    const tl_pair *p = headers->u.map.pairs;
    for (size_t i = 0; i < headers->u.map.len && rc == TL_OK; i++)
      rc = add_field(r, p[i].key, p[i].key_len, &p[i].val, e);
    return rc;
  }
  for (size_t i = 0; i < headers->u.list.len && rc == TL_OK; i++) {
    const tl_val *name = tl_at(tl_at(headers, i), 0), *value = tl_at(tl_at(headers, i), 1);
    if (!name || !value || name->type != TL_STR)
      return tl_fail(e, TL_EARGUMENT, "header %zu must be {name, value}", i + 1);
    rc = add_field(r, name->u.s.data, name->u.s.len, value, e);
  }
  return rc;
}

static int read_method(tl_http_request *r, const tl_val *v, tl_err *e)
{
  if (!v || v->type == TL_NIL) {
    (void)snprintf(r->method, sizeof r->method, "%s", r->body ? "POST" : "GET");
    return TL_OK;
  }
  if (v->type != TL_STR)
    return tl_fail(e, TL_EARGUMENT, "method must be a string, not %s", tl_type_name(v->type));
  if (!is_token(v->u.s.data, v->u.s.len) || v->u.s.len >= sizeof r->method)
    return tl_fail(e, TL_EREFUSED, "method must be one word such as GET or POST");
  memcpy(r->method, v->u.s.data, v->u.s.len + 1);
  return TL_OK;
}

static int read_body(tl_http_request *r, const tl_val *v, tl_err *e)
{
  if (!v || v->type == TL_NIL) return TL_OK;
  if (v->type != TL_STR)
    return tl_fail(e, TL_EARGUMENT, "body must be a string, not %s", tl_type_name(v->type));
  r->body = v->u.s.data;
  r->body_len = v->u.s.len;
  return TL_OK;
}

static int read_numbers(tl_http_request *r, const tl_val *map, int64_t bytes_max, tl_err *e)
{
  const struct {
    const char *key;
    int64_t *out, dflt, min, max;
  } rows[] = {
      {"timeout_ms", &r->timeout_ms, 600000, 1, INT32_MAX},
      {"connect_timeout_ms", &r->connect_timeout_ms, 10000, 1, INT32_MAX},
      {"idle_timeout_ms", &r->idle_timeout_ms, 0, 0, INT32_MAX},
      {"max_bytes", &r->max_bytes, 64 << 20, 1, bytes_max},
      {"max_redirects", &r->max_redirects, 5, 0, REDIRECTS_MAX},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    *rows[i].out = rows[i].dflt;
    int rc =
        tl_option_whole(map, "the request", rows[i].key, rows[i].min, rows[i].max, rows[i].out, e);
    if (rc < 0) return rc;
  }
  return TL_OK;
}

static int check_keys(const tl_val *map, tl_err *e)
{
  static const char *const known[] = {
      "method",          "url",       "headers",       "body", "timeout_ms", "connect_timeout_ms",
      "idle_timeout_ms", "max_bytes", "max_redirects", NULL};
  for (size_t i = 0; i < map->u.map.len; i++)
    if (!is_among(map->u.map.pairs[i].key, known))
      return tl_fail(e, TL_EARGUMENT,
                     "a request has no field '%.60s'; there are method, url, "
                     "headers, body, timeout_ms, connect_timeout_ms, idle_timeout_ms, max_bytes, "
                     "max_redirects",
                     map->u.map.pairs[i].key);
  return TL_OK;
}

int tl_http_request_read(tl_http_request *r, tl_http_url *url, const tl_val *map, int64_t bytes_max,
                         tl_err *e)
{
  if (!map || map->type != TL_MAP)
    return tl_fail(e, TL_EARGUMENT, "a request must be a map with at least url");
  int rc = check_keys(map, e);
  const tl_val *text = tl_get(map, "url");
  if (rc == TL_OK && (!text || text->type != TL_STR))
    rc = tl_fail(e, TL_EARGUMENT, "a request needs a url, a string");
  if (rc == TL_OK) rc = tl_http_url_read(url, text->u.s.data, text->u.s.len, e);
  if (rc == TL_OK) rc = read_body(r, tl_get(map, "body"), e);
  if (rc == TL_OK) rc = read_method(r, tl_get(map, "method"), e);
  if (rc == TL_OK) rc = read_headers(r, tl_get(map, "headers"), e);
  if (rc == TL_OK) rc = read_numbers(r, map, bytes_max, e);
  return rc;
}

/* --- header lines ----------------------------------------------------------------------------- */

static int add_piece(tl_buf *line, const tl_http *t, const char *name, const tl_val *v, tl_err *e)
{
  if (v->type != TL_SECRET) return tl_buf_add(line, v->u.s.data, v->u.s.len);
  const char *value = NULL;
  int rc = t->guard->secret(t->guard->ud, v->u.s.data, t->url.scheme, t->url.host, t->url.port,
                            &value, e);
  if (rc < 0) return rc;
  if (!is_one_line(value, strlen(value)))
    return tl_fail(e, TL_EREFUSED,
                   "the secret %s holds a line break and cannot go into the header "
                   "'%s'",
                   v->u.s.data, name);
  return tl_buf_str(line, value);
}

static int add_pieces(tl_buf *line, const tl_http *t, const char *name, const tl_val *list,
                      const char *between, tl_err *e)
{
  int rc = TL_OK;
  for (size_t i = 0; i < list->u.list.len && rc == TL_OK; i++) {
    if (i > 0) rc = tl_buf_str(line, between);
    if (rc == TL_OK) rc = add_piece(line, t, name, &list->u.list.items[i], e);
  }
  return rc;
}

/* "Basic " and the base64 of user:password. */
static int add_login(tl_buf *line, const tl_http *t, const char *name, const tl_val *login,
                     tl_err *e)
{
  enum { PLAIN_MAX = TL_HTTP_HEAD_MAX / 2 };
  tl_buf plain = {.data = tl_alloc(PLAIN_MAX + 1), .cap = PLAIN_MAX + 1, .max = PLAIN_MAX};
  int rc = add_pieces(&plain, t, name, login, ":", e);
  if (rc == TL_OK) rc = tl_buf_str(line, "Basic ");
  size_t size = (plain.len + 2) / 3 * 4;
  if (rc == TL_OK && line->len + size > line->max) rc = TL_ELIMIT;
  if (rc == TL_OK) {
    (void)EVP_EncodeBlock((unsigned char *)line->data + line->len, (unsigned char *)plain.data,
                          (int)plain.len);
    line->len += size;
  }
  explicit_bzero(plain.data, PLAIN_MAX + 1);
  tl_buf_free(&plain);
  return rc;
}

static int add_value(tl_buf *line, const tl_http *t, const tl_http_field *f, tl_err *e)
{
  const tl_val *login = login_of(f->value);
  if (login) return add_login(line, t, f->name, login, e);
  if (f->value->type == TL_LIST) return add_pieces(line, t, f->name, f->value, "", e);
  return add_piece(line, t, f->name, f->value, e);
}

static int make_line(tl_buf *line, const tl_http *t, const tl_http_field *f, tl_err *e)
{
  e->code = TL_OK;
  int rc = tl_buf_fmt(line, "%s: ", f->name);
  size_t start = line->len;
  if (rc == TL_OK) rc = add_value(line, t, f, e);
  /* curl takes "name:" as "leave it out" and "name;" as "send it without a value". */
  if (rc == TL_OK && line->len == start) {
    line->data[--line->len] = '\0';
    line->data[line->len - 1] = ';';
  }
  if (rc < 0 && e->code == TL_OK)
    return tl_fail(e, TL_ELIMIT, "the header '%s' is longer than %d bytes", f->name,
                   TL_HTTP_HEAD_MAX);
  return rc;
}

static void append(tl_http *t, const char *line)
{
  struct curl_slist *longer = tl_curl.curl_slist_append(t->lines, line);
  if (!longer) TL_BUG("out of memory in curl_slist_append");
  t->lines = longer;
}

int tl_http_lines_make(tl_http *t, tl_err *e)
{
  /* Whole from the start: growing would leave copies of a secret in freed memory. */
  tl_buf line = {
      .data = tl_alloc(TL_HTTP_HEAD_MAX + 1), .cap = TL_HTTP_HEAD_MAX + 1, .max = TL_HTTP_HEAD_MAX};
  bool typed = false;
  int rc = TL_OK;
  for (size_t i = 0; i < t->req.count && rc == TL_OK; i++) {
    const tl_http_field *f = &t->req.fields[i];
    if (t->stripped && f->credential) continue;
    typed |= strcasecmp(f->name, "content-type") == 0;
    rc = make_line(&line, t, f, e);
    if (rc == TL_OK) append(t, line.data);
    explicit_bzero(line.data, line.len);
    tl_buf_clear(&line);
  }
  append(t, "Expect:");
  if (!typed) append(t, "Content-Type:"); /* none, where curl would say it is a form */
  tl_buf_free(&line);
  return rc;
}

void tl_http_lines_free(tl_http *t)
{
  for (struct curl_slist *l = t->lines; l; l = l->next) explicit_bzero(l->data, strlen(l->data));
  if (t->lines) tl_curl.curl_slist_free_all(t->lines);
  t->lines = NULL;
}
