/* core.term.line and core.term.remember of the trusted state. */
#ifndef TL_LUA_LINE_LUA_H
#define TL_LUA_LINE_LUA_H

#include <lua.h>

/* Adds to the table on top of the stack:
 *   line{ prompt = text, complete = function(line, cursor) return from, words end? } → text; or nil and
 *                  'end', 'gone' (the terminal) or 'interrupted' (Ctrl-C); or nil, err. Cursor and
 *                  `from` count the bytes before them; words may stand in place of what is between.
 *   remember(text) into the history of the arrow keys */
void tl_lua_open_line(lua_State *L);

#endif
