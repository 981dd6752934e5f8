/* Redirects are walked here and not by curl: curl strips Authorization and Cookie for another host
 * but carries x-api-key, api-key and x-goog-api-key along, and asks nobody about the new host. */
#include "http.h"

#include <string.h>
#include <strings.h>

static const tl_val *location_of(const tl_http *t)
{
  for (size_t i = 0; i < tl_len(&t->headers); i++) {
    const tl_val *pair = tl_at(&t->headers, i);
    if (strcmp(tl_at(pair, 0)->u.s.data, "location") == 0) return tl_at(pair, 1);
  }
  return NULL;
}

bool tl_http_redirected(const tl_http *t)
{
  bool points = t->status == 301 || t->status == 302 || t->status == 303 || t->status == 307 ||
                t->status == 308;
  return points && t->req.max_redirects > 0 && location_of(t) != NULL;
}

/* From now on a GET without a body, and without the headers that described it. */
static void become_get(tl_http_request *r)
{
  size_t kept = 0;
  strcpy(r->method, "GET");
  r->body = NULL;
  r->body_len = 0;
  for (size_t i = 0; i < r->count; i++)
    if (strncasecmp(r->fields[i].name, "content-", 8) != 0) r->fields[kept++] = r->fields[i];
  r->count = kept;
}

/* RFC 9110 section 15.4: 303 asks for a GET; 301 and 302 turn a POST into one in practice. */
static bool wants_get(const tl_http *t)
{
  const char *m = t->req.method;
  if (t->status == 303) return strcmp(m, "GET") != 0 && strcmp(m, "HEAD") != 0;
  return (t->status == 301 || t->status == 302) && strcmp(m, "POST") == 0;
}

int tl_http_redirect(tl_http *t, tl_err *e)
{
  const tl_val *to = location_of(t);
  if ((int64_t)tl_len(&t->redirects) >= t->req.max_redirects)
    return tl_fail(e, TL_ELIMIT, "%s redirects again, after %lld redirects (max_redirects)",
                   t->url.shown, (long long)t->req.max_redirects);
  tl_http_url next = {0};
  tl_err why = {0};
  int rc = tl_http_url_join(&next, &t->url, to->u.s.data, to->u.s.len, &why);
  if (rc < 0) {
    tl_http_url_free(&next);
    return tl_fail(e, rc == TL_EPARSE ? TL_ENETWORK : rc,
                   "%s answered %d with a Location that is "
                   "not followed: %s",
                   t->url.shown, t->status, why.msg);
  }
  if (strcmp(t->url.scheme, "https") == 0 && strcmp(next.scheme, "https") != 0) {
    rc = tl_fail(e, TL_EREFUSED, "%s redirects from https to %s, which is not followed",
                 t->url.shown, next.shown);
    tl_http_url_free(&next);
    return rc;
  }
  if (!tl_http_url_same_origin(&t->url, &next)) t->stripped = true;
  if (wants_get(t)) become_get(&t->req);
  tl_val *step = tl_push(&t->redirects, tl_map());
  (void)tl_put(step, "status", tl_int(t->status));
  (void)tl_put(step, "url", tl_str(next.text));
  tl_http_url_free(&t->url);
  t->url = next;
  return TL_OK;
}
