#include "record.h"

#include <math.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/json.h"
#include "../prim/hash.h"
#include "../prim/store.h"

#define LINE_MAX_BYTES (64u << 20)
#define BLOB_MAX_BYTES (256u << 20)
static const int64_t SAFE = 9007199254740991; /* 2^53 - 1, RFC 8785 and I-JSON */

int tl_record_open(tl_record *r, int dirfd, bool more, tl_err *e)
{
  *r = (tl_record){.dirfd = dirfd, .fd = tl_store_record_open(dirfd, more, e)};
  return r->fd < 0 ? r->fd : TL_OK;
}

void tl_record_close(tl_record *r)
{
  tl_store_close(r->fd);
  r->fd = -1;
}

static int add_member(tl_buf *out, const char *key, const tl_val *v, tl_err *e)
{
  if (!v) return TL_OK;
  int rc = tl_buf_fmt(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
  return rc < 0 ? tl_fail(e, rc, "a line of the record is too long") : tl_json_write(out, v, e);
}

/* The members stand in the canonical order already, so no map has to be built of them. */
int tl_record_write(tl_record *r, const tl_line *line, bool durable, tl_err *e)
{
  const tl_val n = tl_int((int64_t)line->n), task = tl_int(line->task), at = tl_int(line->at);
  const tl_val took = tl_int(line->took), raise = tl_bool(true);
  tl_val op = line->op ? tl_str(line->op) : tl_nil();
  const struct {
    const char *key;
    const tl_val *v;
  } members[] = {
      {"args", line->args},
      {"at", line->op ? &at : NULL},
      {"error", line->error},
      {"n", &n},
      {"op", line->op ? &op : NULL},
      {"raise", line->raise ? &raise : NULL},
      {"result", line->result},
      {"task", line->op ? &task : NULL},
      {"took", line->took >= 0 ? &took : NULL},
  };
  tl_buf out = TL_BUF(LINE_MAX_BYTES);
  int rc = tl_buf_byte(&out, '{');
  for (size_t i = 0; i < sizeof members / sizeof *members && rc == TL_OK; i++)
    rc = add_member(&out, members[i].key, members[i].v, e);
  if (rc == TL_OK) rc = tl_buf_str(&out, "}\n");
  if (rc == TL_OK) rc = tl_store_append(r->fd, out.data, out.len, e);
  if (rc == TL_OK && durable) rc = tl_store_flush(r->fd, e);
  tl_buf_free(&out);
  tl_free(&op);
  return rc;
}

/* --- live → recorded ---------------------------------------------------------------------------- */

static void put_marked(tl_val *v, const char *mark, const char *text, int64_t size)
{
  tl_val map = tl_map();
  (void)tl_put(&map, mark, tl_str(text));
  if (size >= 0) (void)tl_put(&map, "size", tl_int(size));
  tl_free(v);
  *v = map;
}

static int form_string(tl_val *v, tl_blob_put *put, void *ud, tl_err *e)
{
  if (v->u.s.len <= TL_INLINE_MAX && tl_utf8_valid(v->u.s.data, v->u.s.len) == v->u.s.len)
    return TL_OK;
  char hex[65];
  int rc = tl_sha256(hex, v->u.s.data, v->u.s.len, e);
  if (rc == TL_OK && put) rc = put(ud, hex, v->u.s.data, v->u.s.len, e);
  if (rc == TL_OK) put_marked(v, "$blob", hex, (int64_t)v->u.s.len);
  return rc;
}

/* JSON has one kind of number: a float without fraction would come back as an integer, and -0, NaN
 * and the infinities not at all. */
static void form_number(tl_val *v)
{
  double d = v->u.num;
  char text[40];
  if (isnan(d)) (void)snprintf(text, sizeof text, "nan");
  else if (isinf(d) || d == floor(d)) (void)snprintf(text, sizeof text, "%.17g", d);
  else return;
  put_marked(v, "$num", text, -1);
}

static void escape_key(tl_pair *pair)
{
  if (pair->key_len == 0 || pair->key[0] != '$') return;
  char *key = tl_alloc(pair->key_len + 2);
  key[0] = '$';
  memcpy(key + 1, pair->key, pair->key_len + 1);
  free(pair->key);
  pair->key = key;
  pair->key_len++;
}

int tl_record_form(tl_val *v, tl_blob_put *put, void *ud, tl_err *e)
{
  char text[32];
  int rc = TL_OK;
  switch (v->type) {
  case TL_STR: return form_string(v, put, ud, e);
  case TL_NUM: form_number(v); return TL_OK;
  case TL_INT:
    if (v->u.i >= -SAFE && v->u.i <= SAFE) return TL_OK;
    (void)snprintf(text, sizeof text, "%" PRId64, v->u.i);
    put_marked(v, "$int", text, -1);
    return TL_OK;
  case TL_LIST:
    for (size_t i = 0; i < v->u.list.len && rc == TL_OK; i++)
      rc = tl_record_form(&v->u.list.items[i], put, ud, e);
    return rc;
  case TL_MAP:
    for (size_t i = 0; i < v->u.map.len && rc == TL_OK; i++) {
      escape_key(&v->u.map.pairs[i]);
      rc = tl_record_form(&v->u.map.pairs[i].val, put, ud, e);
    }
    return rc;
  case TL_SECRET: put_marked(v, "$secret", v->u.s.data, -1); return TL_OK;
  default: return TL_OK;
  }
}

int tl_record_digest(tl_val *v, tl_err *e)
{
  char hex[65];
  int rc = tl_sha256(hex, v->u.s.data, v->u.s.len, e);
  if (rc == TL_OK) put_marked(v, "$sha256", hex, (int64_t)v->u.s.len);
  return rc;
}

int tl_record_keep(void *ud, const char *hex, const void *data, size_t len, tl_err *e)
{
  tl_record *r = ud;
  return tl_store_blob_put(r->dirfd, hex, data, len, e);
}

/* --- recorded → live ---------------------------------------------------------------------------- */

static int restore_marked(tl_val *v, int dirfd, bool *was_marked, tl_err *e)
{
  const char *text;
  *was_marked = true;
  if ((text = tl_get_str(v, "$blob", NULL))) {
    tl_buf b;
    int rc = tl_store_blob_get(dirfd, text, BLOB_MAX_BYTES, &b, e);
    if (rc < 0) return rc;
    size_t len;
    char *data = tl_buf_take(&b, &len);
    tl_free(v);
    *v = tl_str_take(data, len);
  } else if ((text = tl_get_str(v, "$num", NULL))) {
    tl_val num = tl_num(strtod(text, NULL));
    tl_free(v);
    *v = num;
  } else if ((text = tl_get_str(v, "$int", NULL))) {
    tl_val num = tl_int(strtoll(text, NULL, 10));
    tl_free(v);
    *v = num;
  } else if ((text = tl_get_str(v, "$secret", NULL))) {
    tl_val secret = tl_secret(text);
    tl_free(v);
    *v = secret;
  } else {
    *was_marked = false;
  }
  return TL_OK;
}

int tl_record_restore(tl_val *v, int dirfd, tl_err *e)
{
  bool marked = false;
  int rc = TL_OK;
  if (v->type == TL_LIST)
    for (size_t i = 0; i < v->u.list.len && rc == TL_OK; i++)
      rc = tl_record_restore(&v->u.list.items[i], dirfd, e);
  if (v->type != TL_MAP) return rc;
  rc = restore_marked(v, dirfd, &marked, e);
  for (size_t i = 0; i < tl_len(v) && rc == TL_OK && !marked; i++) {
    tl_pair *pair = &v->u.map.pairs[i];
    if (pair->key_len > 1 && pair->key[0] == '$') {
      memmove(pair->key, pair->key + 1, pair->key_len);
      pair->key_len--;
    }
    rc = tl_record_restore(&pair->val, dirfd, e);
  }
  return rc;
}
