/* env.get: what tl_ambient_clear and the taking of secrets have left of the environment. */
#include <stdlib.h>
#include <string.h>

#include "prim.h"

int prim_env_get(tl_call *call)
{
  const tl_val *name = &call->args[0];
  const char *value;

  if (name->u.s.len == 0 || strlen(name->u.s.data) != name->u.s.len || strchr(name->u.s.data, '='))
    return tl_fail(&call->err, TL_EARGUMENT,
                   "'%.100s' cannot name an environment variable: it must not be empty and has "
                   "neither '=' nor NUL",
                   name->u.s.data);
  value = getenv(name->u.s.data);
  call->out = value ? tl_str(value) : tl_nil();
  return TL_OK;
}
