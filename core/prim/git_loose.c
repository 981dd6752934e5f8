/* Loose objects, read before libgit2 reads them.
 *
 * libgit2 1.5.1 inflates a loose object whose file was cut off for ever (loose_backend__read), and a
 * cut file is what a power failure leaves. So a backend of ours is asked before its: the file
 * (zlib of "type size NUL content") has to end where the stream ends, and to hold what it says. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../base/buf.h"
#include "git.h"

#ifndef TL_LIBZ
#define TL_LIBZ "libz.so.1"
#endif

/* Behind the packs (2, and there before), before libgit2's own (1): git_odb_add_backend. */
enum { PRIORITY = 2, CHUNK = 64 << 10, HEADER_MAX = 32 };

#define FUNCTIONS(X) X(inflateInit_) X(inflate) X(inflateEnd)
static struct {
  TL_LAZY_FIELDS(FUNCTIONS)
} z;

typedef struct loose {
  git_odb_backend parent; /* first: libgit2 knows no more */
  char *objects;          /* the folder */
} loose;

typedef struct reader {
  z_stream stream;
  int fd;
  bool ended;
  unsigned char in[CHUNK];
} reader;

/* Inflates until `room` bytes are there or the stream ends. How many came; -1 for damage. */
static int64_t inflate_some(reader *r, void *to, size_t room)
{
  r->stream.next_out = to;
  size_t left = room;
  while (left > 0 && !r->ended) {
    if (r->stream.avail_in == 0) {
      ssize_t n = read(r->fd, r->in, sizeof r->in);
      if (n <= 0) {
        return -1; /* it was cut off */
      }
      r->stream.next_in = r->in;
      r->stream.avail_in = (uInt)n;
    }
    uInt some = left < UINT_MAX ? (uInt)left : UINT_MAX;
    r->stream.avail_out = some;
    int rc = z.inflate(&r->stream, Z_NO_FLUSH);
    left -= some - r->stream.avail_out;
    r->ended = rc == Z_STREAM_END;
    if (rc != Z_OK && rc != Z_STREAM_END) {
      return -1;
    }
  }
  return (int64_t)(room - left);
}

/* Byte for byte, since the content is to lie in memory of its own. */
static bool read_header(reader *r, git_object_t *type, size_t *size)
{
  static const struct {
    const char *name;
    git_object_t type;
  } types[] = {{"commit ", GIT_OBJECT_COMMIT},
               {"tree ", GIT_OBJECT_TREE},
               {"blob ", GIT_OBJECT_BLOB},
               {"tag ", GIT_OBJECT_TAG}};
  char text[HEADER_MAX] = "";
  for (size_t i = 0; i < sizeof text && inflate_some(r, text + i, 1) == 1; i++) {
    for (size_t k = 0; text[i] == '\0' && k < sizeof types / sizeof *types; k++) {
      size_t n = strlen(types[k].name);
      char *end;
      if (strncmp(text, types[k].name, n) == 0) {
        *type = types[k].type;
        *size = strtoull(text + n, &end, 10);
        return end > text + n && *end == '\0' && *size < SIZE_MAX / 2;
      }
    }
  }
  return false;
}

static int fail_damaged(const git_oid *id, const char *what)
{
  char hex[GIT_OID_HEXSZ + 1], words[128];
  (void)snprintf(words, sizeof words, "the file of object %s %s",
                 tl_git.git_oid_tostr(hex, sizeof hex, id), what);
  (void)tl_git.git_error_set_str(GIT_ERROR_ODB, words);
  return GIT_ERROR;
}

static int read_content(reader *r, git_odb_backend *backend, const git_oid *id, void **data,
                        size_t size)
{
  char beyond;
  char *bytes = tl_git.git_odb_backend_data_alloc(backend, size + 1);
  if (!bytes) {
    return GIT_ERROR; /* libgit2 has said so */
  }
  int64_t n = inflate_some(r, bytes, size);
  n = n < 0 || r->ended ? n : n + inflate_some(r, &beyond, 1);
  bytes[size] = '\0';
  *data = bytes;
  if (n == (int64_t)size && r->ended) {
    return 0;
  }
  tl_git.git_odb_backend_data_free(backend, bytes);
  *data = NULL;
  return fail_damaged(id, n > (int64_t)size ? "holds more than it says" : "is cut off or damaged");
}

/* Opens the object's file and reads its header. *r is ended by close_loose, whatever comes back. */
static int open_loose(const git_odb_backend *backend, const git_oid *id, reader **r,
                      git_object_t *type, size_t *size)
{
  const loose *self = (const loose *)(const void *)backend;
  char hex[GIT_OID_HEXSZ + 1], path[PATH_MAX];
  (void)tl_git.git_oid_tostr(hex, sizeof hex, id);
  (void)snprintf(path, sizeof path, "%s/%.2s/%s", self->objects, hex, hex + 2);
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    return errno == ENOENT ? GIT_ENOTFOUND : fail_damaged(id, "cannot be opened");
  }
  *r = tl_zalloc(sizeof **r);
  (*r)->fd = fd;
  return z.inflateInit_(&(*r)->stream, ZLIB_VERSION, (int)sizeof(z_stream)) == Z_OK &&
                 read_header(*r, type, size)
             ? 0
             : fail_damaged(id, "is cut off or damaged");
}

static void close_loose(reader *r)
{
  if (r) {
    (void)z.inflateEnd(&r->stream);
    (void)close(r->fd);
    free(r);
  }
}

static int loose_read(void **data, size_t *size, git_object_t *type, git_odb_backend *backend,
                      const git_oid *id)
{
  reader *r = NULL;
  int rc = open_loose(backend, id, &r, type, size);
  rc = rc < 0 ? rc : read_content(r, backend, id, data, *size);
  close_loose(r);
  return rc;
}

static int loose_header(size_t *size, git_object_t *type, git_odb_backend *backend,
                        const git_oid *id)
{
  reader *r = NULL;
  int rc = open_loose(backend, id, &r, type, size);
  close_loose(r);
  return rc;
}

static int loose_foreach(git_odb_backend *backend, git_odb_foreach_cb each, void *payload)
{
  (void)backend;
  (void)each;
  (void)payload;
  return 0; /* libgit2's own names them */
}

static void loose_free(git_odb_backend *backend)
{
  loose *self = (loose *)(void *)backend;
  free(self->objects);
  free(self);
}

int tl_git_guard_loose(git_repository *repo, const char *objects, tl_err *e)
{
  static const tl_lazy_name names[] = {TL_LAZY_NAMES(FUNCTIONS)};
  git_odb *odb = NULL;
  int rc = z.inflate ? 0 : tl_lazy_open(TL_LIBZ, names, sizeof names / sizeof *names, &z, e);
  if (rc < 0) {
    return rc;
  }
  loose *self = tl_zalloc(sizeof *self);
  self->objects = tl_strdup(objects);
  self->parent.version = GIT_ODB_BACKEND_VERSION;
  self->parent.read = loose_read;
  self->parent.read_header = loose_header;
  self->parent.foreach = loose_foreach;
  self->parent.free = loose_free;
  rc = tl_git.git_repository_odb(&odb, repo);
  rc = rc < 0 ? rc : tl_git.git_odb_add_backend(odb, &self->parent, PRIORITY);
  if (rc < 0) {
    loose_free(&self->parent);
    rc = tl_git_fail(e, rc, "open the objects of the git repository");
  }
  tl_git.git_odb_free(odb);
  return rc;
}
