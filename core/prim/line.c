#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <wchar.h>

#include "../base/clean.h"
#include "../base/json.h"
#include "lazy.h"
#include "term.h"

enum { HISTORY_MOST = 1000, LISTED_MOST = 200, REPLACEMENT = 0xFFFD };
enum { CTRL_C = 3, CTRL_Z = 26 };

/* Bracketed paste (xterm's control sequences): the terminal puts marks around what is pasted. */
#define PASTE_ON "\x1b[?2004h"
#define PASTE_OFF "\x1b[?2004l"
#define PASTE_BEGIN "\x1b[200~"
#define PASTE_END "\x1b[201~"

#define FUNCTIONS(X) \
  X(el_init) \
  X(el_set) \
  X(el_gets) \
  X(el_line) X(el_insertstr) X(el_deletestr) X(el_push) X(el_resize) X(history_init) X(history)

static struct {
  TL_LAZY_FIELDS(FUNCTIONS)
} edit;

/* One editor for the life of the process: there is one terminal. */
static struct {
  EditLine *el; /* NULL before the first line, and where there is none to be had */
  FILE *screen; /* standard error, with a buffer: libedit writes byte by byte */
  History *history;
  locale_t utf8;
  const tl_line *line; /* the one being typed */
  int signals;
  int came; /* the signal that ended it, 0: none */
  bool tried;
  tl_buf pasted;  /* lines of it that are still to come */
  tl_buf ahead;   /* read and not yet typed, or, without the editor, not yet a line … */
  size_t scanned; /* … and this much of it has no line break */
  bool ended;
} now;

/* --- signals ----------------------------------------------------------------------------------- */

static void the_signals(sigset_t *set)
{
  (void)sigemptyset(set);
  (void)sigaddset(set, SIGINT);
  (void)sigaddset(set, SIGTERM);
  (void)sigaddset(set, SIGHUP);
  (void)sigaddset(set, SIGWINCH);
}

/* Waits for a byte; false when a signal came instead. A terminal of another size is drawn anew. */
static bool wait_byte(void)
{
  struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                         {.fd = now.signals, .events = POLLIN}};
  for (;;) {
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return true; /* read(2) says what is wrong */
    struct signalfd_siginfo info;
    while (read(now.signals, &info, sizeof info) == (ssize_t)sizeof info) {
      if (info.ssi_signo != SIGWINCH) {
        now.came = (int)info.ssi_signo;
        return false;
      }
      if (now.el) edit.el_resize(now.el);
    }
    if (fds[0].revents) return true;
  }
}

/* --- typing ------------------------------------------------------------------------------------ */

/* Reads on behind `ahead`: false when there is no more, or a signal came. */
static bool read_ahead(void)
{
  char chunk[65536];
  now.ahead.max = TL_LINE_MOST;
  while (wait_byte()) {
    ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) now.came = SIGHUP;
    return n > 0 && tl_buf_add(&now.ahead, chunk, (size_t)n) == TL_OK;
  }
  return false;
}

/* Ctrl-Z: all of this terminal's job stops, as a shell expects. What was typed is shown anew later. */
static void stop_here(EditLine *el)
{
  (void)edit.el_set(el, EL_PREP_TERM, 0);
  tl_talk_raw(PASTE_OFF, strlen(PASTE_OFF));
  (void)kill(0, SIGTSTP);
  tl_talk_raw(PASTE_ON, strlen(PASTE_ON));
  (void)edit.el_set(el, EL_PREP_TERM, 1);
  (void)edit.el_set(el, EL_REFRESH);
}

/* Neither is a signal while a line is typed: in what is pasted they are characters. */
static bool is_signal(EditLine *el, char byte)
{
  if (byte == CTRL_C) now.came = SIGINT;
  else if (byte == CTRL_Z) stop_here(el);
  return byte == CTRL_C || byte == CTRL_Z;
}

/* The next byte: as type_char. */
static int type_byte(char *byte)
{
  ssize_t n;
  if (now.ahead.len > 0) {
    *byte = now.ahead.data[0];
    tl_buf_shift(&now.ahead, 1);
    return 1;
  }
  do {
    if (!wait_byte()) return -1;
    n = read(STDIN_FILENO, byte, 1);
  } while (n < 0 && (errno == EINTR || errno == EAGAIN));
  if (n <= 0) now.came = SIGHUP; /* Ctrl-D is a key here */
  return (int)n;
}

/* As el_rfunc_t: 1 with a character, otherwise a signal came or the terminal is gone. */
static int type_char(EditLine *el, wchar_t *c)
{
  mbstate_t state = {0};
  for (;;) {
    char byte;
    int n = type_byte(&byte);
    if (n <= 0) return n;
    if (is_signal(el, byte)) {
      if (now.came) return -1;
      continue;
    }
    size_t took = mbrtowc(c, &byte, 1, &state);
    if (took == (size_t)-2) continue; /* the beginning of a character */
    if (took == (size_t)-1) *c = REPLACEMENT;
    if (took != 0) return 1; /* a NUL says nothing */
  }
}

static char *show_prompt(EditLine *el)
{
  (void)el;
  return (char *)(uintptr_t)now.line->prompt; /* libedit reads it only */
}

/* --- pasting ----------------------------------------------------------------------------------- */

/* Takes what was pasted out of `ahead`, with the terminal's line ends as newlines and as plain text. */
static bool take_paste(void)
{
  char *end;
  while (!(end = now.ahead.len ? memmem(now.ahead.data, now.ahead.len, PASTE_END, 6) : NULL))
    if (!read_ahead()) return false;
  size_t len = (size_t)(end - now.ahead.data);
  now.pasted = TL_BUF(len * 3);
  for (size_t i = 0; i < len;) {
    size_t whole = tl_utf8_valid(now.ahead.data + i, len - i);
    for (size_t k = i; k < i + whole; k++) {
      char c = now.ahead.data[k];
      bool ends = c == '\n' && k > 0 && now.ahead.data[k - 1] == '\r'; /* it did already */
      if (c != '\0' && !ends) (void)tl_buf_byte(&now.pasted, c == '\r' ? '\n' : c);
    }
    i += whole;
    if (i < len) (void)tl_buf_str(&now.pasted, "\xef\xbf\xbd"); /* U+FFFD */
    if (i < len) i++;
  }
  tl_buf_shift(&now.ahead, len + strlen(PASTE_END));
  return true;
}

/* The key that a paste begins with: puts its first line into the line, as it is. Tabs complete nothing
 * there, and escape sequences are no keys. Its other lines are those that are typed next. */
static unsigned char paste(EditLine *el, int key)
{
  (void)key;
  if (now.pasted.len == 0 && !take_paste()) return CC_EOF;
  size_t len = strcspn(now.pasted.len ? now.pasted.data : "", "\n");
  bool whole = len < now.pasted.len;
  int rc = 0;
  if (whole) now.pasted.data[len] = '\0';
  if (len > 0) rc = edit.el_insertstr(el, now.pasted.data);
  tl_buf_shift(&now.pasted, len + whole);
  if (now.pasted.len == 0) tl_buf_free(&now.pasted);
  if (whole) edit.el_push(el, "\n");
  return rc < 0 ? CC_ERROR : CC_REFRESH;
}

/* --- completion -------------------------------------------------------------------------------- */

static bool is_plain(const char *word)
{
  for (const unsigned char *c = (const unsigned char *)word; *c; c++)
    if (*c < ' ' || *c == 0x7F) return false;
  return *word != '\0';
}

/* Length of the beginning that all plain words share, in whole characters. */
static size_t common(const tl_line_words *found, const char **first, size_t *plain)
{
  size_t len = 0;
  *plain = 0;
  for (size_t i = 0; i < found->n; i++) {
    const char *word = found->words[i];
    if (!is_plain(word)) continue;
    if ((*plain)++ == 0) {
      *first = word;
      len = strlen(word);
      continue;
    }
    size_t same = 0;
    while (same < len && (*first)[same] == word[same]) same++;
    len = same;
  }
  while (*plain && len > 0 && ((unsigned char)(*first)[len] & 0xC0) == 0x80) len--;
  return len;
}

/* All words below the line, none broken by the terminal's edge; the prompt anew after them. */
static void list(const tl_line_words *found)
{
  tl_buf text = TL_BUF(1u << 20);
  size_t shown = 0, used = 0, wide = (size_t)tl_term_columns();
  (void)tl_buf_add(&text, "\n", 1);
  for (size_t i = 0; i < found->n && shown < LISTED_MOST; i++) {
    size_t len = strlen(found->words[i]);
    if (!is_plain(found->words[i])) continue;
    bool fits = shown > 0 && used + 2 + len < wide;
    if (shown++) (void)tl_buf_str(&text, fits ? "  " : "\n");
    used = (fits ? used + 2 : 0) + len;
    (void)tl_clean(&text, found->words[i], len, NULL);
  }
  if (shown == LISTED_MOST) (void)tl_buf_add(&text, "  ...", 5);
  (void)tl_buf_add(&text, "\n", 1);
  (void)fflush(now.screen);
  tl_talk_raw(text.data, text.len);
  tl_buf_free(&text);
}

static unsigned char complete(EditLine *el, int key)
{
  const LineInfo *at = edit.el_line(el);
  size_t len = (size_t)(at->lastchar - at->buffer), cursor = (size_t)(at->cursor - at->buffer);
  tl_line_words found = {0};
  const char *first = NULL;
  size_t plain = 0, same;
  (void)key;
  if (!now.line->complete) return CC_ERROR;
  char *line = strndup(at->buffer, len);
  if (!line) return CC_ERROR;
  now.line->complete(now.line->ud, line, cursor, &found);
  same = found.from <= cursor ? common(&found, &first, &plain) : 0;
  size_t typed = cursor - (found.from <= cursor ? found.from : cursor), chars = 0;
  bool longer = plain && (same > typed || strncmp(first, line + found.from, same) != 0);
  for (size_t i = cursor - typed; i < cursor; i++) chars += ((unsigned char)line[i] & 0xC0) != 0x80;
  free(line);
  if (plain == 0) return CC_ERROR;
  if (!longer && plain > 1) {
    list(&found);
    return CC_REDISPLAY;
  }
  char *text = strndup(first, same);
  if (!text) return CC_ERROR;
  edit.el_deletestr(el, (int)chars);
  int rc = edit.el_insertstr(el, text);
  free(text);
  return rc < 0 ? CC_ERROR : CC_REFRESH;
}

/* --- the editor -------------------------------------------------------------------------------- */

static bool is_smart(void)
{
  const char *kind = getenv("TERM");
  return kind && *kind && strcmp(kind, "dumb") != 0;
}

static void set_up(EditLine *el)
{
  HistEvent event;
  now.history = edit.history_init();
  (void)edit.el_set(el, EL_PROMPT, show_prompt);
  (void)edit.el_set(el, EL_EDITOR, "emacs");
  (void)edit.el_set(el, EL_SIGNAL, 0);
  (void)edit.el_set(el, EL_GETCFN, type_char);
  (void)edit.el_set(el, EL_ADDFN, "tlab-complete", "complete what stands before the cursor",
                    complete);
  (void)edit.el_set(el, EL_BIND, "^I", "tlab-complete", NULL);
  (void)edit.el_set(el, EL_BIND, "^R", "em-inc-search-prev", NULL);
  (void)edit.el_set(el, EL_BIND, "^W", "ed-delete-prev-word", NULL);
  (void)edit.el_set(el, EL_ADDFN, "tlab-paste", "take what is pasted", paste);
  (void)edit.el_set(el, EL_BIND, PASTE_BEGIN, "tlab-paste", NULL);
  (void)edit.el_set(el, EL_SETTY, "-d", "-isig", NULL);
  if (!now.history) return;
  (void)edit.history(now.history, &event, H_SETSIZE, HISTORY_MOST);
  (void)edit.history(now.history, &event, H_SETUNIQUE, 1);
  (void)edit.el_set(el, EL_HIST, edit.history, now.history);
}

/* Opens the editor once. Without libedit, or on a terminal that cannot move its cursor, lines are read as
 * the terminal gives them. */
static void open_editor(void)
{
  static const tl_lazy_name names[] = {TL_LAZY_NAMES(FUNCTIONS)};
  tl_err e;
  if (now.tried) return;
  now.tried = true;
  now.utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  if (!is_smart() || !now.utf8 || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) ||
      tl_lazy_open(TL_LIBEDIT, names, sizeof names / sizeof *names, &edit, &e) < 0)
    return;
  int screen = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  now.screen = screen >= 0 ? fdopen(screen, "w") : NULL;
  if (!now.screen) return;
  locale_t before = uselocale(now.utf8);
  now.el = edit.el_init("tlab", stdin, now.screen, now.screen);
  if (now.el) set_up(now.el);
  (void)uselocale(before);
}

/* libedit takes its characters from the locale, which is C everywhere else. */
static int edit_line(tl_buf *out, tl_line_end *how, tl_err *e)
{
  int len = 0, rc = TL_OK;
  locale_t before = uselocale(now.utf8);
  /* Before the prompt, not after it as libedit has it: what is typed at once is no other mode's. */
  (void)edit.el_set(now.el, EL_PREP_TERM, 1);
  tl_talk_raw(PASTE_ON, strlen(PASTE_ON));
  if (now.pasted.len > 0) edit.el_push(now.el, PASTE_BEGIN);
  const char *text = edit.el_gets(now.el, &len);
  (void)uselocale(before);
  tl_talk_raw(PASTE_OFF, strlen(PASTE_OFF));
  /* libedit may see before type_char that the terminal is gone; Ctrl-D would be a line without length. */
  if (!text && len < 0 && !now.came) now.came = SIGHUP;
  if (!text || len <= 0 || now.came) {
    *how = TL_LINE_END;
    tl_buf_free(&now.pasted);
    tl_talk_raw("\n", 1);
    return TL_OK;
  }
  if (text[len - 1] == '\n') len--;
  if (tl_buf_add(out, text, (size_t)len) < 0)
    rc = tl_fail(e, TL_ELIMIT, "the line is longer than %d MiB", TL_LINE_MOST >> 20);
  return rc;
}

/* --- without it -------------------------------------------------------------------------------- */

/* Takes the first line of what was read ahead, or with `all` the rest; false when there is none. */
static bool take_line(tl_buf *out, bool all)
{
  size_t fresh = now.ahead.len - now.scanned;
  const char *end = fresh ? memchr(now.ahead.data + now.scanned, '\n', fresh) : NULL;
  now.scanned = end ? 0 : now.ahead.len;
  if (!end && !(all && now.ahead.len)) return false;
  size_t len = end ? (size_t)(end - now.ahead.data) : now.ahead.len;
  (void)tl_buf_add(out, now.ahead.data ? now.ahead.data : "", len);
  tl_buf_shift(&now.ahead, len + (end != NULL));
  now.scanned = 0;
  return true;
}

static int plain_line(tl_buf *out, tl_line_end *how, tl_err *e)
{
  char chunk[65536];
  if (isatty(STDIN_FILENO)) tl_talk_raw(now.line->prompt, strlen(now.line->prompt));
  now.ahead.max = TL_LINE_MOST;
  while (!take_line(out, now.ended)) {
    if (now.ended || !wait_byte()) {
      *how = TL_LINE_END;
      if (isatty(STDIN_FILENO)) tl_talk_raw("\n", 1); /* no Enter ended the line */
      return TL_OK;
    }
    ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0 && !isatty(STDIN_FILENO))
      return tl_fail(e, TL_EIO, "cannot read standard input: %s", strerror(errno));
    if (n < 0) now.came = SIGHUP;
    if (n <= 0) now.ended = true;
    else if (tl_buf_add(&now.ahead, chunk, (size_t)n) < 0)
      return tl_fail(e, TL_ELIMIT, "a line is longer than %d MiB", TL_LINE_MOST >> 20);
  }
  return TL_OK;
}

/* --- both -------------------------------------------------------------------------------------- */

int tl_line_read(const tl_line *line, tl_buf *out, tl_line_end *how, tl_err *e)
{
  sigset_t set, before;
  out->len = 0;
  *how = TL_LINE_TEXT;
  the_signals(&set);
  (void)sigprocmask(SIG_BLOCK, &set, &before);
  now.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  now.line = line;
  now.came = 0;
  tl_talk_end();
  open_editor();
  int rc = now.el ? edit_line(out, how, e) : plain_line(out, how, e);
  (void)close(now.signals);
  if (now.came == SIGINT && isatty(STDIN_FILENO)) *how = TL_LINE_INTERRUPTED;
  else if (now.came == SIGHUP) *how = TL_LINE_GONE;
  else if (now.came) (void)raise(now.came); /* blocked by whoever waits for signals: pending */
  if (*how == TL_LINE_GONE) {
    /* The kernel's own may come after the end of the input and says nothing new. Ignored alone it would
     * be kept: signal(7), a blocked one is. */
    (void)signal(SIGHUP, SIG_IGN);
    (void)sigdelset(&before, SIGHUP);
  }
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  return rc;
}

void tl_line_remember(const char *text)
{
  HistEvent event;
  open_editor();
  if (!now.history) return;
  locale_t before = uselocale(now.utf8);
  (void)edit.history(now.history, &event, H_ENTER, text);
  (void)uselocale(before);
}
