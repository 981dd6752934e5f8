/* What every primitive looks like. Only files of core/prim touch the world.
 *
 * A primitive gets one tl_call. It reads args and places, asks the guard where the gate has a say
 * that it can only have later (addresses, secrets), and then either
 *   - fills out and returns TL_OK,
 *   - fills err (tl_fail) and returns its negative code, or
 *   - starts work, keeps its state in call->state, returns TL_PENDING, and calls call->done(call, rc)
 *     exactly once, later, from inside tl_loop_wait (core/prim/loop.h).
 * It knows nothing of Lua, permits or records, and owns nothing in the call but out, err and state. */
#ifndef TL_PRIM_H
#define TL_PRIM_H

#include <sys/socket.h>

#include "../base/val.h"

/* Where a path argument leads: `rel`, to be opened beneath `dirfd` and never above it, without
 * following any symbolic link (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | NO_MAGICLINKS).
 * `trusted` places come from the person at the command line: dirfd is AT_FDCWD, rel any path,
 * links are followed. `shown` is the path as the asker wrote it, for messages. */
typedef struct tl_place {
  int dirfd;
  const char *rel; /* "." for the root itself */
  const char *shown;
  bool trusted;
} tl_place;

/* What a primitive asks the gate in the middle of its work. Each returns 0 or a TL_E… with *e set. */
typedef struct tl_guard {
  void *ud;
  /* May this hop be made? Before the first connection and again for each redirect. */
  int (*net_name)(void *ud, const char *host, int port, tl_err *e);
  /* May this very address be connected to, on the way to `host`? */
  int (*net_addr)(void *ud, const char *host, int port, const struct sockaddr *sa, tl_err *e);
  /* The value of a secret for this destination (borrowed until the run ends). */
  int (*secret)(void *ud, const char *name, const char *scheme, const char *host, int port,
                const char **value, tl_err *e);
  /* May this absolute path be read, which no argument named but what an argument names leads to? */
  int (*beyond)(void *ud, const char *path, tl_err *e);
  /* What a run that this one calls is told besides recipe and spec; an empty map: it can call
   * none. */
  const tl_val *(*calls)(void *ud);
} tl_guard;

/* Paths that a command of proc.run may give its program to read. */
enum { TL_PROC_READ_MAX = 16 };

typedef struct tl_call tl_call;
struct tl_call {
  const tl_val *args;     /* one for each parameter of the signature, TL_NIL where left out */
  const tl_place *places; /* one for each r or w parameter, in order; dirfd -1 where left out */
  const tl_guard *guard;
  tl_val out;
  tl_err err;
  void (*done)(tl_call *call, int rc);
  void *state;
};

typedef int tl_prim(tl_call *call);

/* One prototype for each row of the operations table. */
#define OP(id, name, permit, flags, sig, ret, help) tl_prim prim_##id;
#define LOCAL(id, name, sig, ret, help)
#include "../gate/ops.def"
#undef OP
#undef LOCAL

#endif
