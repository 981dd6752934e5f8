/* Any bytes as runs.csv: read in all ways, never a crash; both directions give the same rows, and
 * what is given as JSON is JSON.
 *
 * The input: one byte that chooses, a line with the query as JSON, and the rows. With KEYS each line
 * of these gets a key before it, since no fuzzer guesses 64 digits. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/json.h"
#include "core/prim/index_sort.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS = 1, CSV = 2, JSON = 4, ROWS_MAX = 1 << 20 };

static char path[] = "/dev/shm/fuzz-index-XXXXXX";
static int lab = -1, file = -1;

static void must(int ok)
{
  if (!ok) abort();
}

static void close_lab(void)
{
  (void)unlinkat(lab, TL_INDEX_FILE, 0);
  (void)rmdir(path);
}

static void open_lab(void)
{
  if (lab >= 0) return;
  must(mkdtemp(path) != NULL);
  lab = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  file = openat(lab, TL_INDEX_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  must(lab >= 0 && file >= 0 && atexit(close_lab) == 0);
}

static void add_key(tl_buf *text, unsigned n)
{
  (void)tl_buf_fmt(text, "2026-01-01T00:%02u:%02u.%03uZ,%064x,", n / 60000 % 60, n / 1000 % 60,
                   n % 1000, n);
}

static void write_rows(int choice, const char *rows, size_t len)
{
  tl_buf text = TL_BUF(4 * ROWS_MAX);
  const char *end = rows + len;
  unsigned n = 0;

  (void)tl_buf_str(&text, tl_index_header);
  while (rows < end) {
    const char *stop = memchr(rows, '\n', (size_t)(end - rows));
    stop = stop ? stop + 1 : end;
    if (choice & KEYS) add_key(&text, n++);
    (void)tl_buf_add(&text, rows, (size_t)(stop - rows));
    rows = stop;
  }
  must(ftruncate(file, 0) == 0);
  must(pwrite(file, text.data, text.len, 0) == (ssize_t)text.len);
  tl_buf_free(&text);
}

typedef struct seen {
  int64_t at[1024];
  size_t n;
} seen;

static int see(void *ud, const tl_line *line, tl_err *e)
{
  seen *s = ud;

  (void)e;
  must(line->len > TL_INDEX_KEY && line->data[line->len - 1] == '\n');
  if (s->n < sizeof s->at / sizeof *s->at) s->at[s->n] = line->at;
  s->n++;
  return 0;
}

static void check_both_ways(tl_query *q)
{
  static seen up, down;
  tl_scan s;
  tl_err e;
  int a, b;

  if (tl_scan_open(&s, lab, NULL, &e) < 0) return;
  up.n = down.n = 0;
  a = tl_scan_walk(&s, q, false, NULL, see, &up, &e);
  b = tl_scan_walk(&s, q, true, NULL, see, &down, &e);
  must((a < 0) == (b < 0));
  if (a == TL_OK) must(up.n == down.n);
  for (size_t i = 0; a == TL_OK && up.n <= 1024 && i < up.n; i++)
    must(up.at[i] == down.at[up.n - 1 - i]);
  tl_scan_close(&s);
}

static void check_json(const char *text, size_t len)
{
  tl_buf list = TL_BUF(64 * ROWS_MAX);
  tl_val v;

  must(tl_buf_fmt(&list, "[%.*s]", (int)len, text) == TL_OK);
  must(tl_json_read(&v, list.data, list.len, NULL) == TL_OK && v.type == TL_LIST);
  tl_free(&v);
  tl_buf_free(&list);
}

static void check_sorted(int choice, tl_query *q)
{
  const char *form = choice & CSV ? "csv" : choice & JSON ? "json" : "rows";
  tl_overlay over = {0};
  tl_page page;
  tl_scan s;
  tl_val out = tl_nil();
  tl_err e;

  if (tl_scan_open(&s, lab, NULL, &e) < 0) return;
  must(tl_page_begin(&page, form, &e) == TL_OK);
  if (tl_sort_first(&s, &over, q, &page, &out, &e) == TL_OK && !(choice & CSV) && choice & JSON) {
    const tl_val *text = tl_get(&out, "text");
    check_json(text->u.s.data, text->u.s.len);
  }
  tl_free(&out);
  tl_page_free(&page);
  tl_scan_close(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *text = (const char *)data, *stop;
  tl_val map;
  tl_query q;
  tl_err e;

  if (size < 2 || size > ROWS_MAX || !(stop = memchr(text + 1, '\n', size - 1))) return 0;
  if (tl_json_read(&map, text + 1, (size_t)(stop - text - 1), &e) < 0) map = tl_map();
  open_lab();
  write_rows(text[0], stop + 1, size - (size_t)(stop + 1 - text));
  if (tl_query_read(&q, &map, &e) == TL_OK) {
    check_both_ways(&q);
    check_sorted(text[0], &q);
    tl_query_free(&q);
  }
  tl_free(&map);
  return 0;
}
