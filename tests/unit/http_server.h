/* A small HTTP server in threads for test_http.c, good at answering badly: the path of a request
 * says how it is answered (see `pages`). Listens on 127.0.0.1 at a port of its own. */
#ifndef TL_TEST_HTTP_SERVER_H
#define TL_TEST_HTTP_SERVER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_TEXT_MAX = 4 << 20 };

typedef struct server {
  int fd, port;
  pthread_t thread;
  atomic_int connections, requests, open;
  pthread_mutex_t lock;
  char last[SERVER_TEXT_MAX]; /* the newest request: head and body */
} server;

typedef struct peer {
  server *s;
  int fd;
  char text[SERVER_TEXT_MAX];
  size_t len;
} peer;

static void nap(int ms)
{
  (void)usleep((useconds_t)ms * 1000);
}

static bool put(peer *p, const char *data, size_t len)
{
  while (len > 0) {
    ssize_t n = send(p->fd, data, len, MSG_NOSIGNAL);
    if (n <= 0) return false;
    data += n;
    len -= (size_t)n;
  }
  return true;
}

static bool say(peer *p, const char *text)
{
  return put(p, text, strlen(text));
}

static bool chunk(peer *p, const char *text)
{
  char head[32];
  (void)snprintf(head, sizeof head, "%zx\r\n", strlen(text));
  return say(p, head) && say(p, text) && say(p, "\r\n");
}

/* --- pages: true keeps the connection --------------------------------------------------------- */

static bool page_ok(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "HTTP/1.1 200 OK\r\nX-Case:  Kept \r\nContent-Length: 5\r\n\r\nhello");
}

static bool page_echo(peer *p, const char *rest)
{
  const char *body = strstr(p->text, "\r\n\r\n") + 4;
  char head[128];
  (void)rest;
  (void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
  return say(p, head) && say(p, body);
}

static bool page_slow(peer *p, const char *rest)
{
  nap(200);
  return page_ok(p, rest);
}

static bool page_chunked(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n") &&
         chunk(p, "one ") && chunk(p, "two") && say(p, "0\r\nX-End: yes\r\n\r\n");
}

static bool page_interim(peer *p, const char *rest)
{
  return say(p, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 99\r\n\r\n") &&
         page_ok(p, rest);
}

static bool page_folded(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "HTTP/1.1 200 OK\r\nX-Long: one\r\n  two\r\nContent-Length: 0\r\n\r\n");
}

/* Zeros in deflate with fixed Huffman codes (RFC 1951): 13 bits for 258 of them. */
static bool page_bomb(peer *p, const char *rest)
{
  static unsigned char z[1 << 16];
  size_t bit = 0;
  (void)rest;
  memset(z, 0, sizeof z);
#define BITS(value, n) \
  for (int i_ = 0; i_ < (n); i_++, bit++) \
  z[bit / 8] |= (unsigned char)((((unsigned)(value) >> i_) & 1u) << (bit % 8))
  BITS(0x78, 8); /* zlib header */
  BITS(0x01, 8);
  BITS(3, 3);                                    /* last block, fixed codes */
  BITS(0x0c, 8);                                 /* literal 0: code 00110000, first bit first */
  while (bit / 8 < sizeof z - 8) BITS(0xa3, 13); /* length 285: 11000101, distance 1: 00000 */
#undef BITS
  return say(p, "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nConnection: close\r\n\r\n") &&
         put(p, (char *)z, sizeof z) && false;
}

static bool page_head_cut(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "HTTP/1.1 200 OK\r\nContent-Ty") && false;
}

static bool page_short(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") && false;
}

static bool page_chunk_cut(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") && chunk(p, "half") &&
         false;
}

static bool page_two_lengths(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\nContent-Length: 5\r\n\r\nhello");
}

static bool page_bad_length(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello");
}

static bool page_garbage(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "\x16\x03 this is \x1b[31mno HTTP at all\r\n\r\n") && false;
}

static bool page_empty(peer *p, const char *rest)
{
  (void)p;
  (void)rest;
  return false;
}

static bool page_endless(peer *p, const char *rest)
{
  static const char block[4096] = "x";
  (void)rest;
  if (!say(p, "HTTP/1.1 200 OK\r\n\r\n")) return false;
  while (put(p, block, sizeof block)) continue;
  return false;
}

static bool page_many_headers(peer *p, const char *rest)
{
  (void)rest;
  if (!say(p, "HTTP/1.1 200 OK\r\n")) return false;
  for (int i = 0; i < 10000; i++)
    if (!say(p, "X-Filler: 0123456789012345678901234567890123456789\r\n")) return false;
  return say(p, "Content-Length: 0\r\n\r\n");
}

static bool page_long_header(peer *p, const char *rest)
{
  static char line[200 << 10];
  (void)rest;
  memset(line, 'x', sizeof line);
  return say(p, "HTTP/1.1 200 OK\r\nX-Long: ") && put(p, line, sizeof line) &&
         say(p, "\r\nContent-Length: 0\r\n\r\n");
}

static bool page_no_colon(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n");
}

static bool page_hang(peer *p, const char *rest)
{
  char c;
  (void)rest;
  (void)recv(p->fd, &c, 1, 0); /* until the other side goes away */
  return false;
}

static bool page_drip(peer *p, const char *rest)
{
  static const char head[] = "HTTP/1.1 200 OK\r\nX-Slow: yes yes yes yes yes yes\r\n";
  (void)rest;
  for (size_t i = 0; i < sizeof head - 1; i++) {
    if (!put(p, head + i, 1)) return false;
    nap(20);
  }
  return page_hang(p, rest);
}

static bool page_stall(peer *p, const char *rest)
{
  return say(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") && page_hang(p, rest);
}

/* /to/STATUS/LOCATION */
static bool page_to(peer *p, const char *rest)
{
  char head[1024];
  (void)snprintf(head, sizeof head,
                 "HTTP/1.1 %.3s Go\r\nLocation: %.*s\r\nContent-Length: 4\r\n\r\ngone", rest,
                 (int)strcspn(rest + 4, " "), rest + 4);
  return say(p, head);
}

/* /loop: to itself */
static bool page_loop(peer *p, const char *rest)
{
  (void)rest;
  return say(p, "HTTP/1.1 302 Go\r\nLocation: loop\r\nContent-Length: 0\r\n\r\n");
}

static bool page_slow_to(peer *p, const char *rest)
{
  nap(400);
  return page_to(p, rest);
}

/* Answers before the request's body is read; then says how much of it was as sent: all "b". */
static bool page_early(peer *p, const char *rest)
{
  const char *head_end = strstr(p->text, "\r\n\r\n") + 4;
  size_t got = p->len - (size_t)(head_end - p->text), good = strspn(head_end, "b");
  size_t all = strtoul(strcasestr(p->text, "content-length:") + 15, NULL, 10);
  char text[64];
  (void)rest;
  if (!say(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")) return false;
  nap(100);
  while (got < all) {
    ssize_t n = recv(p->fd, p->text, sizeof p->text - 1, 0);
    if (n <= 0) return false;
    p->text[n] = '\0';
    got += (size_t)n;
    good += strspn(p->text, "b");
  }
  (void)snprintf(text, sizeof text, "%zu", good);
  return chunk(p, text) && say(p, "0\r\n\r\n");
}

static bool page_stream(peer *p, const char *rest)
{
  (void)rest;
  if (!say(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")) return false;
  for (int i = 0; i < 3; i++) {
    nap(30);
    if (!chunk(p, i == 0 ? "a" : i == 1 ? "b" : "c")) return false;
  }
  return say(p, "0\r\n\r\n");
}

static bool page_stream_cut(peer *p, const char *rest)
{
  (void)rest;
  if (!say(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")) return false;
  (void)chunk(p, "part");
  nap(50);
  return false;
}

static bool page_large(peer *p, const char *rest)
{
  static char block[1 << 16];
  (void)rest;
  memset(block, 'y', sizeof block);
  if (!say(p, "HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n")) return false;
  for (int i = 0; i < 128; i++)
    if (!put(p, block, sizeof block)) return false;
  return true;
}

static const struct {
  const char *path;
  bool (*answer)(peer *p, const char *rest);
} pages[] = {
    {"/ok", page_ok},
    {"/echo", page_echo},
    {"/chunked", page_chunked},
    {"/interim", page_interim},
    {"/folded", page_folded},
    {"/bomb", page_bomb},
    {"/head-cut", page_head_cut},
    {"/short", page_short},
    {"/chunk-cut", page_chunk_cut},
    {"/two-lengths", page_two_lengths},
    {"/bad-length", page_bad_length},
    {"/garbage", page_garbage},
    {"/empty", page_empty},
    {"/endless", page_endless},
    {"/many-headers", page_many_headers},
    {"/long-header", page_long_header},
    {"/no-colon", page_no_colon},
    {"/hang", page_hang},
    {"/drip", page_drip},
    {"/stall", page_stall},
    {"/to/", page_to},
    {"/loop", page_loop},
    {"/slow-to/", page_slow_to},
    {"/slow", page_slow},
    {"/early", page_early},
    {"/stream-cut", page_stream_cut},
    {"/stream", page_stream},
    {"/large", page_large},
};

/* --- connections ------------------------------------------------------------------------------ */

static size_t wanted(const char *head, const char *head_end)
{
  const char *l = strcasestr(head, "\r\ncontent-length:");
  return (size_t)(head_end - head) + 4 + (l && l < head_end ? strtoul(l + 17, NULL, 10) : 0);
}

/* Reads one request whole into p->text. */
static bool listen_to(peer *p)
{
  p->len = 0;
  for (;;) {
    p->text[p->len] = '\0';
    const char *end = strstr(p->text, "\r\n\r\n");
    bool early = strncmp(p->text, "POST /early", 11) == 0;
    if (end && (early || p->len >= wanted(p->text, end))) return true;
    ssize_t n = recv(p->fd, p->text + p->len, sizeof p->text - 1 - p->len, 0);
    if (n <= 0) return false;
    p->len += (size_t)n;
  }
}

static bool answer(peer *p)
{
  const char *path = strchr(p->text, ' ') + 1;
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
    size_t n = strlen(pages[i].path);
    if (strncmp(path, pages[i].path, n) == 0) return pages[i].answer(p, path + n);
  }
  return say(p, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

static void *serve_peer(void *ud)
{
  peer *p = ud;
  bool on = true;
  while (on && listen_to(p)) {
    (void)pthread_mutex_lock(&p->s->lock);
    memcpy(p->s->last, p->text, p->len + 1);
    (void)pthread_mutex_unlock(&p->s->lock);
    p->s->requests++;
    on = answer(p);
  }
  (void)close(p->fd);
  p->s->open--;
  free(p);
  return NULL;
}

static void *serve(void *ud)
{
  server *s = ud;
  for (;;) {
    int fd = accept(s->fd, NULL, NULL);
    if (fd < 0) return NULL;
    peer *p = calloc(1, sizeof *p);
    pthread_t thread;
    p->s = s;
    p->fd = fd;
    s->connections++;
    s->open++;
    if (pthread_create(&thread, NULL, serve_peer, p) == 0) (void)pthread_detach(thread);
  }
}

static server *server_start(void)
{
  server *s = calloc(1, sizeof *s);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof a;
  s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(s->fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(s->fd, 256) < 0 ||
      getsockname(s->fd, (struct sockaddr *)&a, &len) < 0)
    abort();
  s->port = ntohs(a.sin_port);
  (void)pthread_mutex_init(&s->lock, NULL);
  (void)pthread_create(&s->thread, NULL, serve, s);
  return s;
}

/* To be called when the client's connections are closed. */
static void server_stop(server *s)
{
  (void)shutdown(s->fd, SHUT_RDWR);
  (void)pthread_join(s->thread, NULL);
  (void)close(s->fd);
  for (int i = 0; i < 200 && s->open > 0; i++) nap(10);
  free(s);
}

static void server_forget(server *s)
{
  s->connections = s->requests = 0;
  (void)pthread_mutex_lock(&s->lock);
  s->last[0] = '\0';
  (void)pthread_mutex_unlock(&s->lock);
}

#endif
