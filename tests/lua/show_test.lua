local t = require 'harness'
local show = require 'host.view.show'
local style = require 'host.view.style'
local table_view = require 'host.view.table'

local function manifest()
  return {
    id = ('3f9a2c1b'):rep(8),
    key = ('0'):rep(64),
    status = 'failed',
    seed = 7,
    folder = '2026/11/22/ai-team/artifacts/120301Z-ai-3f9a2c1b',
    recipe = { name = 'ai', file = 'recipes/ai.lua' },
    time = { started = '2026-11-22T12:03:01.123Z', seconds = 75.2 },
    models = { { asked = 'm', answered = 'm-1' }, { asked = 'n' } },
    tokens = { input = 1, output = 2, cached = 3 },
    cost = { amount = 0.25, currency = 'USD' },
    permits = {
      needs = { net = { 'a:1' }, run = {} },
      granted = { { family = 'env', item = 'HOME', how = 'once' } },
    },
    effects = {
      count = 3,
      failed = 1,
      refused = 0,
      by_op = { ['http.send'] = 2, ['fs.read'] = 1 },
    },
    git = { commit = ('c'):rep(40), branch = 'main', dirty = true },
    error = {
      code = 'PROVIDER',
      message = 'the server said no',
      file = 'recipes/ai.lua',
      line = 4,
      hint = 'tlab run x',
    },
    inputs = { { path = 'lab:x', size = 1200, sha256 = ('d'):rep(64) } },
  }
end

t.test('the page of a run', function()
  t.eq(
    show.text(manifest()),
    [[
ai 3f9a2c1b failed
  recipe   recipes/ai.lua
  when     2026-11-22T12:03:01.123Z, took 1 min 15 s
  model    m (answered by m-1), n
  tokens   1 in (3 cached), 2 out
  cost     0.25 USD
  permits  env HOME (once); net a:1
  effects  3, 1 failed (fs.read 1, http.send 2)
  git      cccccccccccc on main, with changes
  seed     7
  folder   2026/11/22/ai-team/artifacts/120301Z-ai-3f9a2c1b
  key      000000000000
error[PROVIDER]: the server said no
  --> recipes/ai.lua:4
help: tlab run x
inputs
  lab:x  1.2 kB  dddddddddddd
next: tlab replay 3f9a2c1b   # again from its record
      tlab verify 3f9a2c1b   # is it as it was made?
]]
  )
end)

t.test('programs, how they ended and what held them', function()
  local m = manifest()
  local sha256, how = ('a'):rep(64), { 'seccomp' }
  m.programs = {
    {
      name = 'py_post',
      sha256 = sha256,
      runs = 2,
      exits = { 0, 3 },
      signals = { 9 },
      confined = { network = 'none', files = 'scratch folder', syscalls = true, how = how },
    },
    {
      name = 'sh',
      sha256 = sha256,
      runs = 1,
      exits = { 0 },
      confined = { network = 'open', files = 'open', syscalls = false, how = {} },
    },
  }
  local want = [[
programs
  py_post  2 runs (exit 3, signal 9)  no network; scratch folder
  sh       1 run                      network open; files open; system calls open
inputs
]]
  t.ok(show.text(m):find(want, 1, true), show.text(m))
end)

t.test('a run that has only begun', function()
  local m = manifest()
  m.status, m.time.seconds = 'running', nil
  for _, field in ipairs {
    'effects',
    'error',
    'inputs',
    'models',
    'tokens',
    'cost',
    'git',
    'permits',
  } do
    m[field] = nil
  end
  t.ok(show.text(m):find('ai 3f9a2c1b running\n', 1, true))
end)

t.test('no colour but ours gets through', function()
  local m = manifest()
  m.error.message = 'a\27[2J\27[31mb'
  local coloured = show.text(m, { style = style.new('stdout', { '--color=always' }) })
  t.ok(coloured:find('a\\x1b[2J\\x1b[31mb', 1, true), coloured)
  t.ok(coloured:find('\27[31mfailed\27[0m', 1, true), coloured)
  t.eq(style.new('stdout', { '--color', 'never' }).on, false)
  t.eq(style.new('stdout', { '--', '--color=always' }).on, false, 'behind --')
end)

t.test('long lists are cut and say so', function()
  local m = manifest()
  m.outputs = {}
  for i = 1, 30 do
    m.outputs[i] = { path = 'f' .. i, size = i, sha256 = ('e'):rep(64) }
  end
  local text = show.text(m)
  t.ok(text:find('  and 10 more\n', 1, true))
  t.ok(not text:find('f21', 1, true))
end)

t.test('sizes, durations, counts, hashes', function()
  for _, row in ipairs {
    { 0, '0 B' },
    { 999, '999 B' },
    { 1000, '1.0 kB' },
    { 999949, '999.9 kB' },
    { 999951, '1.0 MB' },
    { 3 * 10 ^ 12, '3.0 TB' },
  } do
    t.eq(table_view.size(row[1]), row[2])
  end
  for _, row in ipairs {
    { 0, '0 ms' },
    { 0.0354, '35 ms' },
    { 1, '1.0 s' },
    { 59.94, '59.9 s' },
    { 61, '1 min 1 s' },
    { 3600, '1 h 0 min' },
  } do
    t.eq(table_view.duration(row[1]), row[2])
  end
  t.eq(table_view.count(1, 'file'), '1 file')
  t.eq(table_view.count(2, 'file'), '2 files')
  t.eq(table_view.short('x ' .. ('a'):rep(64) .. ' y'), 'x aaaaaaaaaaaa y')
  t.eq(table_view.short(('ä'):rep(200)), ('ä'):rep(100) .. ' …')
  t.eq(table_view.cut('aäb', 2), 'a …', 'half a character is none')
end)

t.test('columns count characters, not bytes', function()
  t.eq(table_view.columns { { 'ä', 'x' }, { 'bb', 'y' } }, 'ä   x\nbb  y\n')
end)

t.test('what was logged: the last 20 lines, and how to have the others', function()
  local list = {}
  for i = 1, 22 do
    list[i] = { at = i * 500, text = 'line ' .. i }
  end
  list[22].fields = { n = 3, who = 'a b', all = { 1, 2 } }
  local page = show.text(manifest(), { log = list })
  t.ok(
    page:find('log\n  … 2 more before: tlab show 3f9a2c1b --log\n  1.500 s  line 3\n', 1, true)
  )
  t.ok(page:find('  11.000 s  line 22  all=[1,2]  n=3  who=a b\n', 1, true), page)
  t.eq(show.log { { at = 0, text = 'a\nb' } }, '  0.000 s  a\n    b\n')
  t.ok(not show.text(manifest()):find('log\n', 1, true))
end)

return t.done()
