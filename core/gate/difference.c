#include "difference.h"

#include <string.h>

#include "../base/json.h"

enum { BEFORE = 60, SHOWN = 240, POINTER_MAX = 4096 };

static void step(tl_buf *at, const char *key)
{
  (void)tl_buf_byte(at, '/');
  for (; *key; key++) { /* RFC 6901 section 3 */
    if (*key == '~') (void)tl_buf_str(at, "~0");
    else if (*key == '/') (void)tl_buf_str(at, "~1");
    else (void)tl_buf_byte(at, *key);
  }
}

static bool step_into_list(tl_buf *at, const tl_val **a, const tl_val **b)
{
  size_t i = 0, most = tl_len(*a) > tl_len(*b) ? tl_len(*a) : tl_len(*b);
  while (i < most && tl_at(*a, i) && tl_at(*b, i) && tl_equal(tl_at(*a, i), tl_at(*b, i))) i++;
  if (i == most) return false;
  (void)tl_buf_fmt(at, "/%zu", i);
  *a = tl_at(*a, i);
  *b = tl_at(*b, i);
  return true;
}

/* The first key, in the order of `from`, whose value in `other` is another one or missing. */
static const char *other_key(const tl_val *from, const tl_val *other)
{
  for (size_t i = 0; i < from->u.map.len; i++) {
    const tl_val *v = tl_get(other, from->u.map.pairs[i].key);
    if (!v || !tl_equal(v, &from->u.map.pairs[i].val)) return from->u.map.pairs[i].key;
  }
  return NULL;
}

static bool step_into_map(tl_buf *at, const tl_val **a, const tl_val **b)
{
  const char *key = other_key(*a, *b);
  if (!key) key = other_key(*b, *a);
  if (!key) return false;
  step(at, key);
  *a = tl_get(*a, key);
  *b = tl_get(*b, key);
  return true;
}

static void add_json(tl_buf *out, const tl_val *v)
{
  size_t before = out->len;
  if (!v) (void)tl_buf_str(out, "nothing");
  else if (tl_json_write(out, v, NULL) < 0 && out->len == before)
    (void)tl_buf_fmt(out, "%zu bytes that are not UTF-8", tl_len(v));
}

/* The text from a little before `same` on, cut at whole characters. */
static tl_val excerpt(const tl_buf *text, size_t same)
{
  size_t from = same > BEFORE ? same - BEFORE : 0;
  while (from > 0 && ((unsigned char)text->data[from] & 0xc0) == 0x80) from--;
  size_t len = text->len - from < SHOWN ? text->len - from : SHOWN;
  len = tl_utf8_valid(text->data + from, len);
  tl_buf b = TL_BUF(4 * SHOWN);
  (void)tl_buf_fmt(&b, "%s%.*s%s", from ? "…" : "", (int)len, text->data + from,
                   from + len < text->len ? "…" : "");
  size_t size;
  char *data = tl_buf_take(&b, &size);
  return tl_str_take(data, size);
}

tl_val tl_difference(const char *recorded_op, const tl_val *recorded, const char *asked_op,
                     const tl_val *asked)
{
  tl_buf at = TL_BUF(POINTER_MAX), left = TL_BUF(SIZE_MAX / 2), right = TL_BUF(SIZE_MAX / 2);
  bool same_op = recorded_op && strcmp(recorded_op, asked_op) == 0, deeper = same_op;
  while (deeper && recorded && asked && recorded->type == asked->type)
    deeper = recorded->type == TL_LIST  ? step_into_list(&at, &recorded, &asked)
             : recorded->type == TL_MAP ? step_into_map(&at, &recorded, &asked)
                                        : false;
  if (!same_op) {
    (void)tl_buf_fmt(&left, "%s ", recorded_op ? recorded_op : "");
    (void)tl_buf_fmt(&right, "%s ", asked_op);
  }
  add_json(&left, recorded_op ? recorded : NULL);
  add_json(&right, asked);
  size_t same = 0;
  while (same < left.len && same < right.len && left.data[same] == right.data[same]) same++;
  tl_val map = tl_map();
  (void)tl_put(&map, "at", tl_str(at.data ? at.data : ""));
  (void)tl_put(&map, "recorded", excerpt(&left, same));
  (void)tl_put(&map, "asked", excerpt(&right, same));
  tl_buf_free(&at);
  tl_buf_free(&left);
  tl_buf_free(&right);
  return map;
}
