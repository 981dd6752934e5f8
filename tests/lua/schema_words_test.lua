--- What the validator says, word for word: each keyword with the place and the text of its error.
local t = require 'harness'
local core = require 'core'
local schema = require 'host.spec.schema'

local list = core.json.array

--- schema, value (both JSON), the errors as `pointer: message (hint) < place in the schema`
local CASES = {
  { '{"type":["string","null"]}', '1', ': expected a string or null, got 1 < #/type' },
  { '{"type":"boolean"}', '"x"', ': expected true or false, got "x" < #/type' },
  {
    '{"items":{"type":"object"}}',
    '[[],[1]]',
    '/0: expected an object, got [] < #/items/type',
    '/1: expected an object, got a list of 1 < #/items/type',
  },
  { '{"const":{"a":1}}', '2.5', ': expected an object, got 2.5 < #/const' },
  { '{"enum":["a"]}', 'null', ': expected "a", got null < #/enum' },
  { '{"multipleOf":0.1}', '0.25', ': expected a multiple of 0.1, got 0.25 < #/multipleOf' },
  { '{"minimum":1}', '0.5', ': expected at least 1, got 0.5 < #/minimum' },
  { '{"maximum":1}', '2', ': expected at most 1, got 2 < #/maximum' },
  { '{"exclusiveMinimum":1}', '1', ': expected more than 1, got 1 < #/exclusiveMinimum' },
  { '{"exclusiveMaximum":1}', '1.0', ': expected less than 1, got 1 < #/exclusiveMaximum' },
  { '{"minLength":1}', '""', ': expected at least 1 character, got 0 < #/minLength' },
  { '{"pattern":"^a"}', '"b"', ': "b" does not match the pattern ^a < #/pattern' },
  { '{"minItems":2}', '[1]', ': expected at least 2 items, got 1 < #/minItems' },
  { '{"maxItems":0}', '[1]', ': expected at most 0 items, got 1 < #/maxItems' },
  { '{"minProperties":1}', '{}', ': expected at least 1 key, got 0 < #/minProperties' },
  { '{"maxProperties":1}', '{"a":1,"b":2}', ': expected at most 1 key, got 2 < #/maxProperties' },
  { '{"uniqueItems":true}', '[1,2,1.0]', ': items 0 and 2 are equal < #/uniqueItems' },
  {
    '{"required":["a","b"]}',
    '{}',
    ': the key "a" is missing < #/required',
    ': the key "b" is missing < #/required',
  },
  {
    '{"dependentRequired":{"a":["b"]}}',
    '{"a":1}',
    ': the key "a" needs the key "b" beside it < #/dependentRequired',
  },
  { '{"properties":{"a":false}}', '{"a":1}', '/a: is not allowed here < #/properties/a' },
  {
    '{"patternProperties":{"^x":{"type":"null"}}}',
    '{"xa":1,"b":1}',
    '/xa: expected null, got 1 < #/patternProperties/^x/type',
  },
  {
    '{"propertyNames":{"maxLength":1}}',
    '{"ab":1}',
    '/ab: as a key: expected at most 1 character, got 2 < #/propertyNames',
  },
  {
    '{"prefixItems":[{"type":"null"},{"type":"null"}],"items":{"type":"string"}}',
    '[null,1,2]',
    '/1: expected null, got 1 < #/prefixItems/1/type',
    '/2: expected a string, got 2 < #/items/type',
  },
  {
    '{"contains":{"const":1},"minContains":2}',
    '[1]',
    ': expected at least 2 fitting item(s), got 1 < #/contains',
  },
  {
    '{"contains":{"const":1},"maxContains":1}',
    '[1,1]',
    ': expected at most 1 fitting item(s), got 2 < #/contains',
  },
  {
    '{"prefixItems":[true],"unevaluatedItems":false}',
    '[1,2]',
    '/1: one item too many < #/unevaluatedItems',
  },
  {
    '{"unevaluatedItems":{"type":"null"}}',
    '[1]',
    '/0: expected null, got 1 < #/unevaluatedItems/type',
  },
  {
    '{"properties":{"abc":true},"unevaluatedProperties":false}',
    '{"abd":1}',
    '/abd: unknown key (did you mean "abc"?) < #/unevaluatedProperties',
  },
  { '{"not":{"type":"null"}}', 'null', ': has a form that is not allowed here < #/not' },
  {
    '{"if":{"type":"integer"},"then":{"minimum":1},"else":{"type":"string"}}',
    '0',
    ': expected at least 1, got 0 < #/then/minimum',
  },
  {
    '{"if":{"type":"integer"},"then":{"minimum":1},"else":{"type":"string"}}',
    'null',
    ': expected a string, got null < #/else/type',
  },
  {
    '{"dependentSchemas":{"a":{"required":["b"]}}}',
    '{"a":1}',
    ': the key "b" is missing < #/dependentSchemas/a/required',
  },
  { '{"allOf":[true,{"type":"null"}]}', '1', ': expected null, got 1 < #/allOf/1/type' },
  { '{"anyOf":[{"type":"null"}]}', '1', ': expected null, got 1 < #/anyOf/0/type' },
  {
    '{"anyOf":[{"type":"null"},{"type":"null"},{"items":{"const":1}}]}',
    '[2]',
    '/0: expected 1, got 2 < #/anyOf/2/items/const',
  },
  {
    '{"anyOf":[{"items":{"const":1}},{"items":{"const":2}},{"items":{"const":1}}]}',
    '[3]',
    ': fits none of the allowed forms: '
      .. '/0: expected 1, got 3; or /0: expected 2, got 3 < #/anyOf',
  },
  {
    '{"oneOf":[{"properties":{"k":{"enum":["a"]}}},{"required":["z"]}]}',
    '{"k":"b"}',
    ': fits none of the allowed forms: '
      .. '/k: expected "a", got "b"; or the key "z" is missing < #/oneOf',
  },
  {
    '{"$ref":"#/$defs/x","$defs":{"x":{"type":"null"}}}',
    '1',
    ': expected null, got 1 < #/$defs/x/type',
  },
  {
    '{"$id":"urn:a","items":{"$ref":"urn:b"},"$defs":{"x":{"$id":"urn:b","type":"null"}}}',
    '[1]',
    '/0: expected null, got 1 < #/$defs/x/type',
  },
  { 'false', '1', ': is not allowed here < #' },
}

for _, case in ipairs(CASES) do
  t.test(case[1] .. ' on ' .. case[2], function()
    local validator = t.ok(schema.compile(core.json.decode(case[1])))
    local got = {}
    for i, e in ipairs(validator:check(core.json.decode(case[2]))) do
      got[i] = ('%s: %s%s < %s'):format(
        e.pointer,
        e.message,
        e.hint and ' (' .. e.hint .. ')' or '',
        e.schema
      )
    end
    t.eq(got, table.move(case, 3, #case, 1, {}))
  end)
end

t.test('a form that does not fit does not make its keys unknown', function()
  local validator = t.ok(schema.compile(core.json.decode [[{ "unevaluatedProperties": false,
    "oneOf": [ { "properties": { "a": { "type": "null" } }, "required": ["a"] } ] }]]))
  local errors = validator:check { a = 1 }
  t.eq(#errors, 1)
  t.eq(errors[1].pointer, '/a')
end)

t.test('a schema that refers to itself still says what may have been meant', function()
  local validator = t.ok(schema.compile(core.json.decode [[{ "additionalProperties": false,
    "properties": { "inner": { "$ref": "#" } }, "anyOf": [ true, { "$ref": "#/$defs/x" } ],
    "$defs": { "x": { "properties": { "outer": { "$ref": "#" } } } } }]]))
  t.eq(validator:check({ inner = { iner = {} } })[1].hint, 'did you mean "inner"?')
end)

t.test('empty tables of Lua do for empty lists and objects', function()
  t.ok(schema.compile { required = {}, properties = {}, enum = {}, prefixItems = {} })
  t.ok(schema.compile { properties = list {}, patternProperties = list {} })
  local _, err = schema.compile { properties = { 'a' }, required = { a = 1 } }
  t.eq(err.details, {
    '#/properties: expected an object, got a list of 1',
    '#/required: expected a list, got an object',
  })
end)

return t.done()
