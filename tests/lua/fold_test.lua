local t = require 'harness'
local core = require 'core'
local fold = require 'host.manifest.fold'

local function lines(list)
  local text = {}
  for i, line in ipairs(list) do
    text[i] = (type(line) == 'string' and line or core.json.encode(line)) .. '\n'
  end
  return table.concat(text)
end

local function effect(n, op, args, result)
  return {
    n = n,
    op = op,
    args = core.json.array(args),
    at = n,
    took = 0,
    task = 0,
    result = result,
  }
end

local function note(n, kind, value)
  return effect(n, 'run.note', { kind, value }, true)
end

t.test('an empty record', function()
  local s = fold.text ''
  t.eq(s.effects, { count = 0, failed = 0, refused = 0, by_op = {} })
  t.eq(s.torn, nil)
end)

t.test('counts by operation, failures and refusals apart', function()
  local failed = effect(2, 'fs.read', { 'lab:x' })
  failed.error = { code = 'NOT_FOUND', message = 'x' }
  local refused = effect(3, 'http.send', { { url = 'http://x' } })
  refused.error, refused.raise = { code = 'NOT_PERMITTED', message = 'x' }, true
  local s = fold.text(lines { effect(1, 'clock.now', {}, 5), failed, refused })
  t.eq(s.effects, {
    count = 3,
    failed = 1,
    refused = 1,
    by_op = { ['clock.now'] = 1, ['fs.read'] = 1, ['http.send'] = 1 },
  })
end)

t.test(
  'an outward effect is asked on one line and answered on another, others in between',
  function()
    local text = lines {
      { n = 1, op = 'http.send', args = core.json.array { { url = 'a' } }, at = 0, task = 1 },
      { n = 2, op = 'http.send', args = core.json.array { { url = 'b' } }, at = 0, task = 2 },
      { n = 2, result = { status = 200 }, took = 3 },
      { n = 1, error = { code = 'NETWORK', message = 'cut' }, took = 4 },
    }
    local s = fold.text(text)
    t.eq(s.effects, { count = 2, failed = 1, refused = 0, by_op = { ['http.send'] = 2 } })
    t.eq(s.open, {})
  end
)

t.test('what was started and never answered is open', function()
  local s = fold.text(lines {
    { n = 4, op = 'http.send', args = core.json.array { {} }, at = 0, task = 0 },
  })
  t.eq(s.open, { 4 })
end)

t.test('notes become models, tokens, cost, metrics, tags, params, seeds', function()
  local s = fold.text(lines {
    note(1, 'model', { asked = 'm', answered = 'm-1' }),
    note(2, 'model', { answered = 'm-1', asked = 'm' }),
    note(3, 'usage', { input = 3, output = 4 }),
    note(4, 'usage', { input = 5, output = 6, cached = 1 }),
    note(5, 'seed', { seed = 7 }),
    note(6, 'seed', { seed = 8 }),
    note(7, 'seed', { seed = 7 }),
    note(8, 'cost', { amount = 0.1, currency = 'USD' }),
    note(9, 'cost', { amount = 0.2, currency = 'USD' }),
    note(10, 'metric', { name = 'score', value = 0.5 }),
    note(11, 'tag', { tag = 'x' }),
    note(12, 'tag', { tag = 'x' }),
    note(13, 'params', { temperature = 0 }),
    note(14, 'params', { top_p = 1 }),
    note(15, 'own', { anything = 1 }),
  })
  t.eq(s.models, { { asked = 'm', answered = 'm-1' } })
  t.eq(s.tokens, { input = 8, output = 10, cached = 1 })
  t.eq(s.seeds, { 7, 8 })
  t.eq(s.cost, { amount = 0.3, currency = 'USD' })
  t.eq(s.metrics, { score = 0.5 })
  t.eq(s.tags, { 'x' })
  t.eq(s.params, { temperature = 0, top_p = 1 })
end)

t.test('two currencies are two sums and no cost', function()
  local s = fold.text(lines {
    note(1, 'cost', { amount = 1, currency = 'USD' }),
    note(2, 'cost', { amount = 2, currency = 'EUR' }),
  })
  t.eq(s.cost, nil)
  t.eq(s.metrics, { cost_EUR = 2.0, cost_USD = 1.0 })
end)

t.test('numbers and keys that JSON cannot bring back as they were', function()
  local s = fold.text(lines {
    note(1, 'cost', { amount = { ['$num'] = '2' }, currency = 'USD' }),
    note(2, 'metric', { name = 'nan', value = { ['$num'] = 'nan' } }),
    note(3, 'metric', { name = 'big', value = { ['$int'] = '9223372036854775807' } }),
    note(4, 'metric', { name = 'map', value = { ['$$x'] = { 1, { ['$num'] = '3' } } } }),
  })
  t.eq(s.cost, { amount = 2.0, currency = 'USD' })
  t.eq(s.metrics, { nan = 'nan', big = '9223372036854775807', map = { ['$x'] = { 1, 3.0 } } })
end)

t.test('notes of another form stay in the record', function()
  local s = fold.text(lines {
    note(1, 'seed', { seed = 'x' }),
    note(2, 'usage', { input = -1, output = 1.5 }),
    note(3, 'cost', { amount = -1, currency = 'USD' }),
    note(4, 'model', { asked = 7 }),
    note(5, 'metric', { value = 1 }),
    note(6, 'tag', {}),
  })
  t.eq(
    { s.seeds, s.tokens, s.cost, s.models, s.metrics, s.tags },
    { {}, { input = 0, output = 0 }, nil, [4] = {}, [5] = {}, [6] = {} }
  )
end)

t.test('inputs are what came from outside the run, once, sorted', function()
  local blob = ('b'):rep(64)
  local s = fold.text(lines {
    effect(1, 'fs.read', { 'lab:z.txt' }, 'abc'),
    effect(2, 'fs.read', { 'lab:z.txt' }, 'abc'),
    effect(3, 'fs.read', { 'own.txt' }, 'x'),
    effect(4, 'hash.file', { '/data/big' }, { sha256 = ('c'):rep(64), size = 9 }),
    effect(5, 'fs.copy', { 'lab:a.bin', 'a.bin' }, { sha256 = ('d'):rep(64), size = 4 }),
    effect(6, 'fs.read', { 'lab:big' }, { ['$blob'] = blob, size = 5000 }),
  })
  t.eq(s.inputs, {
    { path = '/data/big', sha256 = ('c'):rep(64), size = 9 },
    { path = 'lab:a.bin', sha256 = ('d'):rep(64), size = 4 },
    { path = 'lab:big', sha256 = blob, size = 5000 },
    { path = 'lab:z.txt', sha256 = core.hash.bytes 'abc', size = 3 },
  })
  t.eq(s.blobs, { [blob] = 5000, [('d'):rep(64)] = 4 }) -- read, and copied into the run
end)

t.test('programs by name, hash and what held them', function()
  local sha256 = ('a'):rep(64)
  local held = { network = 'none', files = 'scratch', syscalls = true, how = { 'seccomp' } }
  local open = { network = 'open', files = 'open', syscalls = false, how = {} }
  local function ran(n, name, confined, more)
    local result = { program = { path = '/bin/' .. name, sha256 = sha256 }, confined = confined }
    for key, value in pairs(more) do
      result[key] = value
    end
    return effect(n, 'proc.run', { { argv = { name, 'x' } } }, result)
  end
  local s = fold.text(lines {
    ran(1, 'b', held, { exit = 3 }),
    ran(2, 'a', held, { signal = 9 }),
    ran(3, 'b', held, { exit = 0 }),
    ran(4, 'b', open, { exit = 0 }),
    ran(5, 'b', held, { exit = 3 }),
    ran(6, 'old', { no_new_privs = true }, { exit = 0 }), -- told so before the words there are now
    ran(7, 'old', nil, { exit = 0 }),
  })
  t.eq(s.programs, {
    { name = 'a', sha256 = sha256, runs = 1, signals = { 9 }, confined = held },
    { name = 'b', sha256 = sha256, runs = 1, exits = { 0 }, confined = open },
    { name = 'b', sha256 = sha256, runs = 3, exits = { 0, 3 }, confined = held },
  })
end)

t.test('blobs are found however deep; a recipe\'s own "$blob" key is not one', function()
  local deep, own = ('e'):rep(64), ('f'):rep(64)
  local s = fold.text(lines {
    effect(
      1,
      'http.send',
      { { body = { ['$blob'] = deep, size = 1 }, x = { ['$$blob'] = own } } },
      1
    ),
  })
  t.eq(s.blobs, { [deep] = 1 })
end)

t.test('what a file of the run was last', function()
  local s = fold.text(lines {
    effect(1, 'fs.write', { 'a', { ['$sha256'] = 'x', size = 1 } }, true),
    effect(2, 'fs.write', { 'b', { ['$sha256'] = 'x', size = 1 } }, true),
    effect(3, 'fs.write', { 'b', { ['$sha256'] = 'y', size = 1 } }, true),
    effect(4, 'fs.copy', { 'lab:z', 'c' }, { sha256 = 'z', size = 1 }),
    effect(5, 'fs.remove', { 'a' }, true),
  })
  t.eq(s.written, { b = 'y', c = 'z' })
end)

t.test('values of any kind in any place are no crash', function()
  for _, odd in ipairs {
    1,
    'x',
    true,
    core.json.null,
    core.json.array {},
    { ['$blob'] = 1 },
    { ['$num'] = {} },
  } do
    for _, op in ipairs {
      'fs.read',
      'fs.write',
      'fs.copy',
      'fs.remove',
      'hash.file',
      'run.note',
      'x',
    } do
      t.ok(
        fold.text(lines {
          effect(1, op, { odd, odd }, odd),
          effect(2, op, { 'lab:x', odd }, odd),
          effect(3, op, { 'usage', { input = odd } }, odd),
          effect(4, op, { 'metric', odd }, odd),
          effect(5, op, { 'cost', { amount = odd, currency = odd } }, odd),
          { n = 6, op = op, args = odd ~= 1 and core.json.array {} or {}, took = 0, error = odd },
        }),
        op
      )
    end
  end
end)

t.test('a torn last line is no effect and is told', function()
  local s = fold.text(lines { effect(1, 'clock.now', {}, 5) } .. '{"n":2,"op":"cl')
  t.eq(s.effects.count, 1)
  t.eq(s.torn, true)
end)

t.test('what is no record is refused with its line', function()
  local one = core.json.encode(effect(1, 'clock.now', {}, 5))
  for _, row in ipairs {
    { { one, one }, 'line 2: effect 1 is there twice' },
    { { one, 'x' }, 'line 2: line 1' },
    { { '[1]' }, 'line 1: not an effect' },
    { { '{"n":1,"result":1,"took":0}' }, 'line 1: an answer to effect 1' },
    { { one, '{"n":1,"result":1,"took":0}' }, 'line 2: an answer to effect 1' },
    { { '{"n":1,"op":"x"}' }, 'line 1: an operation and its list' },
    { { '{"n":1.5,"op":"x","args":[]}' }, 'line 1: not an effect' },
  } do
    local s, err = fold.text(lines(row[1]))
    t.eq(s, nil)
    t.eq(err.code, 'INVALID')
    t.ok(err.message:find(row[2], 1, true), err.message .. ' has ' .. row[2])
  end
end)

t.test('lines of run:log are counted; their text stays in the record', function()
  local s = fold.text(lines { note(1, 'log', { text = 'a' }), note(2, 'log', { text = 'b' }) })
  t.eq(s.log, 2)
  t.eq(fold.text(lines { note(1, 'loud', {}) }).log, nil)
end)

return t.done()
