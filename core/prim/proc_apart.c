/* Namespaces of the program's own: a network with nothing in it, and mounts that can be written in
 * the scratch folder only. See proc.h.
 *
 * Landlock says nothing of modes, owners and dates, nor, before ABI 3, of truncate(2): a mount that
 * is read-only does. Only async-signal-safe calls. Sources: unshare(2), user_namespaces(7),
 * mount_namespaces(7), mount_setattr(2). */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc.h"

static bool put_file(const char *path, const char *text)
{
  size_t len = strlen(text);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  bool ok = write(fd, text, len) == (ssize_t)len;
  (void)close(fd);
  return ok;
}

/* Without privileges that takes a user namespace, in which the child keeps its own user and group. */
static bool leave(const tl_proc_launch *l, int what)
{
  if (unshare(what) == 0) {
    return true;
  }
  /* Only the owner of /proc/self may write the maps; a process that is not dumpable is not. */
  (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  return unshare(CLONE_NEWUSER | what) == 0 && put_file("/proc/self/setgroups", "deny") &&
         put_file("/proc/self/uid_map", l->ids[0]) && put_file("/proc/self/gid_map", l->ids[1]);
}

static bool set_mounts(const char *path, unsigned flags, uint64_t set, uint64_t clear)
{
  struct mount_attr attr = {.attr_set = set, .attr_clr = clear};
  return syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attr, sizeof attr) == 0;
}

static bool mount_plainly(const char *from, const char *to, unsigned long flags)
{
  return syscall(SYS_mount, from, to, NULL, flags, NULL) == 0;
}

/* False where the kernel has no such call: then nothing has changed. *ok becomes false when the
 * program could not write its own folder any more. */
static bool close_mounts(const char *folder, bool *ok)
{
  if (!mount_plainly(NULL, "/", MS_REC | MS_PRIVATE) || !mount_plainly(folder, folder, MS_BIND) ||
      !set_mounts("/", AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0)) {
    return false;
  }
  *ok = set_mounts(folder, 0, 0, MOUNT_ATTR_RDONLY);
  return true;
}

bool tl_proc_leave(const tl_proc_launch *l, tl_proc_held *held)
{
  bool ok = true;
  if (leave(l, CLONE_NEWNET | CLONE_NEWNS)) {
    held->network_namespace = true;
    held->read_only = close_mounts(l->folder, &ok);
  } else {
    held->network_namespace = leave(l, CLONE_NEWNET);
  }
  return ok;
}
