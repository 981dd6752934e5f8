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
  ARGS_MAX = 100000,
  CHUNK = 64 << 10,
};

static const int64_t default_timeout_ms = 600000;
static const int64_t default_max_bytes = 16 << 20;
static const int64_t most_bytes = 1 << 30;

typedef struct output {
  int fd; /* -1 after its end */
  tl_buf bytes;
  const char *name;
} output;

typedef struct job {
  struct job *next;
  tl_call *call;
  tl_proc_program program;
  tl_proc_child child;
  output out, err;
  int64_t started;
  int64_t deadline; /* -1: none, or killed already */
  int rc;           /* what the call ends with: 0 unless we killed it */
} job;

static job *jobs;
static unsigned running;

/* --- the command --- */

typedef struct command {
  char **argv;
  char **envp;
  const tl_val *input;
  int64_t timeout_ms;
  int64_t max_bytes;
} command;

static void free_strings(char **list)
{
  for (size_t i = 0; list && list[i]; i++) {
    free(list[i]);
  }
  free(list);
}

static bool plain_text(const tl_val *v)
{
  return v->type == TL_STR && strlen(v->u.s.data) == v->u.s.len;
}

static int read_argv(command *c, const tl_val *list, tl_err *e)
{
  size_t n = tl_len(list);
  if (!list || list->type != TL_LIST || n == 0 || n > ARGS_MAX) {
    return tl_fail(e, TL_EARGUMENT, "argv is a list: the program, then its arguments");
  }
  c->argv = tl_zalloc((n + 1) * sizeof *c->argv);
  for (size_t i = 0; i < n; i++) {
    const tl_val *v = tl_at(list, i);
    if (!plain_text(v) || (i == 0 && v->u.s.len == 0)) {
      return tl_fail(e, TL_EARGUMENT, "argv item %zu is a %s; a string without NUL is needed",
                     i + 1, tl_type_name(v->type));
    }
    c->argv[i] = tl_strdup(v->u.s.data);
  }
  return 0;
}

/* NAME=value. The loader's variables would put foreign code into the program that was hashed. */
static int read_variable(const tl_pair *pair, char **entry, tl_err *e)
{
  if (pair->key_len == 0 || strlen(pair->key) != pair->key_len || strchr(pair->key, '=') ||
      !plain_text(&pair->val)) {
    return tl_fail(e, TL_EARGUMENT, "env maps names to strings without NUL: '%.100s'", pair->key);
  }
  if (strncmp(pair->key, "LD_", 3) == 0 || strcmp(pair->key, "GCONV_PATH") == 0 ||
      strcmp(pair->key, "GLIBC_TUNABLES") == 0) {
    return tl_fail(e, TL_EREFUSED, "env must not set %.100s: it changes what code a program runs",
                   pair->key);
  }
  tl_buf text = TL_BUF(SIZE_MAX / 2);
  size_t len;
  (void)tl_buf_fmt(&text, "%s=", pair->key);
  (void)tl_buf_add(&text, pair->val.u.s.data, pair->val.u.s.len);
  *entry = tl_buf_take(&text, &len);
  return 0;
}

static int read_env(command *c, const tl_val *given, tl_err *e)
{
  if (given && given->type != TL_NIL && given->type != TL_MAP) {
    return tl_fail(e, TL_EARGUMENT, "env is a map of names to strings");
  }
  tl_val all = tl_map();
  char *path = tl_proc_path();
  int rc = 0;
  tl_put(&all, "LANG", tl_str("C"));
  tl_put(&all, "PATH", tl_str(path));
  tl_put(&all, "TZ", tl_str("UTC"));
  free(path);
  for (size_t i = 0; i < tl_len(given); i++) {
    tl_put(&all, given->u.map.pairs[i].key, tl_copy(&given->u.map.pairs[i].val));
  }
  c->envp = tl_zalloc((tl_len(&all) + 1) * sizeof *c->envp);
  for (size_t i = 0; i < tl_len(&all) && rc == 0; i++) {
    rc = read_variable(&all.u.map.pairs[i], &c->envp[i], e);
  }
  tl_free(&all);
  return rc;
}

/* A whole number from 1 to `most`; `dflt` when it is left out. */
static int read_number(const tl_val *map, const char *key, int64_t dflt, int64_t most, int64_t *out,
                       tl_err *e)
{
  const tl_val *v = tl_get(map, key);
  *out = dflt;
  if (!v || v->type == TL_NIL) {
    return 0;
  }
  *out = tl_get_int(map, key, 0);
  if (v->type != TL_INT || *out < 1 || *out > most) {
    return tl_fail(e, TL_EARGUMENT, "%s is a whole number from 1 to %lld", key, (long long)most);
  }
  return 0;
}

static int check_keys(const tl_val *map, tl_err *e)
{
  static const char *const known[] = {"argv", "stdin", "env", "timeout_ms", "max_bytes"};
  for (size_t i = 0; i < tl_len(map); i++) {
    const char *key = map->u.map.pairs[i].key;
    size_t k = 0;
    while (k < sizeof known / sizeof *known && strcmp(known[k], key) != 0) {
      k++;
    }
    if (k == sizeof known / sizeof *known) {
      return tl_fail(e, TL_EARGUMENT,
                     "a command has argv, stdin, env, timeout_ms and max_bytes, and no '%.100s'",
                     key);
    }
  }
  return 0;
}

static int read_command(command *c, const tl_val *map, tl_err *e)
{
  static const tl_val none = {.type = TL_NIL};
  *c = (command){.input = tl_get(map, "stdin")};
  if (!c->input) {
    c->input = &none;
  }
  if (c->input->type != TL_STR && c->input->type != TL_NIL) {
    return tl_fail(e, TL_EARGUMENT, "stdin is a string");
  }
  int rc = check_keys(map, e);
  if (rc == 0) {
    rc = read_argv(c, tl_get(map, "argv"), e);
  }
  if (rc == 0) {
    rc = read_env(c, tl_get(map, "env"), e);
  }
  if (rc == 0) {
    rc = read_number(map, "timeout_ms", default_timeout_ms, INT32_MAX, &c->timeout_ms, e);
  }
  if (rc == 0) {
    rc = read_number(map, "max_bytes", default_max_bytes, most_bytes, &c->max_bytes, e);
  }
  return rc;
}

static void free_command(command *c)
{
  free_strings(c->argv);
  free_strings(c->envp);
}

/* --- a job's life --- */

static job *new_job(tl_call *call, const command *c)
{
  job *j = tl_zalloc(sizeof *j);
  size_t max = (size_t)c->max_bytes;
  j->call = call;
  j->out = (output){.fd = -1, .bytes = TL_BUF(max), .name = "standard output"};
  j->err = (output){.fd = -1, .bytes = TL_BUF(max), .name = "standard error"};
  j->program.fd = -1;
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
  tl_proc_program_drop(&j->program);
  free(j);
}

/* args: command {argv, stdin?, env?, timeout_ms? (600000), max_bytes? (16 MiB, of each output)}.
 * places[0], where the gate gives one, is the folder it runs in. The environment is PATH, LANG=C,
 * TZ=UTC and `env`; the program has its own session and, where the kernel allows, no network.
 * returns {exit or signal, stdout, stderr, program {path, sha256}, ms, confined
 * {network_namespace, no_new_privs}}; an exit code other than 0 is a result. Errors: NOT_FOUND,
 * ARGUMENT, REFUSED (env), TIMEOUT and LIMIT (the program and its group have then been killed). */
int prim_proc_run(tl_call *call)
{
  command c;
  int rc = read_command(&c, &call->args[0], &call->err);
  if (rc == 0 && running >= JOBS_MAX) {
    rc = tl_fail(&call->err, TL_ELIMIT, "%d programs are running already", JOBS_MAX);
  }
  if (rc < 0) {
    free_command(&c);
    return rc;
  }
  job *j = new_job(call, &c);
  rc = tl_proc_program_find(c.argv[0], &j->program, &call->err);
  if (rc == 0) {
    j->started = tl_clock_ms();
    rc = tl_proc_start(&j->program, c.argv, c.envp, c.input, call->places, &j->child, &call->err);
  }
  if (rc < 0) {
    free_job(j);
  } else {
    j->deadline = j->started + c.timeout_ms;
    j->out.fd = j->child.out;
    j->err.fd = j->child.err;
    j->next = jobs;
    jobs = j;
    running++;
    call->state = j;
    rc = TL_PENDING;
  }
  free_command(&c);
  return rc;
}

/* The program and all that it started, unless they went to a session of their own. */
static void kill_group(const job *j)
{
  (void)kill(-j->child.pid, SIGKILL);
}

/* Ends it early: the reason is kept, the rest of its output is of no interest. */
static void stop(job *j, int rc)
{
  kill_group(j);
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

static void put_result(job *j, int status)
{
  tl_val *out = &j->call->out;
  *out = tl_map();
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
  tl_val *confined = tl_put(out, "confined", tl_map());
  tl_put(confined, "network_namespace", tl_bool(j->child.network_namespace));
  tl_put(confined, "no_new_privs", tl_bool(true));
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

/* The program has ended, or was killed and is waited for. What it left behind in its group is
 * killed first: until it is collected, its number cannot mean another process. */
static void collect(job *j)
{
  int status = 0;
  kill_group(j);
  drain(j, &j->out);
  drain(j, &j->err);
  while (waitpid(j->child.pid, &status, 0) < 0 && errno == EINTR) {}
  (void)close(j->child.pidfd);
  unlink_job(j);
  tl_call *call = j->call;
  int rc = j->rc;
  if (rc == 0) {
    put_result(j, status);
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
    collect(ended[i]);
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
    collect(j);
  }
}
