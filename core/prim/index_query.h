/* What is asked of the index: conditions on a row, and how the rows are to be ordered. Private to
 * core/prim. */
#ifndef TL_PRIM_INDEX_QUERY_H
#define TL_PRIM_INDEX_QUERY_H

#include "../base/val.h"
#include "index.h"

typedef enum tl_query_op {
  TL_QUERY_EQUAL,    /* the same text, or the same number written otherwise */
  TL_QUERY_PREFIX,   /* begins with */
  TL_QUERY_HAS,      /* is one of the words of a list: tags, models */
  TL_QUERY_CONTAINS, /* anywhere, A-Z as a-z */
  TL_QUERY_GE,       /* numbers as numbers; what is no number is compared by its bytes */
  TL_QUERY_GT,
  TL_QUERY_LE,
  TL_QUERY_LT,
} tl_query_op;

/* What a row is asked for: a column, or a member of the map in one. */
typedef struct tl_field {
  int column;   /* -1: id or last part of the folder, whichever fits */
  char *needle; /* `"name":` as it stands in the map; NULL for the column itself */
  size_t needle_len;
} tl_field;

typedef struct tl_condition {
  tl_field field;
  tl_query_op op;
  char *value;
  size_t len;
  double number;
  bool is_number;
} tl_condition;

typedef struct tl_query {
  tl_condition *where;
  size_t n;
  char *text; /* lower case, as it stands in a line; NULL: any */
  size_t text_len;
  tl_field sort; /* column TL_COLUMN_STARTED without a needle: by start and id */
  bool descending;
  int64_t limit;                     /* rows; 0: all */
  int columns;                       /* how many cells of a line the conditions look at */
  const tl_condition *from, *before; /* started >= and <, if they are asked for */
  char *found; /* bytes that each row has which fits; NULL when there are none */
  size_t found_len;
  char *scratch; /* TL_INDEX_LINE bytes */
} tl_query;

/* A value of a row: text that lies in the line or in the query's scratch until the next one. */
typedef struct tl_cellval {
  const char *data;
  size_t len;
  bool is_number;
  double number;
} tl_cellval;

/* Reads {where?, text?, sort?, descending?, limit?}; ops.def has the words. TL_EARGUMENT. */
int tl_query_read(tl_query *q, const tl_val *map, tl_err *e);
void tl_query_free(tl_query *q);
/* In the order of the file? */
bool tl_query_by_start(const tl_query *q);

/* 1: the line fits, 0: it does not, -1: it is no line of CSV. */
int tl_query_match(tl_query *q, const char *line, size_t len);
/* The field's value in these cells, in scratch where it has to be unpacked; false: it has none. */
bool tl_query_value(tl_query *q, const tl_field *field, const tl_cell *cells, tl_cellval *out);

/* memmem(3), but A-Z in `text` count as a-z; `part` is in lower case. */
const char *tl_query_find(const char *text, size_t len, const char *part, size_t part_len);

#endif
