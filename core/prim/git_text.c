/* text.diff: how one text becomes another, as `diff -u` writes it. libgit2's xdiff does the work, in
 * a child with limits like everything that libgit2 is given (git_apart.c): two texts from strangers
 * can be made to keep a comparison busy for long. */
#include <stdint.h>
#include <string.h>

#include "../base/buf.h"
#include "git.h"
#include "landlock.h"

enum {
  TEXTS_MAX = 64 << 20, /* bytes of both texts together */
  CONTEXT = 3,          /* lines, as diff(1) and git have it */
  CONTEXT_MAX = 1000000
};

typedef struct wanted {
  const char *from, *to; /* names for the two head lines */
  int64_t context;
} wanted;

/* A name stands in a line of its own: one that would break the line, or is none, is refused. */
static int check_name(const tl_val *how, const char *key, tl_err *e)
{
  const tl_val *v = tl_get(how, key);
  if (!v || v->type == TL_NIL) {
    return 0;
  }
  if (v->type != TL_STR || v->u.s.len == 0 || memchr(v->u.s.data, '\0', v->u.s.len) ||
      memchr(v->u.s.data, '\n', v->u.s.len)) {
    return tl_fail(e, TL_EARGUMENT, "text.diff: '%s' is a name: text of one line", key);
  }
  return 0;
}

static int read_how(const tl_val *how, wanted *w, tl_err *e)
{
  const tl_val *context = tl_get(how, "context");
  int rc = check_name(how, "from", e);
  if (rc == 0) {
    rc = check_name(how, "to", e);
  }
  if (rc < 0) {
    return rc;
  }
  w->from = tl_get_str(how, "from", "a");
  w->to = tl_get_str(how, "to", "b");
  w->context = tl_get_int(how, "context", CONTEXT);
  bool whole = !context || context->type == TL_NIL || context->type == TL_INT;
  if (!whole || w->context < 0 || w->context > CONTEXT_MAX) {
    return tl_fail(e, TL_EARGUMENT, "text.diff: 'context' is a number of lines, from 0 to %d",
                   CONTEXT_MAX);
  }
  return 0;
}

/* The hunks alone: what stands before them are git's own head lines, of paths and modes. */
static int put_hunks(tl_buf *out, const wanted *w, const git_buf *patch)
{
  const char *hunks = patch->ptr ? memmem(patch->ptr, patch->size, "\n@@ ", 4) : NULL;
  if (!hunks) {
    return 0;
  }
  hunks++;
  int rc = tl_buf_fmt(out, "--- %s\n+++ %s\n", w->from, w->to);
  return rc < 0 ? rc : tl_buf_add(out, hunks, patch->size - (size_t)(hunks - patch->ptr));
}

static int diff_work(tl_call *call)
{
  const tl_val *a = &call->args[0], *b = &call->args[1];
  git_diff_options how = {
      .version = GIT_DIFF_OPTIONS_VERSION,
      .ignore_submodules = GIT_SUBMODULE_IGNORE_NONE,
      .max_size = -1,
  };
  git_patch *patch = NULL;
  git_buf text = {0};
  wanted w;
  int rc = read_how(&call->args[2], &w, &call->err);
  if (rc < 0) {
    return rc;
  }
  tl_git_child_confine(tl_landlock_ruleset()); /* it needs no file */
  /* Any bytes are text here, whatever libgit2 takes them for. */
  how.flags = GIT_DIFF_FORCE_TEXT | GIT_DIFF_INDENT_HEURISTIC;
  how.context_lines = (uint32_t)w.context;
  rc = tl_git.git_patch_from_buffers(&patch, a->u.s.data, a->u.s.len, "a", b->u.s.data, b->u.s.len,
                                     "b", &how);
  if (rc == 0) {
    rc = tl_git.git_patch_to_buf(&text, patch);
  }
  if (rc < 0) {
    rc = tl_git_fail(&call->err, rc, "compare the texts");
  } else {
    tl_buf out = TL_BUF((size_t)4 * TEXTS_MAX);
    size_t len;
    rc = put_hunks(&out, &w, &text);
    char *data = tl_buf_take(&out, &len);
    call->out = tl_str_take(data, len);
    rc = rc < 0 ? tl_fail(&call->err, TL_ELIMIT, "the difference is too long") : 0;
  }
  tl_git.git_buf_dispose(&text);
  tl_git.git_patch_free(patch);
  return rc;
}

/* args: a, b, how {from, to, context}. returns the unified diff of two texts of any bytes, "" where
 * they are equal; `from` and `to` (a, b) stand in its head lines, `context` (3) is how many equal
 * lines surround a change. LIMIT over 64 MiB of both; TIMEOUT where comparing takes too long. */
int prim_text_diff(tl_call *call)
{
  const tl_val *a = &call->args[0], *b = &call->args[1];
  wanted w;
  int rc = read_how(&call->args[2], &w, &call->err);
  if (rc < 0) {
    return rc;
  }
  if (a->u.s.len + b->u.s.len > TEXTS_MAX) {
    return tl_fail(&call->err, TL_ELIMIT, "the texts have %zu bytes, at most %d can be compared",
                   a->u.s.len + b->u.s.len, TEXTS_MAX);
  }
  rc = tl_git_apart(call, diff_work);
  if (rc == TL_ETIMEOUT) {
    return tl_fail(&call->err, rc, "comparing the texts takes too long");
  }
  return rc == TL_EIO ? tl_fail(&call->err, rc, "comparing the texts ended in the middle") : rc;
}
