/* Inside git.fetch: one repository on its way into its mirror. Only its files include it.
 *
 *   git_fetch.c           the operation: the child waited for and judged
 *   git_fetch_options.c   what it was asked
 *   git_fetch_start.c     the child started, limited and confined
 *   git_fetch_exchange.c  what the child asks of the server, done by the HTTP primitives
 *   git_fetch_child.c     in the child: libgit2 and the mirror
 *   git_fetch_answer.c    in the child: what the mirror has
 *   git_fetch_copy.c      in the child: the objects of a file: URL
 *   git_fetch_wire.c      in the child: the server, as libgit2 sees it
 *   git_mirror.c          URLs and names
 *
 * libgit2 reads what a stranger's server sends, so it does that in a child; and its own HTTP knows
 * nothing of permits, so the child has no network: it asks the supervisor, over a socket, for each
 * exchange, and that one is performed as any request of a recipe is. Frames (core/base/wire.h):
 *
 *   child       {"ask", n, service, body}        service: "refs" or "pack"; the n before is over
 *               {"progress", objects, of, deltas, of, bytes}   {"waits"}
 *               {"end", rc, map or message}
 *   supervisor  {n, bytes}   {n}: that was all   {n, code, message, unreachable}: it failed */
#ifndef TL_PRIM_GIT_FETCH_H
#define TL_PRIM_GIT_FETCH_H

#include "../base/buf.h"
#include "git_mirror.h"
#include "prim.h"

/* --- in the child --- */

typedef struct tl_git_fetcher {
  int fd;                  /* the socket */
  int cache;               /* the folder of mirrors */
  tl_git_source source;    /* what to fetch */
  const char *source_path; /* of a file: URL the real path, else NULL */
  const tl_guard *guard;   /* asked where parts of that repository lie elsewhere */
  int64_t timeout_ms, max_bytes;
  int64_t copied; /* bytes, of a file: URL */
  tl_buf in, scratch;
  int64_t asked;    /* number of the last exchange */
  bool unreachable; /* the exchange failed since there is no way to the server */
  tl_err net;       /* how it failed; code 0: it did not */
} tl_git_fetcher;

/* Clones or updates the mirror; *out: {head?, commit?, branches, more?, fetched, why?}. */
int tl_git_fetch_work(tl_git_fetcher *f, tl_val *out, tl_err *e);

/* Sends one frame, a list that is freed. False when the supervisor is gone. */
bool tl_git_fetch_tell(tl_git_fetcher *f, tl_val list);

/* The repository of a file: URL: its objects must all lie in its own folder, and be there. They are
 * copied to the folder `objects`, unless that is NULL. */
int tl_git_fetch_local(tl_git_fetcher *f, const char *objects, tl_err *e);

struct git_repository;
/* *out: {head?, commit?, branches, more?}. */
int tl_git_fetch_describe(struct git_repository *repo, tl_val *out, tl_err *e);

struct git_transport;
struct git_remote;
/* git_transport_cb of remotes over http and https; param: the fetcher. */
int tl_git_fetch_transport(struct git_transport **out, struct git_remote *owner, void *param);

/* --- in the supervisor --- */

typedef struct tl_git_exchange {
  int64_t n;      /* the child's number of it; 0: none under way */
  bool pack;      /* the second service */
  int64_t handle; /* of the opened answer, always negative; 0: none */
  bool opened;    /* its headers have come */
  bool waits;     /* `call` is pending */
  tl_call call;   /* to http.open or http.next */
  tl_val args;    /* of that */
} tl_git_exchange;

typedef struct tl_git_fetch {
  struct tl_git_fetch *next;
  tl_call *call;
  tl_git_fetcher child; /* what the child got; fd is the supervisor's end */
  int pid;
  tl_buf out; /* frames on their way to the child */
  tl_git_exchange exchange;
  char *base;                     /* the repository's URL, after redirects; owned */
  tl_val login;                   /* {basic = {user, secret}}, or nil */
  int64_t began, moved, deadline; /* monotonic ms */
  int64_t idle_ms, bytes;
  bool late, shown, over;
  tl_val end; /* {"end", …}, once it came */
} tl_git_fetch;

/* Fills f from the map (or nil). TL_EARGUMENT. */
int tl_git_fetch_options(tl_git_fetch *f, const tl_val *map, tl_err *e);
/* Forks the child. */
int tl_git_fetch_start(tl_git_fetch *f, tl_err *e);

/* Begins what the child asked for. */
void tl_git_exchange_begin(tl_git_fetch *f, const tl_val *ask);
/* Goes on as far as it goes without waiting. */
void tl_git_exchange_step(tl_git_fetch *f);
/* Ends it with an error for the child. */
void tl_git_exchange_fail(tl_git_fetch *f, const tl_err *e, bool unreachable);
/* Forgets it. */
void tl_git_exchange_drop(tl_git_fetch *f);

#endif
