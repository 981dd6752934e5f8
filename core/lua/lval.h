/* Lua values ↔ tl_val: the one border that every value crosses, in both processes. */
#ifndef TL_LUA_LVAL_H
#define TL_LUA_LVAL_H

#include <lauxlib.h>
#include <lua.h>

#include "../base/val.h"

/* Copies the value at idx. A table is a list when it carries the list mark (tl_lua_mark_list) or
 * holds exactly the keys 1..n, n > 0; otherwise a map, whose keys are strings, sorted by bytes.
 * Metatables are not consulted. NULL light userdata is TL_NIL, a secret handle TL_SECRET.
 * Never raises. *out is the caller's; TL_NIL after an error.
 * Errors: TL_EARGUMENT for what is not plain data (functions, threads, mixed or other keys, holes,
 * cycles), TL_ELIMIT for depth over TL_JSON_DEPTH or more than TL_LUA_VALUE_MAX bytes; each names
 * the place within the value. */
int tl_lua_to_val(lua_State *L, int idx, tl_val *out, tl_err *e);

/* Memory that one copied value may take, shared tables counted as often as they occur. */
#define TL_LUA_VALUE_MAX (256u << 20)

/* Pushes v: lists carry the mark, TL_NIL inside a list or map is NULL light userdata. May raise
 * (memory, stack): v stays the caller's, who keeps it where a raise does not lose it. */
void tl_lua_push_val(lua_State *L, const tl_val *v);

/* Gives the table on top of the stack the list mark, so that {} is [] and not {}. */
void tl_lua_mark_list(lua_State *L);
bool tl_lua_is_list(lua_State *L, int idx); /* whether the table at idx has it */

/* Pushes a handle that names a secret: prints as <secret:NAME>, cannot be joined to text. */
void tl_lua_push_secret(lua_State *L, const char *name);

/* Pushes an error value: a table {code, message} whose tostring is one line, with file:line before
 * the message once those fields are set. */
void tl_lua_push_err(lua_State *L, int code, const char *msg);

/* Makes the table on top of the stack an error value (it has code and message already). */
void tl_lua_mark_err(lua_State *L);

/* Raises an error value with file and line of the nearest Lua caller. */
int tl_lua_raise(lua_State *L, int code, const char *msg);

#endif
