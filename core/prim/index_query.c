/* Conditions on a row of the index: read from a map, held against lines. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../base/json.h"
#include "index_query.h"

enum { TEXT_MAX = 1000 };

static const char *const op_names[] = {"=", "prefix", "has", "contains", ">=", ">", "<=", "<"};

/* --- numbers and text ------------------------------------------------------------------------- */

/* A number as JSON writes it; everything else is text. */
static bool read_number(const char *data, size_t len, double *out)
{
  char text[64], *end;

  if (len == 0 || len >= sizeof text || !(isdigit((unsigned char)data[0]) || data[0] == '-'))
    return false;
  memcpy(text, data, len);
  text[len] = '\0';
  if (strspn(text, "0123456789+-.eE") != len) return false;
  *out = strtod(text, &end);
  return end == text + len;
}

static char lower(char c)
{
  return (char)(c + ((unsigned char)(c - 'A') < 26 ? 'a' - 'A' : 0));
}

static void lower_all(char *out, const char *text, size_t len)
{
  for (size_t i = 0; i < len; i++) out[i] = lower(text[i]);
}

const char *tl_query_find(const char *text, size_t len, const char *part, size_t part_len)
{
  char low[8 * 1024]; /* pieces overlap by what could be the beginning of a hit */
  size_t step = sizeof low - part_len;

  for (size_t at = 0; at + part_len <= len; at += step) {
    size_t n = len - at < sizeof low ? len - at : sizeof low;
    lower_all(low, text + at, n);
    const char *hit = memmem(low, n, part, part_len);
    if (hit) return text + at + (hit - low);
  }
  return NULL;
}

/* --- reading a query -------------------------------------------------------------------------- */

static int read_field(tl_field *field, const char *name, tl_err *e)
{
  bool param = strncmp(name, "param.", 6) == 0, metric = strncmp(name, "metric.", 7) == 0;
  tl_buf needle = TL_BUF(TL_INDEX_LINE);
  tl_val key;
  int rc;

  *field = (tl_field){.column = -1};
  if (strcmp(name, "run") == 0) return TL_OK;
  if (!param && !metric) {
    field->column = tl_column_of(name);
    return field->column >= 0 ? TL_OK
                              : tl_fail(e, TL_EARGUMENT, "the index has no column %s", name);
  }
  field->column = param ? TL_COLUMN_PARAMS : TL_COLUMN_METRICS;
  key = tl_str(name + (param ? 6 : 7));
  rc = tl_json_write(&needle, &key, e);
  tl_free(&key);
  if (rc == TL_OK && tl_buf_byte(&needle, ':') < 0) rc = TL_ELIMIT;
  if (rc == TL_OK) field->needle = tl_buf_take(&needle, &field->needle_len);
  tl_buf_free(&needle);
  return rc;
}

static int read_condition(tl_condition *c, const tl_val *map, tl_err *e)
{
  const tl_val *value = tl_get(map, "value");
  const char *op = tl_get_str(map, "op", "");
  size_t i = 0;

  while (i < sizeof op_names / sizeof *op_names && strcmp(op, op_names[i]) != 0) i++;
  if (i == sizeof op_names / sizeof *op_names)
    return tl_fail(e, TL_EARGUMENT, "the index knows no comparison %s", op);
  if (!value || value->type != TL_STR || value->u.s.len > TEXT_MAX)
    return tl_fail(e, TL_EARGUMENT, "a condition's value must be a string of at most %d bytes",
                   TEXT_MAX);
  c->op = (tl_query_op)i;
  c->value = tl_memdup0(value->u.s.data, value->u.s.len);
  c->len = value->u.s.len;
  c->is_number = read_number(c->value, c->len, &c->number);
  if (c->op == TL_QUERY_CONTAINS) lower_all(c->value, c->value, c->len);
  return read_field(&c->field, tl_get_str(map, "column", ""), e);
}

/* Bytes that stand in each line that fits: the value itself, where a cell has to be the same. What
 * has quotes is written otherwise there, and what is a number may be; the name of a run is none. */
static const char *stands(const tl_condition *c)
{
  bool literal = c->op == TL_QUERY_EQUAL || c->op == TL_QUERY_PREFIX || c->op == TL_QUERY_HAS;

  bool is_number = c->is_number && c->field.column >= 0;

  return literal && !is_number && !c->field.needle && !memchr(c->value, '"', c->len) ? c->value
                                                                                     : NULL;
}

static void note_condition(tl_query *q, const tl_condition *c)
{
  int needs = c->field.column < 0 ? TL_COLUMNS : c->field.column + 1;

  if (needs > q->columns) q->columns = needs;
  if (c->field.column == TL_COLUMN_STARTED && c->op == TL_QUERY_GE) q->from = c;
  if (c->field.column == TL_COLUMN_STARTED && c->op == TL_QUERY_LT) q->before = c;
  if (stands(c) && c->len > q->found_len) {
    free(q->found);
    q->found = tl_memdup0(c->value, c->len);
    q->found_len = c->len;
  }
}

/* As it stands in a line: in lower case, each quote twice. */
static int read_text(tl_query *q, const tl_val *text, tl_err *e)
{
  tl_buf part = TL_BUF(2 * TEXT_MAX);

  if (!text || text->type == TL_NIL) return TL_OK;
  if (text->type != TL_STR || text->u.s.len > TEXT_MAX)
    return tl_fail(e, TL_EARGUMENT, "text must be a string of at most %d bytes", TEXT_MAX);
  for (size_t i = 0; i < text->u.s.len; i++) {
    char c = lower(text->u.s.data[i]);
    (void)tl_buf_add(&part, c == '"' ? "\"\"" : &c, c == '"' ? 2 : 1);
  }
  q->text = tl_buf_take(&part, &q->text_len);
  return TL_OK;
}

int tl_query_read(tl_query *q, const tl_val *map, tl_err *e)
{
  const tl_val *where = tl_get(map, "where");
  size_t n = where && where->type == TL_LIST ? where->u.list.len : 0;
  int64_t limit = tl_get_int(map, "limit", 0);
  int rc;

  *q = (tl_query){.where = tl_zalloc((n + 1) * sizeof *q->where),
                  .scratch = tl_alloc(TL_INDEX_LINE),
                  .limit = limit > 0 && limit < INT32_MAX ? limit : 0,
                  .descending = tl_get_bool(map, "descending", true)};
  rc = read_text(q, tl_get(map, "text"), e);
  for (size_t i = 0; i < n && rc == TL_OK; i++) {
    q->n++;
    rc = read_condition(&q->where[i], &where->u.list.items[i], e);
    if (rc == TL_OK) note_condition(q, &q->where[i]);
  }
  if (rc == TL_OK) rc = read_field(&q->sort, tl_get_str(map, "sort", "started"), e);
  if (rc == TL_OK && q->sort.column < 0)
    rc = tl_fail(e, TL_EARGUMENT, "the index has no column run to sort by");
  if (rc < 0) tl_query_free(q);
  return rc;
}

bool tl_query_by_start(const tl_query *q)
{
  return q->sort.column == TL_COLUMN_STARTED && !q->sort.needle;
}

void tl_query_free(tl_query *q)
{
  for (size_t i = 0; i < q->n; i++) {
    free(q->where[i].value);
    free(q->where[i].field.needle);
  }
  free(q->where);
  free(q->text);
  free(q->sort.needle);
  free(q->found);
  free(q->scratch);
  *q = (tl_query){0};
}

/* --- values of a row -------------------------------------------------------------------------- */

/* Bytes of a JSON value at the beginning of a text: up to the comma or bracket behind it. */
static size_t value_len(const char *p, size_t len)
{
  size_t i = 0;
  int depth = 0;
  bool quoted = false;

  for (; i < len; i++) {
    char c = p[i];
    if (quoted && c == '\\') i++;
    else if (c == '"') quoted = !quoted;
    else if (quoted) continue;
    else if (c == '{' || c == '[') depth++;
    else if (c == '}' || c == ']' || c == ',') {
      if (depth == 0) return i;
      depth -= c != ',';
    }
  }
  return len < i ? len : i;
}

/* Where the value of a key stands that is the needle, or (`tail`) ends with a point and it. What a
 * quote and a colon end is a key: within a string each quote has a backslash. */
static const char *member_at(const tl_field *field, bool tail, const char *map, size_t len)
{
  const char *needle = field->needle + tail, *p = map, *end = map + len;
  size_t n = field->needle_len - tail;

  while ((p = memmem(p, (size_t)(end - p), needle, n))) {
    bool key = p > map && (tail ? p[-1] == '.' : p[-1] == '{' || p[-1] == ',');
    p += n;
    if (key) return p;
  }
  return NULL;
}

/* The member's value in a canonical map: "temperature" is also "params.temperature". */
static bool member(const tl_field *field, const char *map, size_t len, tl_cellval *out)
{
  const char *p = member_at(field, false, map, len);

  if (!p) p = member_at(field, true, map, len);
  if (p) *out = (tl_cellval){.data = p, .len = value_len(p, (size_t)(map + len - p))};
  return p != NULL;
}

/* A string of JSON becomes what it says; `scratch` is where the text lies already. */
static void unpack(tl_cellval *v, char *scratch)
{
  tl_val text;

  if (v->len < 2 || v->data[0] != '"') return;
  if (!memchr(v->data, '\\', v->len)) {
    v->data++;
    v->len -= 2;
  } else if (tl_json_read(&text, v->data, v->len, NULL) == TL_OK) {
    memcpy(scratch, text.u.s.data, text.u.s.len); /* escapes only shrink */
    *v = (tl_cellval){.data = scratch, .len = text.u.s.len};
    tl_free(&text);
  }
}

bool tl_query_value(tl_query *q, const tl_field *field, const tl_cell *cells, tl_cellval *out)
{
  const tl_cell *cell = &cells[field->column];

  *out = (tl_cellval){.data = cell->data, .len = cell->len};
  if (cell->doubled) {
    out->len = tl_csv_value(cell, q->scratch);
    out->data = q->scratch;
  }
  if (field->needle) {
    if (!member(field, out->data, out->len, out)) return false;
    unpack(out, q->scratch);
  }
  if (out->len == 0) return field->needle != NULL;
  out->is_number = read_number(out->data, out->len, &out->number);
  return true;
}

/* --- matching --------------------------------------------------------------------------------- */

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
  int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

  return order ? order : (a_len > b_len) - (a_len < b_len);
}

static bool is_prefix(const char *text, size_t len, const tl_condition *c)
{
  return len >= c->len && memcmp(text, c->value, c->len) == 0;
}

static bool has_word(const tl_condition *c, const tl_cellval *v)
{
  char between = c->field.column == TL_COLUMN_MODELS ? ';' : ' ';
  const char *p = v->data, *end = p + v->len;

  while (p < end) {
    const char *stop = memchr(p, between, (size_t)(end - p));
    size_t len = (size_t)((stop ? stop : end) - p);
    if (len == c->len && memcmp(p, c->value, len) == 0) return true;
    p += len + 1;
  }
  return false;
}

/* Is it on the asked side? Numbers stand with numbers only. */
static bool is_beside(const tl_condition *c, const tl_cellval *v)
{
  int order;

  if (c->is_number && c->field.column != TL_COLUMN_STARTED) {
    if (!v->is_number) return false;
    order = (v->number > c->number) - (v->number < c->number);
  } else {
    order = compare_bytes(v->data, v->len, c->value, c->len);
  }
  switch (c->op) {
  case TL_QUERY_GE: return order >= 0;
  case TL_QUERY_GT: return order > 0;
  case TL_QUERY_LE: return order <= 0;
  default: return order < 0;
  }
}

static bool fits(const tl_condition *c, const tl_cellval *v)
{
  switch (c->op) {
  case TL_QUERY_EQUAL:
    return compare_bytes(v->data, v->len, c->value, c->len) == 0 ||
           (c->is_number && v->is_number && !(v->number < c->number) && !(v->number > c->number));
  case TL_QUERY_PREFIX: return is_prefix(v->data, v->len, c);
  case TL_QUERY_HAS: return has_word(c, v);
  case TL_QUERY_CONTAINS: return tl_query_find(v->data, v->len, c->value, c->len) != NULL;
  default: return is_beside(c, v);
  }
}

/* What a run is called: the beginning of its id, or of the last part of its folder. */
static bool is_called(const tl_condition *c, const tl_cell *cells)
{
  const tl_cell *id = &cells[TL_COLUMN_ID], *folder = &cells[TL_COLUMN_FOLDER];
  const char *slash = memrchr(folder->data, '/', folder->len);
  const char *name = slash ? slash + 1 : folder->data;

  return is_prefix(id->data, id->len, c) ||
         is_prefix(name, (size_t)(folder->data + folder->len - name), c);
}

int tl_query_match(tl_query *q, const char *line, size_t len)
{
  tl_cell cells[TL_COLUMNS];

  if (q->columns > 0 && tl_csv_split(line, len, cells, q->columns) < q->columns) return -1;
  for (size_t i = 0; i < q->n; i++) {
    const tl_condition *c = &q->where[i];
    tl_cellval v;
    if (c->field.column < 0 ? !is_called(c, cells)
                            : !tl_query_value(q, &c->field, cells, &v) || !fits(c, &v))
      return 0;
  }
  return !q->text || tl_query_find(line, len, q->text, q->text_len) != NULL;
}
