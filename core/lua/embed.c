#include "embed.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static const tl_embedded_file *find(const char *name)
{
  for (const tl_embedded_file *f = tl_embedded_files; f->name; f++)
    if (strcmp(f->name, name) == 0) return f;
  return NULL;
}

const char *tl_embedded(const char *name, size_t *len)
{
  const tl_embedded_file *f = find(name);
  if (f) *len = f->len;
  return f ? (const char *)f->data : NULL;
}

int tl_embedded_load(lua_State *L, const char *name)
{
  const tl_embedded_file *f = find(name);
  if (!f || !f->code) return 0;
  if (luaL_loadbufferx(L, (const char *)f->code, f->code_len, name, "b") != LUA_OK)
    (void)lua_error(L);
  return 1;
}
