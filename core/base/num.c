#include <math.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* Most numbers have few decimals: then the digits are a whole number, and dividing it by a power of ten
 * is how they are read back (both are held exactly, so the one division is rounded as reading is:
 * Clinger, How to read floating point numbers accurately, 1990). No two numbers of at most 15 digits
 * are the same double, so the first that fits is the shortest. 0: there are more decimals. */
static size_t few_decimals(char digits[static 24], int *exponent, double d)
{
  double power = 10;

  for (int k = 1; k <= 9 && d * power < 1e14; k++, power *= 10) {
    double whole = trunc(d * power + 0.5);
    if (whole / power == d) {
      int n = sprintf(digits, "%lld", (long long)whole);
      *exponent = n - 1 - k;
      return (size_t)n;
    }
  }
  return 0;
}

/* The shortest digits that read back as d (positive), without point and trailing zeros, and the
 * power of ten of the first. Fewer than 15 digits never need to be tried for a normal double: the
 * 15 end in zeros then. Subnormals hold fewer digits, and are tried from one on. */
static size_t shortest(char digits[static 24], int *exponent, double d)
{
  char text[40]; /* d.ddddde±xxx */
  size_t len = 0;

  for (int n = d < DBL_MIN ? 1 : 15; n <= 17; n++) {
    (void)snprintf(text, sizeof text, "%.*e", n - 1, d);
    if (n == 17 || strtod(text, NULL) == d) break;
  }
  for (const char *p = text; *p != 'e'; p++)
    if (*p != '.') digits[len++] = *p;
  while (len > 1 && digits[len - 1] == '0') len--;
  *exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
  return len;
}

static char *zeros(char *p, int n)
{
  for (; n > 0; n--) *p++ = '0';
  return p;
}

static char *copy(char *p, const char *from, size_t n)
{
  memcpy(p, from, n);
  return p + n;
}

/* Lays n digits out as ECMA-262 says (Number::toString): `point` is where the point lies, counted
 * from the first digit. */
static char *lay(char *p, const char *digits, size_t n, int point)
{
  int count = (int)n;

  if (point >= count && point <= 21) return zeros(copy(p, digits, n), point - count);
  if (point > 0 && point <= 21) {
    p = copy(p, digits, (size_t)point);
    *p++ = '.';
    return copy(p, digits + point, n - (size_t)point);
  }
  if (point > -6 && point <= 0) return copy(zeros(copy(p, "0.", 2), -point), digits, n);
  *p++ = digits[0];
  if (n > 1) {
    *p++ = '.';
    p = copy(p, digits + 1, n - 1);
  }
  return p + sprintf(p, "e%+d", point - 1);
}

size_t tl_json_number(char *buf, double d)
{
  char digits[24], *p = buf;
  int exponent = 0;
  size_t n;

  if (fabs(d) < 0x1p53 && d == trunc(d)) /* also turns -0 into 0 */
    return (size_t)sprintf(buf, "%lld", (long long)d);
  if (d < 0) *p++ = '-';
  n = few_decimals(digits, &exponent, fabs(d));
  if (n == 0) n = shortest(digits, &exponent, fabs(d));
  p = lay(p, digits, n, exponent + 1);
  *p = '\0';
  return (size_t)(p - buf);
}
