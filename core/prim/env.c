/* env.get: what tl_ambient_clear and the taking of secrets have left of the environment.
 * secret.where: which of its two places a secret is in, without giving it away. */
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "store.h"

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

/* TL_EINVALID for a value that is too short to be taken out of texts (core/gate/secret.h). */
int prim_secret_where(tl_call *call)
{
  enum { SHORTEST = 8 };
  const char *name = call->args[1].u.s.data, *env = getenv(name);
  const char *where = env && *env ? "the environment" : "secrets/.env.lab";
  char *value = NULL;
  int fd = tl_store_folder(call->places[0].rel, &call->err);
  int rc = fd < 0 ? fd : tl_store_secret(fd, name, &value, &call->err);

  tl_store_close(fd);
  if (rc == TL_OK && strlen(value) < SHORTEST)
    rc = tl_fail(&call->err, TL_EINVALID, "the value of %s in %s has fewer than %d characters",
                 name, where, SHORTEST);
  tl_store_secret_free(value);
  if (rc == TL_OK) call->out = tl_str(where);
  return rc;
}
