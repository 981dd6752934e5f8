/* JSON: strict in (RFC 8259, I-JSON), canonical out (RFC 8785). */
#ifndef TL_BASE_JSON_H
#define TL_BASE_JSON_H

#include "buf.h"
#include "val.h"

enum { TL_JSON_DEPTH = 200 };

/* Reads exactly one JSON text of `len` bytes. Refuses: anything RFC 8259 does not allow, a BOM,
 * invalid UTF-8, lone surrogates, duplicate keys, depth over TL_JSON_DEPTH, bytes behind the value.
 * Integers (no fraction, no exponent) that fit 64 bits become TL_INT; a larger one is TL_NUM only
 * if a double holds it exactly, otherwise an error; -0 is TL_NUM -0.0. 1e400 is an error.
 * Errors: TL_EPARSE with "line L column C: …". *out is TL_NIL then. */
int tl_json_read(tl_val *out, const char *text, size_t len, tl_err *e);

/* A member that is wanted of a map, or of the maps in a list; `below` says what of it (NULL: all). The
 * last of an array has no name. */
typedef struct tl_json_want {
  const char *name;
  const struct tl_json_want *below;
} tl_json_want;

/* As above, but of maps only the members that are wanted are kept. The others are held against the
 * grammar, which takes a fraction of the time, but not searched for keys that stand twice and numbers
 * that no double holds. */
int tl_json_read_some(tl_val *out, const char *text, size_t len, const tl_json_want *want,
                      tl_err *e);

/* Appends the canonical form. Errors: TL_EINVALID for NaN, infinities, whole numbers beyond
 * ±(2^53−1) ("use a string"; also for a TL_NUM below 1e21, since its digits would be read back as
 * another integer, or not at all), strings that are not UTF-8, duplicate keys; TL_ELIMIT for the buffer's maximum
 * or depth; the buffer then is as it was. TL_SECRET is written as {"$secret":"NAME"}. */
int tl_json_write(tl_buf *out, const tl_val *v, tl_err *e);

/* The same value, indented by two spaces, for people; keys in the canonical order, no line end
 * behind it. */
int tl_json_pretty(tl_buf *out, const tl_val *v, tl_err *e);

/* ECMAScript's Number::toString of a finite double; buf takes at least 32 bytes. Returns length. */
size_t tl_json_number(char *buf, double d);

/* The value of a number of RFC 8259's grammar; `whole`: it has neither fraction nor exponent. Returns
 * NULL, or why it has none (see tl_json_read). */
const char *tl_json_number_read(tl_val *out, const char *text, size_t len, bool whole);

/* Compares two keys as RFC 8785 section 3.2.3 orders them (UTF-16 code units). */
int tl_json_key_cmp(const char *a, size_t alen, const char *b, size_t blen);

/* Length of the longest valid UTF-8 prefix (Unicode 15 table 3-7: no surrogates, no overlongs). */
size_t tl_utf8_valid(const char *s, size_t len);

#endif
