/* git.resolve, git.log, git.blob and git.changes asked about repositories of the scratch folder. */
#ifndef TL_TEST_HISTORY_HELP_H
#define TL_TEST_HISTORY_HELP_H

#include "git_help.h"

#include "../../core/base/json.h"

/* Arguments as a JSON list; the one that is "@" is the repository's path, `dir`. */
static inline result ask_json(tl_prim *prim, const char *dir, const char *json)
{
  int fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
  tl_place place = {.dirfd = fd, .rel = dir, .shown = dir};
  tl_val args;
  tl_err e;
  assert_int_equal(tl_json_read(&args, json, strlen(json), &e), 0);
  for (size_t i = 0; i < tl_len(&args); i++) {
    tl_val *v = &args.u.list.items[i];
    if (v->type == TL_STR && strcmp(v->u.s.data, "@") == 0) {
      tl_free(v);
      *v = tl_str(dir);
    }
  }
  while (tl_len(&args) < 4) {
    tl_push(&args, tl_nil());
  }
  tl_call call = {.args = args.u.list.items, .places = &place};
  result r = {.rc = prim(&call)};
  r.out = call.out;
  r.err = call.err;
  tl_free(&args);
  (void)close(fd);
  assert_true(r.rc == 0 || r.out.type == TL_NIL);
  assert_true(r.rc == 0 || r.err.code == r.rc);
  return r;
}

static inline result gives(tl_prim *prim, const char *dir, const char *json)
{
  result r = ask_json(prim, dir, json);
  if (r.rc != 0) {
    fail_msg("%s %s: %s", dir, json, r.err.msg);
  }
  return r;
}

static inline void refuses(tl_prim *prim, const char *dir, const char *json, int code,
                           const char *words)
{
  result r = ask_json(prim, dir, json);
  if (r.rc != code || !strstr(r.err.msg, words)) {
    fail_msg("%s %s: got %s '%s', wanted %s '…%s…'", dir, json, tl_code_name(r.rc), r.err.msg,
             tl_code_name(code), words);
  }
  tl_free(&r.out);
}

#endif
