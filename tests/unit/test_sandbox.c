/* The sandbox: what a recipe finds, what it cannot do, and how its errors are told. */
#include "worker_play.h"

TEST(sandbox_guards)
{
  UNUSED;
  runs("for _, n in ipairs { 'io', 'os', 'debug', 'package', 'dofile', 'loadfile', "
       "'collectgarbage', 'warn' }\n"
       "do eq(_G[n], nil) end eq(string.dump, nil) eq(getmetatable(''), false)\n"
       "fails(function() string.rep = 1 end, 'string is read%-only')\n"
       "fails(function() tlab.fs.read = 1 end, 'tlab.fs is read%-only') fails(rawset, "
       "'read%-only', math, 'x', 1)\n"
       "fails(table.insert, 'read%-only', table, 1) fails(setmetatable, 'protected', tlab, {})\n"
       "fails(setmetatable, '__gc', {}, { __gc = print }) fails(setmetatable, '__mode', {}, { "
       "__mode = 'k' })\n"
       "eq(load('\\27Lua'), nil) eq(load('return 1', 'x', 'b'), nil) eq(load('return 1')(), 1)\n"
       "y = 5 eq(load('return y')(), 5) eq(load('return y', 'c', 't', {})(), nil) eq(select('#', "
       "load('x =')), 2)\n"
       "local n = 0 for k in pairs(string) do n = n + 1 end assert(n >= 15) eq(rawget(math, "
       "'pi'), math.pi)\n"
       "eq(next(tlab) ~= nil, true) eq(('x'):rep(3), 'xxx') eq(tostring(run):match('^table: "
       "%d+$') ~= nil, true)\n"
       "eq(require, _G.require) eq(setmetatable({}, nil) ~= nil, true) eq(rawlen({ 1, 2 }), 2)",
       1, "");
}

TEST(golden_globals)
{
  UNUSED;
  session s = {.hold = 1};
  char *source = recipe_of(
      "local lines, seen = {}, {} local function walk(path, v)\n"
      "  lines[#lines + 1] = path .. ' ' .. type(v) if type(v) ~= 'table' or seen[v] then return "
      "end\n"
      "  seen[v] = true for k, x in pairs(v) do walk(path .. '.' .. tostring(k), x) end\n"
      "  local m = getmetatable(v) if m then walk(path .. '<metatable>', m) end end\n"
      "walk('_G', _G) walk('string<metatable>', getmetatable('')) walk('run', run)\n"
      "walk('array<metatable>', getmetatable(tlab.json.array()))\n"
      "walk('secret<metatable>', getmetatable(tlab.secret 'A'))\n"
      "walk('error<metatable>', getmetatable(select(2, tlab.fs.stat('x'))))\n"
      "print(table.concat(lines, '\\n'))");
  play(&s, source, "20", "134217728");
  free(source);
  must_be_done(&s);
  const char *path = "tests/lua/golden_globals.txt";
  if (getenv("TLAB_UPDATE_GOLDEN")) {
    FILE *f = fopen(path, "w");
    assert_int_equal(fwrite(s.said.data, 1, s.said.len, f), s.said.len);
    (void)fclose(f);
  }
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  char *want = calloc(1, 1 << 16);
  assert_true(fread(want, 1, (1 << 16) - 1, f) > 0);
  (void)fclose(f);
  assert_string_equal(s.said.data, want);
  free(want);
  drop(&s);
}

TEST(edge_values)
{
  UNUSED;
  runs("local function values() return { 0, -1, 1.5, math.mininteger, math.maxinteger, 2.0^53 + "
       "1, 0/0, 1/0,\n"
       "  '', 'a%s\\0', ('x'):rep(300), {}, { 1, 2 }, function() end, true, tlab.secret 'S', "
       "tlab.json.null,\n"
       "  tlab.json.array { 1 }, math } end\n"
       "local skip = { ['table.move'] = true, ['string.rep'] = true } local calls, seen = 0, {}\n"
       "local function try(f, ...) calls = calls + 1 pcall(f, ...) end\n"
       "local function walk(path, t) if seen[t] then return end seen[t] = true\n"
       "  for k, f in pairs(t) do local name = path .. k\n"
       "    if type(f) == 'table' then walk(name .. '.', f)\n"
       "    elseif type(f) == 'function' and not skip[name] then\n"
       "      try(f) for i = 1, #values() do local v = values() try(f, v[i])\n"
       "        for j = 1, #v do v = values() try(f, v[i], v[j]) if not name:find('^tlab') then\n"
       "          for n = 1, #v, 3 do v = values() try(f, v[i], v[j], v[n]) end end end end end "
       "end end\n"
       "local all = {} for k, v in pairs(_G) do all[k] = v end all._G = nil\n"
       "walk('', all) walk('run.', run) assert(calls > 100000)",
       1, NULL);
}

TEST(nested_close)
{
  UNUSED;
  runs("local function nest(n, shut) local co = nil for _ = 1, n do local inner = co\n"
       "  co = coroutine.create(function() local x <close> = setmetatable({}, { __close = "
       "function()\n"
       "    if inner then note = select(2, shut(inner)) or note end end }) coroutine.yield() end)\n"
       "  coroutine.resume(co) end return co end\n"
       "coroutine.close(nest(30000, coroutine.close)) assert(note:find('more than 100 deep')) "
       "note = nil\n"
       "eq(coroutine.close(nest(90, coroutine.close)), true) eq(note, nil)\n"
       "local function wraps(n) return coroutine.wrap(function() local x <close> = "
       "setmetatable({},\n"
       "  { __close = function() wraps(n - 1)() end }) error('e' .. n) end) end\n"
       "fails(wraps(100000), '.')",
       1, "");
}

TEST(memory)
{
  UNUSED;
  const char *message = "ran out of memory (limit 128 MiB)";
  fails("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", "NO_MEMORY", message,
        0);
  fails("big = {} while true do big[#big + 1] = { #big } end", "NO_MEMORY", message, 0);
  fails("run:map({ 1, 2 }, function() tlab.fs.read('x') return ('x'):rep(1 << 27) end)",
        "NO_MEMORY", message, 0);
  fails("local s = 'x' while true do s = s .. s end", "NO_MEMORY", message, 0);
  runs("fails(string.rep, 'not enough memory', 'x', 1 << 27) return 1", 1, "");
}

TEST(endless_loops)
{
  UNUSED;
  static const char *const bodies[] = {
      "while true do pcall(function() while true do end end) end",
      "coroutine.wrap(function() while true do end end)()",
      "local c <close> = setmetatable({}, { __close = function() while true do end end })",
      "string.find(('a'):rep(200), ('a*'):rep(12) .. 'b')"};
  /* Each takes a second of processor time; the daily loop has one here and one end to end. */
  size_t n = getenv("TLAB_SWEEP") ? sizeof bodies / sizeof *bodies : 1;
  for (size_t i = 0; i < n; i++) {
    session s = {.hold = 1};
    char *source = recipe_of(bodies[i]);
    play(&s, source, "1", "134217728");
    free(source);
    assert_true(WIFSIGNALED(s.status));
    assert_string_equal(last_word(&s), "nothing");
    drop(&s);
  }
}

TEST(errors)
{
  UNUSED;
  fails("\nerror('x')", "RUN_FAILED", "x", 3);
  fails("error({ code = 'PROVIDER', message = 'busy' })", "PROVIDER", "busy", 2);
  fails("error({ a = 1, b = { 'x' } })", "RUN_FAILED", "{ a = 1, b = { \"x\" } }", 2);
  fails("error()", "RUN_FAILED", "raised nil", 2);
  fails("error(setmetatable({}, { __tostring = function() return 'mine' end }))", "RUN_FAILED",
        "mine", 2);
  fails("local t = nil\nreturn t.x", "RUN_FAILED", "attempt to index a nil value (local 't')", 3);
  fails("tlab.env.get('HOME')", "NOT_PERMITTED", "env is not allowed", 2);
  fails("run:map({ 1 }, function()\nerror('inner') end)", "RUN_FAILED", "inner", 3);
  fails("error(tlab.fs.stat('x') or select(2, tlab.fs.stat('x')))", "NOT_FOUND",
        "cannot find "
        "it",
        2);
  fails("return print", "ARGUMENT", "what run returned is not plain data", 0);
  fails("local function f() return f() + 1 end f()", "RUN_FAILED", "stack overflow", 2);
  fails("error('\\xff' .. ('y'):rep(100000))", "RUN_FAILED", "?yyy", 2);
  fails("error({ code = 'X', message = ('ä'):rep(5000), f = print, [{}] = 1 })", "X", "ä …", 2);
  fails("error({ code = 'X', message = 'm', hint = 'try' })", "X", "m", 2);
  fails("require('tlab.lib').g()", "RUN_FAILED", "from the library", 2);
}

TEST(load_errors)
{
  UNUSED;
  ends_with("return {\nname = = 1 }", "INVALID", "unexpected symbol", 2);
  ends_with("\nerror('early')", "RUN_FAILED", "early", 2);
  ends_with("tlab.fs.read('x') return {}", "INVALID", "while the recipe is being loaded", 1);
  ends_with("print('x') return {}", "INVALID", "talk.say is called while", 1);
  ends_with("return { name = 'x' }", "INVALID", "no function run", 0);
  ends_with("return { coroutine.create(print) }", "INVALID", "a thread is not plain data", 0);
  ends_with("local c = {} c.c = c return c", "INVALID", "200 deep", 0);
}

TEST(long_file_name)
{
  UNUSED;
  session s = {.hold = 1};
  char *source =
      recipe_of("require 'lab.a_name_so_long_that_lua_cuts_the_chunk_name_in_its_messages'");
  play(&s, source, "20", "134217728");
  free(source);
  assert_string_equal(tl_get_str(failed(&s), "file", ""),
                      "lab.a_name_so_long_that_lua_cuts_the_chunk_name_in_its_messages.lua");
  assert_string_equal(tl_get_str(failed(&s), "message", ""), "far");
  assert_int_equal(tl_get_int(failed(&s), "line", 0), 2);
  drop(&s);
}

int main(int argc, char **argv)
{
  PLAY_MAIN(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sandbox_guards), cmocka_unit_test(golden_globals),
      cmocka_unit_test(edge_values),    cmocka_unit_test(nested_close),
      cmocka_unit_test(memory),         cmocka_unit_test(endless_loops),
      cmocka_unit_test(errors),         cmocka_unit_test(load_errors),
      cmocka_unit_test(long_file_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
