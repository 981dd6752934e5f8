#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"

static const char EFFECTS[] = "record/effects.jsonl";

int tl_store_folder(const char *path, tl_err *e)
{
  int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 ? fd : tl_fail_errno(e, errno, "cannot open the folder %s", path);
}

int tl_store_root(const char *path, bool *is_file, tl_err *e)
{
  *is_file = false;
  int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) return fd;
  if (errno != ENOTDIR) return tl_fail_errno(e, errno, "cannot open %s", path);
  *is_file = true;
  char dir[PATH_MAX];
  size_t len = strlen(path);
  while (len > 1 && path[len - 1] != '/') len--;
  if (len >= sizeof dir) return tl_fail(e, TL_EARGUMENT, "the path is too long: %s", path);
  memcpy(dir, path, len);
  dir[len] = '\0';
  return tl_store_folder(dir, e);
}

void tl_store_close(int fd)
{
  if (fd >= 0) (void)close(fd);
}

static int make_folder(int dirfd, const char *rel, tl_err *e)
{
  if (mkdirat(dirfd, rel, tl_fs_mode(0700)) == 0 || errno == EEXIST) return TL_OK;
  return tl_fail_errno(e, errno, "cannot make the folder %s", rel);
}

int tl_store_record_open(int dirfd, bool more, tl_err *e)
{
  int rc = make_folder(dirfd, "record", e);
  if (rc == TL_OK) rc = make_folder(dirfd, "record/blobs", e);
  if (rc < 0) return rc;
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (more ? 0 : O_EXCL);
  int fd = openat(dirfd, EFFECTS, flags, tl_fs_mode(0600));
  if (fd >= 0) return fd;
  if (errno == EEXIST) return tl_fail(e, TL_EEXISTS, "the run has a record already: %s", EFFECTS);
  return tl_fail_errno(e, errno, "cannot make %s", EFFECTS);
}

/* Returns 0 or an errno; *done is how many bytes were written in any case. */
static int write_all(int fd, const char *data, size_t len, size_t *done)
{
  for (*done = 0; *done < len;) {
    ssize_t n = write(fd, data + *done, len - *done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    *done += (size_t)n;
  }
  return 0;
}

int tl_store_append(int fd, const void *data, size_t len, tl_err *e)
{
  size_t done;
  int err = write_all(fd, data, len, &done);
  if (err == 0) return TL_OK;
  if (done > 0) { /* a full disk still allows this; the first error is told */
    off_t end = lseek(fd, 0, SEEK_CUR);
    (void)!ftruncate(fd, end - (off_t)done);
  }
  return tl_fail_errno(e, err, "cannot write %s", EFFECTS);
}

int tl_store_flush(int fd, tl_err *e)
{
  return fdatasync(fd) == 0 ? TL_OK
                            : tl_fail_errno(e, errno, "cannot bring %s to the disk", EFFECTS);
}

/* A new file under a temporary name, then its final one: readers see all of it or nothing. */
static int put_file(int dirfd, const char *rel, const void *data, size_t len, tl_err *e)
{
  char tmp[PATH_MAX];
  if (snprintf(tmp, sizeof tmp, "%s.tmp", rel) >= (int)sizeof tmp)
    return tl_fail(e, TL_EARGUMENT, "the path is too long: %s", rel);
  int fd =
      openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, tl_fs_mode(0600));
  if (fd < 0) return tl_fail_errno(e, errno, "cannot make %s", rel);
  size_t done;
  int err = write_all(fd, data, len, &done);
  if (close(fd) != 0 && err == 0) err = errno;
  if (err == 0 && renameat(dirfd, tmp, dirfd, rel) != 0) err = errno;
  if (err == 0) return TL_OK;
  (void)unlinkat(dirfd, tmp, 0);
  return tl_fail_errno(e, err, "cannot write %s", rel);
}

static int blob_path(char *out, size_t size, const char *hex, tl_err *e)
{
  /* A digest is checked before it becomes a path: it may come from a file somebody sent. */
  if (strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64)
    return tl_fail(e, TL_EREFUSED, "not a SHA-256 digest: %.80s", hex);
  (void)snprintf(out, size, "record/blobs/%s", hex);
  return TL_OK;
}

int tl_store_blob_put(int dirfd, const char *hex, const void *data, size_t len, tl_err *e)
{
  char rel[96];
  struct stat st;
  int rc = blob_path(rel, sizeof rel, hex, e);
  if (rc < 0) return rc;
  if (fstatat(dirfd, rel, &st, AT_SYMLINK_NOFOLLOW) == 0) return TL_OK;
  return put_file(dirfd, rel, data, len, e);
}

int tl_store_read(int dirfd, const char *rel, size_t max, tl_buf *out, tl_err *e)
{
  struct stat st;
  int rc = TL_OK;
  int fd = openat(dirfd, rel, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return tl_fail_errno(e, errno, "cannot open %s", rel);
  *out = TL_BUF(max);
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    rc = tl_fail(e, TL_EREFUSED, "%s is not a regular file", rel);
    goto out;
  }
  char chunk[65536];
  ssize_t n;
  while ((n = read(fd, chunk, sizeof chunk)) != 0) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      rc = tl_fail_errno(e, errno, "cannot read %s", rel);
      goto out;
    }
    if (tl_buf_add(out, chunk, (size_t)n) < 0) {
      rc = tl_fail(e, TL_ELIMIT, "%s is larger than %zu bytes", rel, max);
      goto out;
    }
    if (out->len == (size_t)st.st_size) break; /* saves the read that says that this was the end */
  }
out:
  (void)close(fd);
  if (rc < 0) tl_buf_free(out);
  return rc;
}

int tl_store_blob_get(int dirfd, const char *hex, size_t max, tl_buf *out, tl_err *e)
{
  char rel[96], found[65];
  int rc = blob_path(rel, sizeof rel, hex, e);
  if (rc == TL_OK) rc = tl_store_read(dirfd, rel, max, out, e);
  if (rc == TL_ENOT_FOUND) return tl_fail(e, TL_EDIFFERS, "%s is missing", rel);
  if (rc < 0) return rc;
  rc = tl_sha256(found, out->data ? out->data : "", out->len, e);
  if (rc == TL_OK && strcmp(found, hex) != 0)
    rc = tl_fail(e, TL_EDIFFERS, "%s was changed: its content has the SHA-256 %s", rel, found);
  if (rc < 0) tl_buf_free(out);
  return rc;
}
