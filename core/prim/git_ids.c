/* Sets of object ids, the shallow commits, and options: what the files about history share. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buf.h"
#include "fs.h"
#include "git_history.h"

enum { FIRST_CAP = 1024, SHALLOW_MAX = 16 << 20 };

static bool is_zero(const git_oid *id)
{
  static const git_oid zero;
  return memcmp(id, &zero, sizeof zero) == 0;
}

/* Ids are hashes already: their first bytes choose the place. */
static git_oid *place_of(const tl_git_ids *ids, const git_oid *id)
{
  size_t i;
  memcpy(&i, id->id, sizeof i);
  for (i &= ids->cap - 1; !is_zero(&ids->at[i]); i = (i + 1) & (ids->cap - 1)) {
    if (memcmp(&ids->at[i], id, sizeof *id) == 0) {
      break;
    }
  }
  return &ids->at[i];
}

static void grow(tl_git_ids *ids)
{
  tl_git_ids larger = {.cap = ids->cap ? ids->cap * 2 : FIRST_CAP};
  larger.at = tl_zalloc(larger.cap * sizeof *larger.at);
  for (size_t i = 0; i < ids->cap; i++) {
    if (!is_zero(&ids->at[i])) {
      *place_of(&larger, &ids->at[i]) = ids->at[i];
    }
  }
  larger.n = ids->n;
  free(ids->at);
  *ids = larger;
}

bool tl_git_ids_add(tl_git_ids *ids, const git_oid *id)
{
  if (ids->n * 2 >= ids->cap) {
    grow(ids);
  }
  git_oid *place = place_of(ids, id);
  if (!is_zero(place) || is_zero(id)) {
    return false;
  }
  *place = *id;
  ids->n++;
  return true;
}

bool tl_git_ids_has(const tl_git_ids *ids, const git_oid *id)
{
  return ids->n > 0 && !is_zero(place_of(ids, id));
}

void tl_git_ids_free(tl_git_ids *ids)
{
  free(ids->at);
  *ids = (tl_git_ids){0};
}

/* --- shallow clones --- */

static int take_lines(tl_git_ids *ids, char *text, tl_err *e)
{
  for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
       line = strtok_r(NULL, "\n", &save)) {
    git_oid id;
    if (tl_git.git_oid_fromstr(&id, line) < 0) {
      return tl_fail(e, TL_EIO, "the file 'shallow' of the git repository is damaged");
    }
    (void)tl_git_ids_add(ids, &id);
  }
  return 0;
}

int tl_git_shallow_read(git_repository *repo, tl_git_ids *ids, tl_err *e)
{
  char path[PATH_MAX];
  *ids = (tl_git_ids){0};
  (void)snprintf(path, sizeof path, "%s/shallow", tl_git.git_repository_commondir(repo));
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) {
    return 0;
  }
  if (fd < 0) {
    return tl_fail_errno(e, errno, "cannot read the file 'shallow' of the git repository");
  }
  char *text = tl_alloc(SHALLOW_MAX + 1);
  ssize_t n = tl_fs_read_all(fd, text, SHALLOW_MAX);
  int rc = n < 0 ? tl_fail_errno(e, errno, "cannot read the file 'shallow'") : 0;
  (void)close(fd);
  if (rc == 0) {
    text[n] = '\0';
    rc = take_lines(ids, text, e);
  }
  free(text);
  return rc;
}

tl_val tl_git_id_text(const git_oid *id)
{
  char hex[GIT_OID_HEXSZ + 1];
  return tl_strn(tl_git.git_oid_tostr(hex, sizeof hex, id), GIT_OID_HEXSZ);
}

int tl_git_fail_object(tl_err *e, int rc, const char *doing, const git_oid *id)
{
  char hex[GIT_OID_HEXSZ + 1] = "";
  const git_error *last = tl_git.git_error_last();
  if (last && last->klass == GIT_ERROR_NOMEMORY) {
    return tl_git_fail(e, rc, doing);
  }
  if (id) {
    (void)tl_git.git_oid_tostr(hex, sizeof hex, id);
  }
  return tl_fail(e, TL_EIO,
                 "cannot %s%s%s: %s; the repository is damaged or incomplete: try git fsck", doing,
                 id ? " " : "", hex, last && *last->message ? last->message : "it is missing");
}

/* --- options --- */

static bool is_one_of(const char *names, const char *word, size_t len)
{
  for (const char *at = names; *at; at += strspn(at, " ")) {
    size_t n = strcspn(at, " ");
    if (n == len && memcmp(at, word, len) == 0) {
      return true;
    }
    at += n;
  }
  return false;
}

int tl_git_check_keys(const tl_val *map, const char *op, const char *names, tl_err *e)
{
  for (size_t i = 0; map->type == TL_MAP && i < map->u.map.len; i++) {
    const tl_pair *pair = &map->u.map.pairs[i];
    if (!is_one_of(names, pair->key, pair->key_len)) {
      return tl_fail(e, TL_EARGUMENT, "%s knows no '%.40s'; it knows %s", op, pair->key, names);
    }
  }
  return 0;
}

int tl_git_check_type(const tl_val *map, const char *op, const char *key, tl_type type, tl_err *e)
{
  const tl_val *v = tl_get(map, key);
  if (!v || v->type == TL_NIL || v->type == type) {
    return 0;
  }
  return tl_fail(e, TL_EARGUMENT, "%s: '%s' was expected to be of type %s, got %s", op, key,
                 tl_type_name(type), tl_type_name(v->type));
}
