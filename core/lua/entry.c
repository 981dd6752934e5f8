#include "entry.h"

#include <lauxlib.h>
#include <string.h>

#include "../prim/stop.h"
#include "lval.h"
#include "sandbox.h"
#include "worker_lib.h"

enum { ENOUGH = 256 << 10 };

static tl_worker *self(lua_State *L)
{
  return lua_touserdata(L, lua_upvalueindex(1));
}

static void hook(lua_State *L, lua_Debug *at);

static void count(lua_State *thread, int instructions)
{
  lua_sethook(thread, hook, LUA_MASKCOUNT, instructions);
}

/* Whether stopping begins at this tick. */
static bool due(tl_entry *n)
{
  n->ticks++;
  if (n->stop_at ? n->ticks != n->stop_at : !tl_stop_wished(n->ask)) return false;
  n->stopped_at = n->ticks;
  return true;
}

static void hook(lua_State *L, lua_Debug *at)
{
  tl_worker **w = lua_getextraspace(L);
  tl_entry *n = &(*w)->entry;
  if (n->on && !n->stopping) n->stopping = due(n);
  if (!n->on || !n->stopping) {
    if (lua_gethookcount(L) != TL_TICK)
      count(L, TL_TICK); /* it outlived an entry that was stopped */
    return;
  }
  count(L, 1);
  (void)lua_getinfo(L, "S", at);
  if (strncmp(at->source, TL_WORKER_CHUNK, strlen(TL_WORKER_CHUNK)) == 0) return;
  tl_lua_push_err(L, TL_EINTERRUPTED, "stopped by Ctrl-C");
  (void)lua_error(L);
}

static lua_State *thread_at(lua_State *L, int idx)
{
  luaL_checktype(L, idx, LUA_TTHREAD);
  return lua_tothread(L, idx);
}

/* The limit; and where that is used up, enough to set a variable to nil. */
static size_t memory_of(lua_State *L, const tl_worker *w)
{
  size_t used = ((size_t)lua_gc(L, LUA_GCCOUNT) << 10) + ENOUGH;
  return used > w->memory ? used : w->memory;
}

static int entry_begin(lua_State *L)
{
  tl_worker *w = self(L);
  lua_State *thread = thread_at(L, 1);
  w->entry = (tl_entry){
      .on = true, .ask = w->entry.ask, .stop_at = w->entry.stop_at, .memory = memory_of(L, w)};
  count(thread, TL_TICK);
  return 0;
}

/* What schedules an entry has a little more memory than the entry: it is never the session that finds
 * all of it used up. */
static void bind_memory(lua_State *L, tl_worker *w, bool bound)
{
  w->entry.bound = bound;
  if (w->memory) tl_lua_set_memory(L, w->entry.memory + (bound ? 0 : TL_WORKER_RESERVE));
}

static int entry_bound(lua_State *L)
{
  tl_worker *w = self(L);
  bool was = w->entry.bound;
  if (w->entry.on) bind_memory(L, w, lua_toboolean(L, 1));
  lua_pushboolean(L, was);
  return 1;
}

static int entry_count(lua_State *L)
{
  if (self(L)->entry.on) count(thread_at(L, 1), TL_TICK);
  return 0;
}

static int entry_stop(lua_State *L)
{
  self(L)->entry.stopping = true;
  return 0;
}

static int entry_stopping(lua_State *L)
{
  const tl_entry *n = &self(L)->entry;
  lua_pushboolean(L, n->on && n->stopping);
  return 1;
}

static int entry_end(lua_State *L)
{
  tl_worker *w = self(L);
  int64_t tick = w->entry.stopped_at;
  w->entry = (tl_entry){.memory = w->entry.memory};
  bind_memory(L, w, false);
  /* Lua collects when it is refused memory, but its string buffers do not: the next entry finds what
   * is to be had. */
  if ((size_t)lua_gc(L, LUA_GCCOUNT) > w->memory >> 11) (void)lua_gc(L, LUA_GCCOLLECT);
  if (tick) lua_pushinteger(L, tick);
  else lua_pushnil(L);
  return 1;
}

void tl_entry_open(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"entry_begin", entry_begin},
      {"entry_count", entry_count},
      {"entry_stop", entry_stop},
      {"entry_stopping", entry_stopping},
      {"entry_bound", entry_bound},
      {"entry_end", entry_end},
      {NULL, NULL},
  };
  luaL_setfuncs(L, functions, 1);
}
