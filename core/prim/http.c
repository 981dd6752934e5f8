/* HTTP: many requests at once over one multi handle, in one thread. See http.h for the files. */
#include "http.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/wire.h"

struct tl_curl tl_curl;

/* What one process has of it. Requests stand in the order in which they came. */
static CURLM *multi;
static tl_http *first, *last;
static unsigned active; /* with curl, at most TL_HTTP_AT_ONCE */
static bool moved;

enum { WAIT_MAX_MS = 3600000 };

static void check(CURLMcode code)
{
  if (code != CURLM_OK) TL_BUG(tl_curl.curl_multi_strerror(code));
}

int tl_http_load(tl_err *e)
{
  static const tl_lazy_name names[] = {TL_LAZY_NAMES(TL_CURL_FUNCTIONS)};
  static bool ready;
  if (!ready) {
    int rc = tl_lazy_open(TL_LIBCURL, names, sizeof names / sizeof *names, &tl_curl, e);
    if (rc == TL_OK) rc = tl_lazy_quiet_crypto(e);
    if (rc < 0) return rc;
    if (tl_curl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
      return tl_fail(e, TL_EUNSUPPORTED, "libcurl cannot be initialised");
    ready = true;
  }
  if (!multi) {
    multi = tl_curl.curl_multi_init();
    if (!multi) TL_BUG("out of memory in curl_multi_init");
    /* Kept connections; curl's own default shrinks and grows with the requests in flight. */
    check(tl_curl.curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)TL_HTTP_AT_ONCE));
  }
  return TL_OK;
}

/* --- the list --------------------------------------------------------------------------------- */

static void link_in(tl_http *t)
{
  t->prev = last;
  *(last ? &last->next : &first) = t;
  last = t;
}

static void link_out(tl_http *t)
{
  *(t->prev ? &t->prev->next : &first) = t->next;
  *(t->next ? &t->next->prev : &last) = t->prev;
}

tl_http *tl_http_find(int64_t handle)
{
  for (tl_http *t = first; t; t = t->next)
    if (t->opened && t->handle == handle) return t;
  return NULL;
}

void tl_http_forget(int64_t handle)
{
  for (tl_http *t = first; t; t = t->next)
    if (t->handle == handle) {
      tl_http_drop(t);
      return;
    }
}

void tl_http_moved(void)
{
  moved = true;
}

/* --- one request ------------------------------------------------------------------------------ */

/* Takes the hop away from curl and forgets its secrets. */
static void end_hop(tl_http *t)
{
  if (t->easy) {
    check(tl_curl.curl_multi_remove_handle(multi, t->easy));
    tl_curl.curl_easy_cleanup(t->easy);
    t->easy = NULL;
    active--;
  }
  tl_http_lines_free(t);
}

void tl_http_drop(tl_http *t)
{
  end_hop(t);
  link_out(t);
  tl_http_url_free(&t->url);
  free(t->req.fields);
  tl_free(&t->headers);
  tl_free(&t->redirects);
  tl_buf_free(&t->body);
  free(t);
}

void tl_http_reply(tl_http *t, int rc)
{
  tl_call *call = t->call;
  t->call = NULL;
  call->state = NULL;
  call->done(call, rc);
}

static void forget_hop(tl_http *t)
{
  t->dialled = t->refused = t->connected = t->head_done = t->paused = false;
  t->status = 0;
  t->head_bytes = 0;
  t->first_byte = t->last_byte = 0;
  t->length = -1;
  t->bytes = 0;
  t->err = (tl_err){0};
  tl_free(&t->headers);
  t->headers = tl_list();
}

/* Hands the hop to curl. */
static int dial(tl_http *t, tl_err *e)
{
  t->queued = false;
  t->time_left = t->deadline - tl_clock_ms();
  if (t->time_left <= 0)
    return tl_fail(e, TL_ETIMEOUT, "no answer from %s within %lld ms (timeout_ms)", t->url.shown,
                   (long long)t->req.timeout_ms);
  int rc = tl_http_lines_make(t, e);
  if (rc < 0) return rc;
  t->easy = tl_curl.curl_easy_init();
  if (!t->easy) TL_BUG("out of memory in curl_easy_init");
  tl_http_setup(t);
  check(tl_curl.curl_multi_add_handle(multi, t->easy));
  active++;
  return TL_OK;
}

int tl_http_hop(tl_http *t, tl_err *e)
{
  int rc = t->guard->net_name(t->guard->ud, t->url.host, t->url.port, e);
  if (rc < 0) return rc;
  forget_hop(t);
  t->queued = active >= TL_HTTP_AT_ONCE;
  return t->queued ? TL_OK : dial(t, e);
}

int tl_http_start(tl_call *call, int64_t handle)
{
  int rc = tl_http_load(&call->err);
  if (rc < 0) return rc;
  tl_http *t = tl_zalloc(sizeof *t);
  *t = (tl_http){.guard = call->guard, .call = call, .handle = handle, .redirects = tl_list()};
  link_in(t);
  int64_t most = handle ? INT64_C(1) << 40 : (int64_t)TL_FRAME_MAX;
  rc = tl_http_request_read(&t->req, &t->url, &call->args[0], most, &call->err);
  t->body.max = (size_t)t->req.max_bytes;
  t->began = tl_clock_ms();
  t->deadline = t->began + t->req.timeout_ms;
  if (rc == TL_OK) rc = tl_http_hop(t, &call->err);
  if (rc < 0) {
    tl_http_drop(t);
    return rc;
  }
  call->state = t;
  return TL_PENDING;
}

int prim_http_send(tl_call *call)
{
  return tl_http_start(call, 0);
}

/* The end of everything there was to do for t. Once there are headers to hand out, http.open has
 * succeeded, and it is http.next that hears of a failure. */
static void finish(tl_http *t, int rc)
{
  if (t->handle && t->head_done && !tl_http_redirected(t)) {
    end_hop(t);
    t->ended = true;
    moved = true;
    return;
  }
  tl_call *call = t->call;
  if (rc == TL_OK) {
    size_t len;
    char *data = tl_buf_take(&t->body, &len);
    call->out = tl_http_answer(t);
    (void)tl_put(&call->out, "body", tl_str_take(data, len));
    (void)tl_put(&call->out, "ms", tl_int(tl_clock_ms() - t->began));
  } else {
    call->err = t->err;
  }
  t->call = NULL;
  call->state = NULL;
  tl_http_drop(t);
  call->done(call, rc);
}

void tl_http_over(tl_http *t, CURLcode code)
{
  int rc = tl_http_verdict(t, code);
  if (rc == TL_OK && tl_http_redirected(t)) {
    end_hop(t);
    rc = tl_http_redirect(t, &t->err);
    if (rc == TL_OK) rc = tl_http_hop(t, &t->err);
    if (rc == TL_OK) return;
  }
  finish(t, rc);
}

/* --- waiting ---------------------------------------------------------------------------------- */

bool tl_http_busy(void)
{
  for (const tl_http *t = first; t; t = t->next)
    if (!t->ended) return true;
  return moved;
}

/* When t has to be looked at although nothing comes; -1: curl knows best. */
static int64_t due_at(const tl_http *t)
{
  if (t->queued) return t->deadline;
  if (!t->easy || t->paused || t->last_byte == 0 || t->req.idle_timeout_ms == 0) return -1;
  return t->last_byte + t->req.idle_timeout_ms;
}

static int time_to_wait(int timeout_ms)
{
  int64_t wait = timeout_ms < 0 || timeout_ms > WAIT_MAX_MS ? WAIT_MAX_MS : timeout_ms;
  int64_t now = tl_clock_ms();
  if (moved) return 0;
  for (const tl_http *t = first; t; t = t->next) {
    int64_t due = t->queued && active < TL_HTTP_AT_ONCE ? now : due_at(t);
    if (due >= 0 && due - now < wait) wait = due > now ? due - now : 0;
  }
  return (int)wait;
}

/* curl waits for its sockets and for fds. What fds are ready for is asked of poll itself, since
 * curl_multi_poll does not pass on POLLHUP and POLLERR. */
static int poll_all(struct pollfd *fds, unsigned n, int timeout_ms, tl_err *e)
{
  static struct curl_waitfd *extra;
  static unsigned room;
  if (n > room) {
    extra = tl_realloc(extra, n * sizeof *extra);
    room = n;
  }
  for (unsigned i = 0; i < n; i++)
    extra[i] =
        (struct curl_waitfd){.fd = fds[i].fd,
                             .events = (short)((fds[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
                                               (fds[i].events & POLLPRI ? CURL_WAIT_POLLPRI : 0) |
                                               (fds[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0))};
  CURLMcode code = tl_curl.curl_multi_poll(multi, extra, n, timeout_ms, NULL);
  if (code != CURLM_OK)
    return tl_fail(e, TL_EIO, "waiting for the network failed: %s",
                   tl_curl.curl_multi_strerror(code));
  if (n > 0 && poll(fds, n, 0) < 0 && errno != EINTR)
    return tl_fail_errno(e, errno, "waiting failed");
  return TL_OK;
}

static void take_ended(void)
{
  CURLMsg *m;
  int left;
  while ((m = tl_curl.curl_multi_info_read(multi, &left))) {
    if (m->msg != CURLMSG_DONE) continue;
    CURLcode code = m->data.result;
    char *t = NULL;
    (void)tl_curl.curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
    tl_http_over((tl_http *)(void *)t, code);
  }
}

static void take_silent(tl_http *t)
{
  if (t->queued)
    (void)tl_fail(&t->err, TL_ETIMEOUT,
                  "no answer from %s within %lld ms (timeout_ms): it waited "
                  "for one of %d requests under way to end",
                  t->url.shown, (long long)t->req.timeout_ms, TL_HTTP_AT_ONCE);
  else
    (void)tl_fail(&t->err, TL_ETIMEOUT,
                  "%s fell silent for %lld ms (idle_timeout_ms) after %lld "
                  "bytes",
                  t->url.shown, (long long)t->req.idle_timeout_ms, (long long)t->bytes);
  finish(t, t->err.code);
}

/* A call that is answered may begin or end others: after each the search begins anew. */
static bool step(void)
{
  int64_t now = tl_clock_ms();
  for (tl_http *t = first; t; t = t->next) {
    int64_t due = due_at(t);
    if (due >= 0 && due <= now) {
      take_silent(t);
      return true;
    }
    if (t->queued && active < TL_HTTP_AT_ONCE) {
      int rc = dial(t, &t->err);
      if (rc < 0) finish(t, rc);
      return true;
    }
    if (t->handle && t->call && tl_http_stream_feed(t)) return true;
  }
  return false;
}

int tl_http_wait(struct pollfd *fds, unsigned n, int timeout_ms, tl_err *e)
{
  int running;
  int rc = tl_http_load(e);
  if (rc == TL_OK) rc = poll_all(fds, n, time_to_wait(timeout_ms), e);
  if (rc < 0) return rc;
  check(tl_curl.curl_multi_perform(multi, &running));
  take_ended();
  while (step()) continue;
  moved = false;
  return TL_OK;
}

void tl_http_cancel(void)
{
  while (first) {
    tl_call *call = first->call;
    first->call = NULL;
    tl_http_drop(first);
    if (!call) continue;
    call->state = NULL;
    call->done(call, tl_fail(&call->err, TL_EINTERRUPTED, "the request was given up"));
  }
  if (multi) check(tl_curl.curl_multi_cleanup(multi));
  multi = NULL;
  moved = false;
}
