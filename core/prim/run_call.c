/* run.call: another recipe as a run of its own, by this same binary in a process of its own.
 *
 * That process (lua/host/run/called.lua) is told on its standard input what to run and what it may, and
 * says two lines of JSON: {"begun": {id, folder}} once its run has a folder, then {"answer": …} or
 * {"error": {code, message}}. It has a process group of its own, so that Ctrl-C is for its caller, which
 * ends it; and it ends by itself when its caller is gone (run.follow). */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/json.h"
#include "fs.h"
#include "loop.h"
#include "spawn.h"

enum {
  AT_ONCE = 16,
  DEEPEST = 4, /* runs that call each other */
  NAME_MAX_LEN = 64,
  CHUNK = 64 << 10,
  GRACE_MS = 10000, /* to write down that it was interrupted */
};

typedef struct called {
  struct called *next;
  tl_call *call;
  pid_t pid;
  int pidfd, fd; /* readable when it has ended; what it says */
  tl_buf said;
} called;

static called *all;
static unsigned running;

/* --- what it is told --- */

static bool is_name(const tl_val *v)
{
  static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  size_t len = v->u.s.len;
  return len > 0 && len <= NAME_MAX_LEN && strspn(v->u.s.data, good) == len;
}

/* A spec is plain JSON: a handle is of use only to the run that made it. */
static bool has_secret(const tl_val *v)
{
  bool found = v->type == TL_SECRET;
  if (v->type == TL_LIST) {
    for (size_t i = 0; i < v->u.list.len && !found; i++) found = has_secret(&v->u.list.items[i]);
  } else if (v->type == TL_MAP) {
    for (size_t i = 0; i < v->u.map.len && !found; i++) found = has_secret(&v->u.map.pairs[i].val);
  }
  return found;
}

static int check(const tl_call *call, const tl_val *how, tl_err *e)
{
  const tl_val *name = &call->args[0];
  int64_t depth = tl_get_int(tl_get(how, "parent"), "depth", 0);
  if (!is_name(name)) {
    return tl_fail(e, TL_EARGUMENT,
                   "run.call takes the name of a recipe of the lab, such as 'ai', not '%.100s'",
                   name->u.s.data);
  }
  if (has_secret(&call->args[1])) {
    return tl_fail(
        e, TL_EARGUMENT,
        "a spec cannot hold a secret: give its name, for the called recipe to ask for it");
  }
  if (tl_len(how) == 0) return tl_fail(e, TL_EUNSUPPORTED, "run.call: this run can call no other");
  if (depth > DEEPEST) {
    return tl_fail(e, TL_ELIMIT, "runs call each other %d deep at most: %s is not started", DEEPEST,
                   name->u.s.data);
  }
  if (running >= AT_ONCE)
    return tl_fail(e, TL_ELIMIT, "%d called runs are at work already", AT_ONCE);
  return 0;
}

/* A descriptor to read {recipe, spec, …} from, as JSON; or a TL_E… code. */
static int tell(const tl_call *call, const tl_val *how, tl_err *e)
{
  tl_buf text = TL_BUF(SIZE_MAX / 2);
  tl_val told = tl_copy(how);
  const tl_val *spec = &call->args[1];
  (void)tl_put(&told, "recipe", tl_copy(&call->args[0]));
  (void)tl_put(&told, "spec", spec->type == TL_MAP ? tl_copy(spec) : tl_map());
  int rc = tl_json_write(&text, &told, e);
  tl_free(&told);
  int fd = rc < 0 ? -1 : memfd_create("spec", MFD_CLOEXEC);
  if (rc == 0 &&
      (fd < 0 || tl_fs_write_all(fd, text.data, text.len) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
    rc = tl_fail_errno(e, errno, "cannot hand the spec over");
    if (fd >= 0) (void)close(fd);
  }
  tl_buf_free(&text);
  return rc < 0 ? rc : fd;
}

/* args: the name of a recipe, its spec? {}. places: the lab. What else the run is told comes from the
 * guard: {parent = {id, folder, depth}, allow, limits, offline, dev_lua?}.
 * returns {id, folder, status, error? {code, message, hint?}, outputs {path, sha256, size}[], metrics}:
 * a run that did not succeed is an answer, too, also one that was killed.
 * Errors: what kept it from being a run (NOT_FOUND, INVALID, …); CRASHED, LIMIT, ARGUMENT. */
int prim_run_call(tl_call *call)
{
  tl_err *e = &call->err;
  const tl_val *how = call->guard->calls(call->guard->ud);
  int rc = check(call, how, e);
  int in = rc < 0 ? rc : tell(call, how, e);
  if (in < 0) return in;
  called *c = tl_zalloc(sizeof *c);
  *c = (called){.call = call, .said = TL_BUF(SIZE_MAX / 2)};
  rc = tl_spawn_called(tl_get_str(how, "dev_lua", NULL), call->places[0].dirfd, in, &c->pid,
                       &c->pidfd, &c->fd, e);
  (void)close(in);
  if (rc < 0) {
    free(c);
    return rc;
  }
  c->next = all;
  all = c;
  running++;
  call->state = c;
  return TL_PENDING;
}

/* --- what it says --- */

static void hear(called *c)
{
  char chunk[CHUNK];
  while (c->fd >= 0) {
    ssize_t n = read(c->fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      (void)close(c->fd);
      c->fd = -1;
    } else if (tl_buf_add(&c->said, chunk, (size_t)n) < 0) {
      TL_BUG("a called run said more than there is memory");
    }
  }
}

/* The value that its line of this name holds, TL_NIL where it said none. */
static tl_val said(const called *c, const char *name)
{
  const char *at = c->said.data ? c->said.data : "", *end = at + c->said.len, *nl;
  tl_val found = tl_nil();
  while ((nl = memchr(at, '\n', (size_t)(end - at)))) {
    tl_val line;
    if (tl_json_read(&line, at, (size_t)(nl - at), NULL) == 0 && tl_get(&line, name)) {
      tl_free(&found);
      found = tl_copy(tl_get(&line, name));
    }
    tl_free(&line);
    at = nl + 1;
  }
  return found;
}

/* It ended in the middle: of its run it is known only that it began. */
static int take_cut(called *c, int status, tl_err *e)
{
  tl_val begun = said(c, "begun");
  const char *name = c->call->args[0].u.s.data;
  int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (sig) {
    (void)tl_fail(e, TL_ECRASHED, "the run of %s was ended by signal %d (%s)", name, sig,
                  strsignal(sig));
  } else {
    (void)tl_fail(e, TL_ECRASHED, "the run of %s ended with %d and without a word", name,
                  WEXITSTATUS(status));
  }
  if (begun.type != TL_MAP) return e->code;
  tl_val error = tl_map();
  (void)tl_put(&error, "code", tl_str(tl_code_name(e->code)));
  (void)tl_put(&error, "message", tl_str(e->msg));
  (void)tl_put(&begun, "status", tl_str("interrupted"));
  (void)tl_put(&begun, "error", error);
  (void)tl_put(&begun, "outputs", tl_list());
  (void)tl_put(&begun, "metrics", tl_map());
  c->call->out = begun;
  return 0;
}

static int take_end(called *c, int status)
{
  tl_err *e = &c->call->err;
  tl_val answer = said(c, "answer"), error = said(c, "error");
  int rc = 0;
  if (answer.type == TL_MAP) {
    c->call->out = answer;
    answer = tl_nil();
  } else if (error.type == TL_MAP) {
    rc = tl_fail(e, tl_code_of(tl_get_str(&error, "code", "CRASHED")), "%s: %s",
                 c->call->args[0].u.s.data, tl_get_str(&error, "message", "?"));
  } else {
    rc = take_cut(c, status, e);
  }
  tl_free(&answer);
  tl_free(&error);
  return rc;
}

static void conclude(called *c)
{
  int status = 0;
  while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR) {}
  hear(c);
  called **at = &all;
  while (*at != c) at = &(*at)->next;
  *at = c->next;
  running--;
  tl_call *call = c->call;
  int rc = take_end(c, status);
  (void)close(c->pidfd);
  if (c->fd >= 0) (void)close(c->fd);
  tl_buf_free(&c->said);
  free(c);
  call->state = NULL;
  call->done(call, rc);
}

/* --- what the loop calls --- */

unsigned tl_called_fds(struct pollfd *fds, unsigned max)
{
  unsigned n = 0;
  for (const called *c = all; c && n + 2 <= max; c = c->next) {
    fds[n++] = (struct pollfd){.fd = c->pidfd, .events = POLLIN};
    fds[n++] = (struct pollfd){.fd = c->fd, .events = POLLIN}; /* poll passes over -1 */
  }
  return n;
}

static bool has_ended(const called *c, int timeout_ms)
{
  struct pollfd fds[] = {{.fd = c->pidfd, .events = POLLIN}, {.fd = c->fd, .events = POLLIN}};
  return poll(fds, 2, timeout_ms) > 0 && fds[0].revents != 0;
}

void tl_called_ready(void)
{
  called *ended[AT_ONCE];
  unsigned count = 0;
  for (called *c = all; c; c = c->next) {
    hear(c);
    if (has_ended(c, 0)) ended[count++] = c;
  }
  /* Last, as done() may start new ones. */
  for (unsigned i = 0; i < count; i++) conclude(ended[i]);
}

void tl_called_cancel(void)
{
  for (const called *c = all; c; c = c->next) (void)kill(c->pid, SIGTERM);
  for (int64_t until = tl_clock_ms() + GRACE_MS; all;) {
    int64_t left = until - tl_clock_ms();
    if (left <= 0) (void)kill(all->pid, SIGKILL);
    if (has_ended(all, left > 0 ? (int)left : -1)) {
      conclude(all);
    } else {
      hear(all);
    }
  }
}

/* args: the process that is to be followed. From here this one gets SIGTERM when that one ends; it ends
 * at once when that is not its parent (any more). */
int prim_run_follow(tl_call *call)
{
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
    return tl_fail_errno(&call->err, errno, "cannot be told of the caller's end");
  if (getppid() != call->args[0].u.i) _exit(128 + SIGTERM);
  call->out = tl_bool(true);
  return 0;
}
