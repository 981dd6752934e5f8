/* Where two requests part, for a person: the first place that differs and both sides of it. */
#ifndef TL_GATE_DIFFERENCE_H
#define TL_GATE_DIFFERENCE_H

#include "../base/val.h"

/* A map {at, recorded, asked}: `at` is a JSON pointer into the arguments, the other two are excerpts
 * of the canonical JSON around the first differing byte. When the operations differ, `at` is "" and
 * the excerpts begin with their names. recorded_op NULL: nothing was recorded. */
tl_val tl_difference(const char *recorded_op, const tl_val *recorded, const char *asked_op,
                     const tl_val *asked);

#endif
