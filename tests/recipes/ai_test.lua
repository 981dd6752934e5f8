local t = require 'tlab.test'

local MODEL = { base_url = 'http://127.0.0.1:8080/v1', name = 'small' }
local CHAT = MODEL.base_url .. '/chat/completions'

t.test('a run of then is answered as it was then, byte for byte', function(lab)
  local recorded = 'tests/recipes/ai/run'
  local run = lab:run('ai', nil, { record = recorded })
  for _, name in ipairs { 'answers.jsonl', 'answers.md' } do
    t.eq(run:read(name), tlab.fs.read('lab:' .. recorded .. '/' .. name), name)
  end
end)

t.test('each case is asked, with its words in the prompt', function(lab)
  local spec =
    { model = MODEL, prompt = 'What is {{it}}?', cases = { { it = 'a hash' }, { it = 'a fern' } } }
  local run = lab:run('ai', spec, {
    answers = t.model(MODEL.base_url, { ['a hash'] = 'A number.', ['a fern'] = 'A plant.' }),
  })
  local rows = run:rows 'answers.jsonl'
  t.eq({ rows[1].text, rows[2].text }, { 'A number.', 'A plant.' })
end)

t.test('what may pass is tried again, and nobody waits for it here', function(lab)
  local answers = t.model(MODEL.base_url, 'At last.')
  table.insert(answers, 1, { url = CHAT, status = 503, times = 2 })
  table.insert(answers, 1, { url = CHAT, error = { code = 'NETWORK' }, times = 1 })
  local run = lab:run('ai', { model = MODEL, prompt = 'Now?' }, { answers = answers })
  t.eq(run:rows('answers.jsonl')[1].attempts, 4)
end)

t.test('an answer that does not come fails the run, and is told of in its row', function(lab)
  local spec = { model = MODEL, prompt = 'Now?', retries = 0 }
  local run = lab:run('ai', spec, { answers = { { url = '*', error = { code = 'TIMEOUT' } } } })
  t.eq(run.status, 'failed')
  t.eq(run:rows('answers.jsonl')[1].error.code, 'TIMEOUT')
end)

t.test('a key goes into the header, and its value nowhere', function(lab)
  lab:write('lab.json', '{"schema":"tlab.lab/1","secrets":{"KEY":{"hosts":["127.0.0.1"]}}}')
  local spec =
    { model = { base_url = MODEL.base_url, name = 'small', key = 'KEY' }, prompt = 'Now?' }
  local run = lab:run('ai', spec, { answers = t.model(MODEL.base_url, 'Yes.') })
  t.eq(run.requests[1].headers.authorization, 'Bearer <secret:KEY>')
end)
