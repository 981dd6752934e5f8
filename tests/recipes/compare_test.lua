local t = require 'tlab.test'

local FOLDER = 'tests/recipes/compare/'
local SPEC = tlab.json.decode(assert(tlab.fs.read('lab:' .. FOLDER .. 'spec.json')))
local DATA = assert(tlab.fs.read('lab:' .. SPEC.data))

local function answers(small, large)
  local list = t.model(SPEC.models[1].base_url, small)
  local more = t.model(SPEC.models[2].base_url, large)
  return table.move(more, 1, #more, #list + 1, list)
end

local LARGE = { France = 'Paris', Japan = 'It is Tokyo.', Peru = 'Lima!', Kenya = 'Nairobi' }

t.test('two models, one of which knows less', function(lab)
  lab:write(SPEC.data, DATA)
  local given = answers('I think it is Paris.', LARGE)
  local run = lab:run('compare', SPEC, { answers = given, seed = 7 })
  t.eq(run.metrics, { accuracy = 1, ['accuracy.large'] = 1, ['accuracy.small'] = 0.25 })
  t.artifacts(run, FOLDER .. 'expected')
end)

t.test('an answer that is missing is not a wrong one', function(lab)
  lab:write(SPEC.data, DATA)
  local given = answers('Paris', LARGE)
  table.insert(given, 1, { url = SPEC.models[1].base_url .. '/*', has = 'Peru', status = 400 })
  local run = lab:run('compare', SPEC, { answers = given, seed = 7 })
  t.has(run.error.message, '1 of 8 answers are not scored')
  t.eq(run:rows('scores.csv')[1].accuracy, tlab.json.encode(1 / 3))
end)
