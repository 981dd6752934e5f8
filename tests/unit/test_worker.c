/* The worker, with this program as its supervisor: small recipes over a socket pair. The worker is
 * this very program, started anew as "tlab-worker". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/wire.h"
#include "core/lua/worker.h"
#include "core/prim/frame.h"

typedef struct session {
  int fd;
  pid_t pid;
  int hold;          /* clock.sleep is answered once so many are open, the last one first */
  tl_val held;       /* their numbers */
  tl_buf in, out;
  tl_buf said;       /* talk.say, a line each */
  tl_buf asks;       /* every frame of the worker but hello, as bytes */
  tl_val hello, loaded, last;
  int status;        /* of the process */
} session;

/* --- the supervisor's side -------------------------------------------------------------------- */

static void start(session *s, const char *cpu, const char *memory)
{
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  *s = (session){.fd = pair[0], .hold = s->hold, .held = tl_list()};
  s->in = s->out = s->said = s->asks = TL_BUF(300u << 20);
  s->pid = fork();
  if (s->pid == 0) {
    dup2(pair[1], 3);
    char name[] = "tlab-worker";
    char *argv[] = {name, (char *)(uintptr_t)cpu, (char *)(uintptr_t)memory, NULL};
    execv("/proc/self/exe", argv);
    _exit(127);
  }
  close(pair[1]);
}

static void finish(session *s)
{
  close(s->fd);
  waitpid(s->pid, &s->status, 0);
}

static void drop(session *s)
{
  tl_free(&s->held);
  tl_free(&s->hello);
  tl_free(&s->loaded);
  tl_free(&s->last);
  tl_buf_free(&s->in);
  tl_buf_free(&s->out);
  tl_buf_free(&s->said);
  tl_buf_free(&s->asks);
}

/* Sends and frees. */
static void put(session *s, tl_val frame)
{
  tl_err e;
  (void)tl_frame_send(s->fd, &s->out, &frame, &e);
  tl_free(&frame);
}

static tl_val words(const char *first)
{
  tl_val list = tl_list();
  tl_push(&list, tl_str(first));
  return list;
}

static void answer(session *s, int64_t n, const char *how, tl_val value)
{
  tl_val frame = words("answer");
  tl_push(&frame, tl_int(n));
  tl_push(&frame, tl_str(how));
  tl_push(&frame, value);
  put(s, frame);
}

static tl_val failure(const char *code, const char *message)
{
  tl_val v = tl_map();
  tl_put(&v, "code", tl_str(code));
  tl_put(&v, "message", tl_str(message));
  return v;
}

static const char *module_text(const char *name)
{
  static const char *const modules[][2] = {
      {"lab.good", "local M = {} M.n = 7 M.name = ... return M"},
      {"lab.none", "_G.ran = (_G.ran or 0) + 1"},
      {"lab.a", "return require 'lab.b'"},
      {"lab.b", "return require 'lab.a'"},
      {"lab.syntax", "local x =\n= 3"},
      {"lab.raises", "\nerror('at the start')"},
      {"lab.a_name_so_long_that_lua_cuts_the_chunk_name_in_its_messages", "\nerror('far')"},
      {"lab.reads", "return tlab.fs.read('f')"},
      {"tlab.lib", "return { f = function() return tlab.env.get('X') end,\n"
                   "g = function() error('from the library') end }"}};
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    if (strcmp(modules[i][0], name) == 0) return modules[i][1];
  return NULL;
}

static void answer_module(session *s, int64_t n, const char *name)
{
  const char *text = module_text(name);
  if (!text) {
    answer(s, n, "fail", failure("NOT_FOUND", "no module of this name"));
    return;
  }
  tl_val v = tl_map();
  tl_buf file = TL_BUF(200);
  (void)tl_buf_fmt(&file, "%s.lua", name);
  tl_put(&v, "file", tl_str(file.data));
  tl_put(&v, "source", tl_str(text));
  tl_buf_free(&file);
  answer(s, n, "ok", v);
}

static void hold(session *s, int64_t n)
{
  tl_push(&s->held, tl_int(n));
  size_t open = tl_len(&s->held);
  if ((int)open < s->hold) return;
  for (size_t i = open; i-- > 0;) answer(s, tl_at(&s->held, i)->u.i, "ok", tl_bool(true));
  tl_free(&s->held);
  s->held = tl_list();
}

static void answer_ask(session *s, const tl_val *frame)
{
  int64_t n = tl_at(frame, 1)->u.i;
  const char *op = tl_at(frame, 3)->u.s.data;
  const tl_val *args = tl_at(frame, 4), *arg = tl_at(args, 0);
  if (strcmp(op, "mod.load") == 0) {
    answer_module(s, n, arg->u.s.data);
  } else if (strcmp(op, "talk.say") == 0) {
    if (arg && arg->type == TL_STR) (void)tl_buf_add(&s->said, arg->u.s.data, arg->u.s.len);
    (void)tl_buf_byte(&s->said, '\n');
    answer(s, n, "ok", tl_bool(true));
  } else if (strcmp(op, "fs.stat") == 0) {
    answer(s, n, "fail", failure("NOT_FOUND", "cannot find it"));
  } else if (strcmp(op, "env.get") == 0) {
    answer(s, n, "raise", failure("NOT_PERMITTED", "env is not allowed"));
  } else if (strcmp(op, "clock.sleep") == 0) {
    hold(s, n);
  } else if (strcmp(op, "clock.now") == 0) {
    answer(s, n, "ok", tl_nil());
  } else {
    answer(s, n, "ok", arg ? tl_copy(arg) : tl_int(n));
  }
}

static void load(session *s, const char *source)
{
  tl_val what = tl_map(), frame = words("load");
  tl_put(&what, "file", tl_str("recipes/case.lua"));
  tl_put(&what, "source", tl_str(source));
  tl_put(&what, "seed", tl_int(42));
  tl_push(&frame, what);
  put(s, frame);
}

static void start_run(session *s)
{
  tl_val info = tl_map(), spec = tl_map(), frame = words("run");
  tl_put(&info, "id", tl_str("the id"));
  tl_put(&info, "seed", tl_int(42));
  tl_put(&info, "name", tl_str("the name"));
  tl_put(&spec, "topic", tl_str("trees"));
  tl_push(&frame, spec);
  tl_push(&frame, info);
  put(s, frame);
}

/* Plays until the worker has ended. */
static void play(session *s, const char *source, const char *cpu, const char *memory)
{
  tl_val frame = tl_nil();
  tl_err e;
  start(s, cpu, memory);
  load(s, source);
  while (tl_frame_receive(s->fd, &s->in, &frame, &e) > 0) {
    const char *word = tl_at(&frame, 0)->u.s.data;
    if (strcmp(word, "hello") != 0) (void)tl_wire_put(&s->asks, &frame, NULL);
    if (strcmp(word, "ask") == 0) {
      answer_ask(s, &frame);
    } else if (strcmp(word, "hello") == 0) {
      s->hello = tl_copy(&frame);
    } else if (strcmp(word, "loaded") == 0) {
      s->loaded = tl_copy(&frame);
      start_run(s);
    } else {
      tl_free(&s->last);
      s->last = tl_copy(&frame);
    }
    tl_free(&frame);
  }
  finish(s);
}

/* --- cases ------------------------------------------------------------------------------------ */

static const char *const head =
    "local function eq(a, b) if a ~= b then error(tostring(a) .. ' ~= ' .. tostring(b), 2) end end "
    "local function fails(f, pattern, ...) local ok, e = pcall(f, ...) "
    "if ok then error('no error', 2) end "
    "if not tostring(e):find(pattern) then error(tostring(e), 2) end return e end ";

static char *recipe_of(const char *body)
{
  tl_buf b = TL_BUF(1u << 20);
  (void)tl_buf_fmt(&b, "%s return { name = 'case', run = function(run, spec)\n%s\nend }", head, body);
  return tl_buf_take(&b, NULL);
}

static const char *last_word(const session *s)
{
  return s->last.type == TL_LIST ? tl_at(&s->last, 0)->u.s.data : "nothing";
}

static const tl_val *failed(const session *s)
{
  assert_string_equal(last_word(s), "failed");
  return tl_at(&s->last, 1);
}

static void must_be_done(const session *s)
{
  if (strcmp(last_word(s), "done") == 0) return;
  const tl_val *f = s->last.type == TL_LIST ? tl_at(&s->last, 1) : NULL;
  fail_msg("%s: %s:%d: %s", tl_get_str(f, "code", "?"), tl_get_str(f, "file", "?"),
           (int)tl_get_int(f, "line", 0), tl_get_str(f, "message", "the worker said nothing"));
}

static void runs(const char *body, int hold_count, const char *said)
{
  session s = {.hold = hold_count};
  char *source = recipe_of(body);
  play(&s, source, "20", "134217728");
  free(source);
  must_be_done(&s);
  assert_int_equal(s.status, 0);
  if (said) assert_string_equal(s.said.data ? s.said.data : "", said);
  drop(&s);
}

static void ends_with(const char *source, const char *code, const char *message, int line)
{
  session s = {.hold = 1};
  play(&s, source, "20", "134217728");
  const tl_val *f = failed(&s);
  assert_string_equal(tl_get_str(f, "code", "?"), code);
  if (!strstr(tl_get_str(f, "message", "?"), message))
    fail_msg("%s", tl_get_str(f, "message", "?"));
  assert_int_equal(tl_get_int(f, "line", 0), line);
  if (line) assert_string_equal(tl_get_str(f, "file", "?"), "recipes/case.lua");
  drop(&s);
}

static void fails(const char *body, const char *code, const char *message, int line)
{
  char *source = recipe_of(body);
  ends_with(source, code, message, line);
  free(source);
}

#define TEST(name) static void name(void **state)
#define UNUSED (void)state

TEST(frames)
{
  UNUSED;
  session s = {.hold = 1};
  play(&s, "return { name = 'x', tags = {}, list = tlab.json.array(), deep = { f = print },\n"
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
  runs("eq(tlab.fs.read('x'), 'x') local v, e = tlab.fs.stat('y') eq(v, nil) eq(e.code, 'NOT_FOUND')\n"
       "eq(e.op, 'fs.stat') eq(tostring(e), 'cannot find it') eq(tlab.clock.now(), nil)\n"
       "local r = fails(tlab.env.get, 'env is not allowed', 'HOME') eq(r.code, 'NOT_PERMITTED')\n"
       "local f = fails(function() local x = tlab.env.get('HOME') return x end, '^recipes/case.lua:5: env')\n"
       "eq(f.line, 5) eq(tlab.fs.replace, nil) eq(tlab.term, nil)\n"
       "fails(tlab.fs.write, 'fs.write: argument #2: a function is not plain data', 'a', print)\n"
       "eq(#tlab.http.send({ headers = { a = { 'Bearer ', tlab.secret 'KEY' } } }).headers.a, 2)\n"
       "fails(tlab.secret, 'takes the name', 'a b') fails(function() return 'a' .. tlab.secret 'K' end, 'joined')\n"
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
       "  local r = run:map({ 1, 2 }, function() return sum(depth - 1) end) return r[1] + r[2] end\n"
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
       "  return run:map({ i, i * 10 }, function(j) tlab.clock.sleep(1) return j end)[2] end)() end)\n"
       "eq(table.concat(r, ' '), '10 20 30')\n"
       "local function gen() for i = 1, 3 do coroutine.yield(i) end return 'end' end\n"
       "local w = coroutine.wrap(gen) eq(w() + w() + w(), 6) eq(w(), 'end') fails(w, 'dead coroutine')\n"
       "local c = coroutine.create(gen) eq(coroutine.resume(c), true) eq(coroutine.close(c), true)\n"
       "eq(coroutine.status(c), 'dead') fails(coroutine.wrap(function() error('w') end), 'case.lua:13: w')\n"
       "local t = setmetatable({}, { __index = function(_, k) return tlab.fs.read(k) end }) eq(t.z, 'z')\n"
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
       "  local x <close> = setmetatable({}, { __close = function() error('second') end }) error('one') end)",
       1, "closed\tr\n");
  fails("local x <close> = setmetatable({}, { __close = function() print('x') end })\nerror('e')",
        "RUN_FAILED", "e", 3);
}

/* Every function with every mixture of edge values: errors, never a crash. Left out are the two that
 * would count to 2^63 for their own good: table.move, string.rep of ''. */
TEST(edge_values)
{
  UNUSED;
  runs("local function values() return { 0, -1, 1.5, math.mininteger, math.maxinteger, 2.0^53 + 1, 0/0, 1/0,\n"
       "  '', 'a%s\\0', ('x'):rep(300), {}, { 1, 2 }, function() end, true, tlab.secret 'S', tlab.json.null,\n"
       "  tlab.json.array { 1 }, math } end\n"
       "local skip = { ['table.move'] = true, ['string.rep'] = true } local calls, seen = 0, {}\n"
       "local function try(f, ...) calls = calls + 1 pcall(f, ...) end\n"
       "local function walk(path, t) if seen[t] then return end seen[t] = true\n"
       "  for k, f in pairs(t) do local name = path .. k\n"
       "    if type(f) == 'table' then walk(name .. '.', f)\n"
       "    elseif type(f) == 'function' and not skip[name] then\n"
       "      try(f) for i = 1, #values() do local v = values() try(f, v[i])\n"
       "        for j = 1, #v do v = values() try(f, v[i], v[j]) if not name:find('^tlab') then\n"
       "          for n = 1, #v, 3 do v = values() try(f, v[i], v[j], v[n]) end end end end end end end\n"
       "local all = {} for k, v in pairs(_G) do all[k] = v end all._G = nil\n"
       "walk('', all) walk('run.', run) assert(calls > 100000)",
       1, NULL);
}

/* Lua 5.4.4 crashes on this nest of coroutine.close. */
TEST(nested_close)
{
  UNUSED;
  runs("local function nest(n, shut) local co = nil for _ = 1, n do local inner = co\n"
       "  co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function()\n"
       "    if inner then note = select(2, shut(inner)) or note end end }) coroutine.yield() end)\n"
       "  coroutine.resume(co) end return co end\n"
       "coroutine.close(nest(30000, coroutine.close)) assert(note:find('more than 100 deep')) note = nil\n"
       "eq(coroutine.close(nest(90, coroutine.close)), true) eq(note, nil)\n"
       "local function wraps(n) return coroutine.wrap(function() local x <close> = setmetatable({},\n"
       "  { __close = function() wraps(n - 1)() end }) error('e' .. n) end) end\n"
       "fails(wraps(100000), '.')",
       1, "");
}

TEST(modules)
{
  UNUSED;
  runs("local m = require 'lab.good' eq(m.n, 7) eq(m.name, 'lab.good') eq(require 'lab.good', m)\n"
       "eq(require 'lab.none', true) eq(require 'lab.none', true) eq(ran, 1) eq(require 'lab.reads', 'f')\n"
       "fails(require, 'in a circle: lab.a → lab.b → lab.a', 'lab.a')\n"
       "fails(require, \"cannot load module 'lab.gone': no module\", 'lab.gone')\n"
       "local e = fails(require, 'unexpected symbol', 'lab.syntax') eq(e.file, 'lab.syntax.lua')\n"
       "eq(e.line, 2) eq(e.code, 'INVALID') fails(require, 'lab.raises.lua:2: at the start', 'lab.raises')\n"
       "fails(require, 'takes a module name') local lib = require 'tlab.lib'\n"
       "e = fails(function() return (lib.f()) end, 'env is not') eq(e.file, 'recipes/case.lua') eq(e.line, 9)\n"
       "local cjson = require 'cjson' eq(cjson.encode({ b = 1, a = 2 }), '{\"a\":2,\"b\":1}')\n"
       "eq(cjson.decode('[1]')[1], 1) fails(cjson.decode, 'invalid', 'nan') eq(cjson.null, tlab.json.null)\n"
       "eq(cjson.new().encode({}), '{}') eq(require('tlab.json').encode({ 1 }), '[1]')",
       1, "");
}

TEST(sandbox_guards)
{
  UNUSED;
  runs("for _, n in ipairs { 'io', 'os', 'debug', 'package', 'dofile', 'loadfile', 'collectgarbage', 'warn' }\n"
       "do eq(_G[n], nil) end eq(string.dump, nil) eq(getmetatable(''), false)\n"
       "fails(function() string.rep = 1 end, 'string is read%-only')\n"
       "fails(function() tlab.fs.read = 1 end, 'tlab.fs is read%-only') fails(rawset, 'read%-only', math, 'x', 1)\n"
       "fails(table.insert, 'read%-only', table, 1) fails(setmetatable, 'protected', tlab, {})\n"
       "fails(setmetatable, '__gc', {}, { __gc = print }) fails(setmetatable, '__mode', {}, { __mode = 'k' })\n"
       "eq(load('\\27Lua'), nil) eq(load('return 1', 'x', 'b'), nil) eq(load('return 1')(), 1)\n"
       "y = 5 eq(load('return y')(), 5) eq(load('return y', 'c', 't', {})(), nil) eq(select('#', load('x =')), 2)\n"
       "local n = 0 for k in pairs(string) do n = n + 1 end assert(n >= 15) eq(rawget(math, 'pi'), math.pi)\n"
       "eq(next(tlab) ~= nil, true) eq(('x'):rep(3), 'xxx') eq(tostring(run):match('^table: %d+$') ~= nil, true)\n"
       "eq(require, _G.require) eq(setmetatable({}, nil) ~= nil, true) eq(rawlen({ 1, 2 }), 2)",
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
  for (int64_t took; i < 3 && (took = tl_wire_get(&frame, s.asks.data + at, s.asks.len - at, NULL)) > 0;
       at += (size_t)took) {
    if (strcmp(tl_at(&frame, 0)->u.s.data, "ask") == 0)
      assert_string_equal(tl_at(tl_at(&frame, 4), 1)->u.s.data, want[i++]);
    tl_free(&frame);
  }
  assert_int_equal(i, 3);
  drop(&s);
}

TEST(errors)
{
  UNUSED;
  fails("\nerror('x')", "RUN_FAILED", "x", 3);
  fails("error({ code = 'PROVIDER', message = 'busy' })", "PROVIDER", "busy", 2);
  fails("error({ a = 1, b = { 'x' } })", "RUN_FAILED", "{ a = 1, b = { \"x\" } }", 2);
  fails("error()", "RUN_FAILED", "raised nil", 2);
  fails("error(setmetatable({}, { __tostring = function() return 'mine' end }))", "RUN_FAILED", "mine", 2);
  fails("local t = nil\nreturn t.x", "RUN_FAILED", "attempt to index a nil value (local 't')", 3);
  fails("tlab.env.get('HOME')", "NOT_PERMITTED", "env is not allowed", 2);
  fails("run:map({ 1 }, function()\nerror('inner') end)", "RUN_FAILED", "inner", 3);
  fails("error(tlab.fs.stat('x') or select(2, tlab.fs.stat('x')))", "NOT_FOUND", "cannot find it", 2);
  fails("return print", "ARGUMENT", "what run returned is not plain data", 0);
  fails("local function f() return f() + 1 end f()", "RUN_FAILED", "stack overflow", 2);
  fails("error('\\xff' .. ('y'):rep(100000))", "RUN_FAILED", "?yyy", 2);
  fails("error({ code = 'X', message = ('ä'):rep(5000), f = print, [{}] = 1 })", "X", "ä …", 2);
  fails("error({ code = 'X', message = 'm', hint = 'try' })", "X", "m", 2);
  fails("require('tlab.lib').g()", "RUN_FAILED", "from the library", 2);
}

TEST(long_file_name)
{
  UNUSED;
  session s = {.hold = 1};
  char *source = recipe_of("require 'lab.a_name_so_long_that_lua_cuts_the_chunk_name_in_its_messages'");
  play(&s, source, "20", "134217728");
  free(source);
  assert_string_equal(tl_get_str(failed(&s), "file", ""),
                      "lab.a_name_so_long_that_lua_cuts_the_chunk_name_in_its_messages.lua");
  assert_string_equal(tl_get_str(failed(&s), "message", ""), "far");
  assert_int_equal(tl_get_int(failed(&s), "line", 0), 2);
  drop(&s);
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

TEST(memory)
{
  UNUSED;
  const char *message = "ran out of memory (limit 128 MiB)";
  fails("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", "NO_MEMORY", message, 0);
  fails("big = {} while true do big[#big + 1] = { #big } end", "NO_MEMORY", message, 0);
  fails("run:map({ 1, 2 }, function() tlab.fs.read('x') return ('x'):rep(1 << 27) end)", "NO_MEMORY",
        message, 0);
  fails("local s = 'x' while true do s = s .. s end", "NO_MEMORY", message, 0);
  runs("fails(string.rep, 'not enough memory', 'x', 1 << 27) return 1", 1, "");
}

/* Each of these would never end; the CPU limit of one second ends the process. */
TEST(endless_loops)
{
  UNUSED;
  static const char *const bodies[] = {
      "while true do pcall(function() while true do end end) end",
      "coroutine.wrap(function() while true do end end)()",
      "local c <close> = setmetatable({}, { __close = function() while true do end end })",
      "string.find(('a'):rep(200), ('a*'):rep(12) .. 'b')"};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    session s = {.hold = 1};
    char *source = recipe_of(bodies[i]);
    play(&s, source, "1", "134217728");
    free(source);
    assert_true(WIFSIGNALED(s.status));
    assert_string_equal(last_word(&s), "nothing");
    drop(&s);
  }
}

TEST(same_questions_twice)
{
  UNUSED;
  char *source = recipe_of(
      "local t = {} for _, w in ipairs { 'x', 'yy', 'zzz', 'k1', 'k2', 'k3' } do t[w] = math.random() end\n"
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

/* Everything reachable from _G, one path a line, against tests/lua/golden_globals.txt. */
TEST(golden_globals)
{
  UNUSED;
  session s = {.hold = 1};
  char *source = recipe_of(
      "local lines, seen = {}, {} local function walk(path, v)\n"
      "  lines[#lines + 1] = path .. ' ' .. type(v) if type(v) ~= 'table' or seen[v] then return end\n"
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

int main(int argc, char **argv)
{
  if (strcmp(argv[0], "tlab-worker") == 0) return tl_worker_main(3, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames),          cmocka_unit_test(operations),
      cmocka_unit_test(map_keeps_order), cmocka_unit_test(map_limits_concurrency),
      cmocka_unit_test(map_raises_lowest), cmocka_unit_test(map_nests),
      cmocka_unit_test(seeds),           cmocka_unit_test(own_coroutines),
      cmocka_unit_test(nested_close),    cmocka_unit_test(closing),
      cmocka_unit_test(edge_values),
      cmocka_unit_test(modules),         cmocka_unit_test(sandbox_guards),
      cmocka_unit_test(run_object),      cmocka_unit_test(errors),
      cmocka_unit_test(long_file_name),
      cmocka_unit_test(load_errors),     cmocka_unit_test(memory),
      cmocka_unit_test(endless_loops),   cmocka_unit_test(same_questions_twice),
      cmocka_unit_test(ends_with_its_supervisor), cmocka_unit_test(golden_globals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
