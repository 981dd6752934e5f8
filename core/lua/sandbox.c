#include "sandbox.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "../base/err.h"
#include "det.h"

/* --- memory ---------------------------------------------------------------------------------- */

typedef struct quota {
  size_t used, limit; /* limit 0: none */
  bool refused;
} quota;

/* lua_Alloc: `old` is a type, not a size, while p is NULL (manual, lua_Alloc). */
static void *quota_alloc(void *ud, void *p, size_t old, size_t size)
{
  quota *q = ud;
  if (!p) old = 0;
  if (size == 0) {
    free(p);
    q->used -= old;
    return NULL;
  }
  void *fresh = NULL;
  if (size <= old || !q->limit || (q->used - old <= q->limit && size <= q->limit - (q->used - old)))
    fresh = realloc(p, size);
  if (fresh) q->used += size - old;
  else q->refused = true;
  return fresh;
}

static int panic(lua_State *L)
{
  const char *msg = lua_tostring(L, -1);
  TL_BUG(msg ? msg : "a Lua error outside any protected call");
}

lua_State *tl_lua_new(size_t memory_limit)
{
  quota *q = calloc(1, sizeof *q);
  if (!q) return NULL;
  q->limit = memory_limit;
  lua_State *L = lua_newstate(quota_alloc, q);
  if (!L) {
    free(q);
    return NULL;
  }
  lua_atpanic(L, panic);
  return L;
}

static quota *quota_of(lua_State *L)
{
  void *ud;
  (void)lua_getallocf(L, &ud);
  return ud;
}

void tl_lua_close(lua_State *L)
{
  if (!L) return;
  quota *q = quota_of(L);
  lua_close(L);
  free(q);
}

bool tl_lua_memory_refused(lua_State *L)
{
  quota *q = quota_of(L);
  bool refused = q->refused;
  q->refused = false;
  return refused;
}

void tl_lua_set_memory(lua_State *L, size_t memory_limit)
{
  quota_of(L)->limit = memory_limit;
}

/* --- base libraries --------------------------------------------------------------------------- */

static void drop_fields(lua_State *L, const char *library, const char *const *names)
{
  lua_getglobal(L, library);
  for (; *names; names++) {
    lua_pushnil(L);
    lua_setfield(L, -2, *names);
  }
  lua_pop(L, 1);
}

void tl_lua_open_base(lua_State *L)
{
  static const luaL_Reg libraries[] = {
      {LUA_GNAME, luaopen_base},       {LUA_STRLIBNAME, luaopen_string},
      {LUA_TABLIBNAME, luaopen_table}, {LUA_MATHLIBNAME, luaopen_math},
      {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_COLIBNAME, luaopen_coroutine}};
  static const char *const no_base[] = {"dofile", "loadfile", "collectgarbage", "warn", NULL};
  static const char *const no_string[] = {"dump", NULL};
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
    luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
    lua_pop(L, 1);
  }
  drop_fields(L, LUA_GNAME, no_base);
  drop_fields(L, LUA_STRLIBNAME, no_string);
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
  tl_lua_open_deterministic(L);
}
