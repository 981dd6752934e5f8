#include "replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/json.h"
#include "../prim/store.h"
#include "difference.h"
#include "record.h"

#define RECORD_MAX_BYTES (1u << 30)
enum { GAP_MAX = 100000 };

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
  old->at = tl_get_int(map, "at", 0);
  return TL_OK;
}

/* Where a resumed run's handles and clock have to go on. */
static void note_answer(tl_replay *r, const tl_old *old)
{
  if (strcmp(old->op, "http.open") == 0) {
    int64_t handle = tl_get_int(&old->answer, "handle", 0);
    if (handle > r->last_handle) r->last_handle = handle;
  } else if (strcmp(old->op, "clock.monotonic") == 0 && old->answer.type == TL_INT) {
    r->clock = old->answer.u.i - old->at;
    r->clocked = true;
  }
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
  if (ok) note_answer(r, old);
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

bool tl_replay_same(const tl_replay *r, uint64_t n, const char *op, const tl_val *args)
{
  const tl_old *old = n <= r->len ? &r->effects[n - 1] : NULL;
  if (!old) return false;
  if (!old->op) return true; /* asked when the run was stopped: it never had an answer */
  return strcmp(old->op, op) == 0 && tl_equal(&old->args, args);
}

tl_val tl_replay_difference(const tl_replay *r, uint64_t n, const char *op, const tl_val *args,
                            bool live)
{
  const tl_old *old = n <= r->len ? &r->effects[n - 1] : NULL;
  tl_val recorded = old ? tl_copy(&old->args) : tl_nil(), asked = tl_copy(args), out;
  /* What was put aside is brought back, so that bodies are compared and not their digests. */
  if (live && old && tl_record_restore(&recorded, r->dirfd, NULL) < 0) {
    tl_free(&recorded);
    recorded = tl_copy(&old->args);
  }
  out = tl_difference(old ? old->op : NULL, &recorded, op, &asked);
  (void)tl_put(&out, "n", tl_int((int64_t)n));
  (void)tl_put(&out, "op", tl_str(op));
  tl_free(&recorded);
  tl_free(&asked);
  return out;
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

/* A called run that did not succeed is an answer, but none to have a second time. */
static bool is_of_use(const tl_old *old)
{
  return old->answered && !old->failed &&
         (strcmp(old->op, "run.call") != 0 ||
          strcmp(tl_get_str(&old->answer, "status", ""), "succeeded") == 0);
}

uint64_t tl_replay_find(tl_replay *r, const char *op, const tl_val *args)
{
  for (size_t i = 0; i < r->len; i++) {
    tl_old *old = &r->effects[i];
    if (old->used || !is_of_use(old)) continue;
    if (strcmp(old->op, op) != 0 || !tl_equal(&old->args, args)) continue;
    old->used = true;
    return i + 1;
  }
  return 0;
}
