/* fs.read, list, stat, readlink, realpath, stdin: what the file system says. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"

enum { READ_DEFAULT = 64 << 20, READ_MOST = 1 << 30 };

/* The optional argument `max`, in bytes. */
static int read_max(tl_call *call, const tl_val *arg, size_t *max)
{
  if (arg->type == TL_NIL) {
    *max = READ_DEFAULT;
    return TL_OK;
  }
  if (arg->u.i < 0 || arg->u.i > READ_MOST)
    return tl_fail(&call->err, TL_EARGUMENT, "max must lie between 0 and %d bytes, and is %lld",
                   (int)READ_MOST, (long long)arg->u.i);
  *max = (size_t)arg->u.i;
  return TL_OK;
}

static int too_large(tl_err *e, const char *shown, long long size, size_t max)
{
  return tl_fail(e, TL_ELIMIT, "cannot read %s: it holds %s%lld bytes, and at most %zu are allowed",
                 shown, size > (long long)max + 1 ? "" : "at least ", size, max);
}

/* All bytes up to the end, which may lie beyond `expect`: a file can grow while it is read. One
 * byte more than `max` is asked for, to tell "just so much" from "more". */
static int slurp(tl_val *out, int fd, size_t expect, size_t max, const char *shown, tl_err *e)
{
  size_t len = 0, cap = expect < max ? expect + 1 : max + 1;
  char *data = tl_alloc(cap + 1);

  for (;;) {
    ssize_t n = tl_fs_read_all(fd, data + len, cap - len);
    if (n < 0) {
      int err = errno;
      free(data);
      return tl_fs_fail(e, err, "read", shown);
    }
    len += (size_t)n;
    if (len < cap) break;
    if (len > max) {
      free(data);
      return too_large(e, shown, (long long)len, max);
    }
    cap = cap > max / 2 ? max + 1 : cap * 2 + TL_FS_CHUNK;
    cap = cap > max + 1 ? max + 1 : cap;
    data = tl_realloc(data, cap + 1);
  }
  data[len] = '\0';
  *out = tl_str_take(data, len);
  return TL_OK;
}

int tl_fs_pump(int in, int out, const char *in_shown, const char *out_shown, tl_fs_sum *sum,
               tl_err *e)
{
  tl_hasher hash;
  char *chunk;
  ssize_t n = 0;
  int rc = tl_sha256_begin(&hash, e);

  if (rc < 0) return rc;
  chunk = tl_alloc(TL_FS_CHUNK);
  sum->size = 0;
  (void)posix_fadvise(in, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice only */
  do {
    n = tl_fs_read_all(in, chunk, TL_FS_CHUNK);
    if (n < 0) rc = tl_fs_fail(e, errno, "read", in_shown);
    else rc = tl_sha256_update(&hash, chunk, (size_t)n, e);
    if (rc == TL_OK && out >= 0 && tl_fs_write_all(out, chunk, (size_t)n) != 0)
      rc = tl_fs_fail(e, errno, "write", out_shown);
    sum->size += n;
  } while (rc == TL_OK && n == TL_FS_CHUNK);
  free(chunk);
  if (rc == TL_OK) return tl_sha256_end(&hash, sum->sha256, e);
  tl_sha256_drop(&hash);
  return rc;
}

tl_val tl_fs_sum_value(const tl_fs_sum *sum)
{
  tl_val v = tl_map();

  tl_put(&v, "sha256", tl_strn(sum->sha256, TL_SHA256_HEX));
  tl_put(&v, "size", tl_int(sum->size));
  return v;
}

/* At most `max` bytes of the `size` that it has, from `from` on. */
static int read_from(tl_val *out, int fd, off_t from, off_t size, size_t max, const char *shown,
                     tl_err *e)
{
  off_t there = from < size ? size - from : 0;
  size_t len = (uintmax_t)there < max ? (size_t)there : max;
  char *data = tl_alloc(len + 1);
  ssize_t n = -1;

  if (lseek(fd, from, SEEK_SET) >= 0) n = tl_fs_read_all(fd, data, len);
  if (n >= 0) *out = tl_strn(data, (size_t)n);
  free(data);
  return n < 0 ? tl_fs_fail(e, errno, "read", shown) : TL_OK;
}

/* Opens the file of argument 0; its `max` is argument `arg`. */
static int open_to_read(tl_call *call, unsigned arg, const tl_place **p, struct stat *st,
                        size_t *max)
{
  int rc = tl_fs_place(call, 0, 0, p);

  if (rc == TL_OK) rc = read_max(call, &call->args[arg], max);
  return rc < 0 ? rc : tl_fs_open_file(*p, st, &call->err);
}

int prim_fs_read(tl_call *call)
{
  const tl_place *p;
  struct stat st;
  size_t max;
  int rc, fd = open_to_read(call, 1, &p, &st, &max);

  if (fd < 0) return fd;
  if ((uint64_t)st.st_size > max) rc = too_large(&call->err, p->shown, (long long)st.st_size, max);
  else rc = slurp(&call->out, fd, (size_t)st.st_size, max, p->shown, &call->err);
  (void)close(fd);
  return rc;
}

/* A file that grows meanwhile gives what its end was. */
int prim_fs_tail(tl_call *call)
{
  const tl_place *p;
  struct stat st;
  size_t max;
  off_t from;
  int rc, fd = open_to_read(call, 1, &p, &st, &max);

  if (fd < 0) return fd;
  from = (uintmax_t)st.st_size > max ? st.st_size - (off_t)max : 0;
  rc = read_from(&call->out, fd, from, st.st_size, max, p->shown, &call->err);
  (void)close(fd);
  return rc;
}

/* A part of a file that stays as it is, or grows, while it is read part by part. */
int prim_fs_part(tl_call *call)
{
  const tl_place *p;
  struct stat st;
  size_t max;
  off_t from = call->args[1].u.i;
  int rc, fd;

  if (from < 0) return tl_fail(&call->err, TL_EARGUMENT, "a file begins at byte 0");
  fd = open_to_read(call, 2, &p, &st, &max);
  if (fd < 0) return fd;
  rc = read_from(&call->out, fd, from, st.st_size, max, p->shown, &call->err);
  (void)close(fd);
  return rc;
}

int prim_fs_stdin(tl_call *call)
{
  size_t max = 0;
  int rc = read_max(call, &call->args[0], &max);

  return rc < 0 ? rc
                : slurp(&call->out, STDIN_FILENO, TL_FS_CHUNK, max, "standard input", &call->err);
}

/* {name, type, size} of one entry; what vanished since the listing is left out. */
static int add_entry(tl_val *list, int fd, const char *name, const char *shown, tl_err *e)
{
  struct stat st;
  tl_val *entry;

  if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? TL_OK : tl_fs_fail(e, errno, "list", shown);
  entry = tl_push(list, tl_map());
  tl_put(entry, "name", tl_str(name));
  tl_put(entry, "type", tl_str(tl_fs_type(st.st_mode)));
  tl_put(entry, "size", tl_int(tl_fs_size(&st)));
  return TL_OK;
}

int prim_fs_list(tl_call *call)
{
  const tl_place *p;
  tl_fs_names names;
  tl_val list;
  int fd, rc = tl_fs_place(call, 0, 0, &p);

  if (rc < 0) return rc;
  fd = tl_fs_open_folder(p, &call->err);
  if (fd < 0) return fd;
  rc = tl_fs_names_read(fd, p->shown, &names, &call->err);
  if (rc == TL_OK) {
    list = tl_list();
    for (size_t i = 0; i < names.n && rc == TL_OK; i++)
      rc = add_entry(&list, fd, names.at[i], p->shown, &call->err);
    if (rc == TL_OK) call->out = list;
    else tl_free(&list);
    tl_fs_names_free(&names);
  }
  (void)close(fd);
  return rc;
}

int prim_fs_stat(tl_call *call)
{
  const tl_place *p;
  struct stat st;
  int fd, rc = tl_fs_place(call, 0, 0, &p);

  if (rc < 0) return rc;
  fd = tl_fs_look(p, false, &st, &call->err);
  if (fd < 0) return fd;
  (void)close(fd);
  call->out = tl_map();
  tl_put(&call->out, "type", tl_str(tl_fs_type(st.st_mode)));
  tl_put(&call->out, "size", tl_int(tl_fs_size(&st)));
  tl_put(&call->out, "modified_ms",
         tl_int((int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000));
  tl_put(&call->out, "mode", tl_int(st.st_mode & 07777));
  return TL_OK;
}

int prim_fs_readlink(tl_call *call)
{
  const tl_place *p;
  struct stat st;
  char target[PATH_MAX];
  ssize_t n;
  int fd, rc = tl_fs_place(call, 0, 0, &p);

  if (rc < 0) return rc;
  fd = tl_fs_look(p, false, &st, &call->err);
  if (fd < 0) return fd;
  n = readlinkat(fd, "", target, sizeof target); /* of the link that fd itself is: readlink(2) */
  if (!S_ISLNK(st.st_mode))
    rc = tl_fail(&call->err, TL_EARGUMENT, "%s is no symbolic link but a %s", p->shown,
                 tl_fs_type(st.st_mode));
  else if (n < 0) rc = tl_fs_fail(&call->err, errno, "read the link", p->shown);
  else call->out = tl_strn(target, (size_t)n);
  (void)close(fd);
  return rc;
}

int prim_fs_realpath(tl_call *call)
{
  const tl_place *p;
  char *path;
  int rc = tl_fs_place(call, 0, 0, &p);

  if (rc < 0) return rc;
  if (!p->trusted) /* it would tell a recipe where it lives */
    return tl_fail(&call->err, TL_EREFUSED, "the real path of %s is not told", p->shown);
  path = realpath(p->rel, NULL);
  if (!path) return tl_fs_fail(&call->err, errno, "find", p->shown);
  call->out = tl_str_take(path, strlen(path));
  return TL_OK;
}
