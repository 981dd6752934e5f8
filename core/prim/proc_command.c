/* The command that proc.run is given: read whole, and refused before anything is started. */
#include <stdlib.h>
#include <string.h>

#include "../base/buf.h"
#include "option.h"
#include "proc.h"

enum { ARGS_MAX = 100000, PATTERNS_MAX = 1000 };

static const int64_t default_timeout_ms = 600000;
static const int64_t default_max_bytes = 16 << 20;
static const int64_t most_bytes = 1 << 30;

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

static int read_argv(tl_proc_command *c, const tl_val *list, tl_err *e)
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

static int read_env(tl_proc_command *c, const tl_val *given, const char *scratch, tl_err *e)
{
  if (given && given->type != TL_MAP) {
    return tl_fail(e, TL_EARGUMENT, "env is a map of names to strings");
  }
  tl_val all = tl_map();
  char *path = tl_proc_path();
  int rc = 0;
  tl_put(&all, "HOME", tl_str(scratch));
  tl_put(&all, "LANG", tl_str("C"));
  tl_put(&all, "PATH", tl_str(path));
  tl_put(&all, "TMPDIR", tl_str(scratch));
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

static int check_keys(const tl_val *map, tl_err *e)
{
  static const char *const known[] = {"argv",    "stdin", "env",        "files",
                                      "collect", "read",  "timeout_ms", "max_bytes"};
  for (size_t i = 0; i < tl_len(map); i++) {
    const char *key = map->u.map.pairs[i].key;
    size_t k = 0;
    while (k < sizeof known / sizeof *known && strcmp(known[k], key) != 0) {
      k++;
    }
    if (k == sizeof known / sizeof *known) {
      return tl_fail(
          e, TL_EARGUMENT,
          "a command has argv, stdin, env, files, collect, read, timeout_ms and max_bytes, and "
          "no '%.100s'",
          key);
    }
  }
  return 0;
}

/* A part of the map, NULL when it is left out. */
static const tl_val *part(const tl_val *map, const char *key)
{
  const tl_val *v = tl_get(map, key);
  return v && v->type == TL_NIL ? NULL : v;
}

static int read_files(tl_proc_command *c, const tl_val *files, tl_err *e)
{
  /* An empty table of Lua may come as a list. */
  if (files && files->type != TL_MAP && (files->type != TL_LIST || tl_len(files) > 0)) {
    return tl_fail(e, TL_EARGUMENT, "files is a map: name to bytes");
  }
  for (size_t i = 0; files && files->type == TL_MAP && i < tl_len(files); i++) {
    const tl_pair *pair = &files->u.map.pairs[i];
    if (strlen(pair->key) != pair->key_len || pair->val.type != TL_STR) {
      return tl_fail(e, TL_EARGUMENT, "files is a map of names without NUL to strings: '%.100s'",
                     pair->key);
    }
  }
  c->files = files && files->type == TL_MAP ? files : NULL;
  return 0;
}

static int read_collect(tl_proc_command *c, const tl_val *list, tl_err *e)
{
  if (list && (list->type != TL_LIST || tl_len(list) > PATTERNS_MAX) &&
      (list->type != TL_MAP || tl_len(list) > 0)) {
    return tl_fail(e, TL_EARGUMENT, "collect is a list of at most %d names", PATTERNS_MAX);
  }
  for (size_t i = 0; i < tl_len(list); i++) {
    if (!plain_text(tl_at(list, i))) {
      return tl_fail(e, TL_EARGUMENT, "collect item %zu is a name without NUL", i + 1);
    }
  }
  c->collect = list;
  return 0;
}

/* Where they lead, the gate has worked out. */
static int read_read(tl_proc_command *c, const tl_val *list, tl_err *e)
{
  c->read = (unsigned)tl_len(list);
  if (list && c->read > 0 && (list->type != TL_LIST || c->read > TL_PROC_READ_MAX)) {
    return tl_fail(e, TL_EARGUMENT, "read is a list of at most %d paths", TL_PROC_READ_MAX);
  }
  return 0;
}

int tl_proc_command_read(tl_proc_command *c, const tl_val *map, const char *scratch, tl_err *e)
{
  static const tl_val none = {.type = TL_NIL};
  const tl_val *input = part(map, "stdin");
  *c = (tl_proc_command){.input = input ? input : &none};
  if (input && input->type != TL_STR) {
    return tl_fail(e, TL_EARGUMENT, "stdin is a string");
  }
  int rc = check_keys(map, e);
  if (rc == 0) {
    rc = read_argv(c, tl_get(map, "argv"), e);
  }
  if (rc == 0) {
    rc = read_env(c, part(map, "env"), scratch, e);
  }
  if (rc == 0) {
    rc = read_files(c, part(map, "files"), e);
  }
  if (rc == 0) {
    rc = read_collect(c, part(map, "collect"), e);
  }
  if (rc == 0) {
    rc = read_read(c, part(map, "read"), e);
  }
  if (rc == 0) {
    c->timeout_ms = default_timeout_ms;
    rc = tl_option_whole(map, "proc.run", "timeout_ms", 1, INT32_MAX, &c->timeout_ms, e);
  }
  if (rc == 0) {
    c->max_bytes = default_max_bytes;
    rc = tl_option_whole(map, "proc.run", "max_bytes", 1, most_bytes, &c->max_bytes, e);
  }
  return rc;
}

void tl_proc_command_free(tl_proc_command *c)
{
  free_strings(c->argv);
  free_strings(c->envp);
}
