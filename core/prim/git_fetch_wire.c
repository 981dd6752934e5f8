/* The server as libgit2 sees it: two services of the smart protocol over HTTP
 * (gitprotocol-http(5)), each request a question to the supervisor. */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "fs.h"
#include "git.h"
#include "git_fetch.h"

enum { BODY_MAX = 16 << 20, SEAM = 32 };

typedef struct wire {
  git_smart_subtransport parent;
  tl_git_fetcher *f;
} wire;

typedef struct stream {
  git_smart_subtransport_stream parent;
  tl_git_fetcher *f;
  bool pack;
  int64_t n;           /* number of the exchange; 0: not asked yet */
  tl_buf body;         /* of the request */
  tl_val piece;        /* of the answer */
  size_t used;         /* bytes of the piece that were read */
  char seam[2 * SEAM]; /* the end of the last piece and the beginning of this one */
  size_t tail;         /* bytes of that end */
  bool ended;
} stream;

bool tl_git_fetch_tell(tl_git_fetcher *f, tl_val list)
{
  tl_err e = {0};
  int rc = tl_frame_send(f->fd, &f->scratch, &list, &e);
  tl_free(&list);
  return rc == 0;
}

static int fail(tl_git_fetcher *f, int code, const char *why)
{
  if (f->net.code == 0) {
    (void)tl_fail(&f->net, code, "%s", why);
  }
  (void)tl_git.git_error_set_str(GIT_ERROR_NET, f->net.msg);
  return -1;
}

static int ask(stream *s)
{
  tl_val list = tl_list();
  s->n = ++s->f->asked;
  tl_push(&list, tl_str("ask"));
  tl_push(&list, tl_int(s->n));
  tl_push(&list, tl_str(s->pack ? "pack" : "refs"));
  tl_push(&list, tl_strn(s->body.data ? s->body.data : "", s->body.len));
  return tl_git_fetch_tell(s->f, list) ? 0 : fail(s->f, TL_EINTERRUPTED, "the fetch was stopped");
}

/* Takes what the supervisor says of this exchange. */
static int take(stream *s, const tl_val *said)
{
  const tl_val *what = tl_at(said, 1), *text = tl_at(said, 2), *unreachable = tl_at(said, 3);
  if (!what) {
    s->ended = true;
    return 0;
  }
  if (what->type == TL_STR) {
    s->piece = tl_copy(what);
    s->used = 0;
    return 0;
  }
  s->f->unreachable = unreachable && unreachable->type == TL_BOOL && unreachable->u.b;
  return fail(s->f, what->type == TL_INT ? (int)what->u.i : TL_EBUG,
              text && text->type == TL_STR ? text->u.s.data : "the exchange failed");
}

/* Waits for the next piece, or the end. */
static int more(stream *s)
{
  tl_err e = {0};
  for (;;) {
    tl_val said;
    if (tl_frame_receive(s->f->fd, &s->f->in, &said, &e) <= 0) {
      return fail(s->f, TL_EINTERRUPTED, "the fetch was stopped");
    }
    const tl_val *n = tl_at(&said, 0);
    bool ours = n && n->type == TL_INT && n->u.i == s->n;
    int rc = ours ? take(s, &said) : 0;
    tl_free(&said);
    if (ours) {
      return rc;
    }
  }
}

static bool has(const stream *s, size_t seam, const char *sign)
{
  size_t n = strlen(sign);
  return memmem(s->piece.u.s.data, s->piece.u.s.len, sign, n) || memmem(s->seam, seam, sign, n);
}

/* What libgit2 1.5 cannot take from a server, before it says so in words of its own: ids of SHA-256,
 * and the lines of a repository that lacks its older commits (gitprotocol-pack(5)). */
static int check_refs(stream *s)
{
  size_t len = s->piece.u.s.len, head = len < SEAM ? len : SEAM;
  if (s->pack) {
    return 0;
  }
  memcpy(s->seam + s->tail, s->piece.u.s.data, head);
  size_t seam = s->tail + head;
  if (has(s, seam, "object-format=sha256")) {
    return fail(s->f, TL_EUNSUPPORTED,
                "this git repository uses 'object-format=sha256', which libgit2 cannot read");
  }
  if (has(s, seam, "0035shallow ") || has(s, seam, "0034shallow ")) {
    return fail(s->f, TL_EUNSUPPORTED,
                "this git repository is shallow, it lacks its older commits: libgit2 cannot fetch "
                "from it");
  }
  s->tail = head;
  memmove(s->seam, s->piece.u.s.data + len - head, head);
  return 0;
}

static int stream_read(git_smart_subtransport_stream *parent, char *buffer, size_t size,
                       size_t *bytes_read)
{
  stream *s = (stream *)(void *)parent;
  int rc = s->n == 0 ? ask(s) : 0;
  *bytes_read = 0;
  if (rc == 0 && !s->ended && s->used == tl_len(&s->piece)) {
    tl_free(&s->piece);
    s->used = 0;
    rc = more(s);
    rc = rc == 0 && s->piece.type == TL_STR ? check_refs(s) : rc;
  }
  if (rc < 0 || s->piece.type != TL_STR) {
    return rc;
  }
  size_t left = s->piece.u.s.len - s->used;
  *bytes_read = left < size ? left : size;
  memcpy(buffer, s->piece.u.s.data + s->used, *bytes_read);
  s->used += *bytes_read;
  return 0;
}

static int stream_write(git_smart_subtransport_stream *parent, const char *buffer, size_t len)
{
  stream *s = (stream *)(void *)parent;
  if (tl_buf_add(&s->body, buffer, len) < 0) {
    return fail(s->f, TL_ELIMIT, "the repository has too many branches to ask for");
  }
  return 0;
}

static void stream_free(git_smart_subtransport_stream *parent)
{
  stream *s = (stream *)(void *)parent;
  tl_buf_free(&s->body);
  tl_free(&s->piece);
  free(s);
}

static int action(git_smart_subtransport_stream **out, git_smart_subtransport *parent,
                  const char *url, git_smart_service_t service)
{
  wire *w = (wire *)(void *)parent;
  (void)url;
  if (service != GIT_SERVICE_UPLOADPACK_LS && service != GIT_SERVICE_UPLOADPACK) {
    return fail(w->f, TL_EREFUSED, "nothing is ever pushed");
  }
  stream *s = tl_zalloc(sizeof *s);
  *s = (stream){.f = w->f, .pack = service == GIT_SERVICE_UPLOADPACK, .body = TL_BUF(BODY_MAX)};
  s->parent = (git_smart_subtransport_stream){parent, stream_read, stream_write, stream_free};
  *out = &s->parent;
  return 0;
}

static int wire_close(git_smart_subtransport *parent)
{
  (void)parent;
  return 0;
}

static void wire_free(git_smart_subtransport *parent)
{
  free(parent);
}

static int make_wire(git_smart_subtransport **out, git_transport *owner, void *param)
{
  wire *w = tl_zalloc(sizeof *w);
  (void)owner;
  *w = (wire){.parent = {action, wire_close, wire_free}, .f = param};
  *out = &w->parent;
  return 0;
}

int tl_git_fetch_transport(git_transport **out, git_remote *owner, void *param)
{
  git_smart_subtransport_definition definition = {.callback = make_wire, .rpc = 1, .param = param};
  return tl_git.git_transport_smart(out, owner, &definition);
}
