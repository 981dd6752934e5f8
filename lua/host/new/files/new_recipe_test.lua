local t = require 'tlab.test'

t.test('words are counted, the most frequent first', function(lab)
  local run = lab:run('new_recipe', { text = 'One two, two.' })
  t.eq(run:rows 'words.csv', { { word = 'two', times = '2' }, { word = 'one', times = '1' } })
  t.eq(run.metrics, { words = 2 })
end)

t.test('a text is needed', function(lab)
  local run = lab:run('new_recipe', {})
  t.eq(run.error.code, 'INVALID')
end)
