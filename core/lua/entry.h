/* Entries of a session (tlab repl): code that can be stopped in the middle, and in a replay again at the
 * same place.
 *
 * A count hook is on in every coroutine of an entry. Each TL_TICK instructions of one coroutine are a
 * tick; ticks are counted over all of them. The same code with the same answers has the same ticks, so
 * a number of ticks names a place. Stopping begins at a tick (after a wish, or where a replay is told
 * to), or with an answer that is INTERRUPTED. From then on each instruction raises in whatever
 * coroutine has its next tick: a pcall cannot go on. The worker's own Lua is left alone. */
#ifndef TL_LUA_ENTRY_H
#define TL_LUA_ENTRY_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TL_TICK = 1000 };

typedef struct tl_entry {
  bool on, stopping;
  size_t memory;             /* how much of it the entry may use */
  bool bound;                /* the entry's own code runs, not what schedules it */
  int64_t ticks, stopped_at; /* stopped_at: the tick at which stopping began, 0: by an answer */
  int64_t ask;               /* the number of the repl.next that gave it */
  int64_t stop_at;           /* of a replay: the tick at which it has to begin, 0: never */
} tl_entry;

/* Adds the functions to the table below w, which becomes their upvalue and is popped:
 *   entry_begin(thread)    an entry begins, in this coroutine
 *   entry_count(thread)    this coroutine is one of the entry, if there is one
 *   entry_stop()           stopping begins
 *   entry_stopping()       whether it has
 *   entry_bound(bool) → bool  whether the entry's own limit of memory holds, or a little more; as it was
 *   entry_end() → tick?    the entry is over; the tick at which stopping began */
void tl_entry_open(lua_State *L);

#endif
