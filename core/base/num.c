/* Numbers of JSON: written in the fewest digits, and read. */
#include <math.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* --- writing ------------------------------------------------------------------------------------ */

/* Most numbers have few decimals: then the digits are a whole number, and dividing it by a power of ten
 * is how they are read back (both are held exactly, so the one division is rounded as reading is:
 * Clinger, How to read floating point numbers accurately, 1990). No two numbers of at most 15 digits
 * are the same double, so the first that fits is the shortest. 0: there are more decimals. */
static size_t few_decimals(char digits[static 24], int *exponent, double d)
{
  double power = 10;

  for (int k = 1; k <= 9 && d * power < 1e14; k++) {
    double whole = trunc(d * power + 0.5);
    if (whole / power == d) {
      int n = sprintf(digits, "%lld", (long long)whole);
      *exponent = n - 1 - k;
      return (size_t)n;
    }
    power *= 10;
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

/* --- reading ------------------------------------------------------------------------------------ */

/* A whole number that fits 64 bits. -0 does not count: only a double can hold it. */
static bool fits_int(const char *p, const char *end, int64_t *out)
{
  bool minus = *p == '-';
  uint64_t n = 0, limit = (uint64_t)INT64_MAX + (minus ? 1 : 0);

  if (minus) p++;
  if (minus && *p == '0') return false;
  for (; p < end; p++) {
    unsigned digit = (unsigned)(*p - '0');
    if (n > (limit - digit) / 10) return false;
    n = n * 10 + digit;
  }
  *out = minus ? (int64_t)(0 - n) : (int64_t)n;
  return true;
}

/* Does the double have exactly the value that the digits say? DBL_MAX has 309 digits. */
static bool is_exact(double d, const char *digits)
{
  char text[320];
  int n = snprintf(text, sizeof text, "%.0f", d);
  return n > 0 && (size_t)n < sizeof text && strcmp(text, digits) == 0;
}

/* Up to 15 digits and no exponent: one division of two numbers that a double holds exactly is rounded
 * as strtod(3) rounds, in a tenth of the time (see few_decimals above). */
static bool few_digits(const char *p, const char *end, double *out)
{
  bool minus = *p == '-', point = false;
  int64_t whole = 0;
  double power = 1;
  int digits = 0;

  for (p += minus; p < end && digits <= 15; p++) {
    if (*p == '.') {
      point = true;
      continue;
    }
    if (*p < '0' || *p > '9') return false;
    whole = whole * 10 + (*p - '0');
    if (point) power *= 10;
    digits++;
  }
  *out = (minus ? -1.0 : 1.0) * (double)whole / power;
  return digits <= 15;
}

static const char *read_long(tl_val *out, const char *text, bool whole)
{
  double d = strtod(text, NULL); /* the locale is "C" in every process of tlab */

  if (d > DBL_MAX || d < -DBL_MAX) return "the number is too large for a double";
  if (whole && !is_exact(d, text)) return "the integer cannot be held exactly: use a string";
  *out = tl_num(d);
  return NULL;
}

const char *tl_json_number_read(tl_val *out, const char *text, size_t len, bool whole)
{
  char small[64], *copied = small;
  const char *fault;
  int64_t i;
  double d;

  if (whole && fits_int(text, text + len, &i)) {
    *out = tl_int(i);
    return NULL;
  }
  if (few_digits(text, text + len, &d)) {
    *out = tl_num(d);
    return NULL;
  }
  if (len >= sizeof small) copied = tl_alloc(len + 1);
  memcpy(copied, text, len);
  copied[len] = '\0';
  fault = read_long(out, copied, whole);
  if (copied != small) free(copied);
  return fault;
}
