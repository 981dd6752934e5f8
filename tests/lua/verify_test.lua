local t = require 'harness'
local core = require 'core'
local build = require 'host.manifest.build'
local fold = require 'host.manifest.fold'
local ids = require 'host.manifest.ids'
local outputs = require 'host.manifest.outputs'
local verify = require 'host.manifest.verify'

local ROOT = 'tmp-verify-test'
local BODY = ('b'):rep(5000)

local function sha(text)
  return core.hash.bytes(text)
end

local function put(path, text)
  local folder = path:match('^(.*)/')
  core.fs.parents(folder and ROOT .. '/' .. folder or ROOT)
  core.fs.replace(ROOT .. '/' .. path, text)
end

local function line(value)
  return core.json.encode(value) .. '\n'
end

--- Its record: a request with a large body, and a note.
local function record_text()
  return line {
    n = 1,
    op = 'http.send',
    at = 0,
    task = 0,
    args = core.json.array { { url = 'http://x' } },
  } .. line {
    n = 1,
    took = 3,
    result = { status = 200, body = { ['$blob'] = sha(BODY), size = #BODY } },
  } .. line {
    n = 2,
    op = 'run.note',
    at = 3,
    task = 0,
    took = 0,
    result = true,
    args = core.json.array { 'usage', { input = 3, output = 4 } },
  }
end

--- A whole run, made by hand, with all kinds of files that one can have.
local function make_run()
  core.fs.purge(ROOT)
  local spec, recipe, module = '{"x":1}', 'return {}', 'return 1'
  put('spec.json', spec .. '\n')
  put('out.txt', 'artifact')
  put('deep/er/out.txt', 'artifact')
  put('record/recipe/recipe.lua', recipe)
  put('record/recipe/tlab/text.lua', module)
  put('record/blobs/' .. sha(BODY), BODY)
  put('record/effects.jsonl', record_text())
  local parts = ids.key_parts { spec = sha(spec), recipe = sha(recipe) }
  local started = '2026-11-22T12:03:01.123Z'
  local key = ids.key(parts)
  local id = ids.id(key, '0123456789abcdef', started)
  local manifest = build.running {
    id = id,
    key = key,
    nonce = '0123456789abcdef',
    name = '120301Z-demo-' .. id:sub(1, 8),
    folder = '2026/11/22/ai-team/artifacts/120301Z-demo-' .. id:sub(1, 8),
    seed = 1,
    started_ms = 1795348981123,
    key_parts = parts,
    spec = { sha256 = sha(spec), from = core.json.array {} },
    recipe = {
      name = 'demo',
      file = 'recipes/demo.lua',
      sha256 = sha(recipe),
      origin = 'lab',
      modules = { { name = 'tlab.text', origin = 'embedded', sha256 = sha(module) } },
    },
    tool = { tlab = '0.1.0', library = ('0'):rep(64) },
    limits = {},
    permits = {},
    confined = {},
  }
  t.eq(manifest.time.started, started)
  put('run.json', line(manifest))
  local done = build.finish(
    manifest,
    assert(fold.read(ROOT)),
    { status = 'succeeded', ended_ms = 1795348982123, seconds = 1 },
    assert(outputs.list(ROOT))
  )
  put('run.json', line(done))
  return manifest, done
end

--- What verify finds, as short words: "path what field".
local function findings()
  local result, err = verify.run(ROOT)
  if not result then
    return err.code
  end
  local list = {}
  for i, f in ipairs(result.findings) do
    list[i] = f.path .. ' ' .. f.what .. (f.field and ' ' .. f.field or '')
  end
  return list, result
end

local function rewrite(change)
  local manifest = core.json.decode(core.fs.read(ROOT .. '/run.json'))
  change(manifest)
  manifest.digest = build.digest(manifest)
  put('run.json', line(manifest))
end

t.test('a run as it was made has no findings', function()
  make_run()
  local list, result = findings()
  t.eq(list, {})
  t.eq({ result.files, result.effects, result.status }, { 8, 2, 'succeeded' })
end)

t.test('each file changed or missing is named, and no other', function()
  local blob = 'record/blobs/' .. sha(BODY)
  for _, path in ipairs {
    'spec.json',
    'out.txt',
    'deep/er/out.txt',
    blob,
    'record/recipe/recipe.lua',
    'record/recipe/tlab/text.lua',
  } do
    make_run()
    put(path, core.fs.read(ROOT .. '/' .. path):sub(1, -2) .. 'X')
    t.eq(findings(), { path .. ' changed' })
    core.fs.remove(ROOT .. '/' .. path)
    t.eq(findings(), { path .. ' missing' })
  end
  make_run()
  core.fs.remove(ROOT .. '/record/effects.jsonl')
  t.eq(findings(), { 'record/effects.jsonl missing' })
  local blob_path = 'record/blobs/' .. sha(BODY)
  put(blob_path, 'X')
  t.eq(findings(), { blob_path .. ' changed', 'record/effects.jsonl missing' })
end)

t.test('files that nothing accounts for', function()
  make_run()
  put('extra.txt', '')
  put('record/blobs/' .. sha 'zz', 'zz')
  put('record/blobs/x', '')
  put('record/recipe/evil.lua', '')
  put('record/other', '')
  t.eq(findings(), {
    'extra.txt extra',
    'record/blobs/' .. sha 'zz' .. ' extra',
    'record/blobs/x extra',
    'record/other extra',
    'record/recipe/evil.lua extra',
  })
end)

t.test('a link is not followed and is named', function()
  make_run()
  core.fs.remove(ROOT .. '/out.txt')
  core.fs.symlink('deep/er/out.txt', ROOT .. '/out.txt')
  t.eq(findings(), { 'out.txt invalid', 'out.txt missing' })
end)

t.test('the record against the manifest', function()
  make_run()
  local path = ROOT .. '/record/effects.jsonl'
  local text = core.fs.read(path)
  put('record/effects.jsonl', (text:gsub('"input":3', '"input":9')))
  t.eq(findings(), { 'record/effects.jsonl changed' })
  rewrite(function(m)
    local changed = core.fs.read(path)
    m.effects.record = { sha256 = sha(changed), size = #changed }
  end)
  t.eq(findings(), { 'run.json changed tokens' })
end)

t.test('derived fields are worked out anew', function()
  for field, change in pairs {
    effects = function(m)
      m.effects.count = 3
    end,
    tokens = function(m)
      m.tokens = nil
    end,
    metrics = function(m)
      m.metrics = { x = 1 }
    end,
    models = function(m)
      m.models = { { asked = 'x' } }
    end,
    inputs = function(m)
      m.inputs = { { path = 'lab:x', sha256 = sha '', size = 0 } }
    end,
    ['key_parts.spec'] = function(m)
      m.key_parts.spec = sha 'q'
      m.key = ids.key(m.key_parts)
      m.id = ids.id(m.key, m.nonce, m.time.started)
      m.name = 'x'
    end,
    key = function(m)
      m.key = sha 'q'
      m.id = ids.id(m.key, m.nonce, m.time.started)
      m.name = 'x'
    end,
    id = function(m)
      m.id = sha 'q'
      m.name = 'x'
    end,
    name = function(m)
      m.name = '120301Z-demo-00000000'
    end,
    ['size of out.txt'] = function(m)
      m.outputs[2].size = 9
    end,
    ['spec.sha256'] = function(m)
      m.spec.sha256 = sha 'q'
      m.key_parts.spec = sha 'q'
      m.key = ids.key(m.key_parts)
      m.id = ids.id(m.key, m.nonce, m.time.started)
      m.name = 'x'
    end,
  } do
    make_run()
    rewrite(change)
    t.eq(findings(), { 'run.json changed ' .. field }, field)
  end
end)

t.test('lines that are no effects', function()
  make_run()
  local text = core.fs.read(ROOT .. '/record/effects.jsonl')
  put('record/effects.jsonl', text .. 'x\n')
  t.eq(findings(), { 'record/effects.jsonl invalid' })
  put('record/effects.jsonl', (text:gsub('"task":0', '"task":-1', 1)))
  t.eq(findings(), { 'record/effects.jsonl changed', 'record/effects.jsonl invalid line 1' })
  put('record/effects.jsonl', (text:gsub('"n":1,', '"n": 1,', 1)))
  t.eq(findings(), { 'record/effects.jsonl changed', 'record/effects.jsonl invalid line 1' })
end)

t.test('a digest is checked before it is part of a path', function()
  make_run()
  local text = core.fs.read(ROOT .. '/record/effects.jsonl')
  put('record/effects.jsonl', (text:gsub(sha(BODY), '../../../../../../etc/passwd')))
  rewrite(function(m)
    local changed = core.fs.read(ROOT .. '/record/effects.jsonl')
    m.effects.record = { sha256 = sha(changed), size = #changed }
  end)
  local list, result = findings()
  for _, each in ipairs(list) do
    t.ok(not each:find('^record/blobs/%.%.'), each)
  end
  t.ok(table.concat(list, '\n'):find('record/effects.jsonl invalid', 1, true))
  t.ok(#result.findings >= 2)
end)

t.test('paths of a manifest that would leave the folder', function()
  for _, path in ipairs {
    '../x',
    '/etc/passwd',
    'a//b',
    './out.txt',
    'run.json',
    'record/effects.jsonl',
  } do
    make_run()
    rewrite(function(m)
      m.outputs[2].path = path
    end)
    t.eq(findings(), { 'out.txt extra', 'run.json invalid outputs' }, path)
  end
  make_run()
  rewrite(function(m)
    m.recipe.modules[1].name = '..x../../y'
  end)
  t.eq(findings(), { 'record/recipe/tlab/text.lua extra', 'run.json invalid recipe.modules' })
end)

t.test('a manifest that is none', function()
  make_run()
  put('run.json', '{"a":1')
  t.eq(findings(), { 'run.json invalid' })
  put('run.json', '{"a":1}\n')
  t.ok(#findings() > 3)
  core.fs.remove(ROOT .. '/run.json')
  t.eq(findings(), 'NOT_FOUND')
  make_run()
  put('run.json', core.fs.read(ROOT .. '/run.json'):gsub('":', '": ', 1))
  t.eq(findings(), { 'run.json invalid' })
end)

t.test('a run that never ended is said to be so', function()
  local running = make_run()
  put('run.json', line(running))
  t.eq(findings(), { 'run.json invalid status' })
end)

t.test('an effect without its answer', function()
  make_run()
  local text = core.fs.read(ROOT .. '/record/effects.jsonl')
  put('record/effects.jsonl', text .. line {
    n = 3,
    op = 'http.send',
    at = 0,
    task = 0,
    args = core.json.array { {} },
  })
  t.eq(findings(), { 'record/effects.jsonl changed', 'record/effects.jsonl invalid' })
end)

t.test('any byte of any file flipped is found, and the file is named', function()
  make_run()
  local whole = verify.run(ROOT)
  t.eq(#whole.findings, 0)
  for _, entry in ipairs(core.fs.tree(ROOT)) do
    local text = entry.type == 'file'
      and entry.path ~= 'run.json'
      and core.fs.read(ROOT .. '/' .. entry.path)
    for at = 1, text and #text or 0, math.max(1, #(text or '') // 7) do
      local byte = string.char(text:byte(at) ~ 1)
      put(entry.path, text:sub(1, at - 1) .. byte .. text:sub(at + 1))
      local result = verify.run(ROOT)
      t.ok(#result.findings > 0, entry.path .. ' byte ' .. at)
      for _, finding in ipairs(result.findings) do
        t.eq(finding.path, entry.path, 'byte ' .. at)
      end
    end
    if text then
      put(entry.path, text)
    end
  end
end)

t.test('a change that nothing else can see is one of the digest', function()
  make_run()
  local manifest = core.json.decode(core.fs.read(ROOT .. '/run.json'))
  manifest.tool.tlab = '0.1.1'
  put('run.json', line(manifest))
  t.eq(findings(), { 'run.json changed digest' })
end)

t.test("a hash of the manifest that the record contradicts is the manifest's fault", function()
  make_run()
  local text = core.fs.read(ROOT .. '/record/effects.jsonl')
  put('record/effects.jsonl', text .. line {
    n = 3,
    op = 'fs.write',
    at = 3,
    task = 0,
    took = 0,
    result = { sha256 = sha 'artifact', size = 8 },
    args = core.json.array { 'out.txt', { ['$sha256'] = sha 'artifact', size = 8 } },
  })
  rewrite(function(m)
    local record = core.fs.read(ROOT .. '/record/effects.jsonl')
    m.effects = fold.read(ROOT).effects
    m.effects.record = { sha256 = sha(record), size = #record }
  end)
  t.eq(findings(), {})
  rewrite(function(m)
    m.outputs[2].sha256 = sha 'q'
  end)
  t.eq(findings(), { 'run.json changed sha256 of out.txt' })
  rewrite(function(m)
    m.outputs[2].sha256 = sha 'artifact'
  end)
  put('out.txt', 'q')
  t.eq(findings(), { 'out.txt changed' })
end)

core.fs.purge(ROOT)
return t.done()
