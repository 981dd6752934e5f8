--- Widths, the table of runs and the days of the log.
local t = require 'harness'
local log_view = require 'host.view.log'
local runs_view = require 'host.view.runs'
local width = require 'host.view.width'

local BIG = 'x' .. ('é'):rep(5000000)

local function run(more)
  return t.with({
    id = ('ab'):rep(32),
    started = '2026-10-03T10:00:00.000Z',
    recipe = 'ai',
    status = 'succeeded',
    seconds = '3.25',
    folder = 'f',
  }, more)
end

t.test('what is hidden is shown, what is not UTF-8 too', function()
  for text, plain in pairs {
    ['plain ~'] = 'plain ~',
    ['größe 良'] = 'größe 良',
    ['a\27[31mb'] = 'a\\x1b[31mb',
    ['a\nb\tc\127'] = 'a\\x0ab\\x09c\\x7f',
    ['\u{202e}x'] = '\\u{202e}x',
    ['\u{9b}'] = '\\u{9b}',
    ['a\xffb\xc3'] = 'a\\xffb\\xc3',
    ['\xed\xa0\x80'] = '\\xed\\xa0\\x80',
    [''] = '',
  } do
    t.eq(width.plain(text), plain)
  end
end)

t.test('places of a line', function()
  for text, places in pairs {
    abc = 3,
    ['größe'] = 5,
    ['良い'] = 4,
    ['🙂'] = 2,
    ['e\u{301}'] = 1,
  } do
    t.eq(width.of(text), places, text)
  end
  t.eq(width.fit('良い天気', 8), '良い天気')
  t.eq(width.fit('良い天気', 7), '良い天…')
  t.eq(width.fit('良い天気', 6), '良い…')
  t.eq(width.fit('abc', 1), '…')
  t.eq(width.fit('abc', 0), '')
end)

local ROWS = {
  run { tags = 'a b', note = ('良い '):rep(40), models = 'smollm2-135m', tokens_in = '75' },
  run { status = 'interrupted', cost = '0.5', currency = 'USD', note = '\27[31mred\u{202e}\xff' },
  run { recipe = 'a-very-long-name-of-a-recipe', error = 'TIMEOUT', note = BIG },
}

t.test('no line is wider than the terminal, and the id is always whole', function()
  for columns = 8, 200 do
    local text = runs_view.text(ROWS, { columns = columns })
    local lines = 0
    for line in text:gmatch '[^\n]+' do
      t.ok(width.of(line) <= columns, columns .. ': ' .. line)
      lines = lines + 1
    end
    t.eq(lines, 4)
    t.ok(text:find('\nabababab', 1, true))
    t.ok(not text:find('\27', 1, true))
  end
end)

t.test('columns are left out in the order of what they tell', function()
  local function heads(columns)
    return (runs_view.text(ROWS, { columns = columns }):match('^[^\n]+'):gsub('%s+', ' '))
  end
  t.eq(heads(20), 'ID RECIPE')
  t.eq(heads(21), 'ID STATUS')
  t.eq(heads(30), 'ID RECIPE STATUS')
  t.eq(heads(200), 'ID STARTED RECIPE STATUS TOOK MODEL TOKENS COST TAGS ERROR NOTE')
  t.eq(heads(nil), 'ID STARTED RECIPE STATUS TOOK MODEL TOKENS COST TAGS ERROR NOTE')
end)

t.test('a value of ten megabytes is cut, with a mark', function()
  local text = runs_view.text(ROWS)
  t.ok(#text < 2000)
  t.ok(text:find('é…\n', 1, true))
end)

t.test('a row of which only what sorts it is there', function()
  local row = { id = ('0'):rep(64), started = '2026-10-03T10:00:00.000Z' }
  t.ok(runs_view.text({ row }, { columns = 40 }):find('00000000  2026-10-03 10:00', 1, true))
  local sum = log_view.new '2026-10-03'
  log_view.add(sum, row)
  t.ok(log_view.text(sum):find('^2026%-10%-03  1 run\n'))
end)

t.test('a day: its sum, its runs and what was said of them', function()
  local sum = log_view.new '2026-10-03'
  log_view.add(
    sum,
    run {
      seconds = 3.25,
      models = { 'm' },
      tags = { 'a', 'b' },
      tokens_in = 5,
      tokens_out = 6,
      cost = 0.25,
      currency = 'USD',
    }
  )
  log_view.add(
    sum,
    run {
      started = '2026-10-03T23:59:00.000Z',
      status = 'failed',
      seconds = 'odd',
      tokens_in = 1.5,
      cost = 1,
      currency = 'EUR',
      note = 'x\27y ' .. ('良'):rep(1000),
    }
  )
  local lines = {}
  for line in log_view.text(sum):gmatch '[^\n]+' do
    lines[#lines + 1] = line
  end
  t.eq(lines[1], '2026-10-03  2 runs, 1 failed, 5 + 6 tokens, 1 EUR, 0.25 USD')
  t.eq(lines[2], '  10:00  abababab  ai  succeeded  3.2 s  m')
  t.eq(lines[3], '         # a b')
  t.eq(lines[4], '  23:59  abababab  ai  failed')
  t.ok(lines[5]:find('^         x\\x1by 良'))
  t.ok(lines[5]:find('…  (all of it: tlab show abababab)', 1, true))
  t.eq(#lines, 5)
end)

return t.done()
