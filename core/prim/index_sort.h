/* Rows of the index by another column than their start. Private to core/prim. */
#ifndef TL_PRIM_INDEX_SORT_H
#define TL_PRIM_INDEX_SORT_H

#include "index_page.h"

/* What stands for the next page of the rows that were sorted last. */
#define TL_SORT_CURSOR "sorted"

/* Sorts the rows that fit by q->sort and gives the first page. What has no value comes last either
 * way, and of equal values the newest first. Numbers come before text. Takes scan and overlay over
 * (they are empty then): of each row only its value, place and a check are kept in memory. */
int tl_sort_first(tl_scan *s, tl_overlay *over, tl_query *q, tl_page *page, tl_val *out, tl_err *e);
/* The next page of the same rows. TL_EARGUMENT when there is none, TL_EIO when runs.csv was changed
 * in place meanwhile. */
int tl_sort_next(tl_page *page, tl_val *out, tl_err *e);

#endif
