/* A session for the tests of stopping: its entries are given, Ctrl-C comes by a timer, and then all of it
 * is replayed. The worker is the test program itself: main begins with PLAY_MAIN. */
#ifndef TEST_ENTRY_PLAY_H
#define TEST_ENTRY_PLAY_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/gate/supervise.h"
#include "core/lua/worker.h"
#include "core/prim/stop.h"
#include "core/prim/store.h"
#include "core/prim/term.h"

#define PLAY_MAIN(argc, argv) \
  if (strcmp((argv)[0], "tlab-worker") == 0) return tl_worker_main(3, argc, argv)

/* What is typed. Ctrl-C comes stop_ms after it, and once more again_ms after it; 0: never. */
typedef struct entry {
  const char *text;
  int stop_ms, again_ms;
  int64_t tick; /* the worker is told to stop here, 0: it is not */
  int64_t wish; /* the wish to stop what this ask of repl.next gives comes before it is given */
  bool deaf; /* the worker is looked at in vain, since it stands still until the entry is given */
} entry;

typedef struct played {
  char dir[64];
  const entry *entries;
  tl_gate *gate;
  tl_worker *worker;
  size_t at;
  tl_val shown; /* list: what each entry came to */
  tl_val outcome;
  uint64_t effects;
} played;

static const char recipe[] =
    "local session = require 'tlab.session'\n"
    "return { name = 'repl', run = function(run)\n"
    "  local env, shown = setmetatable({ run = run }, { __index = _G }), nil\n"
    "  while true do\n"
    "    local entry = tlab.repl.next(shown)\n"
    "    if not entry then return 'quit' end\n"
    "    local ok, result, tick = session.evaluate(assert(load(entry.text, '=entry', 't', env)))\n"
    "    shown = ok and { text = tostring(result[1]) } or { code = result.code, message = "
    "result.message }\n"
    "    shown.interrupted = tick\n"
    "  end\n"
    "end }\n";

/* Both timers of one entry; a timer of an entry that ended earlier is made anew. */
static inline void ctrl_c_in(int which, int ms)
{
  static timer_t timers[2];
  static bool made[2];
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGINT};
  struct itimerspec when = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}};
  if (!made[which]) assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timers[which]), 0);
  made[which] = true;
  assert_int_equal(timer_settime(timers[which], 0, &when, NULL), 0);
}

static inline void look_in_vain(tl_worker *w)
{
  tl_val seen, what = tl_str("x");
  tl_err e;
  assert_int_equal(kill(w->pid, SIGSTOP), 0);
  assert_int_equal(tl_worker_look(w, &what, &seen, &e), TL_ETIMEOUT);
  assert_int_equal(kill(w->pid, SIGCONT), 0);
  tl_free(&what);
}

static inline int next_entry(void *ud, const char *op, tl_call *call)
{
  played *p = ud;
  assert_string_equal(op, "repl.next");
  if (p->at > 0) tl_push(&p->shown, tl_copy(&call->args[0]));
  const entry *e = &p->entries[p->at];
  if (!e->text) return TL_OK; /* the end: nil */
  p->at++;
  ctrl_c_in(0, e->stop_ms);
  ctrl_c_in(1, e->again_ms);
  p->gate->stop_at = e->tick;
  if (e->deaf) look_in_vain(p->worker);
  if (e->wish) tl_stop_wish(p->worker->pid, e->wish);
  call->out = tl_map();
  tl_put(&call->out, "text", tl_str(e->text));
  return TL_OK;
}

static inline int no_module(void *ud, const char *name, tl_val *out, tl_err *e)
{
  (void)ud;
  (void)out;
  return tl_fail(e, TL_ENOT_FOUND, "no module %s", name);
}

/* Runs the recipe with this gate until it ends. */
static inline tl_val perform(tl_gate *g, played *p)
{
  tl_worker w;
  tl_val held, decl, outcome;
  tl_err e;
  const tl_limits limits = {.memory = 64 << 20};
  if (tl_worker_start(&w, &limits, &held, &e) < 0) fail_msg("%s", e.msg);
  w.module = no_module;
  if (p) {
    p->gate = g;
    p->worker = &w;
  }
  if (tl_worker_load(&w, "repl.lua", recipe, strlen(recipe), 1, &decl, &e) < 0)
    fail_msg("%s", e.msg);
  tl_worker_run(&w, g, tl_map(), tl_map(), &outcome);
  tl_free(&held);
  tl_free(&decl);
  return outcome;
}

static inline int folder(char dir[64])
{
  (void)snprintf(dir, 64, "%s", "/tmp/tlab-entry-XXXXXX");
  assert_non_null(mkdtemp(dir));
  return open(dir, O_PATH | O_DIRECTORY);
}

/* The last of the entries has no text. */
static inline void play(played *p, const entry *entries)
{
  tl_gate g;
  tl_record record;
  tl_err e;
  *p = (played){.entries = entries, .shown = tl_list()};
  tl_gate_init(&g, TL_LIVE);
  g.permits.run_fd = folder(p->dir);
  g.hooked = tl_map();
  tl_put(&g.hooked, "repl.next", tl_bool(true));
  g.hook = next_entry;
  g.hook_ud = p;
  assert_int_equal(tl_record_open(&record, g.permits.run_fd, false, &e), TL_OK);
  g.record = &record;
  tl_talk_quiet(true);
  p->outcome = perform(&g, p);
  ctrl_c_in(0, 0);
  ctrl_c_in(1, 0);
  p->effects = g.count;
  tl_store_close(g.permits.run_fd);
  tl_gate_free(&g);
  tl_record_close(&record);
}

/* The same session again, from its record: arguments of repl.next that differ end it. */
static inline void must_replay(const played *p)
{
  tl_gate g;
  tl_replay old;
  tl_err e;
  char dir[64];
  assert_int_equal(tl_replay_open(&old, p->dir, &e), TL_OK);
  tl_gate_init(&g, TL_REPLAY);
  g.permits.run_fd = folder(dir);
  g.old = &old;
  tl_val outcome = perform(&g, NULL);
  if (strcmp(tl_get_str(&outcome, "status", ""), "succeeded") != 0)
    fail_msg("%s", tl_get_str(tl_get(&outcome, "error"), "message", "?"));
  assert_int_equal(g.count, old.len);
  tl_free(&outcome);
  tl_store_close(g.permits.run_fd);
  tl_gate_free(&g);
  tl_replay_close(&old);
}

static inline const char *shown(const played *p, size_t i, const char *field)
{
  return tl_get_str(tl_at(&p->shown, i), field, "");
}

static inline void drop(played *p)
{
  tl_free(&p->shown);
  tl_free(&p->outcome);
}

#endif
