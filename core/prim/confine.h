/* What the kernel can take away from a process for good. */
#ifndef TL_PRIM_CONFINE_H
#define TL_PRIM_CONFINE_H

#include "../base/val.h"

typedef struct tl_confine {
  int64_t cpu_seconds; /* RLIMIT_CPU, 0: none */
  int keep_fd; /* the one descriptor (besides 0-2, which become /dev/null) that stays open */
} tl_confine;

/* For the worker, before it sees a recipe: closes descriptors, rlimits (no core, no files, no
 * processes, CPU), no_new_privs, Landlock without any right, own network namespace where that is
 * free of charge, seccomp allowing only what computing and one socket take.
 * *held is a map for the manifest: {landlock = abi or false, seccomp = bool, rlimits = bool, …}; what the
 * kernel lacks is false there, never an error. Errors only where going on would be unsafe. */
int tl_confine_worker(const tl_confine *how, tl_val *held, tl_err *e);

/* The single layers, for proc_child.c and for tests of each one alone. They only ever take away. */
int tl_confine__landlock(void);        /* the kernel's Landlock ABI; 0 when nothing holds */
bool tl_confine__seccomp(int keep_fd); /* needs no_new_privs; keep_fd: the socket */
bool tl_confine__network(void);        /* a network namespace with nothing in it; single-threaded */
bool tl_confine__capabilities(void);   /* no capability is left */

/* For a program that is started, and all that it starts: no call that reaches another process, the
 * kernel's own settings or a socket other than a pair of its own. Needs no_new_privs. Safe between
 * fork and exec. keeper, supervisor: processes that it cannot signal. */
bool tl_confine_program_calls(int keeper, int supervisor);

/* For a process that only reads files: no socket, no signal to others. A short filter, since the kernel
 * goes through all calls when it takes one (0.15 ms for the one above). Needs no_new_privs. */
bool tl_confine_reader_calls(void);

/* From here on a program that this kernel cannot keep from the network and from files is not run
 * (proc.run fails with TL_EUNSUPPORTED); a lab may demand that. */
void tl_confine_demand(bool demand);

/* Takes ambient inputs of the libraries out of this process's environment, before any library is
 * used: proxies, OPENSSL_CONF, SSLKEYLOGFILE, SSL_CERT_*, LUA_*, GIT_*, LD_*, MALLOC_*, locale.
 * What was taken out is remembered by name only. */
void tl_ambient_clear(void);
const tl_val *tl_ambient_cleared(void); /* sorted list of names; borrowed */

#endif
