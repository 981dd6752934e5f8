-- The parts of charts: axes, legends, bins, and what is said of them.
local t = require 'harness'
require('fake_tlab').install {}
local chart = require 'tlab.chart'
local help = require 'chart_help'
local count, line = help.count, help.line

local function ticks(svg, anchor)
  local list = {}
  for tick in svg:gmatch('text%-anchor="' .. anchor .. '">([^<]*)<') do
    list[#list + 1] = tick
  end
  return list
end

t.test(
  'axes end at round numbers; 0 is on the upright one where it costs less than half',
  function()
    local function axes(...)
      local svg = chart.lines { title = '', series = { line(nil, ...) }, x = 'day' }
      t.eq(count(svg, 'class="rule"'), #ticks(svg, 'end') + #ticks(svg, 'middle') - 1)
      return { ticks(svg, 'middle'), ticks(svg, 'end') }
    end
    t.eq(axes(2, 10, 4), { { '1', '2', '3', 'day' }, { '0', '2', '4', '6', '8', '10' } })
    t.eq(axes(100, 103), { { '1', '2', 'day' }, { '100', '101', '102', '103' } })
    t.eq(axes(-2, -10)[2], { '-10', '-8', '-6', '-4', '-2', '0' })
    t.eq(axes(-100, -103)[2], { '-103', '-102', '-101', '-100' })
    t.eq(axes(5, 10)[2], { '5', '6', '7', '8', '9', '10' })
    t.eq(axes(0.25, 0.75)[2], { '0.0', '0.2', '0.4', '0.6', '0.8' })
  end
)

t.test('a legend: a dash only beside lines, a second row where one is full', function()
  local function places(names, draw)
    local list = {}
    for i, name in ipairs(names) do
      list[i] = line(name, i)
    end
    local svg, ys = draw { title = '', series = list }, {}
    for x, y in svg:gmatch '<text x="([%d.]+)" y="([%d.]+)">' do
      t.ok(tonumber(x) < 700)
      ys[#ys + 1] = tonumber(y)
    end
    return ys, count(svg, ' line"')
  end
  t.eq({ places({ 'a', 'b', 'c' }, chart.scatter) }, { { 48, 48, 48 }, 0 })
  t.eq({ places({ 'a', 'b', 'c' }, chart.lines) }, { { 48, 48, 48 }, 3 }) -- no lines of one point
  local long = ('x'):rep(38)
  t.eq({ places({ long, long, long }, chart.scatter) }, { { 48, 48, 68 }, 0 })
end)

t.test('a histogram: bars as high as their counts, side by side, told in words', function()
  local svg = chart.histogram { title = '', values = { 1, 2, 2, 3 }, bins = 3 }
  local bars = {}
  for x, y, width, height in
    svg:gmatch 'class="bar" x="(%S+)" y="(%S+)" width="(%S+)" height="(%S+)"'
  do
    bars[#bars + 1] = { x + 0, y + 0, width + 0, height + 0 }
  end
  t.eq(bars[1][4], bars[3][4])
  t.eq(bars[2][4], 2 * bars[1][4])
  for i, bar in ipairs(bars) do
    t.eq(bar[2] + bar[4], 316.0)
    t.ok(bar[3] > 100 and (i == 1 or bar[1] > bars[i - 1][1] + bars[i - 1][3]))
  end
  local about = '4 values; 1 to below 2: 1; 2 to below 3: 2; 3 to below 4: 1'
  t.ok(svg:find('<desc id="desc">' .. about .. '</desc>', 1, true))
  t.eq(ticks(svg, 'middle'), { '1', '2', '3', '4' })
end)

t.test('a histogram: a value just below a border, where division rounds up', function()
  local near =
    chart.histogram { title = '', values = { 2.9999999999999997e-06, 7.5e-06 }, bins = 5 }
  t.ok(near:find('<title>0.000002 to below 0.000003: 1</title>', 1, true))
  for i = 1, 99 do
    local border = tonumber(('%de-2'):format(i))
    local values = { 0, 0.999, border * (1 - 2 ^ -52), border }
    local svg = chart.histogram { title = '', values = values, bins = 100 }
    local form = i == 1 and '<title>0.00 to below 0.01: 2' or '<title>%.2f to below %.2f: 1'
    t.ok(svg:find(form:format((i - 1) / 100, i / 100), 1, true), i)
  end
end)

t.test('how many bins, by the number of values', function()
  for n, bins in pairs { [1] = 2, [8] = 4, [9] = 5, [1024] = 11 } do
    local values = {}
    for i = 1, n do
      values[i] = (i - 1) * bins / n + 0.001 -- so that as many steps of 1 are needed
    end
    local svg = chart.histogram { title = '', values = values }
    t.eq(count(svg, 'class="bar"'), bins, n)
  end
end)

t.test('what is there is not said to be missing; many rows are named in part', function()
  local many, values = {}, {}
  for i = 1, 14 do
    many[i], values[i] = { label = 'r' .. i, value = i }, i
  end
  for _, svg in ipairs {
    chart.bars { title = '', rows = many },
    chart.columns { title = '', rows = many },
    chart.lines { title = '', series = { line('a', 1) } },
    chart.histogram { title = '', values = values, bins = 14 },
  } do
    t.eq(svg:find('no data', 1, true), nil)
  end
  local columns = chart.columns { title = '', rows = many }
  t.ok(columns:find('; r12: 12; and 2 more</desc>', 1, true))
  t.eq(ticks(columns, 'middle'), { 'r1', 'r3', 'r5', 'r7', 'r9', 'r11', 'r13' })
end)

return t.done()
