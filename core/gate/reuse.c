/* Answers from the old record of a --reuse run. */
#include <inttypes.h>

#include "effect.h"

/* A file can be another one by now, and also one that a program is given to read. */
static bool is_wanted_anew(const tl_effect *f)
{
  const tl_gate *g = f->gate;
  switch (f->op->permit) {
  case TL_PERMIT_READ: return g->reread;
  case TL_PERMIT_RUN: return g->reread && tl_len(tl_get(tl_at(&f->args, 0), "read")) > 0;
  case TL_PERMIT_CALL: return g->recall;
  default: return false;
  }
}

bool tl_effect_reused(tl_effect *f, int *rc)
{
  tl_gate *g = f->gate;
  *rc = TL_OK;
  if (g->mode != TL_REUSE || f->op->flags & TL_OP_IN_RUN || is_wanted_anew(f)) return false;
  bool on_handle = f->op->prim == prim_http_next || f->op->prim == prim_http_close;
  if (on_handle && f->args.u.list.items[0].u.i > g->old->last_handle) {
    f->args.u.list.items[0].u.i -= g->old->last_handle;
    return false;
  }
  uint64_t n = tl_replay_find(g->old, f->op->name, &f->form);
  f->reused = n > 0;
  if (n) {
    g->reused++;
    if (g->dry) tl_dry_note_reused(f);
    *rc = tl_replay_answer(g->old, n, &f->call.out, &f->call.err);
    return true;
  }
  if (!on_handle) return false;
  *rc = tl_fail(&f->call.err, TL_ENOT_RECORDED, "the record has no more of stream %" PRId64,
                f->args.u.list.items[0].u.i);
  return true;
}
