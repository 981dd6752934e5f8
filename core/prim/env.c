/* env.get: what tl_ambient_clear and the taking of secrets have left of the environment.
 * secret.where: which of their places secrets are in, without giving them away. */
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "source.h"
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

/* {name, where} of one name, or {name, code, message}. */
static tl_val place_of(tl_sources *sources, const char *name)
{
  enum { SHORTEST = 8 };
  const char *where;
  char *value;
  bool later;
  tl_err e = {0};
  tl_val found = tl_map();
  int rc = tl_sources_find(sources, name, true, &value, &where, &later, &e);

  if (rc == TL_OK && strlen(value) < SHORTEST)
    rc = tl_fail(&e, TL_EINVALID, "the value of %s in %s has fewer than %d characters", name, where,
                 SHORTEST);
  if (value) tl_wipe_text(value, strlen(value));
  tl_put(&found, "name", tl_str(name));
  if (rc == TL_OK) {
    tl_put(&found, "where", tl_str(where));
  } else {
    tl_put(&found, "code", tl_str(tl_code_name(rc)));
    tl_put(&found, "message", tl_str(e.msg));
  }
  return found;
}

/* args: the lab, the names, the encrypted files. TL_EINVALID in a row: too short to be taken out of
 * texts (core/gate/secret.h). */
int prim_secret_where(tl_call *call)
{
  const tl_val *names = &call->args[1], *files = &call->args[2];
  int fd = tl_store_folder(call->places[0].rel, &call->err);

  if (fd < 0) return fd;
  tl_sources *sources = tl_sources_open(fd, files->type == TL_LIST ? files : NULL);
  call->out = tl_map();
  tl_val *found = tl_put(&call->out, "found", tl_list());
  for (size_t i = 0; i < tl_len(names); i++)
    tl_push(found, place_of(sources, tl_at(names, i)->u.s.data));
  tl_sources_close(sources);
  tl_store_close(fd);
  if (tl_len(files) > 0 && files->type == TL_LIST) tl_put(&call->out, "opened", tl_source_tools());
  return TL_OK;
}
