/* table.sort as a stable merge sort: equal elements keep their order, an order function that
 * contradicts itself gives some permutation and never reads outside the list. */
#include <lauxlib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "det.h"

/* Stack while sorting: 1 the list, 2 the order function or nil, 3 a copy of the elements. */
enum { LIST = 1, ORDER = 2, COPY = 3 };

/* Whether element a comes before element b (places in the copy). */
static bool before(lua_State *L, uint32_t a, uint32_t b)
{
  bool has_order = !lua_isnil(L, ORDER);
  if (has_order) lua_pushvalue(L, ORDER);
  lua_rawgeti(L, COPY, a);
  lua_rawgeti(L, COPY, b);
  bool result;
  if (has_order) {
    lua_call(L, 2, 1);
    result = lua_toboolean(L, -1);
    lua_pop(L, 1);
  } else {
    result = lua_compare(L, -2, -1, LUA_OPLT);
    lua_pop(L, 2);
  }
  return result;
}

/* Merges from[lo, mid) and from[mid, hi) into to[lo, hi). */
static void merge(lua_State *L, const uint32_t *from, uint32_t *to, size_t lo, size_t mid,
                  size_t hi)
{
  size_t i = lo, j = mid, k = lo;
  /* Already in order: the usual case of nearly sorted lists costs one comparison. */
  if (mid < hi && before(L, from[mid], from[mid - 1]))
    while (i < mid && j < hi) to[k++] = before(L, from[j], from[i]) ? from[j++] : from[i++];
  while (i < mid) to[k++] = from[i++];
  while (j < hi) to[k++] = from[j++];
}

/* Sorts the places 1..n; returns the half of `work` that holds the result. */
static uint32_t *merge_sort(lua_State *L, uint32_t *work, size_t n)
{
  uint32_t *from = work, *to = work + n;
  for (size_t i = 0; i < n; i++) from[i] = (uint32_t)i + 1;
  for (size_t width = 1; width < n; width *= 2) {
    for (size_t lo = 0; lo < n; lo += 2 * width) {
      size_t mid = lo + width < n ? lo + width : n;
      size_t hi = mid + width < n ? mid + width : n;
      merge(L, from, to, lo, mid, hi);
    }
    uint32_t *swap = from;
    from = to;
    to = swap;
  }
  return from;
}

static int det_sort(lua_State *L)
{
  luaL_checkany(L, LIST);
  lua_Integer n = luaL_len(L, LIST);
  luaL_argcheck(L, n < INT_MAX / 2, LIST, "list too long");
  if (!lua_isnoneornil(L, ORDER)) luaL_checktype(L, ORDER, LUA_TFUNCTION);
  if (n < 2) return 0;
  lua_settop(L, 2);
  lua_createtable(L, (int)n, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, LIST, i);
    lua_rawseti(L, COPY, i);
  }
  uint32_t *work = lua_newuserdatauv(L, 2 * (size_t)n * sizeof *work, 0);
  const uint32_t *sorted = merge_sort(L, work, (size_t)n);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, COPY, sorted[i - 1]);
    lua_seti(L, LIST, i);
  }
  return 0;
}

void tl_lua__open_sort(lua_State *L)
{
  lua_getglobal(L, "table");
  lua_pushcfunction(L, det_sort);
  lua_setfield(L, -2, "sort");
  lua_pop(L, 1);
}
