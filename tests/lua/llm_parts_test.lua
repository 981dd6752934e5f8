local t = require 'harness'
require('fake_tlab').install {}
local price = require 'tlab.llm.price'
local retry = require 'tlab.llm.retry'
local sse = require 'tlab.llm.sse'

local function events(bytes, piece)
  local got = {}
  local parser = sse.new(function(data, name)
    got[#got + 1] = name .. '|' .. data
  end)
  for at = 1, #bytes, piece do
    parser:feed(bytes:sub(at, at + piece - 1))
  end
  return got, parser:finish()
end

t.test('events: the same whatever the split, with LF, CR and CRLF', function()
  local source = '\xEF\xBB\xBF: ping\ndata: one\n\nevent: e\ndata:two\ndata:  three\nid: 7\n\n\n'
    .. 'data\n\ndata: ä€😀\n\n'
  local expected = { '|one', 'e|two\n three', '|', '|ä€😀' }
  for _, ending in ipairs { '\n', '\r', '\r\n' } do
    local bytes = source:gsub('\n', ending)
    for piece = 1, #bytes do
      local got, partial = events(bytes, piece)
      t.eq(got, expected, ('%q by %d'):format(ending, piece))
      t.eq(partial, false)
    end
  end
end)

t.test('an event without its empty line is dropped and reported', function()
  local got, partial = events('data: a\n\ndata: b\n', 3)
  t.eq(got, { '|a' })
  t.eq(partial, true)
  t.eq(select(2, events('data: a\n\ndata', 2)), true)
end)

t.test('HTTP dates in their three forms, and back', function()
  for _, s in ipairs {
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  } do
    t.eq(retry.http_date(s), 784111777000, s)
  end
  t.eq(retry.http_date('Thu, 29 Feb 2024 23:59:59 GMT'), 1709251199000)
  t.eq(retry.http_date('Mon, 23 Nov 2026 00:00:00 GMT'), 1795392000000)
  for _, s in ipairs { '', 'soon', 'Sun, 06 Foo 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 8 GMT' } do
    t.eq(retry.http_date(s), nil, s)
  end
  t.eq(retry.show_time(1709251199000), '2024-02-29 23:59:59 UTC')
  t.eq(retry.show_time(0), '1970-01-01 00:00:00 UTC')
  t.eq(retry.show_time(1798761600000), '2027-01-01 00:00:00 UTC')
end)

local now = 1795395499000
local function waits(failures, retries, random)
  local policy, got = retry.new(retries), {}
  for i, failure in ipairs(failures) do
    local function draw()
      return random or 0
    end
    local ms, why = policy:wait(failure, function()
      return now
    end, draw)
    got[i] = ms or why or 'no'
  end
  return got
end
local function status(n, headers, message, kind)
  return { code = 'PROVIDER', status = n, headers = headers, message = message, kind = kind }
end

t.test('backoff doubles up to 8 s, less a quarter at most, four times', function()
  local cut = { code = 'NETWORK', message = 'cut' }
  t.eq(waits { cut, cut, cut, cut, cut }, { 500, 1000, 2000, 4000, 'no' })
  t.eq(waits({ cut, cut, cut, cut, cut, cut }, 5, 1), { 375, 750, 1500, 3000, 6000, 'no' })
  t.eq(waits({ cut }, 0), { 'no' })
end)

t.test('what is worth another try and what is not', function()
  for _, n in ipairs { 408, 409, 429, 500, 502, 503, 504, 529 } do
    t.eq(waits { status(n) }, { 500 }, n)
  end
  for _, n in ipairs { 400, 401, 403, 404, 413, 422, 501, 505 } do
    t.eq(waits { status(n) }, { 'no' }, n)
  end
  for _, code in ipairs { 'REFUSED', 'NOT_FOUND', 'LIMIT', 'NOT_RECORDED', 'PROVIDER' } do
    t.eq(waits { { code = code, message = 'x' } }, { 'no' }, code)
  end
  t.eq(waits { status(429, nil, 'x', 'insufficient_quota') }, { 'no' })
  t.eq(waits { status(429, { { 'x-should-retry', 'false' } }) }, { 'no' })
  t.eq(waits { status(400, { { 'x-should-retry', 'true' } }) }, { 500 })
end)

t.test('a time-out is tried again once, the same 500 once', function()
  local late = { code = 'TIMEOUT', message = 'late' }
  t.eq(waits { late, late }, { 500, 'no' })
  t.eq(waits { status(500, nil, 'a'), status(500, nil, 'a') }, { 500, 'the same answer twice' })
  t.eq(
    waits { status(500, nil, 'a'), status(500, nil, 'b'), status(502, nil, 'b') },
    { 500, 1000, 2000 }
  )
end)

t.test('Retry-After: seconds, date, milliseconds; at least the backoff; a limit', function()
  local function after(value, name)
    return waits({ status(429, { { name or 'retry-after', value } }) })[1]
  end
  t.eq(after '2', 2000)
  t.eq(after '1.5', 1500)
  t.eq(after '0', 500)
  t.eq(after '-5', 500)
  t.eq(after 'soon', 500)
  t.eq(after('250', 'retry-after-ms'), 500)
  t.eq(after('2500', 'retry-after-ms'), 2500)
  t.eq(after 'Mon, 23 Nov 2026 00:58:29 GMT', 10000)
  t.eq(after 'Mon, 23 Nov 2020 00:00:00 GMT', 500)
  t.eq(after '120', 120000)
  t.eq(after '86400', 'it asks to wait until 2026-11-24 00:58:19 UTC')
  t.ok(after('1e300'):find('it asks to wait until 33', 1, true))
end)

t.test('a loading model gets a minute', function()
  local policy, total, n = retry.new(4), 0, 0
  while true do
    local ms, why = policy:wait(status(503, nil, 'Loading model'), function()
      return now
    end, function()
      return 0
    end)
    if not ms then
      t.ok(why:find('loading', 1, true))
      break
    end
    total, n = total + ms, n + 1
  end
  t.ok(total > 50000 and total <= 60000, tostring(total))
  t.ok(n > 5)
end)

t.test('cost: cached tokens apart, unknown is nil', function()
  local p = { input_per_million = 1, output_per_million = 2 }
  t.eq(price.cost(p, { input = 1000000, output = 500000 }), { amount = 2.0, currency = 'USD' })
  p.cached_per_million, p.currency = 0.5, 'EUR'
  t.eq(
    price.cost(p, { input = 1000000, output = 0, cached = 1000000 }),
    { amount = 0.5, currency = 'EUR' }
  )
  t.eq(price.cost(nil, { input = 1, output = 1 }), nil)
  t.eq(price.cost(p, {}), nil)
end)

t.test('the longest name that fits gives the price', function()
  local prices = { ['gpt*'] = { n = 1 }, ['gpt-4o*'] = { n = 2 }, ['gpt-4o'] = { n = 3 } }
  t.eq(price.find(prices, 'gpt-4o').n, 3)
  t.eq(price.find(prices, 'gpt-4o-mini').n, 2)
  t.eq(price.find(prices, 'gpt-3').n, 1)
  t.eq(price.find(prices, 'llama'), nil)
  t.eq(price.find(prices, nil), nil)
  t.eq(price.find(nil, 'llama'), nil)
end)

return t.done()
