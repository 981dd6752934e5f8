/* The wish that a worker stop what it computes: a signal, which leaves a mark. */
#ifndef TL_PRIM_STOP_H
#define TL_PRIM_STOP_H

#include <stdbool.h>
#include <sys/types.h>

/* In the worker: from here on a wish is remembered instead of ending the process. Before it is confined,
 * which takes the call away. */
void tl_stop_listen(void);
bool tl_stop_wished(void);
void tl_stop_forget(void);

/* In the supervisor. What the worker reads after this, it reads with the mark set. */
void tl_stop_wish(pid_t worker);

#endif
