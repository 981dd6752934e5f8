/* How index.rebuild puts the rows that it found into a file. Private to core/prim. */
#ifndef TL_PRIM_INDEX_REBUILD_H
#define TL_PRIM_INDEX_REBUILD_H

#include <stdint.h>

#include "index.h"

/* Where a row lies in the scratch file, and what rows are sorted by. */
typedef struct tl_rebuild_row {
  uint64_t started; /* its digits */
  uint64_t id;      /* the first TL_INDEX_ID digits */
  uint64_t offset;
  uint32_t len;
  uint32_t in_place; /* the run's folder is the one that the row names */
} tl_rebuild_row;

typedef struct tl_rebuild_rows {
  tl_rebuild_row *at;
  size_t n, cap;
} tl_rebuild_rows;

/* A new one at the end; valid until the next. */
tl_rebuild_row *tl_rebuild_add(tl_rebuild_rows *rows);

/* Sorts the rows, leaves one a run, writes a new runs.csv from what `scratch` holds and, unless it is
 * the same as the old one, puts it in its place, durably. The caller has the lock. */
int tl_rebuild_write(const tl_index *x, int scratch, tl_rebuild_rows *rows, bool *differs,
                     tl_err *e);

#endif
