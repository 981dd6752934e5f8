/* fs.write, copy, create, mkdir, remove, replace, make, parents, symlink: files appear whole or not at all,
 * under a temporary name in their own folder and then by rename(2). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"

enum { MODE_PRIVATE = 0600, MODE_MOST = 0777, STALE_LINK_SECONDS = 3600, NAME_TRIES = 16 };

typedef struct temp {
  int dir;                 /* the folder, or -1 */
  int fd;                  /* the file, or -1 */
  bool there;              /* the temporary name exists */
  char name[32];           /* TL_FS_TEMP and 16 hex digits */
  char leaf[NAME_MAX + 1]; /* the name to be */
} temp;

static const temp no_temp = {.dir = -1, .fd = -1};

static int pick_name(temp *t)
{
  uint64_t r;

  if (getrandom(&r, sizeof r, 0) != (ssize_t)sizeof r) return -1;
  (void)snprintf(t->name, sizeof t->name, TL_FS_TEMP "%016llx", (unsigned long long)r);
  return 0;
}

/* A new file, locked as long as it is open: that tells a temporary file in use from one that a
 * killed process left (sweep below). Returns -1 with errno. */
static int create_temp(temp *t, mode_t mode)
{
  struct stat st;

  for (int i = 0; i < NAME_TRIES; i++) {
    if (pick_name(t) != 0) return -1;
    t->fd = openat(t->dir, t->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (t->fd < 0 && (errno == EEXIST || errno == EINTR)) continue;
    if (t->fd < 0) return -1;
    t->there = true;
    while (flock(t->fd, LOCK_EX) != 0 && errno == EINTR) {} /* without locks nothing is swept */
    if (fchmod(t->fd, mode) != 0 || fstat(t->fd, &st) != 0) return -1;
    if (st.st_nlink > 0) return 0;
    (void)close(t->fd); /* swept between open and lock */
    t->fd = -1;
  }
  errno = EEXIST;
  return -1;
}

static void drop_temp(temp *t)
{
  if (t->fd >= 0) (void)close(t->fd);
  if (t->there) (void)unlinkat(t->dir, t->name, 0);
  if (t->dir >= 0) (void)close(t->dir);
  *t = no_temp;
}

static int open_temp(temp *t, const tl_place *p, unsigned how, mode_t mode, tl_err *e)
{
  *t = no_temp;
  t->dir = tl_fs_open_parent(p, how, t->leaf, e);
  if (t->dir < 0) return t->dir;
  if (create_temp(t, mode) != 0) {
    int rc = tl_fs_fail(e, errno, "write", p->shown);
    drop_temp(t);
    return rc;
  }
  return TL_OK;
}

static int rename_temp(temp *t, const char *shown, tl_err *e)
{
  int err = renameat(t->dir, t->name, t->dir, t->leaf) == 0 ? 0 : errno;

  if (err == EISDIR)
    return tl_fail(e, TL_EEXISTS, "cannot write %s: a folder has that name", shown);
  if (err != 0) return tl_fs_fail(e, err, "write", shown);
  t->there = false;
  return TL_OK;
}

/* Gives the file its name. close(2) may be the first to tell of a failure, so it comes before; the
 * duplicate keeps the lock until the temporary name is gone. */
static int finish_temp(temp *t, const char *shown, tl_err *e)
{
  int fd = t->fd;

  t->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (close(fd) != 0 || t->fd < 0) return tl_fs_fail(e, errno, "write", shown);
  return rename_temp(t, shown, e);
}

int prim_fs_write(tl_call *call)
{
  const tl_val *data = &call->args[1];
  tl_fs_sum sum = {.size = (int64_t)data->u.s.len};
  const tl_place *p;
  temp t;
  int rc = tl_fs_place(call, 0, 0, &p);

  if (rc == TL_OK) rc = tl_sha256(sum.sha256, data->u.s.data, data->u.s.len, &call->err);
  if (rc == TL_OK) rc = open_temp(&t, p, TL_FS_MAKE, tl_fs_mode(MODE_PRIVATE), &call->err);
  if (rc < 0) return rc;
  if (tl_fs_write_all(t.fd, data->u.s.data, data->u.s.len) != 0)
    rc = tl_fs_fail(&call->err, errno, "write", p->shown);
  if (rc == TL_OK) rc = finish_temp(&t, p->shown, &call->err);
  drop_temp(&t);
  if (rc == TL_OK) call->out = tl_fs_sum_value(&sum);
  return rc;
}

int prim_fs_copy(tl_call *call)
{
  const tl_place *from, *to;
  tl_fs_sum sum;
  struct stat st;
  temp t;
  int in, rc = tl_fs_place(call, 0, 0, &from);

  if (rc == TL_OK) rc = tl_fs_place(call, 1, 1, &to);
  if (rc < 0) return rc;
  in = tl_fs_open_file(from, &st, &call->err);
  if (in < 0) return in;
  rc = open_temp(&t, to, TL_FS_MAKE, tl_fs_mode(MODE_PRIVATE), &call->err);
  if (rc == TL_OK) {
    rc = tl_fs_pump(in, t.fd, from->shown, to->shown, &sum, &call->err);
    if (rc == TL_OK) rc = finish_temp(&t, to->shown, &call->err);
    drop_temp(&t);
  }
  (void)close(in);
  if (rc == TL_OK) call->out = tl_fs_sum_value(&sum);
  return rc;
}

/* Gives the file its name if nothing has it. Where the file system cannot rename so, a second link
 * is made, and the temporary name goes with the rest. */
static int name_new(temp *t, const char *shown, tl_err *e)
{
  int rc = renameat2(t->dir, t->name, t->dir, t->leaf, RENAME_NOREPLACE);

  if (rc == 0) t->there = false;
  else if (errno == EINVAL || errno == ENOSYS) rc = linkat(t->dir, t->name, t->dir, t->leaf, 0);
  return rc == 0 ? TL_OK : tl_fs_fail(e, errno, "make", shown);
}

int prim_fs_create(tl_call *call)
{
  const tl_val *data = &call->args[1];
  mode_t mask = umask(MODE_MOST);
  const tl_place *p;
  temp t;
  int rc = tl_fs_place(call, 0, 0, &p);

  (void)umask(mask);
  if (rc == TL_OK)
    rc = open_temp(&t, p, 0, (mode_t)call->args[2].u.i & MODE_MOST & ~mask, &call->err);
  if (rc < 0) return rc;
  if (tl_fs_write_all(t.fd, data->u.s.data, data->u.s.len) != 0 || tl_fs_sync_fd(t.fd, false) != 0)
    rc = tl_fs_fail(&call->err, errno, "write", p->shown);
  if (rc == TL_OK) rc = name_new(&t, p->shown, &call->err);
  drop_temp(&t);
  if (rc == TL_OK) call->out = tl_bool(true);
  return rc;
}

/* --- replace: on the disk before it returns --------------------------------------------------- */

/* Removes what a killed process left: files that nobody holds locked, links that are old. */
static void sweep(int dir, const char *shown)
{
  tl_fs_names names;
  struct stat st;

  if (tl_fs_names_read(dir, shown, &names, NULL) < 0)
    return; /* a courtesy: the write itself will tell of trouble */
  for (size_t i = 0; i < names.n; i++) {
    const char *name = names.at[i];
    int fd;
    if (strncmp(name, TL_FS_TEMP, sizeof TL_FS_TEMP - 1) != 0 ||
        fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (S_ISLNK(st.st_mode) && st.st_mtime < time(NULL) - STALE_LINK_SECONDS)
      (void)unlinkat(dir, name, 0);
    if (!S_ISREG(st.st_mode)) continue;
    fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) continue;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) (void)unlinkat(dir, name, 0);
    (void)close(fd);
  }
  tl_fs_names_free(&names);
}

int prim_fs_replace(tl_call *call)
{
  const tl_val *data = &call->args[1], *mode = &call->args[2];
  int64_t bits = mode->type == TL_INT ? mode->u.i : (int64_t)tl_fs_mode(MODE_PRIVATE);
  const tl_place *p;
  temp t;
  int rc = tl_fs_place(call, 0, 0, &p);

  if (rc == TL_OK && (bits < 0 || bits > MODE_MOST))
    rc = tl_fail(&call->err, TL_EARGUMENT, "mode must lie between 0 and 0777 (511)");
  if (rc == TL_OK) rc = open_temp(&t, p, 0, (mode_t)bits, &call->err);
  if (rc < 0) return rc;
  sweep(t.dir, p->shown);
  if (tl_fs_write_all(t.fd, data->u.s.data, data->u.s.len) != 0 || tl_fs_sync_fd(t.fd, false) != 0)
    rc = tl_fs_fail(&call->err, errno, "write", p->shown);
  if (rc == TL_OK) /* still open, since the lock keeps other sweepers off; fsync has told all */
    rc = rename_temp(&t, p->shown, &call->err);
  if (rc == TL_OK && tl_fs_sync_fd(t.dir, true) != 0)
    rc = tl_fs_fail(&call->err, errno, "sync the folder of", p->shown);
  drop_temp(&t);
  if (rc == TL_OK) call->out = tl_bool(true);
  return rc;
}

int prim_fs_symlink(tl_call *call)
{
  const tl_val *target = &call->args[0];
  const tl_place *p;
  temp t = no_temp;
  int rc = tl_fs_place(call, 1, 0, &p);

  if (rc == TL_OK && (target->u.s.len == 0 || memchr(target->u.s.data, '\0', target->u.s.len)))
    rc = tl_fail(&call->err, TL_EARGUMENT, "the target of a link must not be empty or hold a NUL");
  if (rc < 0) return rc;
  t.dir = tl_fs_open_parent(p, 0, t.leaf, &call->err);
  if (t.dir < 0) return t.dir;
  sweep(t.dir, p->shown);
  if (pick_name(&t) != 0 || symlinkat(target->u.s.data, t.dir, t.name) != 0) {
    rc = tl_fs_fail(&call->err, errno, "make the link", p->shown);
  } else {
    t.there = true;
    rc = rename_temp(&t, p->shown, &call->err);
  }
  if (rc == TL_OK && tl_fs_sync_fd(t.dir, true) != 0)
    rc = tl_fs_fail(&call->err, errno, "sync the folder of", p->shown);
  drop_temp(&t);
  if (rc == TL_OK) call->out = tl_bool(true);
  return rc;
}

/* --- folders and removal ---------------------------------------------------------------------- */

static int make_folders(tl_call *call, const tl_place *p, unsigned how)
{
  int fd, rc = tl_fs_judge(p, &call->args[0], &call->err);

  if (rc < 0) return rc;
  fd = tl_fs_make_folder(p, how, &call->err);
  if (fd < 0) return fd;
  (void)close(fd);
  call->out = tl_bool(true);
  return TL_OK;
}

int prim_fs_mkdir(tl_call *call)
{
  return make_folders(call, &call->places[0], TL_FS_MAKE);
}

int prim_fs_parents(tl_call *call)
{
  tl_place p;
  int rc = tl_fs_below(call, 0, 1, &p);

  if (rc < 0) return rc;
  rc = make_folders(call, &p, TL_FS_MAKE | TL_FS_DURABLE);
  tl_fs_below_close(&p);
  return rc;
}

int prim_fs_make(tl_call *call)
{
  char name[NAME_MAX + 1];
  const tl_val *mode = &call->args[1];
  const tl_place *p;
  int dir, rc = tl_fs_place(call, 0, 0, &p);

  if (rc < 0) return rc;
  dir = tl_fs_open_parent(p, 0, name, &call->err);
  if (dir < 0) return dir;
  if (mkdirat(dir, name, mode->type == TL_INT ? (mode_t)mode->u.i & MODE_MOST : tl_fs_mode(0700)) ==
      0)
    call->out = tl_bool(true);
  else rc = tl_fs_fail(&call->err, errno, "make the folder", p->shown);
  (void)close(dir);
  return rc;
}

int prim_fs_remove(tl_call *call)
{
  char name[NAME_MAX + 1];
  const tl_place *p;
  int dir, rc = tl_fs_place(call, 0, 0, &p);

  if (rc < 0) return rc;
  dir = tl_fs_open_parent(p, 0, name, &call->err);
  if (dir < 0) return dir;
  if (unlinkat(dir, name, 0) != 0 && (errno != EISDIR || unlinkat(dir, name, AT_REMOVEDIR) != 0))
    rc = errno == ENOTEMPTY || errno == EEXIST
             ? tl_fail(&call->err, TL_EREFUSED, "cannot remove %s: the folder is not empty",
                       p->shown)
             : tl_fs_fail(&call->err, errno, "remove", p->shown);
  else call->out = tl_bool(true);
  (void)close(dir);
  return rc;
}
