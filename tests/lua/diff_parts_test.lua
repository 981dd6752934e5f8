--- host.diff and its view, part by part: where values, texts and effects differ.
local t = require 'harness'
local core = require 'core'
local effects = require 'host.diff.effects'
local given = require 'host.diff.given'
local outputs = require 'host.diff.outputs'
local source = require 'host.diff.source'
local values = require 'host.diff.values'
local make = require 'diff_make'

local ROOT = 'tmp-diff-parts-test'
local A, B = ROOT .. '/a', ROOT .. '/b'
local array = core.json.array
local effect, blob = make.effect, make.blob
local null = core.json.null

local function open(how_a, how_b)
  make.run(A, how_a)
  make.run(B, how_b)
  return t.ok(source.open(A)), t.ok(source.open(B))
end

-- Values ------------------------------------------------------------------------------------------

t.test('changes of values, by JSON pointer', function()
  local a = { x = 1, list = array { 1, 2 }, deep = { ['a/b'] = { ['~'] = 'old' } }, gone = null }
  local b =
    { x = 1.0, list = array { 1, 3, 4 }, deep = { ['a/b'] = { ['~'] = 'new' } }, new = false }
  t.eq(values.changes(a, b), {
    { at = '/deep/a~1b/~0', a = 'old', b = 'new' },
    { at = '/gone', a = null },
    { at = '/list/1', a = 2, b = 3 },
    { at = '/list/2', b = 4 },
    { at = '/new', b = false },
  })
  t.eq(values.changes(1, nil), { { at = '', a = 1 } })
  t.eq(values.changes(array {}, {}, '/at'), { { at = '/at', a = array {}, b = {} } })
  t.eq(values.changes({ v = '1' }, { v = 1 }), { { at = '/v', a = '1', b = 1 } })
  t.eq(values.changes(a, a), {})
end)

t.test('sets: neither order nor repetition', function()
  t.eq(values.sets({ 'b', 'a', 'a' }, { 'a', 'b' }, '/x'), {})
  t.eq(
    values.sets({ 'b', 'a' }, { 'c', 'b', 'c' }, '/x'),
    { { at = '/x', a = 'a' }, { at = '/x', b = 'c' } }
  )
  t.eq(values.sets(nil, { 'c' }, '/x'), { { at = '/x', b = 'c' } })
end)

-- Texts -------------------------------------------------------------------------------------------

t.test('a prompt is compared by its lines', function()
  local a, b = open({ spec = { p = 'a\nb\n', n = 1 } }, { spec = { p = 'a\nc\n', n = 2 } })
  local part = t.ok(given.spec(a, b))
  t.eq(part.changes[1], { at = '/n', a = 1, b = 2 })
  t.eq(part.changes[2].diff, '--- a/spec.json/p\n+++ b/spec.json/p\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n')
end)

t.test('the recipe and its modules', function()
  local a, b = open(
    { recipe = 'return 1\n', modules = { ['a.b'] = 'x\n', gone = '1' } },
    { recipe = 'return 2\n', modules = { ['a.b'] = 'y\n', new = '2' } }
  )
  local part = t.ok(given.recipe(a, b))
  local seen = {}
  for i, file in ipairs(part.files) do
    seen[i] = file.path .. ' ' .. file.kind
  end
  t.eq(seen, {
    'record/recipe/a/b.lua text',
    'record/recipe/gone.lua only_a',
    'record/recipe/new.lua only_b',
    'record/recipe/recipe.lua text',
  })
  t.eq(
    part.files[4].diff,
    '--- a/record/recipe/recipe.lua\n+++ b/record/recipe/recipe.lua\n'
      .. '@@ -1 +1 @@\n-return 1\n+return 2\n'
  )
end)

t.test('what is not in the commit', function()
  local commit = ('c'):rep(40)
  local a, b = open(
    { git = { commit = commit, branch = 'one' } },
    { git = { commit = commit, branch = 'two', patch = '+x\n' } }
  )
  local part = t.ok(given.code(a, b))
  t.eq(part.changes, {})
  t.eq(part.beside, { { at = '/branch', a = 'one', b = 'two' } })
  t.eq(part.files[1].diff, '--- a/patch\n+++ b/patch\n@@ -0,0 +1 @@\n++x\n')
  core.fs.remove(B .. '/record/blobs/' .. core.hash.bytes '+x\n')
  local none, err = given.code(a, b)
  t.eq(none, nil)
  t.ok(err.message:find('record/blobs/' .. core.hash.bytes '+x\n' .. ' is missing', 1, true))
end)

t.test('outputs: text, bytes, more on one side', function()
  local a, b = open(
    { outputs = { same = 'x', t = 'a\n', bytes = '\255\n', zero = 'a', gone = '1' } },
    { outputs = { same = 'x', t = 'b\n', bytes = '\254\n', zero = '\0', ['new\nline'] = '22' } }
  )
  local part = t.ok(outputs(a, b))
  local seen = {}
  for i, file in ipairs(part.files) do
    seen[i] = file.path .. ' ' .. file.kind
  end
  t.eq(seen, { 'bytes binary', 'gone only_a', 'new\nline only_b', 't text', 'zero binary' })
  t.eq(part.files[4].added, 1)
  t.eq(part.files[4].removed, 1)
  t.eq(part.files[3].b, { sha256 = core.hash.bytes '22', size = 2 })
end)

t.test('a hostile name stands in one line of a diff', function()
  local a, b = open({ outputs = { ['x\n+++ y'] = 'a\n' } }, { outputs = { ['x\n+++ y'] = 'b\n' } })
  t.eq(t.ok(outputs(a, b)).files[1].diff, '--- a/x?+++ y\n+++ b/x?+++ y\n@@ -1 +1 @@\n-a\n+b\n')
end)

t.test('a difference of many megabytes is cut at a line', function()
  local a, b = open(
    { outputs = { t = ('a\n'):rep(1 << 20) } },
    { outputs = { t = ('b\n'):rep(1 << 20) } }
  )
  local file = t.ok(outputs(a, b)).files[1]
  t.eq(file.cut, true)
  t.eq(file.removed, 1 << 20)
  t.eq(file.added, 1 << 20)
  t.ok(#file.diff <= 1 << 20 and file.diff:sub(-1) == '\n')
end)

t.test('so many files that their differences fill memory', function()
  local one, other = {}, {}
  for i = 1, 6 do
    one['f' .. i], other['f' .. i] = ('a' .. i .. '\n'):rep(200000), ('b\n'):rep(200000)
  end
  local a, b = open({ outputs = one }, { outputs = other })
  local files, kept = t.ok(outputs(a, b)).files, 0
  for _, file in ipairs(files) do
    kept = kept + #(file.diff or '')
  end
  t.ok(kept > 3 << 20 and kept <= 4 << 20, kept)
  t.eq(files[6].diff, nil)
  t.eq(files[6].why, 'one of too many')
  t.eq(files[6].added, 200000)
end)

t.test("a day's own files may be edited", function()
  local a, b = open(
    { place = 'day', folder = '2026/11/22', outputs = { ['README.md'] = 'a\n' } },
    { place = 'day', folder = '2026/11/23', outputs = { ['README.md'] = 'b\n' } }
  )
  make.put(B .. '/README.md', 'mine\n')
  local file = t.ok(outputs(a, b)).files[1]
  t.eq(file.kind, 'binary')
  t.eq(file.why, 'edited since')
end)

-- Effects -----------------------------------------------------------------------------------------

local function part_of(lines_a, lines_b, blobs)
  local a, b = open({ lines = lines_a, blobs = blobs }, { lines = lines_b, blobs = blobs })
  return effects.part(a, b)
end

local function first(...)
  return t.ok(part_of(...)).first
end

t.test('the first request that differs, with both', function()
  local same = effect(1, 'env.get', { 'A' }, 'x')
  t.eq(
    first(
      { same, effect(2, 'fs.stat', { 'lab:a.txt' }, { type = 'file' }) },
      { same, effect(2, 'fs.stat', { 'lab:b.txt' }, { type = 'file' }) }
    ),
    {
      what = 'request',
      op = 'fs.stat',
      task = 0,
      n = { a = 2, b = 2 },
      at = '/0',
      a = '"lab:a.txt"',
      b = '"lab:b.txt"',
    }
  )
  local part = t.ok(part_of({ same }, { same, effect(2, 'env.get', { 'B' }, 'y') }))
  t.eq(part.changes, { { at = '/env.get', a = 1, b = 2 } })
  t.eq(part.first.n, { b = 2 })
  t.eq(part.first.a, nil)
  t.eq(part.first.b, 'env.get ["B"]')
  part = t.ok(part_of({ same, effect(2, 'env.get', { 'B' }, 'y') }, { same }))
  t.eq(part.first.a, 'env.get ["B"]')
  t.eq(part.first.b, nil)
  local other = first(
    { effect(1, 'fs.list', { 'x' }, array {}) },
    { effect(1, 'fs.stat', { 'x' }, {}) }
  )
  t.eq(other.a, 'fs.list ["x"]')
  t.eq(other.b, 'fs.stat ["x"]')
end)

t.test('the first answer that differs, with both', function()
  local one = first(
    { effect(1, 'env.get', { 'A' }, 'x') },
    { effect(1, 'env.get', { 'A' }, nil, { error = { code = 'NOT_FOUND', message = 'no' } }) }
  )
  t.eq(one.what, 'answer')
  t.eq(one.a .. '|' .. one.b, '"x"|failed with {"code":"NOT_FOUND","message":"no"}')
  one = first(
    { effect(1, 'x.y', {}, { v = array { 1, 2 } }) },
    { effect(1, 'x.y', {}, { v = array { 1, 3 } }) }
  )
  t.eq(one.at .. ' ' .. one.a .. ' ' .. one.b, '/result/v/1 2 3')
end)

t.test('the clock is chance: told, and no difference', function()
  local part = t.ok(
    part_of(
      { effect(1, 'clock.now', {}, 1), effect(2, 'clock.now', {}, 1) },
      { effect(1, 'clock.now', {}, 1), effect(2, 'clock.now', {}, 2) }
    )
  )
  t.eq(part, { changes = {}, chance = { n = 2, op = 'clock.now' } })
end)

t.test('tasks that interleave otherwise are the same', function()
  local function of(n, task)
    return effect(n, 'env.get', { 'T' .. task }, 'x', { task = task })
  end
  t.eq(first({ of(1, 1), of(2, 2), of(3, 1) }, { of(1, 2), of(2, 1), of(3, 1) }), nil)
  t.eq(first({ of(2, 2), of(1, 1) }, { of(1, 1), of(2, 2) }), nil, 'answered in another order')
  local one = first({ of(1, 1), of(2, 2) }, { of(1, 2), of(2, 3) })
  t.eq(one.n, { a = 1 }, 'a task that the other has not')
end)

local function http(n, body, more)
  local result = { status = 200, ms = n * 7, address = '127.0.0.1:' .. n, body = body }
  result.headers = array { array { 'date', 'now ' .. n }, array { 'x-ratelimit-left', '' .. n } }
  return effect(1, 'http.send', { { url = 'http://x' } }, result, more)
end

t.test('what of an answer from the network is time or place', function()
  t.eq(first({ http(1, 'b') }, { http(2, 'b') }), nil)
  t.eq(first({ http(1, 'b') }, { http(2, 'c') }).at, '/result/body')
  local function completion(id, text)
    return string.format(
      '{"id":"%s","created":%d,"object":"chat.completion","timings":{"ms":%d},"text":"%s"}',
      id,
      #id,
      #id,
      text
    )
  end
  t.eq(first({ http(1, completion('a', 'x')) }, { http(2, completion('bb', 'x')) }), nil)
  t.ok(first({ http(1, completion('a', 'x')) }, { http(2, completion('bb', 'y')) }))
  t.ok(first({ http(1, '{"id":"a"}') }, { http(2, '{"id":"b"}') }), 'other JSON has its ids')
end)

t.test('bytes beside the record are compared, and must be there', function()
  local x, y = ('x'):rep(5000) .. 'A', ('x'):rep(5000) .. 'B'
  local one = first({ http(1, blob(x)) }, { http(2, blob(y)) }, { x, y })
  t.eq(one.at, '/result/body')
  t.ok(one.a:find('A"', 1, true) and one.b:find('B"', 1, true), one.a)
  local none, err = part_of({ http(1, blob(x)) }, { http(2, blob(y)) }, { x })
  t.eq(none, nil)
  t.ok(
    err.message:find('record/blobs/' .. core.hash.bytes(y) .. ' is missing', 1, true),
    err.message
  )
  none, err = part_of({ http(1, blob(x)) }, { http(2, { ['$blob'] = '../x', size = 1 }) }, { x })
  t.eq(none, nil)
  t.ok(err.message:find('no SHA-256', 1, true), err.message)
  one = first({ http(1, blob '\255') }, { http(2, blob '\254') }, { '\255', '\254' })
  t.eq(one.a, '1 bytes that are not UTF-8')
end)

--- A stream in pieces; `open` is what its number is.
local function stream(pieces, handle)
  local lines =
    { effect(1, 'http.open', { { url = 'http://x' } }, { status = 200, handle = handle }) }
  for i, piece in ipairs(pieces) do
    lines[i + 1] = effect(i + 1, 'http.next', { handle }, piece)
  end
  lines[#lines + 1] = effect(#lines + 1, 'http.close', { handle }, true)
  return lines
end

t.test('where a stream is cut into pieces is chance', function()
  local long = ('l'):rep(5000)
  t.eq(first(stream({ 'ab', 'c' }, 1), stream({ 'a', 'bc' }, 2)), nil)
  t.eq(first(stream({ long .. 'c' }, 1), stream({ blob(long), 'c' }, 2), { long }), nil)
  local one = first(stream({ 'ab', 'c' }, 1), stream({ 'a', 'bd' }, 1))
  t.eq(
    { one.op, one.what, one.at, one.a, one.b },
    { 'http.open', 'answer', '/stream', '"abc"', '"abd"' }
  )
end)

t.test('what another part tells is no effect that differs', function()
  t.eq(
    first({
      effect(1, 'fs.write', { 'x', { ['$sha256'] = 'a', size = 1 } }, { sha256 = 'a', size = 1 }),
    }, {
      effect(1, 'fs.write', { 'x', { ['$sha256'] = 'b', size = 2 } }, { sha256 = 'b', size = 2 }),
    }),
    nil
  )
  t.eq(
    first({ effect(1, 'fs.read', { 'lab:x' }, 'a') }, { effect(1, 'fs.read', { 'lab:x' }, 'b') }),
    nil
  )
  t.ok(first({ effect(1, 'fs.read', { 'x' }, 'a') }, { effect(1, 'fs.read', { 'x' }, 'b') }))
  local function note(kind, value)
    return { effect(1, 'run.note', { kind, { v = value } }, true) }
  end
  t.eq(first(note('usage', 1), note('usage', 2)), nil)
  t.ok(first(note('tag', 1), note('tag', 2)))
end)

t.test('a record that is none', function()
  for _, text in ipairs { '[]\n', '{"n":1}\n', '{"n":1,"took":1}\n', '{"n":"1"}\n', 'x\n' } do
    local a, b = open({}, { running = true })
    make.put(B .. '/record/effects.jsonl', text)
    b.m.effects = nil
    local part, err = effects.part(a, b)
    t.eq(part, nil, text)
    t.ok(err.message:find('record/effects.jsonl line 1: ', 1, true), err.message)
  end
end)

core.fs.purge(ROOT)
return t.done()
