#include "embed.h"

#include <string.h>

const char *tl_embedded(const char *name, size_t *len)
{
  for (const tl_embedded_file *f = tl_embedded_files; f->name; f++)
    if (strcmp(f->name, name) == 0) {
      *len = f->len;
      return (const char *)f->data;
    }
  return NULL;
}
