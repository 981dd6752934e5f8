/* For the tests of core/prim/fs_*.c: a fresh folder for each test, calls in one line, and system
 * calls that fail on demand: the functions below are found before the C library's own. */
#ifndef TL_TEST_FS_HELP_H
#define TL_TEST_FS_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/prim/prim.h"

/* --- system calls with faults ----------------------------------------------------------------- */

static struct {
  int write_limit;  /* bytes a write takes at most; 0: all */
  int write_eintr;  /* so many writes are interrupted first */
  int write_errno;  /* then every write fails */
  int close_errno;  /* the next close of a file open for writing fails */
  int fsync_errno;  /* every fsync fails */
  int syncfs_errno; /* every syncfs fails */
  int rename_errno; /* every rename fails */
  int writes, fsyncs, syncfses;
  int kill_at; /* the process dies before its so-manieth of these calls */
} fault;

/* As a kill -9 (or the out-of-memory killer) does at any moment. */
static inline void step(void)
{
  if (fault.kill_at > 0 && --fault.kill_at == 0) (void)raise(SIGKILL);
}

static inline ssize_t fail_with(int err)
{
  errno = err;
  return -1;
}

ssize_t write(int fd, const void *data, size_t len)
{
  if (fd <= 2) return syscall(SYS_write, fd, data, len);
  step();
  fault.writes++;
  if (fault.write_eintr > 0 && fault.write_eintr--) return fail_with(EINTR);
  if (fault.write_errno) return fail_with(fault.write_errno);
  if (fault.write_limit && len > (size_t)fault.write_limit) len = (size_t)fault.write_limit;
  return syscall(SYS_write, fd, data, len);
}

int close(int fd)
{
  bool writing = fault.close_errno && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
  int err = fault.close_errno, rc;

  step();
  rc = (int)syscall(SYS_close, fd);
  if (!writing) return rc;
  fault.close_errno = 0;
  return (int)fail_with(err);
}

int fsync(int fd)
{
  step();
  fault.fsyncs++;
  return fault.fsync_errno ? (int)fail_with(fault.fsync_errno) : (int)syscall(SYS_fsync, fd);
}

int syncfs(int fd)
{
  fault.syncfses++;
  return fault.syncfs_errno ? (int)fail_with(fault.syncfs_errno) : (int)syscall(SYS_syncfs, fd);
}

int renameat(int fd, const char *from, int to_fd, const char *to)
{
  step();
  return fault.rename_errno ? (int)fail_with(fault.rename_errno)
                            : (int)syscall(SYS_renameat2, fd, from, to_fd, to, 0);
}

/* --- a folder for each test ------------------------------------------------------------------- */

static char top[64];  /* the folder of the test */
static int root = -1; /* top/root, where a recipe may be */
static tl_call got;   /* what the last call left */

__attribute__((format(printf, 1, 2))) static inline int shell(const char *fmt, ...)
{
  char cmd[1024];
  size_t n = (size_t)snprintf(cmd, sizeof cmd, "cd %s/root && ", top);
  va_list ap;

  va_start(ap, fmt);
  (void)vsnprintf(cmd + n, sizeof cmd - n, fmt, ap);
  va_end(ap);
  return system(cmd);
}

#ifndef TEST_TOP
#define TEST_TOP "/tmp/tlab-test-XXXXXX"
#endif

static inline int setup(void **state)
{
  char path[96];

  (void)state;
  memset(&fault, 0, sizeof fault);
  (void)snprintf(top, sizeof top, TEST_TOP);
  if (!mkdtemp(top)) return -1;
  (void)snprintf(path, sizeof path, "%s/root", top);
  if (mkdir(path, 0700) != 0) return -1;
  root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC); /* as the gate opens it */
  return root >= 0 ? 0 : -1;
}

static inline int teardown(void **state)
{
  char cmd[128];

  (void)state;
  memset(&fault, 0, sizeof fault);
  tl_free(&got.out);
  (void)close(root);
  (void)snprintf(cmd, sizeof cmd, "rm -rf %s", top);
  return system(cmd);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Calls with arguments that are given over; places are the paths p and q beneath the root. */
static inline int call(tl_prim *prim, tl_val *args, const char *p, const char *q, bool trusted)
{
  tl_place places[2] = {{root, p, p, trusted}, {root, q, q, trusted}};
  tl_val values[3] = {args[0], args[1], args[2]};
  int rc;

  tl_free(&got.out);
  got = (tl_call){.args = values, .places = places};
  rc = prim(&got);
  for (int i = 0; i < 3; i++) tl_free(&values[i]);
  if (rc < 0) assert_int_equal(rc, got.err.code);
  return rc;
}

/* A recipe's call: path, and one more argument. */
static inline int ask2(tl_prim *prim, const char *path, tl_val more)
{
  tl_val args[3] = {tl_str(path), more, tl_nil()};
  return call(prim, args, path, NULL, false);
}

static inline int ask(tl_prim *prim, const char *path)
{
  return ask2(prim, path, tl_nil());
}

/* The command line's own: links are followed. */
static inline int trust2(tl_prim *prim, const char *path, tl_val more)
{
  tl_val args[3] = {tl_str(path), more, tl_nil()};
  return call(prim, args, path, NULL, true);
}

static inline int trust3(tl_prim *prim, const char *path, tl_val more, tl_val most)
{
  tl_val args[3] = {tl_str(path), more, most};
  return call(prim, args, path, NULL, true);
}

static inline int trust(tl_prim *prim, const char *path)
{
  return trust2(prim, path, tl_nil());
}

static inline int ask_copy(const char *from, const char *to)
{
  tl_val args[3] = {tl_str(from), tl_str(to), tl_nil()};
  return call(prim_fs_copy, args, from, to, false);
}

#define assert_says(text) \
  do { \
    if (!strstr(got.err.msg, text)) fail_msg("'%s' does not say '%s'", got.err.msg, text); \
  } while (0)

#define assert_read(path, text) \
  do { \
    assert_int_equal(ask(prim_fs_read, path), TL_OK); \
    assert_string_equal(got.out.u.s.data, text); \
  } while (0)

/* Nothing with a temporary name lies anywhere below the root. */
static inline void assert_no_temp(void)
{
  assert_int_not_equal(shell("find . -name '.tlab-tmp-*' | grep -q ."), 0);
}

#endif
