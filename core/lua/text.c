/* tostring, string.format and math.randomseed without addresses, sign bits of NaN, or the clock. */
#include <ctype.h>
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "det.h"

/* Registry key (by address) of the weak table value → serial number. */
static const char serial_key = 'n';

static void push_serials(lua_State *L)
{
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &serial_key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_pushinteger(L, 0);
  lua_setfield(L, -2, "last"); /* serials mt: the last number given lies in mt */
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &serial_key);
}

/* Pushes the serial number of the value at idx, a new one when it has none. */
static void push_number(lua_State *L, int idx)
{
  push_serials(L);
  lua_pushvalue(L, idx);
  if (lua_rawget(L, -2) == LUA_TNIL) { /* serials nil */
    lua_pop(L, 1);
    lua_getmetatable(L, -1);
    lua_getfield(L, -1, "last"); /* serials mt last */
    lua_Integer n = lua_tointeger(L, -1) + 1;
    lua_pop(L, 1);
    lua_pushinteger(L, n);
    lua_setfield(L, -2, "last");
    lua_pop(L, 1);
    lua_pushvalue(L, idx);
    lua_pushinteger(L, n);
    lua_rawset(L, -3);
    lua_pushinteger(L, n); /* serials n */
  }
  lua_remove(L, -2);
}

void tl_lua_push_serial(lua_State *L, int idx)
{
  idx = lua_absindex(L, idx);
  int named = luaL_getmetafield(L, idx, "__name");
  if (named != LUA_TSTRING) {
    if (named != LUA_TNIL) lua_pop(L, 1);
    lua_pushstring(L, luaL_typename(L, idx));
  } /* name */
  push_number(L, idx); /* name n */
  lua_pushfstring(L, "%s: %I", lua_tostring(L, -2), (LUAI_UACINT)lua_tointeger(L, -1));
  lua_replace(L, -3);
  lua_pop(L, 1);
}

/* Pushes the text of the value at idx, as luaL_tolstring does but for addresses and NaN. */
static void push_text(lua_State *L, int idx)
{
  idx = lua_absindex(L, idx);
  if (luaL_getmetafield(L, idx, "__tostring") != LUA_TNIL) {
    lua_pushvalue(L, idx);
    lua_call(L, 1, 1);
    if (!lua_isstring(L, -1)) luaL_error(L, "'__tostring' must return a string");
    return;
  }
  switch (lua_type(L, idx)) {
  case LUA_TNUMBER:
    if (!lua_isinteger(L, idx) && isnan(lua_tonumber(L, idx))) {
      lua_pushliteral(L, "nan");
      break;
    }
    luaL_tolstring(L, idx, NULL);
    break;
  case LUA_TLIGHTUSERDATA: lua_pushliteral(L, "null"); break;
  case LUA_TTABLE:
  case LUA_TFUNCTION:
  case LUA_TTHREAD:
  case LUA_TUSERDATA: tl_lua_push_serial(L, idx); break;
  default: luaL_tolstring(L, idx, NULL);
  }
}

static int det_tostring(lua_State *L)
{
  luaL_checkany(L, 1);
  push_text(L, 1);
  return 1;
}

/* --- string.format ---------------------------------------------------------------------------- */

static bool one_of(char c, const char *set)
{
  return c != '\0' && strchr(set, c);
}

/* Prepares argument `arg` for the conversion c; raises here, where the function's name and the
 * caller's line are known. */
static void prepare(lua_State *L, int arg, char c)
{
  if (c == 'p') luaL_error(L, "'%%p' is not available: addresses differ from run to run");
  if (arg > lua_gettop(L)) luaL_argerror(L, arg, "no value");
  if (c == 's' && lua_type(L, arg) != LUA_TSTRING) {
    push_text(L, arg);
    lua_replace(L, arg);
  } else if (one_of(c, "cdioxX")) {
    (void)luaL_checkinteger(L, arg);
  } else if (one_of(c, "aAeEfFgG") && isnan(luaL_checknumber(L, arg))) {
    lua_pushnumber(L, fabs((double)NAN));
    lua_replace(L, arg);
  } else if (c == 'q' && (lua_type(L, arg) > LUA_TSTRING || lua_islightuserdata(L, arg))) {
    luaL_argerror(L, arg, "value has no literal form");
  }
}

/* Upvalue 1: Lua's own string.format, which does the rest. */
static int det_format(lua_State *L)
{
  size_t len;
  const char *f = luaL_checklstring(L, 1, &len), *end = f + len;
  int arg = 1;
  while (f < end) {
    if (*f++ != '%') continue;
    if (f < end && *f == '%') {
      f++;
      continue;
    }
    while (f < end && (strchr("-+ #0.", *f) ? *f != '\0' : isdigit((unsigned char)*f))) f++;
    if (f < end) prepare(L, ++arg, *f++);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  int rc = lua_pcall(L, lua_gettop(L) - 1, 1, 0);
  if (rc == LUA_OK) return 1;
  if (rc == LUA_ERRRUN) return luaL_error(L, "%s", lua_tostring(L, -1));
  return lua_error(L);
}

/* --- math.randomseed -------------------------------------------------------------------------- */

/* Upvalue 1: Lua's own math.randomseed, which without arguments would read the clock. */
static int det_randomseed(lua_State *L)
{
  lua_Integer high = luaL_checkinteger(L, 1), low = luaL_optinteger(L, 2, 0);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushinteger(L, high);
  lua_pushinteger(L, low);
  lua_call(L, 2, 0);
  return 0;
}

/* Replaces library.name by f with the old function as upvalue 1. */
static void wrap(lua_State *L, const char *library, const char *name, lua_CFunction f)
{
  lua_getglobal(L, library);
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, f, 1);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void tl_lua__open_text(lua_State *L)
{
  lua_pushcfunction(L, det_tostring);
  lua_setglobal(L, "tostring");
  wrap(L, "string", "format", det_format);
  wrap(L, "math", "randomseed", det_randomseed);
  lua_getglobal(L, "math");
  lua_getfield(L, -1, "randomseed");
  lua_pushinteger(L, 0);
  lua_call(L, 1, 0);
  lua_pop(L, 1);
}

void tl_lua_open_deterministic(lua_State *L)
{
  tl_lua__open_order(L);
  tl_lua__open_sort(L);
  tl_lua__open_text(L);
}
