/* Streams that an interruption cut. A connection does not outlive its process: when the recipe reads
 * on, the recorded request is sent again, and what the recipe has had already is passed over, as
 * long as the same bytes come. When others come, the recipe hears of a connection that was cut. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "effect.h"

struct tl_mend {
  tl_call call; /* first: opened() gets it back */
  int64_t handle, live;
  const tl_old *request; /* the http.open of the record */
  tl_val args;
  tl_buf had;    /* what the recipe has had of the body … */
  size_t at;     /* … and how much of it has come again */
  tl_err broken; /* code != 0: how it ended, other than it should */
  tl_effect *waits;
  tl_mend *next;
};

static tl_mend *find(const tl_gate *g, int64_t handle)
{
  tl_mend *m = g->mends;
  while (m && m->handle != handle) m = m->next;
  return m;
}

static bool is_about(const tl_old *old, const tl_op *op, int64_t handle)
{
  const tl_val *first = tl_at(&old->args, 0);
  return old->answered && op && first && first->type == TL_INT && first->u.i == handle;
}

/* What the record says of the stream's end. */
typedef enum { OPEN, ENDED, CLOSED } tl_stream_end;

/* Collects what the record has of a stream; *last becomes the number of the answer it ended with. */
static int collect(tl_mend *m, const tl_replay *old, tl_stream_end *end, uint64_t *last, tl_err *e)
{
  *end = CLOSED;
  m->had = TL_BUF(SIZE_MAX / 2);
  for (size_t i = 0; i < old->norder; i++) {
    const tl_old *o = &old->effects[old->order[i] - 1];
    const tl_op *op = tl_op_find(o->op);
    if (op && op->prim == prim_http_open && tl_get_int(&o->answer, "handle", 0) == m->handle) {
      m->request = o;
      *end = OPEN;
    } else if (is_about(o, op, m->handle) && op->prim == prim_http_close && !o->failed) {
      *end = CLOSED;
    } else if (is_about(o, op, m->handle) && op->flags & TL_OP_STREAM && *end != CLOSED) {
      tl_val piece = tl_nil();
      int rc = tl_replay_answer(old, old->order[i], &piece, e);
      if (rc < 0) return rc;
      if (piece.type == TL_STR) (void)tl_buf_add(&m->had, piece.u.s.data, piece.u.s.len);
      else *end = ENDED;
      *last = old->order[i];
      tl_free(&piece);
    }
  }
  return TL_OK;
}

static void free_mend(tl_mend *m)
{
  tl_buf_free(&m->had);
  tl_free(&m->args);
  tl_free(&m->call.out);
  free(m);
}

void tl_mend_free(tl_gate *g)
{
  for (tl_mend *m = g->mends, *next; m; m = next) {
    next = m->next;
    free_mend(m);
  }
  g->mends = NULL;
}

/* --- opening again -------------------------------------------------------------------------------- */

/* Ends what is no longer of use; from now on every read says why. */
static int give_up(tl_mend *m, const tl_err *e)
{
  const tl_val handle = tl_int(m->live);
  tl_call close = {.args = &handle};
  m->broken = *e;
  if (m->live) (void)prim_http_close(&close);
  m->live = 0;
  return e->code;
}

static int changed(tl_mend *m, const char *how, tl_err *e)
{
  (void)tl_fail(e, TL_ENETWORK,
                "the answer was cut when the run was interrupted, and asked for again it has %s",
                how);
  return give_up(m, e);
}

/* The effect that waits may read now. Returns what the first read says. */
static int read_on(tl_mend *m, tl_effect *f)
{
  f->args.u.list.items[0].u.i = m->live;
  f->mend = m;
  return tl_mend_next(f);
}

static void opened(tl_call *call, int rc)
{
  tl_mend *m = (tl_mend *)(void *)call;
  tl_effect *f = m->waits;
  m->waits = NULL;
  if (!f) return; /* given up with the run */
  if (rc < 0) {
    f->call.err = m->call.err;
    rc = give_up(m, &m->call.err);
  } else {
    m->live = tl_get_int(&m->call.out, "handle", 0);
    int64_t before = tl_get_int(&m->request->answer, "status", 0);
    bool same = tl_get_int(&m->call.out, "status", 0) == before;
    rc = same ? read_on(m, f) : changed(m, "another status", &f->call.err);
  }
  if (rc != TL_PENDING) f->call.done(&f->call, rc);
}

static int open_again(tl_gate *g, tl_mend *m, tl_effect *f)
{
  if (g->offline)
    return tl_fail(&f->call.err, TL_ENOT_RECORDED,
                   "http.open: the run is offline and the record has not all of this answer");
  m->args = tl_copy(&m->request->args);
  int rc = tl_record_restore(&m->args, g->old->dirfd, &f->call.err);
  if (rc < 0) return rc;
  (void)tl_push(&g->again, tl_int((int64_t)(m->request - g->old->effects) + 1));
  m->waits = f;
  m->call = (tl_call){.args = m->args.u.list.items, .guard = &g->guard, .done = opened};
  rc = prim_http_open(&m->call);
  if (rc >= 0) return rc;
  f->call.err = m->call.err;
  return give_up(m, &m->call.err);
}

/* A stream of the old record that nobody has opened again yet. */
static int take_up(tl_effect *f, int64_t handle)
{
  tl_gate *g = f->gate;
  tl_stream_end end;
  uint64_t last = 0;
  tl_mend *m = tl_zalloc(sizeof *m);
  m->handle = handle;
  int rc = collect(m, g->old, &end, &last, &f->call.err);
  bool closes = f->op->prim == prim_http_close;
  if (rc == TL_OK && end == OPEN && !closes) {
    m->next = g->mends;
    g->mends = m;
    return open_again(g, m, f);
  }
  free_mend(m);
  if (rc < 0) return rc;
  if (end == CLOSED) {
    f->args.u.list.items[0].u.i = 0; /* no answer has this handle: the primitive says so */
    return f->op->prim(&f->call);
  }
  if (closes) {
    f->call.out = tl_bool(true);
    return TL_OK;
  }
  rc = tl_replay_answer(g->old, last, &f->call.out, &f->call.err);
  if (rc < 0 || !g->old->effects[last - 1].failed) return rc;
  rc = tl_fail(&f->call.err, tl_code_of(tl_get_str(&f->call.out, "code", "")), "%s",
               tl_get_str(&f->call.out, "message", ""));
  tl_free(&f->call.out);
  return rc;
}

bool tl_mend_needed(tl_effect *f, int *rc)
{
  tl_gate *g = f->gate;
  if (g->mode != TL_RESUME || !(f->op->prim == prim_http_next || f->op->prim == prim_http_close))
    return false;
  int64_t *handle = &f->args.u.list.items[0].u.i;
  tl_mend *m = find(g, *handle);
  if (*handle > g->old->last_handle) {
    *handle -= g->old->last_handle;
    return false;
  }
  if (m && m->broken.code == TL_OK) {
    *handle = m->live;
    f->mend = f->op->flags & TL_OP_STREAM ? m : NULL;
    return false;
  }
  *rc = m ? m->broken.code : take_up(f, *handle);
  if (m) f->call.err = m->broken;
  return true;
}

/* --- reading on ----------------------------------------------------------------------------------- */

int tl_mend_next(tl_effect *f)
{
  tl_free(&f->call.out);
  if (tl_carry_ended(&f->gate->carries, f->mend->live)) return TL_OK;
  return prim_http_next(&f->call);
}

bool tl_mend_swallowed(tl_effect *f, int *rc)
{
  tl_mend *m = f->mend;
  tl_val *piece = &f->call.out;
  size_t left = m->had.len - m->at;
  if (*rc < 0 || left == 0) return false;
  size_t len = piece->type == TL_STR ? piece->u.s.len : 0;
  size_t same = len < left ? len : left;
  if (piece->type != TL_STR || memcmp(piece->u.s.data, m->had.data + m->at, same) != 0) {
    tl_free(piece);
    *rc = changed(m, "other bytes", &f->call.err);
    return false;
  }
  m->at += same;
  tl_val rest = tl_strn(piece->u.s.data + same, len - same);
  tl_free(piece);
  *piece = rest;
  return len == same;
}
