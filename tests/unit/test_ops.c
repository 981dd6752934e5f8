/* Signatures of the operations table (core/gate/ops.def), read as parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/gate/ops.h"

static void maps_and_lists_are_told_by_what_they_are_of(void **state)
{
  static const tl_op op = {.sig = "request:{url:s, of:{a:i, b:s[]}[]?}, names:s[]?, n:i"};
  tl_param params[TL_PARAMS_MAX];
  (void)state;
  assert_int_equal(tl_op_params(&op, params), 3);
  assert_string_equal(params[0].name, "request");
  assert_int_equal(params[0].type, 'm');
  assert_false(params[0].optional);
  assert_string_equal(params[1].name, "names");
  assert_int_equal(params[1].type, 'l');
  assert_true(params[1].optional);
  assert_string_equal(params[2].name, "n");
  assert_int_equal(params[2].type, 'i');
}

static void every_signature_is_whole(void **state)
{
  (void)state;
  for (const tl_op *op = tl_ops; op->name; op++) {
    tl_param params[TL_PARAMS_MAX];
    unsigned n = tl_op_params(op, params);
    for (unsigned i = 0; i < n; i++) {
      assert_non_null(strchr("sinblmarw", params[i].type));
      assert_true(strspn(params[i].name, "abcdefghijklmnopqrstuvwxyz_") == strlen(params[i].name));
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(maps_and_lists_are_told_by_what_they_are_of),
      cmocka_unit_test(every_signature_is_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
