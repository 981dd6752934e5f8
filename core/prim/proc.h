/* What proc.c and proc_start.c share. Private to core/prim. */
#ifndef TL_PRIM_PROC_H
#define TL_PRIM_PROC_H

#include <sys/types.h>

#include "hash.h"
#include "prim.h"

/* A program found on disk. */
typedef struct tl_proc_program {
  int fd;     /* open for reading: what is hashed is what is executed */
  char *path; /* as found on PATH, or as given */
  bool script;
  char sha256[TL_SHA256_HEX + 1];
} tl_proc_program;

/* A name is looked for in the absolute folders of PATH; a path must be absolute. NOT_FOUND, or
 * TL_EARGUMENT for a relative path. On success the caller drops it. */
int tl_proc_program_find(const char *name, tl_proc_program *program, tl_err *e);
void tl_proc_program_drop(tl_proc_program *program);

typedef struct tl_proc_child {
  pid_t pid;    /* also its session and process group */
  int pidfd;    /* readable once it has ended */
  int out, err; /* its output; non-blocking */
  bool network_namespace;
} tl_proc_child;

/* Starts the program. argv and envp end in NULL; input: its standard input (TL_NIL: none); folder:
 * where it runs. Returns once the program has been executed, or with the reason why it was not. */
int tl_proc_start(const tl_proc_program *program, char **argv, char **envp, const tl_val *input,
                  const tl_place *folder, tl_proc_child *child, tl_err *e);

/* PATH without its empty and relative parts; never NULL, borrowed until the environment changes. */
char *tl_proc_path(void);

#endif
