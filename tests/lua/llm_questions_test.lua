local t = require 'harness'
require('fake_tlab').install {}
local page = require 'tlab.llm.page'
local questions = require 'tlab.llm.questions'

local function labels(spec)
  local list = {}
  for i, q in ipairs(questions.list(spec)) do
    list[i] = questions.label(q) .. ': ' .. q.messages[#q.messages].content
  end
  return list
end

t.test('case, then prompt, then sample', function()
  t.eq(labels { prompt = 'hi' }, { 'case 1, sample 1: hi' })
  t.eq(
    labels { prompts = { 'a {{x}}', 'b {{x}}' }, cases = { { x = 1 }, { x = 2 } }, samples = 2 },
    {
      'case 1, prompt 1, sample 1: a 1',
      'case 1, prompt 1, sample 2: a 1',
      'case 1, prompt 2, sample 1: b 1',
      'case 1, prompt 2, sample 2: b 1',
      'case 2, prompt 1, sample 1: a 2',
      'case 2, prompt 1, sample 2: a 2',
      'case 2, prompt 2, sample 1: b 2',
      'case 2, prompt 2, sample 2: b 2',
    }
  )
end)

t.test('system, then messages, then the prompt; variables in all, parts as they are', function()
  local parts = { { type = 'text', text = '{{x}}' } }
  local spec = {
    system = 's {{x}}',
    messages = { { role = 'user', content = 'm {{x}}' }, { role = 'assistant', content = parts } },
    prompt = 'p {{x}}',
    cases = { { x = 'v' } },
  }
  local q = questions.list(spec)[1]
  t.eq(q.vars, { x = 'v' })
  t.eq(q.messages, {
    { role = 'system', content = 's v' },
    { role = 'user', content = 'm v' },
    { role = 'assistant', content = parts },
    { role = 'user', content = 'p v' },
  })
end)

t.test('a misspelt variable in any case is an error', function()
  local cases = { { x = 1 }, { y = 1 } }
  t.err(function()
    questions.list { prompt = '{{x}}', cases = cases }
  end, "wants 'x'")
end)

t.test('the page: fenced, cut, failed', function()
  local list = questions.list { prompt = '# not a heading', samples = 3 }
  local rows = { { text = '```\nx', finish_reason = 'length' }, { json = { a = 1 } } }
  rows[3] = { error = { code = 'PROVIDER', message = 'no' } }
  local results = {}
  for i, q in ipairs(list) do
    results[i] = { question = q, row = rows[i] }
  end
  local text = page.markdown('ai', 'm', results)
  local function has(piece)
    t.ok(text:find(piece, 1, true), piece)
  end
  has '# ai\n\nModel: `m`\n\n## Case 1, sample 1\n\n```text\n# not a heading\n```\n'
  has '```\n\n````text\n```\nx\n````\n'
  has '\nCut at `max_tokens`.\n'
  has '```json\n{\n'
  has '**No answer** (PROVIDER):\n\n```text\nno\n```\n'
end)

t.test('nothing of what a model or its server says becomes a part of the page', function()
  local list = questions.list { prompt = 'p' }
  local row = { text = 'a\27[2J\u{202E}b' }
  local text = page.markdown('<b>', 'm`](x)', { { question = list[1], row = row } })
  t.ok(not text:find('[\27]') and not text:find '\u{202E}' and not text:find('[^\\]<'), text)
  t.ok(text:find('Model: ``m`](x)``\n', 1, true), text)
end)

return t.done()
