/* Rows that are not in runs.csv yet: they wait to be merged, or their runs go on. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "index.h"
#include "index_scan.h"

static void add(tl_overlay *o, tl_buf *line)
{
  size_t len;

  if (o->n == o->cap) {
    o->cap = o->cap ? o->cap * 2 : 64;
    o->lines = tl_realloc(o->lines, o->cap * sizeof *o->lines);
  }
  char *data = tl_buf_take(line, &len);
  o->lines[o->n] = (tl_line){.data = data, .len = len, .at = (int64_t)o->n};
  o->n++;
}

/* A file that is there no more has been merged, and its row is found in runs.csv. */
static int add_waiting(tl_overlay *o, int dirfd, const char *name, tl_err *e)
{
  tl_place place = {.dirfd = dirfd, .rel = name, .shown = name};
  tl_buf line = TL_BUF(TL_INDEX_LINE);
  struct stat st;
  int fd = tl_fs_open_file(&place, &st, e), rc = TL_OK;
  char *data;
  ssize_t n;

  if (fd < 0) return fd == TL_ENOT_FOUND ? TL_OK : fd;
  data = tl_alloc(TL_INDEX_LINE + 1);
  n = tl_fs_read_all(fd, data, TL_INDEX_LINE + 1);
  if (n <= 0 || !tl_index_is_row(data, (size_t)n))
    rc = tl_fail(e, TL_EPARSE, "%s/%s holds no row of the index", TL_INDEX_ROWS, name);
  else if (tl_buf_add(&line, data, (size_t)n) == TL_OK) add(o, &line);
  free(data);
  (void)close(fd);
  return rc;
}

static int add_all_waiting(tl_overlay *o, int labfd, tl_err *e)
{
  tl_place place = {.dirfd = labfd, .rel = TL_INDEX_ROWS, .shown = TL_INDEX_ROWS};
  tl_fs_names names;
  int rc, fd = tl_fs_open_folder(&place, e);

  if (fd < 0) return fd == TL_ENOT_FOUND ? TL_OK : fd;
  rc = tl_fs_names_read(fd, place.shown, &names, e);
  if (rc == TL_OK) {
    for (size_t i = 0; i < names.n && rc == TL_OK; i++)
      if (tl_rows_is_file(names.at[i])) rc = add_waiting(o, fd, names.at[i], e);
    tl_fs_names_free(&names);
  }
  (void)close(fd);
  return rc;
}

/* A run of which there is no manifest yet has no row yet. */
static void add_running(tl_overlay *o, int labfd, const tl_val *folder)
{
  tl_place place = {.dirfd = labfd};
  tl_buf line = TL_BUF(TL_INDEX_LINE);
  int fd;

  if (folder->type != TL_STR) return;
  place.rel = place.shown = folder->u.s.data;
  fd = tl_fs_open_folder(&place, NULL);
  if (fd < 0) return;
  if (tl_index_row(fd, true, &line, NULL) == TL_OK) add(o, &line);
  tl_buf_free(&line);
  (void)close(fd);
}

/* By key, those that were added later first. */
static int by_key(const void *a, const void *b)
{
  const tl_line *x = a, *y = b;
  int order = memcmp(x->data, y->data, TL_INDEX_KEY);

  return order ? order : (x->at < y->at) - (x->at > y->at);
}

static void keep_first(tl_overlay *o)
{
  size_t n = 0;

  if (o->n == 0) return;
  qsort(o->lines, o->n, sizeof *o->lines, by_key);
  for (size_t i = 0; i < o->n; i++) {
    if (n > 0 && memcmp(o->lines[n - 1].data, o->lines[i].data, TL_INDEX_KEY) == 0)
      free((void *)(uintptr_t)o->lines[i].data);
    else o->lines[n++] = o->lines[i];
  }
  o->n = n;
}

int tl_overlay_read(tl_overlay *o, int labfd, const tl_val *running, tl_err *e)
{
  size_t n = running && running->type == TL_LIST ? running->u.list.len : 0;
  int rc;

  for (size_t i = 0; i < n; i++) add_running(o, labfd, &running->u.list.items[i]);
  rc = add_all_waiting(o, labfd, e);
  keep_first(o);
  return rc;
}
