/* One run as the trusted Lua sees it: a worker, a gate, a record. */
#ifndef TL_LUA_SESSION_H
#define TL_LUA_SESSION_H

#include <lua.h>

/* core.session{…}: starts a worker. Lua usage:
 *   local s, err = core.session {
 *     mode = 'live' | 'replay' | 'reuse' | 'resume', offline = bool, old = DIR,   -- the run that answers
 *     elapsed = ms,                 -- resume: how long the run has been at work already
 *     limits = { cpu_seconds = i, memory = bytes, seconds = i },
 *     lab = DIR, module = function(name) return { file = …, source = … } end,    -- or nil, err
 *     hooks = { [operation] = function(…) return value end },   -- or nil, err: answers in the
 *                                    primitive's place, permits for hosts aside; else as any effect
 *     permit = function(refusal) return how end,   -- before what is declared and not denied is refused
 *                                    {family, subject, op?, …}: 'once' (or true), 'session', 'always', or nothing
 *   }
 *   s:held()                         what the kernel took away from the worker
 *   s:load(file, source, seed)       the recipe's declaration, or nil, err {code, message, file, line}
 *   s:permit{ needs, allow, deny, calls, undeclared = bool }   undeclared: nothing need be declared;
 *                                    calls: what a run that this one calls is told besides
 *                                    recipe and spec {parent, allow, limits, offline, dev_lua}
 *   s:allow(family, item, how)       grants what a hook finds in order; how as of permit
 *   s:begin(dir, keep)               the run's folder; keep: write a record there
 *   s:run(spec, info)                outcome {status, error, signal, effects, recorded,
 *                                    refusal, granted, difference, live, again}; of a resumed run:
 *                                    live says that the old answers were used up, again is a list of
 *                                    numbers; granted is a list of {family, item, how}
 *   s:look(what)                     within a hook: what the worker's on_look says to this, for the eye
 *                                    only; or nil, err
 *   s:scrub(text)                    the text with the values of secrets taken out
 *   s:close()
 * All but held and close return nil, err when they fail. */
int tl_session_new(lua_State *L);

/* Makes the metatable; once per state. */
void tl_session_open(lua_State *L);

#endif
