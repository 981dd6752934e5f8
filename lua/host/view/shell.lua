--- Words of a line that a person is to copy into a shell.
local M = {}

--- A word as a shell takes it, whatever is in it.
---@param word string
---@return string
function M.word(word)
  if word:find '^[%w_./:=@,+-]+$' then
    return word
  end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

return M
