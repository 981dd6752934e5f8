--- The operations as LuaCATS: a function for each, and a class for each map of which the table says
--- what is in it.

local types = require 'host.editor.types'

local M = {}

local KINDS = {
  pure = 'the same answer always: not recorded',
  shown = 'for the eye only: not recorded',
  ['local'] = 'computed by the recipe itself: not recorded',
}

-- Adds the class of a map with known fields and names it; of any other type gives the words.
local function named(lines, type, name)
  if not type.fields then
    return type.text
  end
  lines[#lines + 1] = '---@class (exact) ' .. name
  for _, field in ipairs(type.fields) do
    lines[#lines + 1] = ('---@field %s%s %s'):format(
      field.name,
      field.type.optional and '?' or '',
      types.inline(field.type)
    )
  end
  lines[#lines + 1] = ''
  return name .. type.list
end

local function returns(answer, words)
  local mark = (answer.optional or answer.fails) and '?' or ''
  if not answer.fails then
    return { '---@return ' .. words .. mark }
  end
  return { '---@return ' .. words .. mark, '---@return tlab.Err? err' }
end

--- An operation: the classes of its maps, then the function.
local function operation(op)
  local lines, params, names = {}, {}, {}
  local name = 'tlab.' .. op.name
  for i, field in ipairs(types.signature(op.signature)) do
    local words = named(lines, field.type, name .. '.' .. field.name)
    local mark = field.type.optional and '?' or ''
    params[i] = ('---@param %s%s %s'):format(field.name, mark, words)
    names[i] = field.name
  end
  local answer = types.answer(op.returns)
  local answers = returns(answer, named(lines, answer, name .. '.answer'))
  lines[#lines + 1] = '---' .. op.help
  lines[#lines + 1] = '---'
  local kind = KINDS[op.kind] or 'recorded'
  lines[#lines + 1] = ('---Permit: %s; %s.'):format(op.permit, kind)
  table.move(params, 1, #params, #lines + 1, lines)
  table.move(answers, 1, #answers, #lines + 1, lines)
  lines[#lines + 1] = ('function %s(%s) end'):format(name, table.concat(names, ', '))
  return table.concat(lines, '\n')
end

--- All that a recipe may ask for, below `tlab`.
---@param ops table[] core.ops()
---@return string
function M.text(ops)
  local parts, seen = {}, {}
  for _, op in ipairs(ops) do
    local family = op.name:match '^[^.]*'
    if op.permit ~= 'tool' then
      if not seen[family] then
        seen[family] = true
        parts[#parts + 1] = ('---@class (exact) tlab.%s\ntlab.%s = {}'):format(family, family)
      end
      parts[#parts + 1] = operation(op)
    end
  end
  return table.concat(parts, '\n\n') .. '\n'
end

return M
