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
  g->entry = 0;
  g->stopping = false;
  tl_permit_entry_over(&g->permits);
  if (!g->pending->next)
    tl_permits_look_anew(&g->permits); /* this repl.next is all that there is */
}

/* Of a session that goes on the entry that was cut off has no recorded end: it can be stopped although
 * it has asked for nothing new. */
static bool is_live(tl_gate *g)
{
  if (g->mode == TL_RESUME && tl_replay_due(g->old) == 0) g->live = true;
  return !tl_gate_replaying(g);
}

bool tl_gate_stop(tl_gate *g)
{
  if (!g->entry || g->stopping || !is_live(g)) return false;
  g->stopping = true;
  tl_loop_cancel();
  return true;
}

/* Of the entry that the answer of effect n began: the tick at which it was stopped, as the arguments of
 * the next repl.next tell it; 0: it was not, or by an answer. */
static int64_t stopped_at(const tl_replay *r, uint64_t n)
{
  for (size_t i = (size_t)n; i < r->len; i++) {
    const tl_old *old = &r->effects[i];
    if (old->op && tl_op_find(old->op) && tl_op_find(old->op)->prim == prim_repl_next)
      return tl_get_int(tl_at(&old->args, 0), "interrupted", 0);
  }
  return 0;
}

void tl_entry_replayed(tl_gate *g, const tl_effect *f)
{
  const tl_old *old = &g->old->effects[f->n - 1];
  g->entry = !old->failed && old->answer.type != TL_NIL ? f->ask : 0;
  g->stop_at = stopped_at(g->old, f->n);
}
