/* tl_val: the plain values that cross every border of tlab (Lua, the worker's socket, JSON, C).
 *
 * A value owns what it holds. Maps keep the order of insertion; the canonical writer sorts.
 * TL_NIL inside a list or map is JSON's null. TL_STR holds any bytes; only JSON output asks for
 * UTF-8. TL_SECRET holds the *name* of a secret, never its value. */
#ifndef TL_BASE_VAL_H
#define TL_BASE_VAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

typedef enum { TL_NIL, TL_BOOL, TL_INT, TL_NUM, TL_STR, TL_LIST, TL_MAP, TL_SECRET } tl_type;

typedef struct tl_val tl_val;
typedef struct tl_pair tl_pair;

struct tl_val {
  tl_type type;
  union {
    bool b;
    int64_t i;
    double num;
    struct {
      char *data;
      size_t len;
    } s; /* STR, SECRET; NUL-terminated */
    struct {
      tl_val *items;
      size_t len, cap;
    } list;
    struct {
      tl_pair *pairs;
      size_t len, cap;
    } map;
  } u;
};

struct tl_pair {
  char *key; /* NUL-terminated; may hold NULs within key_len */
  size_t key_len;
  tl_val val;
};

/* Makers. The result is owned by the caller until it is put into a list or map. */
tl_val tl_nil(void);
tl_val tl_bool(bool b);
tl_val tl_int(int64_t i);
tl_val tl_num(double d);
tl_val tl_str(const char *s);                 /* copies */
tl_val tl_strn(const void *data, size_t len); /* copies */
tl_val tl_str_take(char *data, size_t len);   /* takes data (malloc'ed, NUL behind it) */
tl_val tl_secret(const char *name);
tl_val tl_list(void);
tl_val tl_map(void);

void tl_free(tl_val *v); /* frees what it holds and makes it TL_NIL; accepts TL_NIL */
/* As tl_free, for what holds a secret: its bytes are overwritten first. */
void tl_wipe(tl_val *v);
void tl_wipe_text(char *text, size_t len); /* the same for malloc'ed bytes; accepts NULL */
tl_val tl_copy(const tl_val *v);
bool tl_equal(const tl_val *a,
              const tl_val *b); /* maps compare without order; 1 and 1.0 differ not */

/* Takes ownership of v; returns the place where it now lies (valid until the next change). */
tl_val *tl_push(tl_val *list, tl_val v);
tl_val *tl_put(tl_val *map, const char *key, tl_val v); /* replaces a value of the same key */
tl_val *tl_putn(tl_val *map, const char *key, size_t key_len, tl_val v); /* appends, no look-up */
tl_val *tl_put_take(tl_val *map, char *key, size_t key_len, tl_val v); /* as putn; takes key, too */

/* Look-ups: borrowed, NULL when it is absent or v is not a map / list. */
const tl_val *tl_get(const tl_val *map, const char *key);
tl_val *tl_get_mut(tl_val *map, const char *key);
const tl_val *tl_at(const tl_val *list, size_t i);
/* Index of the first pair whose key came before in the same map; the number of pairs when there is
 * none. For maps from outside; n log n. */
size_t tl_dup_key(const tl_val *map);
size_t tl_len(const tl_val *v); /* items of a list, pairs of a map, bytes of a string, else 0 */

/* Typed look-ups with a default for "absent or of another type". Strings are borrowed. */
const char *tl_get_str(const tl_val *map, const char *key, const char *dflt);
int64_t tl_get_int(const tl_val *map, const char *key, int64_t dflt);
double tl_get_num(const tl_val *map, const char *key, double dflt);
bool tl_get_bool(const tl_val *map, const char *key, bool dflt);

const char *
tl_type_name(tl_type t); /* "nil" "bool" "int" "number" "string" "list" "map" "secret" */

#endif
