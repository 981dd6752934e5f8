--- Help on a recipe: what it declares, and the keys of its spec. The recipe is loaded, not run.

local core = require 'core'
local instead_of = require 'host.view.instead'
local table_view = require 'host.view.table'
local value = require 'host.spec.value'

local M = {}

local TEXT_MAX = 60 -- bytes of a default or of choices in a row

--- "string", "integer or null", "object"; from a key's type or enum, or from what it refers to.
local function kind_of(key, validator)
  local schema = type(key.schema) == 'table' and key.schema or {}
  local kind = schema.type or schema.enum and 'choice'
  if not kind then
    kind = {}
    for each in pairs(validator:types(value.step(key.name)) or { any = true }) do
      kind[#kind + 1] = each
    end
    table.sort(kind)
  end
  return type(kind) == 'table' and table.concat(kind, ' or ') or kind
end

local function about(key)
  local schema = type(key.schema) == 'table' and key.schema or {}
  local parts = {}
  if key.required then
    parts[1] = 'required'
  end
  if schema.default ~= nil then
    parts[#parts + 1] = 'default ' .. table_view.cut(core.json.encode(schema.default), TEXT_MAX)
  end
  if type(schema.enum) == 'table' then
    parts[#parts + 1] = 'one of ' .. table_view.cut(core.json.encode(schema.enum), TEXT_MAX)
  end
  local notes = #parts > 0 and '(' .. table.concat(parts, ', ') .. ')' or ''
  local text = schema.description or ''
  return text .. (text ~= '' and notes ~= '' and ' ' or '') .. notes
end

--- What is typed at the least: a spec, where something in it is required.
local function example(call, validator)
  for _, key in ipairs(validator and validator:keys() or {}) do
    if key.required then
      return 'tlab ' .. call .. ' spec.json'
    end
  end
  return 'tlab ' .. call
end

local function keys_of(validator)
  local rows = {}
  for _, key in ipairs(validator and validator:keys() or {}) do
    if key.name ~= '$schema' then -- for editors
      rows[#rows + 1] = { '  ' .. key.name, kind_of(key, validator), about(key) }
    end
  end
  return #rows > 0 and '\nSpec:\n' .. table_view.columns(rows) or ''
end

local function needs_of(decl)
  local rows = {}
  for family, list in pairs(decl.needs or {}) do
    rows[#rows + 1] = { '  ' .. family, table.concat(list, ', ') }
  end
  return #rows > 0 and '\nNeeds:\n' .. table_view.columns(rows) or ''
end

local function instead(declared)
  local files = instead_of(declared.recipe, declared.modules)
  return #files > 0 and "\nInstead of tlab's own:\n  " .. table.concat(files, '\n  ') .. '\n' or ''
end

--- The page of a recipe.
---@param declared table from host.cmd.recipes
---@param word string how it was called
---@return string
function M.page(declared, word)
  local decl = declared.decl
  local call = word:find '[/.]' and 'run ' .. word or word
  return string.format(
    '%s: %s\n\n  %s\n',
    decl.name,
    decl.summary or '',
    example(call, declared.validator)
  ) .. string.format('\nUsage: tlab %s [SPEC] [key=value ...]\n', call) .. keys_of(
    declared.validator
  ) .. needs_of(decl) .. instead(declared) .. '\nOptions: those of tlab run, see tlab help run\n'
end

--- The same for programs.
---@param declared table
---@return table
function M.data(declared)
  local files = instead_of(declared.recipe, declared.modules)
  return {
    name = declared.decl.name,
    recipe = declared.recipe.file,
    instead = #files > 0 and files or nil,
    declaration = declared.decl,
  }
end

return M
