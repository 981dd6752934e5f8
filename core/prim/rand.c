/* rand.bytes: getrandom(2), which may be cut short by a signal above 256 bytes. */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "../base/buf.h"
#include "prim.h"

enum { RAND_MOST = 65536 };

int prim_rand_bytes(tl_call *call)
{
  int64_t count = call->args[0].u.i;
  size_t len, at = 0;
  char *data;

  if (count < 0 || count > RAND_MOST)
    return tl_fail(&call->err, TL_EARGUMENT, "count must lie between 0 and %d, and is %lld",
                   (int)RAND_MOST, (long long)count);
  len = (size_t)count;
  data = tl_alloc(len + 1);
  while (at < len) {
    ssize_t n = getrandom(data + at, len - at, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      int err = errno;
      free(data);
      return tl_fail_errno(&call->err, err, "cannot get random bytes");
    }
    at += (size_t)n;
  }
  data[len] = '\0';
  call->out = tl_str_take(data, len);
  return TL_OK;
}
