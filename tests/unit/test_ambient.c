/* The ambient variables go, all others stay, and the list names what went. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../core/prim/confine.h"

static const char *const hostile[] = {
    "http_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "all_proxy",
    "ftp_proxy",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
    "OPENSSL_ENGINES",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSLKEYLOGFILE",
    "NIX_SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "CURL_HOME",
    "CURL_SSL_BACKEND",
    "LUA_PATH",
    "LUA_PATH_5_4",
    "LUA_CPATH",
    "LUA_INIT",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_CONFIG_GLOBAL",
    "GIT_SSH_COMMAND",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "MALLOC_PERTURB_",
    "MALLOC_ARENA_MAX",
    "GLIBC_TUNABLES",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_NUMERIC",
    "TZ",
    "TZDIR",
    "RES_OPTIONS",
    "HOSTALIASES",
    "LOCALDOMAIN",
};

static const char *const harmless[] = {
    "PATH",      "HOME",       "TERM",  "NO_COLOR", "OPENAI_API_KEY",
    "LANGSMITH", "MY_GIT_DIR", "PROXY", "TZX",      "LDFLAGS",
};

enum { HOSTILE = sizeof hostile / sizeof *hostile, HARMLESS = sizeof harmless / sizeof *harmless };

static void clears_what_libraries_read(void **state)
{
  (void)state;
  assert_int_equal(clearenv(), 0);
  for (size_t i = 0; i < HARMLESS; i++) {
    assert_int_equal(setenv(harmless[i], "kept", 1), 0);
  }
  for (size_t i = 0; i < HOSTILE; i++) {
    assert_int_equal(setenv(hostile[i], "hostile-value", 1), 0);
  }
  tl_ambient_clear();
  for (size_t i = 0; i < HOSTILE; i++) {
    assert_null(getenv(hostile[i]));
  }
  for (size_t i = 0; i < HARMLESS; i++) {
    assert_string_equal(getenv(harmless[i]), "kept");
  }
}

static void remembers_names_sorted_and_no_values(void **state)
{
  (void)state;
  const tl_val *names = tl_ambient_cleared();
  assert_int_equal(tl_len(names), HOSTILE);
  for (size_t i = 0; i < HOSTILE; i++) {
    const char *name = tl_at(names, i)->u.s.data;
    assert_null(strstr(name, "hostile-value"));
    assert_true(i == 0 || strcmp(tl_at(names, i - 1)->u.s.data, name) < 0);
  }
}

static void clearing_again_changes_nothing(void **state)
{
  (void)state;
  tl_ambient_clear();
  assert_int_equal(tl_len(tl_ambient_cleared()), HOSTILE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clears_what_libraries_read),
      cmocka_unit_test(remembers_names_sorted_and_no_values),
      cmocka_unit_test(clearing_again_changes_nothing),
  };
  cmocka_set_message_output(CM_OUTPUT_TAP); /* the variable that asks for it is cleared, too */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
