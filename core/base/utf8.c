#include <string.h>

#include "json.h"

/* How many bytes a character takes that begins with this one; 0 when none does. */
static size_t length(unsigned char lead)
{
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) /* C0 and C1 could only begin overlong forms */
    return 0;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* The second byte's range depends on the first (Unicode 15, table 3-7): that is what keeps out
 * overlong forms (E0, F0), surrogates (ED) and everything beyond U+10FFFF (F4). */
static bool follows(unsigned char lead, unsigned char second)
{
  switch (lead) {
  case 0xE0: return second >= 0xA0 && second <= 0xBF;
  case 0xED: return second >= 0x80 && second <= 0x9F;
  case 0xF0: return second >= 0x90 && second <= 0xBF;
  case 0xF4: return second >= 0x80 && second <= 0x8F;
  default: return second >= 0x80 && second <= 0xBF;
  }
}

/* How many bytes the character at p takes when it is well-formed, else 0. */
static size_t character(const unsigned char *p, size_t len)
{
  size_t need = length(p[0]);

  if (need > len || (need > 1 && !follows(p[0], p[1]))) return 0;
  for (size_t i = 2; i < need; i++)
    if ((p[i] & 0xC0) != 0x80) return 0;
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
    if (n == 0) break;
    at += n;
  }
  return at;
}
