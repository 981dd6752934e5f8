/* Options of primitives: what stands in a map that a recipe gives. Private to core/prim. */
#ifndef TL_PRIM_OPTION_H
#define TL_PRIM_OPTION_H

#include "../base/val.h"

/* The whole number of that key goes to *out, which stays as it is when there is none. 1.0 is whole,
 * too. TL_EARGUMENT "<op>: '<key>' is a whole number from <least> to <most>". */
int tl_option_whole(const tl_val *map, const char *op, const char *key, int64_t least, int64_t most,
                    int64_t *out, tl_err *e);

#endif
