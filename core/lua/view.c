/* Read-only views of tables. Stock Lua cannot freeze a table, so a view is an empty table whose
 * metatable leads to the real one; the C functions that look past metatables know views. */
#include <lauxlib.h>

#include "det.h"

/* Key (by address) in a view's metatable under which the real table lies. */
static const char behind_key = 'v';

static int view_newindex(lua_State *L)
{
  return luaL_error(L, "%s is read-only", lua_tostring(L, lua_upvalueindex(1)));
}

static int view_len(lua_State *L)
{
  lua_pushinteger(L, luaL_len(L, lua_upvalueindex(1)));
  return 1;
}

void tl_lua_make_view(lua_State *L, const char *name)
{
  lua_newtable(L);
  lua_createtable(L, 0, 5); /* real view mt */
  lua_pushvalue(L, -3);
  lua_rawsetp(L, -2, &behind_key);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushvalue(L, -3);
  lua_pushcclosure(L, view_len, 1);
  lua_setfield(L, -2, "__len");
  lua_pushstring(L, name);
  lua_pushcclosure(L, view_newindex, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2); /* real view */
  lua_remove(L, -2);
}

bool tl_lua_unview(lua_State *L, int idx)
{
  if (!lua_getmetatable(L, idx)) return false;
  bool is_view = lua_rawgetp(L, -1, &behind_key) == LUA_TTABLE;
  if (is_view) lua_copy(L, -1, idx);
  lua_pop(L, 2);
  return is_view;
}
