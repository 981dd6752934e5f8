--- The parts of which charts are made: text, boxes and marks as SVG.
local text = require 'tlab.text'

local M = {}

M.WIDTH = 720
M.MARGIN = 12
M.CHAR = 6.6 -- of the 12 px font, on average

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
function M.escape(s)
  s = text.visible(s, 1000):gsub('\xEF\xBF[\xBE\xBF]', '\u{FFFD}')
  return (s:gsub('[&<>"]', ENTITIES))
end

--- Columns that a text takes: wide characters of East Asia and emoji count as two.
function M.width_of(s)
  local n = 0
  for _, c in utf8.codes(s) do
    n = n + (c >= 0x1100 and 2 or 1)
  end
  return n
end

--- A label of at most `most` columns; of a path the end says more than the beginning.
function M.fit(s, most, keep_end)
  s = text.visible(s, 400)
  if M.width_of(s) <= most then
    return s
  end
  local chars = {}
  for _, c in utf8.codes(s) do
    chars[#chars + 1] = utf8.char(c)
  end
  repeat
    table.remove(chars, keep_end and 1 or #chars)
  until M.width_of(table.concat(chars)) < most
  return keep_end and '…' .. table.concat(chars) or table.concat(chars) .. '…'
end

--- A coordinate, to a tenth of a pixel.
function M.round(x)
  return (('%.1f'):format(x):gsub('%.0$', ''))
end

function M.label(x, y, s, anchor)
  anchor = anchor and (' text-anchor="%s"'):format(anchor) or ''
  return ('<text x="%s" y="%s"%s>%s</text>\n'):format(M.round(x), M.round(y), anchor, M.escape(s))
end

function M.box(class, x, y, width, height, title)
  local form = '<rect class="%s" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>\n'
  return form:format(
    class,
    M.round(x),
    M.round(y),
    M.round(width),
    M.round(height),
    M.escape(title)
  )
end

---@param chart table title and about
---@param height number
---@param parts string[]
---@param style string? more, as an element of its own
---@return string
function M.document(chart, height, parts, style)
  local head = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"'
    .. ' role="img" aria-labelledby="title desc">\n'
  return head:format(M.WIDTH, height, M.WIDTH, height)
    .. ('<title id="title">%s</title>\n'):format(M.escape(chart.title))
    .. ('<desc id="desc">%s</desc>\n'):format(M.escape(chart.about))
    .. STYLE
    .. (style or '')
    .. ('<rect class="back" width="%d" height="%d"/>\n'):format(M.WIDTH, height)
    .. ('<text class="head" x="%d" y="22">%s</text>\n'):format(
      M.MARGIN,
      M.escape(M.fit(chart.title, 84))
    )
    .. table.concat(parts)
    .. '</svg>\n'
end

--- What stands where there is nothing to draw.
function M.none(x, y)
  return M.label(x, y, 'no data', 'middle')
end

return M
