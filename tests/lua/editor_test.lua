-- What editors are told: all that there is, and as it is. That a checker finds mistakes by it is
-- tried by tests/lint/editor.py.
local t = require 'harness'
require('fake_tlab').install {}
local core = require 'core'
local library = require 'host.editor.library'
local needs = require 'host.spec.needs'
local stubs = require 'host.editor.stubs'
local types = require 'host.editor.types'

t.test('a type of the table becomes one of LuaCATS', function()
  local fields = types.signature 'path:r, o:{max:i?, names:s[], of:{a:n}[]?}?, rest:l'
  t.eq(#fields, 3)
  t.eq(
    { fields[1].name, fields[1].type.text, fields[1].type.optional },
    { 'path', 'string', false }
  )
  t.eq(fields[2].type.optional, true)
  t.eq(types.inline(fields[2].type), '{ max?: integer, names: string[], of?: { a: number }[] }')
  t.eq(fields[3].type.text, 'any[]')
  local answer = types.answer '{size:i}[]?!'
  t.eq(
    { types.inline(answer), answer.optional, answer.fails },
    { '{ size: integer }[]', true, true }
  )
  t.err(function()
    types.signature 'path:q'
  end, 'no type at byte 6')
  t.err(function()
    types.signature 'path'
  end, 'no name at byte 1')
end)

-- Name of a file → its text.
local function written()
  local texts = {}
  for _, file in ipairs(stubs.files()) do
    texts[file.path] = file.text
  end
  return texts
end

t.test('each operation is there once, with all its parameters', function()
  local text = stubs.globals()
  for _, op in ipairs(core.ops()) do
    local names = {}
    for i, field in ipairs(types.signature(op.signature)) do
      names[i] = field.name
    end
    local line = ('\nfunction tlab.%s(%s) end\n'):format(op.name, table.concat(names, ', '))
    local _, count = text:gsub(line:gsub('%p', '%%%0'), '')
    t.eq(count, op.permit == 'tool' and 0 or 1, op.name)
  end
end)

-- The value of a stub: its functions do nothing.
local function value_of(text)
  return assert(load(text, '=stub', 't', { tlab = { json = {} } }))()
end

-- Not a function of the module's own.
local HANDED_ON = 'tlab/schema.copy'

t.test('each module of the library is there, with all its functions', function()
  local texts, count = written(), 0
  for _, name in ipairs(core.embedded_names()) do
    local module = name:match '^(tlab/.*)%.lua$'
    if module and not module:match '^tlab/worker/' and not module:match '^tlab/repl/' then
      local text = assert(texts['types/' .. module .. '.lua'], module)
      local real, stub = require(module:gsub('/', '.')), value_of(text)
      for key, value in pairs(type(stub) == 'table' and real or {}) do
        if type(value) == 'function' and module .. '.' .. key ~= HANDED_ON then
          t.eq(type(stub[key]), 'function', module .. '.' .. key)
          count = count + 1
        end
      end
      t.ok(text:match('^%-%-%-@meta ' .. module:gsub('/', '.') .. '\n'), module)
    end
  end
  t.ok(count > 100, count)
end)

t.test('a function of the run object is there with its annotations', function()
  local text = stubs.globals()
  for name in core.embedded('tlab/worker/run.lua'):gmatch '\nfunction Run:([%w_]+)' do
    t.ok(text:find('\nfunction Run:' .. name .. '(', 1, true), name)
  end
  t.ok(text:find('---@class tlab.Run\n', 1, true) and text:find('\nlocal Run = {}\n', 1, true))
end)

local MODULE = [[
-- What it is for.
--
-- More of it.
local other = require 'other'

local M = {}

M.MOST = 7 -- of them
M.LIST = { 1 }
M.__index = M

---@class a.Thing
---@field size integer

---@class a.Box
local Box = {}

-- Not told.
local function help()
  return other
end

--- Does it.
---@param one string
---@param two integer?
function M.act(
  one,
  two
)
  local Inner = {}
  function M.hidden() end
  return help(one, two)
end

function Box:open()
  return self
end

function Box:close()
  self.size = 0
end

return M
]]
local STUB = [[
--- What it is for.
---
--- More of it.

local M = {}

M.MOST = 7

---@type table
M.LIST = nil

---@class a.Thing
---@field size integer

---@class a.Box
local Box = {}

--- Does it.
---@param one string
---@param two integer?
---@return any ...
function M.act(one, two) end

---@return any ...
function Box:open() end

function Box:close() end

return M
]]

t.test('functions outside of libraries are those that a recipe has', function()
  local text, golden = stubs.globals(), assert(core.fs.read 'tests/lua/golden_globals.txt')
  local here, there = {}, {}
  for name in golden:gmatch '_G%.([%w]+) function\n' do
    there[#there + 1] = name
  end
  for name in text:gmatch '\nfunction ([%w]+)%(' do
    here[#here + 1] = name
  end
  table.sort(here)
  table.sort(there)
  t.eq(here, there)
end)

t.test('what a recipe may need has a field each', function()
  local class = stubs.globals():match '%-%-%-@class %(exact%) tlab.Needs\n(.-)\n\n'
  local _, count = class:gsub('%-%-%-@field', '')
  t.eq(count, #needs.FAMILIES)
  for _, family in ipairs(needs.FAMILIES) do
    t.ok(class:find('---@field ' .. family .. '? string[]', 1, true), family)
  end
end)

t.test('a module becomes its annotations and heads', function()
  t.eq(library.module(MODULE), STUB)
end)

t.test('types/tlab.lua is as the binary has it', function()
  t.ok(core.fs.read 'types/tlab.lua' == stubs.globals(), 'type: make docs')
end)

return t.done()
