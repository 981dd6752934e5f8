/* Whatever is read as JSON and can be written is read back as an equal value and as the same
 * bytes; the pretty form holds the same value; the frames carry it unchanged. */
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok)
{
  if (!ok) abort();
}

/* The text is read back as a value equal to v. */
static void check_read_back(const tl_buf *text, const tl_val *v)
{
  tl_val back;
  tl_err e;

  must(tl_json_read(&back, text->data, text->len, &e) == TL_OK && tl_equal(v, &back));
  tl_free(&back);
}

static void check_canonical(const tl_val *v)
{
  tl_buf once = TL_BUF(1u << 24), twice = TL_BUF(1u << 24), pretty = TL_BUF(1u << 26);
  tl_val back;
  tl_err e;

  if (tl_json_write(&once, v, &e) == TL_OK) {
    check_read_back(&once, v);
    must(tl_json_pretty(&pretty, v, &e) == TL_OK);
    check_read_back(&pretty, v);
    must(tl_json_read(&back, once.data, once.len, &e) == TL_OK);
    must(tl_json_write(&twice, &back, &e) == TL_OK);
    must(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    tl_free(&back);
  }
  tl_buf_free(&once);
  tl_buf_free(&twice);
  tl_buf_free(&pretty);
}

static void check_frame(const tl_val *v)
{
  tl_buf frame = TL_BUF(1u << 24);
  tl_val back;
  tl_err e;

  must(tl_wire_put(&frame, v, &e) == TL_OK);
  must(tl_wire_get(&back, frame.data, frame.len, &e) == (int64_t)frame.len && tl_equal(v, &back));
  tl_free(&back);
  tl_buf_free(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  tl_val v;
  tl_err e;

  if (tl_json_read(&v, (const char *)data, size, &e) == TL_OK) {
    check_canonical(&v);
    check_frame(&v);
  } else {
    must(e.code == TL_EPARSE && v.type == TL_NIL && strncmp(e.msg, "line ", 5) == 0);
  }
  tl_free(&v);
  return 0;
}
