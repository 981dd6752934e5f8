--- The schemas, with the same examples as tests/e2e/test_schemas.py: one verdict of two.
local t = require 'harness'
local core = require 'core'
local schema = require 'host.spec.schema'

local function read(path)
  return t.ok(core.json.decode(t.ok(core.fs.read(path))))
end

local function names()
  local found = {}
  for _, file in ipairs(core.embedded_names()) do
    found[#found + 1] = file:match '^schemas/(.*)%.schema%.json$'
  end
  return found
end

for _, name in ipairs(names()) do
  local validator
  t.test(name .. ' is a schema without an unknown keyword', function()
    local text = t.ok(core.embedded('schemas/' .. name .. '.schema.json'))
    local err
    validator, err = schema.compile(core.json.decode(text), {
      strict = true,
      formats = true,
      resolve = function(uri)
        return core.json.decode(core.embedded('schemas/' .. uri:match '[^/]*$'))
      end,
    })
    t.ok(validator, err and table.concat(err.details, '; ') or '')
  end)
  for _, example in ipairs(read('tests/schemas/' .. name .. '.json')) do
    t.test(name .. ': ' .. example.what, function()
      local result = validator:check(example.value)
      local why = result ~= true and result[1].pointer .. ': ' .. result[1].message or 'no error'
      t.eq(result == true, example.valid, why)
    end)
  end
end

return t.done()
