/* The options of git.fetch. */
#include "git_fetch.h"
#include "git_history.h"
#include "option.h"

#define OP "git.fetch"
#define KEYS "timeout_ms idle_timeout_ms max_bytes secret user"

static const int64_t default_timeout_ms = 1800000;
static const int64_t default_idle_ms = 60000;
static const int64_t default_max_bytes = INT64_C(4) << 30;
static const int64_t most_bytes = INT64_C(1) << 40;

/* A token is the password of a login whose user name hardly any server looks at. */
static int read_login(tl_git_fetch *f, const tl_val *map, tl_err *e)
{
  const tl_val *secret = tl_get(map, "secret"), *user = tl_get(map, "user");
  if (!secret || secret->type == TL_NIL) {
    return 0;
  }
  if (secret->type != TL_SECRET || (user && user->type != TL_STR)) {
    return tl_fail(
        e, TL_EARGUMENT,
        "git.fetch: 'secret' is tlab.secret 'NAME', and 'user' the name that goes with it");
  }
  tl_val login = tl_list();
  tl_push(&login, user ? tl_copy(user) : tl_str("x-access-token"));
  tl_push(&login, tl_copy(secret));
  f->login = tl_map();
  tl_put(&f->login, "basic", login);
  return 0;
}

int tl_git_fetch_options(tl_git_fetch *f, const tl_val *map, tl_err *e)
{
  f->child.timeout_ms = default_timeout_ms;
  f->idle_ms = default_idle_ms;
  f->child.max_bytes = default_max_bytes;
  int rc = tl_git_check_keys(map, OP, KEYS, e);
  rc = rc < 0 ? rc : tl_option_whole(map, OP, "timeout_ms", 1, INT32_MAX, &f->child.timeout_ms, e);
  rc = rc < 0 ? rc : tl_option_whole(map, OP, "idle_timeout_ms", 1, INT32_MAX, &f->idle_ms, e);
  rc = rc < 0 ? rc : tl_option_whole(map, OP, "max_bytes", 1, most_bytes, &f->child.max_bytes, e);
  return rc < 0 ? rc : read_login(f, map, e);
}
