/* SHA-256 against published digests (FIPS 180-4 examples), in pieces and of files. */
#include "fs_help.h"

#include "core/prim/hash.h"

static const struct {
  const char *text, *hex;
} known[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void digests_are_those_of_the_standard(void **state)
{
  char hex[65];
  tl_err e = {0};

  (void)state;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    tl_val args[3] = {tl_str(known[i].text), tl_nil(), tl_nil()};
    assert_int_equal(tl_sha256(hex, known[i].text, strlen(known[i].text), &e), TL_OK);
    assert_string_equal(hex, known[i].hex);
    assert_int_equal(call(prim_hash_bytes, args, ".", NULL, false), TL_OK);
    assert_string_equal(got.out.u.s.data, known[i].hex);
  }
}

static void pieces_give_the_same_as_the_whole(void **state)
{
  char hex[65];
  tl_hasher a, b;
  tl_err e = {0};

  (void)state;
  assert_int_equal(tl_sha256_begin(&a, &e), TL_OK);
  assert_int_equal(tl_sha256_begin(&b, &e), TL_OK); /* two at once do not mix */
  assert_int_equal(tl_sha256_update(&a, "a", 1, &e), TL_OK);
  assert_int_equal(tl_sha256_update(&b, "other", 5, &e), TL_OK);
  assert_int_equal(tl_sha256_update(&a, "", 0, &e), TL_OK);
  assert_int_equal(tl_sha256_update(&a, "bc", 2, &e), TL_OK);
  tl_sha256_drop(&b);
  tl_sha256_drop(&b);
  assert_int_equal(tl_sha256_end(&a, hex, &e), TL_OK);
  assert_string_equal(hex, known[1].hex);
  tl_sha256_drop(&a);
}

/* Sizes around the chunk that a read moves, compared with another program. */
static void files_of_any_size_hash_as_sha256sum_says(void **state)
{
  static const int sizes[] = {0, 1, 262143, 262144, 262145, 524288, 1000003};
  char want[128];

  (void)state;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    FILE *f;
    assert_int_equal(shell("head -c %d /dev/urandom > f; sha256sum f > sum", sizes[i]), 0);
    f = fdopen(openat(root, "sum", O_RDONLY), "r");
    assert_non_null(f);
    assert_int_equal(fread(want, 1, 64, f), 64);
    (void)fclose(f);
    want[64] = '\0';
    assert_int_equal(ask(prim_hash_file, "f"), TL_OK);
    assert_string_equal(tl_get_str(&got.out, "sha256", ""), want);
    assert_int_equal(tl_get_int(&got.out, "size", -1), sizes[i]);
    assert_int_equal(ask_copy("f", "g"), TL_OK);
    assert_string_equal(tl_get_str(&got.out, "sha256", ""), want);
    assert_int_equal(shell("cmp -s f g"), 0);
  }
  assert_int_equal(ask(prim_hash_file, "none"), TL_ENOT_FOUND);
}

/* A hostile configuration file would load foreign code, or at least make the digest fail. It is
 * named before anything is hashed, hence this is the first test and a process of its own. */
static void the_configuration_file_of_openssl_is_not_read(void **state)
{
  char path[128], hex[65];
  tl_err e = {0};

  (void)state;
  assert_int_equal(shell("printf 'openssl_conf = i\\n[i]\\nproviders = p\\n[p]\\nevil = s\\n[s]\\n"
                         "module = /no/such.so\\nactivate = 1\\n' > evil.cnf"),
                   0);
  (void)snprintf(path, sizeof path, "%s/root/evil.cnf", top);
  (void)setenv("OPENSSL_CONF", path, 1);
  assert_int_equal(tl_sha256(hex, "abc", 3, &e), TL_OK);
  assert_string_equal(hex, known[1].hex);
  (void)unsetenv("OPENSSL_CONF");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(the_configuration_file_of_openssl_is_not_read),
      TEST(digests_are_those_of_the_standard),
      TEST(pieces_give_the_same_as_the_whole),
      TEST(files_of_any_size_hash_as_sha256sum_says),
  };

  return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
