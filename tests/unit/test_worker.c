/* The worker: frames, operations, tasks, modules and the run object. */
#include "worker_play.h"

TEST(frames)
{
  UNUSED;
  session s = {.hold = 1};
  play(&s,
       "return { name = 'x', tags = {}, list = tlab.json.array(), deep = { f = print },\n"
       "run = function(run, spec) return { spec.topic, run.id, run.seed, run.name } end }",
       "20", "134217728");
  must_be_done(&s);
  assert_string_equal(tl_at(&s.hello, 0)->u.s.data, "hello");
  assert_true(tl_get_bool(tl_at(&s.hello, 1), "no_new_privs", false));
  const tl_val *d = tl_at(&s.loaded, 1);
  assert_true(tl_get_bool(d, "run", false));
  assert_true(tl_get_bool(tl_get(d, "deep"), "f", false));
  assert_int_equal(tl_get(d, "tags")->type, TL_MAP);
  assert_int_equal(tl_get(d, "list")->type, TL_LIST);
  const tl_val *v = tl_at(&s.last, 1);
  assert_string_equal(tl_at(v, 0)->u.s.data, "trees");
  assert_string_equal(tl_at(v, 1)->u.s.data, "the id");
  assert_int_equal(tl_at(v, 2)->u.i, 42);
  drop(&s);
}

TEST(operations)
{
  UNUSED;
  runs("eq(tlab.fs.read('x'), 'x') local v, e = tlab.fs.stat('y') eq(v, nil) eq(e.code, "
       "'NOT_FOUND')\n"
       "eq(e.op, 'fs.stat') eq(tostring(e), 'cannot find it') eq(tlab.clock.now(), nil)\n"
       "local r = fails(tlab.env.get, 'env is not allowed', 'HOME') eq(r.code, 'NOT_PERMITTED')\n"
       "local f = fails(function() local x = tlab.env.get('HOME') return x end, "
       "'^recipes/case.lua:5: env')\n"
       "eq(f.line, 5) eq(tlab.fs.replace, nil) eq(tlab.term, nil)\n"
       "fails(tlab.fs.write, 'fs.write: argument #2: a function is not plain data', 'a', print)\n"
       "eq(#tlab.http.send({ headers = { a = { 'Bearer ', tlab.secret 'KEY' } } }).headers.a, 2)\n"
       "fails(tlab.secret, 'takes the name', 'a b') fails(function() return 'a' .. tlab.secret "
       "'K' end, 'joined')\n"
       "print('a', nil, 1.5, {}) run:say('hello')",
       1, "a\tnil\t1.5\ttable: 1\nhello\n");
}

TEST(map_keeps_order)
{
  UNUSED;
  /* Four are open at once and answered last first; results stay in the order of the list. */
  runs("local order = {}\n"
       "local r = run:map({ 'a', 'b', 'c', 'd' }, function(item, task, index)\n"
       "  eq(task.index, index) tlab.clock.sleep(1) order[#order + 1] = item\n"
       "  return item .. index end, { concurrency = 4 })\n"
       "eq(table.concat(r, ' '), 'a1 b2 c3 d4') eq(table.concat(order), 'dcba')\n"
       "eq(#run:map({}, print), 0) fails(run.map, 'takes a list', run, 3)\n"
       "fails(run.map, 'concurrency', run, {}, print, { concurrency = 0 })",
       4, "");
}

TEST(map_limits_concurrency)
{
  UNUSED;
  runs("local open, most = 0, 0 run:map({ 1, 2, 3, 4, 5, 6, 7 }, function()\n"
       "  open = open + 1 most = math.max(most, open) tlab.clock.sleep(1) open = open - 1\n"
       "end, { concurrency = 3 }) eq(most, 3)",
       1, "");
}

TEST(map_raises_lowest)
{
  UNUSED;
  /* Both of the first two fail, the second first; no third is started, and all have ended. */
  runs("local started, ended = 0, 0\n"
       "local e = fails(run.map, 'case.lua:6: one', run, { 1, 2, 3, 4 }, function(i)\n"
       "  started = started + 1 tlab.clock.sleep(1) ended = ended + 1\n"
       "  if i == 1 then\n"
       "error('one') else error({ code = 'X', message = 'two' }) end end, { concurrency = 2 })\n"
       "eq(started, 2) eq(ended, 2)",
       2, "");
}

TEST(map_nests)
{
  UNUSED;
  runs("local function sum(depth) if depth == 0 then tlab.clock.sleep(1) return 1 end\n"
       "  local r = run:map({ 1, 2 }, function() return sum(depth - 1) end) return r[1] + r[2] "
       "end\n"
       "eq(sum(6), 64) local function deep(n) if n == 0 then return tlab.fs.read('x') end\n"
       "  return run:map({ n }, function() return deep(n - 1) end)[1] end eq(deep(500), 'x')",
       1, "");
}

TEST(seeds)
{
  UNUSED;
  runs("local s = run:map({ 1, 2 }, function(_, task) return task.seed end)\n"
       "assert(s[1] ~= s[2] and math.type(s[1]) == 'integer' and s[1] >= 0 and s[1] < 2^53)\n"
       "local t = run:map({ 1, 2 }, function(_, task) return task.seed end) eq(s[1], t[1])\n"
       "local n = run:map({ 1 }, function() return run:map({ 1 }, function(_, task)\n"
       "  return task.seed end)[1] end) assert(n[1] ~= s[1])\n"
       "local a = math.random(1 << 40) math.randomseed(run.seed) eq(math.random(1 << 40), a)\n"
       "fails(math.randomseed, 'number expected') print(s[1], s[2])",
       1, "6529064058449557\t4471935826587907\n");
}

TEST(own_coroutines)
{
  UNUSED;
  runs("local co = coroutine.wrap(function() coroutine.yield(tlab.fs.read('a'))\n"
       "  coroutine.yield(tlab.fs.read('b')) end) eq(co(), 'a') eq(co(), 'b')\n"
       "fails(coroutine.yield, 'outside a coroutine') eq(coroutine.isyieldable(), false)\n"
       "fails(coroutine.resume, 'belongs to a task', coroutine.running())\n"
       "table.sort({ 2, 1 }, function(a, b) tlab.fs.read('in sort') return a < b end)\n"
       "local r = run:map({ 1, 2, 3 }, function(i) return coroutine.wrap(function()\n"
       "  return run:map({ i, i * 10 }, function(j) tlab.clock.sleep(1) return j end)[2] end)() "
       "end)\n"
       "eq(table.concat(r, ' '), '10 20 30')\n"
       "local function gen() for i = 1, 3 do coroutine.yield(i) end return 'end' end\n"
       "local w = coroutine.wrap(gen) eq(w() + w() + w(), 6) eq(w(), 'end') fails(w, 'dead "
       "coroutine')\n"
       "local c = coroutine.create(gen) eq(coroutine.resume(c), true) eq(coroutine.close(c), "
       "true)\n"
       "eq(coroutine.status(c), 'dead') fails(coroutine.wrap(function() error('w') end), "
       "'case.lua:13: w')\n"
       "local t = setmetatable({}, { __index = function(_, k) return tlab.fs.read(k) end }) "
       "eq(t.z, 'z')\n"
       "local ok, v = pcall(function() return tlab.fs.read('p') end) eq(v, 'p')\n"
       "eq(('x'):gsub('x', function() return tlab.fs.read('g') end), 'g')",
       1, "");
}

TEST(closing)
{
  UNUSED;
  /* Pending __close run when a task fails, and may ask. */
  runs("local e = fails(run.map, 'first', run, { 1 }, function()\n"
       "  local x <close> = setmetatable({}, { __close = function(_, err)\n"
       "    print('closed', tlab.fs.read('r')) assert(err:find('first')) end })\n"
       "  tlab.fs.read('y') error('first') end)\n"
       "fails(run.map, 'second', run, { 1 }, function()\n"
       "  local x <close> = setmetatable({}, { __close = function() error('second') end }) "
       "error('one') end)",
       1, "closed\tr\n");
  fails("local x <close> = setmetatable({}, { __close = function() print('x') end })\nerror('e')",
        "RUN_FAILED", "e", 3);
}

TEST(modules)
{
  UNUSED;
  runs("local m = require 'lab.good' eq(m.n, 7) eq(m.name, 'lab.good') eq(require 'lab.good', m)\n"
       "eq(require 'lab.none', true) eq(require 'lab.none', true) eq(ran, 1) eq(require "
       "'lab.reads', 'f')\n"
       "fails(require, 'in a circle: lab.a → lab.b → lab.a', 'lab.a')\n"
       "fails(require, \"cannot load module 'lab.gone': no module\", 'lab.gone')\n"
       "local e = fails(require, 'unexpected symbol', 'lab.syntax') eq(e.file, 'lab.syntax.lua')\n"
       "eq(e.line, 2) eq(e.code, 'INVALID') fails(require, 'lab.raises.lua:2: at the start', "
       "'lab.raises')\n"
       "fails(require, 'takes a module name') local lib = require 'tlab.lib'\n"
       "e = fails(function() return (lib.f()) end, 'env is not') eq(e.file, 'recipes/case.lua') "
       "eq(e.line, 9)\n"
       "local cjson = require 'cjson' eq(cjson.encode({ b = 1, a = 2 }), '{\"a\":2,\"b\":1}')\n"
       "eq(cjson.decode('[1]')[1], 1) fails(cjson.decode, 'invalid', 'nan') eq(cjson.null, "
       "tlab.json.null)\n"
       "eq(cjson.new().encode({}), '{}') eq(require('tlab.json').encode({ 1 }), '[1]')",
       1, "");
}

TEST(run_object)
{
  UNUSED;
  session s = {.hold = 1};
  char *source = recipe_of(
      "run:write('a.txt', 'bytes') run:write_json('b.json', { z = 1, a = {} })\n"
      "run:write_jsonl('c.jsonl', { { n = 1 }, { n = 2 } }) eq(run:read('d'), 'd')\n"
      "run:note('tag', { tag = 't' }) run:metric('m', 1.5) run:progress(1, 2, 'x')\n"
      "fails(run.write_jsonl, 'row 2: a function is not', run, 'e', { 1, print })\n"
      "local e = fails(function() run:write_json('e', { 0/0 }) end, 'case.lua:6: run:write_json')");
  play(&s, source, "20", "134217728");
  free(source);
  must_be_done(&s);
  static const char *const want[] = {"bytes", "{\"a\":{},\"z\":1}\n", "{\"n\":1}\n{\"n\":2}\n"};
  tl_val frame;
  size_t at = 0, i = 0;
  for (int64_t took;
       i < 3 && (took = tl_wire_get(&frame, s.asks.data + at, s.asks.len - at, NULL)) > 0;
       at += (size_t)took) {
    if (strcmp(tl_at(&frame, 0)->u.s.data, "ask") == 0)
      assert_string_equal(tl_at(tl_at(&frame, 4), 1)->u.s.data, want[i++]);
    tl_free(&frame);
  }
  assert_int_equal(i, 3);
  drop(&s);
}

TEST(same_questions_twice)
{
  UNUSED;
  char *source = recipe_of(
      "local t = {} for _, w in ipairs { 'x', 'yy', 'zzz', 'k1', 'k2', 'k3' } do t[w] = "
      "math.random() end\n"
      "run:map({ 1, 2, 3, 4 }, function(i, task) tlab.clock.sleep(i)\n"
      "  for k, v in pairs(t) do tlab.fs.write(k, v .. tostring(task) .. task.seed) end end,\n"
      "  { concurrency = 4 }) run:write_json('t', t) print(t, print, coroutine.create(print))\n"
      "error({ t = t, f = print })");
  session a = {.hold = 4}, b = {.hold = 4};
  play(&a, source, "20", "134217728");
  play(&b, source, "20", "134217728");
  free(source);
  assert_true(a.asks.len > 2000);
  assert_int_equal(a.asks.len, b.asks.len);
  assert_memory_equal(a.asks.data, b.asks.data, a.asks.len);
  assert_string_equal(last_word(&a), "failed");
  drop(&a);
  drop(&b);
}

TEST(ends_with_its_supervisor)
{
  UNUSED;
  session s = {.hold = 1};
  start(&s, "20", "134217728");
  load(&s, "return { run = function() while true do pcall(tlab.fs.read, 'x') end end }");
  start_run(&s);
  tl_val frame;
  assert_int_equal(tl_frame_receive(s.fd, &s.in, &frame, NULL), 1);
  tl_free(&frame);
  finish(&s);
  assert_true(WIFEXITED(s.status));
  drop(&s);
}

int main(int argc, char **argv)
{
  PLAY_MAIN(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames),
      cmocka_unit_test(operations),
      cmocka_unit_test(map_keeps_order),
      cmocka_unit_test(map_limits_concurrency),
      cmocka_unit_test(map_raises_lowest),
      cmocka_unit_test(map_nests),
      cmocka_unit_test(seeds),
      cmocka_unit_test(own_coroutines),
      cmocka_unit_test(closing),
      cmocka_unit_test(modules),
      cmocka_unit_test(run_object),
      cmocka_unit_test(same_questions_twice),
      cmocka_unit_test(ends_with_its_supervisor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
