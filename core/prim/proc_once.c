/* A program from start to end while everything else waits: for the supervisor's own needs, held like
 * any other (proc.h). What it says may be secret: it is kept in one piece of memory, and wiped. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/buf.h"
#include "loop.h"
#include "proc.h"

typedef struct stream {
  int fd;      /* -1 after its end */
  char *bytes; /* NULL: too much was said */
  size_t len, max;
} stream;

/* Reads what is there, right into its place. False: it is more than there is room for. */
static bool drain(stream *s)
{
  while (s->fd >= 0) {
    char more;
    bool full = s->len == s->max;
    ssize_t n = read(s->fd, full ? &more : s->bytes + s->len, full ? 1 : s->max - s->len);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0 && errno == EAGAIN) {
      return true;
    }
    if (n <= 0) {
      (void)close(s->fd);
      s->fd = -1;
    } else if (full) {
      return false;
    } else {
      s->len += (size_t)n;
    }
  }
  return true;
}

/* Until it has ended, or has to be: time is up, or it says too much. */
static int await(const tl_proc_child *child, int64_t until, stream *out, stream *err)
{
  for (;;) {
    struct pollfd fds[] = {{.fd = child->pidfd, .events = POLLIN},
                           {.fd = out->fd, .events = POLLIN},
                           {.fd = err->fd, .events = POLLIN}};
    int64_t left = until - tl_clock_ms();
    if (left <= 0) {
      return TL_ETIMEOUT;
    }
    (void)poll(fds, sizeof fds / sizeof *fds, (int)left);
    if (!drain(out) || !drain(err)) {
      return TL_ELIMIT;
    }
    if (fds[0].revents != 0) {
      return TL_OK;
    }
  }
}

static int see_through(tl_proc_once *o, tl_proc_child *child, const tl_proc_command *c, tl_err *e)
{
  int64_t ms = c->timeout_ms;
  size_t max = (size_t)c->max_bytes;
  stream out = {.fd = child->out, .bytes = tl_zalloc(max + 1), .max = max};
  stream err = {.fd = child->err, .bytes = tl_zalloc(max + 1), .max = max};
  int status = 0;
  int rc = await(child, tl_clock_ms() + ms, &out, &err);
  if (rc < 0) {
    (void)kill(child->pid, SIGTERM); /* its keeper ends the rest */
  }
  while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {}
  if (rc == TL_OK && (!drain(&out) || !drain(&err))) {
    rc = TL_ELIMIT;
  }
  (void)close(child->pidfd);
  for (stream *s = &out; s; s = s == &out ? &err : NULL) {
    if (s->fd >= 0) {
      (void)close(s->fd);
    }
  }
  o->out = tl_str_take(out.bytes, out.len);
  o->err = tl_str_take(err.bytes, err.len);
  o->exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  if (rc == TL_ETIMEOUT) {
    return tl_fail(e, rc, "%.200s ran longer than %lld s", c->argv[0], (long long)(ms / 1000));
  }
  return rc < 0 ? tl_fail(e, rc, "%.200s said more than %zu bytes", c->argv[0], max) : TL_OK;
}

static void tell(tl_proc_once *o, const char *name, const tl_proc_program *program,
                 const tl_proc_child *child, const tl_proc_access *access)
{
  o->program = tl_map();
  tl_put(&o->program, "name", tl_str(name));
  tl_put(&o->program, "path", tl_str(program->path));
  tl_put(&o->program, "sha256", tl_str(program->sha256));
  tl_put(&o->program, "confined", tl_proc_confined(&child->held, access));
}

int tl_proc_once_run(tl_proc_once *o, const tl_val *command, tl_err *e)
{
  tl_proc_command c = {0};
  tl_proc_program program = {.fd = -1};
  tl_proc_scratch scratch = {.fd = -1};
  tl_proc_access access = {.ruleset = -1};
  tl_proc_child child;
  *o = (tl_proc_once){.exit = -1};
  int rc = tl_proc_program_find(tl_at(tl_get(command, "argv"), 0)->u.s.data, &program, e);
  if (rc == 0) {
    rc = tl_proc_scratch_make(&scratch, e);
  }
  if (rc == 0) {
    rc = tl_proc_command_read(&c, command, scratch.path, e);
  }
  c.writes_nothing = true; /* what it opens stays in memory */
  if (rc == 0) {
    rc = tl_proc_scratch_fill(&scratch, c.files, e);
  }
  if (rc == 0) {
    rc = tl_proc_access_make(&program, &scratch, NULL, NULL, 0, &access, e);
  }
  if (rc == 0) {
    rc = tl_proc_start(&program, &c, scratch.path, access.ruleset, &child, e);
  }
  if (rc == 0) {
    tell(o, c.argv[0], &program, &child, &access);
    rc = see_through(o, &child, &c, e);
  }
  tl_proc_command_free(&c);
  tl_proc_access_drop(&access);
  tl_proc_scratch_drop(&scratch);
  tl_proc_program_drop(&program);
  return rc;
}

void tl_proc_once_free(tl_proc_once *o)
{
  tl_wipe(&o->out);
  tl_wipe(&o->err);
  tl_free(&o->program);
}
