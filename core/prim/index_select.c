/* index.select: the rows that fit, in pages. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fs.h"
#include "index_page.h"
#include "index_sort.h"

enum { LOCK_MS = 1000 };

/* What the file may not be changed in while it is read: held for one page, and shared with other
 * readers. A rebuild holds the lock for long and touches the old file no more, so after a second
 * it is read without; so it is where there is no lock at all. Returns a descriptor or -1. */
static int share_lock(int labfd)
{
  tl_place place = {.dirfd = labfd, .rel = TL_INDEX_LOCK, .shown = TL_INDEX_LOCK};
  struct stat st;
  int fd = tl_fs_open_file(&place, &st, NULL);

  if (fd >= 0 && tl_fs_lock(fd, LOCK_SH, LOCK_MS) == TL_OK) return fd;
  if (fd >= 0) (void)close(fd);
  return -1;
}

/* --- by start: a page begins behind the row that ended the one before ------------------------- */

typedef struct paging {
  const tl_scan *scan;
  tl_page *page;
  int64_t limit;
  bool ended;
  char last[TL_INDEX_KEY];
} paging;

static int add_line(void *ud, const tl_line *line, tl_err *e)
{
  paging *p = ud;

  if (!tl_page_add(p->page, line->data, line->len))
    return tl_scan_damaged(p->scan, line->at, "is no row", e);
  memcpy(p->last, line->data, TL_INDEX_KEY);
  p->ended = p->limit > 0 && p->page->count >= p->limit;
  return p->ended || tl_page_is_full(p->page);
}

static int select_by_start(tl_scan *s, tl_query *q, const char *after, tl_page *page, tl_val *out,
                           tl_err *e)
{
  paging p = {.scan = s, .page = page, .limit = q->limit};
  int rc = tl_scan_walk(s, q, q->descending, after, add_line, &p, e);
  bool more;

  if (rc < 0) return rc;
  more = tl_page_is_full(page) && !p.ended;
  tl_page_end(page, out);
  if (more) tl_put(out, "cursor", tl_strn(p.last, sizeof p.last));
  return TL_OK;
}

/* --- the operation ---------------------------------------------------------------------------- */

/* Which page: empty for the first, else the key behind which it begins, or TL_SORT_CURSOR. */
static int read_cursor(const tl_val *query, bool by_start, const tl_val **cursor, tl_err *e)
{
  const tl_val *given = tl_get(query, "cursor");
  bool key = by_start && tl_len(given) == TL_INDEX_KEY;
  bool next =
      !by_start && given && given->type == TL_STR && strcmp(given->u.s.data, TL_SORT_CURSOR) == 0;

  *cursor = given && given->type == TL_STR ? given : NULL;
  if (!given || given->type == TL_NIL || (given->type == TL_STR && (key || next))) return TL_OK;
  return tl_fail(e, TL_EARGUMENT, "a cursor is what the page before gave");
}

static int select_rows(int labfd, const tl_val *query, tl_query *q, tl_page *page, tl_val *out,
                       tl_err *e)
{
  const tl_val *cursor;
  tl_overlay over = {0};
  tl_scan s = {.fd = -1};
  bool is_cut;
  int lock, rc = read_cursor(query, tl_query_by_start(q), &cursor, e);

  if (rc < 0) return rc;
  if (cursor && !tl_query_by_start(q)) return tl_sort_next(page, out, e);
  lock = share_lock(labfd);
  rc = tl_overlay_read(&over, labfd, tl_get(query, "running"), e);
  if (rc == TL_OK) rc = tl_scan_open(&s, labfd, &over, e);
  is_cut = s.is_cut; /* sorting takes the scan over */
  if (rc == TL_OK && tl_query_by_start(q))
    rc = select_by_start(&s, q, cursor ? cursor->u.s.data : NULL, page, out, e);
  else if (rc == TL_OK) rc = tl_sort_first(&s, &over, q, page, out, e);
  if (rc == TL_OK && is_cut && lock >= 0) /* nobody is writing: it was cut off, by whatever */
    tl_put(out, "cut", tl_bool(true));
  tl_scan_close(&s);
  tl_overlay_free(&over);
  if (lock >= 0) (void)close(lock);
  return rc;
}

int prim_index_select(tl_call *call)
{
  const tl_val *query = &call->args[1];
  const tl_place *lab;
  tl_query q = {0};
  tl_page page = {0};
  int labfd, rc = tl_fs_place(call, 0, 0, &lab);

  if (rc < 0) return rc;
  labfd = tl_fs_open_folder(lab, &call->err);
  if (labfd < 0) return labfd;
  rc = tl_query_read(&q, query, &call->err);
  if (rc == TL_OK) rc = tl_page_begin(&page, tl_get_str(query, "as", NULL), &call->err);
  if (rc == TL_OK) rc = select_rows(labfd, query, &q, &page, &call->out, &call->err);
  tl_page_free(&page);
  tl_query_free(&q);
  (void)close(labfd);
  return rc;
}
