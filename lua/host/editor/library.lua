--- A module of the library as a stub: its annotations, and its functions without their bodies. The
--- sources are laid out by stylua, so what begins and ends a function stands in the first column.

local core = require 'core'

local M = {}

-- The value of a field as far as a type can be seen from it.
local function constant(name, value)
  if value:match '^[%d.]+%f[^%w.]' or value:match "^'[^']*'" then
    return ('%s = %s'):format(name, value:match "^'[^']*'" or value:match '^[%d.]+')
  end
  local type = value:match '^{' and 'table' or 'any'
  return ('---@type %s\n%s = nil'):format(type, name)
end

---@class editor.Stub
---@field out string[]
---@field notes string[] comments that nothing followed yet
---@field class string? the class that they declare
---@field gap boolean whether an empty line came after them
---@field gives table<string, boolean> heads of functions that return something
---@field tables table<string, boolean> names of tables whose functions are told
---@field module string? the table that the module returns

local function keep(stub, line)
  table.move(stub.notes, 1, #stub.notes, #stub.out + 1, stub.out)
  stub.out[#stub.out + 1] = line
  stub.notes, stub.class, stub.gap = {}, nil, false
end

-- Comments that stand alone are kept if they declare a type.
local function part(stub)
  if stub.class then
    keep(stub, '')
  end
  stub.notes, stub.gap = {}, false
end

local function comment(stub, line)
  if stub.gap then
    part(stub)
  end
  stub.notes[#stub.notes + 1] = line
  stub.class = line:match '^%-%-%-@class %(?[%w ]*%)? ?([%w_.]+)' or stub.class
  stub.class = line:match '^%-%-%-@alias ([%w_.]+)' or stub.class
end

-- A table is told of if it is the module, or of a class, which may stand an empty line above it.
local function begins(stub, name)
  local class = stub.class and stub.class:match '[%w_]+$'
  if name == stub.module or (class and (not stub.gap or class == name)) then
    stub.tables[name] = true
    keep(stub, ('local %s = {}\n'):format(name))
  else
    part(stub)
  end
end

-- A function that gives something and does not say what gives anything, not nothing.
local function told_of_answers(stub, line)
  local says = table.concat(stub.notes, '\n'):find('---@return', 1, true)
  if not says and stub.gives[line] then
    stub.notes[#stub.notes + 1] = '---@return any ...'
  end
end

-- What stands in the first column, line by line.
local function take(stub, line)
  local head, owner = line:match '^(function ([%w_]+)[.:][%w_]+%b())'
  local field, table_of, value = line:match '^(([%w_]+)%.[%a][%w_]*) = (.*)$'
  local name = line:match '^local ([%w_]+) = {'
  if line:match '^%-%-%-' then
    comment(stub, line)
  elseif line == '' then
    stub.gap = true
  elseif name then
    begins(stub, name)
  elseif head and stub.tables[owner] then
    told_of_answers(stub, line)
    keep(stub, head .. ' end\n')
  elseif field and stub.tables[table_of] then
    keep(stub, constant(field, value) .. '\n')
  else
    part(stub)
  end
end

--- A parameter list over several lines becomes one.
local function joined(source)
  return (
    source:gsub('\n(function [%w_.:]+%()\n([^)]*)%)', function(head, params)
      return '\n' .. head .. params:gsub('^%s+', ''):gsub('%s+', ' '):gsub(' $', '') .. ')'
    end)
  )
end

-- The comment that the text begins with.
local function head_of(source)
  local lines = {}
  for line in source:gmatch '([^\n]*)\n' do
    local text = line:match '^%-%-%-?(.*)$'
    if not text or text:match '^@' then
      break
    end
    lines[#lines + 1] = '---' .. text
  end
  return table.concat(lines, '\n') .. '\n\n'
end

local function stub_of(source, module)
  local stub = { out = {}, notes = {}, gap = false, tables = {}, module = module, gives = {} }
  source = joined('\n' .. source)
  for head, body in source:gmatch '\n(function [^\n]+)(.-\n)end\n' do
    stub.gives[head] = body:find '\n +return [^\n]' ~= nil
  end
  for line in source:sub(2):gmatch '([^\n]*)\n' do
    take(stub, line)
  end
  part(stub)
  return (table.concat(stub.out, '\n'):gsub('\n+$', '\n'))
end

--- The classes of a text and their functions, without what the functions do.
---@param source string
---@return string
function M.classes(source)
  return stub_of(source, nil)
end

--- A module without what its functions do.
---@param source string
---@return string
function M.module(source)
  local other = source:match "\nreturn require '([%w_.]+)'"
  if other then
    source = assert(core.embedded(other:gsub('%.', '/') .. '.lua'))
  end
  local module = source:match '\nreturn ([%w_]+)\n$'
  local last = module and 'return ' .. module or '---@type any\nlocal value\n\nreturn value'
  return head_of(source) .. stub_of(source, module) .. '\n' .. last .. '\n'
end

return M
