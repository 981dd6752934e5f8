#include "wire.h"

#include <string.h>

#include "json.h"

/* --- out ------------------------------------------------------------------------------------ */

typedef struct writer {
  tl_buf *out;
  size_t values;
  unsigned depth;
} writer;

static int put_u32(tl_buf *out, size_t n)
{
  unsigned char b[4] = {(unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16),
                        (unsigned char)(n >> 24)};

  return n > TL_FRAME_MAX ? TL_ELIMIT : tl_buf_add(out, b, sizeof b);
}

static int put_u64(tl_buf *out, uint64_t n)
{
  int rc = TL_OK;

  for (int i = 0; rc == TL_OK && i < 8; i++)
    rc = tl_buf_byte(out, (char)(unsigned char)(n >> (8 * i)));
  return rc;
}

static int put_bytes(tl_buf *out, const char *data, size_t len)
{
  int rc = put_u32(out, len);
  return rc == TL_OK ? tl_buf_add(out, data, len) : rc;
}

static int put_value(writer *w, const tl_val *v);

static int put_items(writer *w, const tl_val *v)
{
  size_t len = tl_len(v);
  int rc;

  if (w->depth == TL_JSON_DEPTH) return TL_ELIMIT;
  w->depth++;
  rc = put_u32(w->out, len);
  for (size_t i = 0; rc == TL_OK && i < len; i++) {
    if (v->type == TL_MAP) rc = put_bytes(w->out, v->u.map.pairs[i].key, v->u.map.pairs[i].key_len);
    if (rc == TL_OK)
      rc = put_value(w, v->type == TL_MAP ? &v->u.map.pairs[i].val : &v->u.list.items[i]);
  }
  w->depth--;
  return rc;
}

static int put_value(writer *w, const tl_val *v)
{
  uint64_t bits;
  int rc = tl_buf_byte(w->out, (char)v->type);

  if (rc < 0 || ++w->values > TL_FRAME_VALUES) return TL_ELIMIT;
  switch (v->type) {
  case TL_NIL: return TL_OK;
  case TL_BOOL: return tl_buf_byte(w->out, v->u.b);
  case TL_INT: return put_u64(w->out, (uint64_t)v->u.i);
  case TL_NUM: memcpy(&bits, &v->u.num, sizeof bits); return put_u64(w->out, bits);
  case TL_STR:
  case TL_SECRET: return put_bytes(w->out, v->u.s.data, v->u.s.len);
  case TL_LIST:
  case TL_MAP: return put_items(w, v);
  }
  TL_BUG("a value without a type");
}

int tl_wire_put(tl_buf *out, const tl_val *v, tl_err *e)
{
  writer w = {.out = out};
  size_t before = out->len, len;
  int rc = put_u32(out, 0);

  if (rc == TL_OK) rc = put_value(&w, v);
  len = out->len - before - 4;
  if (rc == TL_OK && len <= TL_FRAME_MAX) {
    for (size_t i = 0; i < 4; i++) out->data[before + i] = (char)(unsigned char)(len >> (8 * i));
    return TL_OK;
  }
  if (out->data) {
    out->len = before;
    out->data[before] = '\0';
  }
  return tl_fail(e, TL_ELIMIT,
                 "the value is too large or too deep to be passed on "
                 "(%u MiB, %u values, %d levels at most)",
                 TL_FRAME_MAX >> 20, TL_FRAME_VALUES, TL_JSON_DEPTH);
}

/* --- in ------------------------------------------------------------------------------------- */

typedef struct reader {
  const unsigned char *p, *end;
  size_t values;
  unsigned depth;
  tl_err *e;
} reader;

static size_t left(const reader *r)
{
  return (size_t)(r->end - r->p);
}

static int fail_frame(const reader *r, const char *what)
{
  return tl_fail(r->e, TL_EPARSE, "the frame is damaged: %s", what);
}

static uint64_t little_endian(const unsigned char *p, unsigned bytes)
{
  uint64_t n = 0;

  for (unsigned i = 0; i < bytes; i++) n |= (uint64_t)p[i] << (8 * i);
  return n;
}

static int get_int(reader *r, unsigned bytes, uint64_t *out)
{
  *out = 0;
  if (left(r) < bytes) return fail_frame(r, "it ends within a value");
  *out = little_endian(r->p, bytes);
  r->p += bytes;
  return TL_OK;
}

/* A length that is followed by that many bytes; *data is borrowed from the frame. */
static int get_bytes(reader *r, const char **data, size_t *len)
{
  uint64_t n;
  int rc = get_int(r, 4, &n);

  if (rc < 0) return rc;
  if (n > left(r)) return fail_frame(r, "a length points behind its end");
  *data = (const char *)r->p;
  *len = (size_t)n;
  r->p += n;
  return TL_OK;
}

static int get_value(reader *r, tl_val *v);

/* Memory grows with the items that are really there, whatever the count says. */
static int get_items(reader *r, tl_val *v)
{
  size_t least = v->type == TL_MAP ? 5 : 1, key_len = 0;
  const char *key = NULL;
  uint64_t n;
  int rc = get_int(r, 4, &n);

  if (rc == TL_OK && n > left(r) / least) rc = fail_frame(r, "a count is larger than it");
  if (rc == TL_OK && r->depth == TL_JSON_DEPTH)
    rc = tl_fail(r->e, TL_ELIMIT, "the frame has more than %d levels", TL_JSON_DEPTH);
  r->depth++;
  for (; rc == TL_OK && n > 0; n--) {
    tl_val item;
    if (v->type == TL_MAP) rc = get_bytes(r, &key, &key_len);
    if (rc == TL_OK) rc = get_value(r, &item);
    if (rc == TL_OK) (void)(v->type == TL_MAP ? tl_putn(v, key, key_len, item) : tl_push(v, item));
  }
  r->depth--;
  if (rc == TL_OK && v->type == TL_MAP && tl_dup_key(v) < tl_len(v))
    rc = fail_frame(r, "a map has the same key twice");
  return rc;
}

static int get_scalar(reader *r, tl_type type, tl_val *v)
{
  const char *data;
  uint64_t n = 0;
  size_t len;
  int rc = TL_OK;

  switch (type) {
  case TL_BOOL:
    rc = get_int(r, 1, &n);
    if (rc == TL_OK && n > 1) rc = fail_frame(r, "a truth value is neither 0 nor 1");
    *v = tl_bool(n == 1);
    break;
  case TL_INT:
    rc = get_int(r, 8, &n);
    *v = tl_int((int64_t)n);
    break;
  case TL_NUM:
    rc = get_int(r, 8, &n);
    *v = tl_num(0);
    memcpy(&v->u.num, &n, sizeof n);
    break;
  case TL_STR:
  case TL_SECRET:
    rc = get_bytes(r, &data, &len);
    if (rc == TL_OK) {
      *v = tl_strn(data, len);
      v->type = type;
    }
    break;
  default: break;
  }
  return rc;
}

/* On failure *v is TL_NIL. */
static int get_value(reader *r, tl_val *v)
{
  uint64_t tag;
  int rc = get_int(r, 1, &tag);

  *v = tl_nil();
  if (rc < 0) return rc;
  if (tag > TL_SECRET) return fail_frame(r, "it has a value of an unknown type");
  if (++r->values > TL_FRAME_VALUES)
    return tl_fail(r->e, TL_ELIMIT, "the frame has more than %u values", TL_FRAME_VALUES);
  if (tag == TL_LIST || tag == TL_MAP) {
    *v = tag == TL_LIST ? tl_list() : tl_map();
    rc = get_items(r, v);
  } else {
    rc = get_scalar(r, (tl_type)tag, v);
  }
  if (rc < 0) tl_free(v);
  return rc;
}

int64_t tl_wire_get(tl_val *v, const char *data, size_t len, tl_err *e)
{
  reader r = {.p = (const unsigned char *)data, .e = e};
  size_t frame;
  int rc;

  *v = tl_nil();
  if (len < 4) return 0;
  frame = (size_t)little_endian(r.p, 4);
  if (frame > TL_FRAME_MAX)
    return tl_fail(e, TL_ELIMIT, "a frame of %zu bytes; %u are the most", frame, TL_FRAME_MAX);
  if (len - 4 < frame) return 0;
  r.p += 4;
  r.end = r.p + frame;
  rc = get_value(&r, v);
  if (rc == TL_OK && r.p < r.end) rc = fail_frame(&r, "bytes are left behind its value");
  if (rc < 0) {
    tl_free(v);
    return rc;
  }
  return (int64_t)(4 + frame);
}
