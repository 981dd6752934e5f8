/* talk.say, stream, progress; term.info, out, err, ask. Everything shown goes through tl_clean. */
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "../base/clean.h"
#include "loop.h"

enum {
  REDRAW_MS = 50,     /* the progress line, on a terminal */
  PLAIN_MS = 5000,    /* and off one */
  SAY_MAX = 65536,    /* bytes of one text on a terminal */
  COLUMNS = 80,       /* where nobody says otherwise */
  ANSWER_MOST = 4096, /* bytes of a line typed in */
  ASK_LOOK_MS = 100   /* how soon a signal is seen while a question waits */
};

static bool is_quiet, is_forced;

/* What stands unfinished on stderr. */
static struct {
  bool mid_line; /* of a stream */
  char carry[4]; /* the beginning of a character of a stream */
  size_t carried;
  bool bar;       /* the progress line is drawn */
  int64_t bar_at; /* when it was drawn last; 0: never */
} now;

/* --- writing ---------------------------------------------------------------------------------- */

/* All of it; a descriptor that somebody made non-blocking is waited for. -1 with errno. */
static int write_out(int fd, const char *data, size_t len)
{
  while (len > 0) {
    ssize_t n = write(fd, data, len);
    if (n < 0 && errno == EAGAIN) {
      struct pollfd ready = {.fd = fd, .events = POLLOUT};
      (void)poll(&ready, 1, -1);
    }
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return -1;
    data += n;
    len -= (size_t)n;
  }
  return 0;
}

void tl_talk_raw(const char *text, size_t len)
{
  (void)write_out(STDERR_FILENO, text, len);
}

/* Talk that nobody can hear is no reason to fail. Empties the buffer and frees it. */
static void show(tl_buf *text)
{
  tl_talk_raw(text->data, text->len);
  tl_buf_free(text);
}

static tl_buf room_for(size_t len)
{
  return TL_BUF(len * TL_CLEAN_GROWTH + 256);
}

static void clean(tl_buf *out, const char *text, size_t len, size_t *left)
{
  if (tl_clean(out, text, len, left) < 0) TL_BUG("cleaned text outgrew its room");
}

/* Bytes of the colour (ECMA-48 SGR: ESC [ digits and ; m) that text begins with, or 0. */
static size_t colour_len(const char *text, size_t len)
{
  size_t i = 2;

  if (len < 3 || text[0] != '\x1b' || text[1] != '[') return 0;
  while (i < len && ((text[i] >= '0' && text[i] <= '9') || text[i] == ';')) i++;
  return i < len && text[i] == 'm' ? i + 1 : 0;
}

/* As clean, but lets colours through: the command line puts them around text from outside, out of
 * which it has taken ESC itself. */
static void clean_styled(tl_buf *out, const char *text, size_t len)
{
  while (len > 0) {
    const char *esc = memchr(text, '\x1b', len);
    size_t before = esc ? (size_t)(esc - text) : len;
    size_t colour = esc ? colour_len(esc, len - before) : 0;
    size_t unknown = esc && colour == 0 ? 1 : 0;

    clean(out, text, before + unknown, NULL);
    if (colour > 0 && tl_buf_add(out, esc, colour) < 0) TL_BUG("coloured text outgrew its room");
    text += before + unknown + colour;
    len -= before + unknown + colour;
  }
}

/* The text of a call: cleaned, its colours kept if it says that it has some. */
static void clean_call(tl_buf *out, const tl_call *call)
{
  const tl_val *text = &call->args[0], *styled = &call->args[1];

  if (styled->type == TL_BOOL && styled->u.b) clean_styled(out, text->u.s.data, text->u.s.len);
  else clean(out, text->u.s.data, text->u.s.len, NULL);
}

static void add(tl_buf *out, const char *text)
{
  if (tl_buf_str(out, text) < 0) TL_BUG("a line outgrew its room");
}

static bool is_live(void)
{
  const char *term = getenv("TERM");

  return isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
}

int tl_term_columns(void)
{
  struct winsize size;

  for (int fd = STDERR_FILENO; fd >= STDIN_FILENO; fd--)
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return COLUMNS;
}

void tl_term_start(void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    /* The lowest free number is taken, which is fd. The wrong way round: each use is an error. */
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
      TL_BUG("no /dev/null");
}

/* --- talk ------------------------------------------------------------------------------------- */

void tl_talk_quiet(bool quiet)
{
  is_quiet = quiet;
}

void tl_talk_force_stream(bool force)
{
  is_forced = force;
}

/* Puts the end of what is unfinished in front of new text. */
static void finish(tl_buf *out)
{
  clean(out, now.carry, now.carried, NULL);
  if (now.mid_line || now.carried > 0) add(out, "\n");
  if (now.bar) add(out, "\r\x1b[K"); /* ECMA-48 EL: from the cursor to the end of the line */
  now.carried = 0;
  now.mid_line = now.bar = false;
}

void tl_talk_end(void)
{
  tl_buf out = room_for(sizeof now.carry);

  finish(&out);
  show(&out);
}

static int done(tl_call *call)
{
  call->out = tl_bool(true);
  return TL_OK;
}

/* How much of a text is shown: all of it, but to a person no more than can be looked at. What is
 * cut is cut between two characters. */
static size_t shown_len(const char *text, size_t len)
{
  size_t most = SAY_MAX;

  if (len <= most || !isatty(STDERR_FILENO)) return len;
  while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80) most--;
  return most > 0 ? most : SAY_MAX;
}

int prim_talk_say(tl_call *call)
{
  const tl_val *text = &call->args[0];
  size_t len = text->u.s.len, show_len = shown_len(text->u.s.data, len);
  tl_buf out = room_for(len);
  char more[96];

  if (is_quiet) return done(call);
  finish(&out);
  clean(&out, text->u.s.data, show_len, NULL);
  (void)snprintf(more, sizeof more, "… (%zu bytes more: run:write keeps them)", len - show_len);
  if (show_len < len) add(&out, more);
  add(&out, "\n");
  show(&out);
  return done(call);
}

int prim_talk_stream(tl_call *call)
{
  const tl_val *text = &call->args[0];
  tl_buf whole, out;
  size_t left;

  if (is_quiet || text->u.s.len == 0 || !(is_forced || isatty(STDERR_FILENO))) return done(call);
  whole = TL_BUF(now.carried + text->u.s.len);
  out = room_for(whole.max);
  (void)tl_buf_add(&whole, now.carry, now.carried); /* room for just so much */
  (void)tl_buf_add(&whole, text->u.s.data, text->u.s.len);
  now.carried = 0;
  if (now.bar) finish(&out);
  clean(&out, whole.data, whole.len, &left);
  memcpy(now.carry, whole.data + whole.len - left, left);
  now.carried = left;
  if (out.len > 0) now.mid_line = out.data[out.len - 1] != '\n';
  show(&out);
  tl_buf_free(&whole);
  return done(call);
}

/* "[12/200] label", on one line of at most `width` columns; 0: any. */
static void bar_text(tl_buf *out, const tl_call *call, size_t width)
{
  int64_t total = call->args[1].u.i;
  const tl_val *label = &call->args[2];
  size_t from = out->len;

  if (tl_buf_fmt(out, "[%lld", (long long)call->args[0].u.i) < 0 ||
      (total > 0 && tl_buf_fmt(out, "/%lld", (long long)total) < 0))
    TL_BUG("a progress line outgrew its room");
  add(out, "]");
  if (label->type == TL_STR && label->u.s.len > 0) {
    add(out, " ");
    clean(out, label->u.s.data, label->u.s.len, NULL);
  }
  for (char *c = out->data + from; *c; c++)
    if (*c == '\n' || *c == '\t') *c = ' ';
  if (width > 0) out->len = from + tl_clean_cut(out->data + from, out->len - from, width);
  out->data[out->len] = '\0';
}

/* On a terminal the bar in place of the last one; elsewhere a line now and then. */
static void show_progress(const tl_call *call, bool ended)
{
  tl_buf out = room_for(tl_len(&call->args[2]));
  if (is_live()) {
    finish(&out);
    now.bar = !ended;
    if (now.bar) /* the last column stays free: some terminals wrap as soon as it is taken */
      bar_text(&out, call, (size_t)tl_term_columns() - 1);
  } else if (ended || now.bar_at != 0) {
    bar_text(&out, call, 0);
    add(&out, "\n");
  }
  show(&out);
}

int prim_talk_progress(tl_call *call)
{
  int64_t at = call->args[0].u.i, total = call->args[1].u.i, ms = tl_clock_ms();
  if (at < 0 || total < 0)
    return tl_fail(&call->err, TL_EARGUMENT, "%s must not be negative", at < 0 ? "done" : "total");
  if (is_quiet) return done(call);
  bool ended = total > 0 && at >= total, live = is_live();
  bool early = now.bar_at != 0 && ms - now.bar_at < (live ? REDRAW_MS : PLAIN_MS);
  if ((live && now.mid_line) || (early && !ended)) return done(call);
  show_progress(call, ended);
  now.bar_at = ended ? 0 : ms;
  return done(call);
}

/* --- term ------------------------------------------------------------------------------------- */

int prim_term_info(tl_call *call)
{
  call->out = tl_map();
  tl_put(&call->out, "stdin", tl_bool(isatty(STDIN_FILENO)));
  tl_put(&call->out, "stdout", tl_bool(isatty(STDOUT_FILENO)));
  tl_put(&call->out, "stderr", tl_bool(isatty(STDERR_FILENO)));
  tl_put(&call->out, "columns", tl_int(tl_term_columns()));
  return TL_OK;
}

int prim_term_out(tl_call *call)
{
  const tl_val *text = &call->args[0];
  tl_buf out = room_for(text->u.s.len);
  int rc;

  if (isatty(STDOUT_FILENO)) {
    tl_talk_end();
    clean_call(&out, call);
    rc = write_out(STDOUT_FILENO, out.data, out.len);
  } else {
    rc = write_out(STDOUT_FILENO, text->u.s.data, text->u.s.len);
  }
  if (rc != 0)
    rc = tl_fail(&call->err, TL_EIO, "cannot write to standard output: %s", strerror(errno));
  tl_buf_free(&out);
  return rc < 0 ? rc : done(call);
}

int prim_term_err(tl_call *call)
{
  tl_buf out = room_for(call->args[0].u.s.len);

  finish(&out);
  clean_call(&out, call);
  show(&out);
  return done(call);
}

/* Waits for a byte. False when a signal came that is blocked, since a run in progress reads it: it is left
 * to the run. */
static bool await_byte(void)
{
  struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
  sigset_t pending;

  while (poll(&in, 1, ASK_LOOK_MS) == 0)
    if (sigpending(&pending) == 0 &&
        (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
         sigismember(&pending, SIGHUP) == 1))
      return false;
  return true;
}

/* One line of the terminal, byte by byte, so that nothing behind it is taken. */
static int read_line(tl_val *out, tl_err *e)
{
  char line[ANSWER_MOST];
  size_t len = 0;

  for (;;) {
    char c;
    if (!await_byte()) {
      tl_talk_raw("\n", 1); /* the terminal has shown ^C */
      return tl_fail(e, TL_EINTERRUPTED, "the question was not answered");
    }
    ssize_t n = read(STDIN_FILENO, &c, 1);
    if (n < 0)
      return errno == EINTR ? tl_fail(e, TL_EINTERRUPTED, "the question was not answered")
                            : tl_fail(e, TL_EIO, "cannot read the answer: %s", strerror(errno));
    if (n == 0 && len == 0) return TL_OK; /* end of file: no answer */
    if (n == 0 || c == '\n') {
      *out = tl_strn(line, len);
      return TL_OK;
    }
    if (len == sizeof line)
      return tl_fail(e, TL_ELIMIT, "the answer is longer than %d bytes", (int)sizeof line);
    line[len++] = c;
  }
}

int prim_term_ask(tl_call *call)
{
  const tl_val *question = &call->args[0];
  tl_buf out = room_for(question->u.s.len);

  if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) return TL_OK; /* out is nil */
  (void)tcflush(STDIN_FILENO, TCIFLUSH); /* what was typed before the question is no answer to it */
  finish(&out);
  clean(&out, question->u.s.data, question->u.s.len, NULL);
  show(&out);
  return read_line(&call->out, &call->err);
}
