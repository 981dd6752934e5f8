/* proc.run: a program from start to end, without a shell.
 *
 * The loop (loop.h) waits for the jobs: each has a pidfd, readable once the program has ended, and
 * two pipes. No SIGCHLD. */
#include "proc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/buf.h"
#include "loop.h"

enum {
  JOBS_MAX = 80, /* at once; the loop has room for the three descriptors of each */
  FDS_EACH = 3,
  CHUNK = 64 << 10,
};

typedef struct output {
  int fd; /* -1 after its end */
  tl_buf bytes;
  const char *name;
} output;

typedef struct job {
  struct job *next;
  tl_call *call;
  tl_proc_program program;
  tl_proc_scratch scratch;
  tl_proc_access access;
  tl_proc_child child;
  const tl_val *collect; /* patterns, of the call's arguments; NULL: nothing */
  output out, err;
  int64_t started;
  int64_t deadline; /* -1: none, or killed already */
  int64_t max_bytes;
  int rc; /* what the call ends with: 0 unless we killed it */
} job;

static job *jobs;
static unsigned running;

/* --- a job's life --- */

static job *new_job(tl_call *call)
{
  job *j = tl_zalloc(sizeof *j);
  j->call = call;
  j->program.fd = j->scratch.fd = j->access.ruleset = -1;
  j->out = (output){.fd = -1, .name = "standard output"};
  j->err = (output){.fd = -1, .name = "standard error"};
  return j;
}

static void close_output(output *o)
{
  if (o->fd >= 0) {
    (void)close(o->fd);
    o->fd = -1;
  }
}

static void free_job(job *j)
{
  close_output(&j->out);
  close_output(&j->err);
  tl_buf_free(&j->out.bytes);
  tl_buf_free(&j->err.bytes);
  tl_proc_access_drop(&j->access);
  tl_proc_scratch_drop(&j->scratch);
  tl_proc_program_drop(&j->program);
  free(j);
}

/* What is asked, from here on as the job has it. */
static void take_command(job *j, const tl_proc_command *c)
{
  j->max_bytes = c->max_bytes;
  j->out.bytes = j->err.bytes = TL_BUF((size_t)c->max_bytes);
  j->collect = c->collect;
}

static int begin(job *j, const tl_proc_command *c, tl_err *e)
{
  int rc = tl_proc_program_find(c->argv[0], &j->program, e);
  if (rc == 0) {
    rc = tl_proc_scratch_fill(&j->scratch, c->files, e);
  }
  if (rc == 0) {
    const tl_place *places = j->call->places;
    rc = tl_proc_access_make(&j->program, &j->scratch, places, places + 1, c->read, &j->access, e);
  }
  if (rc < 0) {
    return rc;
  }
  j->started = tl_clock_ms();
  rc = tl_proc_start(&j->program, c, j->scratch.path, j->access.ruleset, &j->child, e);
  if (rc == 0) {
    j->deadline = j->started + c->timeout_ms;
    j->out.fd = j->child.out;
    j->err.fd = j->child.err;
    j->next = jobs;
    jobs = j;
    running++;
  }
  return rc;
}

/* args: command {argv, stdin?, env?, files?, collect?, read?, timeout_ms? (600000), max_bytes?
 * (16 MiB, of each output and of what is collected)}. places: the lab, then one for each of `read`;
 * all that the program may reach is in proc_access.c. It works in a scratch folder of its own, also
 * its HOME and TMPDIR. The environment is these, PATH, LANG=C, TZ=UTC and `env`.
 * returns {exit or signal, stdout, stderr, files (with collect), program {path, sha256}, ms,
 * confined {network, files, syscalls, how}}; an exit code other than 0 is a result.
 * Errors: NOT_FOUND, ARGUMENT, REFUSED (env, names, keys), TIMEOUT and LIMIT (the program and all
 * that it started have then been killed). */
int prim_proc_run(tl_call *call)
{
  tl_proc_command c = {0};
  if (running >= JOBS_MAX) {
    return tl_fail(&call->err, TL_ELIMIT, "%d programs are running already", JOBS_MAX);
  }
  job *j = new_job(call);
  int rc = tl_proc_scratch_make(&j->scratch, &call->err);
  if (rc == 0) {
    rc = tl_proc_command_read(&c, &call->args[0], j->scratch.path, &call->err);
  }
  if (rc == 0) {
    take_command(j, &c);
    rc = begin(j, &c, &call->err);
  }
  tl_proc_command_free(&c);
  if (rc < 0) {
    free_job(j);
    return rc;
  }
  call->state = j;
  return TL_PENDING;
}

/* Ends it early: the reason is kept, the rest of its output is of no interest. */
static void stop(job *j, int rc)
{
  (void)kill(j->child.pid, SIGTERM); /* its keeper ends the rest */
  close_output(&j->out);
  close_output(&j->err);
  j->deadline = -1;
  j->rc = rc;
}

static void drain(job *j, output *o)
{
  char chunk[CHUNK];
  while (o->fd >= 0) {
    ssize_t n = read(o->fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0 && errno == EAGAIN) {
      return;
    }
    if (n <= 0) {
      close_output(o);
    } else if (tl_buf_add(&o->bytes, chunk, (size_t)n) < 0) {
      stop(j, tl_fail(&j->call->err, TL_ELIMIT,
                      "the program %.200s wrote more than %zu bytes to its %s", j->program.path,
                      o->bytes.max, o->name));
    }
  }
}

static tl_val output_text(output *o)
{
  size_t len;
  char *bytes = tl_buf_take(&o->bytes, &len);
  return tl_str_take(bytes, len);
}

static int put_result(job *j, int status)
{
  tl_val *out = &j->call->out;
  tl_val files = tl_nil();
  if (j->collect) {
    int rc = tl_proc_scratch_collect(&j->scratch, j->collect, j->max_bytes, &files, &j->call->err);
    if (rc < 0) {
      return rc;
    }
  }
  *out = tl_map();
  if (files.type != TL_NIL) {
    tl_put(out, "files", files);
  }
  if (WIFSIGNALED(status)) {
    tl_put(out, "signal", tl_int(WTERMSIG(status)));
  } else {
    tl_put(out, "exit", tl_int(WEXITSTATUS(status)));
  }
  tl_put(out, "stdout", output_text(&j->out));
  tl_put(out, "stderr", output_text(&j->err));
  tl_put(out, "ms", tl_int(tl_clock_ms() - j->started));
  tl_val *program = tl_put(out, "program", tl_map());
  tl_put(program, "path", tl_str(j->program.path));
  tl_put(program, "sha256", tl_str(j->program.sha256));
  tl_put(out, "confined", tl_proc_confined(&j->child.held, &j->access));
  return 0;
}

static void unlink_job(job *j)
{
  job **at = &jobs;
  while (*at != j) {
    at = &(*at)->next;
  }
  *at = j->next;
  running--;
}

/* The program has ended with all that it started, or is being ended by its keeper. */
static void conclude(job *j)
{
  int status = 0;
  while (waitpid(j->child.pid, &status, 0) < 0 && errno == EINTR) {}
  drain(j, &j->out);
  drain(j, &j->err);
  (void)close(j->child.pidfd);
  unlink_job(j);
  tl_call *call = j->call;
  int rc = j->rc;
  if (rc == 0) {
    rc = put_result(j, status);
  }
  free_job(j);
  call->state = NULL;
  call->done(call, rc);
}

/* --- what the loop calls --- */

unsigned tl_proc_fds(struct pollfd *fds, unsigned max)
{
  unsigned n = 0;
  for (const job *j = jobs; j && n + FDS_EACH <= max; j = j->next) {
    fds[n++] = (struct pollfd){.fd = j->child.pidfd, .events = POLLIN};
    if (j->out.fd >= 0) {
      fds[n++] = (struct pollfd){.fd = j->out.fd, .events = POLLIN};
    }
    if (j->err.fd >= 0) {
      fds[n++] = (struct pollfd){.fd = j->err.fd, .events = POLLIN};
    }
  }
  return n;
}

static bool is_ready(int fd, const struct pollfd *fds, unsigned n)
{
  for (unsigned i = 0; i < n; i++) {
    if (fds[i].fd == fd) {
      return fds[i].revents != 0;
    }
  }
  return false;
}

static void serve(job *j, int64_t now)
{
  drain(j, &j->out);
  drain(j, &j->err);
  if (j->deadline >= 0 && now >= j->deadline) {
    stop(j, tl_fail(&j->call->err, TL_ETIMEOUT, "the program %.200s ran longer than %lld ms",
                    j->program.path, (long long)(j->deadline - j->started)));
  }
}

void tl_proc_ready(const struct pollfd *fds, unsigned n)
{
  job *ended[JOBS_MAX];
  unsigned count = 0;
  int64_t now = tl_clock_ms();
  for (job *j = jobs; j; j = j->next) {
    if (is_ready(j->child.pidfd, fds, n)) {
      ended[count++] = j;
    } else {
      serve(j, now);
    }
  }
  /* Last, as done() may start new jobs. */
  for (unsigned i = 0; i < count; i++) {
    conclude(ended[i]);
  }
}

int64_t tl_proc_deadline(void)
{
  int64_t least = -1;
  for (const job *j = jobs; j; j = j->next) {
    if (j->deadline >= 0 && (least < 0 || j->deadline < least)) {
      least = j->deadline;
    }
  }
  return least;
}

void tl_proc_cancel(void)
{
  while (jobs) {
    job *j = jobs;
    stop(j, tl_fail(&j->call->err, TL_EINTERRUPTED, "the program %.200s was stopped",
                    j->program.path));
    conclude(j);
  }
}
