--- A type of the operations table (core/gate/ops.def) as LuaCATS has it.

local M = {}

local WORDS = {
  s = 'string',
  r = 'string',
  w = 'string',
  i = 'integer',
  n = 'number',
  b = 'boolean',
  l = 'any[]',
  m = 'table',
  a = 'any',
}

---@class editor.Type
---@field text string as LuaCATS has it; "" of a map whose fields are known
---@field fields editor.Field[]? of such a map, or of a list of them
---@field list string "[]" for a list, "[][]" for a list of lists …
---@field optional boolean may be nil
---@field fails boolean may be nil, err

---@class editor.Field
---@field name string
---@field type editor.Type

local read_fields

-- Reads the type that begins at `at`.
---@return editor.Type type, integer at behind it
local function read_type(text, at)
  local fields
  local word = WORDS[text:sub(at, at)]
  if text:sub(at, at) == '{' then
    fields, at = read_fields(text, at + 1)
    word = ''
  elseif not word then
    error(('no type at byte %d of %q'):format(at, text))
  end
  local list, nothing, fails
  list, nothing, fails, at = text:match('^([%[%]]*)(%??)(!?)()', at + 1)
  return {
    text = word .. list,
    fields = fields,
    list = list,
    optional = nothing ~= '',
    fails = fails ~= '',
  },
    at
end

-- Reads "name:type, …" up to what ends it.
---@return editor.Field[] fields, integer at of the last byte of it
function read_fields(text, at)
  local fields = {}
  while at <= #text and text:sub(at, at) ~= '}' do
    local name, from = text:match('^([%a_][%w_]*):()', at)
    if not name then
      error(('no name at byte %d of %q'):format(at, text))
    end
    local type
    type, at = read_type(text, from)
    fields[#fields + 1] = { name = name, type = type }
    at = text:match('^, ()', at) or at
  end
  return fields, at
end

--- The parameters of a signature.
---@param text string "path:r, max:i?"
---@return editor.Field[]
function M.signature(text)
  return (read_fields(text, 1))
end

--- What an operation answers with.
---@param text string "{name:s, size:i}[]!"
---@return editor.Type
function M.answer(text)
  return (read_type(text, 1))
end

--- A map as a type of its own in place: "{ name: string, size: integer? }".
---@param type editor.Type
---@return string
function M.inline(type)
  if not type.fields then
    return type.text
  end
  local parts = {}
  for i, field in ipairs(type.fields) do
    local mark = field.type.optional and '?' or ''
    parts[i] = field.name .. mark .. ': ' .. M.inline(field.type)
  end
  return '{ ' .. table.concat(parts, ', ') .. ' }' .. type.list
end

return M
