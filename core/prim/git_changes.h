/* What the files about git.changes share. Private to core/prim. */
#ifndef TL_PRIM_GIT_CHANGES_H
#define TL_PRIM_GIT_CHANGES_H

#include <stdatomic.h>

#include "../base/buf.h"
#include "git_history.h"

/* Kinds of entries in a tree, in the bits of a mode. */
enum {
  TL_GIT_KIND = 0170000,
  TL_GIT_FILE = 0100000,
  TL_GIT_LINK = 0120000,
  TL_GIT_SUBMODULE = 0160000,
  TL_GIT_FOLDER = 0040000,
};

enum { TL_GIT_SCORE_MAX = 60000 }; /* of likeness: the whole content is the same */

typedef struct tl_git_side {
  git_oid id;
  uint32_t mode; /* 0: there is nothing on this side */
} tl_git_side;

/* A changed path of a commit. */
typedef struct tl_git_file {
  char *path;     /* where it is now; of what is gone where it was */
  char *old_path; /* where it was before a rename, else NULL */
  tl_git_side old, now;
  int score; /* of a rename, up to TL_GIT_SCORE_MAX */
} tl_git_file;

typedef struct tl_git_files {
  tl_git_file *at;
  size_t n, cap;
} tl_git_files;

void tl_git_files_free(tl_git_files *files);
/* 'A' added, 'D' deleted, 'M' modified, 'T' another kind of entry, 'R' renamed. */
char tl_git_file_status(const tl_git_file *file);

/* All paths that differ between two trees, by the bytes of their names, as `git diff-tree -r` lists
 * them; `old` may be NULL (nothing). TL_ELIMIT over a million. Source: git-diff-tree(1), and the
 * format of a tree in gitformat-pack(5) and the Git book, "Git Objects". */
int tl_git_tree_compare(git_odb *odb, const git_oid *old, const git_oid *now, tl_git_files *files,
                        tl_err *e);

/* Takes what was deleted and what was added for renamed where the contents are alike, as `git log
 * -M` does (gitdiffcore(7)). */
int tl_git_renames_find(git_repository *repo, tl_git_files *files, tl_err *e);

/* --- contents (git_content.c) --- */

/* A side's content. A submodule has the line that git shows for it. */
typedef struct tl_git_content {
  git_blob *blob;
  const char *data;
  size_t size;
  bool binary;  /* a NUL within the first 8,000 bytes, or over 512 MiB: then without data */
  bool too_big; /* over 512 MiB */
  char line[64];
} tl_git_content;

int tl_git_content_read(git_repository *repo, const tl_git_side *side, tl_git_content *c,
                        tl_err *e);
void tl_git_content_free(tl_git_content *c);
/* Its lines; a last one without an end counts. */
int64_t tl_git_lines(const tl_git_content *c);

typedef struct tl_git_counts {
  int64_t insertions, deletions;
  bool binary; /* then there are none */
} tl_git_counts;

/* Compares two contents as text, with libgit2's flags, lines of context and callbacks. What libgit2 or
 * a callback answers with. */
int tl_git_compare(const tl_git_content *old, const tl_git_content *now, uint32_t flags,
                   uint32_t context, git_diff_hunk_cb each_hunk, git_diff_line_cb each_line,
                   void *payload);

int tl_git_count(git_repository *repo, const tl_git_file *file, tl_git_counts *counts, tl_err *e);

/* --- patches (git_unified.c) --- */

/* Appends the path's change as `git apply` takes it, `context` lines around each hunk, and counts its
 * lines as tl_git_count. *fits is false, and nothing appended, where `out` has no room for it or the
 * content is over 512 MiB. */
int tl_git_unified(git_repository *repo, const tl_git_file *file, uint32_t context, tl_buf *out,
                   tl_git_counts *counts, bool *fits, tl_err *e);

/* --- many commits (git_survey.c) --- */

/* What is wanted of each commit. */
typedef struct tl_git_wanted {
  bool renames, first_parent, patch, log;
  int64_t context, max_patch; /* lines; bytes of a commit */
} tl_git_wanted;

/* What became of a path. */
typedef struct tl_git_told_file {
  tl_git_counts counts;
  bool left_out; /* of the patch, which has no room for it */
  tl_buf patch;  /* its part until it lies in the commit's */
} tl_git_told_file;

typedef struct tl_git_told {
  git_oid id;
  tl_val log; /* tl_git_commit_value where it is wanted */
  tl_git_files files;
  tl_git_told_file *told; /* of each of the files */
  atomic_size_t bytes;    /* of all its parts */
  tl_buf patch;           /* where it is wanted */
} tl_git_told;

/* Reads what the commits that `revs` names changed, in the repository of the call's argument 2, by a
 * thread for each processor. *commits has one for each rev, to be freed on failure too.
 * TL_ELIMIT when all patches are too much for one answer. Errors: tl_git_open, tl_git_resolve. */
int tl_git_survey(tl_call *call, const tl_git_wanted *wanted, const tl_val *revs,
                  tl_git_told **commits);
void tl_git_told_free(tl_git_told *commits, size_t n);

#endif
