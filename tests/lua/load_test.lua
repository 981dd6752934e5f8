local t = require 'harness'
local core = require 'core'
local load_spec = require 'host.spec.load'
local schema = require 'host.spec.schema'

local SCHEMA = t.ok(schema.compile(core.json.decode [[{
  "type": "object", "required": ["model"], "additionalProperties": false,
  "properties": {
    "model": { "type": "string" }, "samples": { "type": "integer", "default": 1 },
    "topics": { "type": "array", "items": { "type": "string" } },
    "params": { "type": "object", "additionalProperties": false,
      "properties": { "temperature": { "type": "number" } } }
  } }]]))

--- Reads words with a pretended file system: name → text.
local function read(list, files, extra)
  local options = {
    words = list,
    schema = SCHEMA,
    read = function(path)
      if files and files[path] then
        return files[path]
      end
      return nil, { code = 'NOT_FOUND', message = 'cannot open ' .. path }
    end,
    stdin = function()
      return files and files['-'] or ''
    end,
  }
  for key, item in pairs(extra or {}) do
    options[key] = item
  end
  return load_spec.read(options)
end

t.test('file, overrides and defaults make one spec; $schema is dropped', function()
  local spec = t.ok(
    read(
      { 'spec.json', 'params.temperature=0.5' },
      { ['spec.json'] = '{"$schema":"x","model":"m"}' }
    )
  )
  t.eq(core.json.encode(spec.value), '{"model":"m","params":{"temperature":0.5},"samples":1}')
  t.eq(spec.from, { 'spec.json', 'params.temperature=0.5' })
end)

t.test('standard input, and words alone', function()
  t.eq(t.ok(read({ '-' }, { ['-'] = '{"model":"in"}' })).value.model, 'in')
  t.eq(t.ok(read { 'model=7' }).value.model, '7')
end)

t.test('an absolute path does not reach the manifest', function()
  local files = { ['/lab/s.json'] = '{"model":"m"}', ['/else/s.json'] = '{"model":"m"}' }
  local lab = { lab = { root = '/lab' } }
  t.eq(read({ '/lab/s.json' }, files, lab).from, { 's.json' })
  t.eq(read({ 'spec=/else/s.json' }, files, lab).from, { 'spec=s.json' })
end)

t.test('all schema errors at once, with file, line and what may have been meant', function()
  local spec, err = read(
    { 'spec.json', 'samples=many' },
    { ['spec.json'] = '{\n  "params": {\n    "temperatur": 1 }\n}' }
  )
  t.eq(spec, nil)
  t.eq(err.code, 'INVALID')
  t.eq(err.message, 'the spec is not valid: 3 errors')
  t.eq(err.file, 'spec.json')
  t.eq(err.line, 1)
  t.eq(err.details, {
    'spec.json:1: /: the key "model" is missing',
    'spec.json:3: /params/temperatur: unknown key, did you mean "temperature"?',
    'in samples=many: /samples: expected a whole number, got "many"',
  })
end)

t.test('an error of a word names the word, and how a list is written', function()
  local _, err = read { 'model=m', 'topics=a' }
  t.eq(err.details, { 'in topics=a: /topics: expected a list, got "a"' })
  t.eq(err.hint, [[a list is written as JSON: 'topics:=["a"]']])
  _, err = read { 'model=m', 'topics.0=a' }
  t.eq(err.hint, [[a list is written as JSON: 'topics:=["a"]']])
  _, err = read { 'model=m', 'params.temperatur=1' }
  t.eq(
    err.details,
    { 'in params.temperatur=1: /params/temperatur: unknown key, did you mean "temperature"?' }
  )
end)

t.test("an error is the word's only if the word made it", function()
  local text = '{"model":"m",\n"topics":{"a":1}}'
  local _, err = read({ 'spec.json', 'topics.b=2' }, { ['spec.json'] = text })
  t.eq(err.details, { 'spec.json:2: /topics: expected a list, got an object' })
  _, err = read({ 'spec.json', 'topics.b=2' }, { ['spec.json'] = '{"model":"m"}' })
  t.eq(err.details, { 'in topics.b=2: /topics: expected a list, got an object' })
  _, err = read({ 'spec.json', 'samples=2' }, { ['spec.json'] = '{"samples":"x"}' })
  t.eq(err.details, { 'spec.json:1: /: the key "model" is missing' })
end)

t.test('without a schema any object is taken', function()
  local spec = t.ok(load_spec.read { words = { 'a.b=1', 'c=x' } })
  t.eq(core.json.encode(spec.value), '{"a":{"b":1},"c":"x"}')
end)

t.test('a text that is not JSON is shown with a mark under the place', function()
  local text = '{\n  "model" "m"\n}'
  local _, err = read({ 'spec.json' }, { ['spec.json'] = text })
  t.eq(err.code, 'INVALID')
  t.eq(err.line, 2)
  t.eq(err.column, 11)
  t.eq(err.details, nil)
  t.ok(err.message:find('^the spec spec.json is not JSON, line 2 column 11: '), err.message)
  _, err = read({ '-' }, { ['-'] = text })
  t.eq(err.details, { '   2 |   "model" "m"', '     |           ^' })
end)

t.test('empty, not an object, not there', function()
  local _, err = read({ 'spec.json' }, { ['spec.json'] = '\n' })
  t.ok(err.message:find('is empty'))
  t.eq(err.code, 'INVALID')
  _, err = read({ 'spec.json' }, { ['spec.json'] = '[]' })
  t.ok(err.message:find('a spec is an object'))
  _, err = read { 'nowhere/spec.json' }
  t.eq(err.code, 'INVALID')
  t.eq(err.message, 'the spec file nowhere/spec.json is not there')
end)

t.test('a file that is not there names its near neighbours', function()
  local _, err = load_spec.read { words = { 'schemas/spec.shema.json' }, schema = SCHEMA }
  t.ok(err.hint:find('did you mean schemas/spec.schema.json', 1, true), err.hint)
end)

t.test('very many errors are counted, not all shown', function()
  local _, err = read({ '-' }, { ['-'] = '{"model":"m","topics":[' .. ('1,'):rep(499) .. '1]}' })
  t.eq(err.message, 'the spec is not valid: 500 errors')
  t.eq(#err.details, 101)
  t.eq(err.details[101], '… and 400 more')
  _, err = read({ '-' }, { ['-'] = '{"model":"m","topics":[' .. ('1,'):rep(99) .. '1]}' })
  t.eq(#err.details, 100)
end)

t.test('a wrong default is the fault of the schema', function()
  local bad = t.ok(schema.compile { properties = { n = { type = 'integer', default = 'x' } } })
  local _, err = read({ 'a=1' }, nil, { schema = bad })
  t.eq(err.message, 'a default in the schema does not fit the schema')
end)

return t.done()
