#include "val.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

tl_val tl_nil(void)
{
  return (tl_val){.type = TL_NIL};
}

tl_val tl_bool(bool b)
{
  return (tl_val){.type = TL_BOOL, .u.b = b};
}

tl_val tl_int(int64_t i)
{
  return (tl_val){.type = TL_INT, .u.i = i};
}

tl_val tl_num(double d)
{
  return (tl_val){.type = TL_NUM, .u.num = d};
}

tl_val tl_str(const char *s)
{
  return tl_strn(s, strlen(s));
}

tl_val tl_strn(const void *data, size_t len)
{
  return tl_str_take(tl_memdup0(data, len), len);
}

tl_val tl_str_take(char *data, size_t len)
{
  return (tl_val){.type = TL_STR, .u.s = {data, len}};
}

tl_val tl_secret(const char *name)
{
  tl_val v = tl_str(name);
  v.type = TL_SECRET;
  return v;
}

tl_val tl_list(void)
{
  return (tl_val){.type = TL_LIST, .u.list = {NULL, 0, 0}};
}

tl_val tl_map(void)
{
  return (tl_val){.type = TL_MAP, .u.map = {NULL, 0, 0}};
}

void tl_free(tl_val *v)
{
  switch (v->type) {
  case TL_STR:
  case TL_SECRET: free(v->u.s.data); break;
  case TL_LIST:
    for (size_t i = 0; i < v->u.list.len; i++) tl_free(&v->u.list.items[i]);
    free(v->u.list.items);
    break;
  case TL_MAP:
    for (size_t i = 0; i < v->u.map.len; i++) {
      free(v->u.map.pairs[i].key);
      tl_free(&v->u.map.pairs[i].val);
    }
    free(v->u.map.pairs);
    break;
  case TL_NIL:
  case TL_BOOL:
  case TL_INT:
  case TL_NUM: break;
  }
  *v = tl_nil();
}

void tl_wipe_text(char *text, size_t len)
{
  if (!text) return;
  explicit_bzero(text, len);
  free(text);
}

static void overwrite(tl_val *v)
{
  if (v->type == TL_STR) explicit_bzero(v->u.s.data, v->u.s.len);
  for (size_t i = 0; v->type == TL_LIST && i < v->u.list.len; i++) overwrite(&v->u.list.items[i]);
  for (size_t i = 0; v->type == TL_MAP && i < v->u.map.len; i++) overwrite(&v->u.map.pairs[i].val);
}

void tl_wipe(tl_val *v)
{
  overwrite(v);
  tl_free(v);
}

tl_val tl_copy(const tl_val *v)
{
  tl_val copy = *v;

  switch (v->type) {
  case TL_STR:
  case TL_SECRET: copy.u.s.data = tl_memdup0(v->u.s.data, v->u.s.len); break;
  case TL_LIST:
    copy = tl_list();
    for (size_t i = 0; i < v->u.list.len; i++) tl_push(&copy, tl_copy(&v->u.list.items[i]));
    break;
  case TL_MAP:
    copy = tl_map();
    for (size_t i = 0; i < v->u.map.len; i++) {
      const tl_pair *p = &v->u.map.pairs[i];
      tl_putn(&copy, p->key, p->key_len, tl_copy(&p->val));
    }
    break;
  case TL_NIL:
  case TL_BOOL:
  case TL_INT:
  case TL_NUM: break;
  }
  return copy;
}

static int cmp_bytes(const char *a, size_t alen, const char *b, size_t blen)
{
  int order = memcmp(a, b, alen < blen ? alen : blen);
  return order ? order : (alen > blen) - (alen < blen);
}

static int cmp_keys(const tl_pair *x, const tl_pair *y)
{
  return cmp_bytes(x->key, x->key_len, y->key, y->key_len);
}

/* For qsort: by the bytes of the keys, equal ones in the order in which they lie in the map. */
static int cmp_pairs(const void *a, const void *b)
{
  const tl_pair *x = *(const tl_pair *const *)a, *y = *(const tl_pair *const *)b;
  int order = cmp_keys(x, y);
  return order ? order : (x > y) - (x < y);
}

/* The pairs in the order of cmp_pairs; the caller frees the array. */
static const tl_pair **sorted_pairs(const tl_val *map)
{
  const tl_pair **sorted = tl_alloc(map->u.map.len * sizeof *sorted);

  for (size_t i = 0; i < map->u.map.len; i++) sorted[i] = &map->u.map.pairs[i];
  qsort(sorted, map->u.map.len, sizeof *sorted, cmp_pairs);
  return sorted;
}

static bool equal_maps(const tl_val *a, const tl_val *b)
{
  const tl_pair **x, **y;
  bool same = a->u.map.len == b->u.map.len;

  if (!same || a->u.map.len == 0) return same;
  x = sorted_pairs(a);
  y = sorted_pairs(b);
  for (size_t i = 0; same && i < a->u.map.len; i++)
    same = cmp_keys(x[i], y[i]) == 0 && tl_equal(&x[i]->val, &y[i]->val);
  free(x);
  free(y);
  return same;
}

/* Each key greater than the one before: what was written canonically, and the cheap case. */
static bool in_order(const tl_val *map)
{
  for (size_t i = 1; i < map->u.map.len; i++)
    if (cmp_keys(&map->u.map.pairs[i - 1], &map->u.map.pairs[i]) >= 0) return false;
  return true;
}

size_t tl_dup_key(const tl_val *map)
{
  const tl_pair **sorted;
  size_t first = map->u.map.len;

  if (in_order(map)) return first;
  sorted = sorted_pairs(map);
  for (size_t i = 1; i < map->u.map.len; i++) {
    size_t at = (size_t)(sorted[i] - map->u.map.pairs);
    if (at < first && cmp_keys(sorted[i - 1], sorted[i]) == 0) first = at;
  }
  free(sorted);
  return first;
}

static bool equal_lists(const tl_val *a, const tl_val *b)
{
  if (a->u.list.len != b->u.list.len) return false;
  for (size_t i = 0; i < a->u.list.len; i++)
    if (!tl_equal(&a->u.list.items[i], &b->u.list.items[i])) return false;
  return true;
}

/* Exact: an integer that a double cannot hold equals no double. */
static bool equal_int_num(int64_t i, double d)
{
  return d >= -0x1p63 && d < 0x1p63 && (int64_t)d == i && (double)(int64_t)d == d;
}

bool tl_equal(const tl_val *a, const tl_val *b)
{
  if (a->type == TL_INT && b->type == TL_NUM) return equal_int_num(a->u.i, b->u.num);
  if (a->type == TL_NUM && b->type == TL_INT) return equal_int_num(b->u.i, a->u.num);
  if (a->type != b->type) return false;
  switch (a->type) {
  case TL_NIL: return true;
  case TL_BOOL: return a->u.b == b->u.b;
  case TL_INT: return a->u.i == b->u.i;
  case TL_NUM: return a->u.num == b->u.num;
  case TL_STR:
  case TL_SECRET: return cmp_bytes(a->u.s.data, a->u.s.len, b->u.s.data, b->u.s.len) == 0;
  case TL_LIST: return equal_lists(a, b);
  case TL_MAP: return equal_maps(a, b);
  }
  TL_BUG("a value without a type");
}

static size_t grown(size_t cap)
{
  return cap ? cap * 2 : 4;
}

tl_val *tl_push(tl_val *list, tl_val v)
{
  if (list->type != TL_LIST) TL_BUG("tl_push on what is not a list");
  if (list->u.list.len == list->u.list.cap) {
    list->u.list.cap = grown(list->u.list.cap);
    list->u.list.items = tl_realloc(list->u.list.items, list->u.list.cap * sizeof v);
  }
  list->u.list.items[list->u.list.len] = v;
  return &list->u.list.items[list->u.list.len++];
}

tl_val *tl_put(tl_val *map, const char *key, tl_val v)
{
  tl_val *old = tl_get_mut(map, key);

  if (!old) return tl_putn(map, key, strlen(key), v);
  tl_free(old);
  *old = v;
  return old;
}

tl_val *tl_putn(tl_val *map, const char *key, size_t key_len, tl_val v)
{
  return tl_put_take(map, tl_memdup0(key, key_len), key_len, v);
}

tl_val *tl_put_take(tl_val *map, char *key, size_t key_len, tl_val v)
{
  tl_pair *pair;

  if (map->type != TL_MAP) TL_BUG("tl_put on what is not a map");
  if (map->u.map.len == map->u.map.cap) {
    map->u.map.cap = grown(map->u.map.cap);
    map->u.map.pairs = tl_realloc(map->u.map.pairs, map->u.map.cap * sizeof *pair);
  }
  pair = &map->u.map.pairs[map->u.map.len++];
  pair->key = key;
  pair->key_len = key_len;
  pair->val = v;
  return &pair->val;
}

static tl_val *find(const tl_val *map, const char *key)
{
  size_t key_len = strlen(key);

  if (!map || map->type != TL_MAP) return NULL;
  for (size_t i = 0; i < map->u.map.len; i++) {
    tl_pair *p = &map->u.map.pairs[i];
    if (p->key_len == key_len && memcmp(p->key, key, key_len) == 0) return &p->val;
  }
  return NULL;
}

const tl_val *tl_get(const tl_val *map, const char *key)
{
  return find(map, key);
}

tl_val *tl_get_mut(tl_val *map, const char *key)
{
  return find(map, key);
}

const tl_val *tl_at(const tl_val *list, size_t i)
{
  if (!list || list->type != TL_LIST || i >= list->u.list.len) return NULL;
  return &list->u.list.items[i];
}

size_t tl_len(const tl_val *v)
{
  if (!v) return 0;
  switch (v->type) {
  case TL_STR:
  case TL_SECRET: return v->u.s.len;
  case TL_LIST: return v->u.list.len;
  case TL_MAP: return v->u.map.len;
  default: return 0;
  }
}

const char *tl_get_str(const tl_val *map, const char *key, const char *dflt)
{
  const tl_val *v = tl_get(map, key);
  return v && v->type == TL_STR ? v->u.s.data : dflt;
}

int64_t tl_get_int(const tl_val *map, const char *key, int64_t dflt)
{
  const tl_val *v = tl_get(map, key);

  if (v && v->type == TL_INT) return v->u.i;
  if (v && v->type == TL_NUM && v->u.num >= -0x1p63 && v->u.num < 0x1p63 &&
      (double)(int64_t)v->u.num == v->u.num)
    return (int64_t)v->u.num;
  return dflt;
}

double tl_get_num(const tl_val *map, const char *key, double dflt)
{
  const tl_val *v = tl_get(map, key);

  if (v && v->type == TL_NUM) return v->u.num;
  return v && v->type == TL_INT ? (double)v->u.i : dflt;
}

bool tl_get_bool(const tl_val *map, const char *key, bool dflt)
{
  const tl_val *v = tl_get(map, key);
  return v && v->type == TL_BOOL ? v->u.b : dflt;
}

const char *tl_type_name(tl_type t)
{
  static const char *const names[] = {"nil",    "bool", "int", "number",
                                      "string", "list", "map", "secret"};
  return (unsigned)t < sizeof names / sizeof *names ? names[t] : "unknown";
}
