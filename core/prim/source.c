/* Sources: dotenv(base), proc(5), prctl(2), open(2). See source.h. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/dotenv.h"
#include "fs.h"

static const char ENV_FILE[] = "secrets/.env.lab";

enum { TEXT_MAX = 1 << 20 };

typedef struct source {
  const char *shown;
  tl_val values; /* map; TL_NIL: not read yet */
  tl_err why;    /* code other than TL_OK: it cannot be read */
} source;

struct tl_sources {
  int labfd;
  tl_val files; /* list of paths */
  tl_val programs;
  source plain;
  source *encrypted;
};

/* A core that a crash leaves, and another process of the same user, would both have the values. Children
 * get their own say when they execute another program. */
static void be_private(void)
{
  const struct rlimit none = {0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

tl_sources *tl_sources_open(int labfd, const tl_val *files)
{
  tl_sources *s = tl_zalloc(sizeof *s);
  be_private();
  s->labfd = labfd;
  s->files = files ? tl_copy(files) : tl_list();
  s->programs = tl_list();
  s->plain.shown = ENV_FILE;
  s->encrypted = tl_zalloc((tl_len(&s->files) + 1) * sizeof *s->encrypted);
  for (size_t i = 0; i < tl_len(&s->files); i++)
    s->encrypted[i].shown = tl_at(&s->files, i)->u.s.data;
  return s;
}

void tl_sources_close(tl_sources *s)
{
  if (!s) return;
  tl_wipe(&s->plain.values);
  for (size_t i = 0; i < tl_len(&s->files); i++) tl_wipe(&s->encrypted[i].values);
  free(s->encrypted);
  tl_free(&s->programs);
  tl_free(&s->files);
  free(s);
}

/* --- files ------------------------------------------------------------------------------------- */

/* One read: a file that grows meanwhile is not a file of secrets. */
static int read_text(int fd, const struct stat *st, const char *shown, tl_val *text, tl_err *e)
{
  if (st->st_size > TEXT_MAX)
    return tl_fail(e, TL_ELIMIT, "%s is larger than %d bytes", shown, TEXT_MAX);
  size_t size = (size_t)st->st_size;
  char *data = tl_zalloc(size + 1);
  ssize_t n = tl_fs_read_all(fd, data, size);
  if (n < 0) {
    int err = errno;
    tl_wipe_text(data, size);
    return tl_fail_errno(e, err, "cannot read %s", shown);
  }
  data[n] = '\0';
  *text = tl_str_take(data, (size_t)n);
  return TL_OK;
}

static int judge(const struct stat *st, const char *shown, tl_err *e)
{
  uid_t me = geteuid();
  if (!S_ISREG(st->st_mode))
    return tl_fail(e, TL_EREFUSED, "%s is a %s, expected a plain file", shown,
                   tl_fs_type(st->st_mode));
  if (st->st_uid != me && st->st_uid != 0)
    return tl_fail(
        e, TL_EREFUSED,
        "%s belongs to another user (%u, you are %u): a secret is read from one's own file "
        "only; type: sudo chown %u %s",
        shown, st->st_uid, me, me, shown);
  if (st->st_mode & 077)
    return tl_fail(e, TL_EREFUSED, "others may read or write %s (mode %04o); type: chmod 600 %s",
                   shown, st->st_mode & 07777u, shown);
  return TL_OK;
}

int tl_source_read_private(int fd, const char *shown, tl_val *text, tl_err *e)
{
  struct stat st;
  int rc = fstat(fd, &st) == 0 ? judge(&st, shown, e)
                               : tl_fail_errno(e, errno, "cannot look at %s", shown);
  if (rc == TL_OK) rc = read_text(fd, &st, shown, text, e);
  (void)close(fd);
  return rc;
}

/* Beneath the lab and through no link: a lab that somebody sent could name another one's secrets. */
static int open_in_lab(const tl_sources *s, const char *path, tl_err *e)
{
  int fd = tl_fs_beneath(s->labfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  return fd >= 0 ? fd : tl_fs_fail(e, errno, "read", path);
}

static int read_plain(const tl_sources *s, tl_val *map, tl_err *e)
{
  tl_val text = tl_nil();
  int rc = open_in_lab(s, ENV_FILE, e);
  if (rc == TL_ENOT_FOUND) {
    *map = tl_map();
    return TL_OK;
  }
  if (rc >= 0) rc = tl_source_read_private(rc, ENV_FILE, &text, e);
  if (rc == TL_OK) rc = tl_dotenv_read(text.u.s.data, text.u.s.len, ENV_FILE, map, e);
  tl_wipe(&text);
  return rc;
}

/* As the manifest has it: without the path, and once for all its files. Takes it. */
static void add_program(tl_sources *s, tl_val program)
{
  static const char *const parts[] = {"name", "sha256", "confined"};
  tl_val told = tl_map();
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    (void)tl_put(&told, parts[i], tl_copy(tl_get(&program, parts[i])));
  tl_free(&program);
  for (size_t i = 0; i < tl_len(&s->programs); i++)
    if (tl_equal(tl_at(&s->programs, i), &told)) {
      tl_free(&told);
      return;
    }
  (void)tl_push(&s->programs, told);
}

static int read_encrypted(tl_sources *s, const char *path, tl_val *map, tl_err *e)
{
  struct stat st;
  tl_val cipher = tl_nil(), program = tl_nil();
  int rc = open_in_lab(s, path, e), fd = rc;
  if (rc >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)))
    rc = tl_fail(e, TL_EREFUSED, "%s is not a plain file", path);
  if (rc >= 0) rc = read_text(fd, &st, path, &cipher, e);
  if (fd >= 0) (void)close(fd);
  if (rc == TL_OK)
    rc = tl_source_open_encrypted(path, cipher.u.s.data, cipher.u.s.len, map, &program, e);
  if (program.type == TL_MAP) add_program(s, program);
  tl_wipe(&cipher);
  return rc;
}

/* --- looking for a name ------------------------------------------------------------------------ */

static void read_once(tl_sources *s, source *from)
{
  if (from->values.type != TL_NIL || from->why.code != TL_OK) return;
  int rc = from == &s->plain ? read_plain(s, &from->values, &from->why)
                             : read_encrypted(s, from->shown, &from->values, &from->why);
  if (rc == TL_OK) from->why.code = TL_OK;
}

/* A value that is there, as a malloc'ed copy; NULL when it is not. */
static int take(const source *from, const char *name, char **value, tl_err *e)
{
  const tl_val *v = tl_get(&from->values, name);
  if (!v || v->type == TL_NIL || (v->type == TL_STR && v->u.s.len == 0)) return TL_OK;
  if (v->type != TL_STR)
    return tl_fail(e, TL_EINVALID, "%s: %s is a %s, expected a text in quotes", from->shown, name,
                   tl_type_name(v->type));
  const char *why = tl_dotenv_fault(v->u.s.data, v->u.s.len);
  if (why) return tl_fail(e, TL_EINVALID, "%s: the value of %s %s", from->shown, name, why);
  *value = tl_memdup0(v->u.s.data, v->u.s.len);
  return TL_OK;
}

static int from_environment(const char *name, char **value, tl_err *e)
{
  char *env = getenv(name);
  if (!env || !*env) return TL_OK;
  const char *why = tl_dotenv_fault(env, strlen(env));
  if (why) return tl_fail(e, TL_EINVALID, "the environment: the value of %s %s", name, why);
  *value = tl_strdup(env);
  (void)unsetenv(name); /* a child of this process must not inherit it */
  return TL_OK;
}

static int from_source(tl_sources *s, source *from, const char *name, char **value, tl_err *e)
{
  read_once(s, from);
  if (from->why.code == TL_OK) return take(from, name, value, e);
  *e = from->why;
  return e->code;
}

int tl_sources_find(tl_sources *s, const char *name, bool encrypted, char **value,
                    const char **where, bool *later, tl_err *e)
{
  size_t n = tl_len(&s->files);
  *value = NULL;
  *later = false;
  *where = "the environment";
  int rc = from_environment(name, value, e);
  if (rc < 0 || *value) return rc;
  *where = ENV_FILE;
  rc = from_source(s, &s->plain, name, value, e);
  for (size_t i = 0; i < n && encrypted && rc == TL_OK && !*value; i++) {
    *where = s->encrypted[i].shown;
    *later = true;
    rc = from_source(s, &s->encrypted[i], name, value, e);
  }
  if (rc < 0 || *value) return rc;
  *where = NULL;
  return tl_fail(e, TL_ENOT_FOUND, "the secret %s is neither in the environment nor in %s%s", name,
                 ENV_FILE, n > 0 ? ", nor in the files of secret_files" : "");
}

tl_val tl_sources_programs(const tl_sources *s)
{
  return tl_copy(&s->programs);
}
