#include "effect.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../prim/git_mirror.h"
#include "../prim/loop.h"
#include "../prim/store.h"

#define STOPPED "stopped by Ctrl-C"

/* --- the guard: what a primitive asks in the middle of its work ------------------------------------ */

static int guard_name(void *ud, const char *host, int port, tl_err *e)
{
  tl_gate *g = ud;
  if (g->offline) return tl_fail(e, TL_ENOT_RECORDED, "the run is offline");
  return tl_permit_net(&g->permits, host, port, e);
}

static int guard_address(void *ud, const char *host, int port, const struct sockaddr *sa, tl_err *e)
{
  tl_gate *g = ud;
  return tl_permit_address(&g->permits, host, port, sa, e);
}

static int guard_secret(void *ud, const char *name, const char *scheme, const char *host, int port,
                        const char **value, tl_err *e)
{
  tl_gate *g = ud;
  return tl_secret_value(&g->secrets, name, scheme, host, port, value, e);
}

static int guard_beyond(void *ud, const char *path, tl_err *e)
{
  tl_gate *g = ud;
  return tl_permit_beyond(&g->permits, path, e);
}

static const tl_val *guard_calls(void *ud)
{
  const tl_gate *g = ud;
  return &g->calls;
}

void tl_gate_init(tl_gate *g, tl_mode mode)
{
  *g = (tl_gate){.mode = mode, .began = tl_clock_ms(), .again = tl_list()};
  tl_permits_init(&g->permits);
  g->guard = (tl_guard){g, guard_name, guard_address, guard_secret, guard_beyond, guard_calls};
}

void tl_gate_free(tl_gate *g)
{
  g->answer = NULL; /* nobody listens any more */
  tl_loop_cancel();
  for (tl_effect *f = g->pending, *next; f; f = next) {
    next = f->next;
    tl_effect_free(f);
  }
  tl_carry_free(&g->carries);
  tl_mend_free(g);
  tl_free(&g->again);
  tl_free(&g->difference);
  tl_free(&g->noted);
  tl_free(&g->hooked);
  tl_free(&g->calls);
  tl_permits_free(&g->permits);
  tl_secrets_free(&g->secrets);
}

/* --- answering ------------------------------------------------------------------------------------ */

static void unlink_effect(tl_effect *f)
{
  for (tl_effect **at = &f->gate->pending; *at; at = &(*at)->next)
    if (*at == f) {
      *at = f->next;
      return;
    }
}

void tl_effect_free(tl_effect *f)
{
  unlink_effect(f);
  tl_free(&f->args);
  tl_free(&f->form);
  tl_free(&f->call.out);
  free(f->source);
  free(f);
}

static tl_val error_map(const tl_err *e)
{
  tl_val map = tl_map();
  (void)tl_put(&map, "code", tl_str(tl_code_name(e->code)));
  (void)tl_put(&map, "message", tl_str(e->msg));
  return map;
}

/* Wrong use and missing permits are the recipe's mistake: they raise, as does what a person stopped. All
 * else is the world's. */
static bool raises(const tl_gate *g, int rc)
{
  return rc == TL_EARGUMENT || rc == TL_ENOT_PERMITTED || (g->stopping && rc == TL_EINTERRUPTED);
}

static void give(tl_gate *g, uint64_t ask, int rc, const tl_val *value)
{
  if (g->answer)
    g->answer(g->ud, ask, rc == TL_OK ? "ok" : raises(g, rc) ? "raise" : "fail", value);
}

static void give_error(tl_gate *g, uint64_t ask, const tl_err *e)
{
  tl_val error = error_map(e);
  give(g, ask, e->code, &error);
  tl_free(&error);
}

/* --- recording ------------------------------------------------------------------------------------- */

static int record_line(tl_effect *f, const tl_val *result, const tl_val *error, bool raise,
                       tl_err *e)
{
  tl_line line = {
      .n = f->n,
      .op = f->asked_written ? NULL : f->op->name,
      .task = f->task,
      .at = f->asked_at - f->gate->began,
      .args = f->asked_written ? NULL : &f->form,
      .result = result,
      .error = error,
      .raise = raise,
      .took = tl_clock_ms() - f->asked_at,
  };
  return tl_record_write(f->gate->record, &line, false, e);
}

static int record_asked(tl_effect *f, tl_err *e)
{
  tl_line line = {.n = f->n,
                  .op = f->op->name,
                  .task = f->task,
                  .at = f->asked_at - f->gate->began,
                  .args = &f->form,
                  .took = -1};
  int rc = tl_record_write(f->gate->record, &line, false, e);
  f->asked_written = rc == TL_OK;
  return rc;
}

static int record_answer(tl_effect *f, int rc, tl_err *e)
{
  tl_gate *g = f->gate;
  if (!g->record) return TL_OK;
  if (rc < 0) {
    tl_val error = error_map(&f->call.err);
    int written = record_line(f, NULL, &error, raises(g, rc), e);
    tl_free(&error);
    return written;
  }
  tl_val result = tl_copy(&f->call.out);
  int written = tl_record_form(&result, tl_record_keep, g->record, e);
  if (written == TL_OK) written = record_line(f, &result, NULL, false, e);
  tl_free(&result);
  return written;
}

static void scrub(tl_effect *f, int rc)
{
  tl_gate *g = f->gate;
  if (rc == TL_OK && f->op->flags & TL_OP_STREAM)
    tl_carry_scrub(&g->carries, &g->secrets, f->args.u.list.items[0].u.i, &f->call.out);
  tl_secrets_scrub(&g->secrets, &f->call.out);
  tl_secrets_scrub_err(&g->secrets, &f->call.err);
}

/* Handles and the clock that never jumps go on where the old record ended. */
static void shift_answer(tl_effect *f)
{
  tl_gate *g = f->gate;
  if (f->op->prim == prim_http_open && g->mode != TL_LIVE && !f->reused) {
    tl_val *handle = tl_get_mut(&f->call.out, "handle");
    if (handle) handle->u.i += g->old->last_handle;
  } else if (f->op->prim == prim_clock_monotonic && g->mode == TL_RESUME && g->old->clocked) {
    f->call.out.u.i += g->old->clock - g->began;
  } else if (g->dry) {
    tl_dry_shift_clock(f);
  }
}

/* The end of every numbered effect of a live run: scrub, record, answer. */
static void finish(tl_effect *f, int rc)
{
  tl_gate *g = f->gate;
  tl_err e = {0};
  if (rc == TL_EINTERRUPTED && g->stopping) rc = tl_fail(&f->call.err, rc, STOPPED);
  scrub(f, rc);
  while (f->mend && tl_mend_swallowed(f, &rc)) {
    rc = tl_mend_next(f);
    if (rc == TL_PENDING) return;
    scrub(f, rc);
  }
  if (rc == TL_OK) shift_answer(f);
  if (rc == TL_OK) tl_effect_fetched(f);
  if (tl_effect_is_next(f)) g->entry = rc == TL_OK && f->call.out.type != TL_NIL ? f->ask : 0;
  if (record_answer(f, rc, &e) < 0 && g->fatal.code == TL_OK) g->fatal = e;
  if (g->fatal.code == TL_OK) {
    if (rc == TL_OK) give(g, f->ask, rc, &f->call.out);
    else give_error(g, f->ask, &f->call.err);
  }
  tl_effect_free(f);
}

static void call_done(tl_call *call, int rc)
{
  tl_effect *f = (tl_effect *)(void *)call;
  if (f->gate->answer) finish(f, rc);
  else tl_effect_free(f);
}

/* --- what it touches ------------------------------------------------------------------------------- */

/* git.fetch: the lab, whose cache the mirror lies in, and the folder of a file: URL. */
static int fetch_places(tl_effect *f, tl_err *e)
{
  tl_permits *p = &f->gate->permits;
  const tl_val *url = tl_at(&f->args, 0);
  tl_git_source source;
  int rc = tl_git_source_read(&source, url->u.s.data, url->u.s.len, e);
  if (rc == TL_OK && p->lab_fd < 0)
    rc = tl_fail(e, TL_ENOT_FOUND, "git.fetch: there is no lab here to keep the mirror in");
  f->places[0] = (tl_place){.dirfd = p->lab_fd, .rel = ".", .shown = "lab:"};
  if (rc == TL_OK && source.is_file) {
    free(f->source);
    f->source = source.path;
    source.path = NULL;
    rc = tl_permit_place(p, f->source, strlen(f->source), false, &f->places[1], e);
  }
  tl_git_source_free(&source);
  return rc;
}

/* From now on the run may read the mirror. Its name comes from the question, never from an answer. */
void tl_effect_fetched(const tl_effect *f)
{
  const tl_val *url = tl_at(&f->args, 0);
  tl_git_source source;
  tl_err ignored;
  if (!(f->op->flags & TL_OP_MIRROR)) return;
  if (tl_git_source_read(&source, url->u.s.data, url->u.s.len, &ignored) == TL_OK)
    tl_permit_mirror(&f->gate->permits, source.name);
  tl_git_source_free(&source);
}

static int lab_place(tl_effect *f, tl_err *e)
{
  int lab_fd = f->gate->permits.lab_fd;
  f->places[0] = (tl_place){.dirfd = lab_fd, .rel = ".", .shown = "lab:"};
  return lab_fd >= 0 ? TL_OK : tl_fail(e, TL_ENOT_FOUND, "%s: there is no lab here", f->op->name);
}

/* Of a program: the lab, which it must not see, then what it is given to read. */
static int program_places(tl_effect *f, tl_err *e)
{
  tl_permits *p = &f->gate->permits;
  const tl_val *read = tl_get(tl_at(&f->args, 0), "read");
  f->places[0] = (tl_place){.dirfd = p->lab_fd, .rel = ".", .shown = "lab:"};
  if (tl_len(read) > TL_PROC_READ_MAX)
    return tl_fail(e, TL_EARGUMENT, "read is a list of at most %d paths", TL_PROC_READ_MAX);
  for (size_t i = 0; i < tl_len(read); i++) {
    const tl_val *path = tl_at(read, i);
    tl_place *place = &f->places[1 + i];
    if (!path || path->type != TL_STR) return tl_fail(e, TL_EARGUMENT, "read is a list of paths");
    int rc = tl_permit_place(p, path->u.s.data, path->u.s.len, false, place, e);
    if (rc < 0) return rc;
    if (place->dirfd == p->run_fd && strcmp(place->rel, ".") == 0)
      return tl_fail(e, TL_ENOT_PERMITTED,
                     "%s: the run's folder has its record in it: name what is "
                     "to be read",
                     path->u.s.data);
  }
  return TL_OK;
}

int tl_effect_places(tl_effect *f, tl_err *e)
{
  if (f->op->flags & TL_OP_MIRROR) return fetch_places(f, e);
  if (f->op->permit == TL_PERMIT_CALL) return lab_place(f, e);
  tl_param params[TL_PARAMS_MAX];
  unsigned n = tl_op_params(f->op, params), k = 0;
  tl_permits *p = &f->gate->permits;
  bool git = strncmp(f->op->name, "git.", 4) == 0;
  for (unsigned i = 0; i < n; i++) {
    if (params[i].type != 'r' && params[i].type != 'w') continue;
    const tl_val *v = &f->args.u.list.items[i];
    tl_place *place = &f->places[k++];
    if (v->type == TL_NIL) { /* left out: the lab */
      *place = (tl_place){.dirfd = p->lab_fd, .rel = ".", .shown = "lab:"};
      continue;
    }
    const char *path = v->u.s.data;
    int rc = git ? tl_permit_repository(p, path, v->u.s.len, place, e)
                 : tl_permit_place(p, path, v->u.s.len, params[i].type == 'w', place, e);
    if (rc < 0) return rc;
  }
  return f->op->permit == TL_PERMIT_RUN ? program_places(f, e) : TL_OK;
}

static int check_permit(tl_effect *f, tl_err *e)
{
  tl_gate *g = f->gate;
  const tl_val *first = tl_at(&f->args, 0);
  switch (f->op->permit) {
  case TL_PERMIT_TOOL:
    return tl_fail(e, TL_ENOT_PERMITTED, "%s is for the command line itself", f->op->name);
  case TL_PERMIT_ENV:
    if (tl_secret_bound(&g->secrets, first->u.s.data))
      return tl_fail(e, TL_ENOT_PERMITTED, "%s is a secret: use tlab.secret '%s'", first->u.s.data,
                     first->u.s.data);
    if (strncmp(first->u.s.data, "SOPS_AGE_KEY", 12) == 0)
      return tl_fail(e, TL_ENOT_PERMITTED, "%s opens secrets: no recipe is given it",
                     first->u.s.data);
    return tl_permit_named(&g->permits, "env", first->u.s.data, e);
  case TL_PERMIT_RUN: {
    const tl_val *program = tl_at(tl_get(first, "argv"), 0);
    if (!program || program->type != TL_STR)
      return tl_fail(e, TL_EARGUMENT, "proc.run needs argv, a list that begins with a program");
    return tl_permit_named(&g->permits, "run", program->u.s.data, e);
  }
  case TL_PERMIT_CALL: return tl_permit_declared(&g->permits, "call", first->u.s.data, e);
  default: return TL_OK; /* paths were checked as places, hosts are by the guard */
  }
}

/* --- the ladder --------------------------------------------------------------------------------------- */

static int form_args(tl_effect *f, tl_err *e)
{
  tl_param params[TL_PARAMS_MAX];
  unsigned n = tl_op_params(f->op, params);
  tl_record *r = f->gate->record;
  f->form = tl_list();
  for (unsigned i = 0; i < n && i < tl_len(&f->args); i++) {
    tl_val *v = tl_push(&f->form, tl_copy(&f->args.u.list.items[i]));
    bool artifact = f->op->flags & TL_OP_IN_RUN && params[i].type == 's' && v->type == TL_STR;
    int rc = artifact ? tl_record_digest(v, e) : tl_record_form(v, r ? tl_record_keep : NULL, r, e);
    if (rc < 0) return rc;
  }
  return TL_OK;
}

static bool stream_ended(const tl_effect *f)
{
  return f->op->flags & TL_OP_STREAM &&
         tl_carry_ended(&f->gate->carries, f->args.u.list.items[0].u.i);
}

tl_place tl_copied_place(int run_fd, const tl_val *result, char rel[96])
{
  (void)snprintf(rel, 96, "record/blobs/%s", tl_get_str(result, "sha256", ""));
  return (tl_place){.dirfd = run_fd, .rel = rel, .shown = rel};
}

bool tl_copies_from_outside(const tl_effect *f)
{
  const tl_val *from = tl_at(&f->args, 0);
  return f->op->prim == prim_fs_copy &&
         (from->u.s.data[0] == '/' || strncmp(from->u.s.data, "lab:", 4) == 0);
}

static int keep_copied(tl_effect *f, tl_err *e)
{
  char rel[96];
  tl_place places[] = {f->places[1], tl_copied_place(f->gate->permits.run_fd, &f->call.out, rel)};
  tl_call call = {.args = f->call.args, .places = places};
  int rc = prim_fs_copy(&call);
  if (rc < 0) *e = call.err;
  tl_free(&call.out);
  return rc;
}

static bool is_hooked(const tl_effect *f)
{
  return tl_get(&f->gate->hooked, f->op->name) != NULL;
}

static int answer_now(tl_effect *f)
{
  tl_gate *g = f->gate;
  return is_hooked(f) ? g->hook(g->hook_ud, f->op->name, &f->call) : f->op->prim(&f->call);
}

/* Performs what may be performed, after it is written down as asked. */
static int act(tl_effect *f)
{
  tl_gate *g = f->gate;
  if (g->offline && !is_hooked(f) && f->op->flags & TL_OP_OUTWARD &&
      !(f->op->flags & TL_OP_OFFLINE))
    return tl_fail(&f->call.err, TL_ENOT_RECORDED, "%s: the run is offline%s", f->op->name,
                   g->old ? " and the record has no answer to this" : "");
  int stood;
  if (g->dry && tl_dry_stands_in(f, &stood)) return stood;
  if (f->op->flags & TL_OP_OUTWARD && !f->asked_written && record_asked(f, &g->fatal) < 0)
    return TL_PENDING; /* for good: what cannot be written down does not happen */
  int rc = answer_now(f);
  if (rc == TL_OK && g->record && tl_copies_from_outside(f)) rc = keep_copied(f, &f->call.err);
  return rc;
}

void tl_effect_live(tl_effect *f)
{
  tl_gate *g = f->gate;
  int rc = f->checked;
  g->permits.op = f->op->name;
  if (rc == TL_OK && g->stopping) rc = TL_EINTERRUPTED;
  if (rc == TL_OK) rc = tl_effect_places(f, &f->call.err);
  if (rc == TL_OK) rc = check_permit(f, &f->call.err);
  if (rc == TL_OK && !tl_effect_reused(f, &rc) && !tl_mend_needed(f, &rc) && !stream_ended(f))
    rc = act(f);
  if (g->dry) rc = tl_dry_verdict(f, rc);
  g->permits.op = NULL;
  if (rc != TL_PENDING) finish(f, rc);
}

/* --- asking ----------------------------------------------------------------------------------------------- */

/* Shown and pure operations leave nothing behind and are the same each time: not numbered. */
static void perform_unrecorded(tl_effect *f)
{
  tl_gate *g = f->gate;
  int rc = TL_OK;
  if (tl_gate_replaying(g) && f->op->flags & TL_OP_SHOWN) f->call.out = tl_bool(true);
  else rc = answer_now(f);
  if (rc == TL_OK) give(g, f->ask, rc, &f->call.out);
  else give_error(g, f->ask, &f->call.err);
  tl_effect_free(f);
}

static void perform(tl_effect *f)
{
  tl_gate *g = f->gate;
  if (f->checked == TL_OK && f->op->flags & (TL_OP_PURE | TL_OP_SHOWN)) {
    perform_unrecorded(f);
    return;
  }
  if (tl_effect_is_next(f)) tl_entry_over(g);
  f->n = ++g->count;
  if (form_args(f, &g->fatal) < 0) return;
  if (g->mode == TL_REPLAY || g->mode == TL_RESUME) tl_effect_again(f);
  else tl_effect_live(f);
}

void tl_gate_ask(tl_gate *g, uint64_t ask, int64_t task, const char *name, tl_val args)
{
  const tl_op *op = tl_op_find(name);
  if (g->fatal.code || !op || op->flags & TL_OP_LOCAL) {
    tl_err e;
    (void)tl_fail(&e, TL_EARGUMENT, "there is no operation %s", name);
    if (!g->fatal.code) give_error(g, ask, &e);
    tl_free(&args);
    return;
  }
  tl_effect *f = tl_zalloc(sizeof *f);
  *f = (tl_effect){.gate = g, .op = op, .ask = ask, .task = task, .args = args, .next = g->pending};
  g->pending = f;
  f->asked_at = tl_clock_ms();
  f->checked = tl_op_check(op, &f->args, &f->call.err);
  f->call.args = f->args.u.list.items;
  f->call.places = f->places;
  f->call.guard = &g->guard;
  f->call.done = call_done;
  perform(f);
}
