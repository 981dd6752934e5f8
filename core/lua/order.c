/* pairs and next in a defined order.
 *
 * One pass over the table tells whether its keys are just 1..n: then the loop counts. Otherwise a
 * second pass copies the keys to a Lua table and sorts an array that refers to it; the loop walks
 * that array and skips keys whose value has become nil. Costs ×2 on lists, ×3–5 on small maps
 * (measured; DECISIONS.md). A table as key has no order that survives a restart: an error. */
#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "det.h"

enum { KIND_NUMBER, KIND_STRING, KIND_BOOLEAN };

typedef struct entry {
  int kind;
  int slot; /* place of the key in the table of keys */
  bool is_float;
  union {
    lua_Integer i; /* NUMBER; BOOLEAN: 0 or 1 */
    double d;
    uint64_t prefix; /* STRING: the first 8 bytes, most significant first */
  } u;
  const char *s;
  size_t len;
} entry;

/* The keys of one table in order; user value 1 is the Lua table that holds them. */
typedef struct snapshot {
  size_t n, pos; /* pos: the entry that comes next */
  entry at[];
} snapshot;

/* --- comparing -------------------------------------------------------------------------------- */

/* An integer against a float, exactly: doubles beyond the 64-bit range are decided by sign. */
static int cmp_int_float(lua_Integer i, double d)
{
  if (d >= 9223372036854775808.0) return -1;
  if (d < -9223372036854775808.0) return 1;
  lua_Integer t = (lua_Integer)d; /* towards zero */
  if (i != t) return i < t ? -1 : 1;
  double fraction = d - (double)t;
  return fraction > 0 ? -1 : fraction < 0;
}

static int cmp_number(const entry *a, const entry *b)
{
  if (a->is_float && b->is_float) return (a->u.d > b->u.d) - (a->u.d < b->u.d);
  if (a->is_float) return -cmp_int_float(b->u.i, a->u.d);
  if (b->is_float) return cmp_int_float(a->u.i, b->u.d);
  return (a->u.i > b->u.i) - (a->u.i < b->u.i);
}

static int cmp_string(const entry *a, const entry *b)
{
  if (a->u.prefix != b->u.prefix) return a->u.prefix < b->u.prefix ? -1 : 1;
  size_t n = a->len < b->len ? a->len : b->len;
  int order = n > 8 ? memcmp(a->s + 8, b->s + 8, n - 8) : 0;
  return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int cmp_entry(const void *x, const void *y)
{
  const entry *a = x, *b = y;
  if (a->kind != b->kind) return a->kind - b->kind;
  if (a->kind == KIND_NUMBER) return cmp_number(a, b);
  if (a->kind == KIND_STRING) return cmp_string(a, b);
  return (a->u.i > b->u.i) - (a->u.i < b->u.i);
}

static uint64_t prefix_of(const char *s, size_t len)
{
  uint64_t p = 0;
  for (size_t i = 0; i < 8; i++) p = p << 8 | (i < len ? (unsigned char)s[i] : 0);
  return p;
}

/* Fills *e from the key at idx; raises for a key that has no order. */
static void read_key(lua_State *L, int idx, entry *e)
{
  switch (lua_type(L, idx)) {
  case LUA_TNUMBER:
    e->kind = KIND_NUMBER;
    e->is_float = !lua_isinteger(L, idx);
    if (e->is_float) e->u.d = lua_tonumber(L, idx);
    else e->u.i = lua_tointeger(L, idx);
    break;
  case LUA_TSTRING:
    e->kind = KIND_STRING;
    e->s = lua_tolstring(L, idx, &e->len);
    e->u.prefix = prefix_of(e->s, e->len);
    break;
  case LUA_TBOOLEAN:
    e->kind = KIND_BOOLEAN;
    e->u.i = lua_toboolean(L, idx);
    break;
  default:
    luaL_error(L, "a %s as a table key has no stable order: walk a list of the keys instead",
               luaL_typename(L, idx));
  }
}

/* --- snapshots -------------------------------------------------------------------------------- */

/* Counts the keys of the table at t; *list tells whether they are exactly 1..count. */
static size_t count_keys(lua_State *L, int t, bool *list)
{
  size_t n = 0;
  lua_Integer max = 0;
  *list = true;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pop(L, 1);
    n++;
    if (!*list) continue;
    lua_Integer i = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
    if (i < 1) *list = false;
    if (i > max) max = i;
  }
  *list = *list && (size_t)max == n;
  return n;
}

/* Pushes a sorted snapshot of the table at t, which has n keys. Both objects are made before the
 * keys are read, so that no collection comes between reading and sorting. */
static snapshot *push_snapshot(lua_State *L, int t, size_t n)
{
  if (n > INT32_MAX - 1) luaL_error(L, "the table has too many keys");
  snapshot *s = lua_newuserdatauv(L, sizeof *s + n * sizeof(entry), 1);
  s->n = s->pos = 0;
  lua_createtable(L, (int)n, 0); /* snapshot keys */
  int keys = lua_gettop(L);
  lua_pushnil(L);
  while (s->n < n && lua_next(L, t)) { /* snapshot keys key value */
    lua_pop(L, 1);
    entry *e = &s->at[s->n];
    read_key(L, -1, e);
    e->slot = (int)++s->n;
    lua_pushvalue(L, -1);
    lua_rawseti(L, keys, e->slot);
  }
  lua_settop(L, keys);
  qsort(s->at, s->n, sizeof(entry), cmp_entry);
  lua_setiuservalue(L, -2, 1); /* snapshot */
  return s;
}

/* Pushes the next key and value of the table at t that is not nil, or one nil at the end. */
static int step(lua_State *L, int t, snapshot *s, int s_idx)
{
  lua_getiuservalue(L, s_idx, 1); /* keys */
  while (s->pos < s->n) {
    lua_rawgeti(L, -1, s->at[s->pos++].slot); /* keys key */
    lua_pushvalue(L, -1);
    if (lua_rawget(L, t) != LUA_TNIL) return 2;
    lua_pop(L, 2);
  }
  lua_pushnil(L);
  return 1;
}

/* --- pairs ------------------------------------------------------------------------------------ */

/* Upvalue 1: the snapshot. The control variable is not needed. */
static int pairs_sorted(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  (void)tl_lua_unview(L, 1);
  return step(L, 1, lua_touserdata(L, lua_upvalueindex(1)), lua_upvalueindex(1));
}

/* Upvalue 1: n. The control variable is the last index. */
static int pairs_list(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  (void)tl_lua_unview(L, 1);
  lua_Integer n = lua_tointeger(L, lua_upvalueindex(1));
  for (lua_Integer i = lua_tointeger(L, 2) + 1; i <= n; i++) {
    lua_pushinteger(L, i);
    if (lua_rawgeti(L, 1, i) != LUA_TNIL) return 2;
    lua_pop(L, 2);
  }
  lua_pushnil(L);
  return 1;
}

static int det_pairs(lua_State *L)
{
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 3);
    return 3;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  (void)tl_lua_unview(L, 2); /* t, t or what it is a view of */
  bool list;
  size_t n = count_keys(L, 2, &list);
  if (list) {
    lua_pushinteger(L, (lua_Integer)n);
    lua_pushcclosure(L, pairs_list, 1);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
  } else {
    push_snapshot(L, 2, n);
    lua_pushcclosure(L, pairs_sorted, 1);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
  }
  return 3;
}

/* --- next ------------------------------------------------------------------------------------- */

/* next(t): the smallest key, by one pass. */
static int next_first(lua_State *L)
{
  entry best = {0}, e = {0};
  bool found = false;
  lua_settop(L, 1);
  lua_pushnil(L); /* t best */
  lua_pushnil(L);
  while (lua_next(L, 1)) { /* t best key value */
    lua_pop(L, 1);
    read_key(L, -1, &e);
    if (found && cmp_entry(&e, &best) > 0) continue;
    found = true;
    best = e;
    lua_pushvalue(L, -1);
    lua_replace(L, 2);
  }
  lua_settop(L, 2);
  if (!found) return 1;
  lua_pushvalue(L, 2);
  lua_rawget(L, 1);
  return 2;
}

/* The place of the first entry behind the key at idx. */
static size_t place_behind(lua_State *L, int idx, const snapshot *s)
{
  entry e = {0};
  read_key(L, idx, &e);
  size_t lo = 0, hi = s->n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (cmp_entry(&s->at[mid], &e) <= 0) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/* Whether the entry before pos is the key at idx: then the loop simply goes on. */
static bool goes_on(lua_State *L, int idx, const snapshot *s, int s_idx)
{
  if (s->pos == 0) return false;
  lua_getiuservalue(L, s_idx, 1);
  lua_rawgeti(L, -1, s->at[s->pos - 1].slot);
  bool same = lua_rawequal(L, -1, idx);
  lua_pop(L, 2);
  return same;
}

/* Upvalue 1: a weak table, from a table that is being walked to its snapshot. next(t) drops it, so
 * each walk sees the keys there were after its first step. */
static int det_next(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  (void)tl_lua_unview(L, 1);
  lua_pushvalue(L, 1);
  if (lua_isnil(L, 2)) {
    lua_pushnil(L);
    lua_rawset(L, lua_upvalueindex(1));
    return next_first(L);
  }
  lua_rawget(L, lua_upvalueindex(1)); /* t key snapshot|nil */
  snapshot *s = lua_touserdata(L, 3);
  if (!s || !goes_on(L, 2, s, 3)) {
    lua_settop(L, 2);
    bool list;
    s = push_snapshot(L, 1, count_keys(L, 1, &list));
    s->pos = place_behind(L, 2, s);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 3);
    lua_rawset(L, lua_upvalueindex(1));
  }
  int n = step(L, 1, s, 3);
  if (n == 1) { /* the walk is over */
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    lua_rawset(L, lua_upvalueindex(1));
  }
  return n;
}

void tl_lua__open_order(lua_State *L)
{
  lua_pushcfunction(L, det_pairs);
  lua_setglobal(L, "pairs");
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2); /* weak */
  lua_pushcclosure(L, det_next, 1);
  lua_setglobal(L, "next");
}
