/* See landlock.h. Sources: landlock(7), Documentation/userspace-api/landlock.rst. The C library has
 * no functions for it. */
#include "landlock.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's structs as of ABI 6; headers of older distributions know only a part of them. */
struct ruleset_attr {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

struct __attribute__((packed)) path_attr {
  uint64_t allowed_access;
  int32_t parent_fd;
};

enum {
  VERSION_QUERY = 1,
  RULE_PATH_BENEATH = 1,
  NET_ALL = 3,   /* TCP bind, TCP connect: from ABI 4 */
  SCOPE_ALL = 3, /* abstract UNIX sockets, signals: from ABI 6 */
};

/* LANDLOCK_ACCESS_FS_… by their bits. */
enum {
  EXECUTE = 1 << 0,
  WRITE_FILE = 1 << 1,
  READ_FILE = 1 << 2,
  READ_DIR = 1 << 3,
  MAKE_CHAR = 1 << 6,
  MAKE_BLOCK = 1 << 11,
  TRUNCATE = 1 << 14,
  IOCTL_DEVICE = 1 << 15,
  OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE,
};

int tl_landlock_abi(void)
{
  static int abi = -1; /* not asked yet */
  if (abi < 0) {
    abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_QUERY);
    abi = abi < 1 ? 0 : abi;
  }
  return abi;
}

/* Every file right that the ABI knows: 13 at first, then refer, truncate, ioctl on devices. */
static uint64_t file_rights(int abi)
{
  unsigned bits = 13;
  bits += abi >= 2;
  bits += abi >= 3;
  bits += abi >= 5;
  return (UINT64_C(1) << bits) - 1;
}

int tl_landlock_ruleset(void)
{
  int abi = tl_landlock_abi();
  if (abi == 0) {
    return -1;
  }
  struct ruleset_attr attr = {.handled_access_fs = file_rights(abi)};
  size_t size = offsetof(struct ruleset_attr, handled_access_net);
  if (abi >= 4) {
    attr.handled_access_net = NET_ALL;
    size = offsetof(struct ruleset_attr, scoped);
  }
  if (abi >= 6) {
    attr.scoped = SCOPE_ALL;
    size = sizeof attr;
  }
  return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0); /* close-on-exec as it is */
}

bool tl_landlock_allow(int ruleset, int fd, unsigned what)
{
  struct stat st;
  uint64_t rights = 0;
  rights |= what & TL_LANDLOCK_READ ? READ_FILE | READ_DIR : 0;
  rights |= what & TL_LANDLOCK_EXECUTE ? EXECUTE : 0;
  rights |= what & TL_LANDLOCK_DEVICE ? READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEVICE : 0;
  rights |= what & TL_LANDLOCK_OWN ? ~(uint64_t)(MAKE_CHAR | MAKE_BLOCK) : 0;
  rights &= file_rights(tl_landlock_abi());
  if (fstat(fd, &st) < 0) {
    return false;
  }
  if (!S_ISDIR(st.st_mode)) {
    rights &= OF_A_FILE; /* the kernel refuses others */
  }
  struct path_attr attr = {.allowed_access = rights, .parent_fd = fd};
  return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attr, 0) == 0;
}

bool tl_landlock_enter(int ruleset)
{
  return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}
