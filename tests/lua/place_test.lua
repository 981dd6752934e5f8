local t = require 'harness'
local place = require 'host.spec.place'

local TEXT = [[
{
  "a/b": 1, "s": "x \" } ]",
  "list": [ 1, { "k": [true,
    null] } ],
  "e": {}, "f": [], "é\u00e9": -1.5e3
}
]]

local function at(pointer)
  local position = place.positions(TEXT)[pointer]
  if position then
    local line, column = place.line(TEXT, position)
    return line .. ':' .. column
  end
end

t.test('each key and item has its line and column', function()
  t.eq(at '', '1:1')
  t.eq(at '/a~1b', '2:3')
  t.eq(at '/s', '2:13')
  t.eq(at '/list/0', '3:13')
  t.eq(at '/list/1/k', '3:18')
  t.eq(at '/list/1/k/1', '4:5')
  t.eq(at '/f', '5:12')
  t.eq(at '/éé', '5:21')
  t.eq(at '/nothing', nil)
end)

t.test('empty and escaped strings end where they end', function()
  local text = '{"":1,"a\\\\":"","b\\"":"\\\\","c":2}'
  local found = place.positions(text)
  t.eq(found['/'], 2)
  t.eq(text:sub(found['/a\\'], found['/a\\'] + 4), '"a\\\\"')
  t.eq(text:sub(found['/c']), '"c":2}')
  t.ok(found['/b"'])
end)

t.test('a bare value and a broken text end', function()
  t.eq(place.positions('5')[''], 1)
  for i = 1, #TEXT do
    place.positions(TEXT:sub(1, i))
  end
end)

t.test('the caret stands under the column', function()
  t.eq(place.caret('{\n\t"a" 1\n}', 2, 6), { '   2 |  "a" 1', '     |      ^' })
  t.eq(place.caret(('x'):rep(500), 1, 3), {})
end)

return t.done()
