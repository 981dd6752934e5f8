--- Series of points between two axes: as lines, or each by itself. A series has a mark, a dash and
--- a colour of its own; each alone would tell them apart.
local axis = require 'tlab.chart.axis'
local svg = require 'tlab.chart.svg'

local M = {}

local LEFT, RIGHT, HEIGHT = 84, svg.WIDTH - 36, 260
local MARKS = 60 -- of a line; more would hide it

-- How each series looks. A mark's path begins at its middle.
M.LOOKS = {
  { dash = '', mark = 'm-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z', day = '#3b6ea5', night = '#7fb0e6' },
  { dash = '7 3', mark = 'm-4-4h8v8h-8z', day = '#a0522d', night = '#e0a070' },
  { dash = '2 3', mark = 'm0-5l5 9h-10z', day = '#2e7d4f', night = '#7fcf9f' },
  { dash = '10 3 2 3', mark = 'm0-6l5 6l-5 6l-5-6z', day = '#7b4fa3', night = '#c0a0e6' },
  { dash = '14 4', mark = 'm-4-4l8 8m-8 0l8-8', day = '#8a6d00', night = '#d8bd50' },
  { dash = '5 2 1 2 1 2', mark = 'm-5 0h10m-5-5v10', day = '#b03060', night = '#f090b0' },
}

local STYLE = [[
<style>
%s
.line{fill:none;stroke-width:2}.mark{stroke-width:2;fill-opacity:.7}
@media(prefers-color-scheme:dark){%s.line{fill:none}}
</style>
]]

local function style()
  local day, night = {}, {}
  for i, look in ipairs(M.LOOKS) do
    day[i] = ('.s%d{stroke:%s;fill:%s}'):format(i, look.day, look.day)
    night[i] = ('.s%d{stroke:%s;fill:%s}'):format(i, look.night, look.night)
  end
  return STYLE:format(table.concat(day), table.concat(night))
end

local function mark(i, x, y, title)
  local path = ('M%s %s%s'):format(svg.round(x), svg.round(y), M.LOOKS[i].mark)
  local text = title and ('<title>%s</title>'):format(svg.escape(title)) or ''
  return ('<path class="s%d mark" d="%s">%s</path>\n'):format(i, path, text)
end

local function line(i, steps)
  local dash = M.LOOKS[i].dash
  local dashes = dash ~= '' and (' stroke-dasharray="%s"'):format(dash) or ''
  return ('<path class="s%d line"%s d="M%s"/>\n'):format(i, dashes, table.concat(steps, 'L'))
end

-- What each series is called, in as many rows as it takes; returns where the last one ends.
local function legend(chart, parts, y)
  local x = LEFT
  for i, series in ipairs(chart.series) do
    if series.name then
      local name = svg.fit(series.name, 40)
      local width = 40 + svg.CHAR * svg.width_of(name)
      if x > LEFT and x + width > RIGHT then
        x, y = LEFT, y + 20
      end
      if chart.is_line then
        parts[#parts + 1] = line(i, { ('%d %d'):format(x, y + 6), ('%d %d'):format(x + 24, y + 6) })
      end
      parts[#parts + 1] = mark(i, x + 12, y + 6)
      parts[#parts + 1] = svg.label(x + 30, y + 10, name)
      x = math.ceil(x + width)
    end
  end
  return x > LEFT and y + 24 or y
end

local function all_of(list, coordinate)
  local values = {}
  for _, series in ipairs(list) do
    for _, point in ipairs(series.points) do
      values[#values + 1] = point[coordinate]
    end
  end
  return values
end

-- Labels below an axis must not touch: each, or each second, third …
local function every_of(ticks)
  local widest = 0 ---@type number
  for _, tick in ipairs(ticks) do
    widest = math.max(widest, svg.CHAR * (#tick.label + 2))
  end
  return math.ceil(widest * #ticks / (RIGHT - LEFT))
end

---The two axes with their rules and labels.
---@param parts string[] to which they are added
---@param x table axis
---@param y table axis
---@param top number
---@param names {x: string?, y: string?} what is on them
---@return fun(x: number, y: number): number, number where a point is drawn
---@return number bottom of all that was drawn
function M.frame(parts, x, y, top, names)
  if names.y then
    parts[#parts + 1] = svg.label(svg.MARGIN, top + 6, svg.fit(names.y, 100))
    top = top + 20
  end
  local bottom = top + HEIGHT
  local function place(px, py)
    return LEFT + (RIGHT - LEFT) * x.at(px), bottom - HEIGHT * y.at(py)
  end
  for _, tick in ipairs(y.ticks) do
    local _, at = place(x.low, tick.value)
    parts[#parts + 1] = ('<path class="rule" d="M%d %sH%d"/>\n'):format(LEFT, svg.round(at), RIGHT)
    parts[#parts + 1] = svg.label(LEFT - 6, at + 4, tick.label, 'end')
  end
  local every = every_of(x.ticks)
  for i = 1, #x.ticks, every do
    local at = place(x.ticks[i].value, y.low)
    parts[#parts + 1] = ('<path class="rule" d="M%s %dv5"/>\n'):format(svg.round(at), bottom)
    parts[#parts + 1] = svg.label(at, bottom + 18, x.ticks[i].label, 'middle')
  end
  if names.x then
    parts[#parts + 1] = svg.label((LEFT + RIGHT) / 2, bottom + 38, svg.fit(names.x, 90), 'middle')
  end
  return place, bottom + (names.x and 50 or 30)
end

local function title_of(series, point)
  local name = point.label or series.name
  local value = ('%s, %s'):format(axis.number(point.x), axis.number(point.y))
  return name and svg.fit(name, 100) .. ': ' .. value or value
end

local function sorted(points)
  local list = table.move(points, 1, #points, 1, {})
  table.sort(list, function(a, b)
    return a.x < b.x
  end)
  return list
end

local function draw_series(parts, place, i, series, is_line)
  local points, steps = is_line and sorted(series.points) or series.points, {}
  local every = is_line and math.ceil(#points / MARKS) or 1
  local marks = {}
  for n, point in ipairs(points) do
    local x, y = place(point.x, point.y)
    steps[n] = svg.round(x) .. ' ' .. svg.round(y)
    if (n - 1) % every == 0 or n == #points then
      marks[#marks + 1] = mark(i, x, y, title_of(series, point))
    end
  end
  if is_line and #points > 1 then
    parts[#parts + 1] = line(i, steps)
  end
  parts[#parts + 1] = table.concat(marks)
end

---The whole chart.
---@param chart table {title, about, series = list of {name?, points}, x?, y?, is_line}
---@return string svg
function M.draw(chart)
  local parts = {}
  local top = legend(chart, parts, 38)
  local xs, ys = all_of(chart.series, 'x'), all_of(chart.series, 'y')
  local place, bottom =
    M.frame(parts, axis.of(xs, { steps = 8, is_close = true }), axis.of(ys), top + 6, chart)
  for i, series in ipairs(chart.series) do
    draw_series(parts, place, i, series, chart.is_line)
  end
  if #xs == 0 then
    parts[#parts + 1] = svg.none((LEFT + RIGHT) / 2, top + HEIGHT / 2)
  end
  return svg.document(chart, bottom, parts, style())
end

return M
