/* fs.space: whose a folder is, and the file system that it lies on. */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"

/* By the magic number of statfs(2). Those of the network keep locks and names by rules of their
 * own, and may be slow to show what another machine wrote. */
static const struct kind {
  uint32_t magic;
  const char *name;
  bool network;
} kinds[] = {
    {EXT4_SUPER_MAGIC, "ext4", false},
    {0x58465342, "xfs", false},
    {BTRFS_SUPER_MAGIC, "btrfs", false},
    {TMPFS_MAGIC, "tmpfs", false},
    {OVERLAYFS_SUPER_MAGIC, "overlayfs", false},
    {F2FS_SUPER_MAGIC, "f2fs", false},
    {0x2fc12fc1, "zfs", false},
    {MSDOS_SUPER_MAGIC, "vfat", false},
    {0x2011bab0, "exfat", false},
    {SQUASHFS_MAGIC, "squashfs", false},
    {ISOFS_SUPER_MAGIC, "iso9660", false},
    {0x65735546, "fuse", true}, /* sshfs, rclone and the like: nobody can tell */
    {NFS_SUPER_MAGIC, "nfs", true},
    {SMB_SUPER_MAGIC, "smb", true},
    {0xff534d42, "cifs", true},
    {0xfe534d42, "smb2", true},
    {V9FS_MAGIC, "9p", true},
    {AFS_SUPER_MAGIC, "afs", true},
    {CEPH_SUPER_MAGIC, "ceph", true},
    {0x0bd00bd0, "lustre", true},
    {0x47504653, "gpfs", true},
    {0x19830326, "beegfs", true},
};

static void put_type(tl_val *out, uint32_t magic)
{
  char text[32];

  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (kinds[i].magic != magic) continue;
    tl_put(out, "type", tl_str(kinds[i].name));
    tl_put(out, "network", tl_bool(kinds[i].network));
    return;
  }
  (void)snprintf(text, sizeof text, "0x%08x", magic);
  tl_put(out, "type", tl_str(text));
  tl_put(out, "network", tl_bool(false));
}

/* A product of counts of blocks, which some file systems make up; never over what JSON can say. */
static tl_val product(uint64_t a, uint64_t b)
{
  const uint64_t most = UINT64_C(1) << 53;

  return tl_int((int64_t)(b != 0 && a > most / b ? most : a * b));
}

int prim_fs_space(tl_call *call)
{
  const tl_place *p;
  struct statfs fs;
  struct statvfs vfs;
  struct stat st;
  int fd, rc = tl_fs_place(call, 0, 0, &p);

  if (rc < 0) return rc;
  fd = tl_fs_look(p, true, &st, &call->err);
  if (fd < 0) return fd;
  if (fstatfs(fd, &fs) != 0 || fstatvfs(fd, &vfs) != 0) {
    rc = tl_fs_fail(&call->err, errno, "look at the file system of", p->shown);
  } else {
    call->out = tl_map();
    put_type(&call->out, (uint32_t)fs.f_type);
    tl_put(&call->out, "own", tl_bool(st.st_uid == geteuid()));
    tl_put(&call->out, "read_only", tl_bool((vfs.f_flag & ST_RDONLY) != 0));
    tl_put(&call->out, "free", product(vfs.f_bavail, vfs.f_frsize));
    tl_put(&call->out, "size", product(vfs.f_blocks, vfs.f_frsize));
    tl_put(&call->out, "files_free", product(vfs.f_favail, 1));
    tl_put(&call->out, "files", product(vfs.f_files, 1)); /* 0: it keeps no count */
  }
  (void)close(fd);
  return rc;
}
