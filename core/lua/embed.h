/* The Lua library, the schemas, the recipes and what a new lab begins with, inside the binary, made into
 * C arrays by core/embed.c. */
#ifndef TL_LUA_EMBED_H
#define TL_LUA_EMBED_H

#include <lua.h>
#include <stddef.h>

typedef struct tl_embedded_file {
  const char *name;          /* "tlab/llm.lua", "host/cmd/run.lua", "schemas/run.schema.json",
                       * "recipes/ai.lua", "host/init/files/Justfile" */
  const unsigned char *data; /* NULL for Lua that no recipe may require */
  size_t len;
  const unsigned char *code; /* compiled, of Lua that tlab itself runs; otherwise NULL */
  size_t code_len;
} tl_embedded_file;

/* Sorted by name, ends with a NULL name. */
extern const tl_embedded_file tl_embedded_files[];

/* SHA-256 over name, size and text of each, in that order; 64 lower-case hex digits. */
extern const char tl_embedded_digest[];

/* The text of one file, NULL when there is none, or none is kept. Static storage; a NUL stands behind
 * it. */
const char *tl_embedded(const char *name, size_t *len);

/* Pushes the compiled chunk of an embedded Lua file; false, and nothing pushed, when there is none.
 * This is the only compiled Lua that is ever loaded: recipes and modules are text. */
int tl_embedded_load(lua_State *L, const char *name);

#endif
