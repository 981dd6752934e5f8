#include "ops.h"

#include <string.h>

/* The words of ops.def's columns. */
#define NONE TL_PERMIT_NONE
#define READ TL_PERMIT_READ
#define WRITE TL_PERMIT_WRITE
#define NET TL_PERMIT_NET
#define RUN TL_PERMIT_RUN
#define ENV TL_PERMIT_ENV
#define CALL TL_PERMIT_CALL
#define TOOL TL_PERMIT_TOOL
#define OUTWARD TL_OP_OUTWARD
#define PURE TL_OP_PURE
#define IN_RUN TL_OP_IN_RUN
#define SHOWN TL_OP_SHOWN
#define STREAM TL_OP_STREAM
#define MIRROR TL_OP_MIRROR
#define OFFLINE TL_OP_OFFLINE

const tl_op tl_ops[] = {
#define OP(id, name, permit, flags, sig, ret, help) \
  {name, permit, flags, sig, ret, help, prim_##id},
#define LOCAL(id, name, sig, ret, help) {name, NONE, TL_OP_LOCAL, sig, ret, help, NULL},
#include "ops.def"
#undef OP
#undef LOCAL
    {NULL, NONE, 0, NULL, NULL, NULL, NULL},
};

const tl_op *tl_op_find(const char *name)
{
  for (const tl_op *op = tl_ops; op->name; op++)
    if (strcmp(op->name, name) == 0) return op;
  return NULL;
}

const char *tl_permit_name(tl_permit p)
{
  static const char *const names[] = {"none", "read", "write", "net", "run", "env", "call", "tool"};
  return names[p];
}

/* Reads a type at *s, which goes behind it: {…} is a map and …[] a list, whatever of. */
static char param_type(const char **s)
{
  char type = **s;
  int depth = 0;
  do {
    depth += (**s == '{') - (**s == '}');
    (*s)++;
  } while (depth > 0 && **s);
  type = type == '{' ? 'm' : type;
  for (; strncmp(*s, "[]", 2) == 0; *s += 2) type = 'l';
  return type;
}

unsigned tl_op_params(const tl_op *op, tl_param out[TL_PARAMS_MAX])
{
  unsigned n = 0;
  for (const char *s = op->sig; *s && n < TL_PARAMS_MAX; n++) {
    size_t len = strcspn(s, ":");
    memcpy(out[n].name, s, len);
    out[n].name[len] = '\0';
    s += len + 1;
    out[n].type = param_type(&s);
    out[n].optional = *s == '?';
    s += strspn(s, "?, ");
  }
  return n;
}

static bool fits(char type, const tl_val *v)
{
  switch (type) {
  case 's':
  case 'r':
  case 'w': return v->type == TL_STR;
  case 'i': return v->type == TL_INT;
  case 'n': return v->type == TL_INT || v->type == TL_NUM;
  case 'b': return v->type == TL_BOOL;
  case 'l': return v->type == TL_LIST || (v->type == TL_MAP && tl_len(v) == 0);
  case 'm': return v->type == TL_MAP || (v->type == TL_LIST && tl_len(v) == 0);
  default: return true;
  }
}

static const char *type_words(char type)
{
  switch (type) {
  case 's': return "a string";
  case 'r':
  case 'w': return "a path";
  case 'i': return "an integer";
  case 'n': return "a number";
  case 'b': return "a boolean";
  case 'l': return "a list";
  default: return "a map";
  }
}

int tl_op_check(const tl_op *op, tl_val *args, tl_err *e)
{
  tl_param params[TL_PARAMS_MAX];
  unsigned n = tl_op_params(op, params);
  if (tl_len(args) > n)
    return tl_fail(e, TL_EARGUMENT, "%s takes at most %u argument%s, got %zu: %s(%s)", op->name, n,
                   n == 1 ? "" : "s", tl_len(args), op->name, op->sig);
  while (tl_len(args) < n) (void)tl_push(args, tl_nil());
  for (unsigned i = 0; i < n; i++) {
    tl_val *v = &args->u.list.items[i];
    if (v->type == TL_NIL && params[i].optional) continue;
    if (v->type == TL_NUM && params[i].type == 'i' && v->u.num >= -9.0e15 && v->u.num <= 9.0e15 &&
        (double)(int64_t)v->u.num == v->u.num)
      *v = tl_int((int64_t)v->u.num); /* 3.0 is an integer, as in Lua's own library */
    if (!fits(params[i].type, v))
      return tl_fail(e, TL_EARGUMENT, "bad argument #%u '%s' to %s: %s was expected, got %s", i + 1,
                     params[i].name, op->name, type_words(params[i].type), tl_type_name(v->type));
  }
  return TL_OK;
}
