/* Calling proc.run as the supervisor does. */
#ifndef TL_TEST_PROC_HELP_H
#define TL_TEST_PROC_HELP_H

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/base/buf.h"
#include "../../core/prim/landlock.h"
#include "../../core/prim/loop.h"
#include "../../core/prim/proc.h"

typedef struct asked {
  tl_call call;
  tl_val args[1];
  tl_place places[1 + TL_PROC_READ_MAX]; /* the lab, what is to be read */
  int done;                              /* how often done() came */
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

/* Takes the command; there is no lab, and nothing to be read. */
static inline void prepare(asked *a, tl_val command)
{
  *a = (asked){.places = {{.dirfd = -1}}};
  a->args[0] = command;
  a->call = (tl_call){.args = a->args, .places = a->places, .done = on_done};
}

static inline void start(asked *a, tl_val command)
{
  prepare(a, command);
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

/* Processes that have this argument. */
static inline int having(const char *argument)
{
  glob_t all;
  int n = 0;
  assert_int_equal(glob("/proc/[0-9]*/cmdline", 0, NULL, &all), 0);
  for (size_t i = 0; i < all.gl_pathc; i++) {
    char text[4096] = "";
    int fd = open(all.gl_pathv[i], O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    for (const char *at = text; len > 0 && at < text + len; at += strlen(at) + 1) {
      n += strcmp(at, argument) == 0;
    }
    if (fd >= 0) {
      (void)close(fd);
    }
  }
  globfree(&all);
  return n;
}

/* Waits until so many have it. */
static inline bool become(int n, const char *argument)
{
  for (int i = 0; i < 300; i++) {
    if (having(argument) == n) {
      return true;
    }
    (void)usleep(10000);
  }
  return false;
}

/* How long to sleep: 60 s and a little, as no other test does. */
static inline const char *nap(int which)
{
  static char text[8][32];
  (void)snprintf(text[which], sizeof text[which], "60.%d%d", (int)getpid(), which);
  return text[which];
}

/* --- a folder of the test's own, which programs must not see --- */

static char base[] = "/tmp/tlab-proc-XXXXXX";

static inline int make_base(void **state)
{
  (void)state;
  return mkdtemp(base) && chmod(base, 0755) == 0 ? 0 : -1;
}

static inline int remove_base(void **state)
{
  (void)state;
  char command[64];
  (void)snprintf(command, sizeof command, "rm -rf %s", base);
  return system(command);
}

/* Files of programs are closed by Landlock; without it the answer says so. */
static inline void needs_landlock(void)
{
  if (tl_landlock_abi() == 0) {
    skip();
  }
}

/* What the program said on its standard output; its exit code is of no interest. */
static inline void assert_says(tl_val command, const char *want)
{
  asked a = run(command);
  succeeds(&a);
  assert_string_equal(tl_get_str(&a.call.out, "stdout", "?"), want);
  end(&a);
}

static inline char *put(const char *name, const char *text, mode_t mode)
{
  static char path[PATH_MAX];
  (void)snprintf(path, sizeof path, "%s/%s", base, name);
  for (char *slash = path + sizeof base; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = '\0';
    (void)mkdir(path, 0755);
    *slash = '/';
  }
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(chmod(path, mode), 0);
  return path;
}

#endif
