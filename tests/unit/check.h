/* What every unit test includes: cmocka and what it needs before it. */
#ifndef TL_TESTS_CHECK_H
#define TL_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The text contains the part; prints both when not. */
static inline void check_has(const char *text, const char *part, const char *file, int line)
{
  if (!strstr(text, part)) {
    print_error("'%s' is not in '%s'\n", part, text);
    _fail(file, line);
  }
}
#define assert_has(text, part) check_has(text, part, __FILE__, __LINE__)

#endif
