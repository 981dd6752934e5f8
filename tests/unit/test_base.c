/* Buffers, errors and values. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/base/buf.h"
#include "../../core/base/json.h"
#include "../../core/base/val.h"
#include "check.h"

/* --- buffers -------------------------------------------------------------------------------- */

static void buf_grows_and_ends_in_nul(void **state)
{
  tl_buf b = TL_BUF(1000000);

  (void)state;
  assert_null(b.data);
  for (int i = 0; i < 10000; i++) assert_int_equal(tl_buf_fmt(&b, "%d,", i % 10), 0);
  assert_int_equal(tl_buf_str(&b, "end"), 0);
  assert_int_equal(tl_buf_byte(&b, '!'), 0);
  assert_int_equal(b.len, 20004);
  assert_int_equal(b.data[b.len], 0);
  assert_string_equal(b.data + 20000, "end!");
  tl_buf_free(&b);
  assert_null(b.data);
  assert_int_equal(b.max, 1000000);
}

static void buf_takes_a_large_piece_at_once(void **state)
{
  static const char large[100000];
  tl_buf b = TL_BUF(sizeof large + 3);

  (void)state;
  assert_int_equal(tl_buf_str(&b, "abc"), 0);
  assert_int_equal(tl_buf_add(&b, large, sizeof large), 0);
  assert_int_equal(tl_buf_byte(&b, 'x'), TL_ELIMIT);
  assert_true(b.cap > b.len);
  tl_buf_free(&b);
}

static void buf_keeps_its_maximum(void **state)
{
  tl_buf b = TL_BUF(5);

  (void)state;
  assert_int_equal(tl_buf_str(&b, "12345"), 0);
  assert_int_equal(tl_buf_byte(&b, '6'), TL_ELIMIT);
  assert_int_equal(tl_buf_fmt(&b, "%d", 6), TL_ELIMIT);
  assert_int_equal(tl_buf_add(&b, "x", SIZE_MAX), TL_ELIMIT);
  assert_int_equal(tl_buf_add(&b, "x", SIZE_MAX - 4), TL_ELIMIT);
  assert_string_equal(b.data, "12345");
  assert_int_equal(tl_buf_add(&b, NULL, 0), 0);
  assert_true(b.cap >= 6);
  tl_buf_free(&b);
}

static void buf_shift_take_clear(void **state)
{
  tl_buf b = TL_BUF(100);
  size_t len = 9;
  char *taken;

  (void)state;
  taken = tl_buf_take(&b, &len);
  assert_string_equal(taken, "");
  assert_int_equal(len, 0);
  free(taken);
  assert_int_equal(tl_buf_str(&b, "abcdef"), 0);
  tl_buf_shift(&b, 2);
  assert_string_equal(b.data, "cdef");
  tl_buf_shift(&b, 99);
  assert_string_equal(b.data, "");
  assert_int_equal(tl_buf_add(&b, "a\0b", 3), 0);
  taken = tl_buf_take(&b, &len);
  assert_int_equal(len, 3);
  assert_memory_equal(taken, "a\0b", 4);
  assert_null(b.data);
  free(taken);
  tl_buf_clear(&b);
  assert_null(b.data);
}

/* --- errors --------------------------------------------------------------------------------- */

static void err_returns_its_code(void **state)
{
  tl_err e;

  (void)state;
  assert_int_equal(tl_fail(&e, TL_EINVALID, "no %s in line %d", "name", 3), TL_EINVALID);
  assert_int_equal(e.code, TL_EINVALID);
  assert_string_equal(e.msg, "no name in line 3");
  assert_int_equal(tl_fail(NULL, TL_EIO, "nobody listens"), TL_EIO);
  assert_int_equal(tl_fail_errno(NULL, ENOSPC, "nobody listens"), TL_ESTORAGE);
}

static void err_of_errno(void **state)
{
  static const struct {
    int err, code;
  } rows[] = {
      {ENOENT, TL_ENOT_FOUND},
      {ENOTDIR, TL_ENOT_FOUND},
      {ENOSPC, TL_ESTORAGE},
      {EDQUOT, TL_ESTORAGE},
      {EROFS, TL_ESTORAGE},
      {EFBIG, TL_ESTORAGE},
      {ELOOP, TL_EREFUSED},
      {EXDEV, TL_EREFUSED},
      {EEXIST, TL_EEXISTS},
      {EMFILE, TL_ELIMIT},
      {EINTR, TL_EINTERRUPTED},
      {ETIMEDOUT, TL_ETIMEOUT},
      {ECONNREFUSED, TL_ENETWORK},
      {ENOSYS, TL_EUNSUPPORTED},
      {EIO, TL_EIO},
      {EACCES, TL_EIO},
  };
  tl_err e;

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_int_equal(tl_fail_errno(&e, rows[i].err, "x"), rows[i].code);
  assert_int_equal(tl_fail_errno(&e, ENOENT, "cannot open %s", "a.json"), TL_ENOT_FOUND);
  assert_string_equal(e.msg, "cannot open a.json: No such file or directory");
}

/* A file name or a server's words must not break the line, the terminal or the record. */
static void err_is_one_plain_line(void **state)
{
  tl_err e;

  (void)state;
  (void)tl_fail(&e, TL_EIO, "%s", "a\nb\tc\x1b[31m\x7f\xc2\x9b\xff\xed\xa0\x80 \xc3\xa4");
  assert_int_equal(tl_utf8_valid(e.msg, strlen(e.msg)), strlen(e.msg));
  for (const char *p = e.msg; *p; p++) assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
  assert_has(e.msg, "a b c?[31m");
  assert_has(e.msg, " \xc3\xa4");
}

static void err_is_cut_at_a_character(void **state)
{
  char text[3000];
  tl_err e;

  (void)state;
  for (size_t shift = 0; shift < 4; shift++) {
    memset(text, 'a', sizeof text);
    for (size_t i = 900 + shift; i + 4 < sizeof text; i += 4)
      memcpy(text + i, "\xf0\x9f\x98\x80", 4);
    text[sizeof text - 1] = '\0';
    (void)tl_fail(&e, TL_EIO, "%s", text);
    assert_in_range(strlen(e.msg), TL_ERR_MAX - 5, TL_ERR_MAX - 1);
    assert_null(strchr(e.msg, '?'));
    (void)tl_fail_errno(&e, ENOENT, "%s", text);
    assert_has(e.msg, ": No such file or directory");
    assert_null(strchr(e.msg, '?'));
  }
}

static void err_names_and_exit_codes(void **state)
{
  (void)state;
  assert_string_equal(tl_code_name(TL_ENOT_FOUND), "NOT_FOUND");
  assert_string_equal(tl_code_name(TL_OK), "OK");
  assert_string_equal(tl_code_name(-9999), "BUG");
  assert_int_equal(tl_code_of("NOT_PERMITTED"), TL_ENOT_PERMITTED);
  assert_int_equal(tl_code_of("no such code"), TL_EBUG);
  assert_int_equal(tl_code_exit(TL_ENOT_PERMITTED), 4);
  assert_int_equal(tl_code_exit(TL_EINTERRUPTED), 130);
  assert_int_equal(tl_code_exit(TL_OK), 0);
  assert_int_equal(tl_code_exit(-9999), 70);
  assert_has(tl_code_help(TL_ESTORAGE), "disk");
}

/* What a process ends with that does `what`. */
static int exit_code_of(void (*what)(void))
{
  int status = 0;
  pid_t child = fork();

  if (child == 0) {
    if (!freopen("/dev/null", "w", stderr)) _exit(1);
    what();
    _exit(0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void say_bug(void)
{
  TL_BUG("tried out");
}

static void want_too_much(void)
{
  free(tl_alloc(SIZE_MAX / 4));
}

static void bug_ends_with_70(void **state)
{
  (void)state;
  assert_int_equal(exit_code_of(say_bug), 70);
#ifdef TL_SANITIZED
  (void)want_too_much; /* AddressSanitizer ends such a process itself */
#else
  assert_int_equal(exit_code_of(want_too_much), 70);
#endif
}

/* --- values --------------------------------------------------------------------------------- */

static tl_val sample(void)
{
  tl_val m = tl_map(), list = tl_list();

  (void)tl_push(&list, tl_nil());
  (void)tl_push(&list, tl_bool(true));
  (void)tl_push(&list, tl_num(0.5));
  (void)tl_put(&m, "n", tl_int(7));
  (void)tl_put(&m, "s", tl_strn("a\0b", 3));
  (void)tl_put(&m, "list", list);
  (void)tl_put(&m, "key", tl_secret("OPENAI_API_KEY"));
  return m;
}

static void val_look_ups(void **state)
{
  tl_val m = sample();
  const tl_val *list = tl_get(&m, "list");

  (void)state;
  assert_int_equal(tl_get_int(&m, "n", 0), 7);
  assert_true(tl_get_num(&m, "n", 0) == 7.0);
  assert_int_equal(tl_get_int(&m, "s", -1), -1);
  assert_string_equal(tl_get_str(&m, "key", "a secret is no string"), "a secret is no string");
  assert_string_equal(tl_get_str(&m, "gone", "dflt"), "dflt");
  assert_true(tl_get_bool(&m, "gone", true));
  assert_int_equal(tl_len(list), 3);
  assert_int_equal(tl_len(tl_get(&m, "s")), 3);
  assert_true(tl_at(list, 1)->u.b);
  assert_null(tl_at(list, 3));
  assert_null(tl_at(&m, 0));
  assert_null(tl_get(list, "n"));
  assert_null(tl_get(NULL, "n"));
  assert_int_equal(tl_len(NULL), 0);
  tl_get_mut(&m, "n")->u.i = 8;
  assert_int_equal(tl_get_int(&m, "n", 0), 8);
  tl_free(&m);
  assert_int_equal(m.type, TL_NIL);
  tl_free(&m);
}

static void val_whole_numbers(void **state)
{
  tl_val m = tl_map();

  (void)state;
  (void)tl_put(&m, "whole", tl_num(3.0));
  (void)tl_put(&m, "half", tl_num(3.5));
  (void)tl_put(&m, "huge", tl_num(1e300));
  assert_int_equal(tl_get_int(&m, "whole", 0), 3);
  assert_int_equal(tl_get_int(&m, "half", -1), -1);
  assert_int_equal(tl_get_int(&m, "huge", -1), -1);
  tl_free(&m);
}

static void val_put_replaces(void **state)
{
  tl_val m = tl_map();

  (void)state;
  (void)tl_put(&m, "a", tl_str("one"));
  (void)tl_put(&m, "b", tl_int(2));
  (void)tl_put(&m, "a", tl_str("three"));
  assert_int_equal(tl_len(&m), 2);
  assert_string_equal(tl_get_str(&m, "a", ""), "three");
  assert_string_equal(m.u.map.pairs[0].key, "a");
  (void)tl_putn(&m, "a\0x", 3, tl_int(4)); /* another key */
  assert_string_equal(tl_get_str(&m, "a", ""), "three");
  tl_free(&m);
}

static void val_copy_is_equal_and_apart(void **state)
{
  tl_val m = sample(), copy = tl_copy(&m);

  (void)state;
  assert_true(tl_equal(&m, &copy));
  tl_get_mut(&copy, "list")->u.list.items[1].u.b = false;
  assert_false(tl_equal(&m, &copy));
  tl_free(&copy);
  tl_free(&m);
}

static void val_equal_rules(void **state)
{
  tl_val a = tl_map(), b = tl_map(), big = tl_int((INT64_C(1) << 53) + 1), near = tl_num(0x1p53);
  tl_val one = tl_int(1), also = tl_num(1.0), limit = tl_int(INT64_MAX), above = tl_num(0x1p63);
  tl_val word = tl_str("k"), secret = tl_secret("k");

  (void)state;
  (void)tl_put(&a, "x", tl_int(1));
  (void)tl_put(&a, "y", tl_int(2));
  (void)tl_put(&b, "y", tl_num(2));
  (void)tl_put(&b, "x", tl_int(1));
  assert_true(tl_equal(&a, &b));
  (void)tl_put(&b, "z", tl_nil());
  assert_false(tl_equal(&a, &b));
  assert_true(tl_equal(&one, &also));
  assert_false(tl_equal(&big, &near));
  assert_false(tl_equal(&limit, &above));
  assert_false(tl_equal(&word, &secret));
  tl_free(&a);
  tl_free(&b);
  tl_free(&word);
  tl_free(&secret);
}

static void val_dup_key(void **state)
{
  tl_val m = tl_map();
  char key[16];

  (void)state;
  assert_int_equal(tl_dup_key(&m), 0);
  for (int i = 0; i < 100000; i++) {
    int n = snprintf(key, sizeof key, "%d", (i * 7919) % 100000);
    (void)tl_putn(&m, key, (size_t)n, tl_nil());
  }
  assert_int_equal(tl_dup_key(&m), tl_len(&m));
  (void)tl_putn(&m, "77", 2, tl_nil());
  (void)tl_putn(&m, "5", 1, tl_nil());
  assert_int_equal(tl_dup_key(&m), 100000); /* the first of the two */
  tl_free(&m);
}

static void val_type_names(void **state)
{
  (void)state;
  assert_string_equal(tl_type_name(TL_NIL), "nil");
  assert_string_equal(tl_type_name(TL_NUM), "number");
  assert_string_equal(tl_type_name(TL_SECRET), "secret");
  assert_string_equal(tl_type_name((tl_type)99), "unknown");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(buf_grows_and_ends_in_nul),
      cmocka_unit_test(buf_takes_a_large_piece_at_once),
      cmocka_unit_test(buf_keeps_its_maximum),
      cmocka_unit_test(buf_shift_take_clear),
      cmocka_unit_test(err_returns_its_code),
      cmocka_unit_test(err_of_errno),
      cmocka_unit_test(err_is_one_plain_line),
      cmocka_unit_test(err_is_cut_at_a_character),
      cmocka_unit_test(err_names_and_exit_codes),
      cmocka_unit_test(bug_ends_with_70),
      cmocka_unit_test(val_look_ups),
      cmocka_unit_test(val_whole_numbers),
      cmocka_unit_test(val_put_replaces),
      cmocka_unit_test(val_copy_is_equal_and_apart),
      cmocka_unit_test(val_equal_rules),
      cmocka_unit_test(val_dup_key),
      cmocka_unit_test(val_type_names),
  };
  return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
