#include "host.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../gate/difference.h"
#include "../gate/gate.h"
#include "../prim/fs.h"
#include "../prim/hash.h"
#include "../prim/spawn.h"
#include "../prim/store.h"
#include "det.h"
#include "embed.h"
#include "json_lua.h"
#include "line_lua.h"
#include "lval.h"
#include "sandbox.h"
#include "session.h"

#define SOURCE_MAX (16u << 20)

typedef struct host {
  int argc;
  char **argv;
  const char *dev_lua;
  bool self_test;
  int dev_fd;
  char digest[80]; /* with dev_lua "override:<hex>"; empty until asked for */
} host;

static host *host_of(lua_State *L)
{
  return lua_touserdata(L, lua_upvalueindex(1));
}

/* --- operations ----------------------------------------------------------------------------------- */

typedef struct trusted_call {
  tl_val args, out;
} trusted_call;

static int call_free(lua_State *L)
{
  trusted_call *c = lua_touserdata(L, 1);
  tl_free(&c->args);
  tl_free(&c->out);
  return 0;
}

static int call_op(lua_State *L)
{
  const tl_op *op = lua_touserdata(L, lua_upvalueindex(1));
  int n = lua_gettop(L);
  trusted_call *c = lua_newuserdatauv(L, sizeof *c, 0); // args… c
  *c = (trusted_call){.args = tl_list()};
  luaL_setmetatable(L, "tlab.trusted_call");
  lua_toclose(L, -1);
  tl_err e = {0};
  int rc = TL_OK;
  for (int i = 1; i <= n && rc == TL_OK; i++) {
    tl_val v;
    rc = tl_lua_to_val(L, i, &v, &e);
    if (rc == TL_OK) (void)tl_push(&c->args, v);
  }
  if (rc == TL_OK) rc = tl_op_check(op, &c->args, &e);
  if (rc == TL_EARGUMENT) return luaL_error(L, "%s", e.msg);
  /* What a primitive itself finds wrong may be what a person typed: a folder in the place of a file. */
  if (rc == TL_OK) rc = tl_gate_trusted(op, &c->args, &c->out, &e);
  if (rc == TL_OK) {
    tl_lua_push_val(L, &c->out); // args… c value
    return 1;
  }
  lua_pushnil(L);                    // args… c nil
  tl_lua_push_err(L, e.code, e.msg); // args… c nil err
  return 2;
}

/* core.fs.read … in tables by family. The core table is on top of the stack. */
static void open_ops(lua_State *L)
{
  for (const tl_op *op = tl_ops; op->name; op++) {
    const char *dot = strchr(op->name, '.');
    if (!op->prim || op->permit == TL_PERMIT_NET || op->permit == TL_PERMIT_RUN) continue;
    lua_pushlstring(L, op->name, (size_t)(dot - op->name)); // core family
    lua_pushvalue(L, -1);                                   // core family family
    if (lua_rawget(L, -3) != LUA_TTABLE) {                  // core family nil
      lua_pop(L, 1);                                        // core family
      lua_newtable(L);                                      // core family t
      lua_pushvalue(L, -2);                                 // core family t family
      lua_pushvalue(L, -2);                                 // core family t family t
      lua_rawset(L, -5);                                    // core family t
    }
    lua_pushlightuserdata(L, (void *)(uintptr_t)op); // core family t op
    lua_pushcclosure(L, call_op, 1);                 // core family t fn
    lua_setfield(L, -2, dot + 1);                    // core family t
    lua_pop(L, 2);                                   // core
  }
}

/* --- what the binary knows of itself ---------------------------------------------------------------- */

static void put_string(lua_State *L, const char *key, const char *value)
{
  lua_pushstring(L, value);
  lua_setfield(L, -2, key);
}

/* What the record has of an operation, in one word. */
static const char *kind_of(const tl_op *op)
{
  static const struct {
    unsigned flag;
    const char *word;
  } kinds[] = {
      {TL_OP_LOCAL, "local"},     {TL_OP_PURE, "pure"},     {TL_OP_SHOWN, "shown"},
      {TL_OP_OUTWARD, "outward"}, {TL_OP_IN_RUN, "in_run"}, {TL_OP_STREAM, "stream"},
  };
  if (op->permit == TL_PERMIT_TOOL) return "tool";
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (op->flags & kinds[i].flag) return kinds[i].word;
  return "recorded";
}

static int core_ops(lua_State *L)
{
  lua_newtable(L); // list
  for (int i = 0; tl_ops[i].name; i++) {
    const tl_op *op = &tl_ops[i];
    lua_newtable(L); // list row
    put_string(L, "name", op->name);
    put_string(L, "permit", tl_permit_name(op->permit));
    put_string(L, "signature", op->sig);
    put_string(L, "returns", op->ret);
    put_string(L, "help", op->help);
    put_string(L, "kind", kind_of(op));
    lua_rawseti(L, -2, i + 1); // list
  }
  return 1;
}

/* From here on the group may read what runs come to have. */
static int core_share_with_group(lua_State *L)
{
  (void)L;
  tl_fs_share();
  return 0;
}

static int core_codes(lua_State *L)
{
  static const struct {
    const char *name;
    int exit;
    const char *help;
  } codes[] = {
#define ERR(name, number, exit_code, help) {#name, exit_code, help},
#include "../base/err.def"
#undef ERR
  };
  lua_newtable(L); // list
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    lua_newtable(L); // list row
    put_string(L, "name", codes[i].name);
    put_string(L, "help", codes[i].help);
    lua_pushinteger(L, codes[i].exit);
    lua_setfield(L, -2, "exit");
    lua_rawseti(L, -2, (lua_Integer)i + 1); // list
  }
  return 1;
}

/* core.collect(): gives back at once what is held no longer, for who has let go of much. */
static int core_collect(lua_State *L)
{
  (void)lua_gc(L, LUA_GCCOLLECT);
  return 0;
}

static int core_exit_code(lua_State *L)
{
  lua_pushinteger(L, tl_code_exit(tl_code_of(luaL_checkstring(L, 1))));
  return 1;
}

static int core_code_help(lua_State *L)
{
  lua_pushstring(L, tl_code_help(tl_code_of(luaL_checkstring(L, 1))));
  return 1;
}

/* core.permit_match(family, pattern, subject): for net the subject is host:port. */
static int core_permit_match(lua_State *L)
{
  const char *family = luaL_checkstring(L, 1), *pattern = luaL_checkstring(L, 2);
  const char *subject = luaL_checkstring(L, 3), *colon = strrchr(subject, ':');
  bool ok;
  if (strcmp(family, "net") == 0 && colon) {
    lua_pushlstring(L, subject, (size_t)(colon - subject));
    ok = tl_permit_net_match(pattern, lua_tostring(L, -1), (int)strtol(colon + 1, NULL, 10));
  } else {
    ok = tl_permit_match(family, pattern, subject);
  }
  lua_pushboolean(L, ok);
  return 1;
}

/* core.difference(op_a, args_a, op_b, args_b): where the two part, as a replay tells it: a map {at,
 * recorded, asked}. op_a may be nil: nothing was asked there. */
static int core_difference(lua_State *L)
{
  const char *op_a = luaL_optstring(L, 1, NULL), *op_b = luaL_checkstring(L, 3);
  lua_settop(L, 4);
  trusted_call *c = lua_newuserdatauv(L, sizeof *c, 0); // op_a a op_b b c
  *c = (trusted_call){.args = tl_list()};
  luaL_setmetatable(L, "tlab.trusted_call");
  lua_toclose(L, -1);
  for (int i = 2; i <= 4; i += 2) {
    tl_val v;
    tl_err e;
    if (tl_lua_to_val(L, i, &v, &e) < 0) return luaL_error(L, "%s", e.msg);
    (void)tl_push(&c->args, v);
  }
  c->out = tl_difference(op_a, tl_at(&c->args, 0), op_b, tl_at(&c->args, 1));
  tl_lua_push_val(L, &c->out);
  return 1;
}

/* --- the library's text: embedded, or from --dev-lua ---------------------------------------------------- */

/* Pushes the text of a file of the library; false (and nothing pushed) when there is none. */
static bool push_text(lua_State *L, const host *h, const char *name)
{
  tl_buf text;
  tl_err e;
  if (h->dev_fd >= 0 && tl_store_read(h->dev_fd, name, SOURCE_MAX, &text, &e) == TL_OK) {
    lua_pushlstring(L, text.data ? text.data : "", text.len);
    tl_buf_free(&text);
    return true;
  }
  size_t len;
  const char *embedded = tl_embedded(name, &len);
  if (embedded) lua_pushlstring(L, embedded, len);
  return embedded != NULL;
}

static int core_embedded(lua_State *L)
{
  if (!push_text(L, host_of(L), luaL_checkstring(L, 1))) lua_pushnil(L);
  return 1;
}

static int core_embedded_names(lua_State *L)
{
  lua_newtable(L); // list
  for (int i = 0; tl_embedded_files[i].name; i++) {
    lua_pushstring(L, tl_embedded_files[i].name); // list name
    lua_rawseti(L, -2, i + 1);                    // list
  }
  return 1;
}

/* What the manifest says of the library: the digest of what is embedded, or with --dev-lua of what
 * stands in its place. */
static int core_library_digest(lua_State *L)
{
  host *h = host_of(L);
  tl_err e;
  if (h->dev_fd < 0) {
    lua_pushstring(L, tl_embedded_digest);
    return 1;
  }
  tl_buf all = TL_BUF(64u << 20);
  for (int i = 0; tl_embedded_files[i].name && !h->digest[0]; i++) {
    size_t len;
    if (!push_text(L, h, tl_embedded_files[i].name)) continue;
    const char *text = lua_tolstring(L, -1, &len); // text
    (void)tl_buf_fmt(&all, "%s\n%zu\n", tl_embedded_files[i].name, len);
    (void)tl_buf_add(&all, text, len);
    lua_pop(L, 1);
  }
  if (!h->digest[0]) {
    char hex[65];
    if (tl_sha256(hex, all.data ? all.data : "", all.len, &e) < 0)
      (void)snprintf(hex, sizeof hex, "?");
    (void)snprintf(h->digest, sizeof h->digest, "override:%s", hex);
  }
  tl_buf_free(&all);
  lua_pushstring(L, h->digest);
  return 1;
}

/* A test may also require what lies in tests/lua. */
static bool push_test_text(lua_State *L, const host *h, const char *file)
{
  char path[320];
  tl_buf text;
  tl_err e;
  if (!h->self_test) return false;
  (void)snprintf(path, sizeof path, "tests/lua/%s", file);
  int dir = tl_store_folder(".", &e);
  int rc = dir < 0 ? dir : tl_store_read(dir, path, SOURCE_MAX, &text, &e);
  tl_store_close(dir);
  if (rc < 0) return false;
  lua_pushlstring(L, text.data ? text.data : "", text.len);
  tl_buf_free(&text);
  return true;
}

/* Pushes the chunk of one file: from --dev-lua, the binary, or tests/lua. */
static bool push_chunk(lua_State *L, const host *h, const char *file)
{
  size_t len;
  char chunk[320];
  if (h->dev_fd < 0 && tl_embedded_load(L, file)) return true;
  if (!push_text(L, h, file) && !push_test_text(L, h, file)) return false;
  const char *text = lua_tolstring(L, -1, &len); // text
  (void)snprintf(chunk, sizeof chunk, "@lua/%s", file);
  if (luaL_loadbufferx(L, text, len, chunk, "t") != LUA_OK) (void)lua_error(L);
  lua_remove(L, -2); // fn
  return true;
}

/* Pushes the chunk of module a.b: a/b.lua or a/b/init.lua. */
static bool push_module(lua_State *L, const host *h, const char *name)
{
  char path[200], file[256];
  if (snprintf(path, sizeof path, "%s", name) >= (int)sizeof path) return false;
  for (char *c = path; *c; c++)
    if (*c == '.') *c = '/';
  (void)snprintf(file, sizeof file, "%s.lua", path);
  if (push_chunk(L, h, file)) return true;
  (void)snprintf(file, sizeof file, "%s/init.lua", path);
  return push_chunk(L, h, file);
}

/* require 'host.cmd.run': a table of what has been loaded is the second upvalue. */
static int host_require(lua_State *L)
{
  const char *name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  if (lua_getfield(L, lua_upvalueindex(2), name) != LUA_TNIL) return 1; // name value
  if (!push_module(L, host_of(L), name)) return luaL_error(L, "there is no module '%s'", name);
  lua_pushvalue(L, 1); // name nil fn name
  lua_call(L, 1, 1);   // name nil value
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
  lua_pushvalue(L, -1);
  lua_setfield(L, lua_upvalueindex(2), name);
  return 1;
}

/* --- opening and running -------------------------------------------------------------------------------- */

static void push_args(lua_State *L, const host *h)
{
  lua_newtable(L); // list
  for (int i = 1; i < h->argc; i++) {
    lua_pushstring(L, h->argv[i]);
    lua_rawseti(L, -2, i);
  }
}

static void push_core(lua_State *L, host *h)
{
  static const luaL_Reg plain[] = {{"ops", core_ops},
                                   {"codes", core_codes},
                                   {"collect", core_collect},
                                   {"exit_code", core_exit_code},
                                   {"code_help", core_code_help},
                                   {"permit_match", core_permit_match},
                                   {"difference", core_difference},
                                   {"session", tl_session_new},
                                   {"share_with_group", core_share_with_group},
                                   {NULL, NULL}};
  static const luaL_Reg with_host[] = {{"embedded", core_embedded},
                                       {"embedded_names", core_embedded_names},
                                       {"library_digest", core_library_digest},
                                       {NULL, NULL}};
  luaL_newlib(L, plain);          // core
  lua_pushlightuserdata(L, h);    // core h
  luaL_setfuncs(L, with_host, 1); // core
  open_ops(L);
  lua_getfield(L, -1, "term"); // core term
  tl_lua_open_line(L);
  lua_pop(L, 1);
  (void)tl_lua_open_json(L); // core json
  lua_setfield(L, -2, "json");
  push_args(L, h);
  lua_setfield(L, -2, "args");
  put_string(L, "version", TL_VERSION);
  put_string(L, "lua_version", LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE);
  lua_pushstring(L, h->dev_lua); /* nil without one */
  lua_setfield(L, -2, "overridden");
}

static void open_state(lua_State *L, host *h)
{
  tl_lua_open_base(L);
  luaL_newmetatable(L, "tlab.trusted_call"); // mt
  lua_pushcfunction(L, call_free);
  lua_setfield(L, -2, "__close");
  lua_pushcfunction(L, call_free);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  tl_session_open(L);
  lua_pushlightuserdata(L, h); // h
  lua_newtable(L);             // h loaded
  push_core(L, h);
  lua_setfield(L, -2, "core");          // h loaded
  lua_pushcclosure(L, host_require, 2); // require
  lua_setglobal(L, "require");
}

static int traceback(lua_State *L)
{
  const char *msg = luaL_tolstring(L, 1, NULL);
  luaL_traceback(L, L, msg, 1);
  return 1;
}

static int run_command(lua_State *L)
{
  const host *h = lua_touserdata(L, 1);
  bool called = strcmp(h->argv[0], TL_CALLED) == 0;
  lua_getglobal(L, "require");                                // require
  lua_pushstring(L, called ? "host.run.called" : "host.cmd"); // require name
  lua_call(L, 1, 1);                                          // cmd
  lua_getfield(L, -1, "main");                                // cmd main
  push_args(L, h);                                            // cmd main args
  lua_call(L, 1, 1);                                          // cmd code
  return 1;
}

static int run_self_test(lua_State *L)
{
  const char *file = lua_tostring(L, 2);
  tl_err e;
  tl_buf text;
  int dir = tl_store_folder(".", &e);
  if (dir < 0 || tl_store_read(dir, file, SOURCE_MAX, &text, &e) < 0)
    return luaL_error(L, "%s", e.msg);
  tl_store_close(dir);
  lua_pushfstring(L, "@%s", file); // chunk
  int rc = luaL_loadbufferx(L, text.data ? text.data : "", text.len, lua_tostring(L, -1), "t");
  tl_buf_free(&text);
  if (rc != LUA_OK) return lua_error(L);
  lua_call(L, 0, 1);
  return 1;
}

/* Opens the folder of --dev-lua. One without the module that everything begins with is another one. */
static bool open_dev_lua(host *h)
{
  tl_err e;
  tl_buf text;
  h->dev_fd = tl_store_folder(h->dev_lua, &e);
  if (h->dev_fd >= 0 && tl_store_read(h->dev_fd, "host/cmd.lua", SOURCE_MAX, &text, &e) == TL_OK) {
    tl_buf_free(&text);
    return true;
  }
  (void)fprintf(stderr, "error[%s]: --dev-lua: %s\n", tl_code_name(e.code), e.msg);
  (void)fprintf(stderr, "help: --dev-lua=lua  # the folder of that name in tlab's source\n");
  return false;
}

int tl_host_main(int argc, char **argv, const char *dev_lua, const char *self_test)
{
  host h = {.argc = argc, .argv = argv, .dev_lua = dev_lua, .self_test = self_test, .dev_fd = -1};
  if (dev_lua && !open_dev_lua(&h)) return tl_code_exit(TL_EUSAGE);
  lua_State *L = tl_lua_new(0);
  if (!L) TL_BUG("no memory for the Lua state");
  (void)lua_gc(L, LUA_GCSETPAUSE, 1000); /* most commands end before there is anything to collect */
  open_state(L, &h);
  lua_pushcfunction(L, traceback);                               // tb
  lua_pushcfunction(L, self_test ? run_self_test : run_command); // tb fn
  lua_pushlightuserdata(L, &h);                                  // tb fn h
  lua_pushstring(L, self_test);                                  // tb fn h file
  int code = 70;
  if (lua_pcall(L, 2, 1, 1) != LUA_OK)
    (void)fprintf(stderr, "error[BUG]: a fault in tlab itself, please report it\n%s\n",
                  lua_tostring(L, -1));
  else code = lua_isinteger(L, -1) ? (int)lua_tointeger(L, -1) : lua_toboolean(L, -1) ? 0 : 1;
#ifdef TL_SANITIZED
  tl_lua_close(L); /* otherwise the end of the process is quicker at giving memory back */
#endif
  tl_store_close(h.dev_fd);
  return code;
}
