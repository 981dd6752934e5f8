/* One place where the supervisor waits: the worker's socket, signals, timers, children, HTTP. */
#ifndef TL_PRIM_LOOP_H
#define TL_PRIM_LOOP_H

#include <poll.h>

#include "prim.h"

/* Waits until one of `fds` is ready, a pending call moved on (its done() has then been called), or
 * `timeout_ms` passed (-1: no limit). Sets revents. Returns 0, or TL_EIO. */
int tl_loop_wait(struct pollfd *fds, unsigned n, int timeout_ms, tl_err *e);

/* Ends every pending call with TL_EINTERRUPTED; children are killed, connections closed. */
void tl_loop_cancel(void);

/* For the supervisor, once, before anything is written: a closed pipe (SIGPIPE) and the file size
 * limit (SIGXFSZ) become the errors EPIPE and EFBIG of the call. A program that is started must
 * set both back to SIG_DFL: what is ignored stays so over execve(2). */
void tl_ignore_signals(void);

/* --- what loop.c asks of the modules that have pending calls ---------------------------------- */

/* http.c: busy says whether any transfer is in flight. wait polls its sockets and `fds` together,
 * moves transfers on and completes calls. */
bool tl_http_busy(void);
int tl_http_wait(struct pollfd *fds, unsigned n, int timeout_ms, tl_err *e);
void tl_http_cancel(void);

/* proc.c: puts the descriptors it waits for into fds (at most max), returns how many; ready is
 * called with the same array after polling. deadline: monotonic ms of the next time-out, or -1. */
unsigned tl_proc_fds(struct pollfd *fds, unsigned max);
void tl_proc_ready(const struct pollfd *fds, unsigned n);
int64_t tl_proc_deadline(void);
void tl_proc_cancel(void);

/* git_fetch.c: as of proc.c; ready looks after all of them. */
unsigned tl_fetch_fds(struct pollfd *fds, unsigned max);
void tl_fetch_ready(void);
int64_t tl_fetch_deadline(void);
void tl_fetch_cancel(void);

/* run_call.c: as of git_fetch.c; cancel has the called runs write down that they were interrupted. */
unsigned tl_called_fds(struct pollfd *fds, unsigned max);
void tl_called_ready(void);
void tl_called_cancel(void);

/* clock.c: monotonic milliseconds; the next sleeper's time or -1; completes the sleepers due. */
int64_t tl_clock_ms(void);
int tl_clock_check_sleep(int64_t ms, tl_err *e); /* of clock.sleep: TL_EARGUMENT out of its range */
int64_t tl_clock_deadline(void);
void tl_clock_fire(void);
void tl_clock_cancel(void);

#endif
