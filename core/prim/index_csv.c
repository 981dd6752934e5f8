/* Lines of runs.csv: RFC 4180 with LF, one line a row, and no cell that a spreadsheet runs. */
#include <string.h>

#include "index.h"

const char *const tl_column_names[TL_COLUMNS] = {
#define X(id, name) name,
    TL_INDEX_COLUMNS(X)
#undef X
};

const char tl_index_header[] =
    "started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,"
    "failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder\n";

int tl_column_of(const char *name)
{
  for (int i = 0; i < TL_COLUMNS; i++)
    if (strcmp(name, tl_column_names[i]) == 0) return i;
  return -1;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Bytes of the control character at p, else 0: C0, DEL and, as two bytes, C1. */
static size_t control_at(const char *p, size_t len)
{
  unsigned char c = (unsigned char)p[0];

  if (c < 0x20 || c == 0x7F) return 1;
  return c == 0xC2 && len > 1 && (unsigned char)p[1] < 0xA0 ? 2 : 0;
}

static bool is_formula(const char *value, size_t len)
{
  return len > 0 && (strchr("=+-@'", value[0]) || control_at(value, len) > 0);
}

/* The longest beginning that fits and ends with a whole character. */
static size_t cut(const char *value, size_t len)
{
  if (len <= TL_INDEX_CELL) return len;
  for (len = TL_INDEX_CELL; len > 0 && ((unsigned char)value[len] & 0xC0) == 0x80;) len--;
  return len;
}

static size_t plain_run(const char *p, size_t len)
{
  size_t n = 0;

  while (n < len && p[n] != '"' && control_at(p + n, len - n) == 0) n++;
  return n;
}

/* A buffer that is too small is a fault of the caller: lines have a bound. */
static void add(tl_buf *out, const char *data, size_t len)
{
  if (len > 0 && tl_buf_add(out, data, len) < 0) TL_BUG("a line of the index has no room");
}

void tl_csv_cell(tl_buf *out, const char *value, size_t len)
{
  bool quoted;

  len = cut(value, len);
  quoted = len > 0 && (memchr(value, ',', len) || memchr(value, '"', len));
  if (quoted) add(out, "\"", 1);
  if (is_formula(value, len)) add(out, "'", 1);
  while (len > 0) {
    size_t n = plain_run(value, len), control;
    add(out, value, n);
    value += n;
    len -= n;
    if (len == 0) break;
    control = control_at(value, len);
    add(out, control ? " " : "\"\"", control ? 1 : 2);
    value += control ? control : 1;
    len -= control ? control : 1;
  }
  if (quoted) add(out, "\"", 1);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The quoted cell that begins behind the quote before p; returns what follows its closing quote,
 * or NULL. */
static const char *split_quoted(const char *p, const char *end, tl_cell *cell)
{
  cell->data = p;
  cell->doubled = false;
  while ((p = memchr(p, '"', (size_t)(end - p)))) {
    if (p + 1 == end || p[1] != '"') {
      cell->len = (size_t)(p - cell->data);
      return p + 1;
    }
    cell->doubled = true;
    p += 2;
  }
  return NULL;
}

static const char *split_plain(const char *p, const char *end, tl_cell *cell)
{
  const char *comma = p < end ? memchr(p, ',', (size_t)(end - p)) : NULL;

  if (!comma) comma = end;
  *cell = (tl_cell){.data = p, .len = (size_t)(comma - p)};
  return comma;
}

static void drop_guard(tl_cell *cell)
{
  if (cell->len > 0 && cell->data[0] == '\'') {
    cell->data++;
    cell->len--;
  }
}

int tl_csv_split(const char *line, size_t len, tl_cell *cells, int n)
{
  const char *p = line, *end = line + len;

  if (len > 0 && end[-1] == '\n') end--;
  for (int i = 0; i < n; i++) {
    bool quoted = p < end && *p == '"';
    p = quoted ? split_quoted(p + 1, end, &cells[i]) : split_plain(p, end, &cells[i]);
    if (!p || (p < end && *p != ',')) return -1;
    drop_guard(&cells[i]);
    if (p == end) return i + 1;
    p++;
  }
  return n;
}

size_t tl_csv_value(const tl_cell *cell, char *out)
{
  const char *p = cell->data, *end = p + cell->len;
  size_t len = 0;

  if (!cell->doubled) {
    memmove(out, p, cell->len);
    return cell->len;
  }
  while (p < end) {
    if (*p == '"') p++;
    out[len++] = *p++;
  }
  return len;
}

static bool is_hex(char c)
{
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The digits of a row's key: 2026-11-23T05:33:15.123Z, comma, 64 hex digits, comma. */
static bool has_key(const char *line, size_t len)
{
  static const char form[] = "0000-00-00T00:00:00.000Z,";

  if (len <= TL_INDEX_KEY || line[TL_INDEX_KEY] != ',') return false;
  for (size_t i = 0; i < sizeof form - 1; i++)
    if (form[i] == '0' ? line[i] < '0' || line[i] > '9' : line[i] != form[i]) return false;
  for (size_t i = sizeof form - 1; i < TL_INDEX_KEY; i++)
    if (!is_hex(line[i])) return false;
  return true;
}

bool tl_index_is_row(const char *line, size_t len)
{
  tl_cell cells[TL_COLUMNS + 1];

  return len <= TL_INDEX_LINE && len > 0 && memchr(line, '\n', len) == line + len - 1 &&
         has_key(line, len) && tl_csv_split(line, len, cells, TL_COLUMNS + 1) == TL_COLUMNS;
}
