/* fs.watch: waits until a file is another one, by inotify(7) on the folders, so that files that come, go and
 * are renamed over are seen. What counts is the content: a file that is written as it was has not changed,
 * and what changed before anybody listened is seen at once. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"
#include "loop.h"
#include "spawn.h"

enum { QUIET_MAX_MS = 60000, RESTLESS = 20 }; /* how often `quiet` is waited for at most */

typedef struct watched {
  const char *path, *expected; /* borrowed from the call; "" is: not there */
  struct stat seen;            /* st_nlink 0: not there */
  bool differs;
} watched;

typedef struct watch {
  watched *files;
  size_t count;
  int notify, signals; /* inotify; the signals that end us */
  int signal;
} watch;

/* --- listening ---------------------------------------------------------------------------------- */

/* The folder that a path lies in, or the nearest one above it that there is. */
static int add_folder(int notify, const char *path, tl_err *e)
{
  enum { MASK = IN_CLOSE_WRITE | IN_MOVE | IN_CREATE | IN_DELETE | IN_MOVE_SELF | IN_DELETE_SELF };
  char *folder = tl_strdup(path), *slash;
  int rc = TL_OK;
  for (;;) {
    slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    const char *name = slash ? folder : ".";
    if (inotify_add_watch(notify, name, MASK | IN_ONLYDIR) >= 0) break;
    if (errno == ENOSPC)
      rc =
          tl_fail(e, TL_ELIMIT,
                  "this machine watches no more folders: fs.inotify.max_user_watches of sysctl(8)");
    else if ((errno != ENOENT && errno != ENOTDIR) || !slash || slash == folder)
      rc = tl_fs_fail(e, errno, "watch", name);
    else continue;
    break;
  }
  free(folder);
  return rc;
}

/* The folder of what is behind a link, too: what is written there moves nothing where the link lies. */
static int add_file(int notify, const char *path, tl_err *e)
{
  char *real = realpath(path, NULL);
  int rc = add_folder(notify, path, e);
  if (rc == TL_OK && real) rc = add_folder(notify, real, e);
  free(real);
  return rc;
}

/* Again after each change: a folder may have come. One that is watched already stays so. */
static int listen_to_all(watch *w, tl_err *e)
{
  int rc = TL_OK;
  for (size_t i = 0; i < w->count && rc == TL_OK; i++)
    rc = add_file(w->notify, w->files[i].path, e);
  return rc;
}

static void drain(int notify)
{
  char events[4096];
  while (read(notify, events, sizeof events) > 0) {}
}

/* 1 when something moved in a folder, 0 when nothing did for so long (-1: any time) or a signal came. */
static int wait_for_events(watch *w, int timeout_ms, tl_err *e)
{
  struct pollfd fds[] = {{.fd = w->notify, .events = POLLIN}, {.fd = w->signals, .events = POLLIN}};
  int n = poll(fds, 2, timeout_ms);
  if (n < 0 && errno != EINTR) return tl_fail_errno(e, errno, "cannot wait for changes");
  if (n > 0 && fds[1].revents) w->signal = tl_signals_take(w->signals);
  if (n <= 0 || !fds[0].revents) return 0;
  drain(w->notify);
  return 1;
}

/* --- looking ------------------------------------------------------------------------------------ */

/* The hash of a file; "" when there is none, or none that can be read. */
static void hash(const char *path, tl_fs_sum *sum)
{
  const tl_place place = {.dirfd = AT_FDCWD, .rel = path, .shown = path, .trusted = true};
  struct stat st;
  tl_err ignored;
  int fd = tl_fs_open_file(&place, &st, &ignored);
  if (fd < 0 || tl_fs_pump(fd, -1, path, NULL, sum, &ignored) < 0) sum->sha256[0] = '\0';
  if (fd >= 0) (void)close(fd);
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
  return a->st_nlink == b->st_nlink && a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
         a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
         a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Looks at a file; its content is read if it may be another one than before. True when it may. */
static bool look(watched *file, bool first)
{
  struct stat now;
  tl_fs_sum sum;
  if (stat(file->path, &now) != 0) now = (struct stat){0};
  if (!first && same_stat(&now, &file->seen)) return false;
  file->seen = now;
  hash(file->path, &sum);
  file->differs = strcmp(sum.sha256, file->expected) != 0;
  return true;
}

/* Bits: something moved, and something differs from what is expected. */
enum { MOVED = 1, DIFFERS = 2 };
static unsigned look_at_all(watch *w, bool first)
{
  unsigned what = 0;
  for (size_t i = 0; i < w->count; i++) {
    if (look(&w->files[i], first)) what |= MOVED;
    if (w->files[i].differs) what |= DIFFERS;
  }
  return what;
}

/* --- all of it ---------------------------------------------------------------------------------- */

/* Changes in quick succession are one. Someone who writes all the time is not waited for. */
static int settle(watch *w, int quiet_ms, tl_err *e)
{
  int64_t until = tl_clock_ms() + (int64_t)RESTLESS * quiet_ms;
  for (int64_t calm = tl_clock_ms() + quiet_ms, now; (now = tl_clock_ms()) < calm && now < until;) {
    if (wait_for_events(w, (int)(calm - now), e) < 0) return e->code;
    if (w->signal) return TL_OK;
    if (look_at_all(w, false) & MOVED) calm = tl_clock_ms() + quiet_ms;
  }
  return TL_OK;
}

static int run(watch *w, int quiet_ms, tl_err *e)
{
  int rc = TL_OK;
  bool first = true;
  while (rc >= 0 && !w->signal) {
    if ((rc = listen_to_all(w, e)) < 0) break;
    unsigned what = look_at_all(w, first);
    first = false;
    if (what & DIFFERS) rc = settle(w, quiet_ms, e);
    if (rc < 0 || (what & DIFFERS && look_at_all(w, false) & DIFFERS)) break;
    rc = wait_for_events(w, -1, e);
  }
  return rc;
}

static int take_files(watch *w, const tl_val *map, tl_err *e)
{
  w->files = tl_zalloc((tl_len(map) + 1) * sizeof *w->files);
  for (; w->count < tl_len(map); w->count++) {
    const tl_pair *pair = &map->u.map.pairs[w->count];
    if (pair->val.type != TL_STR || pair->key_len == 0 || memchr(pair->key, 0, pair->key_len))
      return tl_fail(e, TL_EARGUMENT, "files is a map from paths to their SHA-256");
    w->files[w->count].path = pair->key;
    w->files[w->count].expected = pair->val.u.s.data;
  }
  return w->count ? TL_OK : tl_fail(e, TL_EARGUMENT, "there is no file to watch");
}

static tl_val answer(const watch *w)
{
  tl_val out = tl_map(), *changed = tl_put(&out, "changed", tl_list());
  for (size_t i = 0; i < w->count && !w->signal; i++)
    if (w->files[i].differs) (void)tl_push(changed, tl_str(w->files[i].path));
  if (w->signal) (void)tl_put(&out, "signal", tl_int(w->signal));
  return out;
}

int prim_fs_watch(tl_call *call)
{
  watch w = {.notify = -1, .signals = -1};
  int64_t quiet = call->args[1].u.i;
  int rc = take_files(&w, &call->args[0], &call->err);
  if (rc == TL_OK && (quiet < 0 || quiet > QUIET_MAX_MS))
    rc = tl_fail(&call->err, TL_EARGUMENT, "quiet must lie between 0 and %d", QUIET_MAX_MS);
  if (rc == TL_OK && (w.notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) < 0)
    rc = tl_fail_errno(&call->err, errno, "cannot watch files");
  if (rc == TL_OK) rc = w.signals = tl_signals_open(&call->err);
  w.signal = tl_signals_late();
  if (rc >= 0) rc = run(&w, (int)quiet, &call->err);
  if (rc >= 0) call->out = answer(&w);
  if (w.notify >= 0) (void)close(w.notify);
  tl_signals_close(w.signals);
  free(w.files);
  return rc < 0 ? rc : TL_OK;
}
