/* Where the values of secrets come from, in this order: the environment, secrets/.env.lab, and the
 * encrypted files that lab.json names (`secret_files`), which sops and age open. For people:
 * docs/reference/SOPS.md.
 *
 * Each place is read when it is first needed, and once. What was read is wiped at the end. */
#ifndef TL_PRIM_SOURCE_H
#define TL_PRIM_SOURCE_H

#include "../base/buf.h"
#include "../base/val.h"

typedef struct tl_sources tl_sources;

/* labfd: of the lab's folder, borrowed. files: list of paths in the lab, or NULL; copied. From here on
 * this process leaves no core and is nobody's to look into. */
tl_sources *tl_sources_open(int labfd, const tl_val *files);
void tl_sources_close(tl_sources *s);

/* The value of a secret, malloc'ed, to be ended by tl_wipe_text, and the name of its place, borrowed.
 * An environment variable is taken out of the environment. encrypted: look into the encrypted files
 * too, which starts a program for each.
 * TL_ENOT_FOUND: nowhere. TL_EREFUSED, TL_EINVALID: secrets/.env.lab is others' to read, or wrong; or
 * the value cannot be one. Errors of an encrypted file are told with *later set: the run can go on
 * without, and it is enough to tell of it when the secret is asked for. */
int tl_sources_find(tl_sources *s, const char *name, bool encrypted, char **value,
                    const char **where, bool *later, tl_err *e);

/* The programs that were started: list of {name, sha256, confined}. */
tl_val tl_sources_programs(const tl_sources *s);

/* --- private to core/prim -------------------------------------------------------------------------- */

/* Reads all of an opened file that nobody else may read. TL_EREFUSED: it is no plain file, is another's
 * (root's will do), or others may read or write it; says what to type. Closes fd, in any case. */
int tl_source_read_private(int fd, const char *shown, tl_val *text, tl_err *e);

/* source_sops.c: opens an encrypted file by its ending (.age: age; .yaml .yml .json .env: sops).
 * *map: NAME → value. *program: tl_proc_once's, TL_NIL when none was started. */
int tl_source_open_encrypted(const char *shown, const char *cipher, size_t len, tl_val *map,
                             tl_val *program, tl_err *e);

/* What opens encrypted files here, for `tlab doctor`: list of {name, path?, version?, error?}, and the
 * state of the age key: {path?, error?}. */
tl_val tl_source_tools(void);

#endif
