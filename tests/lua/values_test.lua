--- What of a spec the index can be asked for.
local t = require 'harness'
local values = require 'host.manifest.values'

t.test('scalars by dotted name', function()
  local found = values.of {
    n = 3,
    model = { name = 'smollm2', params = { temperature = 0.5, stream = false } },
    list = { 1, 2 },
    [''] = 'no name',
  }
  t.eq(found, {
    n = 3,
    ['model.name'] = 'smollm2',
    ['model.params.temperature'] = 0.5,
    ['model.params.stream'] = false,
  })
end)

t.test('long texts and names are left out', function()
  local long = ('x'):rep(201)
  t.eq(values.of { a = long, [long] = 1, b = ('y'):rep(200) }, { b = ('y'):rep(200) })
end)

t.test('at most 64, by name', function()
  local spec, count = {}, 0
  for i = 1, 100 do
    spec[('k%03d'):format(i)] = i
  end
  local found = values.of(spec)
  for _ in pairs(found) do
    count = count + 1
  end
  t.eq(count, 64)
  t.eq(found.k064, 64)
  t.eq(found.k065, nil)
end)

t.test('a spec without any has no values', function()
  t.eq(values.of {}, nil)
  t.eq(values.of { a = { 1 } }, nil)
  t.eq(values.of 'text', nil)
end)

return t.done()
