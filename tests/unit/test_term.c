/* What reaches a terminal and what does not; stderr or stdout is a pseudo-terminal here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/clean.h"
#include "core/base/json.h"
#include "core/prim/loop.h"
#include "core/prim/term.h"

/* --- the cleaner ------------------------------------------------------------------------------ */

static void assert_clean(const char *in, size_t len, const char *want)
{
  tl_buf out = TL_BUF(1 << 20);

  assert_int_equal(tl_clean(&out, in, len, NULL), TL_OK);
  assert_string_equal(out.data ? out.data : "", want);
  tl_buf_free(&out);
}

static void plain_text_stays_as_it_is(void **state)
{
  static const char text[] = "a\tb\n\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80 \xe2\x80\x8b \\x1b";

  (void)state;
  assert_clean(text, strlen(text), text);
  assert_clean("", 0, "");
}

static void what_drives_a_terminal_is_shown_as_escapes(void **state)
{
  static const struct {
    const char *in, *want;
  } cases[] = {
      {"\x1b[31mred", "\\x1b[31mred"},
      {"\x1b]52;c;AAAA\x07", "\\x1b]52;c;AAAA\\x07"},
      {"over\rwrite", "over\\x0dwrite"},
      {"\b\x7f", "\\x08\\x7f"},
      {"\xc2\x9b"
       "31m",
       "\\u{9b}31m"},
      {"\xe2\x80\xae"
       "txt.exe",
       "\\u{202e}txt.exe"},
      {"\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}"},
      {"\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "\\u{61c}\\u{200e}\\u{200f}"},
      {"\xf3\xa0\x80\x81\xf3\xa0\x81\xbf", "\\u{e0001}\\u{e007f}"},
      {"\x9b", "\\x9b"},
      {"\xc3", "\\xc3"},
      {"\xc0\xaf", "\\xc0\\xaf"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {"\xe2\x80x", "\\xe2\\x80x"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_clean(cases[i].in, strlen(cases[i].in), cases[i].want);
  assert_clean("a\0b", 3, "a\\x00b");
}

static size_t put_utf8(char *s, uint32_t c)
{
  size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};

  for (size_t i = n; i-- > 1; c >>= 6) s[i] = (char)(0x80 | (c & 0x3F));
  s[0] = (char)(lead[n] | c);
  return n;
}

/* Every code point there is: those of the list are changed, no other is. */
static void exactly_the_listed_code_points_are_hidden(void **state)
{
  int changed = 0;

  (void)state;
  for (uint32_t c = 0; c < 0x110000; c++) {
    char s[4];
    size_t n = put_utf8(s, c);
    tl_buf out = TL_BUF(64);
    bool bad = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0x61C ||
               c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
               (c >= 0x2066 && c <= 0x2069) || (c >= 0xE0000 && c <= 0xE007F) ||
               (c >= 0xD800 && c <= 0xDFFF);
    assert_int_equal(tl_clean(&out, s, n, NULL), TL_OK);
    if (bad == (out.len == n && memcmp(out.data, s, n) == 0))
      fail_msg("U+%04X became '%s'", (unsigned)c, out.data);
    changed += bad && !(c >= 0xD800 && c <= 0xDFFF);
    tl_buf_free(&out);
  }
  assert_int_equal(changed, 30 + 33 + 12 + 128);
}

static void growth_stays_within_what_the_header_says(void **state)
{
  char text[4096];
  tl_buf out = TL_BUF(sizeof text * TL_CLEAN_GROWTH);

  (void)state;
  memset(text, 0xFF, sizeof text);
  assert_int_equal(tl_clean(&out, text, sizeof text, NULL), TL_OK);
  assert_int_equal(out.len, sizeof text * TL_CLEAN_GROWTH);
  assert_int_equal(tl_clean(&out, "x", 1, NULL), TL_ELIMIT);
  tl_buf_free(&out);
}

static void a_character_split_over_pieces_is_waited_for(void **state)
{
  static const char text[] = "\xf0\x9f\x98\x80\xe2\x80\xae";
  size_t left;
  tl_buf out = TL_BUF(100);

  (void)state;
  for (size_t n = 1; n <= 3; n++) {
    assert_int_equal(tl_clean(&out, text, n, &left), TL_OK);
    assert_int_equal(left, n);
  }
  assert_int_equal(out.len, 0);
  assert_int_equal(tl_clean(&out, text, 6, &left), TL_OK);
  assert_int_equal(left, 2);
  assert_int_equal(tl_clean(&out, "\xe2x", 2, &left), TL_OK);
  assert_int_equal(left, 0);
  assert_string_equal(out.data, "\xf0\x9f\x98\x80\\xe2x");
  tl_buf_free(&out);
}

static void a_line_is_cut_between_characters(void **state)
{
  static const char wide[] = "a\xe6\x97\xa5\xe6\x9c\xac";

  (void)state;
  assert_int_equal(tl_clean_cut("hello", 5, 3), 3);
  assert_int_equal(tl_clean_cut("hello", 5, 9), 5);
  assert_int_equal(tl_clean_cut(wide, 7, 5), 7);
  assert_int_equal(tl_clean_cut(wide, 7, 4), 4);
  assert_int_equal(tl_clean_cut(wide, 7, 0), 0);
}

/* --- a terminal ------------------------------------------------------------------------------- */

static int master, terminal; /* both ends of a pseudo-terminal, without any processing */
static int kept[3];          /* the descriptors of the test program itself */
static char heard[1 << 16];

static void use(int fd, int as)
{
  assert_int_equal(dup2(fd, as), as);
}

static int setup(void **state)
{
  struct termios raw;
  struct winsize size = {.ws_row = 24, .ws_col = 20};

  (void)state;
  tl_ignore_signals();
  (void)setenv("TERM", "xterm", 1);
  master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return -1;
  terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
  if (terminal < 0 || tcgetattr(terminal, &raw) != 0) return -1;
  cfmakeraw(&raw);
  (void)tcsetattr(terminal, TCSANOW, &raw);
  (void)ioctl(terminal, TIOCSWINSZ, &size);
  for (int i = 0; i < 3; i++) kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
  return 0;
}

static void restore(void)
{
  for (int i = 0; i < 3; i++) (void)dup2(kept[i], i);
}

static int teardown(void **state)
{
  (void)state;
  restore();
  for (int i = 0; i < 3; i++) (void)close(kept[i]);
  (void)close(master);
  (void)close(terminal);
  tl_talk_quiet(false);
  tl_talk_force_stream(false);
  return 0;
}

/* What came out at fd since the last time. */
static const char *hear(int fd)
{
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  size_t len = 0;

  while (poll(&ready, 1, 20) > 0 && (ready.revents & POLLIN)) {
    ssize_t n = read(fd, heard + len, sizeof heard - 1 - len);
    if (n <= 0) break;
    len += (size_t)n;
  }
  heard[len] = '\0';
  return heard;
}

static tl_call last;

static int tell_styled(tl_prim *prim, const char *text, tl_val styled)
{
  tl_val args[2] = {tl_str(text), styled};
  int rc;

  tl_free(&last.out);
  last = (tl_call){.args = args};
  rc = prim(&last);
  tl_free(&args[0]);
  return rc;
}

static int tell(tl_prim *prim, const char *text)
{
  return tell_styled(prim, text, tl_nil());
}

static int progress(int64_t at, int64_t total, const char *label)
{
  tl_val args[3] = {tl_int(at), tl_int(total), label ? tl_str(label) : tl_nil()};
  int rc;

  tl_free(&last.out);
  last = (tl_call){.args = args};
  rc = prim_talk_progress(&last);
  tl_free(&args[2]);
  return rc;
}

static void talk_is_cleaned_on_a_terminal_and_off_it(void **state)
{
  int p[2];

  (void)state;
  use(terminal, 2);
  assert_int_equal(tell(prim_talk_say, "\x1b[2Jhi"), TL_OK);
  assert_string_equal(hear(master), "\\x1b[2Jhi\n");
  assert_int_equal(tell(prim_talk_stream, "a\x1b]8;;x"), TL_OK);
  assert_string_equal(hear(master), "a\\x1b]8;;x");
  assert_int_equal(tell(prim_term_err, "\x07"), TL_OK);
  assert_string_equal(hear(master), "\n\\x07"); /* the stream's line is ended first */
  assert_int_equal(pipe(p), 0);
  use(p[1], 2);
  assert_int_equal(tell(prim_talk_say, "\x1b"), TL_OK);
  assert_string_equal(hear(p[0]), "\\x1b\n");
  (void)close(p[0]);
  (void)close(p[1]);
}

static void colours_pass_where_they_are_announced_and_nothing_else_does(void **state)
{
  static const struct {
    const char *text, *shown;
  } rows[] = {
      {"\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"},
      {"\x1b[1;31mx\x1b[m", "\x1b[1;31mx\x1b[m"},
      {"\x1b[2Jx", "\\x1b[2Jx"},
      {"\x1b", "\\x1b"},
      {"\x1b[", "\\x1b["},
      {"\x1b[31", "\\x1b[31"},
      {"a\x1b\x1b[0m\x1b]8;;x\x07", "a\\x1b\x1b[0m\\x1b]8;;x\\x07"},
  };

  (void)state;
  use(terminal, 2);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(tell_styled(prim_term_err, rows[i].text, tl_bool(true)), TL_OK);
    assert_string_equal(hear(master), rows[i].shown);
  }
  assert_int_equal(tell_styled(prim_term_err, "\x1b[0m", tl_bool(false)), TL_OK);
  assert_string_equal(hear(master), "\\x1b[0m");
  use(terminal, 1);
  assert_int_equal(tell_styled(prim_term_out, "\x1b[0m\x1b[2J", tl_bool(true)), TL_OK);
  restore();
  assert_string_equal(hear(master), "\x1b[0m\\x1b[2J");
}

static void results_are_raw_off_a_terminal_and_cleaned_on_it(void **state)
{
  int p[2];

  (void)state;
  use(terminal, 1);
  assert_int_equal(tell(prim_term_out, "\x1b[31m\n"), TL_OK);
  restore();
  assert_string_equal(hear(master), "\\x1b[31m\n");
  assert_int_equal(pipe(p), 0);
  use(p[1], 1);
  assert_int_equal(tell(prim_term_out, "\x1b[31m\xff"), TL_OK);
  restore();
  assert_string_equal(hear(p[0]), "\x1b[31m\xff");
  (void)close(p[0]);
  (void)close(p[1]);
}

static void results_that_cannot_be_written_are_an_error(void **state)
{
  int full = open("/dev/full", O_WRONLY), p[2], rc[3];

  (void)state;
  assert_int_equal(pipe(p), 0);
  (void)close(p[0]);
  use(full, 1);
  rc[0] = tell(prim_term_out, "x");
  use(p[1], 1); /* SIGPIPE is ignored, or this would be the end */
  rc[1] = tell(prim_term_out, "x");
  (void)close(1);
  rc[2] = tell(prim_term_out, "x");
  restore();
  for (int i = 0; i < 3; i++) assert_int_equal(rc[i], TL_EIO);
  (void)close(full);
  (void)close(p[1]);
}

static void talk_that_nobody_hears_is_no_error(void **state)
{
  int p[2], rc[3];

  (void)state;
  assert_int_equal(pipe(p), 0);
  (void)close(p[0]);
  use(p[1], 2);
  rc[0] = tell(prim_talk_say, "x");
  rc[1] = tell(prim_term_err, "x");
  (void)close(2);
  rc[2] = tell(prim_talk_say, "x");
  restore();
  for (int i = 0; i < 3; i++) assert_int_equal(rc[i], TL_OK);
  (void)close(p[1]);
}

/* A pipe that takes 4 KiB at a time and says EAGAIN in between. */
static void a_slow_reader_gets_every_byte(void **state)
{
  int p[2], status;
  pid_t reader;
  char *text = tl_alloc(1000001);

  (void)state;
  memset(text, 'x', 1000000);
  text[1000000] = '\0';
  assert_int_equal(pipe2(p, O_NONBLOCK), 0);
  reader = fork();
  if (reader == 0) {
    size_t total = 0;
    ssize_t n;
    (void)close(p[1]);
    (void)fcntl(p[0], F_SETFL, 0);
    while ((n = read(p[0], heard, 4096)) > 0) total += (size_t)n;
    _exit(total == 1000000 ? 0 : 1);
  }
  (void)close(p[0]);
  use(p[1], 1);
  assert_int_equal(tell(prim_term_out, text), TL_OK);
  restore();
  (void)close(p[1]);
  (void)waitpid(reader, &status, 0);
  assert_int_equal(status, 0);
  free(text);
}

static void a_stream_is_for_terminals_unless_forced(void **state)
{
  int p[2];

  (void)state;
  assert_int_equal(pipe(p), 0);
  use(p[1], 2);
  assert_int_equal(tell(prim_talk_stream, "x"), TL_OK);
  assert_string_equal(hear(p[0]), "");
  tl_talk_force_stream(true);
  assert_int_equal(tell(prim_talk_stream, "y\n"), TL_OK);
  assert_string_equal(hear(p[0]), "y\n");
  (void)close(p[0]);
  (void)close(p[1]);
}

static void a_stream_joins_characters_and_ends_its_line(void **state)
{
  (void)state;
  use(terminal, 2);
  assert_int_equal(tell(prim_talk_stream, "caf\xc3"), TL_OK);
  assert_string_equal(hear(master), "caf");
  assert_int_equal(tell(prim_talk_stream, "\xa9"), TL_OK);
  assert_string_equal(hear(master), "\xc3\xa9");
  assert_int_equal(tell(prim_talk_stream, "\xe2"), TL_OK);
  assert_int_equal(tell(prim_talk_say, "next"), TL_OK);
  assert_string_equal(hear(master), "\\xe2\nnext\n");
  tl_talk_end();
  assert_string_equal(hear(master), "");
}

static void quiet_silences_talk_and_not_errors(void **state)
{
  (void)state;
  use(terminal, 2);
  tl_talk_quiet(true);
  assert_int_equal(tell(prim_talk_say, "x"), TL_OK);
  assert_int_equal(tell(prim_talk_stream, "x"), TL_OK);
  assert_int_equal(progress(1, 1, "x"), TL_OK);
  assert_string_equal(hear(master), "");
  assert_int_equal(tell(prim_term_err, "error\n"), TL_OK);
  assert_string_equal(hear(master), "error\n");
}

static void progress_is_one_line_that_is_redrawn_and_erased(void **state)
{
  (void)state;
  use(terminal, 2);
  assert_int_equal(progress(1, 20, "a\x1b\nb"), TL_OK);
  assert_int_equal(progress(2, 20, "soon"), TL_OK); /* within 50 ms: not drawn */
  assert_string_equal(hear(master), "[1/20] a\\x1b b");
  (void)usleep(60000);
  assert_int_equal(progress(3, 20, "a label that is too long for twenty columns"), TL_OK);
  assert_string_equal(hear(master), "\r\x1b[K[3/20] a label that"); /* 19 columns */
  assert_int_equal(tell(prim_talk_say, "word"), TL_OK);
  assert_string_equal(hear(master), "\r\x1b[Kword\n");
  (void)usleep(60000);
  assert_int_equal(progress(4, 0, NULL), TL_OK);
  assert_string_equal(hear(master), "[4]");
  assert_int_equal(progress(20, 20, "end"), TL_OK);
  assert_string_equal(hear(master), "\r\x1b[K");
  tl_talk_end();
  assert_string_equal(hear(master), "");
}

static void progress_off_a_terminal_is_rare_and_plain(void **state)
{
  int p[2];

  (void)state;
  assert_int_equal(pipe(p), 0);
  for (int dumb = 0; dumb < 2; dumb++) {
    use(dumb ? terminal : p[1], 2);
    (void)setenv("TERM", dumb ? "dumb" : "xterm", 1);
    for (int i = 1; i <= 5; i++) assert_int_equal(progress(i, 5, "x"), TL_OK);
    assert_string_equal(hear(dumb ? master : p[0]), "[5/5] x\n");
  }
  (void)close(p[0]);
  (void)close(p[1]);
}

static void progress_refuses_negative_numbers(void **state)
{
  (void)state;
  assert_int_equal(progress(-1, 5, NULL), TL_EARGUMENT);
  assert_non_null(strstr(last.err.msg, "done must"));
  assert_int_equal(progress(1, INT64_MIN, NULL), TL_EARGUMENT);
  assert_non_null(strstr(last.err.msg, "total must"));
}

static void ask_needs_a_terminal_on_both_sides(void **state)
{
  int p[2], rc;

  (void)state;
  assert_int_equal(pipe(p), 0);
  assert_int_equal(write(p[1], "yes\n", 4), 4);
  use(terminal, 2);
  use(p[0], 0);
  rc = tell(prim_term_ask, "sure? ");
  restore();
  assert_int_equal(rc, TL_OK);
  assert_int_equal(last.out.type, TL_NIL);
  assert_string_equal(hear(master), "");
  use(terminal, 0);
  use(p[1], 2);
  rc = tell(prim_term_ask, "sure? ");
  restore();
  assert_int_equal(rc, TL_OK);
  assert_int_equal(last.out.type, TL_NIL);
  (void)close(p[0]);
  (void)close(p[1]);
}

static void ask_takes_the_answer_and_not_what_was_typed_before(void **state)
{
  pid_t typist;
  int status;

  (void)state;
  assert_int_equal(write(master, "y\n", 2), 2); /* ahead of the question */
  (void)usleep(20000);
  typist = fork();
  if (typist == 0) {
    struct pollfd ready = {.fd = master, .events = POLLIN};
    char question[64];
    (void)poll(&ready, 1, 5000);
    _exit(read(master, question, sizeof question) > 0 && write(master, "no \n", 4) == 4 ? 0 : 1);
  }
  use(terminal, 0);
  use(terminal, 2);
  assert_int_equal(tell(prim_term_ask, "\x1b[8m? "), TL_OK);
  restore();
  (void)waitpid(typist, &status, 0);
  assert_int_equal(status, 0);
  assert_string_equal(last.out.u.s.data, "no ");
}

static void info_tells_what_is_a_terminal(void **state)
{
  int null = open("/dev/null", O_RDWR);

  (void)state;
  use(terminal, 2);
  use(null, 0);
  assert_int_equal(tell(prim_term_info, ""), TL_OK);
  restore();
  assert_true(tl_get_bool(&last.out, "stderr", false));
  assert_false(tl_get_bool(&last.out, "stdin", true));
  assert_int_equal(tl_get_int(&last.out, "columns", 0), 20);
  (void)close(null);
}

/* A run's file must not get the number 1 and then be written to as standard output. */
static void closed_standard_descriptors_are_taken(void **state)
{
  int status;
  pid_t child = fork();

  (void)state;
  if (child == 0) {
    int fd;
    for (int i = 0; i < 3; i++) (void)close(i);
    tl_term_start();
    fd = open("/dev/null", O_RDWR);
    _exit(fd > 2 && tell(prim_term_out, "x") == TL_EIO && read(0, heard, 1) < 0 ? 0 : 1);
  }
  (void)waitpid(child, &status, 0);
  assert_int_equal(status, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_text_stays_as_it_is),
      cmocka_unit_test(what_drives_a_terminal_is_shown_as_escapes),
      cmocka_unit_test(exactly_the_listed_code_points_are_hidden),
      cmocka_unit_test(growth_stays_within_what_the_header_says),
      cmocka_unit_test(a_character_split_over_pieces_is_waited_for),
      cmocka_unit_test(a_line_is_cut_between_characters),
      TEST(talk_is_cleaned_on_a_terminal_and_off_it),
      TEST(colours_pass_where_they_are_announced_and_nothing_else_does),
      TEST(results_are_raw_off_a_terminal_and_cleaned_on_it),
      TEST(results_that_cannot_be_written_are_an_error),
      TEST(talk_that_nobody_hears_is_no_error),
      TEST(a_slow_reader_gets_every_byte),
      TEST(a_stream_is_for_terminals_unless_forced),
      TEST(a_stream_joins_characters_and_ends_its_line),
      TEST(quiet_silences_talk_and_not_errors),
      TEST(progress_is_one_line_that_is_redrawn_and_erased),
      TEST(progress_off_a_terminal_is_rare_and_plain),
      TEST(progress_refuses_negative_numbers),
      TEST(ask_needs_a_terminal_on_both_sides),
      TEST(ask_takes_the_answer_and_not_what_was_typed_before),
      TEST(info_tells_what_is_a_terminal),
      TEST(closed_standard_descriptors_are_taken),
  };

  return cmocka_run_group_tests_name("term", tests, NULL, NULL);
}
