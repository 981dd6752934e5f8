/* Inside the HTTP primitives: one request on its way, over all its redirects.
 *
 *   http.c           the multi handle, waiting, ending, cancelling; http.send
 *   http_stream.c    http.open, http.next, http.close
 *   http_request.c   the request map checked, the header lines of a hop built
 *   http_transfer.c  curl's options and callbacks, caps, what a failure means
 *   http_redirect.c  the next hop
 *   http_url.c       URLs, all through curl's own parser
 *
 * Only these files include it. */
#ifndef TL_PRIM_HTTP_H
#define TL_PRIM_HTTP_H

/* The type checks of curl.h are macros around the functions' names; ours are called by a table. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "../base/buf.h"
#include "lazy.h"
#include "loop.h"

#ifndef TL_LIBCURL
#define TL_LIBCURL "libcurl.so.4"
#endif

#define TL_CURL_FUNCTIONS(X) \
  X(curl_global_init) \
  X(curl_multi_init) \
  X(curl_multi_cleanup) \
  X(curl_multi_setopt) \
  X(curl_multi_add_handle) \
  X(curl_multi_remove_handle) \
  X(curl_multi_poll) \
  X(curl_multi_perform) \
  X(curl_multi_info_read) \
  X(curl_multi_strerror) \
  X(curl_easy_init) \
  X(curl_easy_cleanup) \
  X(curl_easy_setopt) \
  X(curl_easy_getinfo) \
  X(curl_easy_pause) \
  X(curl_easy_strerror) \
  X(curl_slist_append) \
  X(curl_slist_free_all) \
  X(curl_url) \
  X(curl_url_dup) \
  X(curl_url_cleanup) \
  X(curl_url_get) \
  X(curl_url_set) \
  X(curl_url_strerror) \
  X(curl_free)

struct tl_curl {
  TL_LAZY_FIELDS(TL_CURL_FUNCTIONS)
};
extern struct tl_curl tl_curl; /* filled by the first call of tl_http_start */

enum {
  TL_HTTP_HEAD_MAX = 64 << 10,  /* bytes of headers, both ways */
  TL_HTTP_BUFFER_MAX = 1 << 20, /* bytes that wait for http.next before the server must wait */
  TL_HTTP_AT_ONCE = 128,        /* connections in use; further requests wait their turn */
};

/* --- http_url.c ------------------------------------------------------------------------------- */

typedef struct tl_http_url {
  CURLU *parts;
  char *text;   /* as it is sent: no fragment, host in ASCII */
  char *scheme; /* "http" or "https" */
  char *host;   /* lower case, an IPv6 address without brackets */
  char *shown;  /* for messages: scheme://host:port/path, no query */
  int port;
} tl_http_url;

/* Reads an absolute URL. Errors: TL_EREFUSED (CR, LF, NUL, another scheme, a user name in it),
 * TL_ELIMIT, TL_EPARSE. *u is owned by the caller also after an error. */
int tl_http_url_read(tl_http_url *u, const char *text, size_t len, tl_err *e);
/* Reads a Location header against the URL that answered with it. Errors as above. */
int tl_http_url_join(tl_http_url *u, const tl_http_url *base, const char *text, size_t len,
                     tl_err *e);
bool tl_http_url_same_origin(const tl_http_url *a, const tl_http_url *b);
void tl_http_url_free(tl_http_url *u);

/* --- http_request.c --------------------------------------------------------------------------- */

typedef struct tl_http_field {
  const char *name; /* borrowed from the call, a token of RFC 9110 */
  const tl_val *value;
  bool credential; /* not for another origin: holds a secret, or is known to carry one */
} tl_http_field;

typedef struct tl_http_request {
  char method[33];
  tl_http_field *fields;
  size_t count;
  const char *body; /* borrowed from the call; NULL: none */
  size_t body_len;
  int64_t timeout_ms, connect_timeout_ms, idle_timeout_ms, max_bytes, max_redirects;
} tl_http_request;

/* Checks the request map and fills r and url. Values stay borrowed from the map.
 * Errors: TL_EARGUMENT (a field of a wrong type, name or range), and those of tl_http_url_read. */
int tl_http_request_read(tl_http_request *r, tl_http_url *url, const tl_val *map, int64_t bytes_max,
                         tl_err *e);

typedef struct tl_http tl_http;

/* Makes t->lines, the header lines for the hop to t->url; secrets are asked of the guard here. */
int tl_http_lines_make(tl_http *t, tl_err *e);
/* Wipes and frees them. */
void tl_http_lines_free(tl_http *t);

/* --- one request ------------------------------------------------------------------------------ */

struct tl_http {
  tl_http *prev, *next;
  tl_call *call;         /* the call that waits for it; NULL: an opened answer nobody asks of now */
  const tl_guard *guard; /* NULL once the headers of an opened answer have been handed out */
  tl_http_request req;
  tl_http_url url;         /* of this hop */
  int64_t handle;          /* of http.open, counted from 1; 0: http.send; below 0: see start */
  int64_t began, deadline; /* monotonic ms, over all hops */
  tl_val redirects;
  bool stripped; /* another origin was met: credentials stay off for good */
  bool queued;   /* waits for a free connection, not yet with curl */
  bool opened;   /* the headers of http.open have been handed out */
  bool ended;    /* an opened answer that is over; err says how */

  /* this hop */
  CURL *easy;
  struct curl_slist *lines;
  char text[CURL_ERROR_SIZE]; /* curl's words for a failure */
  int64_t time_left;          /* ms the hop was given */
  bool dialled, refused;      /* a connection was begun; the guard refused an address */
  bool connected;
  char address[64];    /* ip:port */
  const char *version; /* of HTTP: "1.1", "2" */
  int status;          /* 0 before a status line */
  bool head_done;      /* the empty line behind the final headers was seen */
  size_t head_bytes;
  int64_t first_byte, last_byte; /* monotonic ms; 0: none yet */
  int64_t length;                /* Content-Length, or -1 */
  tl_val headers;
  int64_t bytes; /* of the body, decoded */
  bool paused;
  tl_buf body;
  tl_err err; /* why a callback, or curl, gave up */
};

/* --- http.c ----------------------------------------------------------------------------------- */

/* Opens the library, once. */
int tl_http_load(tl_err *e);
/* Begins a call: TL_PENDING, or an error in call->err. handle as in tl_http; another primitive's own
 * requests have one below 0, which no recipe can name. */
int tl_http_start(tl_call *call, int64_t handle);
/* As http.next, of any handle. */
int tl_http_next(tl_call *call);
/* Ends the request with that handle, opened or not; the call that waits for it is not answered. */
void tl_http_forget(int64_t handle);
/* Begins the hop to t->url, at once or when a connection is free. Errors as of the guard. */
int tl_http_hop(tl_http *t, tl_err *e);
/* The hop has ended, as curl says with code: the next one, or the end of t. */
void tl_http_over(tl_http *t, CURLcode code);
/* Takes t out of everything, and frees it. */
void tl_http_drop(tl_http *t);
/* The opened answer of that handle, or NULL. */
tl_http *tl_http_find(int64_t handle);
/* Hands the waiting call its end. Nothing of t may be touched afterwards. */
void tl_http_reply(tl_http *t, int rc);
/* A call waits for bytes that have come: look through the opened answers after this step. */
void tl_http_moved(void);

/* --- http_transfer.c -------------------------------------------------------------------------- */

/* Sets every option of t->easy for this hop. */
void tl_http_setup(tl_http *t);
/* What the end of a hop means: TL_OK, or an error in t->err. */
int tl_http_verdict(tl_http *t, CURLcode code);
/* The map that http.send and http.open answer with (without handle and body). */
tl_val tl_http_answer(tl_http *t);

/* --- http_redirect.c -------------------------------------------------------------------------- */

/* Whether the answer of this hop points elsewhere, and is to be followed. */
bool tl_http_redirected(const tl_http *t);
/* Turns t into the next hop (not yet begun), or says why not. */
int tl_http_redirect(tl_http *t, tl_err *e);

/* --- http_stream.c ---------------------------------------------------------------------------- */

/* Gives the waiting call of an opened answer what there is. False: nothing yet. */
bool tl_http_stream_feed(tl_http *t);

#endif
