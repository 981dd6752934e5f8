--- Lists of Lua's patterns, written as one text with blanks between them.
local M = {}

local split = {} -- each text once

---@param text string
---@return string[] patterns
function M.of(text)
  local list = split[text]
  if not list then
    list = {}
    for pattern in text:gmatch '%S+' do
      list[#list + 1] = pattern
    end
    split[text] = list
  end
  return list
end

---@param patterns string[]
---@param s string
---@return boolean whether one of them fits
function M.fit(patterns, s)
  for _, pattern in ipairs(patterns) do
    if s:find(pattern) then
      return true
    end
  end
  return false
end

return M
