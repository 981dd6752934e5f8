#include "session.h"

#include <lauxlib.h>
#include <string.h>

#include "../gate/supervise.h"
#include "../prim/loop.h"
#include "../prim/store.h"
#include "../prim/confine.h"
#include "../prim/term.h"
#include "lval.h"

static const char TYPE[] = "tlab.session";

typedef struct session {
  tl_worker worker;
  tl_gate gate;
  tl_record record;
  tl_replay old;
  tl_val held; /* what the kernel took away */
  tl_val last; /* being pushed: kept here so that a raise in Lua loses nothing */
  int lab_fd, run_fd;
  int64_t elapsed; /* resume: milliseconds that the run has had already */
  bool recording, replaying, started;
  bool hooking;              /* a hook is at work, the worker waits for it */
  lua_State *L;              /* the state that calls us, for `module` and `hooks` */
  int module, hooks, permit; /* registry references */
} session;

static int push_fail(lua_State *L, const tl_err *e)
{
  lua_pushnil(L);                      // nil
  tl_lua_push_err(L, e->code, e->msg); // nil err
  return 2;
}

static session *check(lua_State *L)
{
  return luaL_checkudata(L, 1, TYPE);
}

static int session_gc(lua_State *L)
{
  session *s = check(L);
  if (!s->started) return 0;
  s->started = false;
  tl_worker_end(&s->worker);
  tl_talk_end();
  tl_gate_free(&s->gate);
  if (s->recording) tl_record_close(&s->record);
  if (s->replaying) tl_replay_close(&s->old);
  tl_store_close(s->lab_fd);
  tl_store_close(s->run_fd);
  tl_free(&s->held);
  tl_free(&s->last);
  luaL_unref(L, LUA_REGISTRYINDEX, s->module);
  luaL_unref(L, LUA_REGISTRYINDEX, s->hooks);
  luaL_unref(L, LUA_REGISTRYINDEX, s->permit);
  return 0;
}

/* Calls the function below its `n` arguments on the stack, which answers a value, or nil and an err;
 * TL_EBUG when it raises. What it is told and what it answers are plain values. */
static int call_lua(lua_State *L, int n, int missing, const char *what, tl_val *out, tl_err *e)
{
  int top = lua_gettop(L) - n - 1, rc;
  if (lua_pcall(L, n, 2, 0) != LUA_OK) { // message
    const char *why = luaL_tolstring(L, -1, NULL);
    rc = tl_fail(e, TL_EBUG, "%s", why);
  } else if (lua_isnil(L, -2) && !lua_isnil(L, -1)) { // nil err
    tl_val err = tl_nil();
    (void)tl_lua_to_val(L, -1, &err, NULL);
    rc = tl_fail(e, tl_code_of(tl_get_str(&err, "code", tl_code_name(missing))), "%s",
                 tl_get_str(&err, "message", what));
    tl_free(&err);
  } else { // value nil
    rc = tl_lua_to_val(L, -2, out, e);
  }
  lua_settop(L, top);
  return rc;
}

/* tl_module_source: asks the Lua function that finds modules. */
static int find_module(void *ud, const char *name, tl_val *out, tl_err *e)
{
  session *s = ud;
  lua_State *L = s->L;
  lua_rawgeti(L, LUA_REGISTRYINDEX, s->module); // fn
  lua_pushstring(L, name);                      // fn name
  return call_lua(L, 1, TL_ENOT_FOUND, "no such module", out, e);
}

/* tl_hook: asks the Lua function that answers this operation. */
static int call_hook(void *ud, const char *op, tl_call *call)
{
  session *s = ud;
  lua_State *L = s->L;
  tl_param params[TL_PARAMS_MAX];
  int n = (int)tl_op_params(tl_op_find(op), params);
  luaL_checkstack(L, n + 4, "hooks");
  lua_rawgeti(L, LUA_REGISTRYINDEX, s->hooks); // hooks
  lua_getfield(L, -1, op);                     // hooks fn
  lua_remove(L, -2);                           // fn
  for (int i = 0; i < n; i++) tl_lua_push_val(L, &call->args[i]);
  s->hooking = true;
  int rc = call_lua(L, n, TL_EBUG, "a hook failed without a word", &call->out, &call->err);
  s->hooking = false;
  return rc;
}

/* tl_permit_ask: asks the Lua function that asks the person. */
static int call_permit(void *ud, const tl_val *refusal, tl_val *how, tl_err *e)
{
  session *s = ud;
  lua_State *L = s->L;
  tl_val answer = tl_nil();
  luaL_checkstack(L, 8, "permit");
  lua_rawgeti(L, LUA_REGISTRYINDEX, s->permit); // fn
  tl_lua_push_val(L, refusal);                  // fn refusal
  tl_err own = {0};
  int rc = call_lua(L, 1, TL_EBUG, "nobody could be asked", &answer, &own);
  if (rc < 0) return tl_fail(e, rc, "%s", own.msg);
  if (answer.type == TL_BOOL && answer.u.b) *how = tl_str("once");
  else if (answer.type == TL_STR) *how = answer;
  else tl_free(&answer);
  return TL_OK;
}

static tl_mode mode_of(const char *name)
{
  if (strcmp(name, "replay") == 0) return TL_REPLAY;
  if (strcmp(name, "resume") == 0) return TL_RESUME;
  return strcmp(name, "reuse") == 0 ? TL_REUSE : TL_LIVE;
}

static int start(session *s, const tl_val *how, tl_err *e)
{
  const tl_val *limits = tl_get(how, "limits");
  const char *old = tl_get_str(how, "old", NULL), *lab = tl_get_str(how, "lab", NULL);
  tl_limits l = {.cpu_seconds = tl_get_int(limits, "cpu_seconds", 300),
                 .memory = tl_get_int(limits, "memory", 512 << 20),
                 .seconds = tl_get_int(limits, "seconds", 0)};
  int rc = TL_OK;
  if (lab && (s->lab_fd = tl_store_folder(lab, e)) < 0) return s->lab_fd;
  s->gate.permits.lab_fd = s->lab_fd;
  s->gate.offline = tl_get_bool(how, "offline", false);
  s->gate.reread = tl_get_bool(how, "reread", false);
  s->gate.recall = tl_get_bool(how, "recall", false);
  if ((s->gate.dry = tl_get_bool(how, "dry", false))) {
    s->gate.noted = tl_list();
    s->gate.permits.noted = tl_list();
  }
  s->elapsed = tl_get_int(how, "elapsed", 0);
  tl_talk_quiet(tl_get_bool(how, "quiet", false));
  tl_confine_demand(tl_get_bool(how, "programs_confined", false));
  if (old) {
    s->replaying = true;
    rc = tl_replay_open(&s->old, old, e);
    s->gate.old = &s->old;
  }
  if (rc == TL_OK) rc = tl_worker_start(&s->worker, &l, &s->held, e);
  s->worker.module = find_module;
  s->worker.module_ud = s;
  return rc;
}

/* Takes `hooks` out of the argument; the names of the operations in it, as the keys of a map. */
static tl_val take_hooks(lua_State *L, session *s)
{
  tl_val names = tl_map();
  if (lua_getfield(L, 1, "hooks") == LUA_TTABLE) { // hooks
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
      const char *op = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
      if (!tl_op_find(op)) TL_BUG("a hook for something that is no operation");
      (void)tl_put(&names, op, tl_bool(true));
    }
    s->hooks = luaL_ref(L, LUA_REGISTRYINDEX); //
    lua_pushnil(L);
    lua_setfield(L, 1, "hooks");
  } else {
    lua_pop(L, 1);
  }
  return names;
}

/* Takes `permit` out of the argument. */
static void take_permit(lua_State *L, session *s)
{
  s->permit = LUA_NOREF;
  if (lua_getfield(L, 1, "permit") == LUA_TFUNCTION) s->permit = luaL_ref(L, LUA_REGISTRYINDEX);
  else lua_pop(L, 1);
  lua_pushnil(L);
  lua_setfield(L, 1, "permit");
}

int tl_session_new(lua_State *L)
{
  tl_val how;
  tl_err e;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_getfield(L, 1, "module"); // module
  luaL_checktype(L, -1, LUA_TFUNCTION);
  session *s = lua_newuserdatauv(L, sizeof *s, 0); // module session
  memset(s, 0, sizeof *s);
  s->hooks = s->permit = LUA_NOREF;
  s->lab_fd = s->run_fd = s->worker.pid = s->worker.fd = s->worker.signals = -1;
  s->L = L;
  luaL_setmetatable(L, TYPE);
  lua_insert(L, -2);                          // session module
  s->module = luaL_ref(L, LUA_REGISTRYINDEX); // session
  lua_pushnil(L);
  lua_setfield(L, 1, "module");
  tl_val hooked = take_hooks(L, s);
  take_permit(L, s);
  if (tl_lua_to_val(L, 1, &how, &e) < 0) {
    tl_free(&hooked);
    return push_fail(L, &e);
  }
  tl_gate_init(&s->gate, mode_of(tl_get_str(&how, "mode", "live")));
  s->gate.hooked = hooked;
  s->gate.hook = call_hook;
  s->gate.hook_ud = s;
  if (s->permit != LUA_NOREF) s->gate.permits.ask = call_permit;
  s->gate.permits.ask_ud = s;
  s->started = true;
  int rc = start(s, &how, &e);
  tl_free(&how);
  return rc < 0 ? push_fail(L, &e) : 1;
}

static int session_held(lua_State *L)
{
  tl_lua_push_val(L, &check(L)->held);
  return 1;
}

static int session_load(lua_State *L)
{
  session *s = check(L);
  size_t len;
  const char *file = luaL_checkstring(L, 2), *source = luaL_checklstring(L, 3, &len);
  tl_err e;
  s->L = L;
  lua_Integer seed = luaL_checkinteger(L, 4);
  tl_free(&s->last);
  int rc = tl_worker_load(&s->worker, file, source, len, seed, &s->last, &e);
  if (rc == TL_OK) {
    tl_lua_push_val(L, &s->last);
    return 1;
  }
  int n = push_fail(L, &e); // nil err
  static const char *const more[] = {"file", "line", "traceback", "hint"};
  for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
    const tl_val *v = tl_get(&s->last, more[i]);
    if (!v) continue;
    tl_lua_push_val(L, v);        // nil err value
    lua_setfield(L, -2, more[i]); // nil err
  }
  return n;
}

static int session_permit(lua_State *L)
{
  session *s = check(L);
  tl_val given;
  tl_err e;
  luaL_checktype(L, 2, LUA_TTABLE);
  int rc = tl_lua_to_val(L, 2, &given, &e);
  if (rc == TL_OK) {
    static const char *const parts[] = {"needs", "allow", "deny", "calls"};
    tl_val *to[] = {&s->gate.permits.needs, &s->gate.permits.allow, &s->gate.permits.deny,
                    &s->gate.calls};
    for (size_t i = 0; i < 4; i++) {
      const tl_val *v = tl_get(&given, parts[i]);
      tl_free(to[i]);
      *to[i] = v ? tl_copy(v) : tl_map();
    }
    s->gate.permits.undeclared = tl_get_bool(&given, "undeclared", false);
  }
  tl_free(&given);
  if (rc < 0) return push_fail(L, &e);
  lua_pushboolean(L, 1);
  return 1;
}

static int session_allow(lua_State *L)
{
  session *s = check(L);
  tl_err e;
  const char *family = luaL_checkstring(L, 2), *item = luaL_checkstring(L, 3);
  const char *how = luaL_optstring(L, 4, "session");
  if (tl_permit_allow(&s->gate.permits, family, item, how, &e) < 0) return push_fail(L, &e);
  lua_pushboolean(L, 1);
  return 1;
}

/* {bound, files?, wanted?}: as tl_secrets_load has them. Returns what of it the manifest tells: false
 * where no secret has a value. */
static int session_secrets(lua_State *L)
{
  session *s = check(L);
  tl_val given;
  tl_err e;
  luaL_checktype(L, 2, LUA_TTABLE);
  int rc = tl_lua_to_val(L, 2, &given, &e);
  if (rc == TL_OK) {
    tl_secrets_free(&s->gate.secrets);
    rc = tl_secrets_load(&s->gate.secrets, tl_get(&given, "bound"), &given, s->lab_fd, &e);
  }
  tl_free(&given);
  if (rc < 0) return push_fail(L, &e);
  tl_free(&s->last);
  s->last = tl_secrets_told(&s->gate.secrets);
  if (s->last.type == TL_NIL) lua_pushboolean(L, 0);
  else tl_lua_push_val(L, &s->last);
  return 1;
}

/* The text with the values of secrets taken out. */
static int session_scrub(lua_State *L)
{
  session *s = check(L);
  size_t len;
  const char *text = luaL_checklstring(L, 2, &len);
  tl_val v = tl_strn(text, len);
  tl_secrets_scrub(&s->gate.secrets, &v);
  lua_pushlstring(L, v.u.s.data, v.u.s.len);
  tl_free(&v);
  return 1;
}

static int session_begin(lua_State *L)
{
  session *s = check(L);
  tl_err e;
  const char *dir = luaL_checkstring(L, 2);
  s->run_fd = tl_store_folder(dir, &e);
  if (s->run_fd < 0) return push_fail(L, &e);
  s->gate.permits.run_fd = s->run_fd;
  if (lua_toboolean(L, 3)) {
    bool more = s->gate.mode == TL_RESUME;
    if (tl_record_open(&s->record, s->run_fd, more, &e) < 0) return push_fail(L, &e);
    s->recording = true;
    s->gate.record = &s->record;
  }
  lua_pushboolean(L, 1);
  return 1;
}

static int session_run(lua_State *L)
{
  session *s = check(L);
  tl_val spec, info;
  tl_err e;
  if (tl_lua_to_val(L, 2, &spec, &e) < 0) return push_fail(L, &e);
  if (tl_lua_to_val(L, 3, &info, &e) < 0) {
    tl_free(&spec);
    return push_fail(L, &e);
  }
  s->L = L;
  s->gate.began = tl_clock_ms() - s->elapsed;
  tl_free(&s->last);
  tl_worker_run(&s->worker, &s->gate, spec, info, &s->last);
  (void)tl_put(&s->last, "effects", tl_int((int64_t)s->gate.count));
  (void)tl_put(&s->last, "fatal", tl_bool(s->gate.fatal.code != TL_OK));
  (void)tl_put(&s->last, "recorded", tl_int(s->gate.old ? (int64_t)s->old.len : 0));
  if (s->gate.mode == TL_RESUME) {
    (void)tl_put(&s->last, "live", tl_bool(s->gate.live || tl_replay_due(&s->old) == 0));
    (void)tl_put(&s->last, "again", tl_copy(&s->gate.again));
  }
  if (s->gate.mode == TL_REUSE) (void)tl_put(&s->last, "reused", tl_int((int64_t)s->gate.reused));
  if (s->gate.dry) (void)tl_put(&s->last, "noted", tl_copy(&s->gate.noted));
  if (s->gate.difference.type == TL_MAP)
    (void)tl_put(&s->last, "difference", tl_copy(&s->gate.difference));
  if (s->gate.permits.refusal.type == TL_MAP)
    (void)tl_put(&s->last, "refusal", tl_copy(&s->gate.permits.refusal));
  if (tl_len(&s->gate.permits.granted))
    (void)tl_put(&s->last, "granted", tl_copy(&s->gate.permits.granted));
  if (s->recording) tl_record_close(&s->record);
  s->recording = false;
  tl_lua_push_val(L, &s->last);
  return 1;
}

/* What the worker shows; only from within a hook. */
static int session_look(lua_State *L)
{
  session *s = check(L);
  tl_val what;
  tl_err e;
  if (!s->hooking)
    (void)tl_fail(&e, TL_EARGUMENT, "the worker can be looked at while it waits for a hook");
  else if (tl_lua_to_val(L, 2, &what, &e) == 0) {
    tl_free(&s->last);
    int rc = tl_worker_look(&s->worker, &what, &s->last, &e);
    tl_free(&what);
    if (rc == TL_OK) {
      tl_lua_push_val(L, &s->last);
      return 1;
    }
  }
  return push_fail(L, &e);
}

void tl_session_open(lua_State *L)
{
  static const luaL_Reg methods[] = {
      {"held", session_held},
      {"load", session_load},
      {"permit", session_permit},
      {"secrets", session_secrets},
      {"begin", session_begin},
      {"run", session_run},
      {"scrub", session_scrub},
      {"allow", session_allow},
      {"look", session_look},
      {"close", session_gc},
      {NULL, NULL},
  };
  luaL_newmetatable(L, TYPE);       // mt
  lua_pushcfunction(L, session_gc); // mt fn
  lua_setfield(L, -2, "__gc");      // mt
  luaL_newlib(L, methods);          // mt methods
  lua_setfield(L, -2, "__index");   // mt
  lua_pop(L, 1);
}
