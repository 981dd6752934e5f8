local t = require 'harness'
local core = require 'core'
require('fake_tlab').install {}
local old = require 'tlab.repl.old'

local COLUMNS = 'started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,'
  .. 'effects,failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder'
local A, B = ('abcd'):rep(16), ('abce'):rep(16)

local function row(started, id, folder)
  return ('%s,%s,ai,succeeded,1%s,%s\n'):format(started, id, (','):rep(17), folder)
end

local FILES = {
  ['lab:runs.csv'] = COLUMNS
    .. '\n'
    .. row('2026-11-22T10:00:00.000Z', A, '2026/11/22/a/one')
    .. row('2026-11-23T10:00:00.000Z', B, '2026/11/23/a/two'),
  ['lab:2026/11/23/a/two/spec.json'] = '{"n":3}',
  ['lab:2026/11/23/a/two/run.json'] = core.json.encode {
    id = B,
    recipe = { name = 'ai' },
    status = 'failed',
    error = { code = 'IO', message = 'm' },
    time = { started = '2026-11-23T10:00:00.000Z', seconds = 1 },
    outputs = {
      { path = 'a.jsonl', size = 8, sha256 = 'x' },
      { path = 'bad.jsonl', size = 8, sha256 = 'x' },
      { path = 'bad.json', size = 1, sha256 = 'x' },
      { path = 'gone.txt', size = 1, sha256 = 'x' },
    },
  },
  ['lab:2026/11/23/a/two/a.jsonl'] = '{"a":1}\n[2]\n',
  ['lab:2026/11/23/a/two/bad.jsonl'] = '{"a":1}\n{"a"\n',
  ['lab:2026/11/23/a/two/bad.json'] = '{',
}

tlab.fs = {
  read = function(path)
    return FILES[path], not FILES[path] and { code = 'NOT_FOUND', message = 'no ' .. path } or nil
  end,
  tail = function(path)
    return '\n' .. FILES[path]:gsub('^[^\n]*\n', '')
  end,
}

local function code_of(fn, ...)
  local ok, err = pcall(fn, ...)
  return not ok and err.code
end

t.test('by id, by its beginning, by folder, by the folder name, as latest', function()
  for _, which in ipairs { 'latest', B, 'abce', '2026/11/23/a/two', 'two' } do
    t.eq(old.open(which).id, B, which)
  end
end)

t.test('what it has', function()
  local run = old.open 'latest'
  t.eq(
    { run.recipe, run.status, run.seconds, run.folder },
    { 'ai', 'failed', 1, '2026/11/23/a/two' }
  )
  t.eq({ run.spec, run.error.code, run.metrics }, { { n = 3 }, 'IO', nil })
  t.eq(run.manifest.recipe.name, 'ai')
  t.eq(rawget(run, 'manifest'), nil, 'it is not shown')
  t.eq(run.outputs['a.jsonl']:rows(), { { a = 1 }, { 2 } })
  t.eq(tostring(run.outputs['a.jsonl']), '<a.jsonl, 8 bytes>')
end)

t.test('what is no run, several runs, or none that can be read', function()
  t.eq(code_of(old.open, 'zzzz'), 'NOT_FOUND')
  t.eq(code_of(old.open, 'abc'), 'NOT_FOUND', 'too short')
  t.eq(code_of(old.open, 7), 'ARGUMENT')
  t.eq(code_of(old.open, 'one'), 'NOT_FOUND', 'its folder is gone')
  FILES['lab:runs.csv'] = FILES['lab:runs.csv']
    .. row('2026-11-23T11:00:00.000Z', B:gsub('e$', 'f'), 'x')
  t.eq(code_of(old.open, 'abce'), 'USAGE')
end)

t.test('an output that is not what its name says is told with its line', function()
  local outputs = old.open(B).outputs
  local ok, err = pcall(outputs['bad.jsonl'].rows, outputs['bad.jsonl'])
  t.eq({ ok, err.code }, { false, 'PARSE' })
  t.ok(err.message:find('bad.jsonl, line 2', 1, true), err.message)
  t.eq(code_of(outputs['bad.json'].json, outputs['bad.json']), 'PARSE')
  t.eq(code_of(outputs['gone.txt'].text, outputs['gone.txt']), 'NOT_FOUND')
end)

t.test('the run that one is can be called', function()
  local run = old.callable { id = 'x' }
  t.eq({ run.id, run 'two' ~= nil }, { 'x', true })
end)

return t.done()
