local t = require 'harness'
local date = require 'tlab.date'

t.test('a moment is read, of a day its first second', function()
  for text, expected in pairs {
    ['1970-01-01'] = 0,
    ['2026-10-03'] = 1790985600,
    ['2026-10-03T00:00:00Z'] = 1790985600,
    ['2026-10-03t02:00:00+02:00'] = 1790985600,
    ['2026-10-02 18:30:00-05:30'] = 1790985600,
    ['2026-10-03T00:00:01.5z'] = 1790985601,
    ['2016-12-31T23:59:60Z'] = 1483228800,
    ['0000-01-01T00:00:00Z'] = -62167219200,
  } do
    t.eq(date.seconds(text), expected, text)
  end
  t.eq({ date.seconds '2026-10-03' }, { 1790985600, true })
  t.eq({ date.seconds '1970-01-01T00:00:00Z' }, { 0, false })
end)

t.test('what is no moment', function()
  for _, text in ipairs {
    '',
    'yesterday',
    '2026-02-30',
    '2026-10-03T',
    '2026-10-03T12:00Z',
    '2026-10-03T12:00:00',
    '2026-10-03T24:00:00Z',
    '2026-10-03T12:60:00Z',
    '2026-10-03T12:00:61Z',
    '2026-10-03T12:00:00+2:00',
    '2026-10-03T12:00:00Zx',
    '2026-02-30T12:00:00Z',
    ' 2026-10-03',
  } do
    t.eq(date.seconds(text), nil, text)
  end
end)

t.test('a moment is written, the nearest that can be', function()
  t.eq(date.moment(1790985661), '2026-10-03T00:01:01Z')
  t.eq(date.moment(-1), '1969-12-31T23:59:59Z')
  t.eq(date.moment(1 << 50):sub(1, 10), '9999-12-31')
  t.eq(date.moment(-(1 << 50)):sub(1, 10), '0000-01-01')
end)

t.test('weekdays', function()
  t.eq(date.weekday(date.parse '2026-10-03'), 'Saturday')
  t.eq(date.weekday(0), 'Thursday')
  t.eq(date.weekday_number(date.parse '2026-10-05'), 0)
  t.eq(date.weekday_number(-1), 2)
end)

-- What Python's date.isocalendar() says.
t.test('weeks by ISO 8601', function()
  for day, week in pairs {
    ['2026-01-01'] = '2026-W01',
    ['2025-12-29'] = '2026-W01',
    ['2025-12-28'] = '2025-W52',
    ['2026-12-31'] = '2026-W53',
    ['2027-01-01'] = '2026-W53',
    ['2027-01-03'] = '2026-W53',
    ['2027-01-04'] = '2027-W01',
    ['2024-12-30'] = '2025-W01',
    ['2020-12-31'] = '2020-W53',
    ['2021-01-03'] = '2020-W53',
    ['2026-11-23'] = '2026-W48',
    ['1970-01-01'] = '1970-W01',
    ['2000-02-29'] = '2000-W09',
  } do
    local days = date.parse(day)
    t.eq(date.week(days), week, day)
    local monday = date.week_start(week)
    t.eq(date.weekday(monday), 'Monday', week)
    t.ok(monday <= days and days < monday + 7, week)
  end
  t.eq(date.format(date.week_start '2026-W48'), '2026-11-23')
  t.eq(date.format(date.week_start '2026-W53'), '2026-12-28')
  for _, text in ipairs { '2025-W53', '2026-W00', '2026-W54', '2026-W7', '2026W48', 'W48', '' } do
    t.eq(date.week_start(text), nil, text)
  end
end)

return t.done()
