/* Rows of the index as they are handed out: a page of them at a time. Private to core/prim. */
#ifndef TL_PRIM_INDEX_PAGE_H
#define TL_PRIM_INDEX_PAGE_H

#include "index_scan.h"

typedef enum tl_form { TL_FORM_ROWS, TL_FORM_CSV, TL_FORM_JSON } tl_form;

typedef struct tl_page {
  tl_form form;
  tl_val rows; /* maps from column to text; what is empty is left out */
  tl_buf text; /* CSV: lines as they are; JSON: objects with ",\n" between them */
  int64_t count;
  char *scratch; /* TL_INDEX_LINE bytes */
} tl_page;

/* `form` is "rows", "csv" or "json"; NULL is the first. TL_EARGUMENT. */
int tl_page_begin(tl_page *page, const char *form, tl_err *e);
/* Adds a row. False when the line is none. */
bool tl_page_add(tl_page *page, const char *line, size_t len);
/* Enough for one answer? */
bool tl_page_is_full(const tl_page *page);
/* Moves what it holds into `out`: {rows | text, count}. */
void tl_page_end(tl_page *page, tl_val *out);
void tl_page_free(tl_page *page);

#endif
