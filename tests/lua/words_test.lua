local t = require 'harness'
local core = require 'core'
local words = require 'host.spec.words'

local function sets(list)
  return t.ok(words.parse(list)).sets
end

--- The spec that words make of a start value, as canonical JSON.
local function made(list, types, start)
  local spec = core.json.decode(start or '{}')
  local ok, err = words.apply(spec, sets(list), function(pointer)
    return types and types[pointer]
  end)
  return ok and core.json.encode(spec) or err
end

t.test('a file, standard input and settings are told apart', function()
  t.eq(words.parse({ 'spec.json' }).file, 'spec.json')
  t.eq(words.parse({ '-' }).file, '-')
  t.eq(words.parse({ 'spec=a=b.json' }).file, 'a=b.json')
  t.eq(words.parse({ './a=b.json' }).file, './a=b.json')
  t.eq(words.parse({ 'limit=10' }).file, nil)
  t.eq(sets({ 'url=http://a/?b=c' })[1].text, 'http://a/?b=c')
  t.eq(sets({ 'a.b:=[1]' })[1].pointer, '/a/b')
end)

t.test('wrong words are usage errors', function()
  for _, case in ipairs {
    { { 'a.json', 'b.json' }, 'two spec files' },
    { { '--nope' }, 'unknown option' },
    { { 'spec=' }, 'empty' },
    { { 'a..b=1' }, 'empty part' },
  } do
    local parsed, err = words.parse(case[1])
    t.eq(parsed, nil)
    t.eq(err.code, 'USAGE')
    t.ok(err.message:find(case[2]), err.message)
  end
end)

t.test('the schema decides what a text is', function()
  local types = {
    ['/name'] = { string = true },
    ['/n'] = { integer = true },
    ['/stop'] = { string = true, array = true },
    ['/flag'] = { boolean = true },
    ['/x'] = { number = true, string = true },
  }
  t.eq(made({ 'name=7' }, types), '{"name":"7"}')
  t.eq(made({ 'name="7"' }, types), '{"name":"\\"7\\""}')
  t.eq(made({ 'n=7' }, types), '{"n":7}')
  t.eq(made({ 'n=seven' }, types), '{"n":"seven"}')
  t.eq(made({ 'stop=5' }, types), '{"stop":"5"}')
  t.eq(made({ 'stop=["a","b"]' }, types), '{"stop":["a","b"]}')
  t.eq(made({ 'flag=true' }, types), '{"flag":true}')
  t.eq(made({ 'x=5' }, types), '{"x":5}')
  t.eq(made({ 'free=5', 'open=text', 'none=null' }), '{"free":5,"none":null,"open":"text"}')
  t.eq(made({ 'name:=7' }, types), '{"name":7}')
end)

t.test('dotted keys reach into maps and lists, later words win', function()
  t.eq(made({ 'model.name=a', 'model.url=b', 'model.name=c' }), '{"model":{"name":"c","url":"b"}}')
  t.eq(
    made({ 'cases.0.topic=x', 'cases.1=y' }, nil, '{"cases":[{"topic":"t"}]}'),
    '{"cases":[{"topic":"x"},"y"]}'
  )
  t.eq(made({ 'a\\.b=1' }), '{"a.b":1}')
  t.eq(made({ 'a.b=1' }, nil, '{"a":5}'), '{"a":{"b":1}}')
end)

t.test('what is no text is told before anything is made of it', function()
  for _, word in ipairs { 's=\xff', '\xff=1', 'spec=\xff', '\xff.json' } do
    local _, err = words.parse { word }
    t.eq(err.code, 'USAGE')
    t.ok(err.message:find('is not UTF-8', 1, true))
  end
end)

t.test('a list has no named places, JSON must be JSON', function()
  local err = made({ 'cases.first=x' }, nil, '{"cases":[1]}')
  t.eq(err.code, 'INVALID')
  t.ok(err.message:find('positions 0, 1, 2'))
  t.ok(made({ 'cases.5=x' }, nil, '{"cases":[1]}').code)
  err = made { 'a:=nope' }
  t.eq(err.code, 'INVALID')
  t.eq(err.hint, 'a string is written a=…')
  t.ok(err.message:find('a:=nope is not JSON'))
end)

return t.done()
