local t = require 'harness'
require('fake_tlab').install {}
local chart = require 'tlab.chart'
local help = require 'chart_help'
local count, line = help.count, help.line

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

-- Where the marks of a chart are: one M of each path of that class.
local function marks(svg)
  local list = {}
  for class, x, y in svg:gmatch 'class="(s%d) mark" d="M(%S+) ([%d.-]+)m[^"]*"><title>' do
    list[#list + 1] = { class = class, x = tonumber(x), y = tonumber(y) }
  end
  return list
end

t.test('bars of fractions are as long as they are, and say it', function()
  local rows = { { label = 'a', value = 0.25 }, { label = 'b', value = 0.5 } }
  local svg = well_formed(chart.bars { title = '', rows = rows })
  local short, long = svg:match 'width="([%d.]+)" height="14".-width="([%d.]+)" height="14"'
  t.eq(tonumber(long), 2 * short)
  t.ok(svg:find('<title>a: 0.25</title>', 1, true) and svg:find('>0.5</text>', 1, true))
  svg = well_formed(chart.columns { title = '', rows = rows })
  for _, tick in ipairs { '0.0', '0.1', '0.2', '0.3', '0.4', '0.5' } do
    t.ok(svg:find('end">' .. tick .. '</text>', 1, true), tick)
  end
  local none = { { label = 'a', value = 0, more = 3 } }
  t.eq(count(chart.columns { title = '', rows = none }, '>%-'), 0) -- no axis below 0
end)

t.test('lines: series differ in dash and mark as well as in colour, and are named', function()
  local list = {}
  for i = 1, 6 do
    list[i] = line('model ' .. i, i, -i, 0.5)
  end
  local svg = well_formed(chart.lines { title = 'T', series = list, x = 'day', y = 'score' })
  local dashes, shapes = {}, {}
  for dash in svg:gmatch 'stroke%-dasharray="([^"]+)"' do
    dashes[dash] = (dashes[dash] or 0) + 1
  end
  for shape in svg:gmatch 'mark" d="M%S+ [%d.-]+(m[^"]*)"' do
    shapes[shape] = (shapes[shape] or 0) + 1
  end
  local function each(map, times)
    local n = 0
    for key, got in pairs(map) do
      t.eq(got, times, key)
      n = n + 1
    end
    return n
  end
  t.eq(each(dashes, 2), 5) -- the first one is drawn through; each also in the legend
  t.eq(each(shapes, 4), 6)
  t.eq(#marks(svg), 18)
  t.ok(svg:find('<title>model 2: 2, -2</title>', 1, true))
  t.ok(svg:find('>model 6</text>', 1, true))
  t.ok(svg:find('>day</text>', 1, true) and svg:find('>score</text>', 1, true))
  t.ok(svg:find('<desc id="desc">model 1: 3 points, x 1 to 3, y -1 to 1; model 2', 1, true))
end)

t.test('lines go from left to right, whatever the order of their points', function()
  local points = { { x = 3, y = 1 }, { x = 1, y = 2 }, { x = 2, y = 3 } }
  local svg = chart.lines { title = '', series = { { points = points } } }
  local list = marks(svg)
  t.ok(list[1].x < list[2].x and list[2].x < list[3].x)
  t.ok(list[2].y < list[1].y and list[1].y < list[3].y) -- upwards is less
  t.eq(points[1], { x = 3, y = 1 })
  t.eq(count(svg, 'class="s1 line"'), 1)
  t.eq(count(chart.scatter { title = '', series = { { points = points } } }, ' line"'), 0)
end)

t.test('many points: all in the line, some with marks, the last one too', function()
  local many = { points = {} }
  for i = 1, 1000 do
    many.points[i] = { x = i, y = i % 7 }
  end
  local svg = well_formed(chart.lines { title = '', series = { many } })
  t.eq(count(svg:match 'line" d="([^"]*)"', 'L'), 999)
  t.ok(#marks(svg) <= 61)
  t.ok(svg:find('<title>1,000, 6</title>', 1, true))
  t.eq(#marks(chart.scatter { title = '', series = { many } }), 1000)
end)

-- The contrast of two colours by WCAG 2.2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
local function contrast(a, b)
  local function light(hex)
    local sum = 0
    for i, part in ipairs { 0.2126, 0.7152, 0.0722 } do
      local c = tonumber(hex:sub(2 * i, 2 * i + 1), 16) / 255
      sum = sum + part * (c <= 0.04045 and c / 12.92 or ((c + 0.055) / 1.055) ^ 2.4)
    end
    return sum + 0.05
  end
  local x, y = light(a), light(b)
  return math.max(x, y) / math.min(x, y)
end

t.test('each series stands out, by day and by night', function()
  for i, look in ipairs(require('tlab.chart.points').LOOKS) do
    t.ok(contrast(look.day, '#ffffff') >= 3, i)
    t.ok(contrast(look.night, '#0d1117') >= 3, i)
  end
end)

t.test('a histogram: what lies on a border belongs above it, and nothing is lost', function()
  local function bins(values, n)
    local svg = well_formed(chart.histogram { title = '', values = values, bins = n })
    local list = {}
    for bin in svg:gmatch 'class="bar".-<title>(.-)</title>' do
      list[#list + 1] = bin
    end
    return list
  end
  t.eq(bins({ 1, 2, 2, 3 }, 3), { '1 to below 2: 1', '2 to below 3: 2', '3 to below 4: 1' })
  t.eq(bins({ 0.1, 0.2, 0.3, 0.3 }, 2), {
    '0.1 to below 0.2: 1',
    '0.2 to below 0.3: 1',
    '0.3 to below 0.4: 2', -- 3 * 0.1 is more than 0.3
  })
  t.eq(bins({ -5, 5 }, 2), { '-5 to below 0: 1', '0 to below 5: 0', '5 to below 10: 1' })
  for _, values in ipairs { { 1e-9, 3e-9 }, { -7e15, 9e15, 3 }, { 1e9, 1e9 + 1e-6, 0.5 }, { 5 } } do
    local all = 0
    for _, bin in ipairs(bins(values)) do
      all = all + math.tointeger((bin:match ': (.*)'))
    end
    t.eq(all, #values)
  end
end)

t.test('the new ones: nothing, one value, far apart, close together', function()
  for _, draw in ipairs { chart.lines, chart.scatter } do
    local empty = well_formed(draw { title = '', series = {} })
    t.ok(empty:find('>no data</text>', 1, true))
    t.ok(empty:find('<desc id="desc">no data</desc>', 1, true))
    well_formed(draw { title = '', series = { { points = {} } } })
    for _, ys in ipairs {
      { 0 },
      { -3 },
      { 0.1 },
      { 2 ^ 53, -2 ^ 53 },
      { 1e9, 1e9 + 1e-7 },
      { 1e-300 },
    } do
      local svg = well_formed(draw { title = '', series = { line(nil, table.unpack(ys)) } })
      t.eq(svg:find '[^%a]nan' or svg:find '[^%a]inf', nil)
      for _, one in ipairs(marks(svg)) do
        t.ok(one.x >= 84 and one.x <= 684 and one.y >= 40 and one.y <= 310, one.y)
      end
      t.eq(#marks(svg), #ys)
    end
  end
  for _, draw in ipairs { chart.bars, chart.columns } do
    t.ok(draw({ title = '', rows = {} }):find('>no data</text>', 1, true))
  end
  t.ok(chart.histogram({ title = '', values = {} }):find('>no data</text>', 1, true))
end)

t.test('the new ones: labels from outside', function()
  local hostile = '</text><script>&"\27[31m\u{202E}\u{FFFE}\xFF' .. ('ж'):rep(200)
  local list = { line(hostile, 1, 2), line(hostile, 2, 1) }
  list[1].points[1].label = hostile
  for _, draw in ipairs { chart.lines, chart.scatter, chart.histogram } do
    for _, about in ipairs { hostile, false } do
      local svg = well_formed(draw {
        title = hostile,
        about = about or nil,
        series = list,
        values = { 1 },
        x = hostile,
        y = draw ~= chart.histogram and hostile or nil,
      })
      t.eq(svg:find('<script>', 1, true), nil)
      t.eq(svg:find('\u{202E}', 1, true), nil)
      t.eq(svg:find('\u{FFFE}', 1, true), nil)
    end
  end
end)

local function seven()
  local list = {}
  for i = 1, 7 do
    list[i] = line('s' .. i, 1)
  end
  return list
end

local function rows(value, more)
  return {
    title = '',
    rows = { { label = 'a', value = 1 }, { label = 'b', value = value, more = more } },
  }
end

local function one(y, x)
  return { title = '', series = { { points = { { x = x or 1, y = y } } } } }
end

t.test('what cannot be drawn is an error that says where', function()
  local refused = {
    { 'bars', rows(0 / 0), 'value of row 2 is not a number %(NaN%)' },
    { 'columns', rows(math.huge), 'value of row 2 is infinite' },
    { 'columns', rows(-1), 'value of row 2 is %-1, and bars begin at 0: draw chart.lines' },
    { 'bars', rows(1, -2), 'more of row 2 is %-2, and bars' },
    { 'bars', rows '3', "value of row 2 is text %('3'%): tonumber" },
    { 'bars', rows(1e300), 'value of row 2 is 1e%+300, beyond what a chart shows' },
    { 'bars', rows(), 'value of row 2 is missing' },
    { 'bars', { title = '', rows = { { value = 1 } } }, 'row 1 has no label' },
    { 'columns', { title = '', rows = { a = 1 } }, 'rows must be a list' },
    { 'columns', { rows = {} }, 'the title is missing' },
    { 'lines', nil, 'expected a table with a title' },
    { 'lines', { title = '', about = 3, series = {} }, 'about is a number, expected a text' },
    { 'lines', { title = '', series = seven() }, '7 series cannot be told apart, at most 6' },
    {
      'scatter',
      { title = '', series = { line(nil, 1), line(nil, 1) } },
      'series 1: it needs a name',
    },
    { 'scatter', one(-0 / 0), 'series 1: y of point 1 is not a number' },
    { 'lines', one(1, -math.huge), 'series 1: x of point 1 is infinite' },
    { 'lines', one(tlab.json.null), 'series 1: y of point 1 is null: leave out' },
    { 'lines', one(-1e16), 'series 1: y of point 1 is %-10,000,000,000,000,000, beyond' },
    { 'scatter', { title = '', series = { { points = { 3 } } } }, 'series 1: point 1 must be { x' },
    { 'lines', { title = '', series = { {} } }, 'series 1: points must be a list' },
    { 'histogram', { title = '', values = { 1 }, bins = 101 }, 'bins must be a whole number' },
    { 'histogram', { title = '', values = { 1, 0 / 0 } }, 'value 2 is not a number' },
    { 'histogram', { title = '', values = 'x' }, 'values must be a list' },
    { 'histogram', { title = '', values = { 1 }, bins = 0 }, 'bins must be a whole number from 1' },
  }
  for _, case in ipairs(refused) do
    local err = t.err(function()
      chart[case[1]](case[2])
    end, 'chart%.' .. case[1] .. ': ' .. case[3])
    t.ok(err:find '^[^:]*chart_test', err) -- the line is the caller's
  end
  local many = {}
  for i = 1, 10001 do
    many[i] = { x = i, y = i, label = 'x', value = 1 }
  end
  t.err(function()
    chart.bars { title = '', rows = many }
  end, '10001 rows are more than a chart shows')
  t.err(function()
    chart.scatter { title = '', series = { { points = many } } }
  end, 'series 1: 10001 points are more')
  many[10001] = nil
  t.err(function()
    chart.scatter { title = '', series = { { name = 'a', points = many }, line('b', 1) } }
  end, '10001 points are more')
end)

return t.done()
