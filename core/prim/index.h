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
#include "prim.h"

#define TL_INDEX_FILE "runs.csv"
#define TL_INDEX_FOLDER ".tlab"
#define TL_INDEX_OPEN ".tlab/open"
#define TL_INDEX_ROWS ".tlab/rows"
#define TL_INDEX_LOCK ".tlab/lock"
#define TL_INDEX_TAIL ".tlab/tail"
#define TL_INDEX_NEW ".tlab/runs.new" /* a new runs.csv on its way; of whoever has the lock */
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

/* --- index_lab.c: its folders, its lock, runs in progress -------------------------------------- */

enum { TL_INDEX_ID = 16 }; /* digits of an id that files are named by */

/* The lab's folder and what is in .tlab; -1 what is not there. */
typedef struct tl_index {
  int lab, machine, open, rows;
} tl_index;

/* Opens them, beneath the lab and through no link; with `make`, makes what is missing. The caller
 * calls tl_index_leave, also after an error. */
int tl_index_enter(tl_index *x, const tl_place *lab, bool make, tl_err *e);
void tl_index_leave(tl_index *x);

/* flock(2) on .tlab/lock, waited for up to wait_ms. Returns a descriptor: closing it gives the lock
 * back, as the end of the process does. TL_ETIMEOUT: another has it still; TL_EUNSUPPORTED: the
 * file system has no locks; TL_ENOT_FOUND: not exclusive, and there is no lock file. */
int tl_index_lock(const tl_index *x, bool exclusive, int wait_ms, tl_err *e);
/* Is this <id16>, the name of a run's file in TL_INDEX_OPEN and TL_INDEX_ROWS? */
bool tl_index_is_name(const char *name);
/* Is the run in progress: has it an entry that a living process holds (or that cannot be asked,
 * where there are no locks)? */
bool tl_index_held(const tl_index *x, const char *id);

/* --- index_waiting.c: rows that wait ------------------------------------------------------------ */

/* Puts the row's file among those that wait: whole or not at all, readable by others at once and,
 * with `durable`, there after a power cut. */
int tl_index_leave_row(const tl_index *x, const tl_buf *line, bool durable, tl_err *e);
/* Has the row been taken, durably? */
bool tl_index_row_taken(const tl_index *x, const char *id);

/* Whoever has the lock owns the rows that wait at this moment: they are renamed to "-<id16>", so
 * that one that is left meanwhile is not lost, read, and removed by tl_rows_drop once they are on
 * the disk. One left over by a merge that was cut comes first, then its successor. */
typedef struct tl_rows {
  tl_buf *lines; /* one row each */
  char **names;  /* of their files; NULL for one without */
  size_t n, cap;
} tl_rows;
int tl_rows_take(const tl_index *x, tl_rows *rows, tl_err *e);
/* Is this the name of a file in TL_INDEX_ROWS? What else may lie there says nothing. */
bool tl_rows_is_file(const char *name);
void tl_rows_add(tl_rows *rows, tl_buf *line, const char *name); /* takes what line holds */
void tl_rows_drop(const tl_index *x, const tl_rows *rows);
void tl_rows_free(tl_rows *rows);

/* --- index_merge.c: runs.csv itself; the caller has the lock ---------------------------------- */

/* Finishes a change that was cut off: what TL_INDEX_TAIL holds is written once more. */
int tl_index_redo(const tl_index *x, tl_err *e);
/* Puts the rows into runs.csv, each in its place, instead of one with the same key; of two with one
 * key, the later. A line that is a key and nothing else takes its row away. All is on the disk when
 * it returns. */
int tl_index_merge(const tl_index *x, const tl_rows *rows, tl_err *e);
/* Makes TL_INDEX_NEW, open for writing as `fd` and complete, durable and the lab's runs.csv. A redo
 * log, which is about the old one, is done away with before. Does not close fd. */
int tl_index_swap(const tl_index *x, int fd, tl_err *e);

#endif
