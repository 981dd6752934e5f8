/* In the child of git.fetch: the mirror made, or brought up to date, through libgit2.
 *
 * A mirror is a bare repository with the branches and tags of its source under their own names. It
 * is made in a folder beside, renamed when whole. While it is written to, NAME.lock is locked. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <git2/sys/refs.h>

#include "fs.h"
#include "git.h"
#include "git_fetch.h"
#include "loop.h"

enum { TELL_MS = 100, LOOSE_MAX = 64 };

typedef struct mirror {
  tl_git_fetcher *f;
  git_repository *repo;
  char fresh[TL_GIT_MIRROR_NAME + 8]; /* the folder beside, while it is made; else empty */
  int lock;
  int64_t told;
  size_t changed; /* branches and tags */
} mirror;

/* --- failures --- */

static bool says(const char *text, int err)
{
  return strstr(text, strerror(err)) != NULL;
}

static bool is_ours(int klass)
{
  return klass == GIT_ERROR_OS || klass == GIT_ERROR_REFERENCE || klass == GIT_ERROR_REPOSITORY ||
         klass == GIT_ERROR_CONFIG || klass == GIT_ERROR_FILESYSTEM;
}

/* What libgit2 did not like: our disk, or what the server sent. */
static int fail_fetch(const mirror *m, int rc, tl_err *e)
{
  const tl_git_fetcher *f = m->f;
  const git_error *last = tl_git.git_error_last();
  const char *text = last ? last->message : "no reason was given";
  if (f->net.code != 0) {
    *e = f->net;
    return e->code;
  }
  if (says(text, ENOSPC) || says(text, EDQUOT) || says(text, EROFS)) {
    return tl_fail(e, TL_ESTORAGE, "the mirror of %s cannot be written: %s", f->source.url, text);
  }
  if (says(text, EFBIG)) {
    return tl_fail(e, TL_ELIMIT, "the repository %s is larger than is allowed here (max_bytes)",
                   f->source.url);
  }
  if (f->source.is_file || (last && is_ours(last->klass))) {
    return tl_git_fail(e, rc, "fetch from the git repository");
  }
  return tl_fail(e, TL_ENETWORK, "what %s sent is not whole or makes no sense: %s", f->source.url,
                 text);
}

/* --- the lock --- */

/* TL_ETIMEOUT: another run is at it, and goes on. A file system without locks is left to chance. */
static int take_lock(mirror *m, tl_err *e)
{
  char name[TL_GIT_MIRROR_NAME + 8];
  (void)snprintf(name, sizeof name, "%s.lock", m->f->source.name);
  m->lock = openat(m->f->cache, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (m->lock < 0) {
    return tl_fail_errno(e, errno, "cannot lock the mirror of %s", m->f->source.url);
  }
  int rc = tl_fs_lock(m->lock, LOCK_EX, 0);
  if (rc == TL_ETIMEOUT) {
    tl_val list = tl_list();
    tl_push(&list, tl_str("waits"));
    (void)tl_git_fetch_tell(m->f, list);
    rc = tl_fs_lock(m->lock, LOCK_EX, m->f->timeout_ms * 3 / 4); /* time is left to answer in */
  }
  return rc == TL_ETIMEOUT
             ? tl_fail(e, rc, "another run has been fetching %s all the time", m->f->source.url)
             : 0;
}

/* --- what a killed fetch left --- */

static bool ends_in(const char *text, const char *end)
{
  size_t n = strlen(text), k = strlen(end);
  return n >= k && strcmp(text + n - k, end) == 0;
}

/* No branch may be called so (git-check-ref-format(1)), and libgit2 names its own files so. */
static bool is_leftover(const char *path)
{
  return ends_in(path, ".lock") || strstr(path, "_git2_");
}

static void sweep(const mirror *m, const char *folder)
{
  tl_place place = {.dirfd = m->f->cache, .rel = folder, .shown = folder};
  tl_val arg = tl_str(folder);
  tl_call call = {.args = &arg, .places = &place};
  char path[PATH_MAX];
  if (prim_fs_tree(&call) == 0) {
    for (size_t i = 0; i < tl_len(&call.out); i++) {
      const char *rel = tl_get_str(tl_at(&call.out, i), "path", "");
      int n = snprintf(path, sizeof path, "%s/%s", folder, rel);
      if (is_leftover(rel) && n < (int)sizeof path) {
        (void)unlinkat(m->f->cache, path, 0);
      }
    }
  }
  tl_free(&call.out);
  tl_free(&arg);
}

static int purge(const mirror *m, const char *name, tl_err *e)
{
  int rc = tl_fs_purge(m->f->cache, name, name, e);
  return rc == TL_ENOT_FOUND ? 0 : rc;
}

/* --- opening and making --- */

static void path_of(const mirror *m, const char *name, char path[PATH_MAX])
{
  (void)tl_fs_path_of(m->f->cache, path);
  size_t n = strlen(path);
  (void)snprintf(path + n, PATH_MAX - n, "/%s", name);
}

static int fail_other(const mirror *m, const char *url, tl_err *e)
{
  return tl_fail(e, TL_EREFUSED,
                 "the mirror %s/%s is one of %.200s, not of %.200s; remove it to fetch anew",
                 TL_GIT_MIRRORS, m->f->source.name, url, m->f->source.url);
}

/* The mirror that is there. Not open and no error: there is none, or nothing that can be opened. */
static int open_mirror(mirror *m, tl_err *e)
{
  char path[PATH_MAX];
  git_config *config = NULL;
  const char *url = NULL;
  path_of(m, m->f->source.name, path);
  if (tl_git.git_repository_open_ext(
          &m->repo, path, GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, NULL) < 0) {
    m->repo = NULL;
    return 0;
  }
  int rc = tl_git.git_repository_config_snapshot(&config, m->repo);
  rc = rc < 0 ? rc : tl_git.git_config_get_string(&url, config, "tlab.source");
  if (rc == 0 && strcmp(url, m->f->source.url) != 0) {
    rc = fail_other(m, url, e);
  } else if (rc < 0) {
    rc = 0; /* half a mirror: made by nobody but a disk that failed */
    tl_git.git_repository_free(m->repo);
    m->repo = NULL;
  }
  tl_git.git_config_free(config);
  return rc;
}

static int make_mirror(mirror *m, tl_err *e)
{
  char path[PATH_MAX];
  git_repository_init_options options = {.version = GIT_REPOSITORY_INIT_OPTIONS_VERSION};
  git_config *config = NULL;
  (void)snprintf(m->fresh, sizeof m->fresh, "%s.new", m->f->source.name);
  path_of(m, m->fresh, path);
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR;
  options.mode = 0700;
  options.initial_head = "main";
  int rc = purge(m, m->fresh, e);
  if (rc < 0) {
    return rc;
  }
  rc = tl_git.git_repository_init_ext(&m->repo, path, &options);
  rc = rc < 0 ? rc : tl_git.git_repository_config(&config, m->repo);
  rc = rc < 0 ? rc : tl_git.git_config_set_string(config, "tlab.source", m->f->source.url);
  tl_git.git_config_free(config);
  return rc < 0 ? fail_fetch(m, rc, e) : 0;
}

/* The new mirror takes its name; one that could not be opened makes room. */
static int publish(mirror *m, tl_err *e)
{
  const char *name = m->f->source.name;
  int rc = purge(m, name, e);
  if (rc == 0 && renameat(m->f->cache, m->fresh, m->f->cache, name) != 0) {
    rc = tl_fail_errno(e, errno, "cannot name the mirror %s", name);
  }
  if (rc == 0) {
    m->fresh[0] = '\0';
    (void)tl_fs_sync_fd(m->f->cache, true);
  }
  return rc;
}

/* --- fetching --- */

static int on_progress(const git_indexer_progress *p, void *payload)
{
  mirror *m = payload;
  int64_t now = tl_clock_ms();
  bool last = p->total_objects > 0 && p->received_objects == p->total_objects &&
              p->indexed_deltas == p->total_deltas;
  if (now - m->told < TELL_MS && !last) {
    return 0;
  }
  m->told = now;
  const int64_t numbers[] = {p->received_objects, p->total_objects, p->indexed_deltas,
                             p->total_deltas, (int64_t)p->received_bytes};
  tl_val list = tl_list();
  tl_push(&list, tl_str("progress"));
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    tl_push(&list, tl_int(numbers[i]));
  }
  return tl_git_fetch_tell(m->f, list) ? 0 : GIT_EUSER;
}

static int http_transport(git_transport **out, git_remote *owner, void *param)
{
  mirror *m = param;
  return tl_git_fetch_transport(out, owner, m->f);
}

static int local_transport(git_transport **out, git_remote *owner, void *param)
{
  (void)param;
  return tl_git.git_transport_local(out, owner, NULL);
}

/* HEAD becomes what the source's is: a branch, or a commit when it is detached there. */
static int set_head(git_repository *repo, git_remote *remote)
{
  git_buf branch = GIT_BUF_INIT;
  const git_remote_head **heads = NULL;
  size_t n = 0;
  int rc = tl_git.git_remote_ls(&heads, &n, remote);
  bool symbolic = rc == 0 && n > 0 && heads[0]->symref_target;
  if (rc == 0 && n > 0 && !symbolic && strcmp(heads[0]->name, "HEAD") == 0 &&
      tl_git.git_remote_default_branch(&branch, remote) < 0) {
    rc = tl_git.git_repository_set_head_detached(repo, &heads[0]->oid);
  } else if (rc == 0 && (symbolic || branch.ptr)) {
    rc = tl_git.git_repository_set_head(repo, symbolic ? heads[0]->symref_target : branch.ptr);
  }
  tl_git.git_buf_dispose(&branch);
  return rc;
}

static int on_change(const char *name, const git_oid *from, const git_oid *to, void *payload)
{
  mirror *m = payload;
  (void)name;
  (void)from;
  (void)to;
  m->changed++;
  return 0;
}

/* Downloads, takes away what the source has no more (before what may be in its way: a branch a/b
 * where a was), moves branches and tags wherever they now are. */
static int fetch_from(mirror *m, git_remote *remote)
{
  static char branches[] = "+refs/heads/*:refs/heads/*", tags[] = "+refs/tags/*:refs/tags/*";
  char *specs[] = {branches, tags};
  git_strarray refspecs = {specs, 2};
  git_fetch_options o = {.version = GIT_FETCH_OPTIONS_VERSION,
                         .callbacks.version = GIT_REMOTE_CALLBACKS_VERSION,
                         .proxy_opts.version = GIT_PROXY_OPTIONS_VERSION,
                         .follow_redirects = GIT_REMOTE_REDIRECT_NONE};
  o.callbacks.transport = m->f->source_path ? local_transport : http_transport;
  o.callbacks.transfer_progress = on_progress;
  o.callbacks.update_tips = on_change;
  o.callbacks.payload = m;
  o.prune = GIT_FETCH_PRUNE;
  o.update_fetchhead = 0;
  o.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  o.proxy_opts.type = GIT_PROXY_NONE;
  int rc = tl_git.git_remote_download(remote, &refspecs, &o);
  rc = rc < 0 ? rc : tl_git.git_remote_prune(remote, &o.callbacks);
  rc = rc < 0 ? rc
              : tl_git.git_remote_update_tips(remote, &o.callbacks, 0,
                                              GIT_REMOTE_DOWNLOAD_TAGS_NONE, NULL);
  return rc < 0 ? rc : set_head(m->repo, remote);
}

/* What has changed goes to the disk at once, thousands of small files as one. */
static int settle(const mirror *m)
{
  git_refdb *refdb = NULL;
  int rc = 0;
  if (m->changed > LOOSE_MAX || *m->fresh) {
    rc = tl_git.git_repository_refdb(&refdb, m->repo);
    rc = rc < 0 ? rc : tl_git.git_refdb_compress(refdb);
    tl_git.git_refdb_free(refdb);
  }
  if (rc == 0 && (m->changed > 0 || *m->fresh) && syncfs(m->f->cache) != 0) {
    (void)tl_git.git_error_set_str(GIT_ERROR_OS, strerror(errno));
    rc = -1;
  }
  return rc;
}

/* A new mirror gets a copy of all objects, so that nothing is left to be fetched but names. */
static int use_source(mirror *m, tl_err *e)
{
  char objects[PATH_MAX];
  (void)snprintf(objects, sizeof objects, "%sobjects", tl_git.git_repository_path(m->repo));
  return tl_git_fetch_local(m->f, *m->fresh ? objects : NULL, e);
}

static int fetch(mirror *m, tl_err *e)
{
  git_remote *remote = NULL;
  const char *url = m->f->source_path ? m->f->source_path : m->f->source.url;
  tl_git.git_error_clear();
  int rc = tl_git.git_remote_create_anonymous(&remote, m->repo, url);
  rc = rc < 0 ? rc : fetch_from(m, remote);
  rc = rc < 0 ? rc : settle(m);
  rc = rc < 0 ? fail_fetch(m, rc, e) : 0;
  tl_git.git_remote_free(remote);
  return rc;
}

/* --- all of it --- */

/* Does the mirror answer when its source cannot? Not where the source said no. */
static bool is_fallback(const tl_git_fetcher *f, int rc)
{
  return f->unreachable || (rc == TL_ENETWORK && !f->source.is_file);
}

/* Takes the lock and opens the mirror that is there. Where another run does not let go of it, it is
 * only read, and *why says so. */
static int obtain(mirror *m, tl_err *why, tl_err *e)
{
  int locked = take_lock(m, e);
  if (locked == TL_ETIMEOUT) {
    *why = *e;
  } else if (locked < 0) {
    return locked;
  } else {
    sweep(m, m->f->source.name);
  }
  int rc = open_mirror(m, e);
  return rc == 0 && locked < 0 && !m->repo ? locked : rc;
}

static int answer(mirror *m, const tl_err *why, tl_val *out, tl_err *e)
{
  int rc = tl_git_fetch_describe(m->repo, out, e);
  if (rc == 0 && *m->fresh) {
    rc = publish(m, e);
  }
  if (rc == 0) {
    tl_put(out, "fetched", tl_bool(why->code == 0));
  }
  if (rc == 0 && m->f->source_path) {
    tl_put(out, "bytes", tl_int(m->f->copied));
  }
  if (rc == 0 && why->code != 0) {
    tl_put(out, "why", tl_str(why->msg));
  }
  return rc;
}

static int bring(mirror *m, tl_err *e)
{
  int rc = m->f->source_path ? use_source(m, e) : 0;
  return rc < 0 ? rc : fetch(m, e);
}

/* A mirror that cannot be brought up to date, although its source answers, is damaged. It makes room
 * once there is another. */
static int bring_anew(mirror *m, tl_err *e)
{
  tl_git.git_repository_free(m->repo);
  m->repo = NULL;
  int rc = make_mirror(m, e);
  return rc < 0 ? rc : bring(m, e);
}

static int update(mirror *m, tl_val *out, tl_err *e)
{
  tl_err why = {0};
  int rc = obtain(m, &why, e);
  bool there = m->repo != NULL;
  if (rc == 0 && !there) {
    rc = make_mirror(m, e);
  }
  if (rc == 0 && why.code == 0) {
    rc = bring(m, e);
  }
  if (there && (rc == TL_EIO || rc == TL_ENOT_FOUND) && m->f->net.code == 0) {
    rc = bring_anew(m, e);
  }
  if (there && rc < 0 && is_fallback(m->f, rc)) {
    why = *e;
    rc = 0;
  }
  return rc < 0 ? rc : answer(m, &why, out, e);
}

int tl_git_fetch_work(tl_git_fetcher *f, tl_val *out, tl_err *e)
{
  mirror m = {.f = f, .lock = -1};
  int rc = update(&m, out, e);
  tl_git.git_repository_free(m.repo);
  if (*m.fresh) {
    tl_err ignored;
    (void)purge(&m, m.fresh, &ignored);
  }
  if (m.lock >= 0) {
    (void)close(m.lock);
  }
  return rc;
}
