/* What the worker's own Lua (lua/tlab/worker) gets from C. */
#ifndef TL_LUA_WORKER_LIB_H
#define TL_LUA_WORKER_LIB_H

#include <lua.h>

#include "../base/buf.h"
#include "../base/val.h"
#include "entry.h"

/* How the chunks of the worker's own Lua are called. */
#define TL_WORKER_CHUNK "@lua/tlab/worker/"

/* Bytes beyond the limit, for telling that it was reached and for going on after it. */
enum { TL_WORKER_RESERVE = 1 << 20 };

/* One worker. The frame in hand lies here, so that a raise in the middle loses no memory. */
typedef struct tl_worker {
  int fd;
  size_t memory; /* the limit in bytes, 0: none */
  tl_buf in, out;
  tl_val frame;
  tl_val early; /* list of answers that came while another one was waited for … */
  size_t given; /* … and how many of them have been given */
  tl_entry entry;
} tl_worker;

/* Pushes the table of functions; each has w as its upvalue. */
void tl_worker_open_lib(lua_State *L, tl_worker *w);

/* Sends one frame; ends the process when the supervisor is gone. */
int tl_worker_send(tl_worker *w, const tl_val *frame, tl_err *e);

/* Adds what speaks with the supervisor (worker_talk.c) to the table below w, which is popped. */
void tl_worker_open_talk(lua_State *L);

#endif
