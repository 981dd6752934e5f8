/* The supervisor's side of a worker: start it, speak the frames of ARCHITECTURE.md, end it. */
#ifndef TL_GATE_SUPERVISE_H
#define TL_GATE_SUPERVISE_H

#include <sys/types.h>

#include "gate.h"

typedef struct tl_limits {
  int64_t cpu_seconds; /* of the worker */
  int64_t memory;      /* bytes of Lua values in the worker */
  int64_t seconds;     /* of the whole run, 0: none */
} tl_limits;

/* Finds a module's text for `require`: *out becomes {file, source}. TL_ENOT_FOUND otherwise. */
typedef int tl_module_source(void *ud, const char *name, tl_val *out, tl_err *e);

typedef struct tl_worker {
  pid_t pid;
  int fd, signals;
  tl_buf in, out;
  tl_limits limits;
  tl_gate *gate; /* borrowed; NULL until run */
  tl_module_source *module;
  void *module_ud;
  int64_t deadline;   /* monotonic ms, 0: none */
  int64_t idle_since; /* replay: when the worker last did something */
  int64_t idle_cpu;
  int64_t looks;      /* how many were asked */
  int64_t stopped_at; /* a session: when its entry was to be stopped, 0: it was not */
  bool told;          /* … and that it does not stop */
  int signal;         /* the signal that stopped the run, 0: none */
  tl_err broken;      /* the worker said something that makes no sense */
} tl_worker;

/* Starts it and waits for its hello; *held is what the kernel took away (owned by the caller). */
int tl_worker_start(tl_worker *w, const tl_limits *limits, tl_val *held, tl_err *e);
/* Has it evaluate a recipe; *decl is the declaration, or the "failed" map with a negative return. */
int tl_worker_load(tl_worker *w, const char *file, const char *source, size_t len, int64_t seed,
                   tl_val *decl, tl_err *e);
/* Runs the recipe until it ends, whatever way. *outcome is a map {status, error?, signal?}:
 * status succeeded, failed, interrupted, timeout; error {code, message, file?, line?, traceback?}. */
void tl_worker_run(tl_worker *w, tl_gate *g, tl_val spec, tl_val info, tl_val *outcome);
/* Asks a worker that waits (for the answer of a hook) what the person wants to see; *out is the caller's.
 * No part of the run. TL_ETIMEOUT when it does not answer, TL_EBUG when it cannot. */
int tl_worker_look(tl_worker *w, const tl_val *what, tl_val *out, tl_err *e);
/* Ends the process; safe to call twice. */
void tl_worker_end(tl_worker *w);

#endif
