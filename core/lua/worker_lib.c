#include "worker_lib.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "det.h"
#include "embed.h"
#include "json_lua.h"
#include "lval.h"
#include "sandbox.h"

/* Where the worker's own Lua is embedded. */
#define INTERNAL_NAME "tlab/worker/"

static tl_worker *self(lua_State *L)
{
  return lua_touserdata(L, lua_upvalueindex(1));
}

/* --- errors ----------------------------------------------------------------------------------- */

/* frames([thread]) → list of {file, line} of the Lua functions on the stack, innermost first,
 * without the worker's own. */
static int lib_frames(lua_State *L)
{
  lua_State *of = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
  lua_Debug at;
  lua_newtable(L);
  int n = 0;
  /* Lua walks to each level from the top: of a stack that overflowed not all of them are looked at. */
  for (int level = 0; n < 50 && level < 10000 && lua_getstack(of, level, &at); level++) {
    lua_getinfo(of, "Sl", &at);
    if (at.currentline <= 0 || at.source[0] != '@') continue;
    if (strncmp(at.source, TL_WORKER_CHUNK, strlen(TL_WORKER_CHUNK)) == 0) continue;
    lua_createtable(L, 0, 2);
    lua_pushstring(L, at.source + 1);
    lua_setfield(L, -2, "file");
    lua_pushinteger(L, at.currentline);
    lua_setfield(L, -2, "line");
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* traceback(thread, [level]) → text, one line a function, without the innermost ones */
static int lib_traceback(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTHREAD);
  luaL_traceback(L, lua_tothread(L, 1), NULL, (int)luaL_optinteger(L, 2, 0));
  return 1;
}

/* mark_err(table) → table, now an error value */
static int lib_mark_err(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  tl_lua_mark_err(L);
  return 1;
}

/* memory_refused() → whether memory was refused since the last call, and the limit in bytes. Grants
 * 1 MiB more, so that there is room to say so. */
static int lib_memory_refused(lua_State *L)
{
  tl_worker *w = self(L);
  bool refused = tl_lua_memory_refused(L);
  size_t limit = w->entry.memory ? w->entry.memory : w->memory;
  if (refused) tl_lua_set_memory(L, limit + TL_WORKER_RESERVE);
  lua_pushboolean(L, refused);
  lua_pushinteger(L, (lua_Integer)w->memory);
  return 2;
}

/* --- the rest --------------------------------------------------------------------------------- */

/* internal(name) → what the embedded chunk tlab/worker/NAME.lua returns */
static int lib_internal(lua_State *L)
{
  const char *name = luaL_checkstring(L, 1);
  char embedded[64];
  (void)snprintf(embedded, sizeof embedded, INTERNAL_NAME "%s.lua", name);
  if (!tl_embedded_load(L, embedded)) return luaL_error(L, "%s is not embedded", embedded);
  lua_call(L, 0, 1);
  return 1;
}

/* call(f, …) → what f returns; f cannot yield, so an ask inside it waits for its answer. */
static int lib_call(lua_State *L)
{
  luaL_checkany(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

/* view(table, name) → a read-only view */
static int lib_view(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  const char *name = luaL_checkstring(L, 2);
  lua_pushvalue(L, 1);
  tl_lua_make_view(L, name);
  return 1;
}

/* secret(name) → handle */
static int lib_secret(lua_State *L)
{
  tl_lua_push_secret(L, luaL_checkstring(L, 1));
  return 1;
}

static const luaL_Reg functions[] = {
    {"frames", lib_frames},       {"traceback", lib_traceback},
    {"mark_err", lib_mark_err},   {"memory_refused", lib_memory_refused},
    {"internal", lib_internal},   {"call", lib_call},
    {"view", lib_view},           {"secret", lib_secret},
    {"cjson", tl_lua_open_cjson}, {NULL, NULL}};

/* The operations that a recipe may ask for: name → whether it is asked alone. Answers to PURE and
 * SHOWN ones are not recorded, so no task may overtake another while one is under way. */
static void push_ops(lua_State *L)
{
  static const struct {
    const char *name, *permit, *flags;
  } ops[] = {
#define OP(id, name, permit, flags, sig, ret, help) {name, #permit, #flags},
#define LOCAL(id, name, sig, ret, help)
#include "../gate/ops.def"
#undef OP
#undef LOCAL
  };
  lua_newtable(L);
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
    if (strcmp(ops[i].permit, "TOOL") == 0) continue;
    lua_pushboolean(L, strcmp(ops[i].flags, "PURE") == 0 || strcmp(ops[i].flags, "SHOWN") == 0);
    lua_setfield(L, -2, ops[i].name);
  }
}

void tl_worker_open_lib(lua_State *L, tl_worker *w)
{
  tl_worker **of = lua_getextraspace(L);
  *of = w; /* for the hook, which has no upvalue; new threads have a copy */
  lua_newtable(L);
  lua_pushlightuserdata(L, w);
  luaL_setfuncs(L, functions, 1);
  lua_pushlightuserdata(L, w);
  tl_worker_open_talk(L);
  lua_pushlightuserdata(L, w);
  tl_entry_open(L);
  push_ops(L);
  lua_setfield(L, -2, "ops");
  tl_lua_open_json(L);
  lua_setfield(L, -2, "json");
  lua_newtable(L);
  tl_lua_open_guards(L);
  lua_setfield(L, -2, "guards");
}
