local t = require 'harness'
local core = require 'core'
local lab = require 'host.lab'

local function parsed(text)
  return t.ok(lab.parse(text, 'lab.json'))
end

local function refused(text)
  local config, err = lab.parse(text, 'lab.json')
  t.eq(config, nil)
  t.eq(err.code, 'INVALID')
  return err
end

t.test('the least lab has every part', function()
  local config = parsed '{"schema":"tlab.lab/1"}'
  t.eq(config.permits.allow.net, {})
  t.eq(config.permits.deny.env, {})
  t.eq(config.limits, {})
  t.eq(config.secrets, {})
  t.eq(config.git.exclude, {})
end)

t.test('a full lab passes, and defaults are filled in', function()
  local config = parsed [[{ "schema": "tlab.lab/1", "name": "x",
    "permits": { "allow": { "net": ["127.0.0.1:*", "*.a.com:443", "[::1]:80", "host"],
      "read": ["/d"], "run": ["git"], "env": ["HOME"] }, "deny": { "net": ["169.254.169.254"] } },
    "limits": { "seconds": 1.5, "cpu_seconds": 3, "memory": 536870912 },
    "secrets": { "OPENAI_API_KEY": { "hosts": ["api.openai.com:443"] } },
    "prices": { "gpt-4o*": { "input_per_million": 2.5, "output_per_million": 10 } },
    "git": { "exclude": ["build/"] } }]]
  t.eq(config.prices['gpt-4o*'].currency, 'USD')
  t.eq(config.permits.deny.net, { '169.254.169.254' })
end)

t.test('wrong labs are refused with line and hint', function()
  local err = refused '{\n  "schema": "tlab.lab/1",\n  "permit": {}\n}'
  t.eq(err.details, { 'lab.json:3: /permit: unknown key, did you mean "permits"?' })
  t.eq(err.message, 'lab.json is not valid: 1 error')
  t.ok(refused('{"schema":"tlab.labs/1"}').details[1]:find('expected "tlab.lab/1"'))
  t.ok(refused('{').message:find('is not JSON'))
  t.ok(refused('').message:find('is empty'))
  t.ok(refused('{"schema":"tlab.lab/1","secrets":{"K":{}}}').details[1]:find('"hosts" is missing'))
  t.ok(refused('{"schema":"tlab.lab/1","permits":{"allow":{"net":["http://a"]}}}').details[1])
  t.ok(refused('{"schema":"tlab.lab/1","permits":{"allow":{"read":["data"]}}}').details[1])
end)

t.test('a lab of a later form is refused by its form', function()
  local config, err = lab.parse('{"schema":"tlab.lab/9","new":{}}', 'lab.json')
  t.eq(config, nil)
  t.eq(err.code, 'UNSUPPORTED')
  t.ok(err.message:find('tlab.lab/9, and this tlab reads tlab.lab/1', 1, true))
end)

t.test('this repository is a lab, found from inside it', function()
  local root = t.ok(core.fs.realpath '.')
  t.eq(t.ok(lab.find '.').root, root)
  local found = t.ok(lab.find 'tests/lua')
  t.eq(found.root, root)
  t.eq(found.config.permits.allow.net, { '127.0.0.1:*', 'localhost:*' })
end)

t.test('without a lab it says what to type', function()
  local found, err = lab.find '/'
  t.eq(found, nil)
  t.eq(err.code, 'NOT_FOUND')
  t.eq(err.hint, 'tlab init')
end)

return t.done()
