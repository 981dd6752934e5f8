/* What the files about git share. Private to core/prim: no libgit2 type leaves it.
 *
 * libgit2 (https://libgit2.org/libgit2/#v1.5) is opened on first use, with every configuration but
 * the repository's own switched off. It runs no hook, filter or monitor that a repository names. */
#ifndef TL_PRIM_GIT_H
#define TL_PRIM_GIT_H

#include <git2.h>
#if __has_include(<git2/sys/errors.h>) /* since libgit2 1.9 git_error_clear is there */
#include <git2/sys/errors.h>
#endif
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/transport.h>
#include <regex.h>

#include "lazy.h"
#include "prim.h"

/* One line an X would be long, and clang-format indents each deeper than the last. */
/* clang-format off */
#define TL_GIT_FUNCTIONS(X) \
  X(git_blob_create_from_workdir) X(git_blob_free) X(git_blob_lookup) X(git_blob_rawcontent) \
  X(git_blob_rawsize) X(git_buf_dispose) X(git_commit_author) X(git_commit_committer) \
  X(git_commit_free) X(git_commit_id) X(git_commit_lookup) X(git_commit_message) \
  X(git_commit_parent_id) X(git_commit_parentcount) X(git_commit_summary) X(git_commit_time) \
  X(git_commit_tree) X(git_commit_tree_id) X(git_config_foreach) X(git_config_free) \
  X(git_config_get_bool) X(git_config_get_string) X(git_config_set_string) \
  X(git_describe_commit) X(git_describe_format) X(git_describe_result_free) X(git_diff_blobs) \
  X(git_diff_buffers) X(git_diff_free) X(git_diff_get_delta) X(git_diff_num_deltas) \
  X(git_diff_tree_to_index) X(git_error_clear) X(git_error_last) X(git_error_set_str) \
  X(git_ignore_add_rule) X(git_index_add) X(git_index_entrycount) X(git_index_free) \
  X(git_index_get_byindex) X(git_index_get_bypath) X(git_index_new) X(git_index_read_tree) \
  X(git_index_remove) X(git_index_write_tree_to) X(git_libgit2_init) X(git_libgit2_opts) \
  X(git_mempack_new) X(git_object_free) X(git_object_id) X(git_object_peel) X(git_object_type) \
  X(git_odb_add_backend) X(git_odb_backend_data_alloc) X(git_odb_backend_data_free) \
  X(git_odb_foreach) X(git_odb_free) X(git_odb_get_backend) X(git_odb_num_backends) \
  X(git_odb_object_data) X(git_odb_object_free) X(git_odb_object_size) X(git_odb_object_type) \
  X(git_odb_read) X(git_odb_read_header) X(git_oid_cmp) X(git_oid_fromstr) X(git_oid_tostr) \
  X(git_patch_free) X(git_patch_from_buffers) X(git_patch_from_diff) X(git_patch_to_buf) \
  X(git_refdb_compress) X(git_refdb_free) X(git_reference_foreach_name) X(git_reference_free) \
  X(git_reference_is_branch) X(git_reference_lookup) X(git_reference_name) \
  X(git_reference_name_to_id) X(git_reference_peel) X(git_reference_shorthand) \
  X(git_reference_symbolic_target) X(git_reference_target) X(git_remote_create_anonymous) \
  X(git_remote_default_branch) X(git_remote_download) X(git_remote_free) X(git_remote_ls) \
  X(git_remote_prune) X(git_remote_update_tips) X(git_repository_commondir) \
  X(git_repository_config) X(git_repository_config_snapshot) X(git_repository_free) \
  X(git_repository_head) X(git_repository_head_unborn) X(git_repository_index) \
  X(git_repository_init_ext) X(git_repository_is_shallow) X(git_repository_odb) \
  X(git_repository_open_ext) X(git_repository_path) X(git_repository_refdb) \
  X(git_repository_set_head) X(git_repository_set_head_detached) X(git_repository_workdir) \
  X(git_repository_wrap_odb) X(git_revparse_ext) X(git_status_byindex) \
  X(git_status_list_entrycount) X(git_status_list_free) X(git_status_list_new) \
  X(git_submodule_free) X(git_submodule_lookup) X(git_submodule_wd_id) X(git_transport_local) \
  X(git_transport_smart) X(git_tree_entry_byindex) X(git_tree_entry_bypath) \
  X(git_tree_entry_filemode) X(git_tree_entry_free) X(git_tree_entry_id) X(git_tree_entry_name) \
  X(git_tree_entry_type) X(git_tree_entrycount) X(git_tree_free) X(git_tree_lookup)
/* clang-format on */

/* The library's functions; filled once tl_git_open has succeeded. */
extern struct tl_git {
  TL_LAZY_FIELDS(TL_GIT_FUNCTIONS)
} tl_git;

/* Opens the library, once. */
int tl_git_load(tl_err *e);

/* Has work(call) done in a child process with limits, and takes its result or error over. */
int tl_git_apart(tl_call *call, tl_prim *work);
/* Of such a child; tests lower them. One that does nothing over six looks is given up. */
extern unsigned tl_git_cpu_seconds, tl_git_look_ms;

/* Of a child that has just been forked: all descriptors are closed but the standard ones and these
 * two, of which either may be none (-1). */
void tl_git_child_keep(int a, int b);

/* Its limits: signals and the end of its parent end it, no core, this much time and memory;
 * `file_bytes` is what a file that it writes may have. False with errno. */
bool tl_git_child_limits(unsigned cpu_seconds, uint64_t file_bytes);

/* From here on such a child opens what the rules allow (tl_landlock_ruleset, taken over; -1: there are
 * none), has no socket and signals nobody. What the kernel lacks does not hold. */
void tl_git_child_confine(int ruleset);

/* What the primitives of these names have done there. */
tl_prim tl_git_head_work, tl_git_describe_work, tl_git_patch_work;

/* Turns libgit2's failure `rc` into a code and plain words: "cannot <doing>: …". */
int tl_git_fail(tl_err *e, int rc, const char *doing);

/* The repository around the folder that argument 0 names, found upward as git does.
 * NOT_FOUND "not in a git repository"; UNSUPPORTED names a format that libgit2 cannot read. The
 * caller frees *repo. */
int tl_git_open(tl_call *call, git_repository **repo);
/* The same where the folder is argument `arg` (and the only path among the arguments). */
int tl_git_open_at(tl_call *call, unsigned arg, git_repository **repo);

/* Where the parts of an open repository lie: what is neither below `start`, the folder that was named,
 * nor in the repository around it is for the guard to allow; without one it is refused. */
int tl_git_check_parts(const tl_guard *guard, git_repository *repo, const char *start, tl_err *e);

/* The same for the child that reads it: `trusted` allows all that it leads to. Loose objects are read
 * with care, alternates' too, and from here on the child opens nothing but the repository, as far as
 * the kernel can see to that (tl_git_child_confine). */
int tl_git_keep_to(const tl_guard *guard, bool trusted, git_repository *repo, const char *start,
                   tl_err *e);

/* Has the loose objects of that folder read so that a damaged one is an error (git_loose.c). */
int tl_git_guard_loose(git_repository *repo, const char *objects, tl_err *e);

/* The commit that HEAD names, freed by the caller; NULL (and 0) while there is none yet. */
int tl_git_head_commit(git_repository *repo, git_commit **commit, tl_err *e);

/* Is everything below this folder left out? Its path ends in a slash. */
typedef bool tl_git_left_out(const void *ud, const char *folder);
/* Where a status must look so that it asks nothing about tracked files in folders that are left out:
 * 1 and the paths, relative to the working tree, taken as they are, to be freed by
 * tl_git_scope_free; 0 when no such folder is tracked. */
int tl_git_scope(git_repository *repo, const char *workdir, tl_git_left_out *left_out,
                 const void *ud, git_strarray *paths, tl_err *e);
void tl_git_scope_free(git_strarray *paths);

/* A path that differs from HEAD, and GIT_STATUS_… flags. */
typedef struct tl_git_change {
  char *path; /* relative to the working tree; a folder (another repository) ends in a slash */
  unsigned flags;
} tl_git_change;

typedef struct tl_git_changes {
  tl_git_change *at; /* sorted by the bytes of their paths */
  size_t n;
} tl_git_changes;

/* All changed and untracked paths but those that argument 1 excludes, and *workdir, the working
 * tree's absolute path (borrowed from the repository). TL_EUNSUPPORTED without a working tree,
 * TL_EREFUSED when the repository's configuration puts it elsewhere. */
int tl_git_changes_read(tl_call *call, git_repository *repo, tl_git_changes *changes,
                        const char **workdir);
void tl_git_changes_free(tl_git_changes *changes);

#endif
