/* The index: runs.csv at the lab's root, one line a run, sorted by start and id.
 *
 * It is derived: every line is a function of a run's folder (run.json, notes.jsonl), written when
 * the run ends and made again by a rebuild. Private to core/prim.
 *
 *   runs.csv            header and rows
 *   .tlab/open/<id16>   a run in progress: its folder; locked while its process lives
 *   .tlab/rows/<id16>   rows that wait to be merged; what they say replaces what runs.csv says
 *   .tlab/lock          held by whoever changes runs.csv
 *   .tlab/tail          redo log of a change within runs.csv
 * <id16>: the first 16 digits of a run's id. */
#ifndef TL_PRIM_INDEX_H
#define TL_PRIM_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/buf.h"

#define TL_INDEX_FILE "runs.csv"
#define TL_INDEX_FOLDER ".tlab"
#define TL_INDEX_OPEN ".tlab/open"
#define TL_INDEX_ROWS ".tlab/rows"
#define TL_INDEX_LOCK ".tlab/lock"
#define TL_INDEX_TAIL ".tlab/tail"
/* In a run's folder: what people noted, one {"at", "kind": "tag" "untag" "note", "text"} a line. */
#define TL_INDEX_NOTES "notes.jsonl"

/* In the order of the line. */
#define TL_INDEX_COLUMNS(X) \
  X(STARTED, "started") /* RFC 3339 with milliseconds, as in run.json */ \
  X(ID, "id") \
  X(RECIPE, "recipe") \
  X(STATUS, "status") \
  X(SECONDS, "seconds") \
  X(MODELS, "models") /* as asked for, joined by ";" */ \
  X(TAGS, "tags")     /* joined by " " */ \
  X(TOKENS_IN, "tokens_in") \
  X(TOKENS_OUT, "tokens_out") \
  X(COST, "cost") \
  X(CURRENCY, "currency") \
  X(EFFECTS, "effects") \
  X(FAILED, "failed") \
  X(OUTPUTS, "outputs") /* how many files */ \
  X(COMMIT, "commit") \
  X(DIRTY, "dirty") /* "true", "false" or empty */ \
  X(KEY, "key") \
  X(REPLAY_OF, "replay_of") \
  X(NOTE, "note")       /* joined by " · " */ \
  X(PARAMS, "params")   /* canonical JSON map of scalars by dotted name, or empty */ \
  X(METRICS, "metrics") /* canonical JSON map, or empty */ \
  X(ERROR, "error")     /* a code */ \
  X(FOLDER, "folder")

typedef enum tl_column {
#define X(id, name) TL_COLUMN_##id,
  TL_INDEX_COLUMNS(X)
#undef X
      TL_COLUMNS
} tl_column;

enum {
  TL_INDEX_KEY = 24 + 1 + 64, /* bytes of a line that rows are sorted by: started,id */
  TL_INDEX_CELL = 16 * 1024,  /* bytes that a value may take; the writer cuts */
  TL_INDEX_LINE = 1024 * 1024 /* bytes of a line with its newline; a longer one is no row */
};

extern const char *const tl_column_names[TL_COLUMNS];
/* The first line of runs.csv, with its newline. */
extern const char tl_index_header[];
/* The column of a name, or -1. */
int tl_column_of(const char *name);

/* --- index_csv.c: lines (RFC 4180, ending in LF) ---------------------------------------------- */

/* A value within a line; not NUL-terminated. */
typedef struct tl_cell {
  const char *data;
  size_t len;
  bool doubled; /* each quote in it still stands twice (RFC 4180 section 2.7) */
} tl_cell;

/* Appends one value as a cell, without the comma. Control characters (C0, DEL, C1) become spaces,
 * so that a line is a row; a cell that would begin as a formula (= + - @ or a control character),
 * or with ', gets a leading '. A value over TL_INDEX_CELL bytes is cut at a character's border. */
void tl_csv_cell(tl_buf *out, const char *value, size_t len);

/* Splits the first `n` cells off a line (with or without its newline) without copying: quotes
 * around a cell and the leading ' are left out. Returns how many there are: fewer than n when the
 * line ends before; -1 when it is no line of CSV. */
int tl_csv_split(const char *line, size_t len, tl_cell *cells, int n);
/* Puts the cell's value into `out`, which takes cell->len bytes; `out` may be the cell's own place
 * in a line that can be written. Returns the value's length. */
size_t tl_csv_value(const tl_cell *cell, char *out);

/* Is this line (with its newline) a row: started, comma, id in their forms, TL_COLUMNS cells? */
bool tl_index_is_row(const char *line, size_t len);

/* --- index_row.c ------------------------------------------------------------------------------ */

/* Appends the row of the run whose folder this is, with its newline; `line` has room for
 * TL_INDEX_LINE bytes. `held`: its process is alive (TL_INDEX_OPEN); a run that says "running" and
 * is not held was interrupted, and is called so. Errors: TL_ENOT_FOUND without a run.json;
 * TL_EPARSE, TL_EINVALID for one that is no manifest; TL_EREFUSED, TL_ELIMIT, TL_EIO. */
int tl_index_row(int dirfd, bool held, tl_buf *line, tl_err *e);

#endif
