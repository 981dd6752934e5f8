/* The terminal: results on stdout, talk and progress on stderr. */
#ifndef TL_PRIM_TERM_H
#define TL_PRIM_TERM_H

#include <stdbool.h>
#include <stddef.h>

/* Once, before any file is opened: a standard descriptor that was closed is taken by one that can
 * neither be read nor written, so that no file of a run becomes "standard output". */
void tl_term_start(void);

/* Places of a line of the terminal; a usual number of them where there is none. */
int tl_term_columns(void);

void tl_talk_quiet(bool quiet);        /* talk_say, _stream and _progress show nothing */
void tl_talk_force_stream(bool force); /* talk_stream shows its text off a terminal, too */
/* Ends what is unfinished on stderr: a line of a stream, the progress line. Before anything else
 * writes there, and at the end. */
void tl_talk_end(void);
/* Text for the terminal on stderr as it is: the caller has cleaned it (core/base/clean.h). */
void tl_talk_raw(const char *text, size_t len);

#endif
