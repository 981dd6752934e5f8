/* The record of a run: its effects in order, larger bodies beside them. The format is fixed in
 * docs/reference/ARCHITECTURE.md and schemas/effect.schema.json. */
#ifndef TL_GATE_RECORD_H
#define TL_GATE_RECORD_H

#include "../base/buf.h"
#include "../base/val.h"

enum { TL_INLINE_MAX = 4096 }; /* a longer string becomes a blob */

/* What one line says. Values are in recorded form (below). */
typedef struct tl_line {
  uint64_t n;
  const char *op; /* NULL in a line that only answers */
  int64_t task, at;
  const tl_val *args;   /* NULL in a line that only answers */
  const tl_val *result; /* NULL when it failed, or has only been asked */
  const tl_val *error;  /* map {code, message}, or NULL */
  bool raise;           /* the error was raised, not returned */
  int64_t took;         /* -1: only asked */
} tl_line;

typedef struct tl_record {
  int dirfd; /* the run's folder, borrowed */
  int fd;    /* record/effects.jsonl */
} tl_record;

/* `more`: appends to the record that is there (a resumed run); otherwise there must be none. */
int tl_record_open(tl_record *r, int dirfd, bool more, tl_err *e);
void tl_record_close(tl_record *r);
/* Appends one line. `durable` waits for the disk. */
int tl_record_write(tl_record *r, const tl_line *line, bool durable, tl_err *e);

/* --- recorded form ----------------------------------------------------------------------------
 * Turns a live value into what the record keeps, in place: long or binary strings become
 * {"$blob": hex, "size": n}, secrets {"$secret": name}, numbers that JSON would not bring back
 * {"$num": text} or {"$int": text}, and map keys that begin with $ get one more. `put` is called for
 * each blob (NULL: only the digest is wanted). */
typedef int tl_blob_put(void *ud, const char *hex, const void *data, size_t len, tl_err *e);
int tl_record_form(tl_val *v, tl_blob_put *put, void *ud, tl_err *e);
/* {"$sha256": hex, "size": n} for bytes that are kept elsewhere (an artifact). */
int tl_record_digest(tl_val *v, tl_err *e);
/* The way back. Blobs are read from the folder and checked. */
int tl_record_restore(tl_val *v, int dirfd, tl_err *e);
/* A tl_blob_put that keeps the blob; ud is the tl_record. */
int tl_record_keep(void *ud, const char *hex, const void *data, size_t len, tl_err *e);

#endif
