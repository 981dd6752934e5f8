#include "http_aim.h"

#include <stdlib.h>

#include "http.h"

int tl_http_aim_read(tl_http_aim *aim, const tl_val *request, tl_err *e)
{
  *aim = (tl_http_aim){0};
  int rc = tl_http_load(e);
  if (rc < 0) return rc;
  tl_http_request r = {0};
  tl_http_url url = {0};
  rc = tl_http_request_read(&r, &url, request, INT64_C(1) << 40, e);
  if (rc == TL_OK) *aim = (tl_http_aim){tl_strdup(url.scheme), tl_strdup(url.host), url.port};
  tl_http_url_free(&url);
  free(r.fields);
  return rc;
}

void tl_http_aim_free(tl_http_aim *aim)
{
  free(aim->scheme);
  free(aim->host);
  *aim = (tl_http_aim){0};
}
