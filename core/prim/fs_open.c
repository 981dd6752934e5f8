/* Opening beneath a descriptor: paths are judged first, and links are not followed. */
#include "fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/json.h"

#define NO_OPENAT2 "this kernel lacks openat2 (Linux 5.6 or newer is needed)"

/* --- names ------------------------------------------------------------------------------------ */

/* Why a part of a path is not taken from a recipe, or NULL. */
static const char *part_fault(const char *part, size_t len)
{
  if (len == 0) return "has an empty part";
  if (len == 2 && memcmp(part, "..", 2) == 0) return "has a part '..'";
  if (len > NAME_MAX) return "has a part longer than 255 bytes";
  if (len >= sizeof TL_FS_TEMP - 1 && memcmp(part, TL_FS_TEMP, sizeof TL_FS_TEMP - 1) == 0)
    return "begins a part with " TL_FS_TEMP ", which is kept for temporary files";
  return NULL;
}

/* Why a path is not taken, or NULL. */
static const char *path_fault(const tl_place *p)
{
  size_t len = strlen(p->rel);

  if (len == 0) return "is empty";
  if (len >= PATH_MAX) return "is longer than 4095 bytes";
  if (p->trusted) return NULL;
  if (tl_utf8_valid(p->rel, len) != len) return "is not UTF-8";
  for (const char *part = p->rel;; part++) {
    size_t n = strcspn(part, "/");
    const char *fault = part_fault(part, n);
    if (fault) return fault;
    part += n;
    if (*part == '\0') return NULL;
  }
}

int tl_fs_judge(const tl_place *p, const tl_val *arg, tl_err *e)
{
  bool has_nul = arg->type == TL_STR && memchr(arg->u.s.data, '\0', arg->u.s.len);
  const char *fault = has_nul ? "holds a NUL byte" : path_fault(p);

  return fault ? tl_fail(e, TL_EREFUSED, "the path '%.200s' %s", p->shown, fault) : TL_OK;
}

int tl_fs_place(tl_call *call, unsigned arg, unsigned place, const tl_place **p)
{
  *p = &call->places[place];
  return tl_fs_judge(*p, &call->args[arg], &call->err);
}

/* --- words ------------------------------------------------------------------------------------ */

const char *tl_fs_type(mode_t mode)
{
  switch (mode & S_IFMT) {
  case S_IFREG: return "file";
  case S_IFDIR: return "folder";
  case S_IFLNK: return "link";
  case S_IFIFO: return "fifo";
  case S_IFSOCK: return "socket";
  default: return "device";
  }
}

int64_t tl_fs_size(const struct stat *st)
{
  return S_ISREG(st->st_mode) || S_ISLNK(st->st_mode) ? (int64_t)st->st_size : 0;
}

int tl_fs_fail(tl_err *e, int err, const char *verb, const char *shown)
{
  switch (err) {
  case ELOOP:
    return tl_fail(e, TL_EREFUSED, "cannot %s %s: the path leads through a symbolic link", verb,
                   shown);
  case EXDEV:
    return tl_fail(e, TL_EREFUSED, "cannot %s %s: the path leads out of the folder", verb, shown);
  case ENOSYS: return tl_fail(e, TL_EUNSUPPORTED, "cannot %s %s: " NO_OPENAT2, verb, shown);
  case ENXIO: /* a socket, or a FIFO without its other end */
    return tl_fail(e, TL_EREFUSED, "cannot %s %s: it is no regular file", verb, shown);
  default: return tl_fail_errno(e, err, "cannot %s %s", verb, shown);
  }
}

static int wrong_type(tl_err *e, mode_t mode, const char *verb, const char *shown)
{
  static const char words[] = "cannot %s %s: it is a %s";

  if (S_ISREG(mode) || S_ISDIR(mode))
    return tl_fail(e, TL_EARGUMENT, words, verb, shown, tl_fs_type(mode));
  return tl_fail(e, TL_EREFUSED, words, verb, shown,
                 S_ISLNK(mode) ? "symbolic link" : tl_fs_type(mode));
}

/* --- opening ---------------------------------------------------------------------------------- */

int tl_fs_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
  struct open_how how = {
      .flags = (unsigned)(flags | O_CLOEXEC),
      .mode = mode,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  int again = 16;
  long fd;

  do fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);
  while (fd < 0 && (errno == EINTR || (errno == EAGAIN && again-- > 0)));
  return (int)fd;
}

/* Places a recipe named are opened beneath, trusted ones by openat(2). Returns -1 with errno. */
static int open_at(int dirfd, const char *path, int flags, bool trusted)
{
  int fd;

  if (!trusted) return tl_fs_beneath(dirfd, path, flags, 0);
  do fd = openat(dirfd, path, flags | O_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  return fd;
}

bool tl_fs_path_of(int fd, char path[PATH_MAX])
{
  char link[32];
  (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, PATH_MAX - 1);
  path[n > 0 ? n : 0] = '\0';
  return n > 0;
}

bool tl_fs_lies_in(const char *path, const char *folder)
{
  size_t n = strlen(folder);
  while (n > 0 && folder[n - 1] == '/') {
    n--;
  }
  return strncmp(folder, path, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* File systems whose files are windows into the kernel or into processes: /proc/self/environ is a
 * regular file too. Magic numbers: statfs(2). devtmpfs cannot be told from tmpfs; what is special
 * there is a device and refused as such. */
static bool is_kernel_fs(int fd)
{
  static const uint32_t kinds[] = {
      PROC_SUPER_MAGIC,
      SYSFS_MAGIC,
      DEBUGFS_MAGIC,
      TRACEFS_MAGIC,
      SECURITYFS_MAGIC,
      CGROUP_SUPER_MAGIC,
      CGROUP2_SUPER_MAGIC,
      DEVPTS_SUPER_MAGIC,
      BPF_FS_MAGIC,
      PSTOREFS_MAGIC,
      EFIVARFS_MAGIC,
      NSFS_MAGIC,
      SELINUX_MAGIC,
      SMACK_MAGIC,
      BINFMTFS_MAGIC,
      ANON_INODE_FS_MAGIC,
      0x62656570 /* configfs */,
      0x65735543 /* fusectl */,
      0x19800202 /* mqueue */,
  };
  struct statfs fs;

  if (fstatfs(fd, &fs) != 0) return true; /* what cannot be judged is not opened */
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if ((uint32_t)fs.f_type == kinds[i]) return true;
  return false;
}

/* Judges an open descriptor; closes it unless it may be used. */
static int admit(int fd, const tl_place *p, struct stat *st, tl_err *e)
{
  int rc = fd;

  if (fstat(fd, st) != 0) rc = tl_fs_fail(e, errno, "look at", p->shown);
  else if (!p->trusted && is_kernel_fs(fd))
    rc = tl_fail(e, TL_EREFUSED, "cannot open %s: it lies in a file system of the kernel's own",
                 p->shown);
  if (rc < 0) (void)close(fd);
  return rc;
}

int tl_fs_look(const tl_place *p, bool follow, struct stat *st, tl_err *e)
{
  int flags = O_PATH | (follow && p->trusted ? 0 : O_NOFOLLOW);
  int fd = open_at(p->dirfd, p->rel, flags, p->trusted);

  if (fd < 0) return tl_fs_fail(e, errno, "open", p->shown);
  return admit(fd, p, st, e);
}

/* Looks before it opens, since opening a device can already do something (a watchdog starts, a
 * tape winds back); judges again what it then opened, since the name may lead elsewhere by now. */
static int open_type(const tl_place *p, mode_t type, int flags, struct stat *st, tl_err *e)
{
  const char *verb = type == S_IFDIR ? "list" : "read";
  int fd = tl_fs_look(p, true, st, e);

  if (fd < 0) return fd;
  (void)close(fd);
  if ((st->st_mode & S_IFMT) != type) return wrong_type(e, st->st_mode, verb, p->shown);
  fd = open_at(p->dirfd, p->rel, flags | O_RDONLY | O_NONBLOCK | O_NOCTTY, p->trusted);
  if (fd < 0) return tl_fs_fail(e, errno, verb, p->shown);
  fd = admit(fd, p, st, e);
  if (fd >= 0 && (st->st_mode & S_IFMT) != type) {
    (void)close(fd);
    return wrong_type(e, st->st_mode, verb, p->shown);
  }
  return fd;
}

int tl_fs_open_file(const tl_place *p, struct stat *st, tl_err *e)
{
  return open_type(p, S_IFREG, 0, st, e);
}

int tl_fs_open_folder(const tl_place *p, tl_err *e)
{
  struct stat st;

  return open_type(p, S_IFDIR, O_DIRECTORY, &st, e);
}

int tl_fs_below(tl_call *call, unsigned arg, unsigned root, tl_place *p)
{
  const tl_place *place, *below;
  int rc = tl_fs_place(call, arg, arg, &place);

  if (rc < 0) return rc;
  *p = *place;
  if (call->args[root].type != TL_STR) return TL_OK;
  rc = tl_fs_place(call, root, root, &below);
  if (rc == TL_OK) rc = tl_fs_open_folder(below, &call->err);
  if (rc < 0) return rc;
  p->dirfd = rc;
  p->trusted = false; /* a link below the root may have come with somebody's repository */
  return TL_OK;
}

void tl_fs_below_close(const tl_place *p)
{
  if (p->dirfd >= 0 && !p->trusted) (void)close(p->dirfd);
}

int tl_fs_below_do(tl_call *call, tl_fs_entry *what)
{
  char name[NAME_MAX + 1];
  tl_place p;
  int dir, rc = tl_fs_below(call, 0, 1, &p);

  if (rc < 0) return rc;
  dir = tl_fs_open_parent(&p, 0, name, &call->err);
  rc = dir < 0 ? dir : what(dir, name, p.shown, &call->err);
  if (dir >= 0) (void)close(dir);
  tl_fs_below_close(&p);
  return rc;
}

/* --- making folders --------------------------------------------------------------------------- */

static mode_t shared; /* what the group may */

mode_t tl_fs_mode(mode_t mode)
{
  return mode | (mode >> 3 & shared);
}

void tl_fs_share(void)
{
  shared = 0050;
  (void)umask(umask(0777) & ~shared);
}

/* As tl_fs_mode says, whatever the umask. The process has one thread that makes files, so the umask may
 * change for a moment. */
static int make_step(int dirfd, const char *name)
{
  mode_t old = umask(0);
  int rc = mkdirat(dirfd, name, tl_fs_mode(0700));

  (void)umask(old);
  return rc;
}

/* Opens `name` in the folder, making it first if need be. Returns -1 with errno. */
static int step_into(int dirfd, const char *name, bool trusted, unsigned how)
{
  int fd = open_at(dirfd, name, O_RDONLY | O_DIRECTORY, trusted);

  if (fd >= 0 || errno != ENOENT || !(how & TL_FS_MAKE)) return fd;
  if (make_step(dirfd, name) != 0 && errno != EEXIST) return -1;
  if ((how & TL_FS_DURABLE) && tl_fs_sync_fd(dirfd, true) != 0) return -1;
  return open_at(dirfd, name, O_RDONLY | O_DIRECTORY, trusted);
}

/* Walks down part by part, each opened beneath the one before. Returns -1 with errno. */
static int make_chain(int dirfd, char *path, bool trusted, unsigned how)
{
  char *rest = NULL;
  int fd = open_at(dirfd, *path == '/' ? "/" : ".", O_RDONLY | O_DIRECTORY, trusted);

  if (fd < 0) return -1;
  for (char *part = strtok_r(path, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
    int next = step_into(fd, part, trusted, how);
    int err = errno;
    (void)close(fd);
    errno = err;
    fd = next;
    if (fd < 0) break;
  }
  return fd;
}

/* The folder `path`, which is changed, of the place p. */
static int folder_at(const tl_place *p, char *path, unsigned how, tl_err *e)
{
  struct stat st;
  int fd = open_at(p->dirfd, path, O_RDONLY | O_DIRECTORY, p->trusted);

  if (fd < 0 && errno == ENOENT && (how & TL_FS_MAKE))
    fd = make_chain(p->dirfd, path, p->trusted, how);
  if (fd < 0 && errno == ENOTDIR)
    return tl_fail(e, TL_EARGUMENT, "cannot reach %s: a part of the path is not a folder",
                   p->shown);
  if (fd < 0) return tl_fs_fail(e, errno, how & TL_FS_MAKE ? "make" : "reach", p->shown);
  return admit(fd, p, &st, e);
}

int tl_fs_make_folder(const tl_place *p, unsigned how, tl_err *e)
{
  char path[PATH_MAX];

  memcpy(path, p->rel, strlen(p->rel) + 1); /* tl_fs_place has seen to the length */
  return folder_at(p, path, how, e);
}

int tl_fs_open_parent(const tl_place *p, unsigned how, char name[NAME_MAX + 1], tl_err *e)
{
  char path[PATH_MAX];
  size_t len = strlen(p->rel);
  char *leaf;

  memcpy(path, p->rel, len + 1);
  while (len > 1 && path[len - 1] == '/') /* a trusted path may end in a slash */
    path[--len] = '\0';
  leaf = strrchr(path, '/');
  leaf = leaf ? leaf + 1 : path;
  if (*leaf == '\0' || strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0)
    return tl_fail(e, TL_EREFUSED, "the path '%.200s' names no entry of a folder", p->shown);
  if (strlen(leaf) > NAME_MAX)
    return tl_fail(e, TL_EREFUSED, "the path '%.200s' ends in a name longer than 255 bytes",
                   p->shown);
  memcpy(name, leaf, strlen(leaf) + 1);
  if (leaf == path) {
    memcpy(path, ".", 2);
  } else if (leaf == path + 1) {
    path[1] = '\0'; /* of the root folder */
  } else {
    leaf[-1] = '\0';
  }
  return folder_at(p, path, how, e);
}

/* --- bytes ------------------------------------------------------------------------------------ */

ssize_t tl_fs_read_all(int fd, void *data, size_t len)
{
  size_t at = 0;

  while (at < len) {
    ssize_t n = read(fd, (char *)data + at, len - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    at += (size_t)n;
  }
  return (ssize_t)at;
}

int tl_fs_write_all(int fd, const void *data, size_t len)
{
  const char *p = data;

  while (len > 0) {
    ssize_t n = write(fd, p, len);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) return -1;
    p += n;
    len -= (size_t)n;
  }
  return 0;
}

int tl_fs_sync_fd(int fd, bool folder)
{
  int rc = fsync(fd); /* once: after a failure the kernel may have dropped the pages */

  return rc != 0 && folder && errno == EINVAL ? 0 : rc;
}

/* --- folders ---------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

int tl_fs_names_read(int fd, const char *shown, tl_fs_names *names, tl_err *e)
{
  size_t cap = 0;
  struct dirent *entry;
  int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = own < 0 ? NULL : fdopendir(own);
  int rc = TL_OK;

  *names = (tl_fs_names){0};
  if (!dir) {
    rc = tl_fs_fail(e, errno, "list", shown);
    if (own >= 0) (void)close(own);
    return rc;
  }
  while (errno = 0, (entry = readdir(dir)) != NULL) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (names->n == TL_FS_ENTRIES) {
      rc = tl_fail(e, TL_ELIMIT, "%s holds more than %d entries", shown, TL_FS_ENTRIES);
      break;
    }
    if (names->n == cap) {
      cap = cap ? cap * 2 : 32;
      names->at = tl_realloc(names->at, cap * sizeof *names->at);
    }
    names->at[names->n++] = tl_strdup(entry->d_name);
  }
  if (rc == TL_OK && errno != 0) rc = tl_fs_fail(e, errno, "list", shown);
  (void)closedir(dir);
  if (names->n > 1) qsort(names->at, names->n, sizeof *names->at, by_bytes);
  if (rc < 0) tl_fs_names_free(names);
  return rc;
}

void tl_fs_names_free(tl_fs_names *names)
{
  for (size_t i = 0; i < names->n; i++) free(names->at[i]);
  free(names->at);
  *names = (tl_fs_names){0};
}
