/* Where a request would go. */
#ifndef TL_PRIM_HTTP_AIM_H
#define TL_PRIM_HTTP_AIM_H

#include "../base/val.h"

typedef struct tl_http_aim {
  char *scheme, *host; /* as of core/prim/http.h; owned */
  int port;
} tl_http_aim;

/* Reads the request map of http.open, with the same errors, and sends nothing. *aim is the caller's
 * also after an error. */
int tl_http_aim_read(tl_http_aim *aim, const tl_val *request, tl_err *e);
void tl_http_aim_free(tl_http_aim *aim);

#endif
