/* fs.tree, sync, purge: whole trees, walked by descriptors, following no link. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"

typedef struct walk {
  tl_fs_visit *visit;
  void *ud;
  const char *shown;
  tl_buf path;
  size_t count;
} walk;

static int walk_folder(walk *w, int fd, unsigned depth, tl_err *e);

static int walk_into(walk *w, int dirfd, const char *name, unsigned depth, tl_err *e)
{
  int rc, fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0) return tl_fs_fail(e, errno, "open", w->path.data);
  rc = depth == TL_FS_DEPTH
           ? tl_fail(e, TL_ELIMIT, "%s has folders deeper than %d", w->shown, TL_FS_DEPTH)
           : walk_folder(w, fd, depth + 1, e);
  (void)close(fd);
  return rc;
}

static int walk_entry(walk *w, int dirfd, const char *name, unsigned depth, tl_err *e)
{
  struct stat st;
  size_t len = w->path.len;
  int rc = TL_OK;

  if (++w->count > TL_FS_ENTRIES)
    return tl_fail(e, TL_ELIMIT, "%s holds more than %d entries", w->shown, TL_FS_ENTRIES);
  if ((len > 0 && tl_buf_byte(&w->path, '/') < 0) || tl_buf_str(&w->path, name) < 0)
    return tl_fail(e, TL_ELIMIT, "%s holds a path that is too long", w->shown);
  if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    rc = errno == ENOENT ? TL_OK : tl_fs_fail(e, errno, "look at", w->path.data);
  else {
    if (S_ISDIR(st.st_mode)) rc = walk_into(w, dirfd, name, depth, e);
    if (rc == TL_OK) rc = w->visit(w->ud, dirfd, name, w->path.data, &st, e);
  }
  w->path.len = len;
  w->path.data[len] = '\0';
  return rc;
}

static int walk_folder(walk *w, int fd, unsigned depth, tl_err *e)
{
  tl_fs_names names;
  int rc = tl_fs_names_read(fd, w->path.len ? w->path.data : w->shown, &names, e);

  if (rc < 0) return rc;
  for (size_t i = 0; i < names.n && rc == TL_OK; i++) rc = walk_entry(w, fd, names.at[i], depth, e);
  tl_fs_names_free(&names);
  return rc;
}

int tl_fs_walk(int fd, const char *shown, tl_fs_visit *visitor, void *ud, tl_err *e)
{
  walk w = {.visit = visitor,
            .ud = ud,
            .shown = shown,
            .path = TL_BUF((size_t)(NAME_MAX + 1) * (TL_FS_DEPTH + 2))};
  int rc = walk_folder(&w, fd, 1, e);

  tl_buf_free(&w.path);
  return rc;
}

/* --- tree ------------------------------------------------------------------------------------- */

static int tree_visit(void *ud, int dirfd, const char *name, const char *path,
                      const struct stat *st, tl_err *e)
{
  tl_val *entry = tl_push(ud, tl_map());

  (void)dirfd;
  (void)name;
  (void)e;
  tl_put(entry, "path", tl_str(path));
  tl_put(entry, "type", tl_str(tl_fs_type(st->st_mode)));
  tl_put(entry, "size", tl_int(tl_fs_size(st)));
  return TL_OK;
}

static int by_path(const void *a, const void *b)
{
  return strcmp(tl_get_str(a, "path", ""), tl_get_str(b, "path", ""));
}

/* The folder of argument 0, opened; or an error. */
static int open_root(tl_call *call, const tl_place **p)
{
  int rc = tl_fs_place(call, 0, 0, p);

  return rc < 0 ? rc : tl_fs_open_folder(*p, &call->err);
}

int prim_fs_tree(tl_call *call)
{
  const tl_place *p;
  tl_val list = tl_list();
  int rc, fd = open_root(call, &p);

  if (fd < 0) return fd;
  rc = tl_fs_walk(fd, p->shown, tree_visit, &list, &call->err);
  (void)close(fd);
  if (rc < 0) {
    tl_free(&list);
    return rc;
  }
  if (tl_len(&list) > 1)
    qsort(list.u.list.items, tl_len(&list), sizeof *list.u.list.items, by_path);
  call->out = list;
  return TL_OK;
}

/* --- sync ------------------------------------------------------------------------------------- */

enum { SYNC_EACH = 64, MANY = 1 };

static int count_visit(void *ud, int dirfd, const char *name, const char *path,
                       const struct stat *st, tl_err *e)
{
  unsigned *files = ud;

  (void)dirfd;
  (void)name;
  (void)path;
  (void)e;
  return S_ISREG(st->st_mode) && ++*files > SYNC_EACH ? MANY : TL_OK;
}

static int sync_visit(void *ud, int dirfd, const char *name, const char *path,
                      const struct stat *st, tl_err *e)
{
  int fd, rc = TL_OK;

  (void)ud;
  if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) return TL_OK;
  fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return tl_fs_fail(e, errno, "sync", path);
  if (tl_fs_sync_fd(fd, S_ISDIR(st->st_mode)) != 0) rc = tl_fs_fail(e, errno, "sync", path);
  (void)close(fd);
  return rc;
}

/* The folder itself and the entry that it is in the folder above. */
static int sync_root(int fd, const tl_place *p, tl_err *e)
{
  int up, rc = TL_OK;

  if (tl_fs_sync_fd(fd, true) != 0) return tl_fs_fail(e, errno, "sync", p->shown);
  if (!p->trusted) return TL_OK;
  up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (up < 0 || tl_fs_sync_fd(up, true) != 0)
    rc = tl_fs_fail(e, errno, "sync the folder above", p->shown);
  if (up >= 0) (void)close(up);
  return rc;
}

int prim_fs_sync(tl_call *call)
{
  const tl_place *p;
  unsigned files = 0;
  int rc, fd = open_root(call, &p);

  if (fd < 0) return fd;
  rc = tl_fs_walk(fd, p->shown, count_visit, &files, &call->err);
  if (rc == MANY) /* one call for the whole file system costs less than many for its files */
    rc = syncfs(fd) == 0 ? TL_OK : tl_fs_fail(&call->err, errno, "sync", p->shown);
  else if (rc == TL_OK) rc = tl_fs_walk(fd, p->shown, sync_visit, NULL, &call->err);
  if (rc == TL_OK) rc = sync_root(fd, p, &call->err);
  (void)close(fd);
  if (rc == TL_OK) call->out = tl_bool(true);
  return rc;
}

/* --- purge ------------------------------------------------------------------------------------ */

static int purge_visit(void *ud, int dirfd, const char *name, const char *path,
                       const struct stat *st, tl_err *e)
{
  (void)ud;
  if (unlinkat(dirfd, name, S_ISDIR(st->st_mode) ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT)
    return tl_fs_fail(e, errno, "remove", path);
  return TL_OK;
}

/* Not by tl_fs_open_folder: a trusted path may end in a link, and that is not followed here. */
int tl_fs_purge(int dir, const char *name, const char *shown, tl_err *e)
{
  struct stat st;
  int rc, fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0 && errno == ENOTDIR && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
    return tl_fail(e, TL_EREFUSED,
                   "cannot remove %s with all below it: it is a %s, not a "
                   "folder",
                   shown, tl_fs_type(st.st_mode));
  if (fd < 0) return tl_fs_fail(e, errno, "remove", shown);
  rc = tl_fs_walk(fd, shown, purge_visit, NULL, e);
  if (rc == TL_OK && unlinkat(dir, name, AT_REMOVEDIR) != 0)
    rc = tl_fs_fail(e, errno, "remove", shown);
  (void)close(fd);
  return rc;
}

int prim_fs_purge(tl_call *call)
{
  int rc = tl_fs_below_do(call, tl_fs_purge);

  if (rc == TL_OK) call->out = tl_bool(true);
  return rc;
}
