--- What `tlab diff` prints.
local t = require 'harness'
local core = require 'core'
local compare = require 'host.diff.compare'
local style = require 'host.view.style'
local view = require 'host.view.diff'
local make = require 'diff_make'

local ROOT = 'tmp-diff-view-test'
local A, B = ROOT .. '/a', ROOT .. "/it's b"

local function result_of(how_a, how_b)
  make.run(A, how_a)
  make.run(B, how_b)
  return t.ok(compare.run(A, B))
end

--- The page behind the verdict and the two runs.
local function page(how_a, how_b, options)
  local text = view.text(result_of(how_a, how_b), options)
  return text:match('^[^\n]*\n[^\n]*\n[^\n]*\n(.*)$')
end

t.test('the runs, and nothing more where nothing differs', function()
  local result = result_of({}, {})
  result.b.replay_of = ('7'):rep(64)
  local id = result.a.id:sub(1, 8)
  t.eq(
    view.text(result),
    string.format(
      'same experiment (key %s), same answers\n'
        .. '  a  demo  %s  succeeded  2026-11-22T12:03:01.123Z  1.0 s\n'
        .. '  b  demo  %s  succeeded  2026-11-22T12:03:01.123Z  1.0 s  replay of 77777777\n',
      result.a.key:sub(1, 12),
      id,
      id
    )
  )
end)

t.test('changes', function()
  t.eq(
    page(
      { spec = { a = 1, b = 'x', gone = core.json.null } },
      { spec = { a = 2, b = 'y', new = {} } }
    ),
    '\nspec\n  /a     1 → 2\n  /b     "x" → "y"\n  /gone  - null\n  /new   + {}\n'
  )
  local long = ('x'):rep(300)
  local text = page({ spec = { p = long .. 'A' } }, { spec = { p = long .. 'B' } })
  t.eq(text, string.format('\nspec\n  /p  …%sA" → …%sB"\n', ('x'):rep(60), ('x'):rep(60)))
  local a, b = {}, {}
  for i = 1, 50 do
    a['k' .. i], b['k' .. i] = i, -i
  end
  text = page({ spec = a }, { spec = b })
  t.ok(text:find('  and 10 more: --json has all\n', 1, true), text)
end)

t.test('files that are only in one, and bytes', function()
  t.eq(
    page({ outputs = { a = '1', z = '\0' } }, { outputs = { b = '', z = '\1\0' } }),
    string.format(
      '\noutputs\n  a: only in a, 1 B %s\n  b: only in b, 0 B %s\n  z: 1 B %s → 2 B %s\n',
      core.hash.bytes('1'):sub(1, 12),
      core.hash.bytes(''):sub(1, 12),
      core.hash.bytes('\0'):sub(1, 12),
      core.hash.bytes('\1\0'):sub(1, 12)
    )
  )
end)

t.test('a long difference ends with the line to copy', function()
  local text = page(
    { outputs = { t = ('a\n'):rep(500), u = 'x\n' } },
    { outputs = { t = ('b\n'):rep(500), u = 'y\n' } }
  )
  t.ok(text:find('  t goes on, +500 -500 in all\n', 1, true), text)
  t.ok(
    text:find("  diff -u tmp-diff-view-test/a/t 'tmp-diff-view-test/it'\\''s b/t'\n", 1, true),
    text
  )
  t.ok(text:find('  u goes on, +1 -1 in all\n', 1, true), text)
  t.ok(not text:find('\n-x', 1, true), 'the part has no room left')
  local line = ('l'):rep(5000)
  text = page({ outputs = { t = line } }, { outputs = { t = line .. 'x' } })
  t.ok(#text < 1200 and text:find('lll …\n', 1, true), 'a long line is cut')
end)

t.test('the first effect that differs', function()
  local text = page(
    { lines = { make.effect(1, 'fs.stat', { 'a' }, 1), make.effect(2, 'fs.stat', { 'b' }, 1) } },
    { lines = { make.effect(1, 'fs.stat', { 'a' }, 1), make.effect(2, 'fs.stat', { 'b' }, 2) } }
  )
  t.eq(
    text,
    '\neffects\n  the first that differs: effect 2, fs.stat, its answer at /result\n'
      .. '    a: 1\n    b: 2\n'
  )
end)

t.test('chance is told where nothing else explains the files', function()
  local a = { lines = { make.effect(1, 'clock.now', {}, 1) }, outputs = { x = '1' } }
  local b = { lines = { make.effect(1, 'clock.now', {}, 2) }, outputs = { x = '2' } }
  t.ok(page(a, b):find 'the first to answer by chance was effect 1, clock.now\n$')
  b.outputs = a.outputs
  t.eq(page(a, b), '')
end)

t.test('one line a part', function()
  local text = page(
    { spec = { n = 1 }, outputs = { x = 'a\n', y = '1' } },
    { spec = { n = 2 }, outputs = { x = 'b\nc\n' }, seconds = 3 },
    { stat = true }
  )
  t.ok(text:find('  spec     /n 1 → 2\n', 1, true), text)
  t.ok(text:find('  recipe   same\n', 1, true), text)
  t.ok(text:find('  outputs  2 files, +2 -1\n', 1, true), text)
  t.ok(text:find('  time     1.0 s → 3.0 s (never counts)\n', 1, true), text)
end)

t.test('what could not be compared', function()
  make.run(A, { outputs = { x = '1' } })
  make.run(B, { outputs = { x = '2' } })
  core.fs.remove(B .. '/x')
  local result = t.ok(compare.run(A, B))
  t.ok(view.text(result, { stat = true }):find('outputs  not compared: run %x+: x is missing\n'))
  t.ok(view.text(result):find('not compared: outputs\n', 1, true))
end)

t.test('no colour but ours gets through', function()
  local evil = 'x\27[2J\27[31m\n'
  local coloured = { style = style.new('stdout', { '--color=always' }) }
  local text = page({ outputs = { x = evil } }, { outputs = { x = 'y\n' } }, coloured)
  t.ok(text:find('\27[31m-x\\x1b[2J\\x1b[31m\27[0m\n', 1, true), text)
  t.ok(text:find('\27[32m+y\27[0m\n', 1, true), text)
  t.ok(not text:find('\27[2J', 1, true))
  t.ok(not page({ outputs = { x = 'x' } }, { outputs = { x = 'y' } }):find('\27', 1, true))
end)

core.fs.purge(ROOT)
return t.done()
