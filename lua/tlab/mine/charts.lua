--- The charts of a mined history: over time, by author, by file.
local chart = require 'tlab.chart'
local text = require 'tlab.text'

local M = {}

local function name_of(row)
  return text.visible(row.label, 80)
end

local function over_time(tally)
  local rows, unit = tally:over_time()
  local top = rows[1]
  for _, row in ipairs(rows) do
    top = row.value > top.value and row or top
  end
  local about = '%s commits from %s to %s, most of them in the %s %s: %s'
  return {
    file = 'charts/commits.svg',
    title = 'Commits by ' .. unit,
    about = about:format(
      chart.number(tally.commits),
      rows[1].label,
      rows[#rows].label,
      unit,
      top.label,
      chart.number(top.value)
    ),
    rows = rows,
    draw = chart.columns,
  }
end

local function authors(tally)
  local rows, all = tally:top_authors()
  local about = '%d of %d authors, first %s with %s commits'
  return {
    file = 'charts/authors.svg',
    title = 'Commits by author',
    about = about:format(#rows, all, name_of(rows[1]), chart.number(rows[1].value)),
    rows = rows,
    draw = chart.bars,
  }
end

local function files(tally)
  local rows, all = tally:top_paths()
  if not rows[1] then
    return nil
  end
  local about = '%d of %d files, first %s with %s lines added and %s removed'
  local first = rows[1]
  return {
    file = 'charts/files.svg',
    title = 'Lines added and removed by file',
    about = about:format(
      #rows,
      all,
      name_of(first),
      chart.number(first.value),
      chart.number(first.more)
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
  local list = { over_time(tally), authors(tally), files(tally) }
  for _, one in ipairs(list) do
    one.svg = one.draw(one)
  end
  return list
end

return M
