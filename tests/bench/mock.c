/* The server that `make bench` measures against: OpenAI-compatible, on 127.0.0.1, as quick as one
 * thread can be, so that what is measured is the client.
 *
 *   POST /v1/chat/completions   a fixed answer that carries a hash of the request
 *   GET  /v1/models             one model
 *
 * Prints its base URL as the first line, and ends when its standard input does. HTTP/1.1 with
 * keep-alive and Content-Length; nothing else is understood, since nothing else is sent here. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_REQUEST = 1 << 20, MAX_EVENTS = 64 };

typedef struct conn {
  int fd;
  size_t len;
  char data[MAX_REQUEST + 1];
} conn;

static void die(const char *what)
{
  perror(what);
  exit(1);
}

/* FNV-1a: equal requests get equal answers. */
static uint64_t hash_of(const char *data, size_t len)
{
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < len; i++) {
    h = (h ^ (unsigned char)data[i]) * 0x100000001b3u;
  }
  return h;
}

/* The answer to one request; returns its length. */
static int answer(char *out, size_t size, bool chat, const char *body, size_t len)
{
  static const char models[] =
      "{\"object\":\"list\",\"data\":[{\"id\":\"mock-1\",\"object\":\"model\",\"created\":1,"
      "\"owned_by\":\"bench\"}]}";
  char text[512];
  int n = chat ? snprintf(text, sizeof text,
                          "{\"id\":\"chatcmpl-%016llx\",\"object\":\"chat.completion\",\"created\":"
                          "1,\"model\":\"mock-1\","
                          "\"system_fingerprint\":\"fp_mock\",\"choices\":[{\"index\":0,"
                          "\"message\":{\"role\":\"assistant\","
                          "\"content\":\"A Merkle tree is a tree of hashes, and this answer's "
                          "number is %016llx.\"},"
                          "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":14,"
                          "\"completion_tokens\":18,"
                          "\"total_tokens\":32}}",
                          (unsigned long long)hash_of(body, len),
                          (unsigned long long)hash_of(body, len))
               : snprintf(text, sizeof text, "%s", models);
  return snprintf(out, size,
                  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                  "Content-Length: %d\r\n\r\n%s",
                  n, text);
}

/* Bytes of the whole request at the front of the buffer, 0 when more are needed. */
static size_t request_size(const conn *c, size_t *head)
{
  const char *end = strstr(c->data, "\r\n\r\n");
  if (!end) {
    return 0;
  }
  *head = (size_t)(end - c->data) + 4;
  const char *field = strcasestr(c->data, "\r\ncontent-length:");
  size_t body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
  return c->len >= *head + body ? *head + body : 0;
}

/* Answers every whole request that has come. */
static bool serve(conn *c)
{
  size_t head, size;
  while (c->len > 0 && (size = request_size(c, &head)) > 0) {
    char out[1024];
    bool chat = strncmp(c->data, "POST ", 5) == 0;
    int n = answer(out, sizeof out, chat, c->data + head, size - head);
    if (send(c->fd, out, (size_t)n, MSG_NOSIGNAL) != n) {
      return false;
    }
    c->len -= size;
    memmove(c->data, c->data + size, c->len + 1);
  }
  return c->len < MAX_REQUEST;
}

static void move_on(int epoll, conn *c)
{
  ssize_t n = recv(c->fd, c->data + c->len, MAX_REQUEST - c->len, 0);
  if (n > 0) {
    c->len += (size_t)n;
    c->data[c->len] = 0;
  }
  if (n <= 0 || !serve(c)) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
    close(c->fd);
    free(c);
  }
}

static void watch(int epoll, int fd, void *what)
{
  struct epoll_event ev = {.events = EPOLLIN, .data.ptr = what};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
    die("epoll_ctl");
  }
}

static int listen_here(void)
{
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof sa;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len) != 0 || listen(fd, 256) != 0 ||
      getsockname(fd, (struct sockaddr *)&sa, &len) != 0) {
    die("cannot listen on 127.0.0.1");
  }
  printf("http://127.0.0.1:%d/v1\n", ntohs(sa.sin_port));
  fflush(stdout);
  return fd;
}

int main(void)
{
  int epoll = epoll_create1(EPOLL_CLOEXEC), server = listen_here();
  int input = STDIN_FILENO;
  struct epoll_event events[MAX_EVENTS];
  watch(epoll, server, &server);
  watch(epoll, input, &input);
  for (;;) {
    int n = epoll_wait(epoll, events, MAX_EVENTS, -1);
    for (int i = 0; i < n; i++) {
      void *what = events[i].data.ptr;
      if (what == &input) {
        return 0;
      } else if (what == &server) {
        conn *c = calloc(1, sizeof *c);
        if (!c || (c->fd = accept4(server, NULL, NULL, SOCK_CLOEXEC)) < 0) {
          die("accept");
        }
        watch(epoll, c->fd, c);
      } else {
        move_on(epoll, what);
      }
    }
  }
}
