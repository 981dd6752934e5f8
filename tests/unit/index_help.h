/* For the tests of core/prim/index_*.c: a lab in the folder of the test, runs in it, and more
 * system calls that fail or kill on demand. */
#ifndef TL_TEST_INDEX_HELP_H
#define TL_TEST_INDEX_HELP_H

/* In memory: these tests ask the disk for much, and what a disk does is not their matter. */
#define TEST_TOP "/dev/shm/tlab-test-XXXXXX"
#include "fs_help.h"

#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include "core/prim/index.h"

static struct {
  int pwrite_errno; /* the so-manieth pwrite from now, and all after it, fail so */
  int pwrite_after;
  int fdatasync_errno;
  int flock_errno;
  int64_t slept_ns; /* with `dream`, nobody sleeps: the clock is moved instead */
  bool dream;
} more_fault;

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
  step();
  if (more_fault.pwrite_errno && more_fault.pwrite_after-- <= 0)
    return fail_with(more_fault.pwrite_errno);
  if (fault.write_limit && len > (size_t)fault.write_limit) len = (size_t)fault.write_limit;
  return syscall(SYS_pwrite64, fd, data, len, at);
}

int fdatasync(int fd)
{
  step();
  return more_fault.fdatasync_errno ? (int)fail_with(more_fault.fdatasync_errno)
                                    : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t len)
{
  step();
  return (int)syscall(SYS_ftruncate, fd, len);
}

int unlinkat(int fd, const char *name, int flags)
{
  step();
  return (int)syscall(SYS_unlinkat, fd, name, flags);
}

int flock(int fd, int how)
{
  step();
  return more_fault.flock_errno ? (int)fail_with(more_fault.flock_errno)
                                : (int)syscall(SYS_flock, fd, how);
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
  if (!more_fault.dream) return (int)syscall(SYS_nanosleep, t, left);
  more_fault.slept_ns += (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
  return 0;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
  int rc = (int)syscall(SYS_clock_gettime, clock, t);

  t->tv_nsec += more_fault.slept_ns % 1000000000;
  t->tv_sec += more_fault.slept_ns / 1000000000 + t->tv_nsec / 1000000000;
  t->tv_nsec %= 1000000000;
  return rc;
}

static inline int index_setup(void **state)
{
  memset(&more_fault, 0, sizeof more_fault);
  return setup(state);
}

static inline int index_teardown(void **state)
{
  memset(&more_fault, 0, sizeof more_fault);
  return teardown(state);
}

/* --- a lab ------------------------------------------------------------------------------------ */

static inline void put_file(const char *name, const char *text)
{
  char path[256];
  FILE *f;

  (void)snprintf(path, sizeof path, "%s/root/%s", top, name);
  f = fopen(path, "w");
  assert_non_null(f);
  (void)fputs(text, f);
  assert_int_equal(fclose(f), 0);
}

/* A file of the lab, as text; "" without one. */
static inline const char *text_of(const char *name)
{
  static char text[8 << 20];
  char path[256];
  FILE *f;
  size_t n;

  (void)snprintf(path, sizeof path, "%s/root/%s", top, name);
  f = fopen(path, "r");
  if (!f) return "";
  n = fread(text, 1, sizeof text - 1, f);
  text[n] = '\0';
  (void)fclose(f);
  return text;
}

static inline bool is_there(const char *name)
{
  return faccessat(root, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The id of run n; its first 16 digits differ from all others. */
static inline const char *id_of_run(int n)
{
  static char id[65];
  (void)snprintf(id, sizeof id, "%08xabcdef01%048x", (unsigned)n, (unsigned)n);
  return id;
}

/* The folder of run n: with a manifest that says when it began (seconds of a day) and its status. */
static inline void make_run(int n, int second, const char *status)
{
  char name[128], text[512];

  (void)snprintf(name, sizeof name, "%s/root/run%d", top, n);
  assert_true(mkdir(name, 0700) == 0 || errno == EEXIST);
  (void)snprintf(text, sizeof text,
                 "{\"folder\":\"run%d\",\"id\":\"%s\",\"status\":\"%s\",\"time\":{\"started\":"
                 "\"2026-11-23T%02d:%02d:%02d.000Z\"}}\n",
                 n, id_of_run(n), status, second / 3600, second / 60 % 60, second % 60);
  (void)snprintf(name, sizeof name, "run%d/run.json", n);
  put_file(name, text);
}

/* --- calls ------------------------------------------------------------------------------------ */

static inline int index_open(int n)
{
  char folder[64];

  (void)snprintf(folder, sizeof folder, "run%d", n);
  {
    tl_val args[3] = {tl_str("."), tl_str(id_of_run(n)), tl_str(folder)};
    return call(prim_index_open, args, ".", NULL, true);
  }
}

static inline int index_put(int n)
{
  char folder[64];

  (void)snprintf(folder, sizeof folder, "run%d", n);
  {
    tl_val args[3] = {tl_str("."), tl_str(folder), tl_nil()};
    return call(prim_index_put, args, ".", folder, true);
  }
}

static inline int index_settle(void)
{
  return trust(prim_index_settle, ".");
}

#define assert_out(text) assert_string_equal(got.out.u.s.data, text)

/* runs.csv holds each of the rows n, once and in their order. */
static inline void check_rows(const int *runs, int n)
{
  const char *p = text_of(TL_INDEX_FILE);

  assert_memory_equal(p, tl_index_header, strlen(tl_index_header));
  p += strlen(tl_index_header);
  for (int i = 0; i < n; i++) {
    const char *end = strchr(p, '\n');
    assert_non_null(end);
    assert_true(tl_index_is_row(p, (size_t)(end - p) + 1));
    assert_memory_equal(p + 25, id_of_run(runs[i]), 64);
    p = end + 1;
  }
  assert_int_equal(*p, '\0');
}

#define assert_rows(...) \
  do { \
    const int rows_[] = {__VA_ARGS__}; \
    check_rows(rows_, sizeof rows_ / sizeof *rows_); \
  } while (0)

#endif
