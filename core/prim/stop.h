/* The wish that a worker stop what it computes: a signal with the number of what is to be stopped, so that
 * one that comes early or late is not taken for another. */
#ifndef TL_PRIM_STOP_H
#define TL_PRIM_STOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* In the worker: from here on a wish is remembered instead of ending the process. Before it is confined,
 * which takes the call away. */
void tl_stop_listen(void);
bool tl_stop_wished(int64_t number); /* of none, which is 0, it is not */

/* In the supervisor. */
void tl_stop_wish(pid_t worker, int64_t number);

#endif
