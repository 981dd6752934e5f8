#include "lval.h"

#include <stdlib.h>
#include <string.h>

#include "../base/buf.h"
#include "../base/json.h"

/* Registry keys (by address) of the shared metatables. */
static const char list_mark = 'l', secret_mark = 's', err_mark = 'e';

/* --- marks ---------------------------------------------------------------------------------- */

static int secret_tostring(lua_State *L)
{
  lua_pushfstring(L, "<secret:%s>", (const char *)lua_touserdata(L, 1));
  return 1;
}

static int secret_concat(lua_State *L)
{
  return luaL_error(L, "a secret cannot be joined to text: in a header, use a list of strings and "
                       "secrets");
}

static int secret_eq(lua_State *L)
{
  tl_val a, b;
  int both = tl_lua_to_val(L, 1, &a, NULL) == 0 && tl_lua_to_val(L, 2, &b, NULL) == 0;
  lua_pushboolean(L, both && tl_equal(&a, &b));
  tl_free(&a);
  tl_free(&b);
  return 1;
}

static int err_tostring(lua_State *L)
{
  lua_settop(L, 1);
  lua_getfield(L, 1, "file");
  lua_getfield(L, 1, "line");
  lua_getfield(L, 1, "message"); /* err file line message */
  if (lua_type(L, 4) != LUA_TSTRING) {
    lua_pushliteral(L, "an error without a message");
  } else if (lua_type(L, 2) == LUA_TSTRING && lua_isinteger(L, 3)) {
    lua_pushfstring(L, "%s:%I: %s", lua_tostring(L, 2), (LUAI_UACINT)lua_tointeger(L, 3),
                    lua_tostring(L, 4));
  }
  return 1;
}

/* Pushes the metatable kept under `key`; makes it on first use, closed to getmetatable. */
static void push_mark(lua_State *L, const char *key, const char *name, const luaL_Reg *methods)
{
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void tl_lua_mark_list(lua_State *L)
{
  static const luaL_Reg none[] = {{NULL, NULL}};
  push_mark(L, &list_mark, "list", none);
  lua_setmetatable(L, -2);
}

bool tl_lua_is_list(lua_State *L, int idx)
{
  if (!lua_getmetatable(L, idx)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &list_mark);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

void tl_lua_push_secret(lua_State *L, const char *name)
{
  static const luaL_Reg methods[] = {{"__tostring", secret_tostring},
                                     {"__concat", secret_concat},
                                     {"__eq", secret_eq},
                                     {NULL, NULL}};
  size_t size = strlen(name) + 1;
  memcpy(lua_newuserdatauv(L, size, 0), name, size);
  push_mark(L, &secret_mark, "secret", methods);
  lua_setmetatable(L, -2);
}

void tl_lua_mark_err(lua_State *L)
{
  static const luaL_Reg methods[] = {{"__tostring", err_tostring}, {NULL, NULL}};
  push_mark(L, &err_mark, "error", methods);
  lua_setmetatable(L, -2);
}

void tl_lua_push_err(lua_State *L, int code, const char *msg)
{
  lua_createtable(L, 0, 4);
  lua_pushstring(L, tl_code_name(code));
  lua_setfield(L, -2, "code");
  lua_pushstring(L, msg);
  lua_setfield(L, -2, "message");
  tl_lua_mark_err(L);
}

int tl_lua_raise(lua_State *L, int code, const char *msg)
{
  tl_lua_push_err(L, code, msg);
  lua_Debug at;
  for (int level = 1; lua_getstack(L, level, &at); level++) {
    lua_getinfo(L, "Sl", &at);
    if (at.currentline <= 0 || at.source[0] != '@') continue;
    lua_pushstring(L, at.source + 1);
    lua_setfield(L, -2, "file");
    lua_pushinteger(L, at.currentline);
    lua_setfield(L, -2, "line");
    break;
  }
  return lua_error(L);
}

/* --- Lua → tl_val ---------------------------------------------------------------------------- */

/* One table on the way from the root to the value in hand, and where in it that value lies. */
typedef struct step {
  const struct step *up;
  const void *table;
  const char *key; /* NULL: in a list, at index */
  size_t key_len;
  lua_Integer index;
} step;

typedef struct walk {
  lua_State *L;
  const void *list_mt, *secret_mt;
  size_t left; /* bytes the copy may still take */
  int depth;
  tl_err *e;
} walk;

static int convert(walk *w, int idx, const step *up, tl_val *out);

/* Writes ".messages[2].text"; a path that does not fit ends in "…". */
static int put_path(tl_buf *b, const step *at)
{
  if (!at) return 0;
  int rc = put_path(b, at->up);
  if (rc < 0) return rc;
  if (!at->key) return tl_buf_fmt(b, "[%lld]", (long long)at->index);
  rc = tl_buf_byte(b, '.');
  return rc < 0 ? rc : tl_buf_add(b, at->key, tl_utf8_valid(at->key, at->key_len));
}

static int refuse(walk *w, const step *at, int code, const char *what)
{
  if (!at) return tl_fail(w->e, code, "%s", what);
  tl_buf path = TL_BUF(200);
  const char *more = put_path(&path, at) < 0 ? "…" : "";
  int rc = tl_fail(w->e, code, "at %s%s: %s", path.data ? path.data : "", more, what);
  tl_buf_free(&path);
  return rc;
}

static int spend(walk *w, const step *at, size_t bytes)
{
  if (bytes > w->left)
    return refuse(w, at, TL_ELIMIT, "the value is larger than 256 MiB; write a file instead");
  w->left -= bytes;
  return 0;
}

/* What kind of keys a table has. */
typedef struct keys {
  lua_Integer ints, max;
  lua_Integer strings;
  const char *other; /* type name of a key that is neither */
} keys;

static keys survey(lua_State *L, int t)
{
  keys k = {0, 0, 0, NULL};
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) {
      k.strings++;
    } else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) > 0) {
      k.ints++;
      if (lua_tointeger(L, -1) > k.max) k.max = lua_tointeger(L, -1);
    } else {
      k.other = lua_type(L, -1) == LUA_TNUMBER ? "number" : luaL_typename(L, -1);
    }
  }
  return k;
}

static int check_keys(walk *w, const step *up, const keys *k, bool marked)
{
  if (k->other) {
    tl_buf b = TL_BUF(120);
    (void)tl_buf_fmt(&b, "a table with a %s as key is not plain data (keys are 1..n or strings)",
                     k->other);
    int rc = refuse(w, up, TL_EARGUMENT, b.data);
    tl_buf_free(&b);
    return rc;
  }
  if (k->strings && (k->ints || marked))
    return refuse(w, up, TL_EARGUMENT,
                  "a table is either a list or a map with string keys, not both");
  if (k->ints != k->max)
    return refuse(w, up, TL_EARGUMENT, "a list has a hole (use json.null for an empty place)");
  return 0;
}

static int convert_list(walk *w, int t, step *at, lua_Integer n, tl_val *out)
{
  *out = tl_list();
  for (at->index = 1; at->index <= n; at->index++) {
    tl_val item;
    lua_rawgeti(w->L, t, at->index);
    int rc = convert(w, lua_gettop(w->L), at, &item);
    lua_pop(w->L, 1);
    if (rc < 0) return rc;
    tl_push(out, item);
  }
  return 0;
}

static int by_bytes(const void *a, const void *b)
{
  const tl_pair *x = a, *y = b;
  size_t n = x->key_len < y->key_len ? x->key_len : y->key_len;
  int order = memcmp(x->key, y->key, n);
  return order ? order : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

static int convert_map(walk *w, int t, step *at, tl_val *out)
{
  *out = tl_map();
  lua_pushnil(w->L);
  while (lua_next(w->L, t)) { /* key value */
    tl_val item;
    at->key = lua_tolstring(w->L, -2, &at->key_len);
    int rc = spend(w, at, sizeof(tl_pair) + at->key_len);
    if (rc == 0) rc = convert(w, lua_gettop(w->L), at, &item);
    lua_pop(w->L, 1);
    if (rc < 0) {
      lua_pop(w->L, 1);
      return rc;
    }
    tl_putn(out, at->key, at->key_len, item);
  }
  if (out->u.map.len > 1) qsort(out->u.map.pairs, out->u.map.len, sizeof(tl_pair), by_bytes);
  return 0;
}

static int convert_table(walk *w, int idx, const step *up, tl_val *out)
{
  step at = {.up = up, .table = lua_topointer(w->L, idx)};
  for (const step *s = up; s; s = s->up)
    if (s->table == at.table) return refuse(w, up, TL_EARGUMENT, "a table contains itself");
  if (w->depth >= TL_JSON_DEPTH || !lua_checkstack(w->L, 6))
    return refuse(w, up, TL_ELIMIT, "tables are nested more than 200 deep");

  bool marked = false;
  if (lua_getmetatable(w->L, idx)) {
    marked = lua_topointer(w->L, -1) == w->list_mt;
    lua_pop(w->L, 1);
  }
  keys k = survey(w->L, idx);
  int rc = check_keys(w, up, &k, marked);
  if (rc < 0) return rc;
  w->depth++;
  rc = marked || k.ints ? convert_list(w, idx, &at, k.ints, out) : convert_map(w, idx, &at, out);
  w->depth--;
  return rc;
}

static int convert_userdata(walk *w, int idx, const step *up, tl_val *out)
{
  if (lua_getmetatable(w->L, idx)) {
    bool secret = lua_topointer(w->L, -1) == w->secret_mt;
    lua_pop(w->L, 1);
    if (secret) {
      *out = tl_secret(lua_touserdata(w->L, idx));
      return 0;
    }
  }
  return refuse(w, up, TL_EARGUMENT, "a userdata is not plain data");
}

static int convert_other(walk *w, int idx, const step *up)
{
  tl_buf b = TL_BUF(100);
  (void)tl_buf_fmt(&b, "a %s is not plain data", luaL_typename(w->L, idx));
  int rc = refuse(w, up, TL_EARGUMENT, b.data);
  tl_buf_free(&b);
  return rc;
}

static int convert(walk *w, int idx, const step *up, tl_val *out)
{
  lua_State *L = w->L;
  *out = tl_nil();
  int rc = spend(w, up, sizeof *out);
  if (rc < 0) return rc;
  switch (lua_type(L, idx)) {
  case LUA_TNIL: return 0;
  case LUA_TBOOLEAN: *out = tl_bool(lua_toboolean(L, idx)); return 0;
  case LUA_TNUMBER:
    *out = lua_isinteger(L, idx) ? tl_int(lua_tointeger(L, idx)) : tl_num(lua_tonumber(L, idx));
    return 0;
  case LUA_TSTRING: {
    size_t len;
    const char *s = lua_tolstring(L, idx, &len);
    rc = spend(w, up, len);
    if (rc == 0) *out = tl_strn(s, len);
    return rc;
  }
  case LUA_TLIGHTUSERDATA: return lua_touserdata(L, idx) ? convert_other(w, idx, up) : 0;
  case LUA_TUSERDATA: return convert_userdata(w, idx, up, out);
  case LUA_TTABLE:
    rc = convert_table(w, idx, up, out);
    if (rc < 0) tl_free(out);
    return rc;
  default: return convert_other(w, idx, up);
  }
}

int tl_lua_to_val(lua_State *L, int idx, tl_val *out, tl_err *e)
{
  walk w = {.L = L, .left = TL_LUA_VALUE_MAX, .e = e};
  *out = tl_nil();
  if (!lua_checkstack(L, 6)) return tl_fail(e, TL_ELIMIT, "the Lua stack is full");
  /* A mark that no value carries yet has no metatable: its address is NULL and matches nothing. */
  lua_rawgetp(L, LUA_REGISTRYINDEX, &list_mark);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &secret_mark);
  w.list_mt = lua_topointer(L, -2);
  w.secret_mt = lua_topointer(L, -1);
  lua_pop(L, 2);
  return convert(&w, lua_absindex(L, idx), NULL, out);
}

/* --- tl_val → Lua ---------------------------------------------------------------------------- */

static void push_inner(lua_State *L, const tl_val *v)
{
  if (v->type == TL_NIL) lua_pushlightuserdata(L, NULL);
  else tl_lua_push_val(L, v);
}

static void push_list(lua_State *L, const tl_val *v)
{
  size_t n = v->u.list.len;
  lua_createtable(L, n < INT32_MAX ? (int)n : 0, 0);
  for (size_t i = 0; i < n; i++) {
    push_inner(L, &v->u.list.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  tl_lua_mark_list(L);
}

static void push_map(lua_State *L, const tl_val *v)
{
  size_t n = v->u.map.len;
  lua_createtable(L, 0, n < INT32_MAX ? (int)n : 0);
  for (size_t i = 0; i < n; i++) {
    const tl_pair *p = &v->u.map.pairs[i];
    lua_pushlstring(L, p->key, p->key_len);
    push_inner(L, &p->val);
    lua_rawset(L, -3);
  }
}

void tl_lua_push_val(lua_State *L, const tl_val *v)
{
  luaL_checkstack(L, 6, "a value is nested too deep");
  switch (v->type) {
  case TL_NIL: lua_pushnil(L); break;
  case TL_BOOL: lua_pushboolean(L, v->u.b); break;
  case TL_INT: lua_pushinteger(L, v->u.i); break;
  case TL_NUM: lua_pushnumber(L, v->u.num); break;
  case TL_STR: lua_pushlstring(L, v->u.s.data, v->u.s.len); break;
  case TL_SECRET: tl_lua_push_secret(L, v->u.s.data); break;
  case TL_LIST: push_list(L, v); break;
  case TL_MAP: push_map(L, v); break;
  }
}
