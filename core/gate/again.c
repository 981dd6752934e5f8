/* Answers from the old record, strictly in its order: all of a replay, the beginning of a resumed
 * run. */
#include <inttypes.h>
#include <string.h>

#include "../prim/loop.h"
#include "effect.h"

bool tl_gate_replaying(const tl_gate *g)
{
  return g->mode == TL_REPLAY || (g->mode == TL_RESUME && !g->live);
}

static void give_recorded(tl_gate *g, tl_effect *f)
{
  tl_old *old = &g->old->effects[f->n - 1];
  tl_val value;
  if (tl_replay_answer(g->old, f->n, &value, &g->fatal) < 0) return;
  if (!old->failed) tl_effect_fetched(f);
  if (tl_effect_is_next(f)) tl_entry_replayed(g, f);
  if (g->answer)
    g->answer(g->ud, f->ask, !old->failed ? "ok" : old->raise ? "raise" : "fail", &value);
  tl_free(&value);
  tl_effect_free(f);
}

/* Gives every answer that is due: in the recorded order, as far as its effect has been asked. */
static void pump(tl_gate *g)
{
  for (uint64_t due; g->fatal.code == TL_OK && (due = tl_replay_due(g->old)) != 0;) {
    tl_effect *f = g->pending;
    while (f && f->n != due) f = f->next;
    if (!f) return;
    g->old->next++;
    give_recorded(g, f);
  }
}

static int repeat_places(tl_effect *f, char rel[96], tl_err *e)
{
  const tl_replay *r = f->gate->old;
  if (!tl_copies_from_outside(f)) return tl_effect_places(f, e);
  const tl_val *to = tl_at(&f->args, 1);
  f->places[0] = tl_copied_place(r->dirfd, &r->effects[f->n - 1].answer, rel);
  return tl_permit_place(&f->gate->permits, to->u.s.data, to->u.s.len, true, &f->places[1], e);
}

/* What changed the run's folder is done again in the new folder, and must come out the same. What
 * failed changed nothing, and why it failed may have lain outside. A disk that fails now says
 * nothing of the run, so its code stays. */
static int repeat_in_run(tl_effect *f, tl_err *e)
{
  const tl_old *old = &f->gate->old->effects[f->n - 1];
  char rel[96];
  int rc = repeat_places(f, rel, &f->call.err);
  if (rc == TL_OK) rc = f->op->prim(&f->call);
  if (rc == TL_OK) rc = tl_record_form(&f->call.out, NULL, NULL, &f->call.err);
  if (rc == TL_OK && tl_equal(&f->call.out, &old->answer)) return TL_OK;
  if (rc == TL_ESTORAGE || rc == TL_EIO)
    return tl_fail(e, rc, "effect %" PRIu64 ": %s cannot be repeated: %s", f->n, f->op->name,
                   f->call.err.msg);
  return tl_fail(e, TL_EDIFFERS, "effect %" PRIu64 ": %s came out differently: %s", f->n,
                 f->op->name, rc < 0 ? f->call.err.msg : "another result than the recorded one");
}

static void fail_different(tl_effect *f)
{
  tl_gate *g = f->gate;
  bool live = !(f->op->flags & TL_OP_IN_RUN); /* of an artifact only the digest is kept */
  g->difference = tl_replay_difference(g->old, f->n, f->op->name, live ? &f->args : &f->form, live);
  (void)tl_fail(&g->fatal, TL_EDIFFERS, "effect %" PRIu64 " is asked differently: %s%s%s", f->n,
                f->op->name, *tl_get_str(&g->difference, "at", "") ? " at " : "",
                tl_get_str(&g->difference, "at", ""));
}

/* Beyond the record's end. In a run that was cut off that is what was asked last; it is told when all
 * there was is answered. */
static void fail_beyond(tl_effect *f)
{
  tl_gate *g = f->gate;
  if (tl_replay_due(g->old) != 0) return;
  fail_different(f);
  (void)tl_fail(&g->fatal, TL_ENOT_RECORDED,
                "the record ends after %zu answers: effect %" PRIu64 " (%s) is not in it",
                g->old->norder, f->n, f->op->name);
}

static tl_effect *first_beyond(tl_gate *g)
{
  tl_effect *found = NULL;
  for (tl_effect *f = g->pending; f; f = f->next)
    if (f->n > g->old->len && (!found || f->n < found->n)) found = f;
  return found;
}

/* The first of those that wait: they are performed in the order in which they were asked. */
static tl_effect *first_waiting(tl_gate *g)
{
  tl_effect *found = NULL;
  for (tl_effect *f = g->pending; f; f = f->next)
    if (!f->begun && (!found || f->n < found->n)) found = f;
  return found;
}

/* Performs what waits, once nothing of the old record is left to be answered. What it tells as asked
 * is performed a second time, and not written down as asked a second time. */
static void go_on(tl_gate *g)
{
  if (g->fatal.code != TL_OK || tl_replay_due(g->old) != 0) return;
  g->live = true;
  for (tl_effect *f = first_waiting(g); f && g->fatal.code == TL_OK; f = first_waiting(g)) {
    f->begun = true;
    f->asked_at = tl_clock_ms();
    f->asked_written = f->n <= g->old->len && g->old->effects[f->n - 1].op;
    if (f->asked_written) (void)tl_push(&g->again, tl_int((int64_t)f->n));
    tl_effect_live(f);
  }
}

void tl_effect_again(tl_effect *f)
{
  tl_gate *g = f->gate;
  bool more = f->n > g->old->len;
  if (!more && !tl_replay_same(g->old, f->n, f->op->name, &f->form)) {
    fail_different(f);
    return;
  }
  const tl_old *old = more ? NULL : &g->old->effects[f->n - 1];
  bool repeated = old && f->op->flags & TL_OP_IN_RUN && old->answered && !old->failed;
  if (repeated && repeat_in_run(f, &g->fatal) < 0) return;
  pump(g);
  tl_effect *beyond = g->mode == TL_REPLAY && g->fatal.code == TL_OK ? first_beyond(g) : NULL;
  if (beyond) fail_beyond(beyond);
  if (g->mode == TL_RESUME) go_on(g);
}
