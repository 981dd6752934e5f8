/* A library for LD_PRELOAD: calls that read and write files and sockets do less than they are asked,
 * and are interrupted now and then, as POSIX lets them. SHORT_SEED chooses where; with SHORT_COUNT
 * naming a file, the number of times is appended to it when the process ends. F6 of the faults. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ONE_IN = 3, SMALL = 512 };

static uint64_t state;
static unsigned times, in_a_row;

static uint64_t next_random(void)
{
  if (state == 0) {
    const char *seed = getenv("SHORT_SEED");
    state = seed ? strtoull(seed, NULL, 10) * 2 + 1 : 1;
  }
  state ^= state << 13; /* Marsaglia, "Xorshift RNGs" (2003), 64 bits */
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static void *real(const char *name)
{
  return dlsym(RTLD_NEXT, name);
}

/* Files and sockets; of pipes only what is long enough that the kernel may split it, too. */
static int may_be_short(int fd, size_t len)
{
  struct stat st;
  int before = errno;
  int ok = fstat(fd, &st) == 0 &&
           (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode) || (S_ISFIFO(st.st_mode) && len > SMALL));
  errno = before;
  return ok;
}

/* True when the call is to be interrupted, never twice in a row; otherwise *len may become less. */
static int disturbed(int fd, size_t *len)
{
  if (!may_be_short(fd, *len) || next_random() % ONE_IN != 0) {
    in_a_row = 0;
    return 0;
  }
  times++;
  if (next_random() % 2 == 0 && in_a_row == 0) {
    in_a_row = 1;
    errno = EINTR;
    return 1;
  }
  in_a_row = 0;
  if (*len > 1) *len = 1 + next_random() % (*len - 1);
  return 0;
}

ssize_t write(int fd, const void *data, size_t len)
{
  ssize_t (*call)(int, const void *, size_t) = real("write");
  return disturbed(fd, &len) ? -1 : call(fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
  ssize_t (*call)(int, const void *, size_t, off_t) = real("pwrite");
  return disturbed(fd, &len) ? -1 : call(fd, data, len, at);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t at)
{
  return pwrite(fd, data, len, at);
}

ssize_t read(int fd, void *data, size_t len)
{
  ssize_t (*call)(int, void *, size_t) = real("read");
  return disturbed(fd, &len) ? -1 : call(fd, data, len);
}

ssize_t __read_chk(int fd, void *data, size_t len, size_t room)
{
  (void)room;
  return read(fd, data, len);
}

ssize_t pread(int fd, void *data, size_t len, off_t at)
{
  ssize_t (*call)(int, void *, size_t, off_t) = real("pread");
  return disturbed(fd, &len) ? -1 : call(fd, data, len, at);
}

ssize_t pread64(int fd, void *data, size_t len, off_t at)
{
  return pread(fd, data, len, at);
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
  ssize_t (*call)(int, void *, size_t, int) = real("recv");
  return disturbed(fd, &len) ? -1 : call(fd, data, len, flags);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
  ssize_t (*call)(int, const void *, size_t, int) = real("send");
  return disturbed(fd, &len) ? -1 : call(fd, data, len, flags);
}

int flock(int fd, int how)
{
  int (*call)(int, int) = real("flock");
  size_t len = 1;
  return !(how & LOCK_NB) && disturbed(fd, &len) ? -1 : call(fd, how);
}

__attribute__((destructor)) static void tell(void)
{
  const char *name = getenv("SHORT_COUNT");
  FILE *file = name ? fopen(name, "a") : NULL;

  if (!file) return;
  (void)fprintf(file, "%u\n", times);
  (void)fclose(file);
}
