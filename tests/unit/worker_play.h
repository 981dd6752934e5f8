/* A supervisor for the worker's tests: plays small recipes over a socket pair and keeps what the worker
 * said. The worker is the test program itself, started anew as "tlab-worker": its main begins with
 * PLAY_MAIN. */
#ifndef TEST_WORKER_PLAY_H
#define TEST_WORKER_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/wire.h"
#include "core/lua/worker.h"
#include "core/prim/frame.h"

typedef struct session {
  int fd;
  pid_t pid;
  int hold;    /* clock.sleep is answered once so many are open, the last one first */
  tl_val held; /* their numbers */
  tl_buf in, out;
  tl_buf said; /* talk.say, a line each */
  tl_buf asks; /* every frame of the worker but hello, as bytes */
  tl_val hello, loaded, last;
  int status; /* of the process */
} session;

/* --- the supervisor's side -------------------------------------------------------------------- */

static inline void start(session *s, const char *cpu, const char *memory)
{
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  *s = (session){.fd = pair[0], .hold = s->hold, .held = tl_list()};
  s->in = s->out = s->said = s->asks = TL_BUF(300u << 20);
  s->pid = fork();
  if (s->pid == 0) {
    dup2(pair[1], 3);
    char name[] = "tlab-worker";
    char *argv[] = {name, (char *)(uintptr_t)cpu, (char *)(uintptr_t)memory, NULL};
    execv("/proc/self/exe", argv);
    _exit(127);
  }
  close(pair[1]);
}

static inline void finish(session *s)
{
  close(s->fd);
  waitpid(s->pid, &s->status, 0);
}

static inline void drop(session *s)
{
  tl_free(&s->held);
  tl_free(&s->hello);
  tl_free(&s->loaded);
  tl_free(&s->last);
  tl_buf_free(&s->in);
  tl_buf_free(&s->out);
  tl_buf_free(&s->said);
  tl_buf_free(&s->asks);
}

/* Sends and frees. */
static inline void put(session *s, tl_val frame)
{
  tl_err e;
  (void)tl_frame_send(s->fd, &s->out, &frame, &e);
  tl_free(&frame);
}

static inline tl_val words(const char *first)
{
  tl_val list = tl_list();
  tl_push(&list, tl_str(first));
  return list;
}

static inline void answer(session *s, int64_t n, const char *how, tl_val value)
{
  tl_val frame = words("answer");
  tl_push(&frame, tl_int(n));
  tl_push(&frame, tl_str(how));
  tl_push(&frame, value);
  put(s, frame);
}

static inline tl_val failure(const char *code, const char *message)
{
  tl_val v = tl_map();
  tl_put(&v, "code", tl_str(code));
  tl_put(&v, "message", tl_str(message));
  return v;
}

static inline const char *module_text(const char *name)
{
  static const char *const modules[][2] = {
      {"lab.good", "local M = {} M.n = 7 M.name = ... return M"},
      {"lab.none", "_G.ran = (_G.ran or 0) + 1"},
      {"lab.a", "return require 'lab.b'"},
      {"lab.b", "return require 'lab.a'"},
      {"lab.syntax", "local x =\n= 3"},
      {"lab.raises", "\nerror('at the start')"},
      {"lab.a_name_so_long_that_lua_cuts_the_chunk_name_in_its_messages", "\nerror('far')"},
      {"lab.reads", "return tlab.fs.read('f')"},
      {"tlab.lib", "return { f = function() return tlab.env.get('X') end,\n"
                   "g = function() error('from the library') end }"}};
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    if (strcmp(modules[i][0], name) == 0) return modules[i][1];
  return NULL;
}

static inline void answer_module(session *s, int64_t n, const char *name)
{
  const char *text = module_text(name);
  if (!text) {
    answer(s, n, "fail", failure("NOT_FOUND", "no module of this name"));
    return;
  }
  tl_val v = tl_map();
  tl_buf file = TL_BUF(200);
  (void)tl_buf_fmt(&file, "%s.lua", name);
  tl_put(&v, "file", tl_str(file.data));
  tl_put(&v, "source", tl_str(text));
  tl_buf_free(&file);
  answer(s, n, "ok", v);
}

static inline void hold(session *s, int64_t n)
{
  tl_push(&s->held, tl_int(n));
  size_t open = tl_len(&s->held);
  if ((int)open < s->hold) return;
  for (size_t i = open; i-- > 0;) answer(s, tl_at(&s->held, i)->u.i, "ok", tl_bool(true));
  tl_free(&s->held);
  s->held = tl_list();
}

static inline void answer_ask(session *s, const tl_val *frame)
{
  int64_t n = tl_at(frame, 1)->u.i;
  const char *op = tl_at(frame, 3)->u.s.data;
  const tl_val *args = tl_at(frame, 4), *arg = tl_at(args, 0);
  if (strcmp(op, "mod.load") == 0) {
    answer_module(s, n, arg->u.s.data);
  } else if (strcmp(op, "talk.say") == 0) {
    if (arg && arg->type == TL_STR) (void)tl_buf_add(&s->said, arg->u.s.data, arg->u.s.len);
    (void)tl_buf_byte(&s->said, '\n');
    answer(s, n, "ok", tl_bool(true));
  } else if (strcmp(op, "fs.stat") == 0) {
    answer(s, n, "fail", failure("NOT_FOUND", "cannot find it"));
  } else if (strcmp(op, "env.get") == 0) {
    answer(s, n, "raise", failure("NOT_PERMITTED", "env is not allowed"));
  } else if (strcmp(op, "clock.sleep") == 0) {
    hold(s, n);
  } else if (strcmp(op, "clock.now") == 0) {
    answer(s, n, "ok", tl_nil());
  } else {
    answer(s, n, "ok", arg ? tl_copy(arg) : tl_int(n));
  }
}

static inline void load(session *s, const char *source)
{
  tl_val what = tl_map(), frame = words("load");
  tl_put(&what, "file", tl_str("recipes/case.lua"));
  tl_put(&what, "source", tl_str(source));
  tl_put(&what, "seed", tl_int(42));
  tl_push(&frame, what);
  put(s, frame);
}

static inline void start_run(session *s)
{
  tl_val info = tl_map(), spec = tl_map(), frame = words("run");
  tl_put(&info, "id", tl_str("the id"));
  tl_put(&info, "seed", tl_int(42));
  tl_put(&info, "name", tl_str("the name"));
  tl_put(&spec, "topic", tl_str("trees"));
  tl_push(&frame, spec);
  tl_push(&frame, info);
  put(s, frame);
}

/* Plays until the worker has ended. */
static inline void play(session *s, const char *source, const char *cpu, const char *memory)
{
  tl_val frame = tl_nil();
  tl_err e;
  start(s, cpu, memory);
  load(s, source);
  while (tl_frame_receive(s->fd, &s->in, &frame, &e) > 0) {
    const char *word = tl_at(&frame, 0)->u.s.data;
    if (strcmp(word, "hello") != 0) (void)tl_wire_put(&s->asks, &frame, NULL);
    if (strcmp(word, "ask") == 0) {
      answer_ask(s, &frame);
    } else if (strcmp(word, "hello") == 0) {
      s->hello = tl_copy(&frame);
    } else if (strcmp(word, "loaded") == 0) {
      s->loaded = tl_copy(&frame);
      start_run(s);
    } else {
      tl_free(&s->last);
      s->last = tl_copy(&frame);
    }
    tl_free(&frame);
  }
  finish(s);
}

/* --- cases ------------------------------------------------------------------------------------ */

static const char *const head =
    "local function eq(a, b) if a ~= b then error(tostring(a) .. ' ~= ' .. tostring(b), 2) end end "
    "local function fails(f, pattern, ...) local ok, e = pcall(f, ...) "
    "if ok then error('no error', 2) end "
    "if not tostring(e):find(pattern) then error(tostring(e), 2) end return e end ";

static inline char *recipe_of(const char *body)
{
  tl_buf b = TL_BUF(1u << 20);
  (void)tl_buf_fmt(&b, "%s return { name = 'case', run = function(run, spec)\n%s\nend }", head,
                   body);
  return tl_buf_take(&b, NULL);
}

static inline const char *last_word(const session *s)
{
  return s->last.type == TL_LIST ? tl_at(&s->last, 0)->u.s.data : "nothing";
}

static inline const tl_val *failed(const session *s)
{
  assert_string_equal(last_word(s), "failed");
  return tl_at(&s->last, 1);
}

static inline void must_be_done(const session *s)
{
  if (strcmp(last_word(s), "done") == 0) return;
  const tl_val *f = s->last.type == TL_LIST ? tl_at(&s->last, 1) : NULL;
  fail_msg("%s: %s:%d: %s", tl_get_str(f, "code", "?"), tl_get_str(f, "file", "?"),
           (int)tl_get_int(f, "line", 0), tl_get_str(f, "message", "the worker said nothing"));
}

static inline void runs(const char *body, int hold_count, const char *said)
{
  session s = {.hold = hold_count};
  char *source = recipe_of(body);
  play(&s, source, "20", "134217728");
  free(source);
  must_be_done(&s);
  assert_int_equal(s.status, 0);
  if (said) assert_string_equal(s.said.data ? s.said.data : "", said);
  drop(&s);
}

static inline void ends_with(const char *source, const char *code, const char *message, int line)
{
  session s = {.hold = 1};
  play(&s, source, "20", "134217728");
  const tl_val *f = failed(&s);
  assert_string_equal(tl_get_str(f, "code", "?"), code);
  if (!strstr(tl_get_str(f, "message", "?"), message))
    fail_msg("%s", tl_get_str(f, "message", "?"));
  assert_int_equal(tl_get_int(f, "line", 0), line);
  if (line) assert_string_equal(tl_get_str(f, "file", "?"), "recipes/case.lua");
  drop(&s);
}

static inline void fails(const char *body, const char *code, const char *message, int line)
{
  char *source = recipe_of(body);
  ends_with(source, code, message, line);
  free(source);
}

#define TEST(name) static void name(void **state)
#define UNUSED (void)state

#define PLAY_MAIN(argc, argv) \
  if (strcmp((argv)[0], "tlab-worker") == 0) return tl_worker_main(3, argc, argv)

#endif
