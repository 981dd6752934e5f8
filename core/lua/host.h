/* The trusted state: the command line, the run's life and the views, in Lua (lua/host). */
#ifndef TL_LUA_HOST_H
#define TL_LUA_HOST_H

/* Runs the command line; returns the exit code. `dev_lua` (NULL: none) is a folder whose files
 * replace the embedded ones; `self_test` (NULL: none) a Lua file to run instead of a command. */
int tl_host_main(int argc, char **argv, const char *dev_lua, const char *self_test);

#endif
