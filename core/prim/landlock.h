/* Which files, addresses and processes a process and its children may reach: Landlock (landlock(7)).
 * Private to core/prim. */
#ifndef TL_PRIM_LANDLOCK_H
#define TL_PRIM_LANDLOCK_H

#include <stdbool.h>

/* The kernel's ABI; 0 without Landlock, or where it is switched off. */
int tl_landlock_abi(void);

/* A set of rules that refuses all that the kernel's ABI knows: files; TCP from 4; abstract UNIX
 * sockets and signals to others from 6. A descriptor, -1 when there is none to be had. */
int tl_landlock_ruleset(void);

enum {
  TL_LANDLOCK_READ = 1, /* and list */
  TL_LANDLOCK_EXECUTE = 2,
  TL_LANDLOCK_DEVICE = 4, /* read, write and control a device */
  TL_LANDLOCK_OWN = 8     /* all but device files */
};
/* Allows the file, or the folder and all below it, that fd (O_PATH will do) leads to. Safe between
 * fork and exec. */
bool tl_landlock_allow(int ruleset, int fd, unsigned what);

/* From here on for this process and what it starts; needs no_new_privs. Safe between fork and exec. */
bool tl_landlock_enter(int ruleset);

#endif
