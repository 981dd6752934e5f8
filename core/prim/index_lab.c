/* The folders of the index, its lock, and the entries of runs in progress. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fs.h"
#include "index.h"

enum { MODE_FILE = 0600, MODE_FOLDER = 0700 };

/* --- folders ---------------------------------------------------------------------------------- */

/* *fd stays -1 when it is not there and not to be made. */
static int open_folder(int dirfd, const char *name, const char *shown, bool make, int *fd,
                       tl_err *e)
{
  int flags = O_PATH | O_DIRECTORY;

  *fd = tl_fs_beneath(dirfd, name, flags, 0);
  if (*fd < 0 && errno == ENOENT && make) {
    if (mkdirat(dirfd, name, tl_fs_mode(MODE_FOLDER)) != 0 && errno != EEXIST)
      return tl_fs_fail(e, errno, "make the folder", shown);
    *fd = tl_fs_beneath(dirfd, name, flags, 0);
  }
  return *fd >= 0 || (errno == ENOENT && !make) ? TL_OK
                                                : tl_fs_fail(e, errno, "open the folder", shown);
}

int tl_index_enter(tl_index *x, const tl_place *lab, bool make, tl_err *e)
{
  int rc;

  *x = (tl_index){-1, -1, -1, -1};
  rc = tl_fs_open_folder(lab, e);
  if (rc < 0) return rc;
  x->lab = rc;
  rc = open_folder(x->lab, TL_INDEX_FOLDER, TL_INDEX_FOLDER, make, &x->machine, e);
  if (rc < 0 || x->machine < 0) return rc;
  rc = open_folder(x->machine, "open", TL_INDEX_OPEN, make, &x->open, e);
  return rc < 0 ? rc : open_folder(x->machine, "rows", TL_INDEX_ROWS, make, &x->rows, e);
}

void tl_index_leave(tl_index *x)
{
  int fds[] = {x->lab, x->machine, x->open, x->rows};

  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
    if (fds[i] >= 0) (void)close(fds[i]);
  *x = (tl_index){-1, -1, -1, -1};
}

/* --- locks ------------------------------------------------------------------------------------ */

int tl_index_lock(const tl_index *x, bool exclusive, int wait_ms, tl_err *e)
{
  int fd = x->machine < 0
               ? -1
               : tl_fs_beneath(x->machine, "lock", exclusive ? O_RDWR | O_CREAT : O_RDONLY,
                               exclusive ? tl_fs_mode(MODE_FILE) : 0);
  int rc;

  if (x->machine < 0) return tl_fail(e, TL_ENOT_FOUND, "%s is not there", TL_INDEX_LOCK);
  if (fd < 0) return tl_fs_fail(e, errno, "open", TL_INDEX_LOCK);
  rc = tl_fs_lock(fd, exclusive ? LOCK_EX : LOCK_SH, wait_ms);
  if (rc == TL_OK) return fd;
  (void)close(fd);
  if (rc == TL_ETIMEOUT) return tl_fail(e, rc, "%s is held by another process", TL_INDEX_LOCK);
  return tl_fail(e, rc, "the file system has no locks: %s", TL_INDEX_LOCK);
}

bool tl_index_is_name(const char *name)
{
  return strlen(name) == TL_INDEX_ID && strspn(name, "0123456789abcdef") == TL_INDEX_ID;
}

bool tl_index_held(const tl_index *x, const char *id)
{
  char name[TL_INDEX_ID + 1] = "";
  int fd, rc;

  memcpy(name, id, TL_INDEX_ID);
  fd = x->open < 0 ? -1 : tl_fs_beneath(x->open, name, O_RDONLY | O_NONBLOCK, 0);
  if (fd < 0) return false;
  rc = tl_fs_lock(fd, LOCK_SH, 0);
  (void)close(fd);
  return rc != TL_OK;
}
