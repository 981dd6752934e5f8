local t = require 'tlab.test'

local FOLDER = 'tests/recipes/extract/'
local SPEC = tlab.json.decode(assert(tlab.fs.read('lab:' .. FOLDER .. 'spec.json')))
local TREES = assert(tlab.fs.read('lab:' .. FOLDER .. 'trees.md'))

local function said(...)
  local facts = {}
  for i, one in ipairs { ... } do
    facts[i] = { quote = one[1], fact = { tree = one[2], year = one[3] } }
  end
  return tlab.json.encode { facts = facts }
end

t.test('facts with their quotes, one of which is not in the file', function(lab)
  lab:write(FOLDER .. 'trees.md', TREES)
  local reply = said(
    { 'The oak was planted in 1904', 'oak', 1904 },
    { 'felled the elm beside it in 1990', 'elm', 1990 },
    { 'The oak was planted in 1990', 'oak', 1990 }
  )
  local answers = t.model(SPEC.model.base_url, reply)
  t.artifacts(lab:run('extract', SPEC, { answers = answers }), FOLDER .. 'expected')
end)

t.test('an answer that does not fit is asked for again', function(lab)
  lab:write(FOLDER .. 'trees.md', TREES)
  local good = { 'The oak was planted in 1904', 'oak', 1904 }
  local answers = t.model(SPEC.model.base_url, {
    ['no good'] = said(good),
    FILE = said { 'The oak', 'oak', 'long ago' },
  })
  local run = lab:run('extract', SPEC, { answers = answers })
  t.eq(run.status, 'succeeded')
  t.eq(#run:rows 'facts.jsonl', 1)
end)
