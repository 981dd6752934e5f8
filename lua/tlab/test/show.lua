--- Values of a test: whether they are equal, and how they are told to a person.

local M = {}

local MOST = 2000 -- bytes of one value in a message

--- Equal by what they hold.
---@param a any
---@param b any
---@return boolean
function M.same(a, b)
  if rawequal(a, b) then
    return true -- also a table that is within itself
  elseif type(a) ~= 'table' or type(b) ~= 'table' then
    return a == b
  end
  for key, value in next, a do
    if not M.same(value, b[key]) then
      return false
    end
  end
  for key in next, b do
    if a[key] == nil then
      return false
    end
  end
  return true
end

local function inner(value, above)
  if type(value) == 'string' then
    return ('%q'):format(value):gsub('\\\n', '\\n')
  elseif type(value) ~= 'table' then
    return tostring(value)
  elseif above[value] then
    return '(the table it is in)'
  end
  above[value] = true
  local parts, length = {}, #value
  for i = 1, length do
    parts[i] = inner(value[i], above)
  end
  for key, item in next, value do
    local listed = math.type(key) == 'integer' and key >= 1 and key <= length
    if not listed then
      local name = type(key) == 'string' and key:find '^[%a_][%w_]*$' and key
        or '[' .. inner(key, above) .. ']'
      parts[#parts + 1] = name .. ' = ' .. inner(item, above)
    end
  end
  above[value] = nil
  return '{' .. table.concat(parts, ', ') .. '}'
end

--- A value as one would write it in Lua.
---@param value any
---@return string
function M.value(value)
  local text = inner(value, {})
  return #text <= MOST and text or text:sub(1, MOST) .. ' …'
end

--- How what came differs from what was expected.
---@param got any
---@param expected any
---@return string
function M.difference(got, expected)
  local texts = type(got) == 'string' and type(expected) == 'string'
  if texts and (got:find '\n.' or expected:find '\n.') then
    return 'it is not as expected\n'
      .. assert(tlab.text.diff(expected, got, { from = 'expected', to = 'got' }))
  end
  return ('got %s, expected %s'):format(M.value(got), M.value(expected))
end

--- What was raised, as text.
---@param err any
---@return string
function M.message(err)
  if type(err) == 'table' and type(err.message) == 'string' then
    return err.code and ('%s: %s'):format(err.code, err.message) or err.message
  end
  return type(err) == 'string' and err or M.value(err)
end

return M
