--- The charts of a mined history: over time, by author, by file.
local chart = require 'tlab.chart'
local text = require 'tlab.text'

local M = {}

local function name_of(row)
  return text.visible(row.label, 80)
end

local function some(shown, all, noun)
  noun = all == 1 and noun or noun .. 's'
  return shown == all and ('%s %s'):format(text.number(all), noun)
    or ('%d of %s %s'):format(shown, text.number(all), noun)
end

local function over_time(tally)
  local rows, unit = tally:over_time()
  local top = rows[1]
  for _, row in ipairs(rows) do
    top = row.value > top.value and row or top
  end
  local about = '%s from %s to %s, most in the %s %s (%s)'
  return {
    file = 'charts/commits.svg',
    title = 'Commits by ' .. unit,
    about = about:format(
      some(tally.commits, tally.commits, 'commit'),
      rows[1].label,
      rows[#rows].label,
      unit,
      top.label,
      text.number(top.value)
    ),
    rows = rows,
    draw = chart.columns,
  }
end

local function authors(tally)
  local rows, all = tally:top_authors()
  local about = '%s, first %s with %s'
  return {
    file = 'charts/authors.svg',
    title = 'Commits by author',
    about = about:format(
      some(#rows, all, 'author'),
      name_of(rows[1]),
      some(rows[1].value, rows[1].value, 'commit')
    ),
    rows = rows,
    draw = chart.bars,
  }
end

local function files(tally)
  local rows, all = tally:top_paths()
  if not rows[1] then
    return nil
  end
  local about = '%s, first %s with %s lines added and %s removed'
  local first = rows[1]
  return {
    file = 'charts/files.svg',
    title = 'Lines added and removed by file',
    about = about:format(
      some(#rows, all, 'file'),
      name_of(first),
      text.number(first.value),
      text.number(first.more)
    ),
    rows = rows,
    legend = { 'added', 'removed' },
    keep_end = true,
    draw = chart.bars,
  }
end

---@param tally table of tlab.mine.tally, of one commit at least
---@return table[] charts {file, title, about, svg}
function M.of(tally)
  local list = { over_time(tally), authors(tally), files(tally) } ---@type table<string, any>[]
  for _, one in ipairs(list) do
    one.svg = one.draw(one)
  end
  return list
end

return M
