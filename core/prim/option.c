#include "option.h"

static bool is_whole(const tl_val *v, int64_t least, int64_t most)
{
  if (v->type == TL_INT) {
    return v->u.i >= least && v->u.i <= most;
  }
  return v->type == TL_NUM && v->u.num >= (double)least && v->u.num <= (double)most &&
         v->u.num == (double)(int64_t)v->u.num;
}

int tl_option_whole(const tl_val *map, const char *op, const char *key, int64_t least, int64_t most,
                    int64_t *out, tl_err *e)
{
  const tl_val *v = tl_get(map, key);
  if (!v || v->type == TL_NIL) {
    return 0;
  }
  if (!is_whole(v, least, most)) {
    return tl_fail(e, TL_EARGUMENT, "%s: '%s' is a whole number from %lld to %lld", op, key,
                   (long long)least, (long long)most);
  }
  *out = v->type == TL_INT ? v->u.i : (int64_t)v->u.num;
  return 0;
}
