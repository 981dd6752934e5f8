/* Lines that a person types. On a terminal libedit edits them (editline(7), opened on first use), with
 * history and completion; what is no terminal, or a dumb one, is read line by line. */
#ifndef TL_PRIM_LINE_H
#define TL_PRIM_LINE_H

#include "../base/buf.h"

#ifndef TL_LIBEDIT
#define TL_LIBEDIT "libedit.so.2"
#endif

enum { TL_LINE_MOST = 64 << 20 }; /* bytes of a line */

/* What could stand from byte `from` up to the cursor. The words are owned by whom fills it. */
typedef struct tl_line_words {
  size_t from, n;
  const char *const *words; /* UTF-8; one with a control character is passed over */
} tl_line_words;

typedef struct tl_line {
  const char *prompt; /* plain text, one line; shown on a terminal only */
  /* Tab: fills *found for this line and cursor (a byte), or leaves it empty. NULL: Tab beeps. */
  void (*complete)(void *ud, const char *line, size_t cursor, tl_line_words *found);
  void *ud;
} tl_line;

typedef enum {
  TL_LINE_TEXT,
  TL_LINE_END,         /* Ctrl-D, the end of the input */
  TL_LINE_GONE,        /* the terminal is: hung up, or it cannot be read */
  TL_LINE_INTERRUPTED, /* Ctrl-C: what was typed is given up */
} tl_line_end;

/* Reads one line into *out (emptied first; without its line break). Bytes of a terminal that are no UTF-8
 * become U+FFFD. SIGTERM, and Ctrl-C where there is no terminal, ends the input and stays pending for
 * whoever reads signals. Returns 0 with *how set, or TL_ELIMIT when the line is too long, TL_EIO. */
int tl_line_read(const tl_line *line, tl_buf *out, tl_line_end *how, tl_err *e);

/* Puts a line at the end of the history that the arrow keys and ^R go through. Not kept on disk. */
void tl_line_remember(const char *text);

#endif
