local t = require 'harness'
local suggest = require 'host.view.suggest'

t.test('distance counts slips, and a swap of neighbours as one', function()
  t.eq(suggest.distance('replay', 'replay'), 0)
  t.eq(suggest.distance('replay', 'repaly'), 1)
  t.eq(suggest.distance('kitten', 'sitting'), 3)
  t.eq(suggest.distance('', 'abc'), 3)
  t.eq(suggest.distance('größe', 'grösse'), 2)
end)

t.test('the nearest name is offered, a far one is not', function()
  t.eq(
    suggest.text('temperatur', { 'top_p', 'temperature', 'seed' }),
    'did you mean "temperature"?'
  )
  t.eq(suggest.text('xyzzy', { 'top_p', 'temperature', 'seed' }), nil)
  t.eq(suggest.text('Seed', { 'seed' }), 'did you mean "seed"?')
  t.eq(suggest.text('nett', { 'env', 'net', 'read' }), 'did you mean "net"?')
end)

t.test('what has nothing of the word is not near it, however short both are', function()
  t.eq(suggest.near('a', { '_', 'b', 'A' }), { 'A' })
  t.eq(suggest.near('ab', { 'cd', 'b' }), { 'b' })
end)

t.test('a beginning of a name counts as near', function()
  t.eq(suggest.near('temp', { 'temperature', 'tempo', 'seed' }), { 'tempo', 'temperature' })
end)

t.test('equally near names come in alphabetical order', function()
  t.eq(suggest.near('ab', { 'ac', 'aa', 'ad', 'ae' }), { 'aa', 'ac', 'ad' })
end)

t.test('huge and non-UTF-8 words are left alone', function()
  t.eq(suggest.near(('a'):rep(1000), { 'a' }), {})
  t.eq(suggest.near('\xff', { 'a' }), {})
end)

return t.done()
