/* HEAD to working tree as one patch.
 *
 * The files as they are now are put, as objects, into a store in memory, and an index in memory
 * made of HEAD's tree and these objects is compared with HEAD. So the patch says what is on the
 * disk, whatever is staged, and nothing is written to the repository. libgit2's own comparison of
 * a tree with a working tree and index merges the two steps and has cases (removed from the index
 * yet still there, conflicts) whose patch does not apply. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/private.h"
#include "fs.h"
#include "git_history.h"

enum {
  PATCH_MAX = 64 << 20,    /* bytes of the patch; of one file */
  CONTENT_MAX = 256 << 20, /* bytes of all changed files, which lie in memory together */
};

typedef struct edit {
  enum { LEAVE, REMOVE, PUT } what;
  git_oid id;
  uint32_t mode;
} edit;

typedef struct patcher {
  git_repository *repo;
  git_odb *odb;
  git_commit *head; /* NULL before the first commit */
  git_tree *tree;   /* NULL likewise */
  git_index *index; /* HEAD's tree, then with the edits */
  int workdir;
  bool filemode; /* does the file system keep the executable bit */
  int64_t content;
  tl_buf text;
  int64_t files;
  tl_val left_out;
  tl_err *e;
} patcher;

static void leave_out(patcher *p, const char *path, const char *reason)
{
  tl_val *entry = tl_push(&p->left_out, tl_map());
  tl_put(entry, "path", tl_str(path));
  tl_put(entry, "reason", tl_str(reason));
}

/* --- reading the working tree --- */

/* A folder where a changed path should be: a submodule, whose commit is what counts, another
 * repository, or a plain folder that took a file's place (what is in it are paths of their own). */
static edit read_folder(patcher *p, const char *path)
{
  git_submodule *sub = NULL;
  if (path[strlen(path) - 1] == '/') {
    leave_out(p, path, "a repository of its own");
    return (edit){.what = LEAVE};
  }
  if (tl_git.git_submodule_lookup(&sub, p->repo, path) < 0) {
    return (edit){.what = REMOVE};
  }
  const git_index_entry *before = tl_git.git_index_get_bypath(p->index, path, 0);
  const git_oid *now = tl_git.git_submodule_wd_id(sub);
  edit done = {.what = LEAVE};
  if (!now || (before && tl_git.git_oid_cmp(&before->id, now) == 0)) {
    leave_out(p, path, "changes inside a submodule");
  } else {
    done = (edit){.what = PUT, .id = *now, .mode = GIT_FILEMODE_COMMIT};
  }
  tl_git.git_submodule_free(sub);
  return done;
}

/* Both sides of a change lie in memory while they are compared; HEAD's may be the large one. */
static bool large_in_head(patcher *p, const char *path)
{
  size_t size = 0;
  git_object_t type;
  const git_index_entry *before = tl_git.git_index_get_bypath(p->index, path, 0);
  return before && before->mode != GIT_FILEMODE_COMMIT &&
         tl_git.git_odb_read_header(&size, &type, p->odb, &before->id) == 0 && size > PATCH_MAX;
}

static uint32_t mode_of(patcher *p, const char *path, const struct stat *st)
{
  if (S_ISLNK(st->st_mode)) {
    return GIT_FILEMODE_LINK;
  }
  if (!p->filemode) {
    const git_index_entry *before = tl_git.git_index_get_bypath(p->index, path, 0);
    return before && before->mode == GIT_FILEMODE_BLOB_EXECUTABLE ? GIT_FILEMODE_BLOB_EXECUTABLE
                                                                  : GIT_FILEMODE_BLOB;
  }
  return st->st_mode & S_IXUSR ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB;
}

/* What the working tree holds at `path` as an edit of HEAD's tree. */
static void read_path(patcher *p, const char *path, edit *out)
{
  struct stat st;
  tl_err err = {0};
  tl_place place = {.dirfd = p->workdir, .rel = path, .shown = path};
  int fd = tl_fs_look(&place, false, &st, &err);
  *out = (edit){.what = LEAVE};
  if (fd >= 0) {
    (void)close(fd);
  }
  if (tl_private_path(path, true) || large_in_head(p, path)) {
    leave_out(p, path, tl_private_path(path, true) ? "may hold a secret" : "too large");
    return;
  }
  /* Behind a link, or beneath a file, there is nothing of this repository. */
  if (fd == TL_ENOT_FOUND || fd == TL_EREFUSED || fd == TL_EARGUMENT) {
    out->what = REMOVE;
  } else if (fd < 0) {
    leave_out(p, path, "cannot be read");
  } else if (S_ISDIR(st.st_mode)) {
    *out = read_folder(p, path);
  } else if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
    leave_out(p, path, "neither a file nor a link");
  } else if (st.st_size > PATCH_MAX || p->content + st.st_size > CONTENT_MAX) {
    leave_out(p, path, "too large");
  } else {
    p->content += st.st_size;
    if (tl_git.git_blob_create_from_workdir(&out->id, p->repo, path) < 0) {
      leave_out(p, path, "cannot be read");
      return;
    }
    out->what = PUT;
    out->mode = mode_of(p, path, &st);
  }
}

/* --- the index in memory --- */

static int apply(patcher *p, const tl_git_changes *changes, const edit *edits)
{
  int rc = 0;
  /* All removals first: a file may have taken a folder's place, or the other way round. */
  for (size_t i = 0; i < changes->n; i++) {
    if (edits[i].what != LEAVE) {
      (void)tl_git.git_index_remove(p->index, changes->at[i].path, 0); /* may be new */
    }
  }
  for (size_t i = 0; i < changes->n && rc == 0; i++) {
    if (edits[i].what == PUT) {
      git_index_entry entry = {
          .id = edits[i].id, .mode = edits[i].mode, .path = changes->at[i].path};
      rc = tl_git.git_index_add(p->index, &entry);
    }
  }
  return rc < 0 ? tl_git_fail(p->e, rc, "gather the changed files") : 0;
}

static int gather(patcher *p, const tl_git_changes *changes)
{
  edit *edits = tl_zalloc((changes->n + 1) * sizeof *edits);
  for (size_t i = 0; i < changes->n; i++) {
    read_path(p, changes->at[i].path, &edits[i]);
  }
  int rc = apply(p, changes, edits);
  free(edits);
  return rc;
}

/* --- the patch --- */

static int add_delta(patcher *p, git_diff *diff, size_t i)
{
  git_patch *patch = NULL;
  git_buf text = {0};
  int rc = tl_git.git_patch_from_diff(&patch, diff, i);
  if (rc == 0 && patch) {
    rc = tl_git.git_patch_to_buf(&text, patch);
  }
  if (rc < 0) {
    rc = tl_git_fail(p->e, rc, "make a patch of the changes");
  } else if (tl_buf_add(&p->text, text.ptr, text.size) == 0) {
    p->files++;
  } else {
    leave_out(p, tl_git.git_diff_get_delta(diff, i)->new_file.path, "too large");
  }
  tl_git.git_buf_dispose(&text);
  tl_git.git_patch_free(patch);
  return rc;
}

static int write_patch(patcher *p)
{
  /* All that `git apply` needs, and nothing that the repository's configuration could change. */
  git_diff_options how = {
      .version = GIT_DIFF_OPTIONS_VERSION,
      .flags = GIT_DIFF_SHOW_BINARY,
      .ignore_submodules = GIT_SUBMODULE_IGNORE_NONE,
      .context_lines = 3,
      .id_abbrev = GIT_OID_HEXSZ,
      .old_prefix = "a",
      .new_prefix = "b",
  };
  git_diff *diff = NULL;
  int rc = tl_git.git_diff_tree_to_index(&diff, p->repo, p->tree, p->index, &how);
  if (rc < 0) {
    return tl_git_fail_object(p->e, rc, "compare the files with HEAD", NULL);
  }
  size_t n = tl_git.git_diff_num_deltas(diff);
  for (size_t i = 0; i < n && rc == 0; i++) {
    rc = add_delta(p, diff, i);
  }
  tl_git.git_diff_free(diff);
  return rc;
}

/* --- all together --- */

/* New objects of this handle go to memory: the backend of the highest priority takes them. An
 * object that is on the disk already is not written again; libgit2 would set its file's time to
 * now ("freshen"), which is left undone. */
static int store_in_memory(patcher *p)
{
  git_odb_backend *memory = NULL;
  int rc = tl_git.git_repository_odb(&p->odb, p->repo);
  for (size_t i = 0; rc == 0 && i < tl_git.git_odb_num_backends(p->odb); i++) {
    git_odb_backend *disk;
    rc = tl_git.git_odb_get_backend(&disk, p->odb, i);
    if (rc == 0) {
      disk->freshen = NULL;
    }
  }
  if (rc == 0) {
    rc = tl_git.git_mempack_new(&memory);
  }
  if (rc == 0) {
    rc = tl_git.git_odb_add_backend(p->odb, memory, 999);
  }
  return rc;
}

static bool keeps_filemode(git_repository *repo)
{
  git_config *config = NULL;
  int keeps = 1;
  if (tl_git.git_repository_config_snapshot(&config, repo) == 0) {
    (void)tl_git.git_config_get_bool(&keeps, config, "core.filemode"); /* absent: true */
  }
  tl_git.git_config_free(config);
  return keeps != 0;
}

static int prepare(patcher *p, const char *workdir)
{
  int rc = p->head ? 0 : tl_git_head_commit(p->repo, &p->head, p->e);
  if (rc < 0) {
    return rc;
  }
  p->workdir = open(workdir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (p->workdir < 0) {
    return tl_fail_errno(p->e, errno, "cannot open the working tree");
  }
  p->filemode = keeps_filemode(p->repo);
  rc = store_in_memory(p);
  if (rc == 0) {
    rc = tl_git.git_index_new(&p->index);
  }
  if (rc == 0 && p->head) {
    rc = tl_git.git_commit_tree(&p->tree, p->head);
  }
  if (rc == 0 && p->tree) {
    rc = tl_git.git_index_read_tree(p->index, p->tree);
  }
  return rc < 0 ? tl_git_fail_object(p->e, rc, "read the tree of HEAD", NULL) : 0;
}

static int finish(patcher *p, tl_val *out)
{
  git_oid tree;
  char hex[GIT_OID_HEXSZ + 1];
  size_t len;
  bool whole = tl_len(&p->left_out) == 0;
  *out = tl_map();
  char *text = tl_buf_take(&p->text, &len);
  tl_put(out, "patch", tl_str_take(text, len));
  tl_put(out, "files", tl_int(p->files));
  tl_put(out, "truncated", tl_bool(!whole));
  if (!whole) {
    tl_put(out, "left_out", tl_copy(&p->left_out));
    return 0;
  }
  int rc = tl_git.git_index_write_tree_to(&tree, p->index, p->repo);
  if (rc < 0) {
    return tl_git_fail(p->e, rc, "name the tree of the changed files");
  }
  tl_put(out, "tree", tl_str(tl_git.git_oid_tostr(hex, sizeof hex, &tree)));
  return 0;
}

/* A tree without a change is HEAD's: nothing is read then. False before the first commit. */
static bool same_as_head(patcher *p, tl_val *out)
{
  char hex[GIT_OID_HEXSZ + 1];
  if (tl_git_head_commit(p->repo, &p->head, p->e) < 0 || !p->head) {
    return false;
  }
  const git_oid *tree = tl_git.git_commit_tree_id(p->head);
  *out = tl_map();
  tl_put(out, "patch", tl_str(""));
  tl_put(out, "files", tl_int(0));
  tl_put(out, "truncated", tl_bool(false));
  tl_put(out, "tree", tl_str(tl_git.git_oid_tostr(hex, sizeof hex, tree)));
  return true;
}

static int patch_of_changes(patcher *p, const tl_git_changes *changes, const char *workdir,
                            tl_val *out)
{
  int rc = prepare(p, workdir);
  if (rc == 0) {
    rc = gather(p, changes);
  }
  if (rc == 0) {
    rc = write_patch(p);
  }
  return rc == 0 ? finish(p, out) : rc;
}

int tl_git_patch_work(tl_call *call)
{
  patcher p = {.workdir = -1, .text = TL_BUF(PATCH_MAX), .left_out = tl_list(), .e = &call->err};
  tl_git_changes changes = {0};
  const char *workdir;
  int rc = tl_git_open(call, &p.repo);
  if (rc < 0) {
    tl_free(&p.left_out);
    return rc;
  }
  rc = tl_git_changes_read(call, p.repo, &changes, &workdir);
  if (rc == 0 && (changes.n > 0 || !same_as_head(&p, &call->out))) {
    rc = patch_of_changes(&p, &changes, workdir, &call->out);
  }
  if (rc < 0) {
    tl_free(&call->out);
  }
  if (p.workdir >= 0) {
    (void)close(p.workdir);
  }
  tl_git_changes_free(&changes);
  tl_free(&p.left_out);
  tl_buf_free(&p.text);
  tl_git.git_index_free(p.index);
  tl_git.git_tree_free(p.tree);
  tl_git.git_commit_free(p.head);
  tl_git.git_odb_free(p.odb);
  tl_git.git_repository_free(p.repo);
  return rc;
}

/* args: repo, exclude. returns {patch, files, truncated}, and `tree`, the git tree that HEAD with
 * the patch applied has. What does not fit (64 MiB of patch, 256 MiB of files), cannot be said in
 * a patch or may hold a secret (private.h) is missing from it: then `truncated` is true and
 * `left_out` has {path, reason} in the place of `tree`. `git apply` takes the patch on a checkout of
 * HEAD. Errors: tl_git_changes_read. */
int prim_git_patch(tl_call *call)
{
  return tl_git_apart(call, tl_git_patch_work);
}
