local t = require 'harness'
local core = require 'core'
local find = require 'host.store.find'
local index = require 'host.store.index'
local latest = require 'host.store.latest'

core.fs.purge 'tmp-find-test'
core.fs.parents 'tmp-find-test'
local lab = { root = core.fs.realpath 'tmp-find-test' }

local rows = {}

--- A run, with its row.
local function make(folder, id)
  core.fs.parents(lab.root .. '/' .. folder)
  core.fs.replace(lab.root .. '/' .. folder .. '/run.json', core.json.encode { id = id } .. '\n')
  local year, month, day, hour, minute, second =
    folder:match '^(%d+)/(%d+)/(%d+)/.*/(%d%d)(%d%d)(%d%d)Z'
  rows[#rows + 1] = ('%s-%s-%sT%s:%s:%s.000Z,%s,r,failed'):format(
    year,
    month,
    day,
    hour,
    minute,
    second,
    id
  ) .. (','):rep(19) .. folder .. '\n'
end

local function write_index(list)
  table.sort(list)
  core.fs.replace(
    lab.root .. '/runs.csv',
    table.concat(index.COLUMNS, ',') .. '\n' .. table.concat(list)
  )
end

local A = '2026/11/22/ai-team/artifacts/120301Z-demo-3f9a2c1b'
local B = '2026/11/22/analyzer/inputs/120301Z-mine-3f9a9999'
local C = '2025/01/02/ai-team/artifacts/000000Z-demo-abcd0000'
local ID = '3f9a2c1b' .. ('0'):rep(56)

make(A, ID)
make(B, '3f9a9999' .. ('0'):rep(56))
make(C, 'abcd0000' .. ('0'):rep(56))
write_index(rows)

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

t.test('only what the index has is found, and what is gone is told as gone', function()
  local copied = '2026/11/22/ai-team/artifacts/130000Z-demo-eeee0000'
  make(copied, 'eeee0000' .. ('0'):rep(56))
  local dir, err = find.run('eeee', lab)
  t.eq({ dir, err.code, err.hint }, { nil, 'NOT_FOUND', 'tlab runs --rebuild' })
  write_index(rows)
  t.eq(found 'eeee', copied)
  core.fs.purge(lab.root .. '/' .. copied)
  dir, err = find.run('eeee', lab)
  t.eq({ dir, err.code, err.hint }, { nil, 'NOT_FOUND', 'tlab runs --rebuild' })
  t.ok(err.message:find('is gone: ' .. copied, 1, true))
end)

t.test('an index that names other folders is not followed', function()
  core.fs.parents 'tmp-find-test/elsewhere'
  core.fs.replace('tmp-find-test/elsewhere/run.json', '{}')
  for _, folder in ipairs { 'elsewhere', '2026/11/22/../../../elsewhere', lab.root, '', '.' } do
    local row = '2026-11-22T13:00:00.000Z,' .. ('f'):rep(64) .. ',r,failed'
    write_index { row .. (','):rep(19) .. folder .. '\n' }
    t.eq(found 'ffff', 'PARSE', folder)
  end
end)

t.test('many runs of one beginning are counted, and ten of them listed', function()
  local many = {}
  for i = 1, 1200 do
    many[i] = ('2026-11-22T13:00:00.%03dZ,eeee%060d,r,failed'):format(i % 1000, i)
      .. (','):rep(19)
      .. '2026/11/22/x/'
      .. i
      .. '\n'
  end
  write_index(many)
  local _, err = find.run('eeee', lab)
  t.eq(err.message, '"eeee" is the beginning of at least 1000 runs')
  t.eq(#err.details, 11)
  t.eq(err.details[11], 'and 990 more')
end)

t.test('an index that cannot be read is told', function()
  core.fs.replace(lab.root .. '/runs.csv', 'x')
  local dir, err = find.run('3f9a2', lab)
  t.eq({ dir, err.code, err.hint }, { nil, 'PARSE', 'tlab runs --rebuild' })
  t.eq(found(lab.root .. '/' .. A), A, 'a path needs no index')
end)

core.fs.purge 'tmp-find-test'
return t.done()
