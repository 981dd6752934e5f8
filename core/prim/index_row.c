/* The row of a run: what its manifest says, and what people noted beside it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/json.h"
#include "index.h"
#include "store.h"

enum {
  MANIFEST_MAX = 64 << 20,
  NOTES_MAX = 16 << 20,
  PARAMS = 64, /* scalars of spec.values, and again of params, that a row takes */
  METRICS = 256,
  SCALAR_LEN = 200,
  DEPTH = 8 /* maps within maps whose scalars count */
};

/* --- words: each behind its separator, so that one can be found whole -------------------------- */

/* Where the word stands, its separator included; len if nowhere. */
static size_t find_word(const tl_buf *list, const tl_buf *word)
{
  for (size_t at = 0; at < list->len;) {
    const char *hit = memmem(list->data + at, list->len - at, word->data, word->len);
    if (!hit) break;
    at = (size_t)(hit - list->data);
    size_t after = at + word->len;
    if (after == list->len || list->data[after] == word->data[0]) return at;
    at = after;
  }
  return list->len;
}

/* A separator and the text (of what is none, its JSON), in which nothing else separates. Empty when
 * there is no text, or too much. */
static tl_buf make_word(char separator, const tl_val *v)
{
  tl_buf word = TL_BUF(TL_INDEX_CELL + 1);
  int rc;

  (void)tl_buf_byte(&word, separator);
  rc = v->type == TL_STR ? tl_buf_add(&word, v->u.s.data, v->u.s.len)
                         : tl_json_write(&word, v, NULL);
  if (rc < 0 || word.len == 1) word.len = 0;
  for (size_t i = 1; i < word.len; i++)
    if (word.data[i] == separator || (unsigned char)word.data[i] < ' ') word.data[i] = '_';
  return word;
}

/* Adds a word that is not there yet, or takes it away. What the buffer has no room for is left
 * out. */
static void set_word(tl_buf *list, char separator, const tl_val *v, bool there)
{
  tl_buf word;
  size_t at;

  if (!v) return;
  word = make_word(separator, v);
  at = word.len > 0 ? find_word(list, &word) : 0;
  if (word.len > 0 && there && at == list->len) {
    (void)tl_buf_add(list, word.data, word.len);
  } else if (word.len > 0 && !there && at < list->len) {
    memmove(list->data + at, list->data + at + word.len, list->len - at - word.len);
    list->len -= word.len;
  }
  tl_buf_free(&word);
}

/* --- notes.jsonl ------------------------------------------------------------------------------ */

typedef struct words {
  tl_buf models, tags, note;
} words;

static void take_note(words *w, const tl_val *note)
{
  const char *kind = tl_get_str(note, "kind", "");
  const tl_val *text = tl_get(note, "text");

  if (!text || text->type != TL_STR || text->u.s.len == 0) return;
  if (strcmp(kind, "tag") == 0 || strcmp(kind, "untag") == 0) {
    set_word(&w->tags, ' ', text, kind[0] == 't');
  } else if (strcmp(kind, "note") == 0) {
    size_t len = w->note.len;
    if ((len > 0 && tl_buf_str(&w->note, " \xc2\xb7 ") < 0) ||
        tl_buf_add(&w->note, text->u.s.data, text->u.s.len) < 0)
      w->note.len = len;
  }
}

/* A line that is no note, and a last one without its newline, are for `verify` to tell of. */
static int read_notes(words *w, int dirfd, tl_err *e)
{
  tl_buf text;
  int rc = tl_store_read(dirfd, TL_INDEX_NOTES, NOTES_MAX, &text, e);

  if (rc == TL_ENOT_FOUND) return TL_OK;
  if (rc < 0) return rc;
  for (size_t at = 0; at < text.len;) {
    const char *line = text.data + at, *end = memchr(line, '\n', text.len - at);
    tl_val note;
    if (!end) break;
    if (tl_json_read(&note, line, (size_t)(end - line), NULL) == TL_OK) take_note(w, &note);
    tl_free(&note);
    at += (size_t)(end - line) + 1;
  }
  tl_buf_free(&text);
  return TL_OK;
}

static void read_manifest_words(words *w, const tl_val *manifest)
{
  const tl_val *models = tl_get(manifest, "models"), *tags = tl_get(manifest, "tags");

  for (size_t i = 0; models && models->type == TL_LIST && i < models->u.list.len; i++)
    set_word(&w->models, ';', tl_get(tl_at(models, i), "asked"), true);
  for (size_t i = 0; tags && tags->type == TL_LIST && i < tags->u.list.len; i++)
    set_word(&w->tags, ' ', tl_at(tags, i), true);
}

/* --- params and metrics ----------------------------------------------------------------------- */

static bool is_scalar(const tl_val *v)
{
  return v->type == TL_BOOL || v->type == TL_INT || v->type == TL_NUM ||
         (v->type == TL_STR && v->u.s.len <= SCALAR_LEN);
}

/* Puts the map's scalars into `out` by dotted name, at most `most` of them. `name` holds what
 * stands before. */
static void flatten(tl_val *out, const tl_val *map, tl_buf *name, size_t *most, int depth)
{
  size_t len = name->len;

  if (!map || map->type != TL_MAP) return;
  for (size_t i = 0; i < map->u.map.len && *most > 0; i++) {
    const tl_pair *pair = &map->u.map.pairs[i];
    if (tl_buf_add(name, pair->key, pair->key_len) == TL_OK && name->len > 0) {
      if (is_scalar(&pair->val)) {
        (void)tl_put(out, name->data, tl_copy(&pair->val));
        --*most;
      } else if (depth > 1 && tl_buf_byte(name, '.') == TL_OK) {
        flatten(out, &pair->val, name, most, depth - 1);
      }
    }
    name->len = len;
  }
}

static void flatten_all(tl_val *out, const tl_val *map, size_t most)
{
  tl_buf name = TL_BUF(SCALAR_LEN);

  flatten(out, map, &name, &most, DEPTH);
  tl_buf_free(&name);
}

static void drop_last(tl_val *map)
{
  tl_pair *pair = &map->u.map.pairs[--map->u.map.len];

  free(pair->key);
  tl_free(&pair->val);
}

/* A cell with the map as JSON, with as many of its members as there is room for. Frees it. */
static int put_map(tl_buf *line, tl_val *map, tl_err *e)
{
  tl_buf text = TL_BUF(TL_INDEX_CELL);
  int rc = TL_OK;

  while (map->u.map.len > 0 && (rc = tl_json_write(&text, map, e)) == TL_ELIMIT) drop_last(map);
  if (map->u.map.len > 0 && rc == TL_OK) tl_csv_cell(line, text.data, text.len);
  tl_buf_free(&text);
  tl_free(map);
  return rc == TL_ELIMIT ? TL_OK : rc;
}

/* --- the line --------------------------------------------------------------------------------- */

/* The value that a path of at most two keys leads to; NULL if none. */
static const tl_val *look(const tl_val *manifest, const char *key, const char *below)
{
  const tl_val *v = tl_get(manifest, key);

  return v && below ? tl_get(v, below) : v;
}

static void put_value(tl_buf *line, const tl_val *v)
{
  char number[32];

  if (!v) return;
  if (v->type == TL_STR) tl_csv_cell(line, v->u.s.data, v->u.s.len);
  else if (v->type == TL_INT)
    tl_csv_cell(line, number, (size_t)sprintf(number, "%" PRId64, v->u.i));
  else if (v->type == TL_NUM) tl_csv_cell(line, number, tl_json_number(number, v->u.num));
  else if (v->type == TL_BOOL) tl_csv_cell(line, v->u.b ? "true" : "false", v->u.b ? 4 : 5);
}

static void put_status(tl_buf *line, const tl_val *manifest, bool held)
{
  const char *status = tl_get_str(manifest, "status", "");

  if (!held && strcmp(status, "running") == 0) status = "interrupted";
  tl_csv_cell(line, status, strlen(status));
}

/* How many files there are, once the run has ended and that is known. */
static void put_outputs(tl_buf *line, const tl_val *manifest)
{
  tl_val count = tl_int((int64_t)tl_len(tl_get(manifest, "outputs")));

  if (look(manifest, "time", "ended")) put_value(line, &count);
}

/* Words without the separator before the first. */
static void put_words(tl_buf *line, const tl_buf *list)
{
  if (list->len > 0) tl_csv_cell(line, list->data + 1, list->len - 1);
}

static int put_params(tl_buf *line, const tl_val *manifest, tl_err *e)
{
  tl_val params = tl_map();

  flatten_all(&params, look(manifest, "spec", "values"), PARAMS);
  flatten_all(&params, tl_get(manifest, "params"), PARAMS);
  return put_map(line, &params, e);
}

static int put_metrics(tl_buf *line, const tl_val *manifest, tl_err *e)
{
  tl_val metrics = tl_map();

  flatten_all(&metrics, tl_get(manifest, "metrics"), METRICS);
  return put_map(line, &metrics, e);
}

/* Where the plain columns come from. */
static const char *const sources[TL_COLUMNS][2] = {
    [TL_COLUMN_STARTED] = {"time", "started"},
    [TL_COLUMN_ID] = {"id"},
    [TL_COLUMN_RECIPE] = {"recipe", "name"},
    [TL_COLUMN_SECONDS] = {"time", "seconds"},
    [TL_COLUMN_TOKENS_IN] = {"tokens", "input"},
    [TL_COLUMN_TOKENS_OUT] = {"tokens", "output"},
    [TL_COLUMN_COST] = {"cost", "amount"},
    [TL_COLUMN_CURRENCY] = {"cost", "currency"},
    [TL_COLUMN_EFFECTS] = {"effects", "count"},
    [TL_COLUMN_FAILED] = {"effects", "failed"},
    [TL_COLUMN_COMMIT] = {"git", "commit"},
    [TL_COLUMN_DIRTY] = {"git", "dirty"},
    [TL_COLUMN_KEY] = {"key"},
    [TL_COLUMN_REPLAY_OF] = {"replay_of"},
    [TL_COLUMN_ERROR] = {"error", "code"},
    [TL_COLUMN_FOLDER] = {"folder"},
};

static int put_column(tl_buf *line, const tl_val *manifest, const words *w, bool held, int column,
                      tl_err *e)
{
  switch (column) {
  case TL_COLUMN_STATUS: put_status(line, manifest, held); return TL_OK;
  case TL_COLUMN_MODELS: put_words(line, &w->models); return TL_OK;
  case TL_COLUMN_TAGS: put_words(line, &w->tags); return TL_OK;
  case TL_COLUMN_OUTPUTS: put_outputs(line, manifest); return TL_OK;
  case TL_COLUMN_NOTE: tl_csv_cell(line, w->note.data, w->note.len); return TL_OK;
  case TL_COLUMN_PARAMS: return put_params(line, manifest, e);
  case TL_COLUMN_METRICS: return put_metrics(line, manifest, e);
  default: put_value(line, look(manifest, sources[column][0], sources[column][1])); return TL_OK;
  }
}

static int put_line(tl_buf *line, const tl_val *manifest, const words *w, bool held, tl_err *e)
{
  size_t before = line->len;
  int rc = TL_OK;

  for (int i = 0; i < TL_COLUMNS && rc == TL_OK; i++) {
    rc = put_column(line, manifest, w, held, i, e);
    if (tl_buf_byte(line, i + 1 < TL_COLUMNS ? ',' : '\n') < 0)
      TL_BUG("a line of the index has no room");
  }
  if (rc == TL_OK && !tl_index_is_row(line->data + before, line->len - before))
    rc = tl_fail(e, TL_EINVALID, "run.json is not the manifest of a run: no id, or no start");
  if (rc < 0) line->len = before;
  return rc;
}

/* What of a manifest a row is made of; the rest is most of it. */
static const tl_json_want nothing[] = {{NULL, NULL}}; /* but that it is there, or how many */
static const tl_json_want of_cost[] = {{"amount", NULL}, {"currency", NULL}, {NULL, NULL}};
static const tl_json_want of_effects[] = {{"count", NULL}, {"failed", NULL}, {NULL, NULL}};
static const tl_json_want of_error[] = {{"code", NULL}, {NULL, NULL}};
static const tl_json_want of_git[] = {{"commit", NULL}, {"dirty", NULL}, {NULL, NULL}};
static const tl_json_want of_model[] = {{"asked", NULL}, {NULL, NULL}};
static const tl_json_want of_recipe[] = {{"name", NULL}, {NULL, NULL}};
static const tl_json_want of_spec[] = {{"values", NULL}, {NULL, NULL}};
static const tl_json_want of_manifest[] = {
    {"cost", of_cost},    {"effects", of_effects},
    {"error", of_error},  {"folder", NULL},
    {"git", of_git},      {"id", NULL},
    {"key", NULL},        {"metrics", NULL},
    {"models", of_model}, {"outputs", nothing},
    {"params", NULL},     {"recipe", of_recipe},
    {"replay_of", NULL},  {"schema", NULL},
    {"spec", of_spec},    {"status", NULL},
    {"tags", NULL},       {"time", NULL},
    {"tokens", NULL},     {NULL, NULL},
};

/* A manifest of a later form is not guessed at (lua/host/spec/form.lua). */
static int check_form(const tl_val *manifest, tl_err *e)
{
  static const char form[] = "tlab.run/1";
  const char *stated = tl_get_str(manifest, "schema", form);

  if (strcmp(stated, form) == 0) return TL_OK;
  return tl_fail(e, TL_EUNSUPPORTED, "run.json has the form %.40s, and this tlab reads %s only",
                 stated, form);
}

int tl_index_row(int dirfd, bool held, tl_buf *line, tl_err *e)
{
  words w = {TL_BUF(TL_INDEX_CELL), TL_BUF(TL_INDEX_CELL), TL_BUF(TL_INDEX_CELL)};
  tl_val manifest = tl_nil();
  tl_buf text;
  int rc = tl_store_read(dirfd, "run.json", MANIFEST_MAX, &text, e);

  if (rc < 0) return rc;
  rc = tl_json_read_some(&manifest, text.data ? text.data : "", text.len, of_manifest, e);
  if (rc == TL_OK) rc = check_form(&manifest, e);
  if (rc == TL_OK) {
    read_manifest_words(&w, &manifest);
    rc = read_notes(&w, dirfd, e);
  }
  if (rc == TL_OK) rc = put_line(line, &manifest, &w, held, e);
  tl_free(&manifest);
  tl_buf_free(&text);
  tl_buf_free(&w.models);
  tl_buf_free(&w.tags);
  tl_buf_free(&w.note);
  return rc;
}
