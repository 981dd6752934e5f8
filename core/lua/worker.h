/* The worker: the process that runs a recipe. It computes and asks, and can do nothing else. */
#ifndef TL_LUA_WORKER_H
#define TL_LUA_WORKER_H

/* The whole life of a worker whose socket is `fd` (frames: docs/reference/ARCHITECTURE.md).
 * argv: "tlab-worker", CPU seconds (0: no limit), bytes of Lua memory (0: no limit). Confines the
 * process first of all. Returns the exit status: 0 once `done` or `failed` was sent, or when the
 * supervisor is gone; 70 when the process could not be confined. */
int tl_worker_main(int fd, int argc, char **argv);

#endif
