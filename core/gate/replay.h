/* An old record, ready to answer. */
#ifndef TL_GATE_REPLAY_H
#define TL_GATE_REPLAY_H

#include "../base/val.h"

typedef struct tl_old {
  char *op;      /* NULL: no line, since the run was stopped before it was answered */
  tl_val args;   /* recorded form */
  tl_val answer; /* recorded form: the result, or the error map */
  int64_t at;
  bool answered, failed, raise, used;
} tl_old;

typedef struct tl_replay {
  int dirfd;       /* the old run's folder, owned */
  tl_old *effects; /* effects[n - 1] */
  size_t len, cap;
  uint64_t *order; /* numbers in the order of their answers */
  size_t norder;
  size_t next;         /* how many answers have been given */
  int64_t last_handle; /* the highest one that an http.open was answered with */
  int64_t clock; /* the last clock.monotonic less its `at`: what it said when the run began … */
  bool clocked;  /* … if there was one */
} tl_replay;

/* Reads record/effects.jsonl of the folder. TL_EDIFFERS names the line that is no effect. */
int tl_replay_open(tl_replay *r, const char *dir, tl_err *e);
void tl_replay_close(tl_replay *r);

/* Is effect n what was recorded as n? `args` in recorded form. */
bool tl_replay_same(const tl_replay *r, uint64_t n, const char *op, const tl_val *args);
/* Where it is not: {n, op, at, recorded, asked} as tl_difference has it; the caller's. `live`: args
 * are the live ones; otherwise in recorded form, as where only a digest of them is kept. */
tl_val tl_replay_difference(const tl_replay *r, uint64_t n, const char *op, const tl_val *args,
                            bool live);
/* The number whose answer comes next in the recorded order, 0 at the end. */
uint64_t tl_replay_due(const tl_replay *r);
/* The first effect that was asked and never answered, 0: none. */
uint64_t tl_replay_open_effect(const tl_replay *r);
/* A live copy of the answer of n. */
int tl_replay_answer(const tl_replay *r, uint64_t n, tl_val *out, tl_err *e);
/* The first effect not used yet with this operation and these arguments that succeeded; 0: none. */
uint64_t tl_replay_find(tl_replay *r, const char *op, const tl_val *args);

#endif
