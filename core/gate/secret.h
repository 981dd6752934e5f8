/* Secrets: values that the gate puts in at the last moment and takes out of everything else. */
#ifndef TL_GATE_SECRET_H
#define TL_GATE_SECRET_H

#include "../base/buf.h"
#include "../base/val.h"

typedef struct tl_secret_entry tl_secret_entry;

typedef struct tl_secrets {
  tl_secret_entry *entries;
  size_t len;
  tl_val programs; /* that opened encrypted files */
} tl_secrets;

/* Loads the secrets that lab.json binds: `bound` is {NAME: {hosts: ["host:port", …]}}. `how` is
 * {files, wanted}, both lists that may be left out: the encrypted files, and the names for which they are
 * opened. Values come from where core/prim/source.h says; a name without a value is kept and fails on use.
 * TL_EINVALID for a value shorter than 8 bytes (it could not be scrubbed from text safely); and as
 * tl_sources_find has it. */
int tl_secrets_load(tl_secrets *s, const tl_val *bound, const tl_val *how, int lab_fd, tl_err *e);
/* For the manifest: {from = {NAME: place}, programs? = {name, sha256, confined}[]}; TL_NIL where no
 * secret has a value. */
tl_val tl_secrets_told(const tl_secrets *s);
void tl_secrets_free(tl_secrets *s); /* wipes */

/* The value for a destination, borrowed. TL_ENOT_PERMITTED when the name is not bound to host:port
 * or would travel without TLS to another machine; TL_ENOT_FOUND without a value. */
int tl_secret_value(const tl_secrets *s, const char *name, const char *scheme, const char *host,
                    int port, const char **value, tl_err *e);
bool tl_secret_bound(const tl_secrets *s, const char *name);

/* Replaces every known value, as it is or base64-, URL-, JSON- or hex-encoded, by <secret:NAME>, in
 * all strings and keys of *v, in a message, or in a buffer. */
void tl_secrets_scrub(const tl_secrets *s, tl_val *v);
void tl_secrets_scrub_err(const tl_secrets *s, tl_err *e);
void tl_secrets_scrub_buf(const tl_secrets *s, tl_buf *b);
/* Bytes at the end of b that could be the beginning of a secret that goes on in the next piece. */
size_t tl_secrets_partial(const tl_secrets *s, const tl_buf *b);

#endif
