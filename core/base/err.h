/* Errors as values: a stable code and one line of text, made once where the thing happened.
 *
 * Functions return 0, or the negative TL_E… code that they also put into *e. Callers pass it up
 * untouched. The codes and their names come from err.def and never change meaning. */
#ifndef TL_BASE_ERR_H
#define TL_BASE_ERR_H

#include <stdarg.h>

enum tl_code {
  TL_OK = 0,
#define ERR(name, number, exit_code, help) TL_E##name = -(number),
#include "err.def"
#undef ERR
};

/* Not an error: the call goes on, its answer comes later (core/prim/prim.h). */
#define TL_PENDING 1

enum { TL_ERR_MAX = 1024 };

typedef struct tl_err {
  int code;             /* TL_OK or TL_E… */
  char msg[TL_ERR_MAX]; /* one line, lower case first, no full stop, no newline */
} tl_err;

/* Sets *e and returns `code`, so that `return tl_fail(e, TL_EIO, …)` is the usual way out.
 * Text that does not fit is cut at a UTF-8 boundary. e may be NULL. */
int tl_fail(tl_err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As tl_fail with strerror(err) appended: "cannot open x: No such file or directory".
 * The code is chosen from err: ENOENT → NOT_FOUND, ENOSPC/EDQUOT/EROFS/EFBIG → STORAGE, … */
int tl_fail_errno(tl_err *e, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* "NOT_FOUND" for TL_ENOT_FOUND; "BUG" for anything unknown. Static storage. */
const char *tl_code_name(int code);
/* The code of a name, or TL_EBUG. */
int tl_code_of(const char *name);
/* The exit code that a command ends with because of this error (err.def). */
int tl_code_exit(int code);
/* One line about the code, for `tlab explain`. */
const char *tl_code_help(int code);

/* A state that cannot be: says where, ends the process with 70. */
_Noreturn void tl_bug(const char *file, int line, const char *what);
#define TL_BUG(what) tl_bug(__FILE__, __LINE__, what)

#endif
