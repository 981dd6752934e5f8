#include "worker.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/wire.h"
#include "../prim/confine.h"
#include "../prim/stop.h"
#include "sandbox.h"
#include "worker_lib.h"

/* The first frame: what the kernel took away. */
static int confine(tl_worker *w, int64_t cpu_seconds)
{
  tl_confine how = {.cpu_seconds = cpu_seconds, .keep_fd = w->fd};
  tl_err e = {0};
  tl_val held = tl_nil();
  if (tl_confine_worker(&how, &held, &e) < 0) return -1;
  tl_val hello = tl_list();
  tl_push(&hello, tl_str("hello"));
  tl_push(&hello, held);
  int rc = tl_worker_send(w, &hello, &e);
  tl_free(&hello);
  return rc;
}

static int start(lua_State *L)
{
  tl_worker *w = lua_touserdata(L, 1);
  tl_lua_open_base(L);
  tl_worker_open_lib(L, w); /* w lib */
  lua_getfield(L, -1, "internal");
  lua_pushliteral(L, "boot");
  lua_call(L, 1, 1);
  lua_insert(L, -2);
  lua_call(L, 1, 0); /* boot(lib) */
  return 0;
}

/* When even the worker's own Lua could not report: said in C, without a Lua value. */
static void last_words(tl_worker *w, lua_State *L, int rc)
{
  tl_err e = {0};
  if (rc == LUA_ERRMEM)
    (void)tl_fail(&e, TL_ENO_MEMORY, "the recipe ran out of memory (limit %zu MiB)",
                  w->memory >> 20);
  else
    (void)tl_fail(&e, TL_EBUG, "the worker failed: %s",
                  lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error without text");
  tl_val frame = tl_list();
  tl_push(&frame, tl_str("failed"));
  tl_val *what = tl_push(&frame, tl_map());
  tl_put(what, "code", tl_str(tl_code_name(e.code)));
  tl_put(what, "message", tl_str(e.msg));
  (void)tl_worker_send(w, &frame, &e);
  tl_free(&frame);
}

int tl_worker_main(int fd, int argc, char **argv)
{
  tl_worker w = {.fd = fd};
  w.in = TL_BUF(TL_FRAME_MAX + (1u << 20)); /* one frame and what came with it */
  w.out = TL_BUF(TL_FRAME_MAX + 4);
  int64_t cpu_seconds = argc > 1 ? strtoll(argv[1], NULL, 10) : 0;
  w.memory = argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 0;
  tl_stop_listen();
  if (confine(&w, cpu_seconds) < 0) return tl_code_exit(TL_EBUG);
  lua_State *L = tl_lua_new(w.memory);
  if (!L) return tl_code_exit(TL_ENO_MEMORY);
  (void)lua_gc(L, LUA_GCSETPAUSE,
               400); /* answers are short-lived; the quota still collects at once */
  lua_pushcfunction(L, start);
  lua_pushlightuserdata(L, &w);
  int rc = lua_pcall(L, 1, 0, 0);
  if (rc != LUA_OK) last_words(&w, L, rc);
  /* The Lua state is not taken down: the kernel does it faster, and no recipe has finalizers. */
#ifdef TL_SANITIZED
  tl_lua_close(L);
#endif
  tl_free(&w.frame);
  tl_free(&w.early);
  tl_buf_free(&w.in);
  tl_buf_free(&w.out);
  return 0;
}
