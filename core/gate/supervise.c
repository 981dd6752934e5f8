#include "supervise.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "../base/wire.h"
#include "../prim/loop.h"
#include "../prim/spawn.h"
#include "../prim/stop.h"
#include "../prim/store.h"

enum { LOAD_MS = 20000, IDLE_MS = 1000, LOOK_MS = 2000, STOP_MS = 1000 };

/* --- frames -------------------------------------------------------------------------------------- */

static void put_frame(tl_worker *w, tl_val frame)
{
  tl_err e;
  if (tl_wire_put(&w->out, &frame, &e) < 0 && w->broken.code == TL_OK) w->broken = e;
  tl_free(&frame);
}

static tl_val frame_of(const char *word)
{
  tl_val list = tl_list();
  (void)tl_push(&list, tl_str(word));
  return list;
}

/* {"stop", tick}: where the entry that the next answer begins is to be stopped, as it was. */
static void put_stop(tl_worker *w)
{
  tl_val frame = frame_of("stop");
  (void)tl_push(&frame, tl_int(w->gate->stop_at));
  w->gate->stop_at = 0;
  put_frame(w, frame);
}

/* The frame borrows the value: it can be megabytes. */
static void answer(void *ud, uint64_t ask, const char *how, const tl_val *value)
{
  tl_worker *w = ud;
  tl_err e;
  tl_val items[] = {tl_str("answer"), tl_int((int64_t)ask), tl_str(how), *value};
  const tl_val frame = {.type = TL_LIST, .u.list = {.items = items, .len = 4, .cap = 4}};
  if (w->gate && w->gate->stop_at) put_stop(w);
  if (tl_wire_put(&w->out, &frame, &e) < 0 && w->broken.code == TL_OK) w->broken = e;
  tl_free(&items[0]);
  tl_free(&items[2]);
}

/* The next whole frame, if one is there: 1, 0 none yet, or a TL_E… code. */
static int take_frame(tl_worker *w, tl_val *frame, tl_err *e)
{
  int64_t took = tl_wire_get(frame, w->in.data ? w->in.data : "", w->in.len, e);
  if (took <= 0) return (int)took;
  tl_buf_shift(&w->in, (size_t)took);
  const tl_val *word = tl_at(frame, 0);
  if (word && word->type == TL_STR) return 1;
  tl_free(frame);
  return tl_fail(e, TL_ECRASHED, "the worker sent a frame without a word");
}

/* Moves bytes both ways after polling. Returns false when the worker has gone. */
static bool exchange(tl_worker *w, short revents)
{
  bool alive = true;
  if (revents & POLLOUT || w->out.len) alive = tl_sock_write(w->fd, &w->out) >= 0;
  if (revents & (POLLIN | POLLHUP | POLLERR)) alive = tl_sock_read(w->fd, &w->in) >= 0;
  return alive;
}

/* --- modules ------------------------------------------------------------------------------------- */

static void answer_module(tl_worker *w, uint64_t ask, const tl_val *args)
{
  const tl_val *name = tl_at(args, 0);
  tl_val value = tl_nil();
  tl_err e = {0};
  int rc = !name || name->type != TL_STR
               ? tl_fail(&e, TL_EARGUMENT, "bad argument #1 to require: a string was expected")
               : w->module(w->module_ud, name->u.s.data, &value, &e);
  if (rc < 0) {
    value = tl_map();
    (void)tl_put(&value, "code", tl_str(tl_code_name(rc)));
    (void)tl_put(&value, "message", tl_str(e.msg));
  }
  answer(w, ask, rc < 0 ? "raise" : "ok", &value);
  tl_free(&value);
}

/* {"ask", n, task, op, {args…}} */
static int take_ask(tl_worker *w, tl_val *frame, tl_err *e)
{
  const tl_val *n = tl_at(frame, 1), *task = tl_at(frame, 2), *op = tl_at(frame, 3);
  tl_val *args = tl_len(frame) > 4 ? &frame->u.list.items[4] : NULL;
  if (!n || n->type != TL_INT || !task || task->type != TL_INT || !op || op->type != TL_STR ||
      !args)
    return tl_fail(e, TL_ECRASHED, "the worker asked in a form that makes no sense");
  if (args->type == TL_MAP && tl_len(args) == 0) {
    tl_free(args);
    *args = tl_list();
  }
  if (args->type != TL_LIST) return tl_fail(e, TL_ECRASHED, "the worker's arguments are no list");
  if (strcmp(op->u.s.data, "mod.load") == 0) {
    answer_module(w, (uint64_t)n->u.i, args);
  } else if (!w->gate) {
    tl_val refused = tl_map();
    (void)tl_put(&refused, "code", tl_str("NOT_PERMITTED"));
    (void)tl_put(&refused, "message",
                 tl_str("effects belong into run(), not into the recipe's top level"));
    answer(w, (uint64_t)n->u.i, "raise", &refused);
    tl_free(&refused);
  } else {
    tl_val own = *args;
    *args = tl_nil();
    tl_gate_ask(w->gate, (uint64_t)n->u.i, task->u.i, op->u.s.data, own);
  }
  return TL_OK;
}

/* --- starting and loading ------------------------------------------------------------------------ */

int tl_worker_start(tl_worker *w, const tl_limits *limits, tl_val *held, tl_err *e)
{
  *w = (tl_worker){.pid = -1,
                   .fd = -1,
                   .signals = -1,
                   .limits = *limits,
                   .in = TL_BUF(TL_FRAME_MAX + 4u),
                   .out = TL_BUF(2u * TL_FRAME_MAX)};
  int rc = tl_spawn_worker(limits->cpu_seconds, limits->memory, &w->pid, &w->fd, e);
  if (rc < 0) return rc;
  tl_val frame;
  int64_t until = tl_clock_ms() + LOAD_MS;
  while ((rc = take_frame(w, &frame, e)) == 0) {
    struct pollfd fd = {.fd = w->fd, .events = POLLIN};
    rc = tl_loop_wait(&fd, 1, LOAD_MS, e);
    if (rc < 0) return rc;
    if (!exchange(w, fd.revents) || tl_clock_ms() > until)
      return tl_fail(e, TL_ECRASHED, "the worker process did not start");
  }
  if (rc < 0) return rc;
  bool hello = strcmp(tl_at(&frame, 0)->u.s.data, "hello") == 0 && tl_at(&frame, 1);
  *held = hello ? tl_copy(tl_at(&frame, 1)) : tl_nil();
  tl_free(&frame);
  return hello ? TL_OK : tl_fail(e, TL_ECRASHED, "the worker process did not say hello");
}

/* How the process ended, when it did so without a word. */
static int gone(tl_worker *w, tl_err *e)
{
  int how = tl_spawn_end(w->pid, 2000);
  w->pid = -1;
  if (how == -SIGXCPU)
    return tl_fail(e, TL_ETIMEOUT,
                   "the recipe used up its CPU limit of %" PRId64
                   " s: tlab run --limit-cpu=SECONDS",
                   w->limits.cpu_seconds);
  if (how < 0)
    return tl_fail(e, TL_ECRASHED, "the worker process was ended by signal %d (%s)", -how,
                   strsignal(-how));
  return tl_fail(e, TL_ECRASHED, "the worker process ended with %d and without a word", how);
}

int tl_worker_load(tl_worker *w, const char *file, const char *source, size_t len, int64_t seed,
                   tl_val *decl, tl_err *e)
{
  tl_val frame = frame_of("load"), what = tl_map();
  (void)tl_put(&what, "file", tl_str(file));
  (void)tl_put(&what, "source", tl_strn(source, len));
  (void)tl_put(&what, "seed", tl_int(seed));
  (void)tl_put(&what, "memory", tl_int(w->limits.memory));
  (void)tl_push(&frame, what);
  put_frame(w, frame);
  *decl = tl_nil();
  for (int64_t until = tl_clock_ms() + LOAD_MS;;) {
    int rc = take_frame(w, &frame, e);
    if (rc < 0) return rc;
    if (rc == 0) {
      struct pollfd fd = {.fd = w->fd, .events = (short)(POLLIN | (w->out.len ? POLLOUT : 0))};
      rc = tl_loop_wait(&fd, 1, LOAD_MS, e);
      if (rc < 0) return rc;
      if (tl_clock_ms() > until)
        return tl_fail(e, TL_ETIMEOUT, "%s took more than %d s to load", file, LOAD_MS / 1000);
      if (!exchange(w, fd.revents)) return gone(w, e);
      continue;
    }
    const char *word = tl_at(&frame, 0)->u.s.data;
    if (strcmp(word, "ask") == 0) {
      rc = take_ask(w, &frame, e);
      tl_free(&frame);
      if (rc < 0) return rc;
      continue;
    }
    bool loaded = strcmp(word, "loaded") == 0;
    *decl = tl_len(&frame) > 1 ? tl_copy(tl_at(&frame, 1)) : tl_map();
    tl_free(&frame);
    if (loaded) return TL_OK;
    return tl_fail(e, tl_code_of(tl_get_str(decl, "code", "RUN_FAILED")), "%s",
                   tl_get_str(decl, "message", "the recipe could not be loaded"));
  }
}

/* --- looking ------------------------------------------------------------------------------------- */

/* {"seen", k, value} or {"seen", k, nil, why}: 1 when it is the answer to look k, 0 to an older one. */
static int take_seen(tl_worker *w, const tl_val *frame, tl_val *out, tl_err *e)
{
  const tl_val *k = tl_at(frame, 1), *value = tl_at(frame, 2), *why = tl_at(frame, 3);
  if (strcmp(tl_at(frame, 0)->u.s.data, "seen") != 0 || !k || k->type != TL_INT || !value)
    return tl_fail(e, TL_ECRASHED, "the worker answered a look in a form that makes no sense");
  if (k->u.i != w->looks) return 0;
  if (why && why->type == TL_STR) return tl_fail(e, TL_EBUG, "%s", why->u.s.data);
  *out = tl_copy(value);
  return 1;
}

int tl_worker_look(tl_worker *w, const tl_val *what, tl_val *out, tl_err *e)
{
  tl_val frame = frame_of("look");
  (void)tl_push(&frame, tl_int(++w->looks));
  (void)tl_push(&frame, tl_copy(what));
  put_frame(w, frame);
  for (int64_t until = tl_clock_ms() + LOOK_MS;;) {
    int rc = take_frame(w, &frame, e);
    if (rc > 0) {
      rc = take_seen(w, &frame, out, e);
      tl_free(&frame);
      if (rc != 0) return rc > 0 ? TL_OK : rc;
      continue;
    }
    if (rc < 0) return rc;
    int64_t left = until - tl_clock_ms();
    if (left <= 0) return tl_fail(e, TL_ETIMEOUT, "the worker does not answer");
    struct pollfd fd = {.fd = w->fd, .events = (short)(POLLIN | (w->out.len ? POLLOUT : 0))};
    rc = tl_loop_wait(&fd, 1, (int)left, e);
    if (rc < 0) return rc;
    if (!exchange(w, fd.revents)) return tl_fail(e, TL_ECRASHED, "the worker is gone");
  }
}

/* --- running ------------------------------------------------------------------------------------- */

static void end_with(tl_val *outcome, const char *status, tl_val error)
{
  tl_free(outcome);
  *outcome = tl_map();
  (void)tl_put(outcome, "status", tl_str(status));
  if (error.type == TL_MAP) (void)tl_put(outcome, "error", error);
}

static void end_with_err(tl_val *outcome, const char *status, const tl_err *e)
{
  tl_val error = tl_map();
  (void)tl_put(&error, "code", tl_str(tl_code_name(e->code)));
  (void)tl_put(&error, "message", tl_str(e->msg));
  end_with(outcome, status, error);
}

/* One frame while running; true when the run is over. */
static bool take_running(tl_worker *w, tl_val *frame, tl_val *outcome)
{
  const char *word = tl_at(frame, 0)->u.s.data;
  tl_err e = {0};
  if (strcmp(word, "ask") == 0) {
    if (take_ask(w, frame, &e) == TL_OK) return false;
    end_with_err(outcome, "failed", &e);
  } else if (strcmp(word, "done") == 0) {
    end_with(outcome, "succeeded", tl_nil());
  } else if (strcmp(word, "failed") == 0 && tl_len(frame) > 1) {
    tl_val error = tl_copy(tl_at(frame, 1));
    tl_secrets_scrub(&w->gate->secrets, &error);
    end_with(outcome, "failed", error);
  } else if (strcmp(word, "seen") == 0 && w->looks > 0) {
    return false; /* of a look that was not waited for any longer */
  } else {
    (void)tl_fail(&e, TL_ECRASHED, "the worker said '%.40s', which makes no sense", word);
    end_with_err(outcome, "failed", &e);
  }
  return true;
}

static bool take_all(tl_worker *w, tl_val *outcome)
{
  tl_val frame;
  tl_err e = {0};
  int rc;
  while ((rc = take_frame(w, &frame, &e)) > 0) {
    w->idle_since = tl_clock_ms();
    bool over = take_running(w, &frame, outcome);
    tl_free(&frame);
    if (over) return true;
    if (w->gate->fatal.code) break;
  }
  if (rc < 0) end_with_err(outcome, "failed", &e);
  return rc < 0;
}

/* In a replay nothing but the worker moves: when it does not even compute, it waits for an answer
 * that the record does not give at this point. */
static bool stuck(tl_worker *w)
{
  if (!tl_gate_replaying(w->gate) || tl_clock_ms() - w->idle_since < IDLE_MS) return false;
  int64_t cpu = tl_spawn_cpu_ms(w->pid);
  bool moved = cpu < 0 || cpu != w->idle_cpu;
  w->idle_cpu = cpu;
  w->idle_since = tl_clock_ms();
  return !moved;
}

static void fail_stuck(tl_gate *g)
{
  uint64_t due = tl_replay_due(g->old), open = tl_replay_open_effect(g->old);
  if (due == 0 && open)
    (void)tl_fail(&g->fatal, TL_ENOT_RECORDED,
                  "the record ends after %zu answers: effect %" PRIu64 " (%s) was never answered",
                  g->old->norder, open, g->old->effects[open - 1].op);
  else if (due == 0)
    (void)tl_fail(&g->fatal, TL_ENOT_RECORDED,
                  "the record ends after %zu answers: the run was stopped there", g->old->norder);
  else
    (void)tl_fail(&g->fatal, TL_EDIFFERS,
                  "effect %" PRIu64 " (%s) was recorded next, but the recipe does not ask for it",
                  due, g->old->effects[due - 1].op);
}

static bool check_ends(tl_worker *w, tl_val *outcome)
{
  tl_err e;
  w->signal = tl_signals_taken();
  if (w->signal) {
    (void)tl_fail(&e, TL_EINTERRUPTED, "stopped by %s%s",
                  w->signal == SIGINT ? "Ctrl-C" : strsignal(w->signal),
                  w->signal == SIGINT && w->stopped_at
                      ? ", in an evaluation that did not end at the first one"
                      : "");
    end_with_err(outcome, "interrupted", &e);
    (void)tl_put(outcome, "signal", tl_int(w->signal));
    return true;
  }
  if (w->deadline && tl_clock_ms() >= w->deadline) {
    (void)tl_fail(&e, TL_ETIMEOUT,
                  "the run reached its limit of %" PRId64 " s: tlab run --limit-seconds=SECONDS",
                  w->limits.seconds);
    end_with_err(outcome, "timeout", &e);
    return true;
  }
  if (w->gate->fatal.code == TL_OK && stuck(w)) fail_stuck(w->gate);
  if (w->gate->fatal.code == TL_OK && w->broken.code) w->gate->fatal = w->broken;
  if (w->gate->fatal.code) end_with_err(outcome, "failed", &w->gate->fatal);
  return w->gate->fatal.code != TL_OK;
}

/* Ctrl-C stops the entry of a session, if one is evaluated; a second one, when the first does not help,
 * the session. Every other signal ends the run. */
static void take_signal(tl_worker *w)
{
  int sig = tl_signals_take(w->signals);
  if (sig == SIGINT && tl_gate_stop(w->gate)) {
    w->stopped_at = tl_clock_ms();
    w->told = false;
    tl_stop_wish(w->pid, (int64_t)w->gate->entry);
    return;
  }
  if (!w->gate->stopping) w->stopped_at = 0;
  if (sig == SIGINT && w->stopped_at && tl_clock_ms() - w->stopped_at < STOP_MS) return;
  if (sig) tl_signals_last(sig);
}

/* Says so when an entry does not stop. */
static void tell_stuck(tl_worker *w)
{
  if (!w->gate->stopping || w->told || tl_clock_ms() - w->stopped_at < STOP_MS) return;
  w->told = true;
  tl_val text =
      tl_str("it does not stop: it is inside one call of a library function; Ctrl-C again "
             "ends the session");
  tl_call call = {.args = &text};
  (void)prim_talk_say(&call);
  tl_free(&text);
}

static int wait_ms(const tl_worker *w)
{
  int64_t ms = tl_gate_replaying(w->gate) || w->gate->stopping ? IDLE_MS : -1;
  if (w->deadline) {
    int64_t left = w->deadline - tl_clock_ms();
    if (left < 0) left = 0;
    if (ms < 0 || left < ms) ms = left;
  }
  return ms > 60000 ? 60000 : (int)ms;
}

static void run_loop(tl_worker *w, tl_val *outcome)
{
  tl_err e;
  while (!check_ends(w, outcome)) {
    struct pollfd fds[2] = {{.fd = w->fd, .events = (short)(POLLIN | (w->out.len ? POLLOUT : 0))},
                            {.fd = w->signals, .events = POLLIN}};
    if (tl_loop_wait(fds, 2, wait_ms(w), &e) < 0) {
      end_with_err(outcome, "failed", &e);
      return;
    }
    bool alive = exchange(w, fds[0].revents);
    if (fds[1].revents) take_signal(w);
    tell_stuck(w);
    if (take_all(w, outcome)) return;
    if (alive || w->gate->fatal.code) continue;
    int code = gone(w, &e);
    end_with_err(outcome, code == TL_ETIMEOUT ? "timeout" : "failed", &e);
    return;
  }
}

void tl_worker_run(tl_worker *w, tl_gate *g, tl_val spec, tl_val info, tl_val *outcome)
{
  tl_err e;
  tl_val frame = frame_of("run");
  (void)tl_push(&frame, spec);
  (void)tl_push(&frame, info);
  *outcome = tl_nil();
  w->gate = g;
  g->answer = answer;
  g->ud = w;
  w->idle_since = tl_clock_ms();
  w->deadline = w->limits.seconds > 0 ? w->idle_since + w->limits.seconds * 1000 : 0;
  w->signals = tl_signals_open(&e);
  put_frame(w, frame);
  if (w->signals < 0) end_with_err(outcome, "failed", &e);
  else run_loop(w, outcome);
  g->answer = NULL;
  tl_worker_end(w);
}

void tl_worker_end(tl_worker *w)
{
  if (w->pid > 0) (void)tl_spawn_end(w->pid, 0);
  w->pid = -1;
  tl_store_close(w->fd);
  w->fd = -1;
  tl_signals_close(w->signals);
  w->signals = -1;
  tl_buf_free(&w->in);
  tl_buf_free(&w->out);
}
