/* runs.csv as it lies on the disk, for those who change it. Private to index_*.c. */
#ifndef TL_PRIM_INDEX_EDIT_H
#define TL_PRIM_INDEX_EDIT_H

#include <stdint.h>
#include <sys/types.h>

#include "index.h"

/* --- index_edit.c ----------------------------------------------------------------------------- */

typedef struct tl_csv {
  int fd; /* -1: there is none */
  int64_t size;
  mode_t mode;
} tl_csv;

/* Opens runs.csv, where there is one. The caller closes it. Errors: TL_EINVALID when its header is
 * another, TL_EREFUSED for what is no file, TL_EIO. */
int tl_csv_open(const tl_index *x, tl_csv *f, tl_err *e);
void tl_csv_close(tl_csv *f);
/* Cuts off a last line without its newline. */
int tl_csv_mend(tl_csv *f, tl_err *e);
/* pread(2) and pwrite(2) of all of it; TL_EIO at the end of the file, too. */
int tl_csv_read(const tl_csv *f, void *data, size_t len, int64_t at, tl_err *e);
int tl_csv_write(const tl_csv *f, const void *data, size_t len, int64_t at, tl_err *e);
/* Where the first line of `from` or after it begins that does not come before the key; the size when
 * there is none. `from` is where a line begins. The end of the file is tried first. */
int tl_csv_find(const tl_csv *f, int64_t from, const char *key, int64_t *at, tl_err *e);
/* Where the line behind the one at `at` begins. */
int tl_csv_next(const tl_csv *f, int64_t at, int64_t *next, tl_err *e);
/* Has the line at `at` this key? */
int tl_csv_same(const tl_csv *f, int64_t at, const char *key, bool *same, tl_err *e);

/* --- index_log.c ------------------------------------------------------------------------------ */

enum { TL_LOG_MAX = 16 << 20 }; /* bytes of a tail that a log holds */
/* What the end of runs.csv is to be: `tail` from `at` on, and nothing behind it. On the disk when it
 * returns. */
int tl_log_write(const tl_index *x, const tl_csv *f, int64_t at, const tl_buf *tail, tl_err *e);
/* Does what the log says, and empties it. */
int tl_log_apply(const tl_index *x, tl_csv *f, int64_t at, const tl_buf *tail, tl_err *e);
/* Does away with the log, so that it is gone after a power cut, too. */
int tl_log_remove(const tl_index *x, tl_err *e);

#endif
