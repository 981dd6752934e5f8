/* The Lua border: order, sort, tostring, format, values, JSON. Each case is a Lua text that must run
 * without an error; the helpers below are its globals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>

#include "../../core/base/json.h"
#include "../../core/lua/det.h"
#include "../../core/lua/json_lua.h"
#include "../../core/lua/lval.h"
#include "../../core/lua/sandbox.h"

/* through(v) → v after Lua → tl_val → Lua, or nil, code, message. */
static int through(lua_State *L)
{
  tl_val v;
  tl_err e = {0};
  if (tl_lua_to_val(L, 1, &v, &e) < 0) {
    lua_pushnil(L);
    lua_pushstring(L, tl_code_name(e.code));
    lua_pushstring(L, e.msg);
    return 3;
  }
  tl_lua_push_val(L, &v);
  tl_free(&v);
  return 1;
}

static int view(lua_State *L)
{
  lua_settop(L, 1);
  tl_lua_make_view(L, "it");
  return 1;
}

static int secret(lua_State *L)
{
  tl_lua_push_secret(L, luaL_checkstring(L, 1));
  return 1;
}

static const char *const helpers =
    "function eq(a, b) if a ~= b then error(tostring(a) .. ' ~= ' .. tostring(b), 2) end end\n"
    "function keys(t) local r = {} for k in pairs(t) do r[#r + 1] = tostring(k) end\n"
    "  return table.concat(r, ' ') end\n"
    "function keys_next(t) local r, k = {}, next(t) while k ~= nil do r[#r + 1] = tostring(k)\n"
    "  k = next(t, k) end return table.concat(r, ' ') end\n"
    "function fails(f, pattern, ...) local ok, e = pcall(f, ...)\n"
    "  if ok then error('no error', 2) end\n"
    "  if not tostring(e):find(pattern) then error(tostring(e), 2) end end\n";

static lua_State *fresh(size_t limit)
{
  lua_State *L = tl_lua_new(limit);
  assert_non_null(L);
  tl_lua_open_base(L);
  tl_lua_open_json(L);
  lua_setglobal(L, "json");
  lua_register(L, "through", through);
  lua_register(L, "view", view);
  lua_register(L, "secret", secret);
  assert_int_equal(luaL_dostring(L, helpers), 0);
  return L;
}

static void run_limited(const char *text, size_t limit)
{
  lua_State *L = fresh(limit);
  if (luaL_loadbufferx(L, text, strlen(text), "@case", "t") || lua_pcall(L, 0, 0, 0))
    fail_msg("%s", luaL_tolstring(L, -1, NULL));
  tl_lua_close(L);
}

#define CASE(name, text) \
  static void name(void **state) \
  { \
    (void)state; \
    run_limited(text, 0); \
  }

CASE(pairs_order,
     "local t = {[true] = 1, [false] = 1, b = 1, a = 1, ab = 1, ['a\\0'] = 1, [''] = 1, [3] = 1,\n"
     "  [1] = 1, [-2] = 1, [1.5] = 1, [-2.5] = 1, [1e300] = 1, [math.mininteger] = 1,\n"
     "  [-1e300] = 1, [math.maxinteger] = 1, [2.0^63] = 1, abcdefgh1 = 1, abcdefgh = 1}\n"
     "local want = '-1e+300 -9223372036854775808 -2.5 -2 1 1.5 3 9223372036854775807 '\n"
     "  .. '9.2233720368548e+18 1e+300  a a\\0 ab abcdefgh abcdefgh1 b false true'\n"
     "eq(keys(t), want) eq(keys_next(t), want)\n"
     "eq(keys {}, '') eq(keys {5, 6, 7}, '1 2 3') eq(keys_next {5, 6, 7}, '1 2 3')\n"
     "eq(keys {[2] = 1, [3] = 1}, '2 3') eq(next {}, nil) eq(next({}, nil), nil)")

CASE(pairs_list_built_backwards,
     "local t = {} for i = 100, 1, -1 do t[i] = i end local n = 0\n"
     "for k, v in pairs(t) do n = n + 1 eq(k, n) eq(v, n) end eq(n, 100)")

CASE(pairs_skips_removed,
     "local t = {a = 1, b = 2, c = 3} local seen = ''\n"
     "for k in pairs(t) do seen = seen .. k t.b = nil end eq(seen, 'ac')\n"
     "local l = {1, 2, 3, 4} seen = '' for k in pairs(l) do seen = seen .. k l[2] = nil l[4] = "
     "nil end\n"
     "eq(seen, '13')\n"
     "local e = {x = 1, y = 2} for k in pairs(e) do e[k] = nil end eq(next(e), nil)")

CASE(next_sees_changes,
     "local t = {a = 1, c = 3} eq(next(t), 'a') eq(next(t, 'a'), 'c') t.b = 2\n"
     "eq(keys_next(t), 'a b c') eq(next(t, 'bb'), 'c')\n"
     "local k = next(t) while k do t[k] = nil k = next(t, k) end eq(next(t), nil)")

CASE(next_is_not_quadratic,
     "local t = {} for i = 1, 200000 do t['k' .. i] = i end\n"
     "local n, k = 0, next(t) while k do n = n + 1 k = next(t, k) end eq(n, 200000)")

CASE(pairs_refuses,
     "fails(pairs, 'a table as a table key has no stable order', {[{}] = 1, a = 1})\n"
     "fails(pairs, 'a function as a table key', {[print] = 1})\n"
     "fails(next, 'a table as a table key', {[{}] = 1}) fails(pairs, 'table expected', nil)\n"
     "local m = setmetatable({}, {__pairs = function(t) return function(_, k) if not k then\n"
     "  return 7 end end, t, nil end}) eq(keys(m), '7')")

CASE(views,
     "local real = {a = 1, b = 2} local v = view(real) eq(v.a, 1) eq(keys(v), 'a b')\n"
     "eq(keys_next(v), 'a b') fails(function() v.a = 2 end, 'case:2: it is read%-only')\n"
     "fails(setmetatable, 'protected', v, {}) eq(getmetatable(v), false) eq(#view {1, 2}, 2)\n"
     "local _, s = pairs(v) eq(s, v)")

CASE(sort_is_stable,
     "local t = {} for i = 1, 1000 do t[i] = {k = (i * 7919) % 10, i = i} end\n"
     "table.sort(t, function(a, b) return a.k < b.k end)\n"
     "for i = 2, 1000 do local a, b = t[i - 1], t[i]\n"
     "  assert(a.k < b.k or a.k == b.k and a.i < b.i) end\n"
     "local n = {3, 1, 2.5, -1} table.sort(n) eq(table.concat(n, ' '), '-1 1 2.5 3')\n"
     "local s = {'b', 'a', 'B', ''} table.sort(s) eq(table.concat(s, ','), ',B,a,b')\n"
     "table.sort {} table.sort {1}")

CASE(sort_survives_bad_orders,
     "local t = {} for i = 1, 500 do t[i] = i end\n"
     "table.sort(t, function() return true end) table.sort(t, function(a, b) return a <= b end)\n"
     "local r = math.random table.sort(t, function() return r() < 0.5 end)\n"
     "local seen = {} for _, v in ipairs(t) do assert(not seen[v]) seen[v] = true end\n"
     "eq(#t, 500) fails(table.sort, 'attempt to compare', {1, 'x', 2})\n"
     "fails(table.sort, 'function expected', {1, 2}, 3) fails(table.sort, 'stop', {2, 1},\n"
     "  function() error('stop') end)\n"
     "table.sort(t, function(a, b) t[1] = nil return a < b end)")

CASE(tostring_numbers,
     "local a, b = {}, {} local n = tonumber(tostring(a):match('^table: (%d+)$'))\n"
     "eq(tostring(b), 'table: ' .. n + 1) eq(tostring(a), 'table: ' .. n)\n"
     "assert(tostring(print):match('^function: %d+$'))\n"
     "assert(tostring(coroutine.create(print)):match('^thread: %d+$'))\n"
     "eq(tostring(0/0), 'nan') eq(tostring(-(0/0)), 'nan') eq(tostring(1/0), 'inf')\n"
     "eq(tostring(1), '1') eq(tostring(1.0), '1.0') eq(tostring(nil), 'nil') eq(tostring(true), "
     "'true')\n"
     "eq(tostring(setmetatable({}, {__tostring = function() return 'me' end})), 'me')\n"
     "assert(tostring(setmetatable({}, {__name = 'kind'})):match('^kind: %d+$'))\n"
     "fails(tostring, 'must return a string', setmetatable({}, {__tostring = function() return "
     "{} end}))\n"
     "fails(tostring, 'value expected')")

CASE(format,
     "eq(string.format('%5.1f|%d|%s|%q|%%|%c', 1.25, 3, 'x', 'y', 65), '  1.2|3|x|\"y\"|%|A')\n"
     "local t = {} eq(('%s'):format(t), tostring(t)) eq(('%10s|'):format(true), '      true|')\n"
     "eq(('%f %g %s'):format(-(0/0), 0/0, 0/0), 'nan nan nan')\n"
     "fails(string.format, '%%p.* not available', '%p', {}) fails(string.format, \"#2 to "
     "'string.format'\", '%d', 'x')\n"
     "fails(string.format, 'no value', '%s') fails(string.format, 'invalid conversion', '%y', 1)\n"
     "fails(function() return ('%y'):format(1) end, '^case:6: invalid')\n"
     "fails(string.format, 'no literal form', '%q', {}) eq(('%-5d|'):format(3), '3    |')\n"
     "fails(string.format, 'representation', '%d', 1.5)")

CASE(random, "math.randomseed(42) local a = math.random(1000000) math.randomseed(42)\n"
             "eq(math.random(1000000), a) fails(math.randomseed, 'number expected')")

CASE(values,
     "local t = through {a = {1, 2.5, 'x', true}, b = {}, c = json.array(), d = json.null}\n"
     "eq(json.encode(t), '{\"a\":[1,2.5,\"x\",true],\"b\":{},\"c\":[],\"d\":null}') eq(t.d, "
     "json.null)\n"
     "eq(through(nil), nil) eq(through(json.null), nil) eq(math.type(through(1.0)), 'float')\n"
     "eq(#through(json.decode('[null,1]')), 2) eq(tostring(through(secret 'KEY')), "
     "'<secret:KEY>')\n"
     "eq(through(secret 'A'), secret 'A') assert(secret 'A' ~= secret 'B')\n"
     "fails(function() return 'x' .. secret 'A' end, 'cannot be joined')\n"
     "assert(through(0/0) ~= through(0/0)) eq(through('\\0\\255'), '\\0\\255')")

CASE(values_refused,
     "local function no(v, code, pattern) local _, c, m = through(v) eq(c, code)\n"
     "  if not m:find(pattern) then error(m, 2) end end\n"
     "no({x = {print}}, 'ARGUMENT', '^at %.x%[1%]: a function is not plain data$')\n"
     "no(print, 'ARGUMENT', '^a function is not') no({1, x = 2}, 'ARGUMENT', 'not both')\n"
     "no({1, nil, 3}, 'ARGUMENT', 'hole') no({[0] = 1}, 'ARGUMENT', 'number as key')\n"
     "no({[true] = 1}, 'ARGUMENT', 'boolean as key') no({[1.5] = 1}, 'ARGUMENT', 'number as key')\n"
     "local c = {} c.me = {c} no(c, 'ARGUMENT', '^at %.me%[1%]: a table contains itself')\n"
     "local d = {} for i = 1, 300 do d = {d} end no(d, 'LIMIT', 'nested more than 200')\n"
     "no({coroutine.create(print)}, 'ARGUMENT', 'thread')")

CASE(values_bomb, "local b = 'x' for i = 1, 60 do b = {b, b} end local _, c, m = through(b)\n"
                  "eq(c, 'LIMIT') assert(m:find('larger than 256 MiB'))\n"
                  "local l = ('y'):rep(2^20) local many = {} for i = 1, 300 do many[i] = l end\n"
                  "eq(select(2, through(many)), 'LIMIT')")

CASE(json,
     "eq(json.encode {b = 1, a = json.null}, '{\"a\":null,\"b\":1}') eq(json.encode {}, '{}')\n"
     "eq(json.encode(json.decode '[]'), '[]') eq(json.decode 'null', json.null)\n"
     "local v, e = json.decode '[1,]' eq(v, nil) eq(e.code, 'PARSE') "
     "assert(tostring(e):find('line 1'))\n"
     "local ok, r = pcall(json.encode, {0/0}) eq(ok, false) assert(r.message)\n"
     "ok, r = pcall(function() return json.encode {print} end)\n"
     "eq(r.code, 'ARGUMENT') eq(r.file, 'case') eq(r.line, 5) assert(tostring(r):find('^case:5: "
     "at %[1%]'))\n"
     "assert(json.pretty({a = 1}):find('\\n  \"a\": 1')) fails(json.array, 'metatable of its "
     "own',\n"
     "  setmetatable({}, {})) json.array(json.array {})")

static void memory_limit(void **state)
{
  (void)state;
  run_limited("local t = {} fails(function() for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end "
              "end,\n"
              "  'not enough memory') t = nil local s = ('y'):rep(1000)\n"
              "fails(function() return s:rep(1 << 14) end, 'not enough memory') eq(#s, 1000)",
              8u << 20);
}

CASE(back_doors,
     "for _, n in ipairs {'dofile', 'loadfile', 'collectgarbage', 'warn', 'io', 'os', 'debug', "
     "'package',\n"
     "  'require'} do eq(_G[n], nil) end eq(string.dump, nil) eq(getmetatable(''), false)")

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pairs_order),
      cmocka_unit_test(pairs_list_built_backwards),
      cmocka_unit_test(pairs_skips_removed),
      cmocka_unit_test(next_sees_changes),
      cmocka_unit_test(next_is_not_quadratic),
      cmocka_unit_test(pairs_refuses),
      cmocka_unit_test(views),
      cmocka_unit_test(sort_is_stable),
      cmocka_unit_test(sort_survives_bad_orders),
      cmocka_unit_test(tostring_numbers),
      cmocka_unit_test(format),
      cmocka_unit_test(random),
      cmocka_unit_test(values),
      cmocka_unit_test(values_refused),
      cmocka_unit_test(values_bomb),
      cmocka_unit_test(json),
      cmocka_unit_test(memory_limit),
      cmocka_unit_test(back_doors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
