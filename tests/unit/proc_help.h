/* Calling proc.run as the supervisor does. */
#ifndef TL_TEST_PROC_HELP_H
#define TL_TEST_PROC_HELP_H

#include "../../core/base/buf.h"
#include "../../core/prim/loop.h"
#include "../../core/prim/proc.h"

typedef struct asked {
  tl_call call;
  tl_val args[1];
  tl_place places[1];
  int done; /* how often done() came */
  int rc;
} asked;

static inline void on_done(tl_call *call, int rc)
{
  asked *a = (asked *)(void *)((char *)call - offsetof(asked, call));
  a->done++;
  a->rc = rc;
}

static inline tl_val command_of(const char *const *argv)
{
  tl_val map = tl_map();
  tl_val *list = tl_put(&map, "argv", tl_list());
  for (; *argv; argv++) {
    tl_push(list, tl_str(*argv));
  }
  return map;
}

#define COMMAND(...) command_of((const char *const[]){__VA_ARGS__, NULL})

/* Takes the command. */
static inline void start(asked *a, tl_val command)
{
  *a = (asked){.places = {{.dirfd = -1}}};
  a->args[0] = command;
  a->call = (tl_call){.args = a->args, .places = a->places, .done = on_done};
  a->rc = prim_proc_run(&a->call);
}

static inline void finish(asked *a)
{
  tl_err e = {0};
  while (a->rc == TL_PENDING && !a->done) {
    assert_int_equal(tl_loop_wait(NULL, 0, 20000, &e), 0);
  }
  assert_true(a->done <= 1);
  tl_free(&a->args[0]);
}

static inline asked run(tl_val command)
{
  asked a;
  start(&a, command);
  /* The loop's calls refer to `a`: it stays where it is until the end. */
  finish(&a);
  return a;
}

static inline void succeeds(asked *a)
{
  if (a->rc != 0) {
    fail_msg("%s: %s", tl_code_name(a->rc), a->call.err.msg);
  }
}

static inline void end(asked *a)
{
  tl_free(&a->call.out);
}

static inline void assert_stdout(tl_val command, const char *want)
{
  asked a = run(command);
  succeeds(&a);
  assert_string_equal(tl_get_str(&a.call.out, "stdout", "?"), want);
  assert_string_equal(tl_get_str(&a.call.out, "stderr", "?"), "");
  assert_int_equal(tl_get_int(&a.call.out, "exit", -1), 0);
  end(&a);
}

static inline void fails(tl_val command, int code, const char *words)
{
  asked a = run(command);
  if (a.rc != code || !strstr(a.call.err.msg, words)) {
    fail_msg("got %s '%s', wanted %s '…%s…'", tl_code_name(a.rc), a.call.err.msg,
             tl_code_name(code), words);
  }
  assert_int_equal(a.call.out.type, TL_NIL);
}

#endif
