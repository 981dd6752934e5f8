/* A changed path as text that `git apply` takes.
 *
 * The head lines are git's (git-diff(1), "Generating patch text with -p"), with whole ids; the hunks
 * and the binary parts are libgit2's. What is new or gone as a whole has one hunk, made here. */
#include <stdio.h>
#include <string.h>

#include "../base/buf.h"
#include "git_changes.h"

typedef struct writer {
  tl_buf *out;
  tl_git_counts *counts;
  int rc; /* of the buffer: TL_ELIMIT once it is full */
} writer;

static void put(writer *w, const void *bytes, size_t len)
{
  w->rc = w->rc == 0 ? tl_buf_add(w->out, bytes, len) : w->rc;
}

static void put_str(writer *w, const char *text)
{
  put(w, text, strlen(text));
}

/* --- names --- */

static bool is_plain(const char *path)
{
  for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
    if (*c < ' ' || *c >= 127 || *c == '"' || *c == '\\') {
      return false;
    }
  }
  return true;
}

/* As git writes names: in quotes, with C's escapes, where a byte is not plain. */
static void put_path(writer *w, const char *prefix, const char *path)
{
  static const char letters[] = "\aa\bb\tt\nn\vv\ff\rr\"\"\\\\";
  if (is_plain(path)) {
    put_str(w, prefix);
    put_str(w, path);
    return;
  }
  put_str(w, "\"");
  put_str(w, prefix);
  for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
    const char *pair = letters;
    while (*pair && (unsigned char)*pair != *c) {
      pair += 2;
    }
    char text[8];
    (void)snprintf(text, sizeof text,
                   *pair                   ? "\\%c"
                   : *c < ' ' || *c >= 127 ? "\\%03o"
                                           : "%c",
                   *pair ? pair[1] : *c);
    put_str(w, text);
  }
  put_str(w, "\"");
}

static void put_line(writer *w, const char *word, const char *prefix, const char *path)
{
  put_str(w, word);
  put_path(w, prefix, path);
  put_str(w, "\n");
}

/* "--- a/name"; a blank in the name makes readers look for a tab behind it. */
static void put_side(writer *w, const char *word, const char *prefix, const char *path, bool there)
{
  put_str(w, word);
  if (!there) {
    put_str(w, "/dev/null\n");
    return;
  }
  put_path(w, prefix, path);
  put_str(w, strchr(path, ' ') ? "\t\n" : "\n");
}

/* --- head lines --- */

static void put_mode(writer *w, const char *word, uint32_t mode)
{
  char text[16];
  (void)snprintf(text, sizeof text, " %06o\n", mode);
  put_str(w, word);
  put_str(w, text);
}

static bool same_id(const tl_git_file *f)
{
  return memcmp(&f->old.id, &f->now.id, sizeof f->old.id) == 0;
}

static void put_head(writer *w, const tl_git_file *f)
{
  const char *old = f->old_path ? f->old_path : f->path;
  char text[128], a[GIT_OID_HEXSZ + 1], b[GIT_OID_HEXSZ + 1];
  put_str(w, "diff --git ");
  put_path(w, "a/", old);
  put_line(w, " ", "b/", f->path);
  if (f->old.mode == 0) {
    put_mode(w, "new file mode", f->now.mode);
  } else if (f->now.mode == 0) {
    put_mode(w, "deleted file mode", f->old.mode);
  } else if (f->old.mode != f->now.mode) {
    put_mode(w, "old mode", f->old.mode);
    put_mode(w, "new mode", f->now.mode);
  }
  if (f->old_path) {
    (void)snprintf(text, sizeof text, "similarity index %d%%\n", f->score * 100 / TL_GIT_SCORE_MAX);
    put_str(w, text);
    put_line(w, "rename from ", "", old);
    put_line(w, "rename to ", "", f->path);
  }
  if (!same_id(f)) {
    (void)snprintf(text, sizeof text, "index %s..%s", tl_git.git_oid_tostr(a, sizeof a, &f->old.id),
                   tl_git.git_oid_tostr(b, sizeof b, &f->now.id));
    put_str(w, text);
    if (f->old.mode == f->now.mode) {
      put_mode(w, "", f->now.mode);
    } else {
      put_str(w, "\n");
    }
  }
}

static void put_sides(writer *w, const tl_git_file *f)
{
  put_side(w, "--- ", "a/", f->old_path ? f->old_path : f->path, f->old.mode != 0);
  put_side(w, "+++ ", "b/", f->path, f->now.mode != 0);
}

/* --- hunks --- */

/* All lines of a content that is new ('+') or gone ('-'). */
static void put_whole(writer *w, char sign, const tl_git_content *c, int64_t lines)
{
  char text[64], count[32] = "";
  const char *at = c->data, *end = c->data + c->size;
  if (lines != 1) {
    (void)snprintf(count, sizeof count, ",%lld", (long long)lines);
  }
  (void)snprintf(text, sizeof text, sign == '+' ? "@@ -0,0 +1%s @@\n" : "@@ -1%s +0,0 @@\n", count);
  put_str(w, text);
  while (at < end && w->rc == 0) {
    const char *line = memchr(at, '\n', (size_t)(end - at));
    const char *next = line ? line + 1 : end;
    put(w, &sign, 1);
    put(w, at, (size_t)(next - at));
    if (!line) {
      put_str(w, "\n\\ No newline at end of file\n");
    }
    at = next;
  }
}

static int each_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk, void *payload)
{
  writer *w = payload;
  size_t len = hunk->header_len;
  (void)delta;
  while (len > 0 && strchr(" \t\n\v\f\r", hunk->header[len - 1])) {
    len--; /* git cuts blanks off the line that stands behind the numbers, libgit2 does not */
  }
  put(w, hunk->header, len);
  put_str(w, "\n");
  return w->rc;
}

static int each_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
                     const git_diff_line *line, void *payload)
{
  writer *w = payload;
  (void)delta;
  (void)hunk;
  if (line->origin == GIT_DIFF_LINE_CONTEXT || line->origin == GIT_DIFF_LINE_ADDITION ||
      line->origin == GIT_DIFF_LINE_DELETION) {
    w->counts->insertions += line->origin == GIT_DIFF_LINE_ADDITION;
    w->counts->deletions += line->origin == GIT_DIFF_LINE_DELETION;
    put(w, &line->origin, 1);
  }
  put(w, line->content, line->content_len);
  return w->rc;
}

static int put_hunks(writer *w, const tl_git_content *old, const tl_git_content *now,
                     uint32_t context, tl_err *e)
{
  int rc = tl_git_compare(old, now, GIT_DIFF_INDENT_HEURISTIC, context, each_hunk, each_line, w);
  return rc < 0 && w->rc == 0 ? tl_git_fail(e, rc, "compare two contents of a file") : 0;
}

/* --- binary parts --- */

static int put_binary(writer *w, const tl_git_content *old, const tl_git_content *now, tl_err *e)
{
  git_diff_options how = {
      .version = GIT_DIFF_OPTIONS_VERSION,
      .flags = GIT_DIFF_FORCE_BINARY | GIT_DIFF_SHOW_BINARY,
      .ignore_submodules = GIT_SUBMODULE_IGNORE_NONE,
      .max_size = -1,
      .id_abbrev = GIT_OID_HEXSZ,
  };
  git_patch *patch = NULL;
  git_buf text = {0};
  int rc = tl_git.git_patch_from_buffers(&patch, old->data, old->size, "x", now->data, now->size,
                                         "x", &how);
  if (rc == 0) {
    rc = tl_git.git_patch_to_buf(&text, patch);
  }
  const char *part = rc == 0 ? memmem(text.ptr, text.size, "GIT binary patch\n", 17) : NULL;
  if (part) {
    put(w, part, text.size - (size_t)(part - text.ptr));
  }
  tl_git.git_buf_dispose(&text);
  tl_git.git_patch_free(patch);
  return rc < 0 ? tl_git_fail(e, rc, "compare two binary contents of a file") : 0;
}

/* --- all together --- */

static int put_contents(writer *w, const tl_git_file *f, const tl_git_content *old,
                        const tl_git_content *now, uint32_t context, tl_err *e)
{
  w->counts->binary = old->binary || now->binary;
  if (same_id(f) || (old->size == 0 && now->size == 0)) {
    return 0;
  }
  if (old->too_big || now->too_big) {
    w->rc = TL_ELIMIT;
    return 0;
  }
  if (w->counts->binary) {
    return put_binary(w, old, now, e);
  }
  put_sides(w, f);
  if (old->size > 0 && now->size > 0) {
    return put_hunks(w, old, now, context, e);
  }
  w->counts->insertions = tl_git_lines(now);
  w->counts->deletions = tl_git_lines(old);
  put_whole(w, now->size > 0 ? '+' : '-', now->size > 0 ? now : old,
            w->counts->insertions + w->counts->deletions);
  return 0;
}

static int put_file(git_repository *repo, const tl_git_file *f, writer *w, uint32_t context,
                    tl_err *e)
{
  tl_git_content old, now = {0};
  put_head(w, f);
  int rc = tl_git_content_read(repo, &f->old, &old, e);
  if (rc == 0) {
    rc = tl_git_content_read(repo, &f->now, &now, e);
  }
  if (rc == 0) {
    rc = put_contents(w, f, &old, &now, context, e);
  }
  tl_git_content_free(&old);
  tl_git_content_free(&now);
  return rc;
}

/* A file that became a link, say, is one that went and another that came. */
static int put_other_kind(git_repository *repo, const tl_git_file *f, writer *w, uint32_t context,
                          tl_err *e)
{
  tl_git_counts unused = {0};
  writer half = {.out = w->out, .counts = &unused};
  tl_git_file gone = {.path = f->old_path ? f->old_path : f->path, .old = f->old};
  tl_git_file new = {.path = f->path, .now = f->now};
  int rc = tl_git_count(repo, f, w->counts, e);
  if (rc == 0) {
    rc = put_file(repo, &gone, &half, context, e);
  }
  if (rc == 0) {
    rc = put_file(repo, &new, &half, context, e);
  }
  w->rc = half.rc;
  return rc;
}

int tl_git_unified(git_repository *repo, const tl_git_file *file, uint32_t context, tl_buf *out,
                   tl_git_counts *counts, bool *fits, tl_err *e)
{
  size_t before = out->len;
  writer w = {.out = out, .counts = counts};
  bool other_kind = tl_git_file_status(file) == 'T';
  *counts = (tl_git_counts){0};
  int rc = other_kind ? put_other_kind(repo, file, &w, context, e)
                      : put_file(repo, file, &w, context, e);
  *fits = w.rc == 0;
  if (rc == 0 && !*fits) {
    if (out->data) {
      out->data[before] = '\0';
    }
    out->len = before;
    rc = tl_git_count(repo, file, counts, e);
  }
  return rc;
}
