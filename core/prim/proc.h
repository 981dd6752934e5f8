/* What the files of proc.run share. Private to core/prim. */
#ifndef TL_PRIM_PROC_H
#define TL_PRIM_PROC_H

#include <limits.h>
#include <sys/types.h>

#include "hash.h"
#include "prim.h"

/* --- proc_find.c: a program found on disk ------------------------------------------------------ */

typedef struct tl_proc_program {
  int fd;     /* open for reading: what is hashed is what is executed */
  char *path; /* as found, or as given */
  bool script;
  char sha256[TL_SHA256_HEX + 1];
} tl_proc_program;

/* A bare name is looked for in tlab's own folders, then in the absolute ones of PATH; a path must be
 * absolute. NOT_FOUND, or TL_EARGUMENT for a relative path. On success the caller drops it. */
int tl_proc_program_find(const char *name, tl_proc_program *program, tl_err *e);
void tl_proc_program_drop(tl_proc_program *program);

/* tlab's own folders for programs: `tools` beside the binary, `../libexec/tlab` from it. False: it is
 * not there. */
enum { TL_PROC_OWN = 2 };
bool tl_proc_own_folder(unsigned which, char path[PATH_MAX]);

/* Whether PATH leads to a program of this name, and where it lies. */
bool tl_proc_on_path(const char *name, char path[PATH_MAX]);
/* PATH without its empty and relative parts; never NULL, malloc'ed. */
char *tl_proc_path(void);

/* --- proc_scratch.c: the private folder that a program works in --------------------------------- */

typedef struct tl_proc_scratch {
  int fd;     /* the folder, locked: tells it from what a killed process left; -1: none */
  char *path; /* absolute, without links */
} tl_proc_scratch;

/* Makes tlab-scratch-<16 hex digits>, mode 0700, in $TMPDIR or /tmp. TL_ESTORAGE. */
int tl_proc_scratch_make(tl_proc_scratch *scratch, tl_err *e);
/* Lays files into it: map name → bytes. A name is a relative path; its folders are made. */
int tl_proc_scratch_fill(const tl_proc_scratch *scratch, const tl_val *files, tl_err *e);
/* Reads back what the patterns name: plain paths, or with * ? [ ] in the last part. Only plain files
 * count, no link is followed; a file that is not there is left out. TL_ELIMIT: more than max_bytes
 * in all. *files is a map as above. */
int tl_proc_scratch_collect(const tl_proc_scratch *scratch, const tl_val *patterns,
                            int64_t max_bytes, tl_val *files, tl_err *e);
/* Removes it with all that is in it, whatever its modes and depth. Accepts one that was not made. */
void tl_proc_scratch_drop(tl_proc_scratch *scratch);

/* Lays a link to `target` into it under a plain name. TL_EARGUMENT: something has that name. */
int tl_proc_scratch_link(const tl_proc_scratch *scratch, const char *name, const char *target,
                         tl_err *e);

/* --- proc_access.c: what else it may read --------------------------------------------------------- */

typedef struct tl_proc_access {
  int ruleset;        /* of Landlock; -1: the kernel has none */
  unsigned installed; /* folders and files of the program's own installation */
  unsigned given;     /* of the command's `read` */
} tl_proc_access;

/* The scratch folder to write; to read and to execute the system, the installation of the program
 * and of its interpreter, outside of the lab; to read the `n` places, which are also linked into the
 * scratch folder. TL_EREFUSED: a folder with key material below it. Dropped by the caller, also
 * after an error. */
int tl_proc_access_make(const tl_proc_program *program, const tl_proc_scratch *scratch,
                        const tl_place *lab, const tl_place *read, unsigned n,
                        tl_proc_access *access, tl_err *e);
void tl_proc_access_drop(tl_proc_access *access);

/* --- proc_command.c: what proc.run is asked ------------------------------------------------------ */

typedef struct tl_proc_command {
  char **argv;
  char **envp;
  const tl_val *input;   /* TL_NIL: none */
  const tl_val *files;   /* map name → bytes, or NULL */
  const tl_val *collect; /* list of patterns, or NULL */
  unsigned read;         /* places to read */
  int64_t timeout_ms;
  int64_t max_bytes;
  bool writes_nothing; /* not a byte to any file, its scratch folder's included */
} tl_proc_command;

/* Reads args[0] of proc.run, which must outlive the command. scratch: the value of HOME and TMPDIR.
 * TL_EARGUMENT, TL_EREFUSED (env). To be freed in any case. */
int tl_proc_command_read(tl_proc_command *c, const tl_val *map, const char *scratch, tl_err *e);
void tl_proc_command_free(tl_proc_command *c);

/* --- proc_start.c: the running child -------------------------------------------------------------- */

/* What holds of the kernel's means against a program. */
typedef struct tl_proc_held {
  int landlock;   /* ABI, 0: not at all */
  bool read_only; /* all mounts but the scratch folder's */
  bool calls, network_namespace, limits, no_capabilities;
} tl_proc_held;

typedef struct tl_proc_child {
  pid_t pid;    /* of its keeper, which ends as the program did, when nothing of it is left */
  int pidfd;    /* readable then */
  int out, err; /* its output; non-blocking */
  tl_proc_held held;
} tl_proc_child;

/* Starts the program in the folder, an absolute path. Returns once it has been executed, or with the
 * reason why it was not. SIGTERM to the keeper ends the program and all that it started. */
int tl_proc_start(const tl_proc_program *program, const tl_proc_command *command,
                  const char *folder, int ruleset, tl_proc_child *child, tl_err *e);

/* In words for people, and by what: {network, files, syscalls, how}. */
tl_val tl_proc_confined(const tl_proc_held *held, const tl_proc_access *access);
/* The same, of a program that is started to see what this kernel can do, or {error}: why none can be. */
tl_val tl_proc_probe(void);

/* --- proc_once.c: to its end while everything else waits ------------------------------------------ */

typedef struct tl_proc_once {
  tl_val out, err; /* what it said, as strings */
  int exit;        /* 128 and the number of the signal, where that ended it */
  tl_val program;  /* {name, path, sha256, confined}; TL_NIL: it was not started */
} tl_proc_once;

/* command: as of proc.run, without `collect` and `read`. NOT_FOUND: there is no such program; TIMEOUT,
 * LIMIT (it has then been killed), and whatever keeps it from being started. To be freed, which wipes
 * what it said, in any case. */
int tl_proc_once_run(tl_proc_once *o, const tl_val *command, tl_err *e);
void tl_proc_once_free(tl_proc_once *o);

/* --- proc_child.c: between fork and exec ------------------------------------------------------------ */

typedef struct tl_proc_launch {
  const tl_proc_program *program;
  char **argv;
  char **envp;
  int in, out, err;   /* what become its descriptors 0 to 2; all of these are above 2 */
  const char *folder; /* where it works; absolute */
  int ruleset;        /* -1: none */
  int report;         /* closed by a successful exec */
  pid_t supervisor;
  bool demand;     /* not unless files and network are held */
  uint64_t tasks;  /* of the user at most, with all that run already */
  uint64_t file;   /* bytes of a file that it writes */
  char ids[2][64]; /* the lines for uid_map and gid_map */
} tl_proc_launch;

enum { TL_PROC_NOT_HELD = 1 << 20 }; /* beyond every errno: see `demand` */

/* What the child tells through the pipe; the last one counts. */
typedef struct tl_proc_report {
  tl_proc_held held;
  int err;
} tl_proc_report;

/* proc_apart.c: into namespaces of its own, as far as the kernel gives them. False with errno: the
 * scratch folder was lost on the way. */
bool tl_proc_leave(const tl_proc_launch *l, tl_proc_held *held);

/* In the forked process, which becomes the program's keeper. All signals are blocked. */
_Noreturn void tl_proc_keep(const tl_proc_launch *l);

#endif
