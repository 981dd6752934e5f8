/* Processes and signals of the supervisor itself. */
#ifndef TL_PRIM_SPAWN_H
#define TL_PRIM_SPAWN_H

#include <sys/types.h>

#include "../base/buf.h"

/* Starts this same binary as a worker: argv {"tlab-worker", cpu seconds, memory bytes}, an empty
 * environment, the socket as descriptor 3 and nothing else open. *sock is our non-blocking end. */
int tl_spawn_worker(int64_t cpu_seconds, int64_t memory, pid_t *pid, int *sock, tl_err *e);
/* Starts this same binary as a called run, with the lab as its working folder: argv {TL_CALLED, our
 * process number, --dev-lua, its folder}, our environment and standard error, `in` as its standard
 * input. *out is what it says, non-blocking; *pidfd readable once it has ended. */
#define TL_CALLED "tlab-called"
int tl_spawn_called(const char *dev_lua, int lab, int in, pid_t *pid, int *pidfd, int *out,
                    tl_err *e);
/* Collects it, having waited up to grace_ms for its own end and killed it then. Returns how it
 * ended: an exit code, or -signal. */
int tl_spawn_end(pid_t pid, int grace_ms);
/* CPU time used so far in ms, -1 when it cannot be told. */
int64_t tl_spawn_cpu_ms(pid_t pid);

/* From here SIGINT, SIGTERM and SIGHUP can be read from the descriptor instead of ending us. */
int tl_signals_open(tl_err *e);
/* The signal that came, 0 if none. */
int tl_signals_take(int fd);
/* That one ends the run: another one, 0.3 s later or more, ends the process at once with 128 + its
 * number. */
void tl_signals_last(int sig);
/* The signal that ends the run, 0 if none; of runs that wait for each other it ends all. */
int tl_signals_taken(void);
/* The run is over and is being written down: unless another one waits for it, the first signal from now
 * on waits for that, and a second one ends the process. Accepts -1. */
void tl_signals_close(int fd);
/* The signal that has waited so, 0 if none: who goes on to something else ends now. */
int tl_signals_late(void);

/* Non-blocking: bytes moved, 0 when it would block, -1 at the end or on an error. */
ssize_t tl_sock_read(int fd, tl_buf *in);
ssize_t tl_sock_write(int fd, tl_buf *out);

#endif
