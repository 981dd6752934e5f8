local t = require 'harness'
local core = require 'core'
local form = require 'host.spec.form'
local read = require 'host.manifest.read'

local FOLDER = 'tests/recorded/manifests'

local function stored(name)
  return t.ok(core.fs.read(FOLDER .. '/' .. name))
end

t.test('every manifest that was ever written is read', function()
  local count = 0
  for _, entry in ipairs(t.ok(core.fs.list(FOLDER))) do
    if entry.name:match('^run%-1%-') then
      local manifest, err = read.parse(stored(entry.name), entry.name)
      t.ok(manifest, entry.name .. ': ' .. (err and err.message or ''))
      count = count + 1
    end
  end
  t.ok(count >= 4)
end)

t.test('a later form is refused by its form, whatever else it holds', function()
  local manifest, err = read.parse(stored 'later-run-2.json', 'run.json')
  t.eq(manifest, nil)
  t.eq(err.code, 'UNSUPPORTED')
  t.eq(err.message, 'the file has the form tlab.run/2, and this tlab reads tlab.run/1 only')
  t.ok(err.hint:find('tlab version', 1, true))
end)

t.test('what is no manifest is told with every error', function()
  local function refused(text)
    local manifest, err = read.parse(text, 'x/run.json')
    t.eq(manifest, nil)
    t.eq(err.code, 'INVALID')
    return err
  end
  t.ok(refused('{').message:find('this is no manifest', 1, true))
  t.ok(#refused('{"schema":"tlab.run/1"}').errors > 5)
  t.ok(#refused('[]').errors > 0)
  t.ok(refused('{"schema":"tlab.run/x"}').errors)
  t.ok(refused('{"schema":"tlab.lab/2"}').errors)
end)

t.test('a form is of one family, with a number', function()
  local function other(stated)
    return form.other({ schema = stated }, 'tlab.lab/1', 'f') ~= nil
  end
  t.ok(other 'tlab.lab/2' and other 'tlab.lab/0' and other 'tlab.lab/11')
  t.ok(not (other 'tlab.lab/1' or other 'tlab.run/2' or other 'tlab.lab/' or other(7)))
  t.eq(form.other('text', 'tlab.lab/1', 'f'), nil)
end)

t.test('a folder without a manifest says so', function()
  local manifest, err, text = read.read(FOLDER)
  t.eq(manifest, nil)
  t.eq(text, nil)
  t.eq(err.code, 'NOT_FOUND')
end)

return t.done()
