/* JSON: what is read, what is refused, and the canonical form of RFC 8785. */
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/json.h"
#include "check.h"
#include "es6_edges.h"

/* Reads text, writes it canonically; the caller frees. Fails the test when either fails. */
static char *canonical(const char *text, size_t len)
{
  tl_buf out = TL_BUF(1u << 26);
  tl_err e = {0};
  tl_val v;

  if (tl_json_read(&v, text, len, &e) < 0) fail_msg("%s: %s", text, e.msg);
  if (tl_json_write(&out, &v, &e) < 0) fail_msg("%s: %s", text, e.msg);
  tl_free(&v);
  return tl_buf_take(&out, NULL);
}

static void check_canonical(const char *text, const char *expected)
{
  char *once = canonical(text, strlen(text)), *twice = canonical(once, strlen(once));

  assert_string_equal(once, expected);
  assert_string_equal(twice, expected);
  free(once);
  free(twice);
}

static void check_refused(const char *text, size_t len, const char *message)
{
  tl_err e = {0};
  tl_val v = tl_int(1);

  if (tl_json_read(&v, text, len, &e) != TL_EPARSE) fail_msg("accepted: %s", text);
  assert_int_equal(v.type, TL_NIL);
  assert_int_equal(e.code, TL_EPARSE);
  assert_has(e.msg, message);
}

/* --- reading -------------------------------------------------------------------------------- */

static void reads_each_type(void **state)
{
  const char text[] = " {\"a\":[null,true,false,-12,0.5,\"x\\u0000y\"],\"b\":{}}\r\n\t ";
  tl_err e;
  tl_val v;
  const tl_val *a;

  (void)state;
  assert_int_equal(tl_json_read(&v, text, sizeof text - 1, &e), 0);
  a = tl_get(&v, "a");
  assert_int_equal(tl_at(a, 0)->type, TL_NIL);
  assert_true(tl_at(a, 1)->u.b);
  assert_false(tl_at(a, 2)->u.b);
  assert_int_equal(tl_at(a, 3)->type, TL_INT);
  assert_int_equal(tl_at(a, 3)->u.i, -12);
  assert_true(tl_at(a, 4)->u.num == 0.5);
  assert_int_equal(tl_len(tl_at(a, 5)), 3);
  assert_memory_equal(tl_at(a, 5)->u.s.data, "x\0y", 4);
  assert_int_equal(tl_get(&v, "b")->type, TL_MAP);
  tl_free(&v);
}

static void reads_numbers_exactly(void **state)
{
  static const struct {
    const char *text;
    tl_type type;
    int64_t i;
    double num;
  } rows[] = {
      {"0", TL_INT, 0, 0},
      {"9223372036854775807", TL_INT, INT64_MAX, 0},
      {"-9223372036854775808", TL_INT, INT64_MIN, 0},
      {"9007199254740993", TL_INT, INT64_C(9007199254740993), 0},
      {"9223372036854775808", TL_NUM, 0, 0x1p63},
      {"100000000000000000000", TL_NUM, 0, 1e20},
      {"1.0", TL_NUM, 0, 1.0},
      {"1e2", TL_NUM, 0, 100.0},
      {"-0", TL_NUM, 0, -0.0},
      {"-0.0", TL_NUM, 0, -0.0},
      {"5e-324", TL_NUM, 0, 5e-324},
      {"1e-400", TL_NUM, 0, 0.0},
      {"1.7976931348623157e308", TL_NUM, 0, 1.7976931348623157e308},
      {"0.1000000000000000055511151231257827021181583404541015625000000000000000001", TL_NUM, 0,
       0.1},
  };
  tl_err e;
  tl_val v;

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(tl_json_read(&v, rows[i].text, strlen(rows[i].text), &e), 0);
    assert_int_equal(v.type, rows[i].type);
    if (v.type == TL_INT) assert_int_equal(v.u.i, rows[i].i);
    else assert_true(v.u.num == rows[i].num && signbit(v.u.num) == signbit(rows[i].num));
  }
}

static const struct {
  const char *text, *message;
} refused[] = {
    {"", "line 1 column 1: expected a value, found the end of the text"},
    {"  \n ", "line 2 column 2: expected a value"},
    {"nul", "expected a value, found 'n'"},
    {"NaN", "found 'N'"},
    {"Infinity", "found 'I'"},
    {"-Infinity", "expected a digit"},
    {"+1", "found '+'"},
    {".5", "found '.'"},
    {"1.", "expected a digit"},
    {"1e", "expected a digit"},
    {"-", "expected a digit"},
    {"0x10", "the end of the text"},
    {"01", "column 2: a number cannot begin with 0"},
    {"-01", "cannot begin with 0"},
    {"1e400", "line 1 column 1: the number is too large"},
    {"-1e400", "too large"},
    {"9223372036854775809", "use a string"},
    {"18446744073709551617", "use a string"},
    {"123456789012345678901234567890", "use a string"},
    {"[1,]", "line 1 column 4: expected a value, found ']'"},
    {"[1 2]", "expected ',' or ']', found '2'"},
    {"[1", "found the end of the text"},
    {"]", "found ']'"},
    {"{\"a\":1,}", "expected a key in double quotes, found '}'"},
    {"{a:1}", "column 2: expected a key in double quotes, found 'a'"},
    {"{\"a\" 1}", "expected ':'"},
    {"{\"a\":}", "expected a value"},
    {"{\"a\":1 \"b\":2}", "expected ',' or '}'"},
    {"{\"a\":1,\"b\":{\"a\":1},\"a\":2}", "line 1 column 20: the key 'a' is there already"},
    {"{\"\\u0061\":1,\n\"a\":2}", "line 2 column 1: the key 'a' is there already"},
    {"'a'", "found '''"},
    {"\"abc", "line 1 column 1: the string has no end"},
    {"\"abc\\", "no end"},
    {"\"a\nb\"", "column 3: byte 0x0a must be escaped"},
    {"\"a\tb\"", "byte 0x09"},
    {"\"\\x41\"", "unknown escape"},
    {"\"\\u12\"", "four hexa"},
    {"\"\\u12G4\"", "four hexadecimal digits"},
    {"\"\\uD800\"", "half of a surrogate pair"},
    {"\"\\uDC00\"", "surrogate"},
    {"\"\\uD800\\u0041\"", "surrogate"},
    {"\"\\uD800\\n\"", "surrog"},
    {"\"\\uD800\\uD800\"", "surrogate"},
    {"\"\\uD800\\u1\"", "four hexadecimal"},
    {"\xEF\xBB\xBF{}", "byte order mark"},
    {"{} {}", "column 4: expected the end of the text"},
    {"[1]\x01", "found byte 0x01"},
    {"// x\n1", "found '/'"},
    {"\"\xff\"", "column 2: byte 0xff is not UTF-8"},
    {"\"\xc0\xaf\"", "not UTF-8"},
    {"\"\xed\xa0\x80\"", "not UTF-8"},
    {"\"\xf4\x90\x80\x80\"", "not UTF-8"},
    {"\"\xc3", "not UTF"},
    {"\"\xc3\xa4\" \xc3\xa4", "column 5: expected the end of the text, found '\xc3\xa4'"},
};

static void refuses(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    check_refused(refused[i].text, strlen(refused[i].text), refused[i].message);
  check_refused("[1]\0junk", 8, "found byte 0x00");
  check_refused("1\0", 2, "found byte 0x00");
  check_refused("\"a\0b\"", 5, "byte 0x00 must be escaped");
}

/* Reads nothing behind `len`: each prefix lies in memory of exactly its size (for ASan). */
static void refuses_each_prefix(void **state)
{
  const char whole[] = "{\"k\\uD83D\\uDE00\":[1.5e+3,true,null,\"\xe2\x82\xac\\n\"]}";
  tl_err e;
  tl_val v;

  (void)state;
  for (size_t len = 0; len < sizeof whole - 1; len++) {
    char *part = malloc(len + (len == 0));
    assert_non_null(part);
    memcpy(part, whole, len);
    assert_int_equal(tl_json_read(&v, part, len, &e), TL_EPARSE);
    free(part);
  }
  assert_int_equal(tl_json_read(&v, whole, sizeof whole - 1, &e), 0);
  tl_free(&v);
}

/* What is not wanted is not kept, and still has to be JSON. */
static void reads_some_members(void **state)
{
  static const char text[] =
      "{\"no\":{\"a\":[1,{\"b\":\"x\\u00e9\"}],\"c\":1e999},\"yes\":{\"no\":[{}],\"no2\":\"s\"},"
      "\"nope\":\"\",\"also\":[null,-1.5,{\"a\":1}],\"n\":true}";
  static const tl_json_want none[] = {{NULL, NULL}}, below[] = {{"no2", NULL}, {NULL, NULL}},
                            wanted[] = {
                                {"yes", below}, {"also", none}, {"absent", NULL}, {NULL, NULL}};
  static const char *const bad[] = {"{\"no\":[1,]}",        "{\"no\":\"\\x\"}",
                                    "{\"no\":01}",          "{\"no\":{1:2}}",
                                    "{\"no\":\"\\ud800\"}", "{\"yes\":1,\"yes\":2}"};
  tl_buf out = TL_BUF(1000);
  tl_err e = {0};
  tl_val v;

  (void)state;
  assert_int_equal(tl_json_read_some(&v, text, sizeof text - 1, wanted, &e), TL_OK);
  assert_int_equal(tl_json_write(&out, &v, &e), TL_OK);
  assert_string_equal(out.data, "{\"also\":[null,-1.5,{}],\"yes\":{\"no2\":\"s\"}}");
  tl_free(&v);
  assert_int_equal(tl_json_read_some(&v, text, sizeof text - 1, none, &e), TL_OK);
  assert_int_equal(tl_len(&v), 0);
  tl_free(&v);
  for (size_t len = 0; len < sizeof text - 1; len++)
    assert_int_equal(tl_json_read_some(&v, text, len, wanted, &e), TL_EPARSE);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(tl_json_read_some(&v, bad[i], strlen(bad[i]), wanted, &e), TL_EPARSE);
  tl_buf_free(&out);
}

static void depth_is_bounded(void **state)
{
  static char text[200000];
  tl_buf out = TL_BUF(1u << 20);
  tl_err e;
  tl_val v;

  (void)state;
  memset(text, '[', TL_JSON_DEPTH);
  memset(text + TL_JSON_DEPTH, ']', TL_JSON_DEPTH);
  assert_int_equal(tl_json_read(&v, text, 2 * TL_JSON_DEPTH, &e), 0);
  assert_int_equal(tl_json_write(&out, &v, &e), 0);
  assert_int_equal(out.len, 2 * TL_JSON_DEPTH);
  tl_val outer = tl_list(); /* one level more than fits */
  (void)tl_push(&outer, v);
  v = outer;
  assert_int_equal(tl_json_write(&out, &v, &e), TL_ELIMIT);
  assert_int_equal(out.len, 2 * TL_JSON_DEPTH);
  tl_free(&v);
  v = tl_map();
  for (int i = 0; i < TL_JSON_DEPTH; i++) {
    tl_val around = tl_map();
    (void)tl_put(&around, "k", v);
    v = around;
  }
  assert_int_equal(tl_json_write(&out, &v, &e), TL_ELIMIT);
  tl_free(&v);
  tl_buf_free(&out);
  memset(text, '[', sizeof text);
  check_refused(text, sizeof text, "more than 200 levels deep");
  for (size_t i = 0; i + 5 <= sizeof text; i += 5) memcpy(text + i, "{\"\":[", 5);
  check_refused(text, sizeof text, "more than 200 levels deep");
}

/* 200,000 keys: a look at each pair of them would take minutes. */
static void many_keys_are_quick(void **state)
{
  tl_buf text = TL_BUF(1u << 24);

  (void)state;
  assert_int_equal(tl_buf_str(&text, "{"), 0);
  for (unsigned i = 0; i < 200000; i++)
    assert_int_equal(tl_buf_fmt(&text, "\"%u\":0,", (i * 2654435761u) % 1000003u + i * 1000003u),
                     0);
  assert_int_equal(tl_buf_str(&text, "\"last\":1,\"last\":2}"), 0);
  check_refused(text.data, text.len, "the key 'last' is there already");
  tl_buf_free(&text);
}

/* --- writing -------------------------------------------------------------------------------- */

/* The examples of RFC 8785, sections 3.2.2 to 3.2.4. */
static void rfc8785_examples(void **state)
{
  (void)state;
  check_canonical(
      "{\"numbers\":[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
      "\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
      "\"literals\":[null,true,false]}",
      "{\"literals\":[null,true,false],"
      "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
      "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  check_canonical("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
                  "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
                  "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
                  "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
                  "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
                  "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\","
                  "\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
                  "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
  check_canonical("[56,{\"d\":true,\"10\":null,\"1\":[ ]}]",
                  "[56,{\"1\":[],\"10\":null,\"d\":true}]");
}

/* RFC 8785, appendix B, and the borders of the four layouts. */
static void numbers(void **state)
{
  static const struct {
    uint64_t bits;
    const char *text;
  } rows[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  char text[32];

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    double d;
    memcpy(&d, &rows[i].bits, sizeof d);
    assert_int_equal(tl_json_number(text, d), strlen(rows[i].text));
    assert_string_equal(text, rows[i].text);
  }
}

/* The next value of the public list: edges, the border of the subnormals, then random bits, each
 * block of 32 bytes the SHA-256 of the one before. */
static double es6_next(size_t line, unsigned char block[32], size_t *used)
{
  const size_t edges = sizeof es6_edges / sizeof *es6_edges;
  uint64_t bits = 0;
  double d = 0;

  if (line < edges + 2000)
    bits = line < edges ? es6_edges[line] : UINT64_C(0x0010000000000000) + (line - edges);
  memcpy(&d, &bits, sizeof d);
  while (line >= edges + 2000 && (d == 0 || !isfinite(d))) {
    if (*used == 32) {
      unsigned char next[32];
      assert_int_equal(EVP_Digest(block, 32, next, NULL, EVP_sha256(), NULL), 1);
      memcpy(block, next, 32);
      *used = 0;
    }
    bits = 0;
    for (size_t i = 0; i < 8; i++) bits |= (uint64_t)block[*used + i] << (8 * i);
    *used += 8;
    memcpy(&d, &bits, sizeof d);
  }
  return d;
}

static void check_es6(size_t lines, const char *sha256)
{
  unsigned char block[32] = {0}, digest[32];
  EVP_MD_CTX *md = EVP_MD_CTX_new();
  size_t used = 32;
  char text[64], hex[65];

  assert_int_equal(EVP_DigestInit_ex(md, EVP_sha256(), NULL), 1);
  for (size_t i = 0; i < lines; i++) {
    double d = es6_next(i, block, &used);
    uint64_t bits;
    int n;
    memcpy(&bits, &d, sizeof bits);
    n = snprintf(text, sizeof text, "%llx,", (unsigned long long)bits);
    n += (int)tl_json_number(text + n, d);
    text[n++] = '\n';
    assert_int_equal(EVP_DigestUpdate(md, text, (size_t)n), 1);
  }
  assert_int_equal(EVP_DigestFinal_ex(md, digest, NULL), 1);
  EVP_MD_CTX_free(md);
  for (size_t i = 0; i < 32; i++) (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  assert_string_equal(hex, sha256);
}

static void es6_number_list(void **state)
{
  (void)state;
  check_es6(1000, "be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687");
  check_es6(10000, "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892");
}

static void writes_refusals(void **state)
{
  const struct {
    tl_val v;
    const char *message;
  } rows[] = {
      {tl_num((double)NAN), "not a number"},
      {tl_num((double)INFINITY), "infinite"},
      {tl_int(INT64_C(9007199254740992)), "9007199254740992 is beyond 2^53-1: use a string"},
      {tl_int(INT64_C(-9007199254740993)), "-9007199254740993 is beyond"},
      {tl_int(INT64_MIN), "use a string"},
      {tl_num(0x1p53), "use a string"},
      {tl_num(-1e20), "use a string"},
      {tl_str("a\xff"), "not UTF-8 (byte 0xff at 1)"},
      {tl_str("\xed\xa0\x80"), "not UTF-8"},
  };
  tl_buf out = TL_BUF(100);
  tl_err e;

  (void)state;
  assert_int_equal(tl_buf_str(&out, "before"), 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    tl_val list = tl_list();
    (void)tl_push(&list, tl_copy(&rows[i].v));
    assert_int_equal(tl_json_write(&out, &list, &e), TL_EINVALID);
    assert_has(e.msg, rows[i].message);
    assert_string_equal(out.data, "before");
    tl_free(&list);
    tl_val v = rows[i].v;
    tl_free(&v);
  }
  tl_buf_free(&out);
}

static void writes_borders(void **state)
{
  tl_val list = tl_list();
  tl_buf out = TL_BUF(1000);
  tl_err e;

  (void)state;
  (void)tl_push(&list, tl_int(INT64_C(9007199254740991)));
  (void)tl_push(&list, tl_int(INT64_C(-9007199254740991)));
  (void)tl_push(&list, tl_num(1e21));
  (void)tl_push(&list, tl_num(-0.0));
  (void)tl_push(&list, tl_strn("\0\x1f\x7f/", 4));
  (void)tl_push(&list, tl_secret("KEY"));
  assert_int_equal(tl_json_write(&out, &list, &e), 0);
  assert_string_equal(out.data, "[9007199254740991,-9007199254740991,1e+21,0,"
                                "\"\\u0000\\u001f\x7f/\",{\"$secret\":\"KEY\"}]");
  tl_free(&list);
  tl_buf_free(&out);
}

static void writes_no_key_twice_and_no_more_than_fits(void **state)
{
  tl_val m = tl_map();
  tl_buf out = TL_BUF(20), tight = TL_BUF(8);
  tl_err e;

  (void)state;
  (void)tl_putn(&m, "b", 1, tl_int(1));
  (void)tl_putn(&m, "a", 1, tl_int(2));
  assert_int_equal(tl_json_write(&tight, &m, &e), TL_ELIMIT);
  assert_has(e.msg, "longer than 8 bytes");
  assert_int_equal(tight.len, 0);
  (void)tl_putn(&m, "b", 1, tl_int(3));
  assert_int_equal(tl_json_write(&out, &m, &e), TL_EINVALID);
  assert_has(e.msg, "the key 'b' is there twice");
  tl_free(&m);
  tl_buf_free(&out);
  tl_buf_free(&tight);
}

static void pretty(void **state)
{
  const char text[] = "{\"b\":[1,{}],\"a\":{\"x\":null},\"c\":[]}";
  tl_buf out = TL_BUF(1000);
  tl_err e;
  tl_val v;

  (void)state;
  assert_int_equal(tl_json_read(&v, text, sizeof text - 1, &e), 0);
  assert_int_equal(tl_json_pretty(&out, &v, &e), 0);
  assert_string_equal(out.data,
                      "{\n  \"a\": {\n    \"x\": null\n  },\n  \"b\": [\n    1,\n    {}\n  ],\n"
                      "  \"c\": []\n}");
  tl_free(&v);
  tl_buf_free(&out);
}

static void keys_in_utf16_order(void **state)
{
  static const char *const sorted[] = {"",
                                       "\r",
                                       "1",
                                       "10",
                                       "A",
                                       "a",
                                       "\xc2\x80",
                                       "\xe2\x82\xac",
                                       "\xed\x9f\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf"};
  const size_t n = sizeof sorted / sizeof *sorted;

  (void)state;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      int order = tl_json_key_cmp(sorted[i], strlen(sorted[i]), sorted[j], strlen(sorted[j]));
      assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
    }
}

static void utf8(void **state)
{
  static const struct {
    const char *text;
    size_t valid;
  } rows[] = {
      {"plain", 5},
      {"\xc3\xa4", 2},
      {"\xc3", 0},
      {"a\x80", 1},
      {"\xc1\xbf", 0},
      {"\xe0\x9f\xbf", 0},
      {"\xe0\xa0\x80", 3},
      {"\xed\x9f\xbf", 3},
      {"\xed\xa0\x80", 0},
      {"\xf0\x8f\xbf\xbf", 0},
      {"\xf0\x90\x80\x80", 4},
      {"\xf4\x8f\xbf\xbf", 4},
      {"\xf4\x90\x80\x80", 0},
      {"\xf5", 0},
      {"12345678\xe2\x82\xac"
       "abcdefg\xe2\x82",
       18},
      {"1234567\xff", 7},
      {"\xe2\x82\xe2", 0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_int_equal(tl_utf8_valid(rows[i].text, strlen(rows[i].text)), rows[i].valid);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_each_type),
      cmocka_unit_test(reads_numbers_exactly),
      cmocka_unit_test(refuses),
      cmocka_unit_test(refuses_each_prefix),
      cmocka_unit_test(reads_some_members),
      cmocka_unit_test(depth_is_bounded),
      cmocka_unit_test(many_keys_are_quick),
      cmocka_unit_test(rfc8785_examples),
      cmocka_unit_test(numbers),
      cmocka_unit_test(es6_number_list),
      cmocka_unit_test(writes_refusals),
      cmocka_unit_test(writes_borders),
      cmocka_unit_test(writes_no_key_twice_and_no_more_than_fits),
      cmocka_unit_test(pretty),
      cmocka_unit_test(keys_in_utf16_order),
      cmocka_unit_test(utf8),
  };
  return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
