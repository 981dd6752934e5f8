/* The record's own files, and the folders a run stands on: what the gate needs from the disk for
 * itself, outside any recipe's reach. */
#ifndef TL_PRIM_STORE_H
#define TL_PRIM_STORE_H

#include <stdbool.h>

#include "../base/buf.h"

/* Opens a folder that the person at the command line named; links are followed. Returns a
 * descriptor (O_PATH), or a TL_E… code. */
int tl_store_folder(const char *path, tl_err *e);
/* As above, but `path` may be a file: then its folder is opened and *is_file set. */
int tl_store_root(const char *path, bool *is_file, tl_err *e);
void tl_store_close(int fd); /* accepts -1 */

/* Opens (creates) dir/record/effects.jsonl for appending, making record/ and record/blobs/.
 * TL_EEXISTS when the file is there already, unless `more` is to come to it. */
int tl_store_record_open(int dirfd, bool more, tl_err *e);
/* Appends `len` bytes in one write where the kernel allows. After an error the file ends in whole
 * lines: what was half written is cut off again. */
int tl_store_append(int fd, const void *data, size_t len, tl_err *e);
/* Asks the disk to have it before it returns. */
int tl_store_flush(int fd, tl_err *e);

/* Writes record/blobs/<hex> unless it is there; whole or not at all. hex: 64 lower-case digits. */
int tl_store_blob_put(int dirfd, const char *hex, const void *data, size_t len, tl_err *e);
/* Reads it and checks the digest: TL_EDIFFERS names the blob that is gone or does not match. */
int tl_store_blob_get(int dirfd, const char *hex, size_t max, tl_buf *out, tl_err *e);
/* Reads one file of the run's folder (record/effects.jsonl, record/recipe/x.lua) whole. */
int tl_store_read(int dirfd, const char *rel, size_t max, tl_buf *out, tl_err *e);

#endif
