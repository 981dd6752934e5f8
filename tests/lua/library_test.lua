-- docs/3-extend/LIBRARY.md has an example of each function of the library, and of no other.
-- That the examples hold is tried by tests/docs/run.py.
local t = require 'harness'
require('fake_tlab').install {}
local core = require 'core'

local PAGE = 'docs/3-extend/LIBRARY.md'
local SOURCES = { schema = 'lua/host/spec/schema.lua' } -- handed on by tlab.schema

-- How a page calls them, where it is not by the module's name.
local CALLS = { run = 'run:', test = 't%.' }

-- Not for everyone: modules of tlab's own recipes, what only the validator uses, or `tlab test`.
local OWN = { artifacts = true, runs = true, ['schema.copy'] = true, ['test.told'] = true }

local function source_of(name)
  return assert(core.fs.read(SOURCES[name] or ('lua/tlab/%s.lua'):format(name)))
end

-- Name of a file in examples/ → its text.
local function examples(page)
  local blocks = {}
  for name, code in page:gmatch '\n```lua examples/([%w_]+)%.lua\n(.-)\n```' do
    blocks[name] = code
  end
  blocks.test = page:match '\n```lua tests/recipes/[%w_]+_test%.lua\n(.-)\n```'
  return blocks
end

-- Name of a module → set of its members. The run's are in its source.
local function library()
  local modules = { json = core.json }
  for _, file in ipairs(core.embedded_names()) do
    local name = file:match '^tlab/([%w_]+)%.lua$'
    if name and not OWN[name] then
      modules[name] = require('tlab.' .. name)
    end
  end
  local run = {}
  for name in source_of('worker/run'):gmatch 'function Run:([%w_]+)' do
    run[name] = true
  end
  modules.run = run
  return modules
end

-- All that is missing: functions without an example, examples without a function.
local function differences(page)
  local blocks, modules, found = examples(page), library(), {}
  for name, members in pairs(modules) do
    local code = '\n' .. (blocks[name] or '')
    local call = CALLS[name] or name .. '%.'
    for member in pairs(members) do
      local is_told = code:find('%f[%w_.]' .. call .. member .. '%f[^%w_]')
      if not is_told and not OWN[name .. '.' .. member] then
        found[#found + 1] = ('%s.%s has no example'):format(name, member)
      end
    end
    for member in code:gmatch('%f[%w_.]' .. call .. '([%a_][%w_]*)') do
      if members[member] == nil then
        found[#found + 1] = ('%s.%s is not there'):format(name, member)
      end
    end
  end
  for name in pairs(blocks) do
    found[#found + 1] = not modules[name] and name .. ' is no module' or nil
  end
  return found
end

t.test('each function has an example, and each example a function', function()
  local page = assert(core.fs.read(PAGE))
  t.eq(differences(page), {})
  local function without(pattern, with)
    local changed, n = page:gsub(pattern, with)
    t.ok(n > 0, pattern)
    return differences(changed)
  end
  t.eq(without('stats%.sd', 'stats.sum'), { 'stats.sd has no example', 'stats.sum is not there' })
  t.eq(without('run:extend', 'run:grow'), { 'run.extend has no example', 'run.grow is not there' })
  t.eq(without('examples/date', 'examples/dates')[1], 'date.format has no example')
  t.eq(
    without('\n```lua examples/csv', '\n```lua examples/none.lua\n\n```\n%0'),
    { 'none is no module' }
  )
end)

-- Names of parameters that an annotation lacks, of all functions whose head has the prefix.
local function unannotated(source, prefix)
  local found = {}
  local comment = {}
  for line in source:gmatch '[^\n]*' do
    local name, list = line:match('^function ' .. prefix .. '([%w_]+)%(([^)]*)%)')
    local said = table.concat(comment, '\n')
    if name and said == '' then
      found[#found + 1] = name
    end
    for parameter in (name and list or ''):gmatch '[%w_]+' do
      if not said:find('@param ' .. parameter .. '%f[^%w_]') then
        found[#found + 1] = name .. ': ' .. parameter
      end
    end
    comment = line:find '^%-%-%-' and table.move({ line }, 1, 1, #comment + 1, comment) or {}
  end
  return found
end

t.test('each function is annotated with all its parameters', function()
  for name in pairs(library()) do
    local prefix = name == 'run' and 'Run:' or 'M%.'
    if name ~= 'json' then -- made in C
      t.eq(unannotated(source_of(name == 'run' and 'worker/run' or name), prefix), {}, name)
    end
  end
  t.eq(
    unannotated('---@param a string\nfunction M.x(a, b)\n\nfunction M.y()', 'M%.'),
    { 'x: b', 'y' }
  )
end)

return t.done()
