#include "worker_lib.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../prim/frame.h"
#include "det.h"
#include "embed.h"
#include "json_lua.h"
#include "lval.h"
#include "sandbox.h"

/* Where the Lua of this folder is embedded, and how its chunks are called. */
#define INTERNAL_NAME "tlab/worker/"
#define INTERNAL_CHUNK "@lua/tlab/worker/"

/* Buffers that grew beyond this are given back after use. */
enum { KEEP_MAX = 1 << 20 };

static tl_worker *self(lua_State *L)
{
  return lua_touserdata(L, lua_upvalueindex(1));
}

/* --- frames ----------------------------------------------------------------------------------- */

int tl_worker_send(tl_worker *w, const tl_val *frame, tl_err *e)
{
  int rc = tl_frame_send(w->fd, &w->out, frame, e);
  if (w->out.cap > KEEP_MAX) tl_buf_free(&w->out);
  if (rc < 0 && rc != TL_ELIMIT) _exit(0);
  return rc;
}

/* Adds the Lua values first..last to the list; on failure the error names the one that is not plain
 * data. */
static int add_values(lua_State *L, tl_val *list, int first, int last, tl_err *e)
{
  for (int i = first; i <= last; i++) {
    tl_val v;
    tl_err inner = {0};
    int rc = tl_lua_to_val(L, i, &v, &inner);
    if (rc < 0) return tl_fail(e, rc, "argument #%d: %s", i - first + 1, inner.msg);
    tl_push(list, v);
  }
  return 0;
}

static int finish_send(lua_State *L, tl_worker *w, int rc, tl_err *e)
{
  if (rc == 0) rc = tl_worker_send(w, &w->frame, e);
  tl_free(&w->frame);
  if (rc == 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, tl_code_name(rc));
  lua_pushstring(L, e->msg);
  return 3;
}

/* send(word, …) → true | nil, code, message: one frame of plain values. */
static int lib_send(lua_State *L)
{
  tl_worker *w = self(L);
  tl_err e = {0};
  tl_free(&w->frame);
  w->frame = tl_list();
  tl_push(&w->frame, tl_str(luaL_checkstring(L, 1)));
  return finish_send(L, w, add_values(L, &w->frame, 2, lua_gettop(L), &e), &e);
}

/* ask(n, task, op, …) → true | nil, code, message. Arguments left out at the end stay out. */
static int lib_ask(lua_State *L)
{
  tl_worker *w = self(L);
  tl_err e = {0};
  tl_free(&w->frame);
  lua_Integer n = luaL_checkinteger(L, 1), task = luaL_checkinteger(L, 2);
  const char *op = luaL_checkstring(L, 3);
  int last = lua_gettop(L);
  while (last > 3 && lua_isnil(L, last)) last--;
  w->frame = tl_list();
  tl_push(&w->frame, tl_str("ask"));
  tl_push(&w->frame, tl_int(n));
  tl_push(&w->frame, tl_int(task));
  tl_push(&w->frame, tl_str(op));
  tl_val *args = tl_push(&w->frame, tl_list());
  return finish_send(L, w, add_values(L, args, 4, last, &e), &e);
}

/* receive() → the items of the next frame. Ends the process when the supervisor is gone. */
static int lib_receive(lua_State *L)
{
  tl_worker *w = self(L);
  tl_err e = {0};
  tl_free(&w->frame);
  if (tl_frame_receive(w->fd, &w->in, &w->frame, &e) <= 0) _exit(0);
  if (w->in.len == 0 && w->in.cap > KEEP_MAX) tl_buf_free(&w->in);
  size_t n = tl_len(&w->frame);
  luaL_checkstack(L, 8, NULL);
  for (size_t i = 0; i < n && i < 8; i++) tl_lua_push_val(L, tl_at(&w->frame, i));
  tl_free(&w->frame);
  return n < 8 ? (int)n : 8;
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
  for (int level = 0; n < 50 && lua_getstack(of, level, &at); level++) {
    lua_getinfo(of, "Sl", &at);
    if (at.currentline <= 0 || at.source[0] != '@') continue;
    if (strncmp(at.source, INTERNAL_CHUNK, strlen(INTERNAL_CHUNK)) == 0) continue;
    lua_createtable(L, 0, 2);
    lua_pushstring(L, at.source + 1);
    lua_setfield(L, -2, "file");
    lua_pushinteger(L, at.currentline);
    lua_setfield(L, -2, "line");
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* traceback(thread) → text, one line a function */
static int lib_traceback(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTHREAD);
  luaL_traceback(L, lua_tothread(L, 1), NULL, 0);
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
  if (refused) tl_lua_set_memory(L, w->memory + KEEP_MAX);
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

static const luaL_Reg functions[] = {{"send", lib_send},
                                     {"ask", lib_ask},
                                     {"receive", lib_receive},
                                     {"frames", lib_frames},
                                     {"traceback", lib_traceback},
                                     {"mark_err", lib_mark_err},
                                     {"memory_refused", lib_memory_refused},
                                     {"internal", lib_internal},
                                     {"call", lib_call},
                                     {"view", lib_view},
                                     {"secret", lib_secret},
                                     {"cjson", tl_lua_open_cjson},
                                     {NULL, NULL}};

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
  lua_newtable(L);
  lua_pushlightuserdata(L, w);
  luaL_setfuncs(L, functions, 1);
  push_ops(L);
  lua_setfield(L, -2, "ops");
  tl_lua_open_json(L);
  lua_setfield(L, -2, "json");
  lua_newtable(L);
  tl_lua_open_guards(L);
  lua_setfield(L, -2, "guards");
}
