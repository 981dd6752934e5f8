/* In the child of git.fetch: what a mirror has now. */
#include <stdlib.h>
#include <string.h>

#include "git_fetch.h"
#include "git_history.h"

enum { BRANCHES_TOLD = 1000 };

typedef struct branches {
  git_repository *repo;
  tl_val list;
} branches;

static int each_branch(const char *name, void *payload)
{
  static const char heads[] = "refs/heads/";
  branches *b = payload;
  git_oid id;
  if (strncmp(name, heads, sizeof heads - 1) != 0 ||
      tl_git.git_reference_name_to_id(&id, b->repo, name) < 0) {
    return 0;
  }
  tl_val *branch = tl_push(&b->list, tl_map());
  tl_put(branch, "name", tl_str(name + sizeof heads - 1));
  tl_put(branch, "commit", tl_git_id_text(&id));
  return 0;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(tl_get_str(a, "name", ""), tl_get_str(b, "name", ""));
}

static int put_head(git_repository *repo, tl_val *out)
{
  git_reference *head = NULL;
  git_oid id;
  int rc = tl_git.git_repository_head(&head, repo);
  if (rc == 0) {
    if (tl_git.git_reference_is_branch(head) == 1) {
      tl_put(out, "head", tl_str(tl_git.git_reference_shorthand(head)));
    }
    rc = tl_git.git_reference_name_to_id(&id, repo, "HEAD");
  }
  if (rc == 0) {
    tl_put(out, "commit", tl_git_id_text(&id));
  }
  tl_git.git_reference_free(head);
  return rc == GIT_EUNBORNBRANCH || rc == GIT_ENOTFOUND ? 0 : rc;
}

int tl_git_fetch_describe(git_repository *repo, tl_val *out, tl_err *e)
{
  branches b = {.repo = repo, .list = tl_list()};
  *out = tl_map();
  int rc = put_head(repo, out);
  rc = rc < 0 ? rc : tl_git.git_reference_foreach_name(repo, each_branch, &b);
  size_t n = tl_len(&b.list);
  if (n > 1) {
    qsort(b.list.u.list.items, n, sizeof *b.list.u.list.items, by_name);
  }
  if (n > BRANCHES_TOLD) {
    tl_put(out, "more", tl_int((int64_t)(n - BRANCHES_TOLD)));
    while (tl_len(&b.list) > BRANCHES_TOLD) {
      tl_free(&b.list.u.list.items[--b.list.u.list.len]);
    }
  }
  tl_put(out, "branches", b.list);
  return rc < 0 ? tl_git_fail(e, rc, "read the branches of the mirror") : 0;
}
