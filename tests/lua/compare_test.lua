--- Comparing models: what is asked, the numbers, and the page, with hostile text in all of it.
local t = require 'harness'
local core = require 'core'
require('fake_tlab').install {}
local page = require 'tlab.compare.page'
local questions = require 'tlab.compare.questions'
local scores = require 'tlab.compare.scores'

local SPEC = { data = 'd/q.csv', prompt = '{{q}}?', expected = 'a', score = 'exact' }

local function of(list, more)
  return questions.of(t.with(t.with({}, SPEC), more), list)
end

t.test('rows become questions', function()
  t.eq(of { { q = 'x', a = 'y' }, { q = 1, a = { 'u', 2 } } }, {
    { number = 1, prompt = 'x?', expected = 'y' },
    { number = 2, prompt = '1?', expected = { 'u', 2 } },
  })
  t.eq(#of({ { q = 'x', a = 'y' }, { q = 'x', a = 'y' } }, { limit = 1 }), 1)
  t.eq(of({ { q = 'x' } }, { score = 'judge' })[1], { number = 1, prompt = 'x?' })
end)

t.test('a data set that will not do is told of before anything is asked, by its row', function()
  for _, case in ipairs {
    { {}, {}, 'd/q.csv has no rows' },
    { 'text', {}, 'd/q.csv has no rows' },
    { { 'text' }, {}, 'row 1: an object is expected' },
    { { { q = 'x', a = 'y' }, { a = 'y' } }, {}, "row 2: the template wants 'q'" },
    { { { q = 'x', ['b\27'] = 1 } }, {}, "row 1: there is no 'a' %(there are: b, q%)" },
    { { { q = 'x', a = core.json.null } }, {}, "there is no 'a'" },
    { { { q = 'x', a = true } }, {}, "row 1: 'a' must be a text, a number, or a list of them" },
    { { { q = 'x', a = {} } }, {}, "'a' must be a text" },
    {
      { { q = 'x', a = 'y' } },
      { score = 'number' },
      "row 1: 'y' is expected, which is no number",
    },
    { { { q = 'x\xFF', a = 'y' } }, {}, 'row 1: bytes that are not UTF%-8' },
    { { { q = 'x', a = '\xFF' } }, {}, 'row 1: bytes that are not UTF%-8' },
  } do
    local err = t.err(function()
      of(case[1], case[2])
    end, case[3])
    t.eq(err.code, 'INVALID')
  end
end)

local function labels(models)
  local list = {}
  for i, model in ipairs(questions.labelled(models)) do
    list[i] = model.label
  end
  return list
end

t.test('each model has a label of its own', function()
  local models =
    { { name = 'm' }, { name = 'm (2)' }, { base_url = 'u', name = 'm' }, { base_url = 'u' } }
  t.eq(labels(models), { 'm', 'm (2)', 'm (3)', 'u' })
end)

local RUN = { seed = 7 }

-- "1" right, "0" wrong, "-" missing: one character a question.
local function answers(label, marks, more)
  local list = {}
  for mark in marks:gmatch '.' do
    list[#list + 1] = t.with({ model = label }, mark ~= '-' and { right = mark == '1' } or {})
    t.with(list[#list], more)
  end
  return list
end

local function all(...)
  local list = {}
  for _, part in ipairs { ... } do
    table.move(part, 1, #part, #list + 1, list)
  end
  return list
end

t.test('numbers of each model, and of each two on what both answered', function()
  local usage = { usage = { input = 10, output = 2 }, cost = { amount = 0.25, currency = 'EUR' } }
  local lines, differences = scores.of(
    RUN,
    { { label = 'a' }, { label = 'b' }, { label = 'c' } },
    all(answers('a', '110-', usage), answers('b', '10-1'), answers('c', '----'))
  )
  local a, b, c = lines[1], lines[2], lines[3]
  t.eq({ a.asked, a.scored, a.right, a.accuracy }, { 4, 3, 2, 2 / 3 })
  t.eq({ a.tokens_in, a.tokens_out, a.cost, a.currency }, { 40, 8, 1.0, 'EUR' })
  t.ok(a.low < a.accuracy and a.accuracy < a.high)
  for _, marks in ipairs { '111', '000' } do
    local line = scores.of(RUN, { { label = 'a' } }, answers('a', marks))[1]
    t.eq({ line.accuracy, line.low, line.high }, { marks == '111' and 1.0 or 0.0 }, 'all alike')
  end
  t.eq({ b.scored, b.right, b.cost == nil, b.tokens_in == nil }, { 3, 2, true, true })
  t.eq({ c.asked, c.scored, c.right, c.accuracy == nil, c.low == nil }, { 4, 0, 0, true, true })
  t.eq(#differences, 1, 'c answered nothing')
  local d = differences[1]
  t.eq({ d.a, d.b, d.questions, d.difference, d.low, d.high }, { 'a', 'b', 2, 0.5, 0.0, 1.0 })
end)

t.test('many questions take no more than their time', function()
  local many = answers('a', ('10'):rep(5001))
  local lines = scores.of(RUN, { { label = 'a' } }, many)
  t.eq(lines[1].accuracy, 0.5)
end)

local EVIL = '# x\n<script>|</script> [a](http://b) \27[31m`' .. ('y'):rep(1000)

t.test('the page, to the byte', function()
  local list = {
    { number = 1, prompt = 'What is\nit?', expected = 'a | b' },
    { number = 2, prompt = EVIL, expected = { 'x', 2 } },
    { number = 3, prompt = 'q' },
  }
  local models = { { label = 'm`1' }, { label = '<b>' } }
  local given = {
    { model = 'm`1', right = true, text = 'a | b' },
    { model = 'm`1', right = false, text = EVIL },
    { model = 'm`1', right = true, text = '' },
    { model = '<b>', right = false, text = 'no' },
    { model = '<b>', error = { code = 'NETWORK', message = EVIL } },
    { model = '<b>', right = false, text = 'z' },
  }
  local lines, differences = scores.of(RUN, models, given)
  lines[1].cost, lines[1].currency, lines[1].tokens_in = 0.0000123456789, 'USD', 1234567
  local made =
    page.markdown({ data = 'd/`q`.csv', score = 'exact' }, models, list, given, lines, differences)
  t.eq(made, t.ok(core.fs.read 'tests/lua/compare_page.md'))
  t.ok(page.chart(lines):find('>m`1: 0.67 (0.00 to 1.00); &lt;b&gt;: 0.00 (–)<', 1, true))
end)

t.test(
  'of many questions the first are shown, and with enough of them a difference is told',
  function()
    local list = {}
    for i = 1, 102 do
      list[i] = { number = i, prompt = 'q' .. i, expected = 'x' }
    end
    local models = { { label = 'a' }, { label = 'b' } }
    local text = { text = 'x' }
    local given = all(answers('a', ('1'):rep(102), text), answers('b', ('01'):rep(51), text))
    local lines, differences = scores.of(RUN, models, given)
    local made = page.markdown(SPEC, models, list, given, lines, differences)
    t.ok(made:find('| +0.50 | +0.41 to +0.59 | seldom by chance |', 1, true), made:sub(1, 900))
    t.ok(made:find('2 more questions in `answers.jsonl`', 1, true))
    t.ok(not made:find('q101', 1, true) and not made:find('too narrow', 1, true))
  end
)

return t.done()
