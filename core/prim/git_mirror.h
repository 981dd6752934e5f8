/* Where a repository is fetched from, and the name of its mirror in the lab. Only text: no file, no
 * library. */
#ifndef TL_PRIM_GIT_MIRROR_H
#define TL_PRIM_GIT_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/err.h"

/* Below the lab. */
#define TL_GIT_MIRRORS ".tlab/cache/git"

enum { TL_GIT_MIRROR_NAME = 80 };

typedef struct tl_git_source {
  bool is_file;
  char *url;                     /* scheme and host in small letters, no slash at the end */
  char *path;                    /* what a file: URL names, absolute; else NULL */
  char name[TL_GIT_MIRROR_NAME]; /* "curl-curl-1f9a03c2.git": from the URL alone */
} tl_git_source;

/* Reads the URL of a repository: http, https or file. TL_EREFUSED for what could be read in two ways
 * or holds a password, and for other schemes; TL_EARGUMENT for a path. *s is the caller's also after
 * an error. */
int tl_git_source_read(tl_git_source *s, const char *url, size_t len, tl_err *e);
void tl_git_source_free(tl_git_source *s);

/* "lab:.tlab/cache/git/NAME": what git.fetch answers with. */
char *tl_git_mirror_path(const tl_git_source *s);
/* The NAME in such a path, or NULL; borrowed from it. */
const char *tl_git_mirror_named(const char *path);

#endif
