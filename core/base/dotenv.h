/* NAME=value lines, as secrets/.env.lab has them: strict, since a secret that is read otherwise than
 * it was meant fails far away, at somebody else's server. For people: docs/reference/SOPS.md. */
#ifndef TL_BASE_DOTENV_H
#define TL_BASE_DOTENV_H

#include "val.h"

/* Puts each NAME into *map, which is made, as a string; to be ended by tl_wipe. A value is
 *   NAME=bare       without blanks, quotes and backslashes; a # behind a blank begins a comment
 *   NAME='literal'  to the next quote
 *   NAME="text"     with \" and \\ only; nothing is put in for $
 *   NAME=           no value: the name is left out
 * `export` before it, empty lines, # lines, CR LF and a BOM at the beginning are taken.
 * TL_EINVALID: "<shown>:LINE: …" for all else: a name that stands twice, control characters, what is
 * not UTF-8. Never a part of a value, nor of a line that is not understood. *map is TL_NIL then. */
int tl_dotenv_read(const char *text, size_t len, const char *shown, tl_val *map, tl_err *e);

/* Why a text cannot be a secret, or NULL: "has a control character", "is not UTF-8". */
const char *tl_dotenv_fault(const char *value, size_t len);

#endif
