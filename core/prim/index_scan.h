/* Walks the rows of the index in the order of their start, either way, a block of the file at a
 * time. Private to core/prim. */
#ifndef TL_PRIM_INDEX_SCAN_H
#define TL_PRIM_INDEX_SCAN_H

#include "index_query.h"

/* A row where it lies: at an offset of runs.csv, or, where `at` is negative, in the overlay, as the
 * one of number -1 - at. */
typedef struct tl_line {
  const char *data;
  size_t len;
  int64_t at;
} tl_line;

/* Rows that stand over those of the file: they wait in TL_INDEX_ROWS, or their runs go on. Sorted
 * by key, each key once. */
typedef struct tl_overlay {
  tl_line *lines;
  size_t n, cap;
} tl_overlay;

/* Adds the waiting rows below the lab's folder, and the rows of `running` (a list of folders, or
 * NULL). TL_EPARSE names a waiting file that holds no row. */
int tl_overlay_read(tl_overlay *o, int labfd, const tl_val *running, tl_err *e);
void tl_overlay_free(tl_overlay *o);

typedef struct tl_scan {
  int fd;             /* -1: there is no runs.csv, which is no error */
  int64_t first, end; /* where rows begin, and end with the last whole line */
  bool is_cut;        /* something comes behind that, which is no whole line */
  char *data;         /* the block: whole lines… */
  size_t len, cap;
  int64_t at; /* …from this offset on */
  tl_line *hits;
  size_t n, room;
  const tl_overlay *over;
  size_t over_from, over_to; /* which of it are yet to come */
  char edge[TL_INDEX_KEY];   /* the row that the next block has to come before or after */
  bool has_edge;
} tl_scan;

/* Opens the lab's runs.csv. TL_EPARSE when its header is another one. */
int tl_scan_open(tl_scan *s, int labfd, const tl_overlay *over, tl_err *e);
void tl_scan_close(tl_scan *s);

/* Told of each row that fits, in order; a positive result ends the walk. */
typedef int tl_scan_visit(void *ud, const tl_line *line, tl_err *e);
/* The rows that fit, the newest first if `descending`; those beyond the key `after` (TL_INDEX_KEY
 * bytes, or NULL). TL_EPARSE "runs.csv line 7 …" for what cannot be a row or is out of order. */
int tl_scan_walk(tl_scan *s, tl_query *q, bool descending, const char *after, tl_scan_visit *visit,
                 void *ud, tl_err *e);
/* TL_EPARSE that names the line at this offset. */
int tl_scan_damaged(const tl_scan *s, int64_t at, const char *what, tl_err *e);
/* The line at an offset once more, into `out` (TL_INDEX_LINE bytes). Returns its length with the
 * newline, 0 when it cannot be had. */
size_t tl_scan_again(const tl_scan *s, int64_t at, char *out);

#endif
