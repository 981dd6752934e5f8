local t = require 'harness'
local tree = require 'host.store.tree'

-- Days since the epoch, counted apart from the code: year by year, month by month.
local function leap(y)
  return y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0)
end
local LENGTH = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

t.test('every day from 1970 to 2400 both ways', function()
  local n = 0
  for year = 1970, 2400 do
    for month = 1, 12 do
      local last = LENGTH[month] + ((month == 2 and leap(year)) and 1 or 0)
      for day = 1, last do
        if tree.days(year, month, day) ~= n then
          error(
            string.format(
              '%d-%d-%d is day %d, not %d',
              year,
              month,
              day,
              n,
              tree.days(year, month, day)
            )
          )
        end
        local y, m, d = tree.civil(n)
        if y ~= year or m ~= month or d ~= day then
          error(string.format('day %d is %d-%d-%d, not %d-%d-%d', n, year, month, day, y, m, d))
        end
        n = n + 1
      end
    end
  end
end)

t.test('known moments (RFC 3339 section 5.8, RFC 7231, leap days)', function()
  for _, row in ipairs {
    { 0, '1970-01-01T00:00:00.000Z' },
    { 482196050520, '1985-04-12T23:20:50.520Z' },
    { 851042397000, '1996-12-20T00:39:57.000Z' },
    { 784111777000, '1994-11-06T08:49:37.000Z' },
    { 951782399999, '2000-02-28T23:59:59.999Z' },
    { 951782400000, '2000-02-29T00:00:00.000Z' },
    { 1709164800000, '2024-02-29T00:00:00.000Z' },
    { 4107542400000, '2100-03-01T00:00:00.000Z' },
    { 13569465600000, '2400-01-01T00:00:00.000Z' },
    { -1, '1969-12-31T23:59:59.999Z' },
  } do
    t.eq(tree.iso(row[1]), row[2])
    t.eq(tree.parse_iso(row[2]), row[1])
  end
end)

t.test('what is no date is refused', function()
  for _, text in ipairs {
    '2023-02-29T00:00:00.000Z',
    '2100-02-29T00:00:00.000Z',
    '2024-04-31T00:00:00.000Z',
    '2024-13-01T00:00:00.000Z',
    '2024-00-01T00:00:00.000Z',
    '2024-01-00T00:00:00.000Z',
    '2024-01-01T24:00:00.000Z',
    '2024-01-01T00:60:00.000Z',
    '2024-01-01T00:00:61.000Z',
    '2024-01-01T00:00:00Z',
    '2024-01-01 00:00:00.000Z',
    '',
    'x',
  } do
    t.eq(tree.parse_iso(text), nil, text)
  end
  t.ok(tree.valid(2024, 2, 29))
  t.ok(not tree.valid(2023, 2, 29))
end)

t.test('folders and run names', function()
  local ms = tree.parse_iso '2026-11-22T12:03:01.123Z'
  t.eq(tree.day_folder(ms), '2026/11/22')
  local id = '3f9a2c1b' .. ('0'):rep(56)
  t.eq(tree.run_name(ms, 'demo', id), '120301Z-demo-3f9a2c1b')
  local time, name, id8 = tree.split_run_name '120301Z-my-demo-3f9a2c1b'
  t.eq({ time, name, id8 }, { '120301Z', 'my-demo', '3f9a2c1b' })
  for _, no in ipairs { 'x', '120301-demo-3f9a2c1b', '120301Z-demo-3f9a', '120301Z--3f9a2c1' } do
    t.eq(tree.split_run_name(no), nil, no)
  end
end)

t.test('a name is always one safe path component', function()
  for _, row in ipairs {
    { 'demo', 'demo' },
    { '../../x', 'x' },
    { 'a\nb', 'a-b' },
    { '-rf', 'rf' },
    { '', 'run' },
    { '\u{202e}abc', 'abc' },
    { ('a'):rep(300), ('a'):rep(64) },
    { 'CON.txt', 'con-txt' },
    { '...', 'run' },
  } do
    t.eq(tree.slug(row[1]), row[2])
  end
end)

return t.done()
