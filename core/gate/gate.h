/* The gate: the one way from a recipe to the world.
 *
 * For each ask it does the same, in this order: number it, check the arguments, work out what it
 * touches, check permits, answer from an old record where one is given, write it down as asked (if
 * it reaches outward), perform it, take secrets out, write down the answer, answer. Nothing else
 * calls a primitive on behalf of a recipe. */
#ifndef TL_GATE_H
#define TL_GATE_H

#include "carry.h"
#include "ops.h"
#include "permit.h"
#include "record.h"
#include "replay.h"
#include "secret.h"

typedef enum {
  TL_LIVE,   /* perform and record */
  TL_REPLAY, /* every answer from the old record, in its order; the first difference ends it */
  TL_REUSE, /* answers from the old record where it has them, the rest performed and all recorded */
  TL_RESUME, /* a replay of the run's own record until that is used up, then live, into the same one */
} tl_mode;

typedef struct tl_effect tl_effect;
typedef struct tl_mend tl_mend;

/* How an ask was answered: "ok", "fail" (nil, err in Lua) or "raise" (an error in Lua). */
typedef void tl_answer(void *ud, uint64_t ask, const char *how, const tl_val *value);

/* Answers an operation in its primitive's place: call->args are checked, call->out and call->err are
 * its to fill. At once: never TL_PENDING. */
typedef int tl_hook(void *ud, const char *op, tl_call *call);

typedef struct tl_gate {
  tl_mode mode;
  bool offline;
  bool reread; /* reuse: what reads files is performed, and not answered from the record */
  bool recall; /* reuse: and so are runs that this one calls */
  bool dry;    /* nothing outward is done, nobody waits: dry.c */
  tl_permits permits;
  tl_secrets secrets;
  tl_record *record; /* NULL: a replay keeps nothing */
  tl_replay *old;    /* NULL unless mode asks for it */
  bool live;         /* resume: the old answers are used up, effects are performed now */
  tl_val again;      /* resume: numbers of effects that are performed a second time */
  int64_t began;     /* tl_clock_ms() of the run's start */
  uint64_t count;    /* effects numbered so far */
  uint64_t reused;   /* of them answered from the record of a --reuse run */
  tl_val noted;  /* dry: list of {n} and what permits noted, {n, family, subject, missing, why?} of
                         secrets, {n, reused} */
  int64_t slept; /* dry: what the clock goes ahead by */
  tl_answer *answer;
  void *ud;
  tl_err fatal;       /* code != 0: the run cannot go on (record not writable, replay differs) */
  tl_val difference;  /* replay: {n, op, at, recorded, asked} of the first request that differs */
  tl_effect *pending; /* asked, not answered */
  tl_carries carries; /* ends of streams that may be the start of a secret */
  tl_mend *mends;     /* resume: streams that were opened again */
  tl_guard guard;
  uint64_t entry; /* a session: number of the ask whose answer is being evaluated, 0: none … */
  bool stopping;  /* … and is being stopped: what it asks raises TL_EINTERRUPTED */
  int64_t
      stop_at; /* replay: at which tick to stop the entry that the answer in hand begins, 0: never */
  tl_val calls;  /* what a called run is told besides recipe and spec; empty: none can be called */
  tl_val hooked; /* names of the operations that `hook` answers, as the keys of a map */
  tl_hook *hook;
  void *hook_ud;
} tl_gate;

void tl_gate_init(tl_gate *g, tl_mode mode);
/* Cancels what is pending, wipes secrets, closes folders. The record and the old record are the
 * caller's. */
void tl_gate_free(tl_gate *g);

/* Is every answer still one of the old record? Then nothing is performed but in the run's folder. */
bool tl_gate_replaying(const tl_gate *g);

/* Stops the entry of a session that is being evaluated: what it waits for raises TL_EINTERRUPTED, and
 * so does what it asks until the next repl.next. False when there is none, or it is stopped already. */
bool tl_gate_stop(tl_gate *g);

/* Takes one ask; args (a list) is owned by the gate from here. Answers now or later. */
void tl_gate_ask(tl_gate *g, uint64_t ask, int64_t task, const char *op, tl_val args);

/* The trusted side's way to the same primitives: no permits, no record, paths as the person wrote
 * them. Only operations that end at once. *args is a list that fits the signature (tl_op_check); *out is
 * owned by the caller. */
int tl_gate_trusted(const tl_op *op, tl_val *args, tl_val *out, tl_err *e);

#endif
