/* json.* for Lua, and what `require 'cjson'` gives. */
#ifndef TL_LUA_JSON_LUA_H
#define TL_LUA_JSON_LUA_H

#include <lua.h>

/* Pushes {encode, decode, pretty, array, null}. encode and pretty raise an error value for what
 * JSON cannot hold; decode returns nil and an error value for text that is not JSON. */
int tl_lua_open_json(lua_State *L);

/* Pushes a copy of lua-cjson whose numbers must be valid, whose empty and sparse settings are its
 * own, and whose encode is the canonical writer, since its own order changes from run to run. */
int tl_lua_open_cjson(lua_State *L);

#endif
