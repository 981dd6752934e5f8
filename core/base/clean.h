/* Text from outside, made harmless for a terminal and honest for the eye.
 *
 * A model's answer, a commit's message or a file's name can hold escape sequences that move the
 * cursor, fill the clipboard or hide what was said. What could is shown as an escape instead:
 * ESC as \x1b, U+202E as \u{202e}, a byte that is not UTF-8 as \xff. Shown so are: C0 controls but
 * newline and tab, DEL, C1 controls, bidirectional controls (UAX #9), tag characters and whatever
 * is not valid UTF-8. */
#ifndef TL_BASE_CLEAN_H
#define TL_BASE_CLEAN_H

#include "buf.h"

/* No text grows more than this by cleaning: one byte to four characters. */
enum { TL_CLEAN_GROWTH = 4 };

/* Appends the text, cleaned. With `left`, the text is one piece of a longer one: an unfinished
 * character at its end is not taken, and *left says how many bytes that are (0 to 3). */
int tl_clean(tl_buf *out, const char *text, size_t len, size_t *left);

/* Bytes of the longest beginning of cleaned text that takes at most `columns` of a terminal's line.
 * East Asian wide characters and emoji count as two, so it never takes more than that. */
size_t tl_clean_cut(const char *text, size_t len, size_t columns);

#endif
