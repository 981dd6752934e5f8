/* Lines that are typed: each test is a child with a pipe or a pseudo-terminal as its standard input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/prim/line.h"

static void complete(void *ud, const char *line, size_t cursor, tl_line_words *found)
{
  static const char *const words[] = {"prefix", "pre\033[31m", "precious"};
  (void)ud;
  *found = (tl_line_words){.from = cursor, .n = 3, .words = words};
  while (found->from > 0 && line[found->from - 1] != ' ') found->from--;
}

/* Says on `to` what each line was, until the input ends. */
static void say_lines(int to)
{
  static const char *const ends[] = {"", "END", "GONE", "INTERRUPTED"};
  char prompt[16];
  tl_line line = {.prompt = prompt, .complete = complete};
  tl_buf out = TL_BUF(TL_LINE_MOST);
  tl_line_end how;
  tl_err e;
  for (int n = 1;; n++) {
    (void)snprintf(prompt, sizeof prompt, "%d> ", n);
    if (tl_line_read(&line, &out, &how, &e) < 0) _exit(9);
    if (how == TL_LINE_TEXT) tl_line_remember(out.data ? out.data : "");
    if (out.len > 1000) (void)dprintf(to, "%zu bytes\n", out.len);
    else (void)dprintf(to, "[%.*s]%s\n", (int)out.len, out.data ? out.data : "", ends[how]);
    if (how == TL_LINE_END || how == TL_LINE_GONE) return;
  }
}

typedef struct typist {
  pid_t pid;
  int keys, said, screen, prompts;
} typist;

/* What comes from the descriptor until `wanted` is in it, or for five seconds. */
static void await(int fd, const char *wanted)
{
  static char got[65536];
  size_t len = 0;
  for (int i = 0; i < 500; i++) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 10) == 1) {
      ssize_t n = read(fd, got + len, sizeof got - 1 - len);
      if (n > 0) len += (size_t)n;
      else break;
    }
    got[len] = '\0';
    if (strstr(got, wanted)) return;
  }
  got[len] = '\0';
  print_error("wanted: %s\ncame: %s\n", wanted, got);
  fail();
}

static typist at_terminal(const char *kind)
{
  int said[2], screen;
  struct winsize size = {.ws_row = 24, .ws_col = 20};
  assert_int_equal(pipe(said), 0);
  pid_t pid = forkpty(&screen, NULL, NULL, &size);
  assert_true(pid >= 0);
  if (pid == 0) {
    (void)close(said[0]);
    (void)setenv("TERM", kind, 1);
    say_lines(said[1]);
    _exit(0);
  }
  (void)close(said[1]);
  return (typist){pid, screen, said[0], screen, 0};
}

static typist at_pipe(void)
{
  int keys[2], said[2];
  assert_int_equal(pipe(keys), 0);
  assert_int_equal(pipe(said), 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    (void)dup2(keys[0], STDIN_FILENO);
    (void)close(keys[1]);
    say_lines(said[1]);
    _exit(0);
  }
  (void)close(keys[0]);
  (void)close(said[1]);
  return (typist){pid, keys[1], said[0], -1, 0};
}

static void type(const typist *t, const char *keys)
{
  assert_int_equal(write(t->keys, keys, strlen(keys)), strlen(keys));
}

/* At a terminal: types when the next prompt stands there, and waits for what came of it. What is typed
 * between two prompts the terminal itself would edit. */
static void answer(typist *t, const char *keys, const char *said)
{
  char prompt[16];
  (void)snprintf(prompt, sizeof prompt, "%d> ", ++t->prompts);
  await(t->screen, prompt);
  type(t, keys);
  if (said) await(t->said, said);
}

static int end(typist *t)
{
  int how = 0;
  (void)close(t->said);
  assert_int_equal(waitpid(t->pid, &how, 0), t->pid);
  return how;
}

static void a_script_is_read_line_by_line(void **state)
{
  typist t = at_pipe();
  (void)state;
  type(&t, "one\n\ntw");
  await(t.said, "[one]\n[]\n");
  type(&t, "o\r\nthree");
  (void)close(t.keys);
  await(t.said, "[two\r]\n[three]\n[]END\n");
  assert_int_equal(end(&t), 0);
}

static void a_line_may_have_megabytes(void **state)
{
  typist t = at_pipe();
  char *text = malloc(3 << 20);
  (void)state;
  assert_non_null(text);
  memset(text, 'x', 3 << 20);
  for (size_t at = 0; at < 3 << 20;) {
    ssize_t n = write(t.keys, text + at, (3 << 20) - at);
    assert_true(n > 0);
    at += (size_t)n;
  }
  free(text);
  type(&t, "\nshort\n");
  await(t.said, "3145728 bytes\n[short]\n");
  (void)close(t.keys);
  assert_int_equal(end(&t), 0);
}

static void a_line_is_edited(void **state)
{
  typist t = at_terminal("xterm");
  (void)state;
  answer(&t, "hexx\177\177llo\001>\r", "[>hello]\n"); /* backspace twice, Ctrl-A */
  /* a character goes as one; a byte that is none is shown as such */
  answer(&t, "h\xC3\xA9\xC3\xBC\177\xFF!\r", "[h\xC3\xA9\xEF\xBF\xBD!]\n");
  answer(&t, "\033[A\033[A\r", "[>hello]\n"); /* up, up */
  answer(&t, "a line that is longer than the twenty columns\r",
         "[a line that is longer than the twenty columns]\n");
  answer(&t, "\004", "[]END\n");
  assert_int_equal(end(&t), 0);
}

static void tab_completes_what_is_plain(void **state)
{
  typist t = at_terminal("xterm");
  (void)state;
  answer(&t, "x p\tc\r", "[x prec]\n");
  answer(&t, "\t\t", NULL);
  await(t.screen, "prefix  precious");
  type(&t, "i\r");
  await(t.said, "[prei]\n");
  answer(&t, "\004", "[]END\n");
  assert_int_equal(end(&t), 0);
}

static void ctrl_c_gives_up_the_line_only(void **state)
{
  typist t = at_terminal("xterm");
  (void)state;
  answer(&t, "half\003", "[]INTERRUPTED\n");
  answer(&t, "whole\r", "[whole]\n");
  answer(&t, "\004", "[]END\n");
  assert_int_equal(end(&t), 0);
}

static void a_plain_terminal_does_as_well(void **state)
{
  typist t = at_terminal("dumb");
  (void)state;
  answer(&t, "one\n", "[one]\n");
  answer(&t, "two\003", "[]INTERRUPTED\n");
  await(t.screen, "^C\r\n3> ");
  type(&t, "\004");
  await(t.said, "[]END\n");
  assert_int_equal(end(&t), 0);
}

static void a_lost_terminal_ends_the_input(void **state)
{
  typist t = at_terminal("xterm");
  (void)state;
  answer(&t, "x", NULL);
  (void)close(t.screen);
  await(t.said, "[]GONE\n");
  assert_int_equal(end(&t), 0);
}

static void another_signal_ends_the_input_and_the_process(void **state)
{
  typist t = at_terminal("xterm");
  (void)state;
  answer(&t, "", NULL);
  assert_int_equal(kill(t.pid, SIGTERM), 0);
  int how = end(&t);
  assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGTERM);
}

static void ctrl_c_ends_a_script(void **state)
{
  typist t = at_pipe();
  (void)state;
  type(&t, "one\n");
  await(t.said, "[one]\n");
  (void)usleep(50000); /* it waits for the next line */
  assert_int_equal(kill(t.pid, SIGINT), 0);
  (void)close(t.keys);
  int how = end(&t);
  assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGINT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_script_is_read_line_by_line),
      cmocka_unit_test(a_line_may_have_megabytes),
      cmocka_unit_test(a_line_is_edited),
      cmocka_unit_test(tab_completes_what_is_plain),
      cmocka_unit_test(ctrl_c_gives_up_the_line_only),
      cmocka_unit_test(a_plain_terminal_does_as_well),
      cmocka_unit_test(a_lost_terminal_ends_the_input),
      cmocka_unit_test(another_signal_ends_the_input_and_the_process),
      cmocka_unit_test(ctrl_c_ends_a_script),
  };
  return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
