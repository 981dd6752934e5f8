/* What stock Lua leaves to chance, made the same on every run and every machine.
 *
 *   pairs, next     integers and floats by value, strings by bytes, then booleans (order.c)
 *   table.sort      a stable merge sort (sort.c)
 *   tostring        "table: 1": serial numbers instead of addresses; NaN without a sign (text.c)
 *   string.format   the same for %s and NaN; %p is refused (text.c)
 *   math.random     starts from seed 0; math.randomseed takes an explicit integer (text.c)
 * Out of reach from here: 0/0 joined by `..` prints its sign bit; see DECISIONS.md. */
#ifndef TL_LUA_DET_H
#define TL_LUA_DET_H

#include <lua.h>
#include <stdbool.h>

/* Puts the deterministic versions into the globals; base, table, string and math are open. */
void tl_lua_open_deterministic(lua_State *L);

/* Pushes "table: 1" for a table, function, thread or userdata at idx: the same number for the same
 * value as long as it lives. */
void tl_lua_push_serial(lua_State *L, int idx);

/* The parts, called by tl_lua_open_deterministic. */
void tl_lua__open_order(lua_State *L);
void tl_lua__open_sort(lua_State *L);
void tl_lua__open_text(lua_State *L);

/* Pushes a read-only view of the table on top of the stack, in its place: reading, pairs, next and
 * # see the table, writing (also by rawset, which knows views) raises "NAME is read-only". */
void tl_lua_make_view(lua_State *L, const char *name);

/* When the value at idx is a view: puts the table behind it in its place. Returns whether it was. */
bool tl_lua_unview(lua_State *L, int idx);

#endif
