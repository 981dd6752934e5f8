/* The worker's end of the socket: asks, answers, and what the supervisor asks in between. */
#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

#include "../prim/frame.h"
#include "lval.h"
#include "worker_lib.h"

/* Buffers that grew beyond this are given back after use. */
enum { KEEP_MAX = 1 << 20 };

/* Key (by address) in the registry: the function that answers looks. */
static const char look_key = 'l';

static tl_worker *self(lua_State *L)
{
  return lua_touserdata(L, lua_upvalueindex(1));
}

/* --- sending ---------------------------------------------------------------------------------- */

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

/* What is typed next is for the session: code of an entry that asked for it would answer as the session. */
static int is_next(tl_worker *w, const char *op, int64_t n, tl_err *e)
{
  if (strcmp(op, "repl.next") != 0) return 0;
  if (w->entry.on) return tl_fail(e, TL_ENOT_PERMITTED, "only the session itself asks for entries");
  w->entry.ask = n;
  return 0;
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
  int rc = is_next(w, op, n, &e);
  if (rc == 0) rc = add_values(L, args, 4, last, &e);
  return finish_send(L, w, rc, &e);
}

/* --- receiving -------------------------------------------------------------------------------- */

static int look(lua_State *L)
{
  tl_worker *w = lua_touserdata(L, 1);
  luaL_checkstack(L, 8, NULL);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &look_key) != LUA_TFUNCTION)
    return luaL_error(L, "this recipe shows nothing");
  tl_lua_push_val(L, tl_at(&w->frame, 2)); // fn what
  lua_call(L, 1, 1);                       // value
  return 1;
}

static int send_seen(tl_worker *w, const tl_val *seen, const char *why, tl_err *e)
{
  tl_val frame = tl_list();
  tl_push(&frame, tl_str("seen"));
  tl_push(&frame, tl_copy(tl_at(&w->frame, 1)));
  tl_push(&frame, tl_copy(seen));
  if (why) tl_push(&frame, tl_str(why));
  int rc = tl_worker_send(w, &frame, e);
  tl_free(&frame);
  return rc;
}

/* {"look", k, what}: answered at once, by {"seen", k, value} or {"seen", k, nil, why}. */
static void answer_look(lua_State *L, tl_worker *w)
{
  tl_err e = {0};
  tl_val seen = tl_nil();
  lua_pushcfunction(L, look);
  lua_pushlightuserdata(L, w);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) (void)tl_lua_to_val(L, -1, &seen, &e); // value
  else (void)tl_fail(&e, TL_EBUG, "%s", lua_isstring(L, -1) ? lua_tostring(L, -1) : "an error");
  if (e.code == TL_OK) (void)send_seen(w, &seen, NULL, &e);
  if (e.code != TL_OK) (void)send_seen(w, &(tl_val){.type = TL_NIL}, e.msg, &(tl_err){0});
  tl_free(&seen);
  lua_pop(L, 1);
}

/* Takes the next frame, but for those that are for this file. */
static void take_frame(lua_State *L, tl_worker *w)
{
  for (;;) {
    tl_err e = {0};
    tl_free(&w->frame);
    if (tl_frame_receive(w->fd, &w->in, &w->frame, &e) <= 0) _exit(0);
    if (w->in.len == 0 && w->in.cap > KEEP_MAX) tl_buf_free(&w->in);
    const tl_val *word = tl_at(&w->frame, 0), *first = tl_at(&w->frame, 1);
    if (!word || word->type != TL_STR) return;
    if (strcmp(word->u.s.data, "look") == 0) answer_look(L, w);
    else if (strcmp(word->u.s.data, "stop") == 0 && first) w->entry.stop_at = first->u.i;
    else return;
  }
}

/* receive() → the items of the next frame. Ends the process when the supervisor is gone. */
static int lib_receive(lua_State *L)
{
  tl_worker *w = self(L);
  take_frame(L, w);
  size_t n = tl_len(&w->frame);
  luaL_checkstack(L, 8, NULL);
  for (size_t i = 0; i < n && i < 8; i++) tl_lua_push_val(L, tl_at(&w->frame, i));
  tl_free(&w->frame);
  return n < 8 ? (int)n : 8;
}

/* Puts the next of the early answers into w->frame. */
static void take_early(tl_worker *w)
{
  tl_free(&w->frame);
  w->frame = w->early.u.list.items[w->given];
  w->early.u.list.items[w->given++] = tl_nil();
  if (w->given < tl_len(&w->early)) return;
  tl_free(&w->early);
  w->given = 0;
}

static void keep_early(tl_worker *w)
{
  if (w->early.type != TL_LIST) w->early = tl_list();
  tl_push(&w->early, w->frame);
  w->frame = tl_nil();
}

static int push_value(lua_State *L)
{
  const tl_worker *w = lua_touserdata(L, 1);
  const tl_val *value = tl_at(&w->frame, 3);
  if (value) tl_lua_push_val(L, value);
  return value ? 1 : 0;
}

/* answer([n]) → number, how, value of the next answer, or of that to ask n: those of others that come
 * before it wait in their order. In C, since how many come before it is no property of the recipe, and
 * its instructions are counted (entry.h). A value for which there is no memory raises in the asker,
 * not in who waits for all. */
static int lib_answer(lua_State *L)
{
  tl_worker *w = self(L);
  lua_Integer wanted = luaL_optinteger(L, 1, 0);
  if (!wanted && w->early.type == TL_LIST) take_early(w);
  else take_frame(L, w);
  while (wanted && !(tl_at(&w->frame, 1) && tl_at(&w->frame, 1)->u.i == wanted)) {
    keep_early(w);
    take_frame(L, w);
  }
  const tl_val *n = tl_at(&w->frame, 1), *how = tl_at(&w->frame, 2);
  if (!n || n->type != TL_INT || !how || how->type != TL_STR)
    return luaL_error(L, "a frame came that is no answer");
  lua_settop(L, 0);
  lua_pushinteger(L, n->u.i);       // n
  lua_pushstring(L, how->u.s.data); // n how
  lua_pushcfunction(L, push_value);
  lua_pushlightuserdata(L, w);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) { // n how message
    lua_pushliteral(L, "memory");
    lua_replace(L, 2);
  }
  tl_free(&w->frame);
  return 3;
}

/* on_look(function): what it returns for the supervisor's question is shown to a person, and no part of
 * the run. It is called while the worker waits. */
static int lib_on_look(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &look_key);
  return 0;
}

void tl_worker_open_talk(lua_State *L)
{
  static const luaL_Reg functions[] = {{"send", lib_send},       {"ask", lib_ask},
                                       {"receive", lib_receive}, {"answer", lib_answer},
                                       {"on_look", lib_on_look}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 1);
}
