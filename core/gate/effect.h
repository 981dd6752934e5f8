/* One effect on its way through the gate: between gate.c and what stands beside it only. */
#ifndef TL_GATE_EFFECT_H
#define TL_GATE_EFFECT_H

#include "gate.h"

enum { TL_PLACES_MAX = 1 + TL_PROC_READ_MAX };

struct tl_effect {
  tl_call call; /* first: done() gets it back */
  tl_gate *gate;
  const tl_op *op;
  uint64_t n, ask; /* number in the record; number of the worker's ask */
  int64_t task, asked_at;
  int checked;       /* what tl_op_check said of the arguments */
  tl_val args, form; /* live, and as recorded */
  tl_place places[TL_PLACES_MAX];
  char *source;  /* git.fetch: the path that a place borrows; owned */
  tl_mend *mend; /* of a stream that was opened again */
  bool begun;    /* resume: it waits for the old answers no more */
  bool reused;   /* the old record answered */
  bool asked_written;
  tl_effect *next;
};

void tl_effect_free(tl_effect *f);
/* Works out where its paths lead. */
int tl_effect_places(tl_effect *f, tl_err *e);
/* After an answer of git.fetch, recorded or not: the mirror is the run's to read. */
void tl_effect_fetched(const tl_effect *f);
/* Checks permits, writes down, performs, answers: now or later. */
void tl_effect_live(tl_effect *f);

/* --- entry.c: sessions --------------------------------------------------------------------------- */

bool tl_effect_is_next(const tl_effect *f); /* repl.next */
void tl_entry_over(tl_gate *g);
/* The recorded answer of f, a repl.next, begins an entry. */
void tl_entry_replayed(tl_gate *g, const tl_effect *f);

/* A file that is copied into the run from outside of it, and where the record keeps it: a replay has
 * no other source for the bytes. `rel` holds the path. */
bool tl_copies_from_outside(const tl_effect *f);
tl_place tl_copied_place(int run_fd, const tl_val *result, char rel[96]);

/* --- again.c: from the old record, strictly in its order ---------------------------------------- */

void tl_effect_again(tl_effect *f);

/* reuse.c. Answers from the old record of a --reuse run, if that is one: true when it did, with the
 * answer in f and in *rc. */
bool tl_effect_reused(tl_effect *f, int *rc);

/* --- dry.c: nothing outward is done --------------------------------------------------------------- */

/* Answers instead of a primitive that reaches outward, or waits. False: it is to be performed. */
bool tl_dry_stands_in(tl_effect *f, int *rc);
/* Takes up what f asked of the permits. One that is missing is the effect's answer, TL_EDRY_RUN, and not
 * the end of the recipe. Returns what becomes of rc. */
int tl_dry_verdict(tl_effect *f, int rc);
void tl_dry_note_reused(tl_effect *f);
/* The clocks go ahead by what was slept. */
void tl_dry_shift_clock(tl_effect *f);

/* --- mend.c: streams that an interruption cut ----------------------------------------------------- */

/* Is f about a stream that is only in the old record? Then it is opened again, or answered as it was
 * at its end; *rc says what came of it, TL_PENDING too. */
bool tl_mend_needed(tl_effect *f, int *rc);
/* Takes off the piece in f what the recipe has had before; true when nothing is left of it and the
 * next one is wanted. When the pieces are other ones than before, *rc becomes TL_ENETWORK. */
bool tl_mend_swallowed(tl_effect *f, int *rc);
/* Reads the next piece. */
int tl_mend_next(tl_effect *f);
void tl_mend_free(tl_gate *g);

#endif
