--- Two runs that differ in one part, and the verdict.
local t = require 'harness'
local core = require 'core'
local compare = require 'host.diff.compare'
local make = require 'diff_make'

local ROOT = 'tmp-diff-test'
local A, B = ROOT .. '/a', ROOT .. '/b'
local array = core.json.array
local effect = make.effect

local function note(n, kind, value)
  return effect(n, 'run.note', { kind, value }, true)
end

local function names(result)
  return table.concat(result.differs, ' ')
end

--- Both ways: they name the same parts.
local function differ(how_a, how_b)
  make.run(A, how_a)
  make.run(B, how_b)
  local result = t.ok(compare.run(A, B))
  local back = t.ok(compare.run(B, A))
  t.eq(names(back), names(result), 'the other way round')
  t.eq(back.same, result.same)
  for _, dir in ipairs { A, B } do
    t.eq(t.ok(compare.run(dir, dir)).same, true, dir .. ' beside itself')
  end
  return result
end

local MODEL = { asked = 'm', answered = 'm', fingerprint = 'f1' }
local OTHER_MODEL = { asked = 'm', answered = 'm', fingerprint = 'f2' }
local COMMIT = ('c'):rep(40)

-- Each row: a part, what the one run has, what the other.
local ROWS = {
  { 'spec', { spec = { n = 1 } }, { spec = { n = 2 } } },
  { 'recipe', { recipe = 'return 1' }, { recipe = 'return 2' } },
  { 'recipe', { name = 'one' }, { name = 'two' } },
  { 'recipe', { modules = {} }, { modules = { ['a.b'] = '' } } },
  { 'recipe', { modules = { a = 'x' } }, { modules = { a = 'y' } } },
  { 'code', { git = { commit = COMMIT } }, { git = { commit = ('d'):rep(40) } } },
  { 'code', {}, { git = { commit = COMMIT } } },
  { 'code', {}, { git = { branch = 'main', dirty = false } } },
  { 'code', { git = { commit = COMMIT } }, { git = { commit = COMMIT, patch = '+x\n' } } },
  {
    'code',
    { git = { commit = COMMIT, patch = '+y\n' } },
    { git = { commit = COMMIT, patch = '+x\n' } },
  },
  { 'pins', { pins = { flake_lock = ('1'):rep(64) } }, { pins = { flake_lock = ('2'):rep(64) } } },
  { 'pins', {}, { pins = { flake_lock = ('2'):rep(64) } } },
  {
    'pins',
    { pins = { inputs = array { { name = 'n', rev = '1' } } } },
    { pins = { inputs = array { { name = 'n', rev = '2' } } } },
  },
  { 'permits', {}, { permits = { needs = { net = array { 'h:2' } } } } },
  { 'permits', { permits = {} }, { permits = { denied = { run = array { 'sh' } } } } },
  { 'permits', { permits = {} }, { permits = { needs = { secret = array { 'KEY' } } } } },
  { 'permits', {}, { limits = { seconds = 9, cpu_seconds = 300, memory = 1 } } },
  { 'tool', {}, { tool = { tlab = '0.2.0', library = ('0'):rep(64) } } },
  { 'tool', {}, { tool = { tlab = '0.1.0', library = ('1'):rep(64) } } },
  {
    'tool',
    {},
    { tool = { tlab = '0.1.0', library = ('0'):rep(64), libraries = { lua = '5.4.6' } } },
  },
  { 'tool', {}, { confined = { seccomp = false } } },
  {
    'model',
    { lines = { note(1, 'model', MODEL) } },
    { lines = { note(1, 'model', OTHER_MODEL) } },
  },
  { 'model', { seed = 1 }, { seed = 2 } },
  {
    'model',
    { lines = { note(1, 'seed', { seed = 1 }) } },
    { lines = { note(1, 'seed', { seed = 2 }) } },
  },
  {
    'model',
    { lines = { note(1, 'params', { t = 0 }) } },
    { lines = { note(1, 'params', { t = 1 }) } },
  },
  {
    'inputs',
    { lines = { effect(1, 'fs.read', { 'lab:x' }, 'one') } },
    { lines = { effect(1, 'fs.read', { 'lab:x' }, 'two') } },
  },
  {
    'status',
    { status = 'interrupted' },
    { status = 'failed', error = { code = 'RUN_FAILED', message = 'no' } },
  },
  {
    'effects',
    { lines = { effect(1, 'env.get', { 'A' }, 'x') } },
    { lines = { effect(1, 'env.get', { 'A' }, 'y') } },
  },
  { 'effects', { lines = {} }, { lines = { effect(1, 'env.get', { 'A' }, 'y') } } },
  { 'outputs', { outputs = {} }, { outputs = { ['x.txt'] = '' } } },
  { 'outputs', { outputs = { ['x.bin'] = '\0' } }, { outputs = { ['x.bin'] = '\0\0' } } },
  {
    'metrics',
    { lines = { note(1, 'metric', { name = 'm', value = 1 }) } },
    { lines = { note(1, 'metric', { name = 'm', value = 2 }) } },
  },
  {
    'tokens',
    { lines = { note(1, 'usage', { input = 1, output = 1 }) } },
    { lines = { note(1, 'usage', { input = 1, output = 2 }) } },
  },
  {
    'cost',
    { lines = { note(1, 'cost', { amount = 1, currency = 'EUR' }) } },
    { lines = { note(1, 'cost', { amount = 2, currency = 'EUR' }) } },
  },
  { 'cost', {}, { lab_prices = { m = { input_per_million = 1 } } } },
}

for i, row in ipairs(ROWS) do
  t.test(string.format('only %s differs (%d)', row[1], i), function()
    local result = differ(row[2], row[3])
    t.eq(names(result), row[1])
    t.eq(result.same, false)
    t.ok(result.verdict:find(row[1], 1, true), result.verdict)
  end)
end

t.test('what never counts', function()
  local clock = { effect(1, 'clock.now', {}, 1), effect(2, 'rand.bytes', { 2 }, 'ab') }
  local later = {
    effect(1, 'clock.now', {}, 2, { at = 99, took = 98 }),
    effect(2, 'rand.bytes', { 2 }, 'cd'),
  }
  local result = differ(
    { lines = clock },
    { lines = later, nonce = ('f'):rep(16), started_ms = 1795348981124, seconds = 100 }
  )
  t.eq(names(result), '')
  t.eq(result.same, true)
  t.eq(result.parts[10].chance, { n = 1, op = 'clock.now' })
  t.ok(result.verdict:find('^same experiment %(key %x+%), same answers$'), result.verdict)
  result = differ({ git = { commit = COMMIT, branch = 'a' } }, { git = { commit = COMMIT } })
  t.eq(result.same, true, "the branch's name")
  local tool = { tlab = '0.1.0', library = ('0'):rep(64), libraries = { libcurl = '8' } }
  t.eq(differ({}, { tool = tool }).same, true, 'a library that one run did not open')
  t.eq(
    differ(
      { permits = { needs = { net = array { 'a:1', 'b:1' } } } },
      { permits = { needs = { net = array { 'b:1', 'a:1' } } } }
    ).same,
    true,
    'the order of permits'
  )
end)

t.test('the seeds that the keys made are no difference of their own', function()
  local one = { spec = { n = 1 }, lines = { note(1, 'seed', { seed = 1 }) } }
  local two = { spec = { n = 2 }, lines = { note(1, 'seed', { seed = 2 }) } }
  t.eq(names(differ(one, two)), 'spec')
  one.seed = 5
  t.eq(names(differ(one, two)), 'spec model')
end)

t.test('the verdict', function()
  local result = differ(
    { spec = { n = 1 }, outputs = { x = '1' } },
    { spec = { n = 2 }, outputs = { x = '2' }, seed = 4, lines = {} }
  )
  t.eq(result.verdict, 'different spec and model; different answers: effects and outputs')
  t.eq(result.same_experiment, false)
  result = differ({}, { confined = {}, seed = 3 })
  t.eq(
    result.verdict,
    string.format(
      'same experiment (key %s), different tool and model; same answers',
      result.a.key:sub(1, 12)
    )
  )
  result = differ({}, { outputs = {} })
  t.eq(
    result.verdict,
    string.format('same experiment (key %s), different answers: outputs', result.a.key:sub(1, 12))
  )
  t.eq(differ({ spec = { a = 1 } }, {}).verdict, 'different spec; same answers')
end)

t.test('a run that was cut off is compared by what lies there', function()
  make.run(A, {})
  make.run(B, { running = true })
  local result = t.ok(compare.run(A, B))
  t.eq(names(result), 'status')
  t.eq(result.parts[9].changes, { { at = '/status', a = 'succeeded', b = 'running' } })
  core.fs.remove(B .. '/record/effects.jsonl')
  t.eq(names(t.ok(compare.run(A, B))), 'status effects')
  make.put(
    B .. '/record/effects.jsonl',
    make.line(effect(1, 'env.get', { 'HOME' }, '/root')) .. '{"n":2,'
  )
  t.eq(names(t.ok(compare.run(A, B))), 'status')
  make.run(B, { running = true })
  t.eq(t.ok(compare.run(B, B)).same, true)
end)

--- The trouble of a comparison in which B is damaged.
local function trouble_of(damage, how)
  make.run(A, {})
  make.run(B, how or { spec = { n = 2 }, outputs = { ['out.txt'] = 'other\n' } })
  damage()
  local result, err = compare.run(A, B)
  return result and result.trouble or err, result
end

t.test('damage is no difference: it is named', function()
  local id = make.run(B, { spec = { n = 2 }, outputs = { ['out.txt'] = 'other\n' } }).id:sub(1, 8)
  for _, row in ipairs {
    { 'spec.json', 'spec' },
    { 'out.txt', 'outputs' },
  } do
    local err, result = trouble_of(function()
      core.fs.remove(B .. '/' .. row[1])
    end)
    t.eq(err.message, 'run ' .. id .. ': ' .. row[1] .. ' is missing')
    t.eq(result.same, false)
    t.ok(result.verdict:find('not compared: ' .. row[2], 1, true), result.verdict)
    err = trouble_of(function()
      make.put(B .. '/' .. row[1], 'forged')
    end)
    t.eq(err.message, 'run ' .. id .. ': ' .. row[1] .. ' is not what the manifest says')
    t.eq(err.hint, 'tlab verify ' .. B)
  end
end)

t.test('a manifest that cannot be trusted', function()
  local manifest = make.run(B, {})
  for _, row in ipairs {
    { 'nonsense', 'this is no manifest: ' },
    { '[]\n', 'this is no manifest: ' },
    { make.line { schema = 'tlab.run/9' }, 'tlab.run/9' },
    { make.line { schema = 'tlab.run/1' }, 'this is no manifest: ' },
    { core.json.pretty(manifest), 'is not as it was written' },
  } do
    local err = trouble_of(function()
      make.put(B .. '/run.json', row[1])
    end)
    t.ok(err.message:find(row[2], 1, true), err.message)
  end
  t.eq(
    trouble_of(function()
      core.fs.remove(B .. '/run.json')
    end).code,
    'NOT_FOUND'
  )
  manifest.seed = 77
  t.ok(trouble_of(function()
    make.put(B .. '/run.json', make.line(manifest))
  end).message:find 'not as it was written')
end)

t.test('paths of a manifest that would leave the folder', function()
  local function lead_to(dir, path)
    local manifest = core.json.decode(core.fs.read(dir .. '/run.json'))
    manifest.outputs[1].path = path
    make.seal(dir, manifest)
  end
  for _, path in ipairs { '../../etc/passwd', '/etc/passwd', 'a/../../x' } do
    local err = trouble_of(function()
      lead_to(B, path)
    end)
    t.ok(err.message:find('leads out of the folder', 1, true), 'in one: ' .. err.message)
    err = trouble_of(function()
      lead_to(A, path)
      lead_to(B, path)
    end)
    t.ok(err.message:find('leads out of the folder', 1, true), 'in both: ' .. err.message)
  end
end)

core.fs.purge(ROOT)
return t.done()
