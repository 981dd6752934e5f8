/* The gate: numbering, refusing, recording, replaying. Effects are real ones in a temporary folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/json.h"
#include "core/gate/gate.h"
#include "core/prim/loop.h"
#include "core/prim/store.h"

typedef struct answers {
  size_t n;
  uint64_t ask[32];
  char how[32][8];
  tl_val value[32];
} answers;

static void take(void *ud, uint64_t ask, const char *how, const tl_val *value)
{
  answers *a = ud;
  assert_true(a->n < 32);
  a->ask[a->n] = ask;
  (void)snprintf(a->how[a->n], sizeof a->how[0], "%s", how);
  a->value[a->n++] = tl_copy(value);
}

static void drop(answers *a)
{
  for (size_t i = 0; i < a->n; i++) tl_free(&a->value[i]);
  a->n = 0;
}

typedef struct bench {
  char dir[64];
  tl_gate g;
  tl_record record;
  tl_replay old;
  answers got;
} bench;

static void open_bench(bench *b, const char *dir)
{
  tl_err e;
  memset(b, 0, sizeof *b);
  (void)snprintf(b->dir, sizeof b->dir, "%s", dir ? dir : "/tmp/tlab-gate-XXXXXX");
  if (!dir) assert_non_null(mkdtemp(b->dir));
  tl_gate_init(&b->g, TL_LIVE);
  b->g.permits.run_fd = open(b->dir, O_PATH | O_DIRECTORY);
  b->g.permits.needs = tl_map();
  b->g.permits.allow = tl_map();
  b->g.answer = take;
  b->g.ud = &b->got;
  assert_int_equal(tl_record_open(&b->record, b->g.permits.run_fd, false, &e), TL_OK);
  b->g.record = &b->record;
}

static void close_bench(bench *b)
{
  tl_store_close(b->g.permits.run_fd);
  tl_gate_free(&b->g);
  if (b->g.record) tl_record_close(&b->record);
  if (b->g.old) tl_replay_close(&b->old);
  drop(&b->got);
}

/* A second gate that answers from the record of the first. */
static void open_replay(bench *b, const char *old, tl_mode mode)
{
  tl_err e;
  memset(b, 0, sizeof *b);
  (void)snprintf(b->dir, sizeof b->dir, "%s", "/tmp/tlab-gate-XXXXXX");
  assert_non_null(mkdtemp(b->dir));
  tl_gate_init(&b->g, mode);
  b->g.permits.run_fd = open(b->dir, O_PATH | O_DIRECTORY);
  b->g.permits.needs = tl_map();
  b->g.permits.allow = tl_map();
  assert_int_equal(tl_replay_open(&b->old, old, &e), TL_OK);
  b->g.old = &b->old;
  b->g.answer = take;
  b->g.ud = &b->got;
}

static tl_val args(const char *json)
{
  tl_val v;
  tl_err e;
  assert_int_equal(tl_json_read(&v, json, strlen(json), &e), TL_OK);
  return v;
}

static char *record_text(const bench *b)
{
  tl_buf text;
  tl_err e;
  size_t len;
  int dir = open(b->dir, O_PATH | O_DIRECTORY);
  assert_int_equal(tl_store_read(dir, "record/effects.jsonl", 1 << 20, &text, &e), TL_OK);
  tl_store_close(dir);
  return tl_buf_take(&text, &len);
}

static void effects_are_numbered_and_recorded(void **state)
{
  bench b;
  (void)state;
  open_bench(&b, NULL);
  tl_gate_ask(&b.g, 1, 0, "fs.write", args("[\"a.txt\",\"hello\"]"));
  tl_gate_ask(&b.g, 2, 0, "fs.read", args("[\"a.txt\"]"));
  tl_gate_ask(&b.g, 3, 0, "fs.read", args("[\"none.txt\"]"));
  assert_int_equal(b.got.n, 3);
  assert_string_equal(b.got.how[0], "ok");
  assert_string_equal(b.got.value[1].u.s.data, "hello");
  assert_string_equal(b.got.how[2], "fail");
  assert_string_equal(tl_get_str(&b.got.value[2], "code", ""), "NOT_FOUND");
  char *text = record_text(&b);
  assert_non_null(strstr(text, "\"n\":1,\"op\":\"fs.write\""));
  assert_null(
      strstr(text, "[\"a.txt\",\"hello\"]")); /* the bytes are the artifact, not the record */
  assert_non_null(strstr(
      text, "\"$sha256\":\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\""));
  assert_non_null(strstr(text, "\"n\":3,\"op\":\"fs.read\""));
  assert_non_null(strstr(text, "\"error\":{\"code\":\"NOT_FOUND\""));
  free(text);
  close_bench(&b);
}

static void wrong_use_raises_and_is_recorded(void **state)
{
  bench b;
  (void)state;
  open_bench(&b, NULL);
  tl_gate_ask(&b.g, 1, 0, "fs.read", args("[7]"));
  tl_gate_ask(&b.g, 2, 0, "fs.read", args("[\"a\",1,2,3]"));
  tl_gate_ask(&b.g, 3, 0, "env.get", args("[\"HOME\"]"));
  tl_gate_ask(&b.g, 4, 0, "proc.run", args("[{\"argv\":[\"ls\"]}]"));
  assert_int_equal(b.got.n, 4);
  for (size_t i = 0; i < 4; i++) assert_string_equal(b.got.how[i], "raise");
  assert_string_equal(tl_get_str(&b.got.value[0], "message", ""),
                      "bad argument #1 'path' to fs.read: a path was expected, got int");
  assert_string_equal(tl_get_str(&b.got.value[2], "code", ""), "NOT_PERMITTED");
  char *text = record_text(&b);
  assert_non_null(strstr(text, "\"n\":4,\"op\":\"proc.run\",\"raise\":true"));
  free(text);
  close_bench(&b);
}

static void the_tools_of_the_command_line_are_refused(void **state)
{
  bench b;
  (void)state;
  open_bench(&b, NULL);
  uint64_t n = 0;
  for (const tl_op *op = tl_ops; op->name; op++) {
    tl_param params[TL_PARAMS_MAX];
    if (op->permit != TL_PERMIT_TOOL) continue;
    tl_val list = tl_list();
    unsigned count = tl_op_params(op, params);
    for (unsigned i = 0; i < count; i++)
      if (!params[i].optional)
        (void)tl_push(&list, params[i].type == 'i'   ? tl_int(1)
                             : params[i].type == 'b' ? tl_bool(true)
                             : params[i].type == 'm' ? tl_map()
                             : params[i].type == 'l' ? tl_list()
                                                     : tl_str("x"));
    drop(&b.got);
    tl_gate_ask(&b.g, ++n, 0, op->name, list);
    assert_int_equal(b.got.n, 1);
    assert_string_equal(b.got.how[0], "raise");
    assert_string_equal(tl_get_str(&b.got.value[0], "code", ""), "NOT_PERMITTED");
  }
  assert_true(n > 10);
  close_bench(&b);
}

static void unknown_and_local_operations_do_not_exist_here(void **state)
{
  bench b;
  (void)state;
  open_bench(&b, NULL);
  tl_gate_ask(&b.g, 1, 0, "fs.format", args("[]"));
  tl_gate_ask(&b.g, 2, 0, "json.encode", args("[1]"));
  assert_int_equal(b.got.n, 2);
  assert_string_equal(b.got.how[0], "raise");
  assert_string_equal(b.got.how[1], "raise");
  assert_int_equal(b.g.count, 0);
  close_bench(&b);
}

static void pure_and_shown_ones_leave_no_trace(void **state)
{
  bench b;
  (void)state;
  open_bench(&b, NULL);
  tl_gate_ask(&b.g, 1, 0, "hash.bytes", args("[\"abc\"]"));
  assert_string_equal(b.got.value[0].u.s.data,
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  char *text = record_text(&b);
  assert_string_equal(text, "");
  free(text);
  close_bench(&b);
}

static void long_and_binary_strings_become_blobs_and_come_back(void **state)
{
  (void)state;
  bench b;
  tl_err e;
  open_bench(&b, NULL);
  tl_val v = tl_map();
  char big[5000];
  memset(big, 'x', sizeof big);
  (void)tl_put(&v, "big", tl_strn(big, sizeof big));
  (void)tl_put(&v, "binary", tl_strn("\xff\0\xfe", 3));
  (void)tl_put(&v, "$blob", tl_str("a key of the user's own"));
  (void)tl_put(&v, "one", tl_num(1.0));
  (void)tl_put(&v, "minus_zero", tl_num(-0.0));
  (void)tl_put(&v, "huge", tl_int(INT64_MAX));
  (void)tl_put(&v, "secret", tl_secret("KEY"));
  (void)tl_put(&v, "nothing", tl_nil());
  tl_val form = tl_copy(&v);
  assert_int_equal(tl_record_form(&form, tl_record_keep, &b.record, &e), TL_OK);
  tl_buf json = TL_BUF(1 << 16);
  assert_int_equal(tl_json_write(&json, &form, &e), TL_OK);
  assert_true(json.len < 1500);
  tl_val back;
  assert_int_equal(tl_json_read(&back, json.data, json.len, &e), TL_OK);
  assert_int_equal(tl_record_restore(&back, b.g.permits.run_fd, &e), TL_OK);
  assert_true(tl_equal(&v, &back));
  assert_int_equal(tl_get(&back, "one")->type, TL_NUM);
  assert_int_equal(tl_get(&back, "huge")->type, TL_INT);
  assert_int_equal(tl_get(&back, "secret")->type, TL_SECRET);
  tl_free(&v), tl_free(&form), tl_free(&back), tl_buf_free(&json);
  close_bench(&b);
}

static void a_changed_blob_is_named(void **state)
{
  (void)state;
  bench b;
  tl_err e;
  open_bench(&b, NULL);
  tl_val v = tl_strn("\xff\xfe", 2);
  assert_int_equal(tl_record_form(&v, tl_record_keep, &b.record, &e), TL_OK);
  char path[200];
  (void)snprintf(path, sizeof path, "%s/record/blobs/%s", b.dir, tl_get_str(&v, "$blob", ""));
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fputs("other", f) >= 0 && fclose(f) == 0, 1);
  assert_int_equal(tl_record_restore(&v, b.g.permits.run_fd, &e), TL_EDIFFERS);
  assert_non_null(strstr(e.msg, "record/blobs/"));
  tl_free(&v);
  close_bench(&b);
}

static void digests_are_checked_before_they_are_paths(void **state)
{
  (void)state;
  static const char *const bad[] = {
      "../../etc/passwd",
      "ABC",
      "",
      "zz",
      "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a/"};
  tl_err e;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tl_val v = tl_map();
    (void)tl_put(&v, "$blob", tl_str(bad[i]));
    assert_int_equal(tl_record_restore(&v, AT_FDCWD, &e), TL_EREFUSED);
    tl_free(&v);
  }
}

/* --- replay ---------------------------------------------------------------------------------- */

static void record_a_run(bench *b)
{
  open_bench(b, NULL);
  tl_gate_ask(&b->g, 1, 0, "fs.write", args("[\"a.txt\",\"hello\"]"));
  tl_gate_ask(&b->g, 2, 0, "rand.bytes", args("[8]"));
  tl_gate_ask(&b->g, 3, 0, "clock.now", args("[]"));
  tl_gate_ask(&b->g, 4, 0, "env.get", args("[\"HOME\"]"));
}

static void a_replay_gives_the_same_answers(void **state)
{
  (void)state;
  bench live, again;
  record_a_run(&live);
  open_replay(&again, live.dir, TL_REPLAY);
  tl_gate_ask(&again.g, 1, 0, "fs.write", args("[\"a.txt\",\"hello\"]"));
  tl_gate_ask(&again.g, 2, 0, "rand.bytes", args("[8]"));
  tl_gate_ask(&again.g, 3, 0, "clock.now", args("[]"));
  tl_gate_ask(&again.g, 4, 0, "env.get", args("[\"HOME\"]"));
  assert_int_equal(again.g.fatal.code, TL_OK);
  assert_int_equal(again.got.n, 4);
  for (size_t i = 0; i < 4; i++) {
    assert_string_equal(again.got.how[i], live.got.how[i]);
    assert_true(tl_equal(&again.got.value[i], &live.got.value[i]));
  }
  char path[100];
  struct stat st;
  (void)snprintf(path, sizeof path, "%s/a.txt", again.dir);
  assert_int_equal(stat(path, &st), 0); /* written again, to be compared */
  close_bench(&again);
  close_bench(&live);
}

static void another_request_ends_a_replay_with_both_shown(void **state)
{
  (void)state;
  bench live, again;
  record_a_run(&live);
  open_replay(&again, live.dir, TL_REPLAY);
  tl_gate_ask(&again.g, 1, 0, "fs.write", args("[\"a.txt\",\"hallo\"]"));
  assert_int_equal(again.got.n, 0);
  assert_int_equal(again.g.fatal.code, TL_EDIFFERS);
  assert_string_equal(again.g.fatal.msg, "effect 1 is asked differently: fs.write at /1/$sha256");
  assert_non_null(strstr(tl_get_str(&again.g.difference, "recorded", ""), "2cf24dba"));
  assert_non_null(strstr(tl_get_str(&again.g.difference, "asked", ""), "d3751d33"));
  close_bench(&again);
  open_replay(&again, live.dir, TL_REPLAY);
  tl_gate_ask(&again.g, 1, 0, "rand.bytes", args("[8]")); /* another order */
  assert_int_equal(again.g.fatal.code, TL_EDIFFERS);
  close_bench(&again);
  close_bench(&live);
}

static void answers_come_in_the_recorded_order(void **state)
{
  (void)state;
  bench b;
  open_bench(&b, NULL);
  static const char lines[] = "{\"args\":[20],\"at\":0,\"n\":1,\"op\":\"clock.sleep\",\"task\":1}\n"
                              "{\"args\":[10],\"at\":0,\"n\":2,\"op\":\"clock.sleep\",\"task\":2}\n"
                              "{\"n\":2,\"result\":true,\"took\":10}\n"
                              "{\"n\":1,\"result\":true,\"took\":20}\n";
  tl_err e;
  assert_int_equal(tl_store_append(b.record.fd, lines, strlen(lines), &e), TL_OK);
  bench again;
  open_replay(&again, b.dir, TL_REPLAY);
  tl_gate_ask(&again.g, 1, 1, "clock.sleep", args("[20]"));
  assert_int_equal(again.got.n, 0); /* the other one was ready first */
  tl_gate_ask(&again.g, 2, 2, "clock.sleep", args("[10]"));
  assert_int_equal(again.got.n, 2);
  assert_int_equal(again.got.ask[0], 2);
  assert_int_equal(again.got.ask[1], 1);
  close_bench(&again);
  close_bench(&b);
}

static void reuse_answers_what_it_has_and_performs_the_rest(void **state)
{
  (void)state;
  bench live, again;
  record_a_run(&live);
  open_replay(&again, live.dir, TL_REUSE);
  tl_err e;
  assert_int_equal(tl_record_open(&again.record, again.g.permits.run_fd, false, &e), TL_OK);
  again.g.record = &again.record;
  tl_gate_ask(&again.g, 1, 0, "rand.bytes", args("[8]"));
  tl_gate_ask(&again.g, 2, 0, "rand.bytes", args("[8]")); /* used once, so this one is new */
  assert_true(tl_equal(&again.got.value[0], &live.got.value[1]));
  assert_false(tl_equal(&again.got.value[1], &live.got.value[1]));
  char *text = record_text(&again);
  assert_non_null(strstr(text, "\"n\":2,\"op\":\"rand.bytes\"")); /* both are in the new record */
  free(text);
  close_bench(&again);
  close_bench(&live);
}

static void offline_refuses_what_is_not_recorded(void **state)
{
  (void)state;
  bench b;
  open_bench(&b, NULL);
  b.g.offline = true;
  tl_gate_ask(&b.g, 1, 0, "http.send", args("[{\"url\":\"http://127.0.0.1:9/\"}]"));
  assert_int_equal(b.got.n, 1);
  assert_string_equal(tl_get_str(&b.got.value[0], "code", ""), "NOT_RECORDED");
  close_bench(&b);
}

/* A hook of the tests: says which operation it answered; http.send it cannot. */
static int hook(void *ud, const char *op, tl_call *call)
{
  ++*(int *)ud;
  if (strcmp(op, "http.send") == 0) return tl_fail(&call->err, TL_ENETWORK, "nobody there");
  call->out = tl_str(op);
  return TL_OK;
}

static void hook_up(bench *b, int *calls, const char *names)
{
  b->g.hooked = args(names);
  b->g.hook = hook;
  b->g.hook_ud = calls;
}

static void a_hook_answers_in_a_primitives_place(void **state)
{
  bench b, r;
  int calls = 0, replayed = 0;
  const char *names =
      "{\"repl.next\":true,\"http.send\":true,\"hash.bytes\":true,\"talk.say\":true}";
  (void)state;
  open_bench(&b, NULL);
  b.g.offline = true;
  hook_up(&b, &calls, names);
  tl_gate_ask(&b.g, 1, 0, "repl.next", args("[]"));
  tl_gate_ask(&b.g, 2, 0, "http.send", args("[{\"url\":\"http://127.0.0.1:9/\"}]"));
  tl_gate_ask(&b.g, 3, 0, "hash.bytes", args("[\"x\"]"));
  tl_gate_ask(&b.g, 4, 0, "talk.say", args("[\"x\"]"));
  tl_gate_ask(&b.g, 5, 0, "repl.next", args("[7]")); /* arguments are checked before it is asked */
  assert_int_equal(b.got.n, 5);
  assert_int_equal(calls, 4);
  assert_string_equal(b.got.value[0].u.s.data, "repl.next");
  assert_string_equal(b.got.how[1], "fail");
  assert_string_equal(tl_get_str(&b.got.value[1], "code", ""), "NETWORK");
  assert_string_equal(b.got.value[2].u.s.data, "hash.bytes");
  assert_string_equal(b.got.how[4], "raise");

  open_replay(&r, b.dir, TL_REPLAY);
  hook_up(&r, &replayed, names);
  tl_gate_ask(&r.g, 1, 0, "repl.next", args("[]"));
  tl_gate_ask(&r.g, 2, 0, "http.send", args("[{\"url\":\"http://127.0.0.1:9/\"}]"));
  tl_gate_ask(&r.g, 3, 0, "talk.say", args("[\"x\"]"));
  assert_int_equal(r.got.n, 3);
  assert_string_equal(r.got.value[0].u.s.data, "repl.next");
  assert_int_equal(replayed, 0);
  close_bench(&r);
  close_bench(&b);
}

static void without_a_hook_nobody_types(void **state)
{
  bench b;
  (void)state;
  open_bench(&b, NULL);
  tl_gate_ask(&b.g, 1, 0, "repl.next", args("[]"));
  assert_string_equal(b.got.how[0], "raise");
  assert_string_equal(tl_get_str(&b.got.value[0], "code", ""), "NOT_PERMITTED");
  close_bench(&b);
}

/* The worker may ask in the moment before it knows. */
static void a_stopped_entry_asks_in_vain(void **state)
{
  bench b, r;
  int calls = 0;
  const char *again[] = {"clock.sleep", "clock.sleep", "clock.now"};
  (void)state;
  open_bench(&b, NULL);
  hook_up(&b, &calls, "{\"repl.next\":true}");
  assert_false(tl_gate_stop(&b.g)); /* nothing is evaluated yet */
  tl_gate_ask(&b.g, 1, 0, "repl.next", args("[]"));
  tl_gate_ask(&b.g, 2, 1, "clock.sleep", args("[60000]"));
  tl_gate_ask(&b.g, 3, 2, "clock.sleep", args("[60001]"));
  assert_true(tl_gate_stop(&b.g));
  assert_false(tl_gate_stop(&b.g));
  tl_gate_ask(&b.g, 4, 0, "clock.now", args("[]"));
  tl_gate_ask(&b.g, 5, 0, "hash.bytes", args("[\"x\"]")); /* not recorded, so not refused */
  tl_gate_ask(&b.g, 6, 0, "repl.next", args("[]"));
  tl_gate_ask(&b.g, 7, 0, "clock.now", args("[]"));
  assert_int_equal(b.got.n, 7);
  for (size_t i = 1; i < 4; i++) {
    assert_string_equal(b.got.how[i], "raise");
    assert_string_equal(tl_get_str(&b.got.value[i], "code", ""), "INTERRUPTED");
  }
  for (size_t i = 4; i < 7; i++) assert_string_equal(b.got.how[i], "ok");

  open_replay(&r, b.dir, TL_REPLAY);
  tl_gate_ask(&r.g, 1, 0, "repl.next", args("[]"));
  assert_false(tl_gate_stop(&r.g)); /* a replay stops where the record says */
  for (uint64_t i = 0; i < 3; i++)
    tl_gate_ask(&r.g, 2 + i, (int64_t)i, again[i],
                args(i == 0   ? "[60000]"
                     : i == 1 ? "[60001]"
                              : "[]"));
  assert_int_equal(r.got.n, 4);
  for (size_t i = 1; i < 4; i++) assert_string_equal(r.got.how[i], "raise");
  close_bench(&r);
  close_bench(&b);
}

static void damaged_records_are_named_by_line(void **state)
{
  (void)state;
  static const struct {
    const char *text, *says;
  } rows[] = {
      {"{\"n\":1}\nnonsense\n", ":2: "},
      {"{\"args\":[],\"n\":900000,\"op\":\"clock.now\",\"result\":1}\n", "too high"},
      {"{\"n\":1,\"result\":1}\n", "not asked"},
      {"{\"args\":[],\"n\":1,\"op\":\"clock.now\",\"result\":1}\n{\"n\":1,\"result\":2}\n",
       "not asked"},
      {"{\"args\":[],\"n\":1,\"op\":\"clock.now\",\"result\":1}\n{\"args\":[],\"n\":1,\"op\":"
       "\"clock.now\"}\n",
       "already"},
      {"[]\n", "no number"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bench b;
    tl_err e;
    tl_replay old;
    open_bench(&b, NULL);
    assert_int_equal(tl_store_append(b.record.fd, rows[i].text, strlen(rows[i].text), &e), TL_OK);
    assert_int_equal(tl_replay_open(&old, b.dir, &e), TL_EDIFFERS);
    if (!strstr(e.msg, rows[i].says)) fail_msg("%s: %s", rows[i].text, e.msg);
    tl_replay_close(&old);
    close_bench(&b);
  }
}

static void what_cannot_be_recorded_does_not_happen(void **state)
{
  (void)state;
  bench b;
  open_bench(&b, NULL);
  tl_record_close(&b.record); /* every write to it fails from here */
  (void)tl_put(&b.g.permits.needs, "run", args("[\"touch\"]"));
  (void)tl_put(&b.g.permits.allow, "run", args("[\"touch\"]"));
  tl_gate_ask(&b.g, 1, 0, "proc.run", args("[{\"argv\":[\"touch\",\"made\"]}]"));
  assert_int_equal(b.got.n, 0);
  assert_true(b.g.fatal.code < 0);
  struct pollfd fds[3];
  assert_int_equal(tl_proc_fds(fds, 3), 0); /* no program was started */
  close_bench(&b);
}

/* --- resume ---------------------------------------------------------------------------------- */

/* A gate that goes on with the record in `b`'s own folder. */
static void open_resume(bench *b, const char *dir)
{
  tl_err e;
  memset(b, 0, sizeof *b);
  (void)snprintf(b->dir, sizeof b->dir, "%s", dir);
  tl_gate_init(&b->g, TL_RESUME);
  b->g.permits.run_fd = open(dir, O_PATH | O_DIRECTORY);
  b->g.permits.needs = tl_map();
  b->g.permits.allow = tl_map();
  assert_int_equal(tl_replay_open(&b->old, dir, &e), TL_OK);
  b->g.old = &b->old;
  assert_int_equal(tl_record_open(&b->record, b->g.permits.run_fd, true, &e), TL_OK);
  b->g.record = &b->record;
  b->g.answer = take;
  b->g.ud = &b->got;
}

static void write_lines(bench *b, const char *lines)
{
  tl_err e;
  open_bench(b, NULL);
  assert_int_equal(tl_store_append(b->record.fd, lines, strlen(lines), &e), TL_OK);
}

static void a_resumed_run_answers_first_and_then_performs(void **state)
{
  (void)state;
  bench live, more;
  record_a_run(&live);
  open_resume(&more, live.dir);
  tl_gate_ask(&more.g, 1, 0, "fs.write", args("[\"a.txt\",\"hello\"]"));
  assert_true(tl_gate_replaying(&more.g));
  tl_gate_ask(&more.g, 2, 0, "rand.bytes", args("[8]"));
  tl_gate_ask(&more.g, 3, 0, "clock.now", args("[]"));
  tl_gate_ask(&more.g, 4, 0, "env.get", args("[\"HOME\"]"));
  assert_int_equal(more.got.n, 4);
  for (size_t i = 0; i < 4; i++) assert_true(tl_equal(&more.got.value[i], &live.got.value[i]));
  char *before = record_text(&live);
  assert_false(tl_gate_replaying(&more.g));
  tl_gate_ask(&more.g, 5, 0, "rand.bytes", args("[8]"));
  tl_gate_ask(&more.g, 6, 0, "fs.read", args("[7]")); /* wrong use */
  char *after = record_text(&live);
  assert_int_equal(more.got.n, 6);
  assert_string_equal(more.got.how[5], "raise");
  assert_memory_equal(after, before, strlen(before)); /* nothing that was there is written again */
  assert_non_null(strstr(after + strlen(before), "\"n\":5,\"op\":\"rand.bytes\""));
  assert_null(strstr(after + strlen(before), "\"n\":4"));
  assert_int_equal(tl_len(&more.g.again), 0);
  free(before), free(after);
  close_bench(&more);
  close_bench(&live);
}

static void what_was_asked_and_not_answered_is_performed_again(void **state)
{
  (void)state;
  bench b, more;
  write_lines(&b, "{\"args\":[\"x\"],\"at\":0,\"n\":1,\"op\":\"fs.stat\",\"result\":1,\"task\":1,"
                  "\"took\":0}\n"
                  "{\"args\":[{\"argv\":[\"true\"]}],\"at\":0,\"n\":2,\"op\":\"proc.run\","
                  "\"task\":1}\n"
                  "{\"args\":[\"y\"],\"at\":0,\"n\":4,\"op\":\"fs.stat\",\"result\":2,\"task\":2,"
                  "\"took\":0}\n");
  open_resume(&more, b.dir);
  (void)tl_put(&more.g.permits.needs, "run", args("[\"true\"]"));
  (void)tl_put(&more.g.permits.allow, "run", args("[\"true\"]"));
  tl_gate_ask(&more.g, 1, 1, "fs.stat", args("[\"x\"]"));
  tl_gate_ask(&more.g, 2, 1, "proc.run", args("[{\"argv\":[\"true\"]}]"));
  tl_gate_ask(&more.g, 3, 2, "rand.bytes", args("[8]")); /* no line: a kill left it without */
  assert_int_equal(more.got.n, 1);                       /* they wait: 4 was answered before them */
  tl_gate_ask(&more.g, 4, 2, "fs.stat", args("[\"y\"]"));
  assert_int_equal(more.got.value[1].u.i, 2);
  tl_err e;
  while (more.got.n < 4) assert_int_equal(tl_loop_wait(NULL, 0, 1000, &e), TL_OK);
  assert_int_equal(more.got.ask[2], 3);
  assert_int_equal(more.got.ask[3], 2);
  assert_int_equal(tl_len(&more.g.again), 1);
  assert_int_equal(tl_at(&more.g.again, 0)->u.i, 2);
  char *text = record_text(&b), *asked = strstr(text, "proc.run");
  assert_null(strstr(asked + 1, "\"op\":\"proc.run\"")); /* asked once, answered once */
  assert_non_null(strstr(asked, "{\"n\":2,\"result\":{"));
  free(text);
  close_bench(&more);
  close_bench(&b);
}

static void another_request_stops_a_resumed_run_and_writes_nothing(void **state)
{
  (void)state;
  bench b, more;
  write_lines(&b, "{\"args\":[\"x\"],\"at\":0,\"n\":1,\"op\":\"fs.stat\",\"result\":1,\"task\":1,"
                  "\"took\":0}\n"
                  "{\"args\":[{\"argv\":[\"true\"]}],\"at\":0,\"n\":2,\"op\":\"proc.run\","
                  "\"task\":1}\n");
  char *before = record_text(&b);
  open_resume(&more, b.dir);
  tl_gate_ask(&more.g, 1, 1, "fs.stat", args("[\"x\"]"));
  tl_gate_ask(&more.g, 2, 1, "proc.run", args("[{\"argv\":[\"false\"]}]"));
  assert_int_equal(more.g.fatal.code, TL_EDIFFERS);
  assert_non_null(strstr(tl_get_str(&more.g.difference, "asked", ""), "false"));
  char *after = record_text(&b);
  assert_string_equal(before, after);
  free(before), free(after);
  close_bench(&more);
  close_bench(&b);
}

static void the_clock_goes_on(void **state)
{
  (void)state;
  bench b, more;
  write_lines(&b,
              "{\"args\":[],\"at\":500,\"n\":1,\"op\":\"clock.monotonic\",\"result\":9000000000500,"
              "\"task\":0,\"took\":0}\n");
  open_resume(&more, b.dir);
  more.g.began = tl_clock_ms() - 700;
  tl_gate_ask(&more.g, 1, 0, "clock.monotonic", args("[]"));
  tl_gate_ask(&more.g, 2, 0, "clock.monotonic", args("[]"));
  assert_in_range(more.got.value[1].u.i, 9000000000700, 9000000002700);
  close_bench(&more);
  close_bench(&b);
}

/* A stream of the old record that ended, failed or was closed needs no connection. */
static void ended_streams_are_answered_as_they_ended(void **state)
{
  (void)state;
  bench b, more;
  write_lines(&b,
              "{\"args\":[{}],\"at\":0,\"n\":1,\"op\":\"http.open\",\"task\":1}\n"
              "{\"n\":1,\"result\":{\"handle\":1},\"took\":0}\n"
              "{\"args\":[{}],\"at\":0,\"n\":2,\"op\":\"http.open\",\"task\":1}\n"
              "{\"n\":2,\"result\":{\"handle\":2},\"took\":0}\n"
              "{\"args\":[1],\"at\":0,\"n\":3,\"op\":\"http.next\",\"result\":null,\"task\":0,"
              "\"took\":0}\n"
              "{\"args\":[2],\"at\":0,\"error\":{\"code\":\"NETWORK\",\"message\":\"cut\"},\"n\":4,"
              "\"op\":\"http.next\",\"task\":0,\"took\":0}\n");
  open_resume(&more, b.dir);
  tl_gate_ask(&more.g, 1, 1, "http.open", args("[{}]"));
  tl_gate_ask(&more.g, 2, 1, "http.open", args("[{}]"));
  tl_gate_ask(&more.g, 3, 0, "http.next", args("[1]"));
  tl_gate_ask(&more.g, 4, 0, "http.next", args("[2]"));
  tl_gate_ask(&more.g, 5, 0, "http.next", args("[1]"));
  tl_gate_ask(&more.g, 6, 0, "http.next", args("[2]"));
  tl_gate_ask(&more.g, 7, 0, "http.close", args("[1]"));
  tl_gate_ask(&more.g, 8, 0, "http.next", args("[9]"));
  assert_int_equal(more.got.n, 8);
  assert_int_equal(more.got.value[4].type, TL_NIL);
  assert_string_equal(tl_get_str(&more.got.value[5], "message", ""), "cut");
  assert_string_equal(more.got.how[6], "ok");
  assert_string_equal(more.got.how[7], "raise");
  assert_int_equal(tl_len(&more.g.again), 0);
  close_bench(&more);
  close_bench(&b);
}

/* Answers http.open with its first handle, and http.next with the handle that it is asked about. */
static int stream_hook(void *ud, const char *op, tl_call *call)
{
  (void)ud;
  if (strcmp(op, "http.next") == 0) {
    call->out = tl_copy(&call->args[0]);
  } else {
    call->out = tl_map();
    (void)tl_put(&call->out, "handle", tl_int(1));
  }
  return TL_OK;
}

/* Handles of the old record and of the streams that are opened now are told from each other. */
static void reuse_answers_streams(void **state)
{
  (void)state;
  bench b, again;
  tl_err e;
  write_lines(&b, "{\"args\":[{}],\"at\":0,\"n\":1,\"op\":\"http.open\",\"task\":0}\n"
                  "{\"n\":1,\"result\":{\"handle\":1},\"took\":0}\n"
                  "{\"args\":[1],\"at\":0,\"n\":2,\"op\":\"http.next\",\"result\":\"piece\","
                  "\"task\":0,\"took\":0}\n");
  open_replay(&again, b.dir, TL_REUSE);
  assert_int_equal(tl_record_open(&again.record, again.g.permits.run_fd, false, &e), TL_OK);
  again.g.record = &again.record;
  again.g.hooked = args("{\"http.open\":true,\"http.next\":true}");
  again.g.hook = stream_hook;
  tl_gate_ask(&again.g, 1, 0, "http.open", args("[{}]"));
  tl_gate_ask(&again.g, 2, 0, "http.next", args("[1]"));
  tl_gate_ask(&again.g, 3, 0, "http.open", args("[{\"url\":\"http://127.0.0.1:9/\"}]"));
  tl_gate_ask(&again.g, 4, 0, "http.next", args("[2]"));
  tl_gate_ask(&again.g, 5, 0, "http.next", args("[1]"));
  assert_int_equal(again.got.n, 5);
  assert_int_equal(tl_get_int(&again.got.value[0], "handle", 0), 1);
  assert_string_equal(again.got.value[1].u.s.data, "piece");
  assert_int_equal(tl_get_int(&again.got.value[2], "handle", 0), 2);
  assert_int_equal(again.got.value[3].u.i, 1);
  assert_string_equal(tl_get_str(&again.got.value[4], "code", ""), "NOT_RECORDED");
  close_bench(&again);
  close_bench(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(effects_are_numbered_and_recorded),
      cmocka_unit_test(wrong_use_raises_and_is_recorded),
      cmocka_unit_test(the_tools_of_the_command_line_are_refused),
      cmocka_unit_test(unknown_and_local_operations_do_not_exist_here),
      cmocka_unit_test(pure_and_shown_ones_leave_no_trace),
      cmocka_unit_test(long_and_binary_strings_become_blobs_and_come_back),
      cmocka_unit_test(a_changed_blob_is_named),
      cmocka_unit_test(digests_are_checked_before_they_are_paths),
      cmocka_unit_test(a_replay_gives_the_same_answers),
      cmocka_unit_test(another_request_ends_a_replay_with_both_shown),
      cmocka_unit_test(answers_come_in_the_recorded_order),
      cmocka_unit_test(reuse_answers_what_it_has_and_performs_the_rest),
      cmocka_unit_test(reuse_answers_streams),
      cmocka_unit_test(offline_refuses_what_is_not_recorded),
      cmocka_unit_test(a_hook_answers_in_a_primitives_place),
      cmocka_unit_test(without_a_hook_nobody_types),
      cmocka_unit_test(a_stopped_entry_asks_in_vain),
      cmocka_unit_test(damaged_records_are_named_by_line),
      cmocka_unit_test(what_cannot_be_recorded_does_not_happen),
      cmocka_unit_test(a_resumed_run_answers_first_and_then_performs),
      cmocka_unit_test(what_was_asked_and_not_answered_is_performed_again),
      cmocka_unit_test(another_request_stops_a_resumed_run_and_writes_nothing),
      cmocka_unit_test(the_clock_goes_on),
      cmocka_unit_test(ended_streams_are_answered_as_they_ended),
  };
  return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
