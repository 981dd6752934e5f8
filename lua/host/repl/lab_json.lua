--- Puts one permit into the text of lab.json. Nothing else in it changes: not the order, not how it
--- is laid out.

local core = require 'core'

local M = {}

--- Behind the value that begins at `at`.
local function behind(text, at)
  local first = text:sub(at, at)
  if first == '"' then
    local i = at + 1
    while text:sub(i, i) ~= '"' do
      i = i + (text:sub(i, i) == '\\' and 2 or 1)
    end
    return i + 1
  elseif first ~= '{' and first ~= '[' then
    return text:match('^[^%s,%]}]+()', at)
  end
  local depth, i = 0, at
  repeat
    local sign = text:sub(i, i)
    depth = depth + ((sign == '{' or sign == '[') and 1 or (sign == '}' or sign == ']') and -1 or 0)
    i = sign == '"' and behind(text, i) or i + 1
  until depth == 0
  return i
end

--- Where the value of a member begins, in the object at `at`; nil when there is none.
local function member(text, at, name)
  local i = text:match('^%s*()', at + 1)
  while text:sub(i, i) == '"' do
    local stop = behind(text, i)
    local key = core.json.decode(text:sub(i, stop - 1))
    local value = text:match('^%s*:%s*()', stop)
    if key == name then
      return value
    end
    i = text:match('^%s*,?%s*()', behind(text, value))
  end
  return nil
end

--- Puts an item before the first one of the object or list at `at`.
local function put(text, at, item)
  local is_empty = text:find('^.%s*[%]}]', at)
  local space = text:match('^%s*', at + 1)
  return text:sub(1, at)
    .. (is_empty and '' or space)
    .. item
    .. (is_empty and '' or ',')
    .. (is_empty and '' or space == '' and ' ' or '')
    .. text:sub(at + 1)
end

--- The text with the permit in it.
---@param text string a lab.json that is valid
---@param family string
---@param item string
---@return string
function M.allow(text, family, item)
  local value = core.json.encode(item)
  local at = text:match '^%s*()'
  for _, step in ipairs {
    { 'permits', ('"permits": {"allow": {%q: [%s]}}'):format(family, value) },
    { 'allow', ('"allow": {%q: [%s]}'):format(family, value) },
    { family, ('%q: [%s]'):format(family, value) },
  } do
    local inner = member(text, at, step[1])
    if not inner then
      return put(text, at, step[2])
    end
    at = inner
  end
  return put(text, at, value)
end

return M
