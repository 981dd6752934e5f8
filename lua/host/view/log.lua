--- A day of `tlab log`: its sum, and a line a run with what was said of it below. Pure.

local runs_view = require 'host.view.runs'
local styles = require 'host.view.style'
local table_view = require 'host.view.table'
local width = require 'host.view.width'

local M = {}

local NOTE_MAX = 500 -- bytes of a note that are shown
local ENDS = { 'running', 'failed', 'timeout', 'interrupted' } -- told beside the number of runs

--- The sum of a day; `add` takes runs as `tlab runs --json` has them.
---@param day string 2026-10-03
---@return table {day, runs = number, status = {name → number}, tokens_in, tokens_out, cost =
---  {currency → amount}, list = runs}
function M.new(day)
  return {
    day = day,
    runs = 0,
    status = {},
    tokens_in = 0,
    tokens_out = 0,
    cost = {},
    list = {},
  }
end

local function count(value)
  return math.type(value) == 'integer' and value or 0
end

---@param sum table
---@param run table
function M.add(sum, run)
  sum.runs = sum.runs + 1
  local status = run.status or ''
  sum.status[status] = (sum.status[status] or 0) + 1
  sum.tokens_in = sum.tokens_in + count(run.tokens_in)
  sum.tokens_out = sum.tokens_out + count(run.tokens_out)
  if type(run.cost) == 'number' then
    local currency = run.currency or ''
    sum.cost[currency] = (sum.cost[currency] or 0) + run.cost
  end
  sum.list[sum.runs] = run
end

local function head(sum)
  local parts = { table_view.count(sum.runs, 'run') }
  for _, status in ipairs(ENDS) do
    if sum.status[status] then
      parts[#parts + 1] = sum.status[status] .. ' ' .. status
    end
  end
  if sum.tokens_in + sum.tokens_out > 0 then
    parts[#parts + 1] = string.format('%d + %d tokens', sum.tokens_in, sum.tokens_out)
  end
  for currency, amount in pairs(sum.cost) do
    parts[#parts + 1] = string.format('%.4g %s', amount, width.plain(currency))
  end
  return table.concat(parts, ', ')
end

--- What was said of a run, each on a line of its own.
local function below(run, lines)
  if run.tags and #run.tags > 0 then
    lines[#lines + 1] = '         # ' .. width.plain(table.concat(run.tags, ' '))
  end
  if run.note then
    local note = table_view.cut(run.note, NOTE_MAX)
    local rest = note ~= run.note and '  (all of it: tlab show ' .. run.id:sub(1, 8) .. ')' or ''
    lines[#lines + 1] = '         ' .. width.plain(note) .. rest
  end
end

local function cells_of(run)
  local text = {
    run.started:sub(12, 16),
    run.id:sub(1, 8),
    run.recipe or '',
    run.status or '',
    type(run.seconds) == 'number' and table_view.duration(run.seconds) or '',
    table.concat(run.models or {}, ' '),
  }
  for i, cell in ipairs(text) do
    text[i] = width.fit(width.plain(cell), 40)
  end
  return text
end

--- The day as text.
---@param sum table
---@param options? table {style}
---@return string
function M.text(sum, options)
  local style = options and options.style or styles.plain
  local rows, widths = {}, {}
  for i, run in ipairs(sum.list) do
    rows[i] = cells_of(run)
    for k, cell in ipairs(rows[i]) do
      widths[k] = math.max(widths[k] or 0, width.of(cell))
    end
  end
  local lines = { style.bold(sum.day) .. '  ' .. head(sum) }
  for i, run in ipairs(sum.list) do
    local cells = {}
    for k, cell in ipairs(rows[i]) do
      local colour = k == 4 and runs_view.STATUS[cell]
      cells[k] = (colour and style[colour](cell) or cell) .. (' '):rep(widths[k] - width.of(cell))
    end
    lines[#lines + 1] = '  ' .. table.concat(cells, '  '):gsub('%s+$', '')
    below(run, lines)
  end
  return table.concat(lines, '\n') .. '\n'
end

return M
