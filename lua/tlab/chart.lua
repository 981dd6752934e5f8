--- Small charts as SVG for pages: read without colour, by a screen reader, in the dark.
--
-- Every value is also there as text: beside its bar, or in the bar's own title. Labels may come
-- from anywhere: they are cut, escaped, and hide nothing.
local text = require 'tlab.text'

local M = {}

local WIDTH = 720
local MARGIN = 12
local CHAR = 6.6 -- of the 12 px font, on average

local STYLE = [[
<style>
text{font:12px system-ui,sans-serif;fill:#24292f}
.head{font-weight:600;font-size:14px}
.back{fill:#fff}.bar{fill:#3b6ea5}.rule{stroke:#d0d7de}
.more{fill:url(#hatch);stroke:#3b6ea5}.hatch{stroke:#3b6ea5;stroke-width:2}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.back{fill:#0d1117}.rule{stroke:#30363d}
.bar{fill:#7fb0e6}.more,.hatch{stroke:#7fb0e6}}
</style>
<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse"
 patternTransform="rotate(45)"><path class="hatch" d="M0 0V5"/></pattern></defs>
]]

local ENTITIES = { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }

-- Text as XML 1.0 takes it: no control characters, and not the two code points that it forbids.
local function escape(s)
  s = text.visible(s, 1000):gsub('\xEF\xBF[\xBE\xBF]', '\u{FFFD}')
  return (s:gsub('[&<>"]', ENTITIES))
end

-- Columns that a text takes: wide characters of East Asia and emoji count as two.
local function width_of(s)
  local n = 0
  for _, c in utf8.codes(s) do
    n = n + (c >= 0x1100 and 2 or 1)
  end
  return n
end

-- A label of at most `most` columns; of a path the end says more than the beginning.
local function fit(s, most, keep_end)
  s = text.visible(s, 400)
  if width_of(s) <= most then
    return s
  end
  local chars = {}
  for _, c in utf8.codes(s) do
    chars[#chars + 1] = utf8.char(c)
  end
  repeat
    table.remove(chars, keep_end and 1 or #chars)
  until width_of(table.concat(chars)) < most
  return keep_end and '…' .. table.concat(chars) or table.concat(chars) .. '…'
end

-- Steps of an axis: 1, 2 or 5 times a power of ten, at most five of them.
local function step_of(most)
  local step = 1
  while true do
    for _, times in ipairs { 1, 2, 5 } do
      if most <= 5 * step * times then
        return step * times
      end
    end
    step = step * 10
  end
end

local function round(x)
  return ('%.1f'):format(x):gsub('%.0$', '')
end

local function label(x, y, s, anchor)
  anchor = anchor and (' text-anchor="%s"'):format(anchor) or ''
  return ('<text x="%s" y="%s"%s>%s</text>\n'):format(round(x), round(y), anchor, escape(s))
end

local function box(class, x, y, width, height, title)
  local form = '<rect class="%s" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>\n'
  return form:format(class, round(x), round(y), round(width), round(height), escape(title))
end

local function document(chart, height, parts)
  local head = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"'
    .. ' role="img" aria-labelledby="title desc">\n'
  return head:format(WIDTH, height, WIDTH, height)
    .. ('<title id="title">%s</title>\n'):format(escape(chart.title))
    .. ('<desc id="desc">%s</desc>\n'):format(escape(chart.about))
    .. STYLE
    .. ('<rect class="back" width="%d" height="%d"/>\n'):format(WIDTH, height)
    .. ('<text class="head" x="%d" y="22">%s</text>\n'):format(MARGIN, escape(chart.title))
    .. table.concat(parts)
    .. '</svg>\n'
end

local function most_of(rows)
  local most = 0
  for _, row in ipairs(rows) do
    most = math.max(most, row.value)
  end
  return most
end

---Upright bars side by side, such as numbers over time.
---@param chart table {title, about, rows = list of {label, value}}: `about` says it in words
---@return string svg
function M.columns(chart)
  local rows, parts = chart.rows, {}
  local left, right, top, bottom = 64, WIDTH - 3 * MARGIN, 40, 200
  local most = most_of(rows)
  local step = step_of(most)
  local highest = math.max(step, (most + step - 1) // step * step)
  for value = 0, highest, step do
    local y = bottom - (bottom - top) * value / highest
    local rule = '<path class="rule" d="M%d %sH%d"/>\n'
    parts[#parts + 1] = rule:format(left, round(y), right)
    parts[#parts + 1] = label(left - 6, y + 4, text.number(value), 'end')
  end
  local room = (right - left) / math.max(#rows, 1)
  local width = math.min(room * 0.8, 48)
  local every = math.max(1, math.ceil(#rows / 8))
  for i, row in ipairs(rows) do
    local height = (bottom - top) * row.value / highest
    local x = left + (i - 0.5) * room
    local title = ('%s: %s'):format(row.label, text.number(row.value))
    parts[#parts + 1] = box('bar', x - width / 2, bottom - height, width, height, title)
    if (i - 1) % every == 0 then
      parts[#parts + 1] = label(x, bottom + 18, row.label, 'middle')
    end
  end
  return document(chart, bottom + 32, parts)
end

---Lying bars, one below the other, such as a ranking. A second value is drawn hatched behind
---the first, and `legend` says what the two are.
---@param chart table {title, about, rows = list of {label, value, more?}, legend? = {first,
---  second}, keep_end? = whether a long label loses its beginning}
---@return string svg
function M.bars(chart)
  local rows, parts = chart.rows, {}
  local left, right, y = 280, WIDTH - 110, 36
  if chart.legend then
    parts[1] = box('bar', left, y, 12, 12, chart.legend[1])
    parts[2] = label(left + 18, y + 10, chart.legend[1])
    local x = left + 40 + CHAR * width_of(chart.legend[1])
    parts[3] = box('more', x, y, 12, 12, chart.legend[2])
    parts[4] = label(x + 18, y + 10, chart.legend[2])
    y = y + 24
  end
  local most = 1
  for _, row in ipairs(rows) do
    most = math.max(most, row.value + (row.more or 0))
  end
  local columns = (left - MARGIN - 8) // CHAR
  for _, row in ipairs(rows) do
    local first = (right - left) * row.value / most
    local second = (right - left) * (row.more or 0) / most
    local told = text.number(row.value) .. (row.more and ' + ' .. text.number(row.more) or '')
    local title = ('%s: %s'):format(row.label, told)
    parts[#parts + 1] = label(left - 8, y + 14, fit(row.label, columns, chart.keep_end), 'end')
    parts[#parts + 1] = box('bar', left, y + 3, first, 14, title)
    if row.more then
      parts[#parts + 1] = box('more', left + first, y + 3, second, 14, title)
    end
    parts[#parts + 1] = label(left + first + second + 6, y + 14, told)
    y = y + 21
  end
  return document(chart, y + MARGIN, parts)
end

return M
