/* A frame from a stranger: refused, or put back into the very same bytes. */
#include <stdlib.h>
#include <string.h>

#include "core/base/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  tl_buf again = TL_BUF(1u << 24);
  tl_val v;
  tl_err e;
  int64_t took = tl_wire_get(&v, (const char *)data, size, &e);

  if (took > 0 && (tl_wire_put(&again, &v, &e) < 0 || again.len != (size_t)took ||
                   memcmp(again.data, data, again.len) != 0))
    abort();
  if (took <= 0 && v.type != TL_NIL) abort();
  tl_free(&v);
  tl_buf_free(&again);
  return 0;
}
