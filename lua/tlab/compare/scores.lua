--- What came of a comparison in numbers. An answer that is missing, or has no verdict, is neither
--- right nor wrong: it is counted as not scored.
local stats = require 'tlab.stats'

local M = {}

M.COLUMNS = {
  'model',
  'asked',
  'scored',
  'right',
  'accuracy',
  'low',
  'high',
  'tokens_in',
  'tokens_out',
  'cost',
  'currency',
}

local DRAWS = 2000000 -- for one interval: about a second
local RESAMPLES, LEAST = 2000, 200

local function options(run, count)
  return { seed = run.seed, resamples = math.max(LEAST, math.min(RESAMPLES, DRAWS // count)) }
end

-- What nobody counted stays unknown: a sum begins with the first number.
local function add(line, column, number)
  line[column] = number and (line[column] or 0) + number or line[column]
end

local function mark_of(row)
  return row.right and 1 or 0
end

local function line_of(run, label, rows)
  local line, marks = { model = label, asked = #rows, right = 0 }, {}
  for _, row in ipairs(rows) do
    if row.right ~= nil then
      marks[#marks + 1] = mark_of(row)
      line.right = line.right + mark_of(row)
    end
    add(line, 'tokens_in', row.usage and row.usage.input)
    add(line, 'tokens_out', row.usage and row.usage.output)
    add(line, 'cost', row.cost and row.cost.amount)
    line.currency = row.cost and row.cost.currency or line.currency
  end
  line.scored = #marks
  if #marks > 0 then
    line.accuracy = line.right / #marks
  end
  -- Marks that are all alike make resamples that are: that would look certain, and is not.
  if line.right > 0 and line.right < #marks then
    local interval = stats.bootstrap(marks, options(run, #marks))
    line.low, line.high = interval.low, interval.high
  end
  return line
end

-- Both lists are in the order of the questions; what only one model answered is in neither.
local function difference(run, a, b)
  local left, right = {}, {}
  for i, row in ipairs(a) do
    if row.right ~= nil and b[i].right ~= nil then
      left[#left + 1], right[#right + 1] = mark_of(row), mark_of(b[i])
    end
  end
  if #left == 0 then
    return nil
  end
  local interval = stats.paired(left, right, options(run, #left))
  return {
    a = a[1].model,
    b = b[1].model,
    questions = #left,
    difference = interval.estimate,
    low = interval.low,
    high = interval.high,
  }
end

---@param run tlab.Run
---@param models table[] of tlab.compare.questions
---@param answers table[] lines of answers.jsonl, model by model
---@return table[] lines of scores.csv
---@return table[] differences {a, b, questions, difference, low, high} of each two models
function M.of(run, models, answers)
  local each, lines, differences = {}, {}, {}
  local count = #answers // #models
  for i, model in ipairs(models) do
    each[i] = table.move(answers, (i - 1) * count + 1, i * count, 1, {})
    lines[i] = line_of(run, model.label, each[i])
    for k = 1, i - 1 do
      differences[#differences + 1] = difference(run, each[k], each[i])
    end
  end
  return lines, differences
end

return M
