--- A comparison as a page for people. Questions and answers are foreign text: they stand in code.
local chart = require 'tlab.chart'
local md = require 'tlab.markdown'
local text = require 'tlab.text'

local M = {}

local MOST = 100 -- questions that are shown
local FEW = 20 -- of fewer questions, intervals are too narrow
local CELL = 80 -- bytes of a text in a table

local function share(number)
  return number and ('%.2f'):format(number) or '–'
end

local function count(number)
  return number and text.number(number) or '–'
end

local function interval(line)
  return line.low and ('%s to %s'):format(share(line.low), share(line.high)) or '–'
end

local function scores(lines)
  local rows = {}
  for i, line in ipairs(lines) do
    rows[i] = {
      md.code(line.model, CELL),
      ('%d of %d'):format(line.right, line.scored),
      share(line.accuracy),
      interval(line),
      count(line.tokens_in),
      count(line.tokens_out),
      line.cost and ('%.6g %s'):format(line.cost, line.currency) or '–',
    }
  end
  local head = { 'model', '>right', '>accuracy', '95 % interval', '>tokens in', '>out', '>cost' }
  return md.table(head, rows)
end

local function differences(list)
  local rows = {}
  for i, one in ipairs(list) do
    local is_clear = one.low > 0 or one.high < 0
    local verdict = is_clear and 'seldom by chance' or 'may be chance'
    local range = ('%+.2f to %+.2f'):format(one.low, one.high)
    rows[i] = {
      ('%s − %s'):format(md.code(one.a, CELL), md.code(one.b, CELL)),
      ('%+.2f'):format(one.difference),
      one.low < one.high and range or '–',
      one.questions < FEW and 'too few questions' or verdict,
    }
  end
  return md.table({ 'accuracy of', '>difference', '95 % interval', '' }, rows)
end

local function told(row)
  if row.right == nil then
    return '– ' .. (row.error and row.error.code or '')
  end
  return (row.right and '✓ ' or '✗ ') .. md.code(row.text, CELL)
end

local function expected_text(expected)
  if expected == nil then
    return '–'
  end
  local is_text = type(expected) == 'string'
  return md.code(is_text and expected or tlab.json.encode(expected), CELL)
end

local function answers(models, questions, list)
  local head, rows = { '>', 'question', 'expected' }, {}
  for i, model in ipairs(models) do
    head[3 + i] = md.code(model.label, CELL)
  end
  for q = 1, math.min(#questions, MOST) do
    local question = questions[q]
    rows[q] = { q, md.code(question.prompt, CELL), expected_text(question.expected) }
    for i = 1, #models do
      rows[q][3 + i] = told(list[(i - 1) * #questions + q])
    end
  end
  local more = #questions - MOST
  local rest = more > 0 and ('\n%s in `answers.jsonl`.\n'):format(text.many(more, 'more question'))
  return md.table(head, rows) .. (rest or '')
end

-- What the intervals do not say; nil where they say it all.
local function warnings(lines)
  local few, alike = false, false
  for _, line in ipairs(lines) do
    few = few or line.scored < FEW
    alike = alike or line.accuracy and not line.low
  end
  local list = {}
  list[1] = few and ('Of fewer than %d questions the intervals are too narrow.\n'):format(FEW)
    or nil
  list[#list + 1] = alike and 'All right or none: the questions do not show how far that is off.\n'
    or nil
  return list[1] and table.concat(list)
end

---@param lines table[] of tlab.compare.scores
---@return string svg
function M.chart(lines)
  local bars, words = {}, {}
  for _, line in ipairs(lines) do
    if line.accuracy then
      bars[#bars + 1] = { label = line.model, value = line.accuracy }
      words[#words + 1] = ('%s: %s (%s)'):format(line.model, share(line.accuracy), interval(line))
    end
  end
  return chart.bars {
    title = 'Share of right answers',
    rows = bars,
    about = #words > 0 and table.concat(words, '; ') or 'no answer was scored',
  }
end

---@param spec table
---@param models table[]
---@param questions tlab.compare.Question[]
---@param list table[] the answers, model by model
---@param lines table[] of tlab.compare.scores
---@param pairs_of table[] its differences
---@return string
function M.markdown(spec, models, questions, list, lines, pairs_of)
  local parts = {
    ('# %s on %s\n'):format(text.many(#models, 'model'), text.many(#questions, 'question')),
    ('Questions of %s, scored by `%s`.\n'):format(md.code(spec.data), spec.score),
    scores(lines),
    '![Right answers](accuracy.svg)\n',
  }
  parts[#parts + 1] = warnings(lines)
  if #pairs_of > 0 then
    parts[#parts + 1] = '## Differences\n'
    parts[#parts + 1] = 'On the questions that both models answered, question by question.\n'
    parts[#parts + 1] = differences(pairs_of)
  end
  parts[#parts + 1] = '## Answers\n'
  parts[#parts + 1] = answers(models, questions, list)
  return table.concat(parts, '\n')
end

return M
