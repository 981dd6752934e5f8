--- Small charts as SVG for pages: read without colour, by a screen reader, in the dark.
---
---     local chart = require 'tlab.chart'
---     run:write('scores.svg', chart.bars {
---       title = 'Right answers', rows = { { label = 'a model', value = 12 } },
---     })
---
--- Every value is also there as text: beside its bar, or in the title of its own mark. Labels may
--- come from anywhere: they are cut, escaped, and hide nothing. `about` says in words what there is
--- to see; where it is left out, it is made of the values. What cannot be drawn is an error: no
--- number, NaN, infinite, beyond 2^53, a bar below 0.
local axis = require 'tlab.chart.axis'
local check = require 'tlab.chart.check'
local points = require 'tlab.chart.points'
local svg = require 'tlab.chart.svg'
local words = require 'tlab.chart.words'

local M = {}

local WIDTH, MARGIN, CHAR = svg.WIDTH, svg.MARGIN, svg.CHAR
local BINS_MAX = 100

---@class tlab.chart.Row
---@field label string
---@field value number from 0
---@field more number? a second value, drawn hatched behind the first (chart.bars)

---@class tlab.chart.Bars
---@field title string
---@field about string?
---@field rows tlab.chart.Row[]
---@field legend string[]? what the two values are
---@field keep_end boolean? whether a long label loses its beginning

---@class tlab.chart.Point
---@field x number
---@field y number
---@field label string? what it is

---@class tlab.chart.Series
---@field name string?
---@field points tlab.chart.Point[]

---@class tlab.chart.Points
---@field title string
---@field about string?
---@field series tlab.chart.Series[] at most six
---@field x string? what is on the axis, with its unit
---@field y string?

---@class tlab.chart.Histogram
---@field title string
---@field about string?
---@field values number[]
---@field bins integer? about how many, 1 to 100
---@field x string? what the values are, with their unit

-- What was given, with words for what it shows.
local function in_words(chart, about)
  local copy = {}
  for key, value in pairs(chart) do
    copy[key] = value
  end
  copy.about = chart.about or about
  return copy
end

local function most_of(rows)
  local most = 0 ---@type number
  for _, row in ipairs(rows) do
    most = math.max(most, row.value + (row.more or 0))
  end
  return most
end

local function all_whole(rows)
  local values = {}
  for _, row in ipairs(rows) do
    values[#values + 1] = row.value
    values[#values + 1] = row.more
  end
  return axis.are_whole(values)
end

---Upright bars side by side, such as numbers over time.
---@param chart tlab.chart.Bars
---@return string svg
function M.columns(chart)
  local problem = check.head(chart, { 'about' }) or check.rows(chart.rows)
  if problem then
    error('chart.columns: ' .. problem, 2)
  end
  local rows, parts = chart.rows, {}
  local left, right, top, bottom = 64, WIDTH - 3 * MARGIN, 40, 200
  local values, most = { 0 }, 0 ---@type number[], number
  for _, row in ipairs(rows) do
    values[#values + 1] = row.value
    most = math.max(most, row.value)
  end
  values[#values + 1] = most == 0 and 1 or nil
  local scale = axis.of(values)
  for _, tick in ipairs(scale.ticks) do
    local y = bottom - (bottom - top) * tick.value / scale.high
    local rule = '<path class="rule" d="M%d %sH%d"/>\n'
    parts[#parts + 1] = rule:format(left, svg.round(y), right)
    parts[#parts + 1] = svg.label(left - 6, y + 4, tick.label, 'end')
  end
  local room = (right - left) / math.max(#rows, 1)
  local width = math.min(room * 0.8, 48)
  local every = math.max(1, math.ceil(#rows / 8))
  for i, row in ipairs(rows) do
    local height = (bottom - top) * row.value / scale.high
    local x = left + (i - 0.5) * room
    local title = ('%s: %s'):format(row.label, axis.number(row.value))
    parts[#parts + 1] = svg.box('bar', x - width / 2, bottom - height, width, height, title)
    if (i - 1) % every == 0 then
      parts[#parts + 1] = svg.label(x, bottom + 18, row.label, 'middle')
    end
  end
  if #rows == 0 then
    parts[#parts + 1] = svg.none((left + right) / 2, (top + bottom) / 2)
  end
  return svg.document(in_words(chart, words.rows(rows)), bottom + 32, parts)
end

---Lying bars, one below the other, such as a ranking. A second value is drawn hatched behind
---the first, and `legend` says what the two are.
---@param chart tlab.chart.Bars
---@return string svg
function M.bars(chart)
  local problem = check.head(chart, { 'about' }) or check.rows(chart.rows)
  if problem then
    error('chart.bars: ' .. problem, 2)
  end
  local rows, parts = chart.rows, {}
  local left, right, y = 280, WIDTH - 110, 36
  if chart.legend then
    parts[1] = svg.box('bar', left, y, 12, 12, chart.legend[1])
    parts[2] = svg.label(left + 18, y + 10, chart.legend[1])
    local x = left + 40 + CHAR * svg.width_of(chart.legend[1])
    parts[3] = svg.box('more', x, y, 12, 12, chart.legend[2])
    parts[4] = svg.label(x + 18, y + 10, chart.legend[2])
    y = y + 24
  end
  local most = most_of(rows)
  most = all_whole(rows) and math.max(1, most) or most
  local columns = (left - MARGIN - 8) // CHAR
  for _, row in ipairs(rows) do
    local first = (right - left) * row.value / most
    local second = (right - left) * (row.more or 0) / most
    local told = axis.number(row.value) .. (row.more and ' + ' .. axis.number(row.more) or '')
    local title = ('%s: %s'):format(row.label, told)
    parts[#parts + 1] =
      svg.label(left - 8, y + 14, svg.fit(row.label, columns, chart.keep_end), 'end')
    parts[#parts + 1] = svg.box('bar', left, y + 3, first, 14, title)
    if row.more then
      parts[#parts + 1] = svg.box('more', left + first, y + 3, second, 14, title)
    end
    parts[#parts + 1] = svg.label(left + first + second + 6, y + 14, told)
    y = y + 21
  end
  if #rows == 0 then
    parts[#parts + 1] = svg.none(WIDTH / 2, y + 14)
    y = y + 21
  end
  return svg.document(in_words(chart, words.rows(rows)), y + MARGIN, parts)
end

local function series(name, chart, is_line)
  local problem = check.head(chart, { 'about', 'x', 'y' })
    or check.series(chart.series, #points.LOOKS)
  if problem then
    error(('chart.%s: %s'):format(name, problem), 3)
  end
  chart = in_words(chart, words.series(chart.series))
  chart.is_line = is_line
  return points.draw(chart)
end

---Lines from left to right, such as a score over time: each with a dash and marks of its own.
---@param chart tlab.chart.Points
---@return string svg
function M.lines(chart)
  local drawn = series('lines', chart, true)
  return drawn
end

---Points, such as what each model costs and how often it is right.
---@param chart tlab.chart.Points
---@return string svg
function M.scatter(chart)
  local drawn = series('scatter', chart, false)
  return drawn
end

-- How many values lie between two ticks each, the lower one included.
local function counts_of(values, ticks)
  local counts = {}
  for i = 1, #ticks - 1 do
    counts[i] = 0
  end
  local low, high = ticks[1].value, ticks[#ticks].value
  for _, value in ipairs(values) do
    local i = (value - low) / (high - low) * #counts // 1 + 1
    i = math.tointeger(math.max(1, math.min(#counts, i))) --[[@as integer]]
    while value < ticks[i].value do
      i = i - 1
    end
    while value >= ticks[i + 1].value do
      i = i + 1
    end
    counts[i] = counts[i] + 1
  end
  return counts
end

-- Sturges, "The Choice of a Class Interval", Journal of the American Statistical Association 21
-- (1926): one bin more for each doubling.
local function sturges(n)
  local bins = 1
  while n > 1 do
    n, bins = (n + 1) // 2, bins + 1
  end
  return bins
end

---How often values of each size occur. Bins begin and end at round numbers; what lies on a border
---belongs to the bin above it.
---@param chart tlab.chart.Histogram
---@return string svg
function M.histogram(chart)
  local problem = check.head(chart, { 'about', 'x' }) or check.values(chart.values)
  local bins = not problem and (chart.bins or sturges(#chart.values)) or nil
  if bins and not (math.type(bins) == 'integer' and bins >= 1 and bins <= BINS_MAX) then
    problem = 'bins must be a whole number from 1 to ' .. BINS_MAX
  end
  if problem then
    error('chart.histogram: ' .. problem, 2)
  end
  local values, parts = chart.values, {}
  local x = axis.of(values, { steps = bins, is_close = true, is_beyond = true })
  local counts = counts_of(values, x.ticks)
  local y = axis.of { 0, #values == 0 and 1 or 0, table.unpack(counts) }
  local place, bottom = points.frame(parts, x, y, 36, { x = chart.x, y = 'how many' })
  for i, count in ipairs(counts) do
    local left, base = place(x.ticks[i].value, 0)
    local right, top = place(x.ticks[i + 1].value, count)
    local title = words.bin(x.ticks[i], x.ticks[i + 1], count)
    parts[#parts + 1] = svg.box('bar', left, top, math.max(1, right - left - 1), base - top, title)
  end
  if #values == 0 then
    parts[#parts + 1] = svg.none(WIDTH / 2, 160)
  end
  return svg.document(in_words(chart, words.histogram(values, counts, x.ticks)), bottom, parts)
end

return M
