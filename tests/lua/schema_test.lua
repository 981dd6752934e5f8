local t = require 'harness'
local core = require 'core'
local schema = require 'host.spec.schema'
local value = require 'host.spec.value'
local assertions = require 'host.spec.schema_assert'
local formats = require 'host.spec.schema_formats'

local null = core.json.null
local list = core.json.array

local function compiled(text, options)
  local tbl = type(text) == 'string' and t.ok(core.json.decode(text)) or text
  local validator, err = schema.compile(tbl, options)
  return t.ok(validator, err and table.concat(err.details, '; ') or 'a validator')
end

--- All errors as `pointer: message hint` lines.
local function lines(validator, v)
  local result = validator:check(v)
  local out = {}
  for i, e in ipairs(result == true and {} or result) do
    out[i] = e.pointer .. ': ' .. e.message .. (e.hint and ' (' .. e.hint .. ')' or '')
  end
  return out
end

local MODEL = [[{
  "type": "object", "required": ["model"], "additionalProperties": false,
  "properties": {
    "model": { "type": "string", "minLength": 1 },
    "params": { "type": "object", "additionalProperties": false,
      "properties": { "temperature": { "type": "number", "minimum": 0, "maximum": 2 },
        "seed": { "type": "integer" } } },
    "mode": { "enum": ["fast", "slow"] }
  }
}]]

t.test('all errors come at once, each with its place', function()
  t.eq(lines(compiled(MODEL), { params = { temperatur = 1, seed = 1.5 }, mode = 'fats' }), {
    ': the key "model" is missing',
    '/mode: expected one of "fast", "slow", got "fats" (did you mean "fast"?)',
    '/params/seed: expected a whole number, got 1.5',
    '/params/temperatur: unknown key (did you mean "temperature"?)',
  })
end)

t.test('an error names the keyword and its place in the schema', function()
  local errors = compiled(MODEL):check { model = 'm', params = { temperature = 3 } }
  t.eq(errors[1].keyword, 'maximum')
  t.eq(errors[1].schema, '#/properties/params/properties/temperature/maximum')
end)

t.test('what is right passes', function()
  t.eq(compiled(MODEL):check { model = 'm', params = { temperature = 0, seed = 7.0 } }, true)
end)

t.test('[] and {} are different, null is not absent, 1.0 is an integer', function()
  local v = compiled { type = 'array' }
  t.eq(v:check(list {}), true)
  t.eq(lines(v, {}), { ': expected a list, got {}' })
  t.eq(compiled({ type = 'null' }):check(null), true)
  t.eq(compiled({ type = 'integer' }):check(1.0), true)
  t.eq(compiled({ required = { 'a' } }):check { a = null }, true)
  t.eq(value.equal({ list { 1, { a = 2.0 } } }, { list { 1.0, { a = 2 } } }), true)
  t.eq(value.equal(list {}, {}), false)
  t.eq(value.equal(1, '1'), false)
  t.eq(value.equal(9007199254740993, 9007199254740992.0), false)
end)

t.test('pointers escape ~ and /', function()
  t.eq(
    lines(compiled { additionalProperties = { type = 'string' } }, { ['a/b~c'] = 1 }),
    { '/a~1b~0c: expected a string, got 1' }
  )
  t.eq(value.at({ ['a/b'] = { list { 5 } } }, '/a~1b/0/0'), 5)
  t.eq(value.at({ a = 1 }, 'a'), nil)
end)

t.test('a form that was clearly meant explains itself', function()
  local v = compiled [[{ "oneOf": [
    { "type": "object", "required": ["kind"],
      "properties": { "kind": { "const": "a" }, "n": { "type": "integer" } } },
    { "type": "object", "required": ["kind"],
      "properties": { "kind": { "const": "b" }, "s": { "type": "string" } } } ] }]]
  t.eq(lines(v, { kind = 'b', s = 5 }), { '/s: expected a string, got 5' })
end)

t.test('when no form was meant, all are named', function()
  local v = compiled { anyOf = { { type = 'string' }, { type = 'array' } } }
  t.eq(
    lines(v, 5),
    { ': fits none of the allowed forms: expected a string, got 5; or expected a list, got 5' }
  )
end)

t.test('a choice of keys is told as one', function()
  local choice = '[ { "required": ["a"] }, { "required": ["b"] } ]'
  local any = compiled('{ "anyOf": ' .. choice .. ' }')
  t.eq(lines(any, {}), { ': one of these keys is needed: "a", "b"' })
  t.eq(any:check { a = 1, b = 2 }, true)
  local one = compiled('{ "oneOf": ' .. choice .. ' }')
  t.eq(lines(one, {}), { ': one of these keys is needed: "a", "b"' })
  t.eq(lines(one, { a = 1, b = 2 }), { ': only one of these keys may be there: "a", "b"' })
  t.eq(
    lines(compiled { oneOf = { { type = 'number' }, { type = 'integer' } } }, 1),
    { ': fits 2 of the forms, expected exactly one' }
  )
end)

t.test('a wrong part does not make the right keys unknown', function()
  local v = compiled [[{ "allOf": [ { "properties": { "a": { "type": "string" } } } ],
    "properties": { "b": true }, "unevaluatedProperties": false }]]
  t.eq(
    lines(v, { a = 1, bb = 2 }),
    { '/a: expected a string, got 1', '/bb: unknown key (did you mean "b"?)' }
  )
end)

t.test('multipleOf is exact decimal arithmetic', function()
  for _, case in ipairs {
    { 0.0075, 0.0001, true },
    { 0.00751, 0.0001, false },
    { 1e308, 0.5, true },
    { 1e308, 0.123456789, false },
    { 9007199254740993, 2, false },
    { 0, 3, true },
    { 4.5, 1.5, true },
    { 35, 1.5, false },
    { 12391239123, 1e-8, true },
    { math.mininteger, 2, true },
    { 19.99, 0.01, true },
    { 100, 4, true },
    { 1000, 16, false },
    { 1e20, 3, false },
  } do
    t.eq(assertions.is_multiple(case[1], case[2]), case[3], ('%s / %s'):format(case[1], case[2]))
  end
end)

t.test('lengths are counted in code points', function()
  t.eq(compiled({ maxLength = 2 }):check '🐲🐲', true)
  t.eq(lines(compiled { maxLength = 1 }, 'ab'), { ': expected at most 1 character, got 2' })
end)

t.test('formats are notes unless asserted', function()
  t.eq(compiled({ format = 'date' }):check 'nonsense', true)
  t.eq(
    lines(compiled({ format = 'date' }, { formats = true }), '2025-02-29'),
    { ': "2025-02-29" is not of the format date' }
  )
  local _, err = schema.compile({ format = 'idn-email' }, { formats = true })
  t.ok(err.details[1]:find('idn%-email'))
  t.ok(formats['date-time']('2024-02-29T23:59:60.5Z'))
  t.ok(not formats['date-time']('2024-02-29T12:59:60Z'))
  t.ok(not formats['date-time']('2024-02-29T24:00:00Z'))
  t.ok(formats.uri('http://a/b?c#d') and not formats.uri('a/b') and not formats.uri('http://a b'))
  t.ok(formats.uuid('123e4567-e89b-12d3-a456-426614174000') and not formats.uuid('123e4567'))
  t.ok(
    formats.ipv4('127.0.0.1') and not formats.ipv4('127.0.0.01') and not formats.ipv4('256.0.0.1')
  )
end)

t.test('faults of a schema are all listed and refuse it', function()
  local validator, err = schema.compile({
    type = 'strng',
    minimum = 'a',
    properties = { x = { pattern = '(?=a)' }, y = { ['$ref'] = '#/nowhere' } },
    required = 'a',
    minItems = -1,
    multipleOf = 0,
    allOf = list {},
    ['$anchor'] = '1',
  })
  t.eq(validator, nil)
  t.eq(err.code, 'INVALID')
  local text = table.concat(err.details, '\n')
  for _, words in ipairs {
    'strng',
    'minimum',
    'look%-ahead',
    '#/nowhere',
    'required',
    'minItems',
    'multipleOf',
    'allOf',
    'anchor',
  } do
    t.ok(text:find(words), words .. ' in ' .. text)
  end
end)

t.test('strict: an unknown keyword is refused, with what may have been meant', function()
  local _, err = schema.compile({ ['$defs'] = { x = { minlength = 1 } } }, { strict = true })
  t.eq(err.details, { '#/$defs/x: unknown keyword "minlength", did you mean "minLength"?' })
  _, err = schema.compile({ definitions = {} }, { strict = true })
  t.ok(err.details[1]:find('older draft: use %$defs'))
  compiled({ ['x-note'] = 1, title = 't', ['then'] = true }, { strict = true })
  compiled { minlength = 1 }
end)

t.test('other dialects and vocabularies are refused', function()
  local _, err = schema.compile { ['$schema'] = 'http://json-schema.org/draft-07/schema#' }
  t.ok(err.details[1]:find('only https://json%-schema.org/draft/2020%-12/schema is supported'))
  _, err = schema.compile({ ['$schema'] = 'urn:x' }, {
    resolve = function()
      return {
        ['$schema'] = 'https://json-schema.org/draft/2020-12/schema',
        ['$vocabulary'] = { ['urn:v'] = true },
      }
    end,
  })
  t.ok(err.details[1]:find('vocabulary urn:v is not supported'))
end)

t.test('references to other documents go through the resolver only', function()
  local v = compiled({ ['$ref'] = 'urn:other#/$defs/n' }, {
    resolve = function(uri)
      return uri == 'urn:other' and { ['$defs'] = { n = { type = 'integer' } } } or nil
    end,
  })
  t.eq(lines(v, 'x'), { ': expected a whole number, got "x"' })
end)

t.test('a schema that refers to itself without end is an error, not a crash', function()
  local v = compiled { ['$ref'] = '#' }
  t.ok(v:check(1)[1].message:find('without end'))
end)

t.test('defaults are filled in along properties, items, $ref and allOf, into a copy', function()
  local v = compiled [[{ "properties": { "n": { "default": 4 }, "inner": { "$ref": "#/$defs/i" },
      "list": { "items": { "$ref": "#/$defs/i" } },
      "made": { "default": {}, "properties": { "z": { "default": [] } } } },
    "allOf": [ { "properties": { "m": { "default": "x" } } } ],
    "$defs": { "i": { "properties": { "a": { "default": false } } } } }]]
  local given = { inner = {}, list = list { {}, { a = true } } }
  local full = v:fill(given)
  t.eq(full.n, 4)
  t.eq(full.m, 'x')
  t.eq(full.inner.a, false)
  t.eq(full.list[1].a, false)
  t.eq(full.list[2].a, true)
  t.ok(value.is_list(full.made.z))
  t.eq(given.n, nil)
  t.eq(given.inner.a, nil)
end)

t.test('a schema tells which types and keys it allows', function()
  local v = compiled(MODEL)
  t.eq(v:types('/params/seed'), { integer = true })
  t.eq(v:types('/mode'), { string = true })
  t.eq(v:types('/nothing'), nil)
  local names = {}
  for i, key in ipairs(v:keys()) do
    names[i] = key.name .. (key.required and '*' or '')
  end
  t.eq(names, { 'model*', 'mode', 'params' })
end)

t.test('a dialect switches vocabularies on and off', function()
  local function dialect(vocabularies)
    local set = {}
    for _, name in ipairs(vocabularies) do
      set['https://json-schema.org/draft/2020-12/vocab/' .. name] = true
    end
    return {
      resolve = function()
        return { ['$vocabulary'] = set }
      end,
    }
  end
  local tbl = {
    ['$schema'] = 'urn:d',
    type = 'object',
    unevaluatedProperties = false,
    properties = { a = { minimum = 1 } },
  }
  t.eq(compiled(tbl, dialect { 'core' }):check { b = 1 }, true)
  t.eq(#compiled(tbl, dialect { 'core', 'unevaluated' }):check { b = 1 }, 1)
  t.eq(#compiled(tbl, dialect { 'applicator', 'validation' }):check { a = 0 }, 1)
  compiled(tbl, dialect { 'meta-data', 'content', 'format-annotation' })
  local _, err = schema.compile(tbl, dialect { 'format-assertion' })
  t.ok(err.details[1]:find('format%-assertion is not supported'))
  _, err = schema.compile(tbl, {
    resolve = function()
      return { ['$schema'] = 'http://json-schema.org/draft-07/schema#' }
    end,
  })
  t.ok(err.details[1]:find('not of draft 2020%-12'))
end)

t.test('identifiers that are wrong or stand twice are refused', function()
  for words, tbl in pairs {
    ['stands twice'] = { ['$defs'] = { a = { ['$anchor'] = 'x' }, b = { ['$anchor'] = 'x' } } },
    ['no URI without a fragment'] = { ['$id'] = 'urn:a#b' },
    ['%$id is no URI'] = { ['$id'] = 5 },
    ['no plain name'] = { ['$dynamicAnchor'] = 'a b' },
    ['more than 200 deep'] = (function()
      local deep = {}
      for _ = 1, 300 do
        deep = { ['not'] = deep }
      end
      return deep
    end)(),
  } do
    local validator, err = schema.compile(tbl)
    t.eq(validator, nil)
    t.ok(table.concat(err.details, '; '):find(words), words)
  end
end)

t.test('a fault in a list of schemas is found at its position', function()
  local _, err = schema.compile(
    { ['$defs'] = { x = { allOf = { true, { typ = 1 } } } } },
    { strict = true }
  )
  t.eq(err.details, { '#/$defs/x/allOf/1: unknown keyword "typ", did you mean "type"?' })
end)

t.test('another document may be true or false', function()
  for _, document in ipairs { true, false } do
    local v = compiled({ ['$ref'] = 'urn:other' }, {
      resolve = function()
        return document
      end,
    })
    t.eq(v:check(1) == true, document)
  end
end)

t.test('long lists and deep values are judged to their end', function()
  local v = compiled { items = { ['$ref'] = '#' }, maxItems = 20000 }
  local long, deep = list {}, list {}
  for i = 1, 20000 do
    long[i] = list {}
  end
  for _ = 1, 190 do
    deep = list { deep }
  end
  t.eq(v:check(long), true)
  t.eq(v:check(deep), true)
end)

t.test('a trusted schema says the same as one that is compiled whole', function()
  local trusted = { trusted = true }
  t.eq(compiled(MODEL, trusted):types('/params/seed'), { integer = true })
  t.eq(#compiled(MODEL, trusted):keys(), 3)
  t.eq(lines(compiled(MODEL, trusted), { params = { temperatur = 1 } }), {
    ': the key "model" is missing',
    '/params/temperatur: unknown key (did you mean "temperature"?)',
  })
  local defaults = compiled(
    [[{ "properties": { "a": { "default": {}, "$ref": "#/$defs/a" } },
    "$defs": { "a": { "properties": { "b": { "default": 1 } } } } }]],
    trusted
  )
  t.eq(defaults:fill {}, { a = { b = 1 } })
end)

return t.done()
