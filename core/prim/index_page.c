/* A page of rows, as maps, lines of CSV or objects of JSON. */
#include <stdlib.h>
#include <string.h>

#include "../base/json.h"
#include "index_page.h"

enum { PAGE_ROWS = 1000, PAGE_BYTES = 512 * 1024 };

int tl_page_begin(tl_page *page, const char *form, tl_err *e)
{
  static const char *const names[] = {"rows", "csv", "json"};
  unsigned i = 0;

  while (form && i < 3 && strcmp(form, names[i]) != 0) i++;
  if (i == 3) return tl_fail(e, TL_EARGUMENT, "rows are given as rows, csv or json, not %s", form);
  *page = (tl_page){.form = (tl_form)i,
                    .rows = tl_list(),
                    .text = TL_BUF(PAGE_BYTES + 8u * TL_INDEX_LINE),
                    .scratch = tl_alloc(TL_INDEX_LINE)};
  return TL_OK;
}

bool tl_page_is_full(const tl_page *page)
{
  return page->form == TL_FORM_ROWS ? page->count >= PAGE_ROWS : page->text.len >= PAGE_BYTES;
}

void tl_page_end(tl_page *page, tl_val *out)
{
  char *text;
  size_t len;

  *out = tl_map();
  tl_put(out, "count", tl_int(page->count));
  if (page->form == TL_FORM_ROWS) {
    tl_put(out, "rows", page->rows);
    page->rows = tl_nil();
  } else {
    text = tl_buf_take(&page->text, &len);
    tl_put(out, "text", tl_str_take(text, len));
  }
}

void tl_page_free(tl_page *page)
{
  tl_free(&page->rows);
  tl_buf_free(&page->text);
  free(page->scratch);
}

/* --- JSON ------------------------------------------------------------------------------------- */

typedef enum form { TEXT, NUMBER, TRUTH, WORDS, MAP } form;

/* Members in the canonical order. */
static const struct {
  tl_column column;
  form as;
} members[] = {
    {TL_COLUMN_COMMIT, TEXT},      {TL_COLUMN_COST, NUMBER},       {TL_COLUMN_CURRENCY, TEXT},
    {TL_COLUMN_DIRTY, TRUTH},      {TL_COLUMN_EFFECTS, NUMBER},    {TL_COLUMN_ERROR, TEXT},
    {TL_COLUMN_FAILED, NUMBER},    {TL_COLUMN_FOLDER, TEXT},       {TL_COLUMN_ID, TEXT},
    {TL_COLUMN_KEY, TEXT},         {TL_COLUMN_METRICS, MAP},       {TL_COLUMN_MODELS, WORDS},
    {TL_COLUMN_NOTE, TEXT},        {TL_COLUMN_OUTPUTS, NUMBER},    {TL_COLUMN_PARAMS, MAP},
    {TL_COLUMN_RECIPE, TEXT},      {TL_COLUMN_REPLAY_OF, TEXT},    {TL_COLUMN_SECONDS, NUMBER},
    {TL_COLUMN_STARTED, TEXT},     {TL_COLUMN_STATUS, TEXT},       {TL_COLUMN_TAGS, WORDS},
    {TL_COLUMN_TOKENS_IN, NUMBER}, {TL_COLUMN_TOKENS_OUT, NUMBER},
};

/* A page takes a line more than fills it, however much writing it as JSON makes of it. */
static void put(tl_buf *out, const void *data, size_t len)
{
  if (len > 0 && tl_buf_add(out, data, len) < 0) TL_BUG("a page of the index has no room");
}

static bool is_plain(const char *text, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7E || text[i] == '"' ||
        text[i] == '\\')
      return false;
  return true;
}

/* Bytes that are not UTF-8 are shown as \xff: somebody wrote them into the file by hand. */
static tl_val valid_text(const char *text, size_t len)
{
  tl_buf out = TL_BUF(4u * TL_INDEX_LINE);
  size_t all;

  while (len > 0) {
    size_t n = tl_utf8_valid(text, len);
    put(&out, text, n);
    text += n;
    len -= n;
    if (len == 0 || tl_buf_fmt(&out, "\\x%02x", (unsigned char)*text) < 0) break;
    text++;
    len--;
  }
  char *data = tl_buf_take(&out, &all);
  return tl_str_take(data, all);
}

static void put_text(tl_buf *out, const char *text, size_t len)
{
  tl_val value;

  if (is_plain(text, len)) {
    put(out, "\"", 1);
    put(out, text, len);
    put(out, "\"", 1);
    return;
  }
  value = valid_text(text, len);
  if (tl_json_write(out, &value, NULL) < 0) TL_BUG("text that is valid cannot be written");
  tl_free(&value);
}

static void put_words(tl_buf *out, const char *text, size_t len, char between)
{
  const char *end = text + len;

  put(out, "[", 1);
  for (const char *p = text, *stop; p < end; p = stop + 1) {
    stop = memchr(p, between, (size_t)(end - p));
    if (!stop) stop = end;
    if (p > text) put(out, ",", 1);
    put_text(out, p, (size_t)(stop - p));
  }
  put(out, "]", 1);
}

static size_t digits(const char *text, size_t len)
{
  size_t n = 0;

  while (n < len && text[n] >= '0' && text[n] <= '9') n++;
  return n;
}

/* A number as RFC 8259 section 6 has it. Read by eye, since a row has seven. */
static bool is_number(const char *text, size_t len)
{
  size_t at = len > 0 && text[0] == '-', n = digits(text + at, len - at);

  if (n == 0 || (n > 1 && text[at] == '0')) return false;
  at += n;
  if (at < len && text[at] == '.') {
    n = digits(text + at + 1, len - at - 1);
    if (n == 0) return false;
    at += n + 1;
  }
  if (at < len && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    if (at < len && (text[at] == '-' || text[at] == '+')) at++;
    n = digits(text + at, len - at);
    if (n == 0) return false;
    at += n;
  }
  return at == len;
}

static bool is_map(const char *text, size_t len)
{
  tl_val value;
  bool fits = tl_json_read(&value, text, len, NULL) == TL_OK && value.type == TL_MAP;

  tl_free(&value);
  return fits;
}

static bool is_truth(const char *text, size_t len)
{
  return (len == 4 && memcmp(text, "true", 4) == 0) || (len == 5 && memcmp(text, "false", 5) == 0);
}

/* What claims to be a number or a map and is none is told as the text it is. */
static void put_value(tl_buf *out, form as, char between, const char *text, size_t len)
{
  bool fits = (as == NUMBER && is_number(text, len)) || (as == TRUTH && is_truth(text, len)) ||
              (as == MAP && is_map(text, len));

  if (fits) put(out, text, len);
  else if (as == WORDS) put_words(out, text, len, between);
  else put_text(out, text, len);
}

static void put_object(tl_page *page, const tl_cell *cells)
{
  tl_buf *out = &page->text;
  bool first = true;

  if (out->len > 0) put(out, ",\n", 2);
  for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
    tl_column column = members[i].column;
    const char *name = tl_column_names[column];
    size_t len = tl_csv_value(&cells[column], page->scratch);
    if (len == 0) continue;
    put(out, first ? "{\"" : ",\"", 2);
    put(out, name, strlen(name));
    put(out, "\":", 2);
    put_value(out, members[i].as, column == TL_COLUMN_MODELS ? ';' : ' ', page->scratch, len);
    first = false;
  }
  put(out, "}", 1);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void put_map(tl_page *page, const tl_cell *cells)
{
  tl_val *row = tl_push(&page->rows, tl_map());

  for (int i = 0; i < TL_COLUMNS; i++) {
    size_t len = tl_csv_value(&cells[i], page->scratch);
    const char *name = tl_column_names[i];
    if (len > 0) tl_putn(row, name, strlen(name), tl_strn(page->scratch, len));
  }
}

bool tl_page_add(tl_page *page, const char *line, size_t len)
{
  tl_cell cells[TL_COLUMNS];

  if (!tl_index_is_row(line, len) || memchr(line, '\0', len)) return false;
  (void)tl_csv_split(line, len, cells, TL_COLUMNS);
  page->count++;
  if (page->form == TL_FORM_CSV) put(&page->text, line, len);
  else if (page->form == TL_FORM_JSON) put_object(page, cells);
  else put_map(page, cells);
  return true;
}
