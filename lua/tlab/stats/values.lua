--- What is wrong with a value that should have been a number, for people.
local M = {}

---@param value any
---@return string
function M.wrong(value)
  if type(value) == 'string' then
    return ("text ('%s'): tonumber makes a number of it"):format(value:sub(1, 20):gsub('%c', '?'))
  elseif value == tlab.json.null then
    return 'null: leave out what is missing'
  elseif value ~= value then
    return 'not a number (NaN), such as of 0/0'
  elseif value == math.huge or value == -math.huge then
    return 'infinite'
  end
  return value == nil and 'missing' or 'a ' .. type(value)
end

---Whether it is a finite number.
---@param value any
---@return boolean
function M.is_finite(value)
  return type(value) == 'number' and value - value == 0
end

return M
