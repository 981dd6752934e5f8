/* tlab: which of its two processes this is. */
#include <stdlib.h>
#include <string.h>

#include "lua/host.h"
#include "lua/worker.h"
#include "prim/confine.h"
#include "prim/loop.h"
#include "prim/term.h"

/* Takes `--name VALUE` or `--name=VALUE` out of the arguments; NULL when it is not there. It has to be
 * known before any Lua is loaded, so the table of commands cannot do it. */
static const char *take_option(int *argc, char **argv, const char *name)
{
  size_t len = strlen(name);
  for (int i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++) {
    int words = strcmp(argv[i], name) == 0 && i + 1 < *argc ? 2 : 1;
    if (words == 1 && (strncmp(argv[i], name, len) != 0 || argv[i][len] != '=')) continue;
    const char *value = words == 2 ? argv[i + 1] : argv[i] + len + 1;
    for (int k = i; k + words < *argc; k++) argv[k] = argv[k + words];
    *argc -= words;
    return value;
  }
  return NULL;
}

int main(int argc, char **argv)
{
  if (strcmp(argv[0], "tlab-worker") == 0) return tl_worker_main(3, argc, argv);
  tl_ambient_clear();
  tl_term_start();
  tl_ignore_signals();
  const char *dev_lua = take_option(&argc, argv, "--dev-lua");
  const char *self_test = take_option(&argc, argv, "--self-test");
  return tl_host_main(argc, argv, dev_lua, self_test);
}
