local t = require 'harness'
local period = require 'host.store.period'
local tree = require 'host.store.tree'

local NOW = tree.parse_iso '2026-11-23T06:05:04.321Z'

local function said(fn, text)
  local from, to = fn(text, NOW)
  return from and { tree.iso(from), tree.iso(to) } or to
end

t.test('days, months, years and moments', function()
  for text, span in pairs {
    ['2026-10-03'] = { '2026-10-03T00:00:00.000Z', '2026-10-04T00:00:00.000Z' },
    ['2024-02-29'] = { '2024-02-29T00:00:00.000Z', '2024-03-01T00:00:00.000Z' },
    ['2026-10'] = { '2026-10-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z' },
    ['2026-12'] = { '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z' },
    ['2026'] = { '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z' },
    ['today'] = { '2026-11-23T00:00:00.000Z', '2026-11-24T00:00:00.000Z' },
    ['yesterday'] = { '2026-11-22T00:00:00.000Z', '2026-11-23T00:00:00.000Z' },
    ['2026-10-03T12:30'] = { '2026-10-03T12:30:00.000Z', '2026-10-03T12:30:00.000Z' },
    ['2026-10-03 12:30:05'] = { '2026-10-03T12:30:05.000Z', '2026-10-03T12:30:05.000Z' },
    ['2026-10-03T12:30:05.250Z'] = { '2026-10-03T12:30:05.250Z', '2026-10-03T12:30:05.250Z' },
    ['90m'] = { '2026-11-23T04:35:04.321Z', '2026-11-23T04:35:04.321Z' },
    ['12h'] = { '2026-11-22T18:05:04.321Z', '2026-11-22T18:05:04.321Z' },
    ['7d'] = { '2026-11-16T06:05:04.321Z', '2026-11-16T06:05:04.321Z' },
    ['2w'] = { '2026-11-09T06:05:04.321Z', '2026-11-09T06:05:04.321Z' },
  } do
    t.eq(said(period.span, text), span, text)
  end
end)

t.test('what is no time says what is one', function()
  for _, text in ipairs {
    '',
    'x',
    '2026-02-30',
    '2026-13',
    '2026-1-1',
    '26',
    '2026-10-03T25:00',
    '2026-10-03T12',
    '2026-10-03T12:30+02:00',
    '7',
    '7y',
    '12345d',
    '-1d',
    'tomorrow',
    '2026-10-03\n',
  } do
    t.ok(tostring(said(period.span, text)):find('expected, in UTC', 1, true), text)
    t.ok(tostring(said(period.days, text)):find('expected, in UTC', 1, true), text)
  end
end)

t.test('days of a log are whole', function()
  for text, span in pairs {
    ['today'] = { '2026-11-23', '2026-11-24' },
    ['7d'] = { '2026-11-17', '2026-11-24' },
    ['1d'] = { '2026-11-23', '2026-11-24' },
    ['2w'] = { '2026-11-10', '2026-11-24' },
    ['2026-10'] = { '2026-10-01', '2026-11-01' },
    ['2026-10-01..2026-10-07'] = { '2026-10-01', '2026-10-08' },
    ['2026-09..2026-10'] = { '2026-09-01', '2026-11-01' },
    ['yesterday..'] = { '2026-11-22', '2026-11-24' },
    ['2026-10-03T12:30'] = { '2026-10-03', '2026-10-04' },
    ['2026-10-03T12:30..2026-10-03T13:00'] = { '2026-10-03', '2026-10-04' },
  } do
    local found = said(period.days, text)
    t.eq({ found[1]:sub(1, 10), found[2]:sub(1, 10) }, span, text)
    t.ok(found[1]:find 'T00:00:00.000Z$' and found[2]:find 'T00:00:00.000Z$', text)
  end
  t.ok(tostring(said(period.days, '..2026-10-01')):find('expected', 1, true))
  t.ok(tostring(said(period.days, '2026-10-01..x')):find('expected', 1, true))
end)

return t.done()
