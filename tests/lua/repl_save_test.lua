local t = require 'harness'
local core = require 'core'
local lab_json = require 'host.repl.lab_json'
local save = require 'host.repl.save'

local SECRET = '$secret' -- how a record marks one
local ID = ('3f9a1c2d'):rep(8)

local function text_of(entries, used)
  for i, entry in ipairs(entries) do
    entries[i] = type(entry) == 'string' and { text = entry } or entry
  end
  return save.text('x', entries, used or {}, ID)
end

--- What the recipe of these entries notes of itself when it runs.
local function ran(entries)
  local env = { noted = {} }
  env.note = function(value)
    table.insert(env.noted, value)
    return value
  end
  local recipe = assert(load(text_of(entries), '=x', 't', env))()
  recipe.run {}
  return env.noted, recipe
end

t.test('what succeeded runs again, in its order', function()
  local noted, recipe = ran {
    'local x = 1',
    { text = 'note "failed"', failed = true },
    '= x + 1',
    'note(_)',
    '-- only a comment',
    'function f(a)\n  return a * 2\nend',
    'note(f(x)) -- behind it',
    'return note(7)',
    'note(_);',
    's = [[a\n  b]]',
    'note(s)',
  }
  t.eq(noted, { 2, 2, 7, 7, 'a\n  b' })
  t.eq(recipe.name, 'x')
  t.eq(recipe.needs, nil)
end)

t.test('it is laid out, and says where it is from', function()
  t.eq(
    text_of({ 'if x then\n  y()\nend' }, { net = { 'a:8080' }, env = {}, run = { "it's" } }),
    [[
--- Saved from a session of tlab repl, run 3f9a1c2d.

return {
  name = 'x',
  summary = 'Saved from a session of tlab repl.',
  home = 'ai-team/artifacts',
  needs = { net = { 'a:8080' }, run = { 'it\'s' } },
  run = function(run)
    if x then
      y()
    end
  end,
}
]]
  )
end)

t.test('old runs can be opened in it as in the session', function()
  t.ok(text_of({ "r = run'latest'" }):find('callable(run)', 1, true))
  t.ok(not text_of({ 'run:say(1)' }):find('callable', 1, true))
end)

t.test('needs are what was used, once, and not what was refused', function()
  local dir = t.folder()
  local lines = {}
  local function line(effect)
    lines[#lines + 1] = core.json.encode(effect) .. '\n'
  end
  local headers = { authorization = { 'Bearer ', { [SECRET] = 'KEY' } } }
  for n = 1, 2 do
    line {
      n = n,
      op = 'http.send',
      args = { { url = 'http://127.0.0.1:8080/v1', headers = headers } },
    }
  end
  line { n = 3, op = 'git.fetch', args = { 'https://github.com/a/b' }, took = 1 }
  line { n = 4, op = 'fs.read', args = { '/data/x.csv' }, took = 1 }
  line { n = 5, op = 'fs.read', args = { 'lab:x' }, took = 1 }
  line { n = 6, op = 'fs.read', args = { '/etc/shadow' }, took = 1, raise = true, error = {} }
  line { n = 7, op = 'proc.run', args = { { argv = { 'sort', '-n' } } } }
  line { n = 8, op = 'env.get', args = { 'HOME' }, took = 1 }
  assert(core.fs.write(dir .. '/effects.jsonl', table.concat(lines)))
  local used = assert(save.used(dir .. '/effects.jsonl'))
  t.eq(used.net, { '127.0.0.1:8080', 'github.com:443' })
  t.eq(used.read, { '/data/x.csv' })
  t.eq(used.run, { 'sort' })
  t.eq(used.env, { 'HOME' })
  t.eq(used.secret, { 'KEY' })
  core.fs.purge(dir)
end)

t.test('a permit is put into lab.json and nothing else is changed', function()
  local function put(text, expected)
    local got = lab_json.allow(text, 'net', 'a:1')
    t.eq(got, expected)
    local config = assert(core.json.decode(got))
    t.eq(config.permits.allow.net[1], 'a:1')
  end
  put('{}', '{"permits": {"allow": {"net": ["a:1"]}}}')
  put('{ "b": 1 }', '{ "permits": {"allow": {"net": ["a:1"]}}, "b": 1 }')
  put('{"permits":{}}', '{"permits":{"allow": {"net": ["a:1"]}}}')
  put('{"permits":{"allow":{}}}', '{"permits":{"allow":{"net": ["a:1"]}}}')
  put('{"permits":{"allow":{"net":[]}}}', '{"permits":{"allow":{"net":["a:1"]}}}')
  put('{"permits":{"allow":{"net":["b"]}}}', '{"permits":{"allow":{"net":["a:1", "b"]}}}')
  put(
    '{\n  "z": "} \\" [",\n  "permits": {\n    "deny": { "net": ["c"] },\n    "allow": {\n'
      .. '      "net": [\n        "b"\n      ]\n    }\n  }\n}\n',
    '{\n  "z": "} \\" [",\n  "permits": {\n    "deny": { "net": ["c"] },\n    "allow": {\n'
      .. '      "net": [\n        "a:1",\n        "b"\n      ]\n    }\n  }\n}\n'
  )
end)

return t.done()
