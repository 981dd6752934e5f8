/* Blocks of runs.csv, forwards and backwards; rows that stand over it; the place of a moment. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "index_scan.h"

enum { BLOCK = 256 * 1024, SMALL = 4096, USUAL = 1024 /* bytes that hold most lines */ };

#define OUT_OF_ORDER "does not come behind the line before it, by start and id"

/* --- reading ---------------------------------------------------------------------------------- */

static int64_t read_at(int fd, void *data, size_t len, int64_t at)
{
  size_t done = 0;

  while (done < len) {
    ssize_t n = pread(fd, (char *)data + done, len - done, at + (int64_t)done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += (size_t)n;
  }
  return (int64_t)done;
}

/* Exactly these bytes, into the block. */
static int load(tl_scan *s, int64_t begin, int64_t end, tl_err *e)
{
  size_t len = (size_t)(end - begin);
  int64_t n;

  if (len > s->cap) {
    free(s->data);
    s->data = tl_alloc(s->cap = len);
  }
  n = read_at(s->fd, s->data, len, begin);
  if (n < 0) return tl_fs_fail(e, errno, "read", TL_INDEX_FILE);
  if ((size_t)n < len) return tl_fail(e, TL_EIO, "%s became shorter meanwhile", TL_INDEX_FILE);
  s->at = begin;
  s->len = len;
  return TL_OK;
}

int tl_scan_damaged(const tl_scan *s, int64_t at, const char *what, tl_err *e)
{
  char chunk[SMALL];
  long long line = 1;
  int64_t n;

  for (int64_t pos = 0; pos < at; pos += n) {
    n = read_at(s->fd, chunk, at - pos < SMALL ? (size_t)(at - pos) : SMALL, pos);
    if (n <= 0) break;
    for (int64_t i = 0; i < n; i++) line += chunk[i] == '\n';
  }
  return tl_fail(e, TL_EPARSE, "%s line %lld %s", TL_INDEX_FILE, line, what);
}

size_t tl_scan_again(const tl_scan *s, int64_t at, char *out)
{
  for (size_t size = USUAL; size <= TL_INDEX_LINE; size *= TL_INDEX_LINE / USUAL) {
    int64_t n = read_at(s->fd, out, size, at);
    const char *stop = n > 0 ? memchr(out, '\n', (size_t)n) : NULL;
    if (stop) return (size_t)(stop + 1 - out);
  }
  return 0;
}

/* Loads the whole lines before `end`, back to `floor` at most. */
static int block_before(tl_scan *s, int64_t floor, int64_t end, tl_err *e)
{
  for (int64_t size = BLOCK;; size *= 2) {
    int64_t begin = end - floor > size ? end - size : floor;
    int rc = load(s, begin, end, e);
    if (rc < 0 || begin == floor) return rc;
    char *stop = memchr(s->data, '\n', s->len - 1);
    if (stop) {
      size_t skip = (size_t)(stop + 1 - s->data);
      memmove(s->data, s->data + skip, s->len -= skip);
      s->at += (int64_t)skip;
      return TL_OK;
    }
    if (size > TL_INDEX_LINE) return tl_scan_damaged(s, begin, "is too long for a row", e);
  }
}

/* Loads the whole lines from `begin` on, up to `ceiling` at most. */
static int block_after(tl_scan *s, int64_t begin, int64_t ceiling, tl_err *e)
{
  for (int64_t size = BLOCK;; size *= 2) {
    int64_t end = ceiling - begin > size ? begin + size : ceiling;
    int rc = load(s, begin, end, e);
    if (rc < 0 || end == ceiling) return rc;
    char *stop = memrchr(s->data, '\n', s->len);
    if (stop) {
      s->len = (size_t)(stop + 1 - s->data);
      return TL_OK;
    }
    if (size > TL_INDEX_LINE) return tl_scan_damaged(s, begin, "is too long for a row", e);
  }
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The file ends with its last whole line: what is behind it is being written, or was cut off. */
static int find_end(tl_scan *s, int64_t size, tl_err *e)
{
  int64_t begin = size > TL_INDEX_LINE ? size - TL_INDEX_LINE : 0;
  int rc = load(s, size > SMALL ? size - SMALL : 0, size, e);
  char *stop = rc == TL_OK ? memrchr(s->data, '\n', s->len) : NULL;

  if (rc == TL_OK && !stop) {
    rc = load(s, begin, size, e);
    stop = rc == TL_OK ? memrchr(s->data, '\n', s->len) : NULL;
  }
  if (rc == TL_OK && !stop) return tl_scan_damaged(s, size, "is too long for a row", e);
  if (rc == TL_OK) s->end = s->at + (stop + 1 - s->data);
  s->is_cut = rc == TL_OK && s->end < size;
  return rc;
}

int tl_scan_open(tl_scan *s, int labfd, const tl_overlay *over, tl_err *e)
{
  tl_place place = {.dirfd = labfd, .rel = TL_INDEX_FILE, .shown = TL_INDEX_FILE};
  size_t header = strlen(tl_index_header);
  struct stat st;
  int rc;

  *s = (tl_scan){.fd = -1, .over = over};
  rc = tl_fs_open_file(&place, &st, e);
  if (rc == TL_ENOT_FOUND) return TL_OK;
  if (rc < 0) return rc;
  s->fd = rc;
  s->data = tl_alloc(s->cap = BLOCK);
  s->first = (int64_t)header;
  rc = load(s, 0, st.st_size < s->first ? st.st_size : s->first, e);
  if (rc == TL_OK && (s->len < header || memcmp(s->data, tl_index_header, header) != 0))
    rc = tl_scan_damaged(s, 0, "is not the header of an index", e);
  if (rc == TL_OK) rc = find_end(s, st.st_size, e);
  if (rc < 0) tl_scan_close(s);
  return rc;
}

void tl_scan_close(tl_scan *s)
{
  if (s->fd >= 0) (void)close(s->fd);
  free(s->data);
  free(s->hits);
  *s = (tl_scan){.fd = -1};
}

void tl_overlay_free(tl_overlay *o)
{
  for (size_t i = 0; i < o->n; i++) free((void *)(uintptr_t)o->lines[i].data);
  free(o->lines);
  *o = (tl_overlay){0};
}

/* --- the place of a key ----------------------------------------------------------------------- */

/* Is there a key at the beginning of this line? A quick look; what is printed is looked at in full
 * (tl_index_is_row). */
static bool has_key(const char *line, size_t len)
{
  return len > TL_INDEX_KEY && line[TL_INDEX_KEY] == ',' && line[23] == 'Z' && line[24] == ',' &&
         line[10] == 'T';
}

/* The first row at or behind `from` that does not come before the key, or `to`. */
static int seek_line(tl_scan *s, int64_t from, int64_t to, const char *key, size_t key_len,
                     int64_t *at, tl_err *e)
{
  for (; from < to; from = s->at + (int64_t)s->len) {
    int rc = block_after(s, from, to, e);
    if (rc < 0) return rc;
    for (char *p = s->data, *end = p + s->len; p < end;) {
      char *stop = memchr(p, '\n', (size_t)(end - p));
      *at = s->at + (p - s->data);
      if (!stop || !has_key(p, (size_t)(stop - p))) return tl_scan_damaged(s, *at, "is no row", e);
      if (memcmp(p, key, key_len) >= 0) return TL_OK;
      p = stop + 1;
    }
  }
  *at = to;
  return TL_OK;
}

/* The offset behind the first newline at or behind `from`; `to` when there is none before it. */
static int next_line(tl_scan *s, int64_t from, int64_t to, int64_t *at, tl_err *e)
{
  for (*at = to; from < to; from += SMALL) {
    int rc = load(s, from, to - from > SMALL ? from + SMALL : to, e);
    char *stop = rc == TL_OK ? memchr(s->data, '\n', s->len) : NULL;
    if (stop) *at = from + (stop + 1 - s->data);
    if (rc < 0 || stop) return rc;
  }
  return TL_OK;
}

/* The first row that does not come before the key (a beginning of one will do). Rows are sorted, so
 * halves are thrown away until what is left is a block. */
static int seek(tl_scan *s, const char *key, size_t key_len, int64_t *at, tl_err *e)
{
  int64_t low = s->first, high = s->end;

  while (high - low > BLOCK) {
    int64_t middle = low + (high - low) / 2, line;
    int rc = next_line(s, middle, high, &line, e);
    if (rc < 0) return rc;
    if (line == high) break;
    rc = load(s, line, line + TL_INDEX_KEY + 1 < high ? line + TL_INDEX_KEY + 1 : high, e);
    if (rc < 0) return rc;
    if (!has_key(s->data, s->len)) return tl_scan_damaged(s, line, "is no row", e);
    *(memcmp(s->data, key, key_len) < 0 ? &low : &high) = line;
  }
  return seek_line(s, low, high, key, key_len, at, e);
}

/* --- walking ---------------------------------------------------------------------------------- */

static void add_hit(tl_scan *s, const char *data, size_t len, int64_t at)
{
  if (s->n == s->room) {
    s->room = s->room ? s->room * 2 : 1024;
    s->hits = tl_realloc(s->hits, s->room * sizeof *s->hits);
  }
  s->hits[s->n++] = (tl_line){.data = data, .len = len, .at = at};
}

static int by_key(const void *a, const void *b)
{
  return memcmp(((const tl_line *)a)->data, ((const tl_line *)b)->data, TL_INDEX_KEY);
}

static bool is_overlaid(const tl_scan *s, const char *line)
{
  tl_line wanted = {.data = line};
  const tl_overlay *o = s->over;

  return o && o->n > 0 && bsearch(&wanted, o->lines, o->n, sizeof wanted, by_key);
}

static int check_order(tl_scan *s, const char *before, const char *line, tl_err *e)
{
  if (!before || memcmp(before, line, TL_INDEX_KEY) < 0) return TL_OK;
  return tl_scan_damaged(s, s->at + (line - s->data), OUT_OF_ORDER, e);
}

static int no_row(const tl_scan *s, const char *line, tl_err *e)
{
  return tl_scan_damaged(s, s->at + (line - s->data), "is no row", e);
}

/* The lines of the block that fit. Each one's key is looked at, so that what is damaged is found
 * where it could hide a row; of the rest only what the query needs. */
static int collect_lines(tl_scan *s, tl_query *q, const char **before, tl_err *e)
{
  const char *end = s->data + s->len, *stop;
  const char *found = q->found ? memmem(s->data, s->len, q->found, q->found_len) : s->data;

  for (const char *p = s->data; p < end; *before = p, p = stop) {
    int rc, fits = 0;
    const char *newline =
        memchr(p, '\n', (size_t)(end - p)); /* gone if somebody writes without lock */
    if (!newline || !has_key(p, (size_t)(newline - p))) return no_row(s, p, e);
    stop = newline + 1;
    rc = check_order(s, *before, p, e);
    if (rc < 0) return rc;
    if (!found || found >= stop) continue;
    fits = tl_query_match(q, p, (size_t)(stop - p));
    if (fits < 0) return no_row(s, p, e);
    if (fits > 0 && !is_overlaid(s, p)) add_hit(s, p, (size_t)(stop - p), s->at + (p - s->data));
    if (q->found) found = memmem(stop, (size_t)(end - stop), q->found, q->found_len);
  }
  return TL_OK;
}

/* The same, and holds the block's order against that of the block before it. */
static int collect(tl_scan *s, tl_query *q, bool descending, tl_err *e)
{
  const char *last = !descending && s->has_edge ? s->edge : NULL;
  int rc;

  s->n = 0;
  rc = collect_lines(s, q, &last, e);
  if (rc < 0) return rc;
  if (descending && s->has_edge && last && memcmp(last, s->edge, TL_INDEX_KEY) >= 0)
    return tl_scan_damaged(s, s->at + (last - s->data), OUT_OF_ORDER, e);
  if (last) memmove(s->edge, descending ? s->data : last, TL_INDEX_KEY);
  s->has_edge = s->has_edge || last;
  return TL_OK;
}

/* Adds rows that lie over this part of the file; with `all`, those that are left. */
static void collect_over(tl_scan *s, tl_query *q, bool descending, bool all)
{
  size_t n = s->n;

  while (s->over_from < s->over_to) {
    size_t i = descending ? s->over_to - 1 : s->over_from;
    const tl_line *line = &s->over->lines[i];
    int order = all ? 0 : memcmp(line->data, s->edge, TL_INDEX_KEY);
    if (descending ? order < 0 : order > 0) break;
    if (tl_query_match(q, line->data, line->len) > 0)
      add_hit(s, line->data, line->len, -1 - (int64_t)i);
    if (descending) s->over_to--;
    else s->over_from++;
  }
  if (s->n > n) qsort(s->hits, s->n, sizeof *s->hits, by_key);
}

static int tell(tl_scan *s, bool descending, tl_scan_visit *visit, void *ud, tl_err *e)
{
  int rc = TL_OK;

  for (size_t i = 0; i < s->n && rc == TL_OK; i++)
    rc = visit(ud, &s->hits[descending ? s->n - 1 - i : i], e);
  return rc;
}

/* What lies over the file, without what comes before the key. */
static void narrow_over(tl_scan *s, bool descending, const char *after)
{
  const tl_line key = {.data = after};

  s->over_from = 0;
  s->over_to = s->over ? s->over->n : 0;
  if (!after) return;
  while (s->over_from < s->over_to) {
    const tl_line *line = &s->over->lines[descending ? s->over_to - 1 : s->over_from];
    int order = by_key(line, &key);
    if (descending ? order < 0 : order > 0) return;
    if (descending) s->over_to--;
    else s->over_from++;
  }
}

/* The part of the file in which the rows can be. */
static int narrow(tl_scan *s, const tl_query *q, bool descending, const char *after, int64_t *from,
                  int64_t *to, tl_err *e)
{
  char key[TL_INDEX_KEY + 1];
  int64_t at = 0;
  int rc = TL_OK;

  *from = s->first;
  *to = s->end;
  if (q->from) rc = seek(s, q->from->value, q->from->len, from, e);
  if (rc == TL_OK && q->before) rc = seek(s, q->before->value, q->before->len, to, e);
  if (rc < 0 || !after) return rc;
  memcpy(key, after, TL_INDEX_KEY);
  key[TL_INDEX_KEY] = descending ? ',' : ',' + 1; /* what a key is followed by: at it, behind it */
  rc = seek(s, key, sizeof key, &at, e);
  if (descending && at < *to) *to = at;
  if (!descending && at > *from) *from = at;
  return rc;
}

static int walk_file(tl_scan *s, tl_query *q, bool descending, const char *after,
                     tl_scan_visit *visit, void *ud, tl_err *e)
{
  int64_t from, to;
  int rc = narrow(s, q, descending, after, &from, &to, e);

  s->has_edge = false;
  while (rc == TL_OK && from < to) {
    rc = descending ? block_before(s, from, to, e) : block_after(s, from, to, e);
    if (rc == TL_OK) rc = collect(s, q, descending, e);
    if (rc < 0) return rc;
    collect_over(s, q, descending, false);
    rc = tell(s, descending, visit, ud, e);
    if (descending) to = s->at;
    else from = s->at + (int64_t)s->len;
  }
  return rc;
}

int tl_scan_walk(tl_scan *s, tl_query *q, bool descending, const char *after, tl_scan_visit *visit,
                 void *ud, tl_err *e)
{
  int rc = TL_OK;

  narrow_over(s, descending, after);
  if (s->fd >= 0) rc = walk_file(s, q, descending, after, visit, ud, e);
  if (rc == TL_OK) {
    s->n = 0;
    collect_over(s, q, descending, true);
    rc = tell(s, descending, visit, ud, e);
  }
  return rc < 0 ? rc : TL_OK;
}
