/* git.fetch: a repository cloned, or fetched anew, into its mirror in the lab's cache. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/wire.h"
#include "fs.h"
#include "git.h"
#include "git_fetch.h"
#include "http.h"
#include "loop.h"

enum {
  AT_ONCE = 16,
  CHUNK = 64 << 10,
  GRACE_MS = 10000, /* for the mirror to answer in place of a server that took too long */
  QUIET_MS = 1000,  /* a fetch that is over sooner shows no progress */
  FRAMES_MAX = 64 << 20,
};

static tl_git_fetch *fetches;
static unsigned running;

/* --- a fetch's life --- */

static void free_fetch(tl_git_fetch *f)
{
  tl_git_exchange_drop(f);
  tl_git_source_free(&f->child.source);
  tl_buf_free(&f->child.in);
  tl_buf_free(&f->child.scratch);
  tl_buf_free(&f->out);
  tl_free(&f->end);
  tl_free(&f->login);
  free((char *)(uintptr_t)f->child.source_path);
  free(f->base);
  if (f->child.fd >= 0) {
    (void)close(f->child.fd);
  }
  if (f->child.cache >= 0) {
    (void)close(f->child.cache);
  }
  free(f);
}

static tl_git_fetch *new_fetch(tl_call *call)
{
  tl_git_fetch *f = tl_zalloc(sizeof *f);
  f->call = call;
  f->child.fd = f->child.cache = -1;
  f->child.in = f->child.scratch = TL_BUF(TL_FRAME_MAX + 4);
  f->out = TL_BUF(FRAMES_MAX);
  f->began = f->moved = tl_clock_ms();
  return f;
}

/* The real path of an open folder, for libgit2. */
static char *path_of(int fd)
{
  char path[PATH_MAX];
  return tl_fs_path_of(fd, path) ? tl_strdup(path) : NULL;
}

/* Checks the URL as HTTP has it, or opens the folder that a file: URL names. */
static int find_source(tl_git_fetch *f, tl_err *e)
{
  tl_http_url url = {0};
  if (!f->child.source.is_file) {
    int rc = tl_http_load(e);
    rc = rc < 0 ? rc : tl_http_url_read(&url, f->child.source.url, strlen(f->child.source.url), e);
    tl_http_url_free(&url);
    f->base = tl_strdup(f->child.source.url);
    return rc;
  }
  int fd = tl_fs_open_folder(&f->call->places[1], e);
  if (fd < 0) {
    return fd;
  }
  f->child.guard = f->call->guard;
  f->child.source_path = path_of(fd);
  (void)close(fd);
  return f->child.source_path ? 0 : tl_fail(e, TL_EIO, "cannot find the path of the repository");
}

static int open_cache(tl_git_fetch *f, tl_err *e)
{
  tl_place cache = f->call->places[0];
  cache.rel = cache.shown = TL_GIT_MIRRORS;
  f->child.cache = tl_fs_make_folder(&cache, TL_FS_MAKE, e);
  return f->child.cache < 0 ? f->child.cache : 0;
}

static int prepare(tl_git_fetch *f, tl_err *e)
{
  const tl_val *url = &f->call->args[0], *options = &f->call->args[1];
  int rc = tl_git_source_read(&f->child.source, url->u.s.data, url->u.s.len, e);
  rc = rc < 0 ? rc : tl_git_fetch_options(f, options, e);
  if (rc == 0 && running >= AT_ONCE) {
    rc = tl_fail(e, TL_ELIMIT, "%d repositories are being fetched already", AT_ONCE);
  }
  rc = rc < 0 ? rc : find_source(f, e);
  rc = rc < 0 ? rc : open_cache(f, e);
  return rc < 0 ? rc : tl_git_load(e);
}

/* args: url, options {timeout_ms (1800000), idle_timeout_ms (60000), max_bytes (4 GiB), secret (a
 * token, for the host it is bound to), user ("x-access-token")}.
 * places[0] is the lab, places[1] the folder of a file: URL.
 * returns {repo = "lab:.tlab/cache/git/NAME", head? (its branch), commit? (HEAD's), branches =
 * {name, commit}[], by name, at most 1000; more? = how many besides; fetched; why?; bytes}. Where the
 * server cannot be reached and there is a mirror, that answers: fetched = false, and why.
 * Errors: those of http.open; ARGUMENT and REFUSED for a URL; NOT_FOUND and REFUSED as the server
 * says; NETWORK, TIMEOUT, LIMIT, STORAGE, UNSUPPORTED (SHA-256). A mirror is never half. */
int prim_git_fetch(tl_call *call)
{
  tl_git_fetch *f = new_fetch(call);
  int rc = prepare(f, &call->err);
  rc = rc < 0 ? rc : tl_git_fetch_start(f, &call->err);
  if (rc < 0) {
    free_fetch(f);
    return rc;
  }
  f->deadline = f->began + f->child.timeout_ms;
  f->next = fetches;
  fetches = f;
  running++;
  call->state = f;
  return TL_PENDING;
}

/* --- what the child says --- */

static void show_progress(tl_git_fetch *f, const tl_val *said)
{
  char label[160];
  int64_t at[5] = {0};
  for (size_t i = 0; i < 5; i++) {
    const tl_val *n = tl_at(said, i + 1);
    at[i] = n && n->type == TL_INT && n->u.i > 0 ? n->u.i : 0;
  }
  bool deltas = at[1] > 0 && at[0] >= at[1] && at[3] > 0;
  bool over = at[deltas ? 2 : 0] >= at[deltas ? 3 : 1];
  if (f->over || (!f->shown && tl_clock_ms() - f->began < QUIET_MS)) {
    return;
  }
  f->shown = true;
  f->over = over;
  (void)snprintf(label, sizeof label, "%s of %.90s, %.1f MB", deltas ? "deltas" : "objects",
                 f->child.source.url, (double)at[4] / 1e6);
  tl_val args[3] = {tl_int(at[deltas ? 2 : 0]), tl_int(at[deltas ? 3 : 1]), tl_str(label)};
  tl_call call = {.args = args};
  (void)prim_talk_progress(&call);
  tl_free(&args[2]);
}

static void say_waiting(const tl_git_fetch *f)
{
  char text[256];
  (void)snprintf(text, sizeof text, "another run is fetching %.180s: waiting for it",
                 f->child.source.url);
  tl_val arg = tl_str(text);
  tl_call call = {.args = &arg};
  (void)prim_talk_say(&call);
  tl_free(&arg);
}

static bool is_of(const tl_val *list, size_t i, tl_type type)
{
  const tl_val *v = tl_at(list, i);
  return v && v->type == type;
}

/* The child reads what a stranger sent: nothing it says is taken on trust. */
static void take_frame(tl_git_fetch *f, tl_val *said)
{
  const char *word = is_of(said, 0, TL_STR) ? tl_at(said, 0)->u.s.data : "";
  bool numbered = is_of(said, 1, TL_INT);
  if (strcmp(word, "ask") == 0 && numbered && is_of(said, 2, TL_STR) && is_of(said, 3, TL_STR)) {
    tl_git_exchange_begin(f, said);
  } else if (strcmp(word, "progress") == 0) {
    show_progress(f, said);
  } else if (strcmp(word, "waits") == 0) {
    say_waiting(f);
  } else if (strcmp(word, "end") == 0 && numbered && tl_at(said, 2)) {
    tl_free(&f->end);
    f->end = *said;
    *said = tl_nil();
  }
}

/* One piece of what it says, so that a child that never stops cannot keep the others waiting. False
 * when it has closed its end, or makes no sense. */
static bool hear(tl_git_fetch *f)
{
  char chunk[CHUNK];
  tl_err e = {0};
  tl_val said;
  int64_t took;
  ssize_t n = read(f->child.fd, chunk, sizeof chunk);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
    return true;
  }
  if (n <= 0 || tl_buf_add(&f->child.in, chunk, (size_t)n) < 0) {
    return false;
  }
  while ((took = tl_wire_get(&said, f->child.in.data, f->child.in.len, &e)) > 0) {
    tl_buf_shift(&f->child.in, (size_t)took);
    take_frame(f, &said);
    tl_free(&said);
  }
  return took == 0;
}

static void speak(tl_git_fetch *f)
{
  while (f->out.len > 0) {
    ssize_t n = send(f->child.fd, f->out.data, f->out.len, MSG_NOSIGNAL);
    if (n > 0) {
      tl_buf_shift(&f->out, (size_t)n);
    } else if (n < 0 && errno != EINTR) {
      return; /* full, or gone: then the next read says so */
    }
  }
}

/* --- its end --- */

static int judge(tl_git_fetch *f, int status, tl_err *e)
{
  int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  const char *url = f->child.source.url;
  if (f->late || sig == SIGXCPU) {
    return tl_fail(e, TL_ETIMEOUT, "%s was not fetched within %lld ms (timeout_ms)", url,
                   (long long)f->child.timeout_ms);
  }
  if (sig == SIGINT || sig == SIGTERM || sig == SIGHUP) {
    return tl_fail(e, TL_EINTERRUPTED, "fetching %s was stopped", url);
  }
  if (sig == SIGBUS) { /* libgit2 writes packs through a mapping: nothing else says it */
    return tl_fail(e, TL_ESTORAGE,
                   "the mirror of %s cannot be written: the disk is full or failing", url);
  }
  return tl_fail(e, TL_EIO, "fetching %s ended in the middle (%s)", url,
                 sig ? strsignal(sig) : "no answer");
}

static int take_end(tl_git_fetch *f, int status)
{
  tl_call *call = f->call;
  const tl_val *rc = tl_at(&f->end, 1), *what = tl_at(&f->end, 2);
  if (!what) {
    return judge(f, status, &call->err);
  }
  if (rc->u.i < 0) {
    return tl_fail(&call->err, (int)rc->u.i, "%s", what->type == TL_STR ? what->u.s.data : "?");
  }
  char *path = tl_git_mirror_path(&f->child.source);
  call->out = tl_copy(what);
  tl_put(&call->out, "repo", tl_str(path));
  if (!f->child.source.is_file) {
    tl_put(&call->out, "bytes", tl_int(f->bytes));
  }
  free(path);
  return 0;
}

static void collect(tl_git_fetch *f, int rc)
{
  int status = 0;
  tl_git_fetch **at = &fetches;
  (void)kill(f->pid, SIGKILL); /* nothing to one that has ended; another is not waited for */
  while (waitpid(f->pid, &status, 0) < 0 && errno == EINTR) {}
  while (*at != f) {
    at = &(*at)->next;
  }
  *at = f->next;
  running--;
  tl_call *call = f->call;
  rc = rc < 0 ? rc : take_end(f, status);
  free_fetch(f);
  call->state = NULL;
  call->done(call, rc);
}

/* --- time --- */

static bool is_idle(const tl_git_fetch *f, int64_t now)
{
  return f->exchange.waits && now >= f->moved + f->idle_ms;
}

/* The server is given up; the child then ends by itself, with the mirror's answer or none. */
static void give_up(tl_git_fetch *f, const char *name, int64_t ms)
{
  tl_err e;
  (void)tl_fail(&e, TL_ETIMEOUT, "%s %s %lld ms (%s)", f->child.source.url,
                f->late ? "was not fetched within" : "fell silent for", (long long)ms, name);
  tl_git_exchange_fail(f, &e, true);
}

static void watch(tl_git_fetch *f, int64_t now)
{
  if (now >= f->deadline) {
    bool again = f->late;
    f->late = true;
    if (again || !f->exchange.n) {
      (void)kill(f->pid, SIGKILL);
    } else {
      give_up(f, "timeout_ms", f->child.timeout_ms);
    }
    f->deadline = now + GRACE_MS;
  } else if (is_idle(f, now)) {
    give_up(f, "idle_timeout_ms", f->idle_ms);
  }
}

/* --- what the loop calls --- */

unsigned tl_fetch_fds(struct pollfd *fds, unsigned max)
{
  unsigned n = 0;
  for (const tl_git_fetch *f = fetches; f && n < max; f = f->next) {
    short out = f->out.len > 0 ? POLLOUT : 0;
    fds[n++] = (struct pollfd){.fd = f->child.fd, .events = (short)(POLLIN | out)};
  }
  return n;
}

void tl_fetch_ready(void)
{
  tl_git_fetch *ended[AT_ONCE];
  unsigned count = 0;
  int64_t now = tl_clock_ms();
  for (tl_git_fetch *f = fetches; f; f = f->next) {
    bool goes_on = hear(f);
    tl_git_exchange_step(f);
    watch(f, now);
    speak(f);
    if (!goes_on) {
      ended[count++] = f;
    }
  }
  /* Last, as done() may start new ones. */
  for (unsigned i = 0; i < count; i++) {
    collect(ended[i], 0);
  }
}

int64_t tl_fetch_deadline(void)
{
  int64_t least = -1;
  for (const tl_git_fetch *f = fetches; f; f = f->next) {
    int64_t idle = f->exchange.waits ? f->moved + f->idle_ms : f->deadline;
    int64_t due = idle < f->deadline ? idle : f->deadline;
    least = least < 0 || due < least ? due : least;
  }
  return least;
}

void tl_fetch_cancel(void)
{
  while (fetches) {
    tl_git_fetch *f = fetches;
    collect(
        f, tl_fail(&f->call->err, TL_EINTERRUPTED, "fetching %s was stopped", f->child.source.url));
  }
}
