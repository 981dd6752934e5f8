local t = require 'harness'
require('fake_tlab').install {}
local show = require 'tlab.repl.show'

local function shown(value, expected, wide)
  t.eq(show.value(value, wide), expected)
end

t.test('scalars as Lua writes them', function()
  shown(1, '1')
  shown(1.0, '1.0')
  shown(1 / 0, 'inf')
  shown(true, 'true')
  shown(nil, 'nil')
  shown(print, '<function>')
  shown(coroutine.create(print), '<thread>')
  shown(tlab.json.null, 'tlab.json.null')
end)

t.test('strings in quotes, with nothing that a terminal obeys', function()
  shown("it's", '"it\'s"')
  shown('both \' and "', "'both \\' and \"'")
  shown('a\n\t\r\\', "'a\\n\\t\\r\\\\'")
  shown('\27[31mred\7\0', "'\\x1b[31mred\\x07\\x00'")
  shown('caf\u{e9} \xff\u{202e}', "'caf\u{e9} \\xff\\u{202e}'")
end)

t.test('a long string is cut between two characters, and its size told', function()
  shown('a' .. ('\u{e9}'):rep(1000), "'a" .. ('\u{e9}'):rep(999) .. "'… (2001 bytes)")
  shown(('x'):rep(1 << 20), "'" .. ('x'):rep(2000) .. "'… (1048576 bytes)")
end)

t.test('what is shown of a string or table is Lua that means the same', function()
  local value = { 'a\n\27\xff"\'', [0] = -1, x = { y = 1.5, ['end'] = true, ['a b'] = '' } }
  local again = assert(load('return ' .. show.value(value)))()
  t.eq(again, value)
end)

t.test('tables in order: list, numbers, names', function()
  shown({}, '{}')
  shown({ 1, 2, 'x' }, "{ 1, 2, 'x' }")
  shown(
    { b = 1, a = 2, [10] = 3, 'one', [true] = 4 },
    "{ 'one', [10] = 3, a = 2, b = 1, [true] = 4 }"
  )
end)

t.test('what does not fit on a line has a line for each item', function()
  shown({ a = { 1, 2 }, b = 'x' }, "{\n  a = { 1, 2 },\n  b = 'x',\n}", 20)
  shown(
    { a = { b = { c = 'a long text' } } },
    "{\n  a = {\n    b = {\n      c = 'a long text',\n    },\n  },\n}",
    20
  )
end)

t.test('a line is never wider than the terminal, if an item is not', function()
  local list = {}
  for i = 1, 60 do
    list[i] = i
  end
  for _, wide in ipairs { 20, 33, 80 } do
    for line in show.value({ list = list, more = { list } }, wide):gmatch '[^\n]+' do
      t.ok(#line <= wide, wide .. ': ' .. line)
    end
  end
end)

t.test('many short items share lines', function()
  local list = {}
  for i = 1, 40 do
    list[i] = i
  end
  local text = show.value(list, 40)
  t.eq(select(2, text:gsub('\n', '')), 6, text)
end)

t.test('East Asian text counts two places a character', function()
  shown(
    { '\u{4e2d}\u{6587}\u{5b57}', 'abcdefg' },
    "{\n  '\u{4e2d}\u{6587}\u{5b57}',\n  'abcdefg',\n}",
    22
  )
  shown({ 'abc', 'abcdefg' }, "{ 'abc', 'abcdefg' }", 20)
end)

t.test('a cycle is named by the way to it; the same table twice is shown twice', function()
  local a = { x = {} }
  a.x.up, a.me = a, a
  shown(a, '{ me = <_ again>, x = { up = <_ again> } }')
  local list = { { {} } }
  list[1][1].back = list[1]
  shown(list, '{ { { back = <_[1] again> } } }')
  local twice = { 1 }
  shown({ twice, twice }, '{ { 1 }, { 1 } }')
end)

t.test('depth, items and all of it have limits', function()
  local deep = {}
  local at = deep
  for _ = 1, 100 do
    at.d = {}
    at = at.d
  end
  local text = show.value(deep, 200)
  t.ok(text:find('{…}', 1, true), text)
  t.eq(select(2, text:gsub('d =', '')), 8)
  local many = {}
  for i = 1, 100000 do
    many[i] = i
  end
  t.ok(show.value(many):find('… 99900 more', 1, true))
  local wide = {}
  for i = 1, 100 do
    wide[i] = { twice = many, again = many }
  end
  t.ok(#show.value(wide) < 20000)
  local bush = {}
  for _ = 1, 60 do
    bush = { bush, bush }
  end
  t.ok(#show.value(bush) < 40000)
end)

t.test('keys without an order are told, not shown', function()
  shown({ [{}] = 1 }, '{ … keys that have no order }')
end)

t.test('what has a text of its own is shown by it, cleaned; one that fails is named', function()
  shown(
    setmetatable({}, {
      __tostring = function()
        return 'own\27\n'
      end,
    }),
    'own\\x1b\\n'
  )
  shown(setmetatable({}, { __tostring = error }), '<table whose __tostring fails>')
  shown(setmetatable({ 1 }, { __index = error }), '{ 1 }')
  shown(setmetatable({ 1 }, { __pairs = error }), '{ 1 }')
  shown(setmetatable({ 1 }, { __name = 'called run' }), '{ 1 }')
  local _, err = require('core').fs.read '/nowhere/at/all'
  t.ok(not show.value(err):find '^{', show.value(err))
end)

t.test('several values, one below the other', function()
  t.eq(show.values(table.pack(1, nil, 'x')), "1\nnil\n'x'")
  t.eq(show.values(table.pack()), nil)
  t.eq(show.values(table.pack(nil)), 'nil')
  local text = show.values(table.pack(table.unpack({}, 1, 150)))
  t.ok(text:find '50 more values$', text)
end)

return t.done()
