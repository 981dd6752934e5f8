local t = require 'harness'
local core = require 'core'
local value = require 'host.spec.value'

t.test('kinds', function()
  for _, case in ipairs {
    { 1, 'integer' },
    { 1.0, 'integer' },
    { 1.5, 'number' },
    { 1e300, 'integer' },
    { math.huge, 'number' },
    { 0 / 0, 'number' },
    { 'x', 'string' },
    { true, 'boolean' },
    { core.json.null, 'null' },
    { {}, 'object' },
    { core.json.array {}, 'array' },
    { { 1 }, 'array' },
    { { a = 1 }, 'object' },
  } do
    t.eq(value.kind(case[1]), case[2])
  end
  t.eq(value.kind(nil), nil)
  t.eq(value.kind(print), nil)
end)

t.test('pointers there and back', function()
  t.eq(value.steps '/a~1b/~01//0', { 'a/b', '~1', '', '0' })
  t.eq(value.steps '', {})
  t.eq(value.steps 'a', nil)
  t.eq(value.steps '/~2', nil)
  t.eq(value.steps '/a~', nil)
  t.eq(value.at({ a = { 5, 6 } }, '/a/1'), 6)
  for _, pointer in ipairs { '/a/2', '/a/01', '/a/-1', '/a/x', '/b/c', '/a/0/0', 'a', '/a~' } do
    t.eq(value.at({ a = { 5, 6 } }, pointer), nil, pointer)
  end
end)

t.test('values are shown short', function()
  t.eq(value.show(('é'):rep(40)), '"' .. ('é'):rep(40) .. '"')
  t.eq(value.show(('é'):rep(41)), '"' .. ('é'):rep(37) .. '…"')
  t.eq(value.show '\xff', '"bytes"')
  t.eq(value.show(core.json.array {}), '[]')
  t.eq(value.show { 1, 2 }, 'a list of 2')
  t.eq(value.show {}, '{}')
  t.eq(value.show { a = 1 }, 'an object')
  t.eq(value.show(7), '7')
  t.eq(value.show(7.0), '7')
  t.eq(value.show(0.1), '0.1')
  t.eq(value.show(1 / 3), '0.3333333333333333')
  t.eq(value.show(nil), 'nil')
end)

return t.done()
