--- Pages of help: an operation from the table of operations, a function of the library from its own
--- annotations, with an example each.

local core = require 'core'
local table_view = require 'host.view.table'
local types = require 'host.editor.types'

local M = {}

local LIBRARY = 'docs/3-extend/LIBRARY.md' -- whose examples are tried by the tests
local MANUAL = 'https://www.lua.org/manual/5.4/manual.html#pdf-'
local EXAMPLES = 3 -- of one function

local PERMITS = {
  none = 'nothing to ask for',
  read = "the run's folder and lab:… are free, other paths need --allow-read=PATH",
  write = "within the run's folder, always",
  net = '--allow-net=HOST:PORT',
  run = '--allow-run=PROGRAM',
  env = '--allow-env=NAME',
  call = "needs = { call = { 'RECIPE' } } in the recipe",
}

local KINDS = {
  pure = 'the same answer always: not recorded',
  shown = 'for the eye only: not recorded',
  ['local'] = 'computed by the recipe: not recorded',
}

--- Whether a recipe has any use of an operation: not those of sessions and of tests.
---@param op table of core.ops
---@return boolean
function M.is_for_recipes(op)
  return op.permit ~= 'tool' and not op.name:find '^repl%.' and not op.name:find '^test%.'
end

local function parameters(op, with_types)
  local list = {}
  for i, field in ipairs(types.signature(op.signature)) do
    local type = with_types and ': ' .. types.inline(field.type) or ''
    list[i] = field.name .. (field.type.optional and '?' or '') .. type
  end
  return table.concat(list, ', ')
end

-- Where the world may say no, the answer is nil and an error.
local function answer(op)
  local type = types.answer(op.returns)
  return types.inline(type)
    .. (type.optional and ' or nil' or '')
    .. (type.fails and ', or nil and an error' or '')
end

--- The page of an operation.
---@param op table of core.ops
---@return string
function M.operation(op)
  local rows = {
    ('tlab.%s(%s)'):format(op.name, parameters(op, true)),
    '  ' .. op.help,
    '  answers   ' .. answer(op),
    '  permit    ' .. (PERMITS[op.permit] or op.permit),
  }
  if KINDS[op.kind] then
    rows[#rows + 1] = '  record    ' .. KINDS[op.kind]
  end
  local example = require('host.repl.examples')[op.name]
  if example then
    rows[#rows + 1] = '  example   ' .. example:gsub('\n', '\n            ')
  end
  return table.concat(rows, '\n') .. '\n'
end

--- The page of a family of operations: "fs".
---@param family string
---@return string|nil nil when there is none
function M.family(family)
  local rows = {}
  for _, op in ipairs(core.ops()) do
    if op.name:match '^%w+' == family and M.is_for_recipes(op) then
      rows[#rows + 1] = { ('  tlab.%s(%s)'):format(op.name, parameters(op)), op.help }
    end
  end
  return #rows > 0 and 'tlab.' .. family .. '\n' .. table_view.columns(rows) or nil
end

--- The functions of a module, by the comments above them.
---@param source string
---@return table[] functions {owner, name, sign = '.' or ':', params, notes = lines without dashes}
---@return string[] head what the module says of itself
function M.functions(source)
  local found, notes, head = {}, {}, nil
  for line in source:gmatch '([^\n]*)\n' do
    local note = line:match '^%-%-%-?%s?(.*)$'
    local owner, sign, name, params = line:match '^function (%w+)([.:])([%w_]+)%((.*)%)?'
    if note then
      notes[#notes + 1] = note
    else
      if name then
        params = params:gsub('%)$', '')
        found[#found + 1] =
          { owner = owner, name = name, sign = sign, params = params, notes = notes }
      end
      head, notes = head or notes, {}
    end
  end
  return found, head or {}
end

--- The lines of the library's page that show a function: EXPRESSION --> RESULT.
local function examples(short, name)
  local rows = {}
  for line in (core.embedded(LIBRARY) or ''):gmatch '[^\n]+' do
    local used = line:find('%f[%w]' .. short .. '[.:]' .. name .. '%f[^%w_]')
    if used and line:find(' --> ', 1, true) and #rows < EXAMPLES then
      rows[#rows + 1] = '  ' .. line
    end
  end
  return rows
end

--- What an annotation says, in words.
local function annotated(note)
  local name, rest = note:match '^@param ([%w_.]+%??) (.*)$'
  if name then
    return ('  %-9s %s'):format(name, rest)
  end
  rest = note:match '^@return (.*)$'
  return rest and '  answers   ' .. rest or not note:find '^@' and '  ' .. note or nil
end

--- The page of a function of the library.
---@param module string "tlab.csv", "run"
---@param fn table of M.functions
---@return string
function M.library(module, fn)
  local rows = { ('%s%s%s(%s)'):format(module, fn.sign, fn.name, fn.params) }
  for _, note in ipairs(fn.notes) do
    rows[#rows + 1] = annotated(note)
  end
  local shown = examples(module:match '[%w_]+$', fn.name)
  if #shown > 0 then
    rows[#rows + 1] = '  examples'
    table.move(shown, 1, #shown, #rows + 1, rows)
  end
  return table.concat(rows, '\n') .. '\n'
end

--- The page of a whole module.
---@param module string
---@param source string
---@return string
function M.module(module, source)
  local functions, head = M.functions(source)
  local rows = { module, '  ' .. table.concat(head, '\n  ') }
  for _, fn in ipairs(functions) do
    local first = fn.notes[1] and not fn.notes[1]:find '^@' and fn.notes[1] or ''
    local owner = fn.owner ~= 'M' and fn.owner or ''
    rows[#rows + 1] = ('  %s%s%s(%s)  %s'):format(owner, fn.sign, fn.name, fn.params, first)
  end
  rows[#rows + 1] = ('  ?%s.NAME says more of one'):format(module)
  return table.concat(rows, '\n') .. '\n'
end

--- A function of Lua itself.
---@param name string "string.format"
---@return string
function M.of_lua(name)
  return ('%s\n  of Lua 5.4: %s%s\n'):format(name, MANUAL, name)
end

return M
