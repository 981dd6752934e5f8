/* What a path holds in a commit, and how many lines of it changed. */
#include <stdio.h>
#include <string.h>

#include "git_changes.h"

enum { BINARY_LOOK = 8000, BIG = 512 << 20 }; /* as git: buffer_is_binary, core.bigFileThreshold */

int tl_git_content_read(git_repository *repo, const tl_git_side *side, tl_git_content *c, tl_err *e)
{
  *c = (tl_git_content){.data = ""};
  if (side->mode == 0) {
    return 0;
  }
  if ((side->mode & TL_GIT_KIND) == TL_GIT_SUBMODULE) {
    char hex[GIT_OID_HEXSZ + 1];
    (void)snprintf(c->line, sizeof c->line, "Subproject commit %s\n",
                   tl_git.git_oid_tostr(hex, sizeof hex, &side->id));
    c->data = c->line;
    c->size = strlen(c->line);
    return 0;
  }
  int rc = tl_git.git_blob_lookup(&c->blob, repo, &side->id);
  if (rc < 0) {
    return tl_git_fail_object(e, rc, "read a file's content of the git repository");
  }
  c->size = (size_t)tl_git.git_blob_rawsize(c->blob);
  c->data = c->size > 0 ? tl_git.git_blob_rawcontent(c->blob) : "";
  c->too_big = c->size > BIG;
  c->binary = c->too_big || memchr(c->data, '\0', c->size < BINARY_LOOK ? c->size : BINARY_LOOK);
  return 0;
}

void tl_git_content_free(tl_git_content *c)
{
  tl_git.git_blob_free(c->blob);
  c->blob = NULL;
}

int64_t tl_git_lines(const tl_git_content *c)
{
  int64_t n = 0;
  const char *at = c->data, *end = c->data + c->size;
  while (at < end) {
    const char *line = memchr(at, '\n', (size_t)(end - at));
    n++;
    at = line ? line + 1 : end;
  }
  return n;
}

static int each_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk, void *payload)
{
  tl_git_counts *counts = payload;
  (void)delta;
  counts->insertions += hunk->new_lines;
  counts->deletions += hunk->old_lines;
  return 0;
}

/* Without context a hunk is what changed and nothing else. */
static int count_lines(const tl_git_content *old, const tl_git_content *now, tl_git_counts *counts,
                       tl_err *e)
{
  git_diff_options how = {
      .version = GIT_DIFF_OPTIONS_VERSION,
      .flags = GIT_DIFF_FORCE_TEXT,
      .ignore_submodules = GIT_SUBMODULE_IGNORE_NONE,
      .max_size = -1,
  };
  int rc;
  if (old->blob && now->blob) {
    rc = tl_git.git_diff_blobs(old->blob, NULL, now->blob, NULL, &how, NULL, NULL, each_hunk, NULL,
                               counts);
  } else {
    rc = tl_git.git_diff_buffers(old->data, old->size, NULL, now->data, now->size, NULL, &how, NULL,
                                 NULL, each_hunk, NULL, counts);
  }
  return rc < 0 ? tl_git_fail(e, rc, "compare two contents of a file") : 0;
}

int tl_git_count(git_repository *repo, const tl_git_file *file, tl_git_counts *counts, tl_err *e)
{
  tl_git_content old, now = {0};
  *counts = (tl_git_counts){0};
  int rc = tl_git_content_read(repo, &file->old, &old, e);
  if (rc == 0) {
    rc = tl_git_content_read(repo, &file->now, &now, e);
  }
  if (rc < 0) {
    tl_git_content_free(&old);
    return rc;
  }
  counts->binary = old.binary || now.binary;
  if (counts->binary || memcmp(&file->old.id, &file->now.id, sizeof file->old.id) == 0) {
    /* nothing to count */
  } else if (old.size == 0 || now.size == 0) {
    counts->insertions = tl_git_lines(&now);
    counts->deletions = tl_git_lines(&old);
  } else {
    rc = count_lines(&old, &now, counts, e);
  }
  tl_git_content_free(&old);
  tl_git_content_free(&now);
  return rc;
}
