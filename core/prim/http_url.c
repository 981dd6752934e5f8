/* URLs. curl's parser (curl_url(3)) is the only one: what it connects to is what was checked. */
#include "http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { URL_MAX = 64 << 10, SHOWN_MAX = 200 };

static char *part(CURLU *parts, CURLUPart what, unsigned flags)
{
  char *s = NULL;
  if (tl_curl.curl_url_get(parts, what, &s, flags) != CURLUE_OK || !s) return NULL;
  char *copy = tl_strdup(s);
  tl_curl.curl_free(s);
  return copy;
}

static int explain(CURLUcode code, tl_err *e)
{
  if (code == CURLUE_USER_NOT_ALLOWED)
    return tl_fail(e, TL_EREFUSED,
                   "the URL holds a user name or password; put a secret into a "
                   "header instead");
  if (code == CURLUE_UNSUPPORTED_SCHEME)
    return tl_fail(e, TL_EREFUSED, "the URL's scheme is not supported; use http or https");
  return tl_fail(e, TL_EPARSE, "this is not a URL (%s); write it as http://host:port/path",
                 tl_curl.curl_url_strerror(code));
}

static int check_bytes(const char *text, size_t len, tl_err *e)
{
  if (len > URL_MAX) return tl_fail(e, TL_ELIMIT, "the URL is longer than %d bytes", URL_MAX);
  for (size_t i = 0; i < len; i++)
    if (text[i] == '\0' || text[i] == '\r' || text[i] == '\n')
      return tl_fail(e, TL_EREFUSED, "the URL holds a line break or a NUL at byte %zu", i + 1);
  return TL_OK;
}

/* "[::1]" becomes "::1", "Example.ORG" becomes "example.org". */
static void plain_host(char *host)
{
  size_t n = strlen(host);
  if (n > 1 && host[0] == '[' && host[n - 1] == ']') {
    memmove(host, host + 1, n - 2);
    host[n - 2] = '\0';
  }
  for (char *p = host; *p; p++) *p = (char)tolower((unsigned char)*p);
}

static char *shown_of(const tl_http_url *u)
{
  bool v6 = strchr(u->host, ':') != NULL;
  char *path = part(u->parts, CURLUPART_PATH, 0);
  tl_buf b = TL_BUF(URL_MAX * 2);
  int rc = tl_buf_fmt(&b, v6 ? "%s://[%s]:%d" : "%s://%s:%d", u->scheme, u->host, u->port);
  if (rc == TL_OK && path) (void)tl_buf_fmt(&b, "%.*s", SHOWN_MAX, path);
  free(path);
  size_t len;
  return tl_buf_take(&b, &len);
}

/* Takes u->parts apart. */
static int take_apart(tl_http_url *u, tl_err *e)
{
  u->scheme = part(u->parts, CURLUPART_SCHEME, 0);
  if (!u->scheme || (strcmp(u->scheme, "http") != 0 && strcmp(u->scheme, "https") != 0))
    return explain(CURLUE_UNSUPPORTED_SCHEME, e);
  char *host = part(u->parts, CURLUPART_HOST, CURLU_PUNYCODE);
  if (!host) return explain(CURLUE_BAD_HOSTNAME, e);
  CURLUcode code = tl_curl.curl_url_set(u->parts, CURLUPART_HOST, host, 0);
  plain_host(host);
  u->host = host;
  if (code == CURLUE_OK) code = tl_curl.curl_url_set(u->parts, CURLUPART_FRAGMENT, NULL, 0);
  if (code != CURLUE_OK) return explain(code, e);
  char *port = part(u->parts, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  u->port = port ? (int)strtol(port, NULL, 10) : 0;
  free(port);
  u->text = part(u->parts, CURLUPART_URL, 0);
  if (!u->text || u->port < 1 || u->port > 65535) return explain(CURLUE_BAD_PORT_NUMBER, e);
  u->shown = shown_of(u);
  return TL_OK;
}

static int set_text(tl_http_url *u, const char *text, size_t len, unsigned flags, tl_err *e)
{
  int rc = check_bytes(text, len, e);
  if (rc < 0) return rc;
  char *copy = tl_memdup0(text, len);
  CURLUcode code = tl_curl.curl_url_set(u->parts, CURLUPART_URL, copy,
                                        flags | CURLU_DISALLOW_USER | CURLU_URLENCODE);
  free(copy);
  return code == CURLUE_OK ? take_apart(u, e) : explain(code, e);
}

int tl_http_url_read(tl_http_url *u, const char *text, size_t len, tl_err *e)
{
  *u = (tl_http_url){.parts = tl_curl.curl_url()};
  if (!u->parts) TL_BUG("out of memory in curl_url");
  return set_text(u, text, len, 0, e);
}

int tl_http_url_join(tl_http_url *u, const tl_http_url *base, const char *text, size_t len,
                     tl_err *e)
{
  *u = (tl_http_url){.parts = tl_curl.curl_url_dup(base->parts)};
  if (!u->parts) TL_BUG("out of memory in curl_url_dup");
  return set_text(u, text, len, CURLU_ALLOW_SPACE, e);
}

bool tl_http_url_same_origin(const tl_http_url *a, const tl_http_url *b)
{
  return a->port == b->port && strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0;
}

void tl_http_url_free(tl_http_url *u)
{
  if (u->parts) tl_curl.curl_url_cleanup(u->parts);
  free(u->text);
  free(u->scheme);
  free(u->host);
  free(u->shown);
  *u = (tl_http_url){0};
}
