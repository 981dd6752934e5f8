/* A scratch folder of repositories made by the real git, with fixed dates, and git.* asked about them. */
#ifndef TL_TEST_GIT_HELP_H
#define TL_TEST_GIT_HELP_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/base/buf.h"
#include "../../core/prim/git.h"

static char base[] = "/tmp/tlab-git-XXXXXX"; /* one scratch folder for all tests */

/* Runs a shell script in the scratch folder; every command must succeed. */
static inline void sh(const char *script)
{
  tl_buf text = TL_BUF(1 << 16);
  assert_int_equal(tl_buf_fmt(&text, "set -e; cd %s; %s", base, script), 0);
  if (system(text.data) != 0) {
    fail_msg("the script failed: %s", script);
  }
  tl_buf_free(&text);
}

/* What a shell command prints, without the last newline. Freed by the caller. */
static inline char *sh_out(const char *script)
{
  tl_buf text = TL_BUF(1 << 16);
  tl_buf out = TL_BUF(1 << 20);
  char bytes[4096];
  size_t n;
  assert_int_equal(tl_buf_fmt(&text, "cd %s; %s", base, script), 0);
  FILE *f = popen(text.data, "r");
  assert_non_null(f);
  while ((n = fread(bytes, 1, sizeof bytes, f)) > 0) {
    assert_int_equal(tl_buf_add(&out, bytes, n), 0);
  }
  assert_int_equal(pclose(f), 0);
  tl_buf_free(&text);
  char *s = tl_buf_take(&out, &n);
  if (n > 0 && s[n - 1] == '\n') {
    s[n - 1] = '\0';
  }
  return s;
}

/* --- calling --- */

typedef struct result {
  int rc;
  tl_val out;
  tl_err err;
} result;

/* The folder `dir` of the scratch folder, as a recipe's place or as a command line's. */
static inline result ask(tl_prim *prim, const char *dir, const tl_val *exclude, bool trusted)
{
  int fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
  tl_place place = {.dirfd = fd, .rel = dir, .shown = dir, .trusted = trusted};
  tl_val args[2] = {tl_str(dir), exclude ? tl_copy(exclude) : tl_nil()};
  tl_call call = {.args = args, .places = &place};
  result r = {.rc = prim(&call)};
  r.out = call.out;
  r.err = call.err;
  tl_free(&args[0]);
  tl_free(&args[1]);
  (void)close(fd);
  assert_true(r.rc == 0 || r.out.type == TL_NIL);
  assert_true(r.rc == 0 || r.err.code == r.rc);
  return r;
}

static inline result ok(tl_prim *prim, const char *dir)
{
  result r = ask(prim, dir, NULL, false);
  if (r.rc != 0) {
    fail_msg("%s: %s", dir, r.err.msg);
  }
  return r;
}

static inline void fails(tl_prim *prim, const char *dir, int code, const char *words)
{
  result r = ask(prim, dir, NULL, false);
  if (r.rc != code || !strstr(r.err.msg, words)) {
    fail_msg("%s: got %s '%s', wanted %s '…%s…'", dir, tl_code_name(r.rc), r.err.msg,
             tl_code_name(code), words);
  }
  tl_free(&r.out);
}

static inline void assert_text(const tl_val *map, const char *key, const char *script)
{
  char *want = sh_out(script);
  const char *have = tl_get_str(map, key, NULL);
  assert_non_null(have);
  assert_string_equal(have, want);
  free(want);
}

static inline void set(const char *name, const char *value)
{
  assert_int_equal(setenv(name, value, 1), 0);
}

static inline int set_up(void **state)
{
  (void)state;
  static char home[sizeof base + 8];
  if (!mkdtemp(base)) {
    return -1;
  }
  (void)snprintf(home, sizeof home, "%s/home", base);
  set("HOME", home); /* libgit2 sees these too, and must not look there */
  set("XDG_CONFIG_HOME", home);
  set("GIT_CONFIG_GLOBAL", "/dev/null");
  set("GIT_CONFIG_NOSYSTEM", "1");
  set("GIT_AUTHOR_NAME", "Ada Lovelace");
  set("GIT_AUTHOR_EMAIL", "ada@example.org");
  set("GIT_AUTHOR_DATE", "1700000000 +0100");
  set("GIT_COMMITTER_NAME", "Charles Babbage");
  set("GIT_COMMITTER_EMAIL", "charles@example.org");
  set("GIT_COMMITTER_DATE", "1700000001 +0000");
  return 0;
}

static inline int tear_down(void **state)
{
  (void)state;
  char command[64];
  (void)snprintf(command, sizeof command, "rm -rf %s", base);
  return system(command);
}

#endif
