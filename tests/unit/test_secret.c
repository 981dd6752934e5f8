/* Secrets: bound to hosts, never short, found in every encoding, also when split over pieces (O4, N3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/gate/secret.h"

static const char VALUE[] = "sk-canary/+\"\\=12345";

static tl_secrets load(const char *value)
{
  tl_secrets s;
  tl_val bound;
  tl_err e;
  static const char json[] =
      "{\"KEY_UNDER_TEST\":{\"hosts\":[\"api.example.com:443\",\"127.0.0.1:*\"]}}";
  assert_int_equal(setenv("KEY_UNDER_TEST", value, 1), 0);
  assert_int_equal(tl_json_read(&bound, json, strlen(json), &e), TL_OK);
  assert_int_equal(tl_secrets_load(&s, &bound, NULL, -1, &e), TL_OK);
  tl_free(&bound);
  assert_null(getenv("KEY_UNDER_TEST")); /* no child inherits it */
  return s;
}

static void goes_only_where_it_is_bound(void **state)
{
  (void)state;
  tl_secrets s = load(VALUE);
  const char *value = NULL;
  tl_err e;
  assert_int_equal(
      tl_secret_value(&s, "KEY_UNDER_TEST", "https", "api.example.com", 443, &value, &e), TL_OK);
  assert_string_equal(value, VALUE);
  assert_int_equal(tl_secret_value(&s, "KEY_UNDER_TEST", "http", "127.0.0.1", 8080, &value, &e),
                   TL_OK);
  assert_int_equal(
      tl_secret_value(&s, "KEY_UNDER_TEST", "http", "api.example.com", 443, &value, &e),
      TL_ENOT_PERMITTED);
  assert_int_equal(tl_secret_value(&s, "KEY_UNDER_TEST", "https", "evil.com", 443, &value, &e),
                   TL_ENOT_PERMITTED);
  assert_non_null(strstr(e.msg, "api.example.com:443")); /* says where it is bound to */
  assert_int_equal(tl_secret_value(&s, "OTHER", "https", "api.example.com", 443, &value, &e),
                   TL_ENOT_PERMITTED);
  tl_secrets_free(&s);
}

static void short_values_are_refused(void **state)
{
  (void)state;
  tl_secrets s;
  tl_val bound;
  tl_err e;
  static const char json[] = "{\"SHORT_KEY\":{\"hosts\":[\"a.com\"]}}";
  assert_int_equal(setenv("SHORT_KEY", "abc", 1), 0);
  assert_int_equal(tl_json_read(&bound, json, strlen(json), &e), TL_OK);
  assert_int_equal(tl_secrets_load(&s, &bound, NULL, -1, &e), TL_EINVALID);
  assert_null(strstr(e.msg, "abc"));
  tl_free(&bound);
  tl_secrets_free(&s);
}

static void scrubbed_in_every_encoding(void **state)
{
  (void)state;
  tl_secrets s = load(VALUE);
  static const char *const forms[] = {
      "sk-canary/+\"\\=12345",         /* as it is */
      "sk-canary/+\\\"\\\\=12345",     /* in JSON */
      "sk-canary%2F%2B%22%5C%3D12345", /* in a URL */
      "sk-canary%2f%2b%22%5c%3d12345",
      "736b2d63616e6172792f2b225c3d3132333435", /* hex */
      "736B2D63616E6172792F2B225C3D3132333435",
      "c2stY2FuYXJ5LysiXD0xMjM0NQ==",     /* base64 */
      "dXNlcjpzay1jYW5hcnkvKyJcPTEyMzQ1", /* base64("user:" value) */
      "OnNrLWNhbmFyeS8rIlw9MTIzNDU=",     /* base64(":" value) */
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    tl_buf b = TL_BUF(4096);
    assert_int_equal(tl_buf_fmt(&b, "before %s after", forms[i]), TL_OK);
    tl_secrets_scrub_buf(&s, &b);
    if (!strstr(b.data, "<secret:KEY_UNDER_TEST>"))
      fail_msg("not found in %s: %s", forms[i], b.data);
    tl_buf_free(&b);
  }
  tl_secrets_free(&s);
}

static void scrubbed_in_deep_values_keys_and_messages(void **state)
{
  (void)state;
  tl_secrets s = load(VALUE);
  tl_val v = tl_map(), list = tl_list();
  (void)tl_push(&list, tl_str(VALUE));
  (void)tl_put(&v, "list", list);
  (void)tl_put(&v, VALUE, tl_int(1));
  tl_secrets_scrub(&s, &v);
  assert_string_equal(tl_at(tl_get(&v, "list"), 0)->u.s.data, "<secret:KEY_UNDER_TEST>");
  assert_non_null(tl_get(&v, "<secret:KEY_UNDER_TEST>"));
  tl_err e;
  (void)tl_fail(&e, TL_ENETWORK, "the server said: bad key %s", VALUE);
  tl_secrets_scrub_err(&s, &e);
  assert_string_equal(e.msg, "the server said: bad key <secret:KEY_UNDER_TEST>");
  tl_free(&v);
  tl_secrets_free(&s);
}

static void a_beginning_at_the_end_is_held_back(void **state)
{
  (void)state;
  tl_secrets s = load(VALUE);
  for (size_t n = 1; n < sizeof VALUE - 1; n++) {
    tl_buf b = TL_BUF(4096);
    (void)tl_buf_str(&b, "text ");
    (void)tl_buf_add(&b, VALUE, n);
    assert_true(tl_secrets_partial(&s, &b) >= n);
    tl_buf_free(&b);
  }
  tl_buf b = TL_BUF(64);
  (void)tl_buf_str(&b, "nothing of it!");
  assert_int_equal(tl_secrets_partial(&s, &b), 0);
  tl_buf_free(&b);
  tl_secrets_free(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(goes_only_where_it_is_bound),
      cmocka_unit_test(short_values_are_refused),
      cmocka_unit_test(scrubbed_in_every_encoding),
      cmocka_unit_test(scrubbed_in_deep_values_keys_and_messages),
      cmocka_unit_test(a_beginning_at_the_end_is_held_back),
  };
  return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
