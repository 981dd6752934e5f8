local t = require 'harness'
require('fake_tlab').install {}
local look = require 'tlab.repl.look'

local function never()
  error 'a metamethod was called'
end

local csv = { decode = function() end, encode = function() end }
local env = {
  points = { left = 1, length = 2, ['no name'] = 3, [1] = 4, top = 5 },
  csv = csv,
  text = 'abc',
  child = setmetatable(
    { own = 1 },
    { __index = setmetatable({ of_parent = 2 }, { __index = csv }) }
  ),
  trap = setmetatable({ seen = 1 }, { __index = never, __len = never, __eq = never }),
  walker = setmetatable({ a = 1 }, { __pairs = never }),
  odd = { [{}] = 1, a = 2 },
  format = string.format,
}
env.points.again = env.points
local answer = look.of(env, { ['tlab.csv'] = csv })

local function names(prefix, ...)
  local found = {}
  for i, each in ipairs(answer { way = { ... }, prefix = prefix }) do
    found[i] = each.name
  end
  return found
end

t.test('names that begin so, and of what type', function()
  t.eq(answer { way = {}, prefix = 'cs' }, { { name = 'csv', type = 'table' } })
  t.eq(names('le', 'points'), { 'left', 'length' })
  t.eq(names('', 'points'), { 'again', 'left', 'length', 'top' })
  t.eq(names('t', 'points', 'again', 'again'), { 'top' })
  t.eq(names('x', 'nothing', 'here'), {})
  t.eq(names('', 'points', 'left'), {})
end)

t.test('what is inherited counts, a method of a string too', function()
  t.eq(names('', 'child'), { 'own', 'of_parent', 'decode', 'encode' })
  t.eq(names('rev', 'text'), { 'reverse' })
  t.eq(names('', 'child', 'of_parent'), {})
end)

t.test('no metamethod is called, and no table is walked that has its own way', function()
  t.eq(names('', 'trap'), { 'seen' })
  t.eq(names('', 'trap', 'missing'), {})
  t.eq(names('', 'walker'), {})
  t.eq(names('', 'odd'), {})
  t.eq(answer({ way = { 'trap' } }).type, 'table')
end)

t.test('of many names a part is told; a circle ends', function()
  env.many = {}
  for i = 1, 2000 do
    env.many['n' .. i] = i
  end
  t.eq(#names('', 'many'), 500)
  local circle = {}
  env.circle = setmetatable(circle, { __index = circle })
  t.eq(names('a', 'circle'), {})
end)

t.test('where a value is from', function()
  local function of(...)
    return answer { way = { ... } }
  end
  t.eq(of 'csv', { type = 'table', origin = 'tlab.csv' })
  t.eq(of('csv', 'decode').origin, 'tlab.csv.decode')
  t.eq(of('format').origin, 'string.format')
  t.eq(of 'points', { type = 'table' })
  t.eq(of('points', 'left'), { type = 'number' })
  t.eq(of 'nothing', { type = 'nil' })
end)

return t.done()
