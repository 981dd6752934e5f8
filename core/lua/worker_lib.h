/* What the worker's own Lua (lua/tlab/worker) gets from C. */
#ifndef TL_LUA_WORKER_LIB_H
#define TL_LUA_WORKER_LIB_H

#include <lua.h>

#include "../base/buf.h"
#include "../base/val.h"

/* One worker. The frame in hand lies here, so that a raise in the middle loses no memory. */
typedef struct tl_worker {
  int fd;
  size_t memory; /* the limit in bytes, 0: none */
  tl_buf in, out;
  tl_val frame;
} tl_worker;

/* Pushes the table of functions; each has w as its upvalue. */
void tl_worker_open_lib(lua_State *L, tl_worker *w);

/* Sends one frame; ends the process when the supervisor is gone. */
int tl_worker_send(tl_worker *w, const tl_val *frame, tl_err *e);

#endif
