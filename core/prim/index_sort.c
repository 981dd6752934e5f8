/* Sorting the index: values and places are kept, rows are read again when they are handed out. */
#include <stdlib.h>
#include <string.h>

#include "index_sort.h"

enum { KEY_MAX = 256, ARENA_MAX = 512 * 1024 * 1024, PRUNE_FROM = 4096 };

typedef enum kind { NUMBER, TEXT, NOTHING } kind; /* in the order of the list */

typedef struct entry {
  union {
    double number;
    struct {
      uint32_t at, len; /* in the arena */
    } text;
  } value;
  int64_t at;     /* as in tl_line */
  uint32_t turn;  /* by start: the oldest first */
  uint16_t kind;  /* of the value */
  uint16_t check; /* of the row's key: is it still the row that lies there? */
} entry;

typedef struct sorted {
  tl_scan scan;
  tl_overlay over;
  tl_query *query; /* borrowed while rows are collected */
  bool descending;
  entry *rows;
  size_t n, cap, next, limit;
  uint32_t turns;
  tl_buf arena;
} sorted;

/* The rows that were sorted last, of which pages are to come. */
static sorted *kept;

static void drop(sorted *s)
{
  if (!s) return;
  tl_scan_close(&s->scan);
  tl_overlay_free(&s->over);
  free(s->rows);
  tl_buf_free(&s->arena);
  free(s);
}

/* FNV-1a of a row's key, in 16 bits. */
static uint16_t check_of(const char *line)
{
  uint32_t hash = 2166136261u;

  for (size_t i = 0; i < TL_INDEX_KEY; i++) hash = (hash ^ (unsigned char)line[i]) * 16777619u;
  return (uint16_t)(hash >> 16);
}

/* --- order ------------------------------------------------------------------------------------ */

static int compare_values(const sorted *s, const entry *x, const entry *y)
{
  size_t x_len = x->value.text.len, y_len = y->value.text.len;
  int order;

  if (x->kind == NUMBER)
    return (x->value.number > y->value.number) - (x->value.number < y->value.number);
  if (x->kind == NOTHING) return 0;
  order = memcmp(s->arena.data + x->value.text.at, s->arena.data + y->value.text.at,
                 x_len < y_len ? x_len : y_len);
  return order ? order : (x_len > y_len) - (x_len < y_len);
}

static int compare(const void *a, const void *b, void *ud)
{
  const sorted *s = ud;
  const entry *x = a, *y = b;
  int order;

  if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
  order = compare_values(s, x, y);
  if (order) return s->descending ? -order : order;
  return (x->turn < y->turn) - (x->turn > y->turn);
}

/* --- collecting ------------------------------------------------------------------------------- */

/* Keeps the rows that will be asked for, in order, and the text of these only. */
static void prune(sorted *s)
{
  tl_buf old = s->arena;

  if (s->n > 0) qsort_r(s->rows, s->n, sizeof *s->rows, compare, s);
  if (s->limit == 0 || s->n <= s->limit) return;
  s->n = s->limit;
  s->arena = TL_BUF(ARENA_MAX);
  for (size_t i = 0; i < s->n; i++) {
    entry *row = &s->rows[i];
    uint32_t from = row->value.text.at;
    if (row->kind != TEXT) continue;
    row->value.text.at = (uint32_t)s->arena.len;
    (void)tl_buf_add(&s->arena, old.data + from, row->value.text.len);
  }
  tl_buf_free(&old);
}

static int set_value(sorted *s, entry *row, const char *line, size_t len, tl_err *e)
{
  tl_cell cells[TL_COLUMNS];
  tl_cellval v;

  row->kind = NOTHING;
  if (tl_csv_split(line, len, cells, TL_COLUMNS) < TL_COLUMNS ||
      !tl_query_value(s->query, &s->query->sort, cells, &v) || v.len == 0)
    return TL_OK;
  if (v.is_number) {
    row->kind = NUMBER;
    row->value.number = v.number;
    return TL_OK;
  }
  row->kind = TEXT;
  row->value.text.at = (uint32_t)s->arena.len;
  row->value.text.len = v.len < KEY_MAX ? (uint32_t)v.len : KEY_MAX;
  if (tl_buf_add(&s->arena, v.data, row->value.text.len) < 0)
    return tl_fail(e, TL_ELIMIT, "there are too many runs to sort them by this column");
  return TL_OK;
}

static int collect(void *ud, const tl_line *line, tl_err *e)
{
  sorted *s = ud;
  entry *row;

  if (s->n == s->cap) {
    s->cap = s->cap ? s->cap + s->cap / 2 : PRUNE_FROM;
    s->rows = tl_realloc(s->rows, s->cap * sizeof *s->rows);
  }
  row = &s->rows[s->n];
  *row = (entry){.at = line->at, .turn = s->turns++, .check = check_of(line->data)};
  int rc = set_value(s, row, line->data, line->len, e);
  if (rc < 0) return rc;
  if (++s->n >= 2 * s->limit + PRUNE_FROM && s->limit > 0) prune(s);
  return TL_OK;
}

/* --- giving ----------------------------------------------------------------------------------- */

static bool add_row(sorted *s, const entry *row, char *line, tl_page *page)
{
  if (row->at < 0) {
    const tl_line *over = &s->over.lines[-1 - row->at];
    return tl_page_add(page, over->data, over->len);
  }
  size_t len = tl_scan_again(&s->scan, row->at, line);
  return len > TL_INDEX_KEY && check_of(line) == row->check && tl_page_add(page, line, len);
}

static int give(sorted *s, tl_page *page, tl_val *out, tl_err *e)
{
  char *line = tl_alloc(TL_INDEX_LINE);
  int rc = TL_OK;

  while (s->next < s->n && !tl_page_is_full(page) && rc == TL_OK) {
    const entry *row = &s->rows[s->next++];
    if (!add_row(s, row, line, page))
      rc = tl_fail(e, TL_EPARSE, "%s was changed while it was read, or holds what is no row",
                   TL_INDEX_FILE);
  }
  free(line);
  if (rc < 0) return rc;
  tl_page_end(page, out);
  if (s->next < s->n) tl_put(out, "cursor", tl_str(TL_SORT_CURSOR));
  return TL_OK;
}

int tl_sort_first(tl_scan *scan, tl_overlay *over, tl_query *q, tl_page *page, tl_val *out,
                  tl_err *e)
{
  sorted *s = tl_zalloc(sizeof *s);
  int rc;

  drop(kept);
  kept = s;
  *s = (sorted){.scan = *scan,
                .over = *over,
                .query = q,
                .descending = q->descending,
                .limit = q->limit > 0 ? (size_t)q->limit : 0,
                .arena = TL_BUF(ARENA_MAX)};
  s->scan.over = &s->over;
  *scan = (tl_scan){.fd = -1};
  *over = (tl_overlay){0};
  rc = tl_scan_walk(&s->scan, q, false, NULL, collect, s, e);
  s->query = NULL;
  if (rc < 0) return rc;
  prune(s);
  return give(s, page, out, e);
}

int tl_sort_next(tl_page *page, tl_val *out, tl_err *e)
{
  if (!kept || kept->next >= kept->n)
    return tl_fail(e, TL_EARGUMENT, "a cursor is what the page before gave");
  return give(kept, page, out, e);
}
