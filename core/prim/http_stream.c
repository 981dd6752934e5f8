/* Answers that are read while they come: http.open, http.next, http.close. */
#include "http.h"

static int64_t opened; /* handles are counted in the order of http.open, so that a replay agrees */

int prim_http_open(tl_call *call)
{
  return tl_http_start(call, ++opened);
}

static int fail_handle(tl_err *e)
{
  return tl_fail(
      e, TL_EARGUMENT,
      "there is no opened answer with this handle; it comes from http.open and ends with "
      "http.close");
}

static tl_http *find(tl_call *call)
{
  const tl_val *v = &call->args[0];
  tl_http *t = v->type == TL_INT ? tl_http_find(v->u.i) : NULL;
  if (!t) (void)fail_handle(&call->err);
  else if (t->call)
    (void)tl_fail(&call->err, TL_EARGUMENT, "another task waits for the answer with handle %lld",
                  (long long)t->handle);
  return call->err.code == TL_OK ? t : NULL;
}

/* What an http.next gets now: bytes, nil or an error; or TL_PENDING. */
static int take(tl_http *t, tl_call *call)
{
  if (t->body.len > 0) {
    size_t len;
    char *data = tl_buf_take(&t->body, &len);
    call->out = tl_str_take(data, len);
    return TL_OK;
  }
  if (!t->ended) return TL_PENDING;
  call->out = tl_nil();
  if (t->err.code != TL_OK) call->err = t->err;
  return t->err.code;
}

bool tl_http_stream_feed(tl_http *t)
{
  if (!t->opened) {
    if (!t->head_done || tl_http_redirected(t)) return false;
    t->opened = true;
    t->guard = NULL; /* it belongs to the call that ends here */
    t->call->out = tl_http_answer(t);
    (void)tl_put(&t->call->out, "handle", tl_int(t->handle));
    tl_http_reply(t, TL_OK);
    return true;
  }
  int rc = take(t, t->call);
  if (rc == TL_PENDING) return false;
  tl_http_reply(t, rc);
  return true;
}

/* Takes the brake off when the buffer is empty. curl may call back with what it held. */
static void go_on(tl_http *t)
{
  if (!t->easy || !t->paused || t->body.len > 0) return;
  t->paused = false;
  t->last_byte = tl_clock_ms();
  CURLcode code = tl_curl.curl_easy_pause(t->easy, CURLPAUSE_CONT);
  if (code != CURLE_OK) tl_http_over(t, code);
}

int tl_http_next(tl_call *call)
{
  tl_http *t = find(call);
  if (!t) return call->err.code;
  int rc = take(t, call);
  go_on(t);
  if (rc == TL_PENDING) {
    t->call = call;
    call->state = t;
  }
  return rc;
}

/* Numbers below 1 are of answers that were opened by another primitive, for itself. */
static int check_own(const tl_call *call, tl_err *e)
{
  const tl_val *v = &call->args[0];
  return v->type == TL_INT && v->u.i >= 1 ? TL_OK : fail_handle(e);
}

int prim_http_next(tl_call *call)
{
  int rc = check_own(call, &call->err);
  return rc < 0 ? rc : tl_http_next(call);
}

int prim_http_close(tl_call *call)
{
  if (check_own(call, &call->err) < 0) return call->err.code;
  tl_http *t = find(call);
  if (!t) return call->err.code;
  tl_http_drop(t);
  call->out = tl_bool(true);
  return TL_OK;
}
