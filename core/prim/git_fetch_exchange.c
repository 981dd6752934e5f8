/* The exchanges of git.fetch with the server, by the HTTP primitives: what holds for http.send holds
 * here, names, addresses, redirects, certificates and secrets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/wire.h"
#include "git_fetch.h"
#include "http.h"
#include "loop.h"

enum { AHEAD = 1 << 20 }; /* bytes that may wait for the child before the server must wait */

static const char refs_tail[] = "/info/refs?service=git-upload-pack";

static int64_t last_handle;

/* --- to the child --- */

static void tell(tl_git_fetch *f, tl_val list)
{
  tl_err e = {0};
  if (tl_wire_put(&f->out, &list, &e) < 0) {
    TL_BUG("a frame for git.fetch's child is too large");
  }
  tl_free(&list);
}

static tl_val about(const tl_git_fetch *f)
{
  tl_val list = tl_list();
  tl_push(&list, tl_int(f->exchange.n));
  return list;
}

void tl_git_exchange_drop(tl_git_fetch *f)
{
  if (f->exchange.handle) {
    tl_http_forget(f->exchange.handle);
  }
  tl_free(&f->exchange.args);
  tl_free(&f->exchange.call.out);
  f->exchange = (tl_git_exchange){0};
}

void tl_git_exchange_fail(tl_git_fetch *f, const tl_err *e, bool unreachable)
{
  tl_val list = about(f);
  tl_push(&list, tl_int(e->code));
  tl_push(&list, tl_str(e->msg));
  tl_push(&list, tl_bool(unreachable));
  tell(f, list);
  tl_git_exchange_drop(f);
}

/* --- the request --- */

static void put_header(tl_val *headers, const char *name, const char *value)
{
  tl_put(headers, name, tl_str(value));
}

static tl_val request(const tl_git_fetch *f, const tl_val *body)
{
  tl_val map = tl_map();
  tl_buf url = TL_BUF(1 << 17);
  size_t len;
  (void)tl_buf_str(&url, f->base);
  (void)tl_buf_str(&url, f->exchange.pack ? "/git-upload-pack" : refs_tail);
  char *text = tl_buf_take(&url, &len);
  tl_put(&map, "url", tl_str_take(text, len));
  tl_val *headers = tl_put(&map, "headers", tl_map());
  put_header(headers, "user-agent",
             "git/2.0 (tlab/" TL_VERSION ")"); /* some servers look for git/ */
  if (f->exchange.pack) {
    put_header(headers, "accept", "application/x-git-upload-pack-result");
    put_header(headers, "content-type", "application/x-git-upload-pack-request");
    tl_put(&map, "body", tl_copy(body));
  } else {
    put_header(headers, "accept", "*/*");
  }
  if (f->login.type != TL_NIL) {
    tl_put(headers, "authorization", tl_copy(&f->login));
  }
  tl_put(&map, "max_redirects", tl_int(f->exchange.pack ? 0 : 5));
  tl_put(&map, "max_bytes", tl_int(f->child.max_bytes));
  tl_put(&map, "timeout_ms", tl_int(f->child.timeout_ms));
  return map;
}

/* Is there no way to the server, or has it refused? Only then a mirror answers instead. */
static bool is_unreachable(int rc)
{
  return rc == TL_ENETWORK || rc == TL_ETIMEOUT || rc == TL_ENOT_FOUND || rc == TL_ENOT_RECORDED;
}

static void fail_call(tl_git_fetch *f)
{
  tl_err e = f->exchange.call.err;
  tl_git_exchange_fail(f, &e, is_unreachable(e.code));
}

static void http_done(tl_call *call, int rc)
{
  tl_git_exchange *x = (tl_git_exchange *)((char *)call - offsetof(tl_git_exchange, call));
  x->waits = false;
  if (rc < 0) {
    call->err.code = rc;
  }
}

/* What began: waits, is done, or failed at once. */
static void began(tl_git_exchange *x, int rc)
{
  x->waits = rc == TL_PENDING;
  if (rc < 0) {
    x->call.err.code = rc;
  }
}

void tl_git_exchange_begin(tl_git_fetch *f, const tl_val *ask)
{
  const tl_val *n = tl_at(ask, 1), *service = tl_at(ask, 2), *body = tl_at(ask, 3);
  tl_git_exchange_drop(f);
  if (f->child.source.is_file || n->u.i < 1) {
    return; /* our child does not ask so */
  }
  tl_git_exchange *x = &f->exchange;
  x->n = n->u.i;
  x->pack = strcmp(service->u.s.data, "pack") == 0;
  x->handle = --last_handle;
  x->args = request(f, body);
  x->call = (tl_call){.args = &x->args, .guard = f->call->guard, .done = http_done};
  f->moved = tl_clock_ms();
  began(x, tl_http_start(&x->call, x->handle));
}

/* --- the answer --- */

static const char *header(const tl_val *headers, const char *name)
{
  for (size_t i = 0; i < tl_len(headers); i++) {
    const tl_val *pair = tl_at(headers, i);
    if (strcmp(tl_at(pair, 0)->u.s.data, name) == 0) {
      return tl_at(pair, 1)->u.s.data;
    }
  }
  return "";
}

static int fail_status(const tl_git_fetch *f, int status, tl_err *e)
{
  const char *url = f->child.source.url;
  if (status == 401 && f->login.type != TL_NIL) {
    return tl_fail(e, TL_EREFUSED, "%s does not take this secret, or there is no such repository",
                   url);
  }
  if (status == 401) {
    return tl_fail(
        e, TL_EREFUSED,
        "%s asks for a login, or there is no such repository: check the address, or give "
        "a token: { secret = tlab.secret 'NAME' }",
        url);
  }
  if (status == 403) {
    return tl_fail(e, TL_EREFUSED, "%s may not be read: the server answered 403 (forbidden)", url);
  }
  if (status == 404 || status == 410) {
    return tl_fail(e, TL_ENOT_FOUND,
                   "there is no git repository at %s: the server answered %d; check the address",
                   url, status);
  }
  if (status >= 300 && status < 400) {
    return tl_fail(e, TL_EREFUSED, "%s points elsewhere (%d) in the middle of the exchange", url,
                   status);
  }
  return tl_fail(e, TL_EPROVIDER, "%s: the server answered %d", url, status);
}

/* After a redirect the rest goes to where the first answer came from, as git does; a secret does not
 * go to another server. */
static int take_base(tl_git_fetch *f, const char *url, tl_err *e)
{
  size_t len = strlen(url), tail = sizeof refs_tail - 1;
  tl_http_url from = {0}, to = {0};
  if (len <= tail || strcmp(url + len - tail, refs_tail) != 0) {
    return tl_fail(e, TL_EREFUSED, "%s points to %.300s, which is no git repository",
                   f->child.source.url, url);
  }
  int rc = tl_http_url_read(&from, f->base, strlen(f->base), e);
  rc = rc < 0 ? rc : tl_http_url_read(&to, url, len, e);
  if (rc == 0 && !tl_http_url_same_origin(&from, &to)) {
    tl_free(&f->login);
  }
  tl_http_url_free(&from);
  tl_http_url_free(&to);
  free(f->base);
  f->base = tl_memdup0(url, len - tail);
  return rc;
}

static int judge_head(tl_git_fetch *f, const tl_val *answer, tl_err *e)
{
  int status = (int)tl_get_int(answer, "status", 0);
  const char *type = header(tl_get(answer, "headers"), "content-type");
  const char *want = f->exchange.pack ? "application/x-git-upload-pack-result"
                                      : "application/x-git-upload-pack-advertisement";
  if (status != 200) {
    return fail_status(f, status, e);
  }
  if (strcmp(type, want) != 0) {
    return tl_fail(e, TL_ENETWORK,
                   "what answers at %s is no git server of today: it sent '%.80s' instead of '%s'",
                   f->child.source.url, type, want);
  }
  return f->exchange.pack ? 0 : take_base(f, tl_get_str(answer, "url", ""), e);
}

/* The headers have come. */
static void take_head(tl_git_fetch *f)
{
  tl_git_exchange *x = &f->exchange;
  tl_err e = {0};
  int rc = judge_head(f, &x->call.out, &e);
  if (rc < 0) {
    tl_git_exchange_fail(f, &e, rc == TL_ENETWORK || rc == TL_EPROVIDER);
    return;
  }
  tl_free(&x->call.out);
  tl_free(&x->args);
  x->args = tl_int(x->handle);
  x->call.args = NULL;
  x->opened = true;
}

/* A piece of the body, or its end. */
static void take_piece(tl_git_fetch *f)
{
  tl_val piece = f->exchange.call.out, list = about(f);
  tl_err e;
  f->exchange.call.out = tl_nil();
  if (piece.type != TL_STR) {
    tell(f, list);
    tl_git_exchange_drop(f);
    return;
  }
  f->bytes += (int64_t)piece.u.s.len;
  if (f->bytes > f->child.max_bytes) {
    (void)tl_fail(&e, TL_ELIMIT, "%s is larger than %lld bytes (max_bytes)", f->child.source.url,
                  (long long)f->child.max_bytes);
    tl_free(&piece);
    tl_free(&list);
    tl_git_exchange_fail(f, &e, false);
    return;
  }
  tl_push(&list, piece);
  tell(f, list);
}

static void ask_next(tl_git_exchange *x)
{
  x->call = (tl_call){.args = &x->args, .done = http_done};
  began(x, tl_http_next(&x->call));
}

void tl_git_exchange_step(tl_git_fetch *f)
{
  tl_git_exchange *x = &f->exchange;
  while (x->n && !x->waits) {
    f->moved = tl_clock_ms();
    if (x->call.err.code != 0) {
      fail_call(f);
    } else if (!x->opened) {
      take_head(f);
    } else if (x->call.args) {
      take_piece(f);
      x->call.args = NULL;
    }
    if (!x->n || f->out.len > AHEAD) {
      return;
    }
    if (x->opened) {
      ask_next(x);
    }
  }
}
