#include "line_lua.h"

#include <lauxlib.h>
#include <string.h>

#include "../prim/line.h"
#include "lval.h"

/* The Lua state while a line is typed. What `complete` answered stays on its stack until the next Tab or
 * the end of the line: the words are borrowed from there. */
typedef struct asked {
  lua_State *L;
  int complete, top;
  const char *words[1024];
} asked;

/* A completion that fails must not take the line with it: nothing is found then. */
static void complete(void *ud, const char *line, size_t cursor, tl_line_words *found)
{
  asked *a = ud;
  lua_State *L = a->L;
  lua_settop(L, a->top);
  if (!lua_checkstack(L, 8 + (int)(sizeof a->words / sizeof *a->words))) return;
  lua_pushvalue(L, a->complete);               // fn
  lua_pushstring(L, line);                     // fn line
  lua_pushinteger(L, (lua_Integer)cursor);     // fn line cursor
  if (lua_pcall(L, 2, 2, 0) != LUA_OK) return; // message
  if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 0 || !lua_istable(L, -1))
    return; // from words
  int words = lua_gettop(L);
  found->from = (size_t)lua_tointeger(L, -2);
  found->words = a->words;
  while (found->n < sizeof a->words / sizeof *a->words) {
    if (lua_rawgeti(L, words, (lua_Integer)found->n + 1) != LUA_TSTRING) break;
    a->words[found->n++] = lua_tostring(L, -1);
  }
}

static const char *word_of(tl_line_end how)
{
  static const char *const words[] = {"text", "end", "gone", "interrupted"};
  return words[how];
}

static int term_line(lua_State *L)
{
  tl_err e = {0};
  tl_line_end how;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "prompt");   // how prompt
  lua_getfield(L, 1, "complete"); // how prompt fn
  asked a = {.L = L, .complete = 3, .top = 3};
  tl_line line = {.prompt = luaL_checkstring(L, 2),
                  .complete = lua_isfunction(L, 3) ? complete : NULL,
                  .ud = &a};
  tl_buf out = TL_BUF(TL_LINE_MOST);
  int rc = tl_line_read(&line, &out, &how, &e);
  lua_settop(L, 3);
  if (rc == TL_OK && how == TL_LINE_TEXT) {
    lua_pushlstring(L, out.data ? out.data : "", out.len);
    tl_buf_free(&out);
    return 1;
  }
  tl_buf_free(&out);
  lua_pushnil(L);
  if (rc == TL_OK) lua_pushstring(L, word_of(how));
  else tl_lua_push_err(L, e.code, e.msg);
  return 2;
}

static int term_remember(lua_State *L)
{
  tl_line_remember(luaL_checkstring(L, 1));
  return 0;
}

void tl_lua_open_line(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"line", term_line}, {"remember", term_remember}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
