/* Text shown on a terminal: always UTF-8 without control characters, the same again when cleaned
 * again, the same in two pieces as in one, never grown by more than the header says. */
#include <stdlib.h>
#include <string.h>

#include "core/base/clean.h"
#include "core/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok)
{
  if (!ok) abort();
}

static void check_harmless(const tl_buf *b)
{
  must(tl_utf8_valid(b->data, b->len) == b->len);
  for (size_t i = 0; i < b->len; i++) {
    unsigned char c = (unsigned char)b->data[i];
    must((c >= 0x20 || c == '\n' || c == '\t') && c != 0x7F);
    must(!(c == 0xC2 && (unsigned char)b->data[i + 1] < 0xA0));
  }
}

static void check_same(const tl_buf *a, const tl_buf *b)
{
  must(a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *text = (const char *)data;
  size_t half = size > 0 ? data[0] % size : 0, left = 0;
  tl_buf whole = TL_BUF(size * TL_CLEAN_GROWTH), again = TL_BUF(whole.max * TL_CLEAN_GROWTH);
  tl_buf pieces = TL_BUF(whole.max);

  must(tl_buf_str(&whole, "") == TL_OK && tl_buf_str(&again, "") == TL_OK); /* never NULL */
  must(tl_buf_str(&pieces, "") == TL_OK);
  must(tl_clean(&whole, text, size, NULL) == TL_OK);
  check_harmless(&whole);
  must(tl_clean(&again, whole.data, whole.len, NULL) == TL_OK);
  check_same(&whole, &again);
  must(tl_clean(&pieces, text, half, &left) == TL_OK && left <= half && left <= 3);
  must(tl_clean(&pieces, text + half - left, size - half + left, NULL) == TL_OK);
  check_same(&whole, &pieces);
  for (size_t columns = 0; columns < 20; columns++) {
    size_t cut = tl_clean_cut(whole.data, whole.len, columns);
    must(cut <= whole.len && tl_utf8_valid(whole.data, cut) == cut);
  }
  tl_buf_free(&whole);
  tl_buf_free(&again);
  tl_buf_free(&pieces);
  return 0;
}
