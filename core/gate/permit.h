/* What a run may touch: declared by its recipe (needs), allowed by the lab or the command line
 * (allow), not denied (deny). All three are maps of lists of patterns: net, read, run, env.
 *
 *   net   "host", "host:port", "host:*", "*.example.com:443", "[::1]:8080"
 *   read  an absolute path: itself and everything below it
 *   run   a program's name or absolute path        env   a variable's name
 *
 * Somebody may be asked for what is declared and neither allowed nor denied: once (until the entry of a
 * session ends), for the session, or always.
 *
 * Deny wins. A pattern matches whole names: "a.com" matches neither "evil-a.com" nor "a.com.evil". */
#ifndef TL_GATE_PERMIT_H
#define TL_GATE_PERMIT_H

#include <sys/socket.h>

#include "ops.h"

typedef struct tl_root {
  char *path; /* as granted */
  int fd;     /* the folder; for a file the folder it lies in */
  bool is_file;
} tl_root;

/* Asks for what is refused: *how becomes "once", "session", "always", or stays nil. */
typedef int tl_permit_ask(void *ud, const tl_val *refusal, tl_val *how, tl_err *e);

typedef struct tl_permits {
  tl_val needs, allow, deny; /* owned maps: family → list of strings */
  tl_val once;               /* as allow, until the entry of a session ends */
  tl_val granted;            /* list of {family, item, how}: what was granted during the run */
  bool undeclared;           /* a session: nothing need be declared */
  tl_permit_ask *ask;        /* NULL: there is nobody to ask */
  void *ask_ud;
  const char *op;    /* the operation that asks, NULL: unknown */
  tl_root roots[64]; /* opened lazily from allow.read */
  size_t nroots;
  int lab_fd;     /* -1 without a lab */
  int run_fd;     /* -1 before the run has a folder */
  tl_val mirrors; /* list of names: what this run had git.fetch bring into the lab's cache */
  /* The last refusal, for the error's "needed against granted"; owned. */
  tl_val refusal; /* map {family, subject, op?, declared, denied, allowed} or nil */
  /* A dry run: what was asked of them since this was last emptied, a list of maps {family, subject,
   * declared, denied, missing}; otherwise nil. */
  tl_val noted;
} tl_permits;

void tl_permits_init(tl_permits *p);
void tl_permits_free(tl_permits *p); /* closes the roots, not lab_fd and run_fd */

/* What is granted to read is opened anew when it is read next: it may have been made anew. For when no place
 * is in use. */
void tl_permits_look_anew(tl_permits *p);

/* Grants an item of a family: how is "once", "session" or "always". TL_EARGUMENT for anything else. */
int tl_permit_allow(tl_permits *p, const char *family, const char *item, const char *how,
                    tl_err *e);
/* An entry of a session is over: what was granted once is granted no more. */
void tl_permit_entry_over(tl_permits *p);

/* Each: TL_OK, or TL_ENOT_PERMITTED with the message and p->refusal set. */
int tl_permit_net(tl_permits *p, const char *host, int port, tl_err *e);
int tl_permit_address(tl_permits *p, const char *host, int port, const struct sockaddr *sa,
                      tl_err *e);
int tl_permit_named(tl_permits *p, const char *family, const char *name, tl_err *e);

/* As tl_permit_named, where it is enough that the recipe declares it and nobody denies it. */
int tl_permit_declared(tl_permits *p, const char *family, const char *name, tl_err *e);

/* A path that what the recipe named leads to, as a `.git` file does. No recipe can declare it, so it
 * need only be allowed, and not denied. */
int tl_permit_beyond(tl_permits *p, const char *path, tl_err *e);

/* Turns a recipe's path into a place (see ARCHITECTURE.md, "Paths in a recipe"). `write`: must be
 * in the run. The place borrows `path` and p's descriptors. */
int tl_permit_place(tl_permits *p, const char *path, size_t len, bool write, tl_place *out,
                    tl_err *e);

/* As tl_permit_place for reading, by the operations on git: these also read the mirrors that the run
 * itself has fetched, by the path that git.fetch answered with. */
int tl_permit_repository(tl_permits *p, const char *path, size_t len, tl_place *out, tl_err *e);
void tl_permit_mirror(tl_permits *p, const char *name);

/* One pattern against one subject of its family; a net subject is host and port. */
bool tl_permit_net_match(const char *pattern, const char *host, int port);
bool tl_permit_match(const char *family, const char *pattern, const char *name);

#endif
