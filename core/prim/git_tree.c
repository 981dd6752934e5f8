/* Which paths differ between two trees.
 *
 * Own code and not git_diff_tree_to_tree: that is 17 times slower than git over a long history
 * (DECISIONS.md). Trees are read as they lie in the object database and walked side by side; what
 * has the same id is not looked into. */
#include <stdlib.h>
#include <string.h>

#include "../base/buf.h"
#include "git_changes.h"

enum { FILES_MAX = 1000000, DEPTH_MAX = 1000, PATH_MOST = 1 << 16 };

typedef struct entry {
  const char *name; /* ends with a NUL */
  size_t len;
  tl_git_side side;
} entry;

typedef struct cursor {
  git_odb_object *object; /* NULL: no tree */
  const unsigned char *at, *end;
  entry now;
  bool done;
} cursor;

typedef struct comparer {
  git_odb *odb;
  tl_git_files *files;
  tl_buf path; /* of the folder that is looked at, with a slash behind it */
  size_t depth;
  tl_err *e;
} comparer;

/* --- files --- */

void tl_git_files_free(tl_git_files *files)
{
  for (size_t i = 0; i < files->n; i++) {
    free(files->at[i].path);
    free(files->at[i].old_path);
  }
  free(files->at);
  *files = (tl_git_files){0};
}

char tl_git_file_status(const tl_git_file *file)
{
  if (file->old_path) {
    return 'R';
  }
  if (file->old.mode == 0 || file->now.mode == 0) {
    return file->old.mode == 0 ? 'A' : 'D';
  }
  return ((file->old.mode ^ file->now.mode) & TL_GIT_KIND) != 0 ? 'T' : 'M';
}

static int emit(comparer *c, const entry *name, const tl_git_side *old, const tl_git_side *now)
{
  static const tl_git_side nothing;
  tl_git_files *files = c->files;
  if (files->n >= FILES_MAX) {
    return tl_fail(c->e, TL_ELIMIT, "a commit changes over %d files", FILES_MAX);
  }
  if (files->n == files->cap) {
    files->cap = files->cap ? files->cap * 2 : 16;
    files->at = tl_realloc(files->at, files->cap * sizeof *files->at);
  }
  char *path = tl_alloc(c->path.len + name->len + 1);
  if (c->path.len > 0) {
    memcpy(path, c->path.data, c->path.len);
  }
  memcpy(path + c->path.len, name->name, name->len + 1);
  files->at[files->n++] =
      (tl_git_file){.path = path, .old = old ? *old : nothing, .now = now ? *now : nothing};
  return 0;
}

/* --- a tree's entries --- */

/* Old histories hold modes that git writes no more; it takes them for the nearest it knows. */
static uint32_t plain_mode(uint32_t mode)
{
  switch (mode & TL_GIT_KIND) {
  case TL_GIT_FILE: return (mode & 0100) != 0 ? 0100755 : 0100644;
  case TL_GIT_LINK: return TL_GIT_LINK;
  case TL_GIT_FOLDER: return TL_GIT_FOLDER;
  default: return TL_GIT_SUBMODULE;
  }
}

/* "<octal mode> <name>\0<20 bytes of id>". */
static int next_entry(comparer *c, cursor *k)
{
  uint32_t mode = 0;
  const unsigned char *at = k->at;
  if (at == k->end) {
    k->done = true;
    return 0;
  }
  for (; at < k->end && *at >= '0' && *at <= '7' && mode < 010000000; at++) {
    mode = mode * 8 + (uint32_t)(*at - '0');
  }
  const unsigned char *name = at + 1;
  const unsigned char *zero =
      at < k->end && *at == ' ' ? memchr(name, '\0', (size_t)(k->end - name)) : NULL;
  if (!zero || zero == name || k->end - zero <= GIT_OID_RAWSZ) {
    return tl_fail(c->e, TL_EIO, "a tree of the git repository is damaged; try git fsck");
  }
  k->now.name = (const char *)name;
  k->now.len = (size_t)(zero - name);
  k->now.side.mode = plain_mode(mode);
  memcpy(k->now.side.id.id, zero + 1, GIT_OID_RAWSZ);
  k->at = zero + 1 + GIT_OID_RAWSZ;
  return 0;
}

static int open_tree(comparer *c, const git_oid *id, cursor *k)
{
  *k = (cursor){.done = true};
  if (!id) {
    return 0;
  }
  int rc = tl_git.git_odb_read(&k->object, c->odb, id);
  if (rc < 0) {
    return tl_git_fail_object(c->e, rc, "read tree", id);
  }
  if (tl_git.git_odb_object_type(k->object) != GIT_OBJECT_TREE) {
    return tl_fail(c->e, TL_EIO,
                   "what should be a tree in the git repository is none; try git fsck");
  }
  k->at = tl_git.git_odb_object_data(k->object);
  k->end = k->at + tl_git.git_odb_object_size(k->object);
  k->done = false;
  return next_entry(c, k);
}

static bool is_folder(const entry *e)
{
  return e->side.mode == TL_GIT_FOLDER;
}

/* The order within a tree: a folder's name counts as if a slash ended it. */
static int order(const entry *a, const entry *b)
{
  size_t least = a->len < b->len ? a->len : b->len;
  int by = memcmp(a->name, b->name, least);
  if (by != 0) {
    return by;
  }
  unsigned char x = (unsigned char)a->name[least], y = (unsigned char)b->name[least];
  x = x == 0 && is_folder(a) ? '/' : x;
  y = y == 0 && is_folder(b) ? '/' : y;
  return (x > y) - (x < y);
}

/* --- side by side --- */

static int compare(comparer *c, const git_oid *old, const git_oid *now);

static int compare_below(comparer *c, const entry *name, const git_oid *old, const git_oid *now)
{
  size_t before = c->path.len;
  if (tl_buf_add(&c->path, name->name, name->len) < 0 || tl_buf_byte(&c->path, '/') < 0 ||
      c->depth >= DEPTH_MAX) {
    return tl_fail(c->e, TL_ELIMIT, "a path of the git repository is too long or too deep");
  }
  c->depth++;
  int rc = compare(c, old, now);
  c->depth--;
  c->path.len = before;
  return rc;
}

/* What is on one side only. */
static int one_side(comparer *c, const entry *e, bool is_old)
{
  if (is_folder(e)) {
    const git_oid *id = &e->side.id;
    return compare_below(c, e, is_old ? id : NULL, is_old ? NULL : id);
  }
  return emit(c, e, is_old ? &e->side : NULL, is_old ? NULL : &e->side);
}

static int both_sides(comparer *c, const entry *a, const entry *b)
{
  bool same_id = memcmp(&a->side.id, &b->side.id, sizeof a->side.id) == 0;
  if (same_id && a->side.mode == b->side.mode) {
    return 0;
  }
  return is_folder(a) ? compare_below(c, a, &a->side.id, &b->side.id)
                      : emit(c, a, &a->side, &b->side);
}

static int step(comparer *c, cursor *a, cursor *b)
{
  int by = a->done ? 1 : b->done ? -1 : order(&a->now, &b->now);
  int rc = by < 0   ? one_side(c, &a->now, true)
           : by > 0 ? one_side(c, &b->now, false)
                    : both_sides(c, &a->now, &b->now);
  if (rc == 0 && by <= 0) {
    rc = next_entry(c, a);
  }
  if (rc == 0 && by >= 0) {
    rc = next_entry(c, b);
  }
  return rc;
}

static int compare(comparer *c, const git_oid *old, const git_oid *now)
{
  cursor a, b = {0};
  int rc = open_tree(c, old, &a);
  if (rc == 0) {
    rc = open_tree(c, now, &b);
  }
  while (rc == 0 && !(a.done && b.done)) {
    rc = step(c, &a, &b);
  }
  tl_git.git_odb_object_free(a.object);
  tl_git.git_odb_object_free(b.object);
  return rc;
}

int tl_git_tree_compare(git_odb *odb, const git_oid *old, const git_oid *now, tl_git_files *files,
                        tl_err *e)
{
  comparer c = {.odb = odb, .files = files, .path = TL_BUF(PATH_MOST), .e = e};
  if (old && memcmp(old, now, sizeof *old) == 0) {
    return 0;
  }
  int rc = compare(&c, old, now);
  tl_buf_free(&c.path);
  return rc;
}
