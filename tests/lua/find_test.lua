local t = require 'harness'
local core = require 'core'
local find = require 'host.store.find'
local latest = require 'host.store.latest'

core.fs.purge 'tmp-find-test'
core.fs.parents 'tmp-find-test'
local lab = { root = core.fs.realpath 'tmp-find-test' }

local function make(folder, id)
  core.fs.parents(lab.root .. '/' .. folder)
  core.fs.replace(lab.root .. '/' .. folder .. '/run.json', core.json.encode { id = id } .. '\n')
end

local A = '2026/11/22/ai-team/artifacts/120301Z-demo-3f9a2c1b'
local B = '2026/11/22/analyzer/inputs/120301Z-mine-3f9a9999'
local C = '2025/01/02/ai-team/artifacts/000000Z-demo-abcd0000'
local ID = '3f9a2c1b' .. ('0'):rep(56)

make(A, ID)
make(B, '3f9a9999' .. ('0'):rep(56))
make(C, 'abcd0000' .. ('0'):rep(56))
core.fs.parents(lab.root .. '/2026/11/22/knowledge/graph')
core.fs.parents(lab.root .. '/2026/13x/01')

local function found(ref)
  local dir, err = find.run(ref, lab)
  return dir and dir:sub(#lab.root + 2) or err.code
end

t.test('by the beginning of its id or of its folder name, however long', function()
  for ref, folder in pairs {
    ['3f9a2'] = A,
    ['3F9A2'] = A,
    ['3f9a2c1b'] = A,
    ['3f9a2c1b00'] = A,
    [ID] = A,
    ['3f9a9'] = B,
    ['120301Z-demo'] = A,
    ['120301Z-demo-3f9a2c1b'] = A,
    ['abcd'] = C,
    ['000000Z'] = C,
  } do
    t.eq(found(ref), folder, ref)
  end
end)

t.test('by a path to the folder or its manifest', function()
  t.eq(found(lab.root .. '/' .. A), A)
  t.eq(found(lab.root .. '/' .. A .. '/'), A)
  t.eq(found(lab.root .. '/' .. A .. '/run.json'), A)
  t.eq((find.run(lab.root .. '/' .. A)), lab.root .. '/' .. A, 'without a lab')
end)

t.test('what is not there, too short or no name', function()
  for _, ref in ipairs {
    '3f9',
    'ffff',
    '3f9a2c1b01',
    ID:gsub('0$', '1'),
    '',
    '.',
    '..',
    '/',
    '*',
    '3f9a%',
    '../x',
    'a\0b',
  } do
    t.eq(found(ref), 'NOT_FOUND', ref)
  end
end)

t.test('a beginning of two runs lists both', function()
  local dir, err = find.run('3f9a', lab)
  t.eq(dir, nil)
  t.eq(err.code, 'USAGE')
  t.eq(err.details, { B, A })
  t.eq(found '120301Z', 'USAGE')
end)

t.test('latest', function()
  local dir, err = find.run('latest', lab)
  t.eq({ dir, err.code }, { nil, 'NOT_FOUND' })
  t.ok(latest.set(lab, C))
  t.eq(found 'latest', C)
  t.ok(latest.set(lab, A))
  t.eq(found 'latest', A)
  t.ok(latest.set(lab, '2026/11/22/gone'))
  t.eq(found 'latest', 'NOT_FOUND')
end)

core.fs.purge 'tmp-find-test'
return t.done()
