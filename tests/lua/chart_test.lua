local t = require 'harness'
require('fake_tlab').install {}
local chart = require 'tlab.chart'

local function count(s, pattern)
  return select(2, s:gsub(pattern, ''))
end

-- Whether every element that is opened is closed, in order, and no character is out of place.
local function well_formed(svg)
  local open = {}
  for close, name, rest in svg:gmatch '<(/?)([%a][%w]*)([^>]*)>' do
    if close == '/' then
      t.eq(table.remove(open), name)
    elseif rest:sub(-1) ~= '/' then
      open[#open + 1] = name
    end
  end
  t.eq(#open, 0)
  t.eq(utf8.len(svg) ~= nil, true)
  t.eq(svg:find '[\0-\8\11-\31\127]', nil)
  local text = svg:gsub('<style>.-</style>', ''):gsub('<[^>]*>', ''):gsub('&[a-z]+;', '')
  t.eq(text:find '[<>&]', nil)
  return svg
end

t.test('columns: a bar for each row with its value in words, an axis of round steps', function()
  local rows = {}
  for i = 1, 30 do
    rows[i] = { label = ('2026-10-%02d'):format(i), value = i * 7 }
  end
  local svg = well_formed(chart.columns { title = 'T & U', about = 'all', rows = rows })
  t.eq(count(svg, 'class="bar"'), 30)
  t.ok(svg:find('<title>2026-10-30: 210</title>', 1, true))
  t.ok(svg:find('<title id="title">T &amp; U</title>', 1, true))
  t.ok(svg:find('<desc id="desc">all</desc>', 1, true))
  t.ok(svg:find('role="img" aria-labelledby="title desc"', 1, true))
  for _, step in ipairs { '0', '50', '100', '150', '200', '250' } do
    t.ok(svg:find('text%-anchor="end">' .. step .. '<'), step)
  end
  t.ok(count(svg, 'text%-anchor="middle"') <= 8)
end)

t.test('bars: the second value is hatched, and a legend says what it is', function()
  local svg = well_formed(chart.bars {
    title = 'Lines',
    about = 'x',
    legend = { 'added', 'removed' },
    rows = { { label = 'a.c', value = 3, more = 1 }, { label = 'b.c', value = 0, more = 0 } },
  })
  t.eq(count(svg, 'class="bar"'), 3)
  t.eq(count(svg, 'class="more"'), 3)
  t.ok(svg:find('>3 + 1</text>', 1, true))
  t.ok(svg:find('>added</text>', 1, true))
  t.ok(svg:find('url(#hatch)', 1, true))
end)

t.test('nothing, zeros and one value are charts as well', function()
  local zero, huge = { label = '', value = 0 }, { label = 'x', value = 1 << 50 }
  for _, rows in ipairs { {}, { zero }, { huge } } do
    well_formed(chart.columns { title = '', about = '', rows = rows })
    well_formed(chart.bars { title = '', about = '', rows = rows })
  end
  t.eq(count(chart.columns { title = '', about = '', rows = {} }, 'nan'), 0)
end)

t.test('labels from outside are cut, escaped and hide nothing', function()
  local hostile = '</text><script>&"\27[31m\u{202E}\u{FFFE}\xFF' .. ('ж'):rep(200)
  local rows = { { label = hostile, value = 2 }, { label = 'a/b/' .. ('x'):rep(99), value = 1 } }
  for _, draw in ipairs { chart.bars, chart.columns } do
    local svg = well_formed(draw { title = hostile, about = hostile, rows = rows })
    t.eq(svg:find('<script>', 1, true), nil)
    t.eq(svg:find('\u{202E}', 1, true), nil)
    t.eq(svg:find('\u{FFFE}', 1, true), nil)
  end
  local ends = chart.bars { title = '', about = '', rows = rows, keep_end = true }
  t.ok(ends:find('>…x+</text>'))
  local starts = chart.bars { title = '', about = '', rows = rows }
  t.ok(starts:find('>a/b/x+…</text>'))
end)

return t.done()
