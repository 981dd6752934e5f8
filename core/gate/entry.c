/* Entries of a session (tlab repl): what the answer of one repl.next began and the next repl.next ends.
 * One that is being stopped asks for nothing more: see core/lua/entry.h for the other side of it. */
#include "../prim/loop.h"
#include "effect.h"

bool tl_effect_is_next(const tl_effect *f)
{
  return f->op->prim == prim_repl_next;
}

void tl_entry_over(tl_gate *g)
{
  g->entry = g->stopping = false;
  tl_permit_entry_over(&g->permits);
}

bool tl_gate_stop(tl_gate *g)
{
  if (!g->entry || g->stopping || tl_gate_replaying(g)) return false;
  g->stopping = true;
  tl_loop_cancel();
  return true;
}

int64_t tl_replay_stop(const tl_replay *r, uint64_t n)
{
  for (size_t i = (size_t)n; i < r->len; i++) {
    const tl_old *old = &r->effects[i];
    if (old->op && tl_op_find(old->op) && tl_op_find(old->op)->prim == prim_repl_next)
      return tl_get_int(tl_at(&old->args, 0), "interrupted", 0);
  }
  return 0;
}
