/* One run as the trusted Lua sees it: a worker, a gate, a record. */
#ifndef TL_LUA_SESSION_H
#define TL_LUA_SESSION_H

#include <lua.h>

/* core.session{…}: starts a worker. Lua usage:
 *   local s, err = core.session {
 *     mode = 'live' | 'replay' | 'reuse', offline = bool, old = DIR,   -- old: the run that answers
 *     limits = { cpu_seconds = i, memory = bytes, seconds = i },
 *     lab = DIR, module = function(name) return { file = …, source = … } end }   -- or nil, err
 *   s:held()                         what the kernel took away from the worker
 *   s:load(file, source, seed)       the recipe's declaration, or nil, err {code, message, file, line}
 *   s:permit{ needs, allow, deny, secrets }
 *   s:begin(dir, keep)               the run's folder; keep: write a record there
 *   s:run(spec, info)                outcome {status, error, signal, effects, recorded,
 *                                    refusal, difference}
 *   s:close()
 * All but held and close return nil, err when they fail. */
int tl_session_new(lua_State *L);

/* Makes the metatable; once per state. */
void tl_session_open(lua_State *L);

#endif
