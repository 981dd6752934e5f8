/* The Lua library and the schemas inside the binary, made into C arrays by core/embed.c. */
#ifndef TL_LUA_EMBED_H
#define TL_LUA_EMBED_H

#include <stddef.h>

typedef struct tl_embedded_file {
  const char *name; /* "tlab/llm.lua", "host/cmd/run.lua", "schemas/run.schema.json" */
  const unsigned char *data;
  size_t len;
} tl_embedded_file;

/* Sorted by name, ends with a NULL name. */
extern const tl_embedded_file tl_embedded_files[];

/* The text of one file, NULL when there is none. Static storage; a NUL stands behind it. */
const char *tl_embedded(const char *name, size_t *len);

#endif
