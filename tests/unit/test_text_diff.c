/* text.diff: what it says, and that git applied to the one text it gives the other. */
#include "git_help.h"

static result diff(const char *a, size_t a_len, const char *b, size_t b_len, tl_val how)
{
  tl_val args[3] = {tl_strn(a, a_len), tl_strn(b, b_len), how};
  tl_call call = {.args = args};
  result r = {.rc = prim_text_diff(&call)};
  r.out = call.out;
  r.err = call.err;
  for (size_t i = 0; i < 3; i++) {
    tl_free(&args[i]);
  }
  assert_true(r.rc == 0 || (r.out.type == TL_NIL && r.err.code == r.rc));
  return r;
}

static void gives(const char *a, const char *b, tl_val how, const char *want)
{
  result r = diff(a, strlen(a), b, strlen(b), how);
  assert_int_equal(r.rc, 0);
  assert_string_equal(r.out.u.s.data, want);
  tl_free(&r.out);
}

static tl_val with_context(int64_t lines)
{
  tl_val how = tl_map();
  tl_put(&how, "context", tl_int(lines));
  return how;
}

static void what_it_says(void **state)
{
  (void)state;
  tl_val names = with_context(0);
  tl_put(&names, "from", tl_str("x/old name"));
  tl_put(&names, "to", tl_str("y/new"));
  gives("", "", tl_nil(), "");
  gives("same", "same", tl_nil(), "");
  gives("1\n2\n3\n", "1\nTWO\n3\n", tl_nil(), "--- a\n+++ b\n@@ -1,3 +1,3 @@\n 1\n-2\n+TWO\n 3\n");
  gives("1\n2\n3\n", "1\nTWO\n3\n", names, "--- x/old name\n+++ y/new\n@@ -2 +2 @@\n-2\n+TWO\n");
  gives("", "1\n", tl_nil(), "--- a\n+++ b\n@@ -0,0 +1 @@\n+1\n");
  gives("1\n", "1", tl_nil(), "--- a\n+++ b\n@@ -1 +1 @@\n-1\n+1\n\\ No newline at end of file\n");
  gives("1\r\n", "1\n", tl_nil(), "--- a\n+++ b\n@@ -1 +1 @@\n-1\r\n+1\n");
  /* Text that looks like the head of a hunk is text. */
  gives("@@ -1 +1 @@\n", "@@ \n", tl_nil(), "--- a\n+++ b\n@@ -1 +1 @@\n-@@ -1 +1 @@\n+@@ \n");
}

static void any_bytes_are_text(void **state)
{
  (void)state;
  static const char a[] = "\0\xff\x1b[31m\n", b[] = "\0\xfe\n";
  static const char want[] = "--- a\n+++ b\n@@ -1 +1 @@\n-\0\xff\x1b[31m\n+\0\xfe\n";
  result r = diff(a, sizeof a - 1, b, sizeof b - 1, tl_nil());
  assert_int_equal(r.rc, 0);
  assert_int_equal(r.out.u.s.len, sizeof want - 1);
  assert_memory_equal(r.out.u.s.data, want, sizeof want - 1);
  tl_free(&r.out);
}

static void refuses(const char *key, tl_val value)
{
  tl_val how = tl_map();
  tl_put(&how, key, value);
  result r = diff("a", 1, "b", 1, how);
  assert_int_equal(r.rc, TL_EARGUMENT);
  assert_non_null(strstr(r.err.msg, key));
}

static void names_and_context_are_checked(void **state)
{
  (void)state;
  refuses("from", tl_str("two\nlines"));
  refuses("from", tl_str(""));
  refuses("to", tl_strn("a\0b", 3));
  refuses("to", tl_int(1));
  refuses("context", tl_int(-1));
  refuses("context", tl_int(1000001));
  refuses("context", tl_str("3"));
}

static void a_limit_on_both_together(void **state)
{
  (void)state;
  size_t half = (32u << 20) + 1;
  char *text = malloc(half);
  assert_non_null(text);
  memset(text, 'x', half);
  result r = diff(text, half, text, half, tl_nil());
  assert_int_equal(r.rc, TL_ELIMIT);
  free(text);
}

/* Lines of few kinds, so that much is alike; with zero bytes, and now and then no last newline. */
static size_t some_text(char *out, unsigned *seed)
{
  static const char *const lines[] = {"a\n", "b\n", "\n", "@@ x\n", "-\n", "+++ b\n", "\r\n", "z"};
  size_t n = (size_t)rand_r(seed) % 40, len = 0;
  for (size_t i = 0; i < n; i++) {
    const char *line = lines[(size_t)rand_r(seed) % (sizeof lines / sizeof *lines)];
    memcpy(out + len, line, strlen(line));
    len += strlen(line);
  }
  return len;
}

static void save(const char *name, const void *data, size_t len)
{
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", base, name);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(data, 1, len, f), len);
  assert_int_equal(fclose(f), 0);
}

/* A hundred pairs, all applied by one git: a process each would take long. */
static void applied_it_gives_the_other_text(void **state)
{
  (void)state;
  unsigned seed = 20261123;
  char a[400], b[400], name[64];
  sh("mkdir have want");
  for (int i = 0; i < 100; i++) {
    size_t a_len = 1 + some_text(a + 1, &seed), b_len = 1 + some_text(b + 1, &seed);
    a[0] = b[0] = 'x'; /* never empty: such a file's patch is one that adds or removes it */
    tl_val how = tl_map();
    (void)snprintf(name, sizeof name, "a/%d", i);
    tl_put(&how, "from", tl_str(name));
    (void)snprintf(name, sizeof name, "b/%d", i);
    tl_put(&how, "to", tl_str(name));
    result r = diff(a, a_len, b, b_len, how);
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.out.u.s.len == 0, a_len == b_len && memcmp(a, b, a_len) == 0);
    (void)snprintf(name, sizeof name, "have/%d", i);
    save(name, a, a_len);
    (void)snprintf(name, sizeof name, "want/%d", i);
    save(name, b, b_len);
    (void)snprintf(name, sizeof name, "%d.patch", i);
    save(name, r.out.u.s.data, r.out.u.s.len);
    tl_free(&r.out);
  }
  sh("cat *.patch >all; cd have; git apply --whitespace=nowarn ../all; diff -r . ../want");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_it_says),
      cmocka_unit_test(any_bytes_are_text),
      cmocka_unit_test(names_and_context_are_checked),
      cmocka_unit_test(a_limit_on_both_together),
      cmocka_unit_test(applied_it_gives_the_other_text),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
