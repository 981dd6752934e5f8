/* The table of operations (ops.def) as data: look-up, and checking of arguments. */
#ifndef TL_GATE_OPS_H
#define TL_GATE_OPS_H

#include "../prim/prim.h"

typedef enum {
  TL_PERMIT_NONE,
  TL_PERMIT_READ,
  TL_PERMIT_WRITE,
  TL_PERMIT_NET,
  TL_PERMIT_RUN,
  TL_PERMIT_ENV,
  TL_PERMIT_CALL,
  TL_PERMIT_TOOL,
} tl_permit;

enum { /* flags of ops.def, explained there */
       TL_OP_OUTWARD = 1,
       TL_OP_PURE = 2,
       TL_OP_IN_RUN = 4,
       TL_OP_SHOWN = 8,
       TL_OP_STREAM = 16,
       TL_OP_LOCAL = 32, /* done in the worker, has no primitive */
       TL_OP_MIRROR = 64,
       TL_OP_OFFLINE = 128,
};

enum { TL_PARAMS_MAX = 4 };

typedef struct tl_param {
  char name[24];
  char type; /* s i n b l m a r w */
  bool optional;
} tl_param;

typedef struct tl_op {
  const char *name; /* "fs.read" */
  tl_permit permit;
  unsigned flags;
  const char *sig, *ret, *help;
  tl_prim *prim; /* NULL for a LOCAL one */
} tl_op;

/* All rows in the order of ops.def; ends with one whose name is NULL. */
extern const tl_op tl_ops[];

const tl_op *tl_op_find(const char *name); /* NULL when there is none */
const char *tl_permit_name(tl_permit p);   /* "none" "read" … */
/* The parameters of a signature; returns how many. */
unsigned tl_op_params(const tl_op *op, tl_param out[TL_PARAMS_MAX]);

/* Checks `args` (a list) against the signature and fills in TL_NIL for what was left out.
 * TL_EARGUMENT: "bad argument #1 'path' to fs.read: a string was expected, got a number". */
int tl_op_check(const tl_op *op, tl_val *args, tl_err *e);

#endif
