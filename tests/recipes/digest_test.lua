local t = require 'tlab.test'

local FOLDER = 'tests/recipes/digest/'

t.test('a week of which there is nothing to tell', function(lab)
  t.artifacts(lab:run('digest', { week = '2026-W40' }), FOLDER .. 'expected')
end)

t.test('a week with a run, and a model that opens the page', function(lab)
  lab:run('day', { date = '2026-10-03' })
  local model = { base_url = 'http://127.0.0.1:8080/v1', name = 'small' }
  local spec = { model = model, week = 'latest' }
  local run = lab:run('digest', spec, { answers = t.model(model.base_url, '# A *good* week.') })
  local page = run:read 'digest.md'
  t.has(page, '\\# A \\*good\\* week.\n\nWritten by `small`')
  t.has(page, '| day | 1 | 1 succeeded |')
end)
