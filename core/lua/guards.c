/* The base functions that look past metatables, for recipes: they know read-only views, and refuse
 * the metamethods that would tie a result to the moments of the collector. */
#include <lauxlib.h>

#include "det.h"
#include "sandbox.h"

static void refuse_field(lua_State *L, int idx, const char *name)
{
  lua_pushstring(L, name);
  if (lua_rawget(L, idx) != LUA_TNIL)
    luaL_error(L, "a metatable with %s is not available: it would run when memory is collected",
               name);
  lua_pop(L, 1);
}

static int guard_setmetatable(lua_State *L)
{
  int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
    return luaL_error(L, "cannot change a protected metatable");
  if (type == LUA_TTABLE) {
    refuse_field(L, 2, "__gc");
    refuse_field(L, 2, "__mode");
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int guard_rawset(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  lua_pushvalue(L, 1);
  if (tl_lua_unview(L, 4)) return luaL_error(L, "this table is read-only");
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 1;
}

static int guard_rawget(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  (void)tl_lua_unview(L, 1);
  lua_rawget(L, 1);
  return 1;
}

static int guard_rawlen(lua_State *L)
{
  int type = lua_type(L, 1);
  luaL_argexpected(L, type == LUA_TTABLE || type == LUA_TSTRING, 1, "table or string");
  (void)tl_lua_unview(L, 1);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
  return 1;
}

void tl_lua_open_guards(lua_State *L)
{
  static const luaL_Reg functions[] = {{"setmetatable", guard_setmetatable},
                                       {"rawset", guard_rawset},
                                       {"rawget", guard_rawget},
                                       {"rawlen", guard_rawlen},
                                       {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
