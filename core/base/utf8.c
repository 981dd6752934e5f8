#include <string.h>

#include "json.h"

/* How many bytes the character at p takes when it is well-formed (Unicode 15, table 3-7), else 0.
 * The second byte's range depends on the first: that is what keeps out overlong forms (E0, F0),
 * surrogates (ED) and everything beyond U+10FFFF (F4). */
static size_t character(const unsigned char *p, size_t len)
{
  unsigned char lead = p[0], low = 0x80, high = 0xBF;
  size_t need;

  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    need = 2;
  else if (lead >= 0xE0 && lead <= 0xEF)
    need = 3;
  else if (lead >= 0xF0 && lead <= 0xF4)
    need = 4;
  else
    return 0;
  if (len < need)
    return 0;
  if (lead == 0xE0)
    low = 0xA0;
  else if (lead == 0xED)
    high = 0x9F;
  else if (lead == 0xF0)
    low = 0x90;
  else if (lead == 0xF4)
    high = 0x8F;
  if (p[1] < low || p[1] > high)
    return 0;
  for (size_t i = 2; i < need; i++)
    if ((p[i] & 0xC0) != 0x80)
      return 0;
  return need;
}

size_t tl_utf8_valid(const char *s, size_t len)
{
  const unsigned char *p = (const unsigned char *)s;
  size_t at = 0;

  while (at < len) {
    uint64_t eight;
    size_t n;

    if (len - at >= sizeof eight) { /* plain ASCII, eight bytes at a time */
      memcpy(&eight, p + at, sizeof eight);
      if (!(eight & UINT64_C(0x8080808080808080))) {
        at += sizeof eight;
        continue;
      }
    }
    n = character(p + at, len - at);
    if (n == 0)
      break;
    at += n;
  }
  return at;
}
