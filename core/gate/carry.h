/* Secrets that a stream brings in two pieces: the end of a piece is held back as long as a secret
 * could begin there, and comes with the next one. */
#ifndef TL_GATE_CARRY_H
#define TL_GATE_CARRY_H

#include "secret.h"

typedef struct tl_carry tl_carry;

typedef struct tl_carries {
  tl_carry *first; /* one for each stream that has been read */
} tl_carries;

/* Scrubs one piece of stream `handle` in place: a string, or TL_NIL at its end (which becomes what was
 * still held back, if anything was). */
void tl_carry_scrub(tl_carries *all, const tl_secrets *secrets, int64_t handle, tl_val *piece);
/* Did the primitive tell the end already, when something was still held back? */
bool tl_carry_ended(const tl_carries *all, int64_t handle);
void tl_carry_free(tl_carries *all);

#endif
