--- What a JSON value is in Lua: kinds, equality, lengths. Shared by the schema modules.
local core = require 'core'

local M = {}

M.null = core.json.null
M.list = core.json.array

--- The mark of a decoded list; an empty table without it is an empty object.
local LIST_MARK = getmetatable(core.json.array({}))

---@param v any
---@return boolean
function M.is_list(v)
  return type(v) == 'table' and (getmetatable(v) == LIST_MARK or rawget(v, 1) ~= nil)
end

--- The JSON type of a value: null boolean integer number string array object. A float without a
--- fraction is an integer (JSON Schema core, section 4.2.3).
---@param v any
---@return string|nil kind nil when it is no JSON value at all
function M.kind(v)
  if v == M.null then
    return 'null'
  end
  local t = type(v)
  if t == 'table' then
    return M.is_list(v) and 'array' or 'object'
  elseif t == 'number' then
    if math.type(v) == 'integer' then
      return 'integer'
    end
    return v == math.floor(v) and v - v == 0 and 'integer' or 'number'
  elseif t == 'string' or t == 'boolean' then
    return t
  end
  return nil
end

local function equal_tables(a, b)
  local list = M.is_list(a)
  if list ~= M.is_list(b) or (list and #a ~= #b) then
    return false
  end
  for k, v in pairs(a) do
    if not M.equal(v, b[k]) then
      return false
    end
  end
  for k in pairs(b) do
    if a[k] == nil then
      return false
    end
  end
  return true
end

--- Equality of JSON values: 1 and 1.0 are equal, [] and {} are not.
function M.equal(a, b)
  if type(a) == 'table' and type(b) == 'table' then
    return a == b or equal_tables(a, b)
  end
  return type(a) == type(b) and a == b
end

--- Length of a string in code points; in bytes when it is not UTF-8.
---@param s string
function M.length(s)
  return utf8.len(s) or #s
end

--- How many members an object has.
---@param t table
function M.count(t)
  local n = 0
  for _ in pairs(t) do
    n = n + 1
  end
  return n
end

--- A key as one step of a JSON pointer (RFC 6901, section 3).
---@param key string|integer
function M.step(key)
  return '/' .. tostring(key):gsub('~', '~0'):gsub('/', '~1')
end

--- The steps of a JSON pointer, unescaped; nil when it is not one.
---@param pointer string
---@return string[]|nil
function M.steps(pointer)
  if pointer ~= '' and pointer:sub(1, 1) ~= '/' then
    return nil
  end
  local steps = {}
  for step in pointer:gmatch('/([^/]*)') do
    if step:find('~[^01]') or step:find('~$') then
      return nil
    end
    steps[#steps + 1] = step:gsub('~1', '/'):gsub('~0', '~')
  end
  return steps
end

--- Goes along a JSON pointer. List positions count from 0.
---@return any value nil when there is nothing
function M.at(value, pointer)
  for _, step in ipairs(M.steps(pointer) or { false }) do
    if type(value) ~= 'table' or not step then
      return nil
    end
    if M.is_list(value) then
      if not (step == '0' or step:find('^[1-9]%d*$')) then
        return nil
      end
      value = value[tonumber(step) + 1]
    else
      value = value[step]
    end
    if value == nil then
      return nil
    end
  end
  return value
end

--- A short form of a value for messages.
---@param v any
---@return string
function M.show(v)
  local kind = M.kind(v)
  if kind == 'string' then
    local text = utf8.len(v) and v or 'bytes'
    if utf8.len(text) > 40 then
      text = text:sub(1, utf8.offset(text, 38) - 1) .. '…'
    end
    return core.json.encode(text)
  elseif kind == 'array' then
    return #v == 0 and '[]' or ('a list of %d'):format(#v)
  elseif kind == 'object' then
    return next(v) == nil and '{}' or 'an object'
  elseif kind == 'null' then
    return 'null'
  elseif kind == 'integer' then
    return math.type(v) == 'integer' and tostring(v) or ('%.17g'):format(v)
  elseif kind == 'number' then
    return M.number(v)
  end
  return tostring(v)
end

--- The shortest decimal form of a number that reads back as the same number.
---@param x number
---@return string
function M.number(x)
  if math.type(x) == 'integer' then
    return tostring(x)
  end
  for digits = 15, 17 do
    local text = ('%.' .. digits .. 'g'):format(x)
    if tonumber(text) == x then
      return text
    end
  end
  return ('%.17g'):format(x)
end

return M
