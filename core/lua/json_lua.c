#include "json_lua.h"

#include <lauxlib.h>
#include <lua-cjson.h>

#include "../base/json.h"
#include "lval.h"

/* The largest text that encode makes: what a frame can carry. */
enum { TEXT_MAX = 256 << 20 };

/* C memory of one call, owned by the Lua state so that a raise in the middle loses nothing. */
typedef struct box {
  tl_val val;
  tl_buf text;
} box;

static void box_clear(box *b)
{
  tl_free(&b->val);
  tl_buf_free(&b->text);
}

static int box_gc(lua_State *L)
{
  box_clear(lua_touserdata(L, 1));
  return 0;
}

static void push_box(lua_State *L)
{
  box *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (box){.val = tl_nil(), .text = TL_BUF(TEXT_MAX)};
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, box_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
}

typedef int writer(tl_buf *out, const tl_val *v, tl_err *e);

/* Upvalue 1: the box. */
static int encode_with(lua_State *L, writer *write)
{
  box *b = lua_touserdata(L, lua_upvalueindex(1));
  tl_err e = {0};
  luaL_checkany(L, 1);
  box_clear(b);
  int rc = tl_lua_to_val(L, 1, &b->val, &e);
  if (rc == 0) rc = write(&b->text, &b->val, &e);
  if (rc < 0) {
    box_clear(b);
    return tl_lua_raise(L, e.code, e.msg);
  }
  lua_pushlstring(L, b->text.data, b->text.len);
  box_clear(b);
  return 1;
}

static int json_encode(lua_State *L)
{
  return encode_with(L, tl_json_write);
}

static int json_pretty(lua_State *L)
{
  return encode_with(L, tl_json_pretty);
}

static int json_decode(lua_State *L)
{
  box *b = lua_touserdata(L, lua_upvalueindex(1));
  tl_err e = {0};
  size_t len;
  if (lua_type(L, 1) != LUA_TSTRING) { /* a number is no text */
    tl_lua_push_err(L, TL_EARGUMENT,
                    "bad argument #1 'text' to json.decode: a string was expected");
    return lua_error(L);
  }
  const char *text = lua_tolstring(L, 1, &len);
  box_clear(b);
  if (tl_json_read(&b->val, text, len, &e) < 0) {
    lua_pushnil(L);
    tl_lua_push_err(L, e.code, e.msg);
    return 2;
  }
  if (b->val.type == TL_NIL) lua_pushlightuserdata(L, NULL);
  else tl_lua_push_val(L, &b->val);
  box_clear(b);
  return 1;
}

static int json_array(lua_State *L)
{
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  bool plain = !lua_getmetatable(L, 1);
  lua_settop(L, 1);
  luaL_argcheck(L, plain || tl_lua_is_list(L, 1), 1, "the table has a metatable of its own");
  tl_lua_mark_list(L);
  return 1;
}

int tl_lua_open_json(lua_State *L)
{
  static const luaL_Reg functions[] = {{"encode", json_encode},
                                       {"decode", json_decode},
                                       {"pretty", json_pretty},
                                       {"array", json_array},
                                       {NULL, NULL}};
  lua_createtable(L, 0, 5);
  push_box(L);
  luaL_setfuncs(L, functions, 1);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  return 1;
}

/* cjson.new(): the same module with settings of its own. */
static int cjson_new(lua_State *L)
{
  return tl_lua_open_cjson(L);
}

int tl_lua_open_cjson(lua_State *L)
{
  lua_pushcfunction(L, luaopen_cjson);
  lua_call(L, 0, 1); /* cjson */
  lua_getfield(L, -1, "decode_invalid_numbers");
  lua_pushboolean(L, 0);
  lua_call(L, 1, 0);
  push_box(L);
  lua_pushcclosure(L, json_encode, 1);
  lua_setfield(L, -2, "encode");
  lua_pushcfunction(L, cjson_new);
  lua_setfield(L, -2, "new");
  return 1;
}
