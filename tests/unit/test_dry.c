/* The gate in a dry run: nothing goes outward, nobody waits, a missing permit is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/json.h"
#include "core/gate/gate.h"
#include "core/prim/loop.h"
#include "core/prim/store.h"

typedef struct bench {
  char dir[64];
  tl_gate g;
  tl_record record;
  tl_replay old;
  char how[8];
  tl_val got;
} bench;

static void take(void *ud, uint64_t ask, const char *how, const tl_val *value)
{
  bench *b = ud;
  (void)ask;
  (void)snprintf(b->how, sizeof b->how, "%s", how);
  tl_free(&b->got);
  b->got = tl_copy(value);
}

static tl_val parse(const char *json)
{
  tl_val v;
  tl_err e;
  assert_int_equal(tl_json_read(&v, json, strlen(json), &e), TL_OK);
  return v;
}

static void open_bench(bench *b, tl_mode mode, const char *old)
{
  tl_err e;
  memset(b, 0, sizeof *b);
  (void)snprintf(b->dir, sizeof b->dir, "%s", "/tmp/tlab-dry-XXXXXX");
  assert_non_null(mkdtemp(b->dir));
  tl_gate_init(&b->g, mode);
  b->g.permits.run_fd = open(b->dir, O_PATH | O_DIRECTORY);
  b->g.permits.needs = tl_map();
  b->g.permits.allow = tl_map();
  b->g.answer = take;
  b->g.ud = b;
  assert_int_equal(tl_record_open(&b->record, b->g.permits.run_fd, false, &e), TL_OK);
  b->g.record = &b->record;
  if (old) {
    assert_int_equal(tl_replay_open(&b->old, old, &e), TL_OK);
    b->g.old = &b->old;
  }
}

static void open_dry(bench *b, tl_mode mode, const char *old)
{
  open_bench(b, mode, old);
  b->g.dry = true;
  b->g.noted = tl_list();
  b->g.permits.noted = tl_list();
}

static void close_bench(bench *b)
{
  tl_store_close(b->g.permits.run_fd);
  tl_gate_free(&b->g);
  tl_record_close(&b->record);
  if (b->g.old) tl_replay_close(&b->old);
  tl_free(&b->got);
}

static void ask(bench *b, const char *op, const char *json)
{
  tl_gate_ask(&b->g, 1, 0, op, parse(json));
}

static const char *code(const bench *b)
{
  return tl_get_str(&b->got, "code", "");
}

/* The note of that number, counted from 0. */
static const tl_val *note(const bench *b, size_t i)
{
  const tl_val *map = tl_at(&b->g.noted, i);
  assert_non_null(map);
  return map;
}

static void grant(bench *b, const char *json)
{
  b->g.permits.needs = parse(json);
  b->g.permits.allow = parse(json);
}

/* --- outward ---------------------------------------------------------------------------------- */

static int listener(int *port)
{
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof here;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&here, len) == 0 && listen(fd, 1) == 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &len), 0);
  *port = ntohs(here.sin_port);
  return fd;
}

static void a_request_is_not_sent(void **state)
{
  (void)state;
  bench b;
  int port, fd = listener(&port);
  char text[128];
  open_dry(&b, TL_LIVE, NULL);
  grant(&b, "{\"net\":[\"127.0.0.1\"]}");
  (void)snprintf(text, sizeof text, "[{\"url\":\"http://127.0.0.1:%d/x\"}]", port);
  ask(&b, "http.send", text);
  for (int i = 0; i < 3 && b.how[0] == '\0';
       i++) { /* as a request that is under way would be moved on */
    tl_err e;
    (void)tl_loop_wait(NULL, 0, 100, &e);
  }
  assert_string_equal(b.how, "fail");
  assert_string_equal(code(&b), "DRY_RUN");
  assert_true(accept(fd, NULL, NULL) == -1 && errno == EAGAIN);
  (void)snprintf(text, sizeof text, "127.0.0.1:%d", port);
  assert_string_equal(tl_get_str(note(&b, 0), "subject", ""), text);
  assert_false(tl_get_bool(note(&b, 0), "missing", true));
  assert_int_equal(tl_get_int(note(&b, 0), "n", 0), 1);
  close_bench(&b);
  (void)close(fd);
}

static void a_program_is_not_run(void **state)
{
  (void)state;
  bench b;
  open_dry(&b, TL_LIVE, NULL);
  grant(&b, "{\"run\":[\"true\"]}");
  ask(&b, "proc.run", "[{\"argv\":[\"true\"]}]");
  assert_string_equal(code(&b), "DRY_RUN");
  assert_string_equal(tl_get_str(note(&b, 0), "family", ""), "run");
  close_bench(&b);
}

static void a_missing_permit_is_told_and_not_raised(void **state)
{
  (void)state;
  static const char *const asked[][4] = {
      {"http.send", "[{\"url\":\"https://example.org/x\"}]", "net", "example.org:443"},
      {"git.fetch", "[\"https://example.org/x\"]", "net", "example.org:443"},
      {"fs.read", "[\"/etc/hostname\"]", "read", "/etc/hostname"},
      {"proc.run", "[{\"argv\":[\"true\"]}]", "run", "true"},
      {"env.get", "[\"LANG\"]", "env", "LANG"},
  };
  bench b;
  open_dry(&b, TL_LIVE, NULL);
  b.g.permits.lab_fd = b.g.permits.run_fd;
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
    ask(&b, asked[i][0], asked[i][1]);
    assert_string_equal(b.how, "fail");
    assert_string_equal(code(&b), "DRY_RUN");
    assert_string_equal(tl_get_str(note(&b, i), "family", ""), asked[i][2]);
    assert_string_equal(tl_get_str(note(&b, i), "subject", ""), asked[i][3]);
    assert_true(tl_get_bool(note(&b, i), "missing", false));
    assert_int_equal(tl_get_int(note(&b, i), "n", 0), i + 1);
  }
  close_bench(&b);
}

static void what_no_permit_allows_is_raised(void **state)
{
  (void)state;
  bench b;
  open_dry(&b, TL_LIVE, NULL);
  ask(&b, "fs.write", "[\"/etc/passwd\", \"x\"]");
  assert_string_equal(b.how, "raise");
  assert_string_equal(code(&b), "NOT_PERMITTED");
  ask(&b, "http.send", "[{\"url\":\"ftp://example.org/\"}]");
  assert_string_equal(code(&b), "REFUSED");
  assert_int_equal(tl_len(&b.g.noted), 0);
  close_bench(&b);
}

static void a_secret_is_noted_by_its_name(void **state)
{
  (void)state;
  bench b;
  open_dry(&b, TL_LIVE, NULL);
  grant(&b, "{\"net\":[\"example.org\"]}");
  tl_val args = parse("[{\"url\":\"https://example.org/x\"}]"), headers = tl_map();
  (void)tl_put(&headers, "authorization", tl_secret("KEY"));
  (void)tl_put(&args.u.list.items[0], "headers", headers);
  tl_gate_ask(&b.g, 1, 0, "http.send", args);
  assert_string_equal(code(&b), "DRY_RUN");
  assert_string_equal(tl_get_str(note(&b, 0), "family", ""), "secret");
  assert_string_equal(tl_get_str(note(&b, 0), "subject", ""), "KEY");
  assert_non_null(strstr(tl_get_str(note(&b, 0), "why", ""), "not bound to any host"));
  close_bench(&b);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void nobody_sleeps(void **state)
{
  (void)state;
  bench b;
  open_dry(&b, TL_LIVE, NULL);
  ask(&b, "clock.now", "[]");
  int64_t before = b.got.u.i, began = tl_clock_ms();
  ask(&b, "clock.sleep", "[3600000]");
  assert_string_equal(b.how, "ok");
  ask(&b, "clock.now", "[]");
  assert_true(b.got.u.i - before >= 3600000);
  assert_true(tl_clock_ms() - began < 60000);
  ask(&b, "clock.sleep", "[-1]");
  assert_string_equal(code(&b), "ARGUMENT");
  close_bench(&b);
}

/* --- with the record of an old run ------------------------------------------------------------ */

static void write_file(const bench *b, const char *name, const char *text)
{
  char path[128];
  (void)snprintf(path, sizeof path, "%s/%s", b->dir, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

/* An old run that has read a file. */
static void open_old(bench *old)
{
  open_bench(old, TL_LIVE, NULL);
  write_file(old, "in.txt", "old");
  ask(old, "fs.read", "[\"in.txt\"]");
  assert_string_equal(old->got.u.s.data, "old");
}

static void a_record_answers(void **state)
{
  (void)state;
  bench old, b;
  open_old(&old);
  open_dry(&b, TL_REUSE, old.dir);
  ask(&b, "fs.read", "[\"in.txt\"]");
  assert_string_equal(b.got.u.s.data, "old");
  assert_true(tl_get_bool(note(&b, 0), "reused", false));
  assert_int_equal(b.g.reused, 1);
  close_bench(&b);
  close_bench(&old);
}

static void files_are_read_anew_where_that_is_wanted(void **state)
{
  (void)state;
  bench old, b;
  open_old(&old);
  open_bench(&b, TL_REUSE, old.dir);
  b.g.reread = true;
  write_file(&b, "in.txt", "new");
  ask(&b, "fs.read", "[\"in.txt\"]");
  assert_string_equal(b.got.u.s.data, "new");
  assert_int_equal(b.g.reused, 0);
  close_bench(&b);
  close_bench(&old);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request_is_not_sent),
      cmocka_unit_test(a_program_is_not_run),
      cmocka_unit_test(a_missing_permit_is_told_and_not_raised),
      cmocka_unit_test(what_no_permit_allows_is_raised),
      cmocka_unit_test(a_secret_is_noted_by_its_name),
      cmocka_unit_test(nobody_sleeps),
      cmocka_unit_test(a_record_answers),
      cmocka_unit_test(files_are_read_anew_where_that_is_wanted),
  };
  return cmocka_run_group_tests_name("dry", tests, NULL, NULL);
}
