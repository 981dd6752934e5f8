#include "frame.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/wire.h"

int tl_frame_send(int fd, tl_buf *scratch, const tl_val *v, tl_err *e)
{
  tl_buf_clear(scratch);
  int rc = tl_wire_put(scratch, v, e);
  if (rc < 0) return rc;
  for (size_t sent = 0; sent < scratch->len;) {
    ssize_t n = send(fd, scratch->data + sent, scratch->len - sent, MSG_NOSIGNAL);
    if (n > 0) sent += (size_t)n;
    else if (n < 0 && errno != EINTR) return tl_fail_errno(e, errno, "cannot send a frame");
  }
  return 0;
}

int tl_frame_receive(int fd, tl_buf *in, tl_val *v, tl_err *e)
{
  for (;;) {
    int64_t took = tl_wire_get(v, in->data, in->len, e);
    if (took < 0) return (int)took;
    if (took > 0) {
      tl_buf_shift(in, (size_t)took);
      return 1;
    }
    char piece[64 << 10];
    ssize_t n = read(fd, piece, sizeof piece);
    if (n == 0) return 0;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tl_fail_errno(e, errno, "cannot receive a frame");
    int rc = tl_buf_add(in, piece, (size_t)n);
    if (rc < 0) return tl_fail(e, rc, "a frame is too large");
  }
}
