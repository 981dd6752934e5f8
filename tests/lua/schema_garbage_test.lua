--- Schemas and values made at random: whatever they are, there is a verdict and no raised error.
local t = require 'harness'
local core = require 'core'
local keywords = require 'host.spec.schema_keywords'
local schema = require 'host.spec.schema'

local NAMES =
  { '$id', '$anchor', '$dynamicAnchor', '$schema', 'then', 'else', '$defs', 'default', 'a' }
for name in pairs(keywords.table) do
  NAMES[#NAMES + 1] = name
end
local SCALARS = { core.json.null, true, false, 0, -1, 1.5, 'a', '#/$defs/a', '#', '' }

local function anything(depth)
  local kind = math.random(depth > 3 and 4 or 10)
  local made = kind <= 7 and core.json.array {} or {}
  if kind <= 4 then
    return SCALARS[math.random(#SCALARS)]
  end
  for i = 1, math.random(0, 3) do
    made[kind <= 7 and i or NAMES[math.random(#NAMES)]] = anything(depth + 1)
  end
  return made
end

--- The places of a value are judged, filled and looked up too.
local function use(validator)
  local value = anything(1)
  local result = validator:check(value)
  t.ok(result == true or #result > 0, 'a verdict')
  validator:fill(value)
  validator:types '/a/0'
  validator:keys()
end

t.test('every schema is compiled or refused', function()
  math.randomseed(20261123)
  local compiled = 0
  for i = 1, 4000 do
    local validator, err =
      schema.compile(anything(0), { strict = i % 2 == 0, formats = i % 3 == 0 })
    if validator then
      compiled = compiled + 1
      use(validator)
    else
      t.ok(#err.details > 0 and err.code == 'INVALID', 'a refusal says why')
    end
  end
  t.ok(compiled > 400, 'enough of them are schemas: ' .. compiled)
end)

return t.done()
