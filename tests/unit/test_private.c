/* Which paths count as secrets and key material. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../core/base/private.h"

static void private_paths_are_known(void **state)
{
  (void)state;
  static const char *const yes[] = {
      "secrets",  "secrets/KEY", "SECRETS/x",      ".git",         "a/.git/config", ".env",
      ".env.lab", "a/.ENV.x",    "id_rsa",         "a/id_ed25519", "x.pem",         "a/x.KEY",
      "a.p12",    "keys.age",    "a//secrets.pem", ".tlab/rows",   "a/.TLAB",
  };
  static const char *const no[] = {
      ".",           "a/b", "secretsx",  "my-secrets", ".gitignore",  ".envrc",   "id_",
      "id_list.csv", "pem", "x.pem.txt", "keys",       "environment", "a/secret", ".tlab2",
  };
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
    if (!tl_private_path(yes[i], false)) {
      fail_msg("%s is private", yes[i]);
    }
  }
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
    if (tl_private_path(no[i], true)) {
      fail_msg("%s is not private", no[i]);
    }
  }
}

static void a_folder_of_secrets_counts_at_the_top_or_anywhere(void **state)
{
  (void)state;
  assert_false(tl_private_path("a/secrets/x", false));
  assert_true(tl_private_path("a/secrets/x", true));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(private_paths_are_known),
      cmocka_unit_test(a_folder_of_secrets_counts_at_the_top_or_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
