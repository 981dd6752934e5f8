#include "err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static const struct {
  int code;
  int exit_code;
  const char *name;
  const char *help;
} codes[] = {
#define ERR(name, number, exit_code, help) {-(number), exit_code, #name, help},
#include "err.def"
#undef ERR
};

enum { CODES = sizeof codes / sizeof *codes };

/* Keeps a message to one harmless line: whatever a file name or a server put into it, it can
 * neither break a line, move the cursor of a terminal nor stop the record from being UTF-8. */
static void make_plain(char *msg, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)msg[i];
    if (c == '\n' || c == '\t') msg[i] = ' ';
    else if (c < 0x20 || c == 0x7F) msg[i] = '?';
    else if (c == 0xC2 && i + 1 < len && (unsigned char)msg[i + 1] < 0xA0) /* U+0080 to U+009F */
      msg[i] = msg[i + 1] = '?';
  }
  for (size_t at = tl_utf8_valid(msg, len); at < len; at += tl_utf8_valid(msg + at, len - at))
    msg[at] = '?';
}

/* Shortens to `len` bytes or up to three fewer, so that no character is cut in two. */
static size_t cut(const char *msg, size_t len)
{
  while (len > 0 && ((unsigned char)msg[len] & 0xC0) == 0x80) len--;
  return len;
}

/* The formatted text and `tail`; what is too long is cut from the text, since the tail says why. */
static __attribute__((format(printf, 4, 0))) void set(tl_err *e, int code, const char *tail,
                                                      const char *fmt, va_list ap)
{
  char text[TL_ERR_MAX + 4]; /* a character more than fits: cut() looks at the byte behind */
  size_t tail_len = strnlen(tail, TL_ERR_MAX / 2), room = TL_ERR_MAX - 1 - tail_len;
  int n = vsnprintf(text, sizeof text, fmt, ap);
  size_t len = n < 0 ? 0 : (size_t)n;

  if (len > room) len = cut(text, room);
  memcpy(e->msg, text, len);
  memcpy(e->msg + len, tail, tail_len);
  len += tail_len;
  e->msg[len] = '\0';
  e->code = code;
  make_plain(e->msg, len);
}

int tl_fail(tl_err *e, int code, const char *fmt, ...)
{
  va_list ap;

  if (e) {
    va_start(ap, fmt);
    set(e, code, "", fmt, ap);
    va_end(ap);
  }
  return code;
}

static int code_of_errno(int err)
{
  static const struct {
    int err, code;
  } rows[] = {
      {ENOENT, TL_ENOT_FOUND},     {ENOTDIR, TL_ENOT_FOUND},      {ENOSPC, TL_ESTORAGE},
      {EDQUOT, TL_ESTORAGE},       {EROFS, TL_ESTORAGE},          {EFBIG, TL_ESTORAGE},
      {ELOOP, TL_EREFUSED}, /* openat2: a link in the way; EXDEV: a way out */
      {EXDEV, TL_EREFUSED},        {EEXIST, TL_EEXISTS},          {ENOTEMPTY, TL_EEXISTS},
      {EINVAL, TL_EARGUMENT},      {ENAMETOOLONG, TL_EARGUMENT},  {EISDIR, TL_EARGUMENT},
      {EMFILE, TL_ELIMIT},         {ENFILE, TL_ELIMIT},           {E2BIG, TL_ELIMIT},
      {EAGAIN, TL_ELIMIT},         {ENOMEM, TL_ENO_MEMORY},       {EINTR, TL_EINTERRUPTED},
      {ENOSYS, TL_EUNSUPPORTED},   {EOPNOTSUPP, TL_EUNSUPPORTED}, {ETIMEDOUT, TL_ETIMEOUT},
      {ECONNREFUSED, TL_ENETWORK}, {ECONNRESET, TL_ENETWORK},     {ECONNABORTED, TL_ENETWORK},
      {EHOSTUNREACH, TL_ENETWORK}, {ENETUNREACH, TL_ENETWORK},
  };

  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].err == err) return rows[i].code;
  return TL_EIO;
}

int tl_fail_errno(tl_err *e, int err, const char *fmt, ...)
{
  int code = code_of_errno(err);
  va_list ap;

  if (e) {
    char why[128];
    (void)snprintf(why, sizeof why, ": %s", strerror(err));
    va_start(ap, fmt);
    set(e, code, why, fmt, ap);
    va_end(ap);
  }
  return code;
}

/* Index of a code in the table; BUG, the last row, for a code that is not there. */
static size_t row_of(int code)
{
  size_t i = 0;

  while (i < CODES - 1 && codes[i].code != code) i++;
  return i;
}

const char *tl_code_name(int code)
{
  return code == TL_OK ? "OK" : codes[row_of(code)].name;
}

int tl_code_of(const char *name)
{
  for (size_t i = 0; i < CODES; i++)
    if (strcmp(codes[i].name, name) == 0) return codes[i].code;
  return TL_EBUG;
}

int tl_code_exit(int code)
{
  return code == TL_OK ? 0 : codes[row_of(code)].exit_code;
}

const char *tl_code_help(int code)
{
  return code == TL_OK ? "no error" : codes[row_of(code)].help;
}

void tl_bug(const char *file, int line, const char *what)
{
  (void)fprintf(stderr, "tlab: a fault in tlab itself at %s:%d: %s\n", file, line, what);
  _Exit(codes[CODES - 1].exit_code);
}
