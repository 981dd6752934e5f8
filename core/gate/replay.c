#include "replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/json.h"
#include "../prim/store.h"
#include "record.h"

#define RECORD_MAX_BYTES (1u << 30)
enum { SHOWN_MAX = 300, GAP_MAX = 100000 };

static int bad_line(size_t line, const char *why, tl_err *e)
{
  return tl_fail(e, TL_EDIFFERS, "record/effects.jsonl:%zu: %s", line, why);
}

/* Moves one member out of a map. */
static tl_val move_out(tl_val *map, const char *key)
{
  tl_val *v = tl_get_mut(map, key), out = tl_nil();
  if (v) {
    out = *v;
    *v = tl_nil();
  }
  return out;
}

/* Makes room for effects 1…n. Lines stand in the order of answers, so numbers come mixed; an effect
 * that a crash left unanswered may have no line at all. */
static int make_room(tl_replay *r, uint64_t n, size_t line, tl_err *e)
{
  if (n > line + GAP_MAX) return bad_line(line, "an effect's number is far too high", e);
  if (n <= r->len) return TL_OK;
  if (n > r->cap) {
    r->cap = n < r->cap * 2 ? r->cap * 2 : n + 16;
    r->effects = tl_realloc(r->effects, r->cap * sizeof *r->effects);
    r->order = tl_realloc(r->order, r->cap * sizeof *r->order);
  }
  memset(r->effects + r->len, 0, (n - r->len) * sizeof *r->effects);
  r->len = n;
  return TL_OK;
}

static int take_asked(tl_replay *r, tl_val *map, uint64_t n, size_t line, tl_err *e)
{
  const char *op = tl_get_str(map, "op", NULL);
  const tl_val *args = tl_get(map, "args");
  if (!op || !args || args->type != TL_LIST) return bad_line(line, "not an effect", e);
  int rc = make_room(r, n, line, e);
  if (rc < 0) return rc;
  tl_old *old = &r->effects[n - 1];
  if (old->op) return bad_line(line, "an effect with this number has been there already", e);
  old->op = tl_strdup(op);
  old->args = move_out(map, "args");
  return TL_OK;
}

static int take_line(tl_replay *r, tl_val *map, size_t line, tl_err *e)
{
  int64_t n = tl_get_int(map, "n", 0);
  if (n < 1) return bad_line(line, "no number", e);
  if (tl_get(map, "op")) {
    int rc = take_asked(r, map, (uint64_t)n, line, e);
    if (rc < 0) return rc;
  }
  bool ok = tl_get(map, "result") != NULL, failed = tl_get(map, "error") != NULL;
  if (!ok && !failed) return TL_OK;
  if ((uint64_t)n > r->len || !r->effects[n - 1].op || r->effects[n - 1].answered)
    return bad_line(line, "answers what was not asked", e);
  tl_old *old = &r->effects[n - 1];
  old->answer = move_out(map, ok ? "result" : "error");
  old->answered = true;
  old->failed = failed;
  old->raise = tl_get_bool(map, "raise", false);
  r->order[r->norder++] = (uint64_t)n;
  return TL_OK;
}

static int take_text(tl_replay *r, const tl_buf *text, tl_err *e)
{
  const char *s = text->data, *end = s + text->len;
  for (size_t line = 1; s < end; line++) {
    const char *nl = memchr(s, '\n', (size_t)(end - s));
    if (!nl) break; /* a line that a crash cut short was never answered to anybody */
    tl_val map;
    tl_err why;
    if (tl_json_read(&map, s, (size_t)(nl - s), &why) < 0) return bad_line(line, why.msg, e);
    int rc = take_line(r, &map, line, e);
    tl_free(&map);
    if (rc < 0) return rc;
    s = nl + 1;
  }
  return TL_OK;
}

int tl_replay_open(tl_replay *r, const char *dir, tl_err *e)
{
  *r = (tl_replay){.dirfd = tl_store_folder(dir, e)};
  if (r->dirfd < 0) return r->dirfd;
  tl_buf text;
  int rc = tl_store_read(r->dirfd, "record/effects.jsonl", RECORD_MAX_BYTES, &text, e);
  if (rc < 0) return rc;
  rc = text.len ? take_text(r, &text, e) : TL_OK;
  tl_buf_free(&text);
  return rc;
}

void tl_replay_close(tl_replay *r)
{
  for (size_t i = 0; i < r->len; i++) {
    free(r->effects[i].op);
    tl_free(&r->effects[i].args);
    tl_free(&r->effects[i].answer);
  }
  free(r->effects);
  free(r->order);
  tl_store_close(r->dirfd);
  *r = (tl_replay){.dirfd = -1};
}

static void show(tl_buf *b, const char *op, const tl_val *args)
{
  tl_buf json = TL_BUF(64u << 20);
  (void)tl_json_write(&json, args, NULL);
  size_t len = json.len < SHOWN_MAX ? json.len : SHOWN_MAX;
  len = tl_utf8_valid(json.data ? json.data : "", len);
  (void)tl_buf_fmt(b, "%s %.*s%s", op, (int)len, json.data ? json.data : "", len < json.len ? "…" : "");
  tl_buf_free(&json);
}

int tl_replay_same(const tl_replay *r, uint64_t n, const char *op, const tl_val *args, tl_err *e)
{
  const tl_old *old = n <= r->len ? &r->effects[n - 1] : NULL;
  if (old && !old->op) return TL_OK; /* asked when the run was stopped: it never had an answer */
  if (old && strcmp(old->op, op) == 0 && tl_equal(&old->args, args)) return TL_OK;
  tl_buf b = TL_BUF(8192);
  (void)tl_buf_fmt(&b, "effect %" PRIu64 " differs: recorded ", n);
  if (old) show(&b, old->op, &old->args);
  else (void)tl_buf_str(&b, "nothing");
  (void)tl_buf_str(&b, ", asked now ");
  show(&b, op, args);
  int rc = tl_fail(e, TL_EDIFFERS, "%s", b.data);
  tl_buf_free(&b);
  return rc;
}

uint64_t tl_replay_due(const tl_replay *r)
{
  return r->next < r->norder ? r->order[r->next] : 0;
}

uint64_t tl_replay_open_effect(const tl_replay *r)
{
  for (size_t i = 0; i < r->len; i++)
    if (r->effects[i].op && !r->effects[i].answered) return i + 1;
  return 0;
}

int tl_replay_answer(const tl_replay *r, uint64_t n, tl_val *out, tl_err *e)
{
  *out = tl_copy(&r->effects[n - 1].answer);
  int rc = tl_record_restore(out, r->dirfd, e);
  if (rc < 0) tl_free(out);
  return rc;
}

uint64_t tl_replay_find(tl_replay *r, const char *op, const tl_val *args)
{
  for (size_t i = 0; i < r->len; i++) {
    tl_old *old = &r->effects[i];
    if (!old->answered || old->used || old->failed) continue;
    if (strcmp(old->op, op) != 0 || !tl_equal(&old->args, args)) continue;
    old->used = true;
    return i + 1;
  }
  return 0;
}
