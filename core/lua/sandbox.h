/* A Lua state with a memory limit, and the base libraries without their back doors. */
#ifndef TL_LUA_SANDBOX_H
#define TL_LUA_SANDBOX_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* A new state that may hold `memory_limit` bytes (0: no limit), nothing opened. Past the limit Lua
 * raises "not enough memory" and goes on. NULL when there is no memory for the state itself. */
lua_State *tl_lua_new(size_t memory_limit);
void tl_lua_close(lua_State *L);

/* Whether an allocation was refused since the last call of this function. */
bool tl_lua_memory_refused(lua_State *L);
/* Sets another limit, for instance a little more to report that the first was reached. */
void tl_lua_set_memory(lua_State *L, size_t memory_limit);

/* Opens base, string, table, math, utf8 and coroutine without dofile, loadfile, collectgarbage,
 * warn, string.dump; locks the metatable of strings; then tl_lua_open_deterministic. */
void tl_lua_open_base(lua_State *L);

/* Adds to the table on top of the stack what takes the place of base functions in a recipe's
 * globals: setmetatable, rawset, rawget, rawlen (guards.c). */
void tl_lua_open_guards(lua_State *L);

#endif
