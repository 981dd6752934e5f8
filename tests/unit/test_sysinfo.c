/* sys.info tells what the machine is and opens nothing for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../../core/base/buf.h"
#include "../../core/base/json.h"
#include "../../core/prim/prim.h"

static tl_val ask(void)
{
  tl_call call = {0};
  assert_int_equal(prim_sys_info(&call), 0);
  return call.out;
}

static void libraries_appear_once_they_are_open(void **state)
{
  (void)state;
  tl_val before = ask();
  int major = 0;
  const char *openssl = tl_get_str(tl_get(&before, "libraries"), "openssl", "");
  assert_int_equal(sscanf(openssl, "%d.", &major), 1); /* its SHA-256 is linked in */
  assert_true(major >= 3);
  assert_int_equal(tl_len(tl_get(&before, "libraries")), 1);
  tl_free(&before);
  assert_null(dlopen("libgit2.so.1.5", RTLD_LAZY | RTLD_NOLOAD));
  assert_non_null(dlopen("libcurl.so.4", RTLD_LAZY));
  tl_val after = ask();
  assert_non_null(tl_get(tl_get(&after, "libraries"), "libcurl"));
  assert_null(tl_get(tl_get(&after, "libraries"), "libgit2"));
  tl_free(&after);
}

static void machine_and_processor_are_named(void **state)
{
  (void)state;
  tl_val info = ask();
  struct utsname name;
  assert_int_equal(uname(&name), 0);
  assert_string_equal(tl_get_str(&info, "machine", ""), name.machine);
  assert_non_null(strstr(tl_get_str(&info, "kernel", ""), name.release));
  assert_int_equal(tl_get(tl_get(&info, "cpu"), "flags")->type, TL_LIST);
  tl_free(&info);
}

#ifdef __x86_64__
static bool listed(const tl_val *flags, const char *flag)
{
  for (size_t i = 0; i < tl_len(flags); i++) {
    if (strcmp(tl_at(flags, i)->u.s.data, flag) == 0) {
      return true;
    }
  }
  return false;
}

static void flags_agree_with_the_processor(void **state)
{
  (void)state;
  tl_val info = ask();
  const tl_val *flags = tl_get(tl_get(&info, "cpu"), "flags");
  assert_int_equal(listed(flags, "avx"), __builtin_cpu_supports("avx") != 0);
  assert_int_equal(listed(flags, "avx2"), __builtin_cpu_supports("avx2") != 0);
  assert_int_equal(listed(flags, "fma"), __builtin_cpu_supports("fma") != 0);
  assert_int_equal(listed(flags, "avx512f"), __builtin_cpu_supports("avx512f") != 0);
  assert_int_equal(listed(flags, "sse4_2"), __builtin_cpu_supports("sse4.2") != 0);
  tl_free(&info);
}
#endif

static void no_host_and_no_user_name(void **state)
{
  (void)state;
  tl_val info = ask();
  tl_buf text = TL_BUF(1 << 16);
  tl_err e = {0};
  char host[256] = "";
  assert_int_equal(gethostname(host, sizeof host - 1), 0);
  assert_int_equal(tl_json_write(&text, &info, &e), 0);
  assert_null(strstr(text.data, "nodename"));
  if (strlen(host) > 3) { /* a shorter one may be part of any word */
    assert_null(strstr(text.data, host));
  }
  tl_buf_free(&text);
  tl_free(&info);
}

static void libraries_on_demand_are_opened_and_named(void **state)
{
  static const char *const names[] = {"libcurl", "libgit2", "libedit", "openssl"};
  tl_call call = {0};

  (void)state;
  assert_int_equal(prim_sys_libraries(&call), 0);
  assert_int_equal(tl_len(&call.out), sizeof names / sizeof *names);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const tl_val *library = tl_at(&call.out, i);
    assert_string_equal(tl_get_str(library, "name", ""), names[i]);
    assert_true(tl_get_str(library, "found", "")[0] >= '0');
    if (strcmp(names[i], "libedit") == 0) /* its header has no version of the library */
      assert_null(tl_get(library, "built"));
    else assert_true(tl_get_str(library, "built", "")[0] >= '0');
    assert_int_equal(tl_get_str(library, "path", "")[0], '/');
  }
  tl_free(&call.out);
}

static void the_process_is_told_as_it_is(void **state)
{
  tl_call call = {0};
  mode_t old = umask(027);

  (void)state;
  assert_int_equal(prim_sys_self(&call), 0);
  assert_int_equal(umask(old), 027); /* asking changes nothing */
  assert_int_equal(tl_get(&call.out, "umask")->u.i, 027);
  assert_int_equal(tl_get(&call.out, "root")->u.b, geteuid() == 0);
  assert_true(tl_get(&call.out, "openat2")->u.b);
  assert_non_null(tl_get(tl_get(&call.out, "programs"), "network"));
  assert_int_equal(tl_get(&call.out, "cleared")->type, TL_LIST);
  tl_free(&call.out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(libraries_appear_once_they_are_open),
      cmocka_unit_test(machine_and_processor_are_named),
#ifdef __x86_64__
      cmocka_unit_test(flags_agree_with_the_processor),
#endif
      cmocka_unit_test(no_host_and_no_user_name),
      cmocka_unit_test(libraries_on_demand_are_opened_and_named),
      cmocka_unit_test(the_process_is_told_as_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
