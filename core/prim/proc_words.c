/* What held a program, in words: see proc.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"

static tl_val files_in_words(const tl_proc_held *held, const tl_proc_access *access)
{
  char text[160];
  if (held->landlock == 0) {
    return tl_str(held->read_only ? "open to read; writes its scratch folder" : "open");
  }
  int n = snprintf(text, sizeof text, "scratch folder; reads the system%s",
                   access->installed > 0 ? ", its installation" : "");
  if (access->given > 0) {
    (void)snprintf(text + n, sizeof text - (size_t)n, ", %u given", access->given);
  }
  return tl_str(text);
}

tl_val tl_proc_confined(const tl_proc_held *held, const tl_proc_access *access)
{
  tl_val map = tl_map();
  char landlock[32];
  (void)snprintf(landlock, sizeof landlock, "landlock %d", held->landlock);
  tl_put(&map, "network", tl_str(held->calls || held->network_namespace ? "none" : "open"));
  tl_put(&map, "files", files_in_words(held, access));
  tl_put(&map, "syscalls", tl_bool(held->calls));
  tl_val *how = tl_put(&map, "how", tl_list());
  const struct {
    bool holds;
    const char *name;
  } layers[] = {{held->landlock > 0, landlock},
                {held->calls, "seccomp"},
                {held->network_namespace, "network namespace"},
                {held->read_only, "read-only mounts"},
                {held->limits, "rlimits"},
                {held->no_capabilities, "no capabilities"},
                {true, "no_new_privs"}};
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
    if (layers[i].holds) {
      tl_push(how, tl_str(layers[i].name));
    }
  }
  return map;
}

static void await_end(const tl_proc_child *child)
{
  while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {}
  (void)close(child->pidfd);
  (void)close(child->out);
  (void)close(child->err);
}

tl_val tl_proc_probe(void)
{
  char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){":"}, NULL};
  const tl_val none = {.type = TL_NIL};
  const tl_proc_command command = {.argv = argv, .envp = argv + 3, .input = &none};
  tl_proc_program program = {.fd = -1};
  tl_proc_scratch scratch = {.fd = -1};
  tl_proc_access access = {.ruleset = -1};
  tl_proc_child child;
  tl_val found = tl_nil();
  tl_err e = {0};
  int rc = tl_proc_program_find("/bin/sh", &program, &e);
  if (rc == 0) {
    rc = tl_proc_scratch_make(&scratch, &e);
  }
  if (rc == 0) {
    rc = tl_proc_access_make(&program, &scratch, NULL, NULL, 0, &access, &e);
  }
  if (rc == 0) {
    rc = tl_proc_start(&program, &command, scratch.path, access.ruleset, &child, &e);
  }
  if (rc == 0) {
    await_end(&child);
    found = tl_proc_confined(&child.held, &access);
  } else {
    found = tl_map();
    tl_put(&found, "error", tl_str(e.msg));
  }
  tl_proc_access_drop(&access);
  tl_proc_scratch_drop(&scratch);
  tl_proc_program_drop(&program);
  return found;
}
