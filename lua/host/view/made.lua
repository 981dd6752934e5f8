--- Files that were made, as lines for people: what tlab writes for editors is one line.

local M = {}

local WORDS = { made = 'made  ', renewed = 'anew  ', kept = 'kept  ' }
local STUBS = '^types/'

local function line(word, path, more)
  return word .. path .. more .. '\n'
end

--- Those that are there already are counted only.
---@param files {path: string, what: string}[] what = "made", "same", "renewed" or "kept"
---@return string
function M.lines(files)
  local lines, count, at = {}, { same = 0 }, {}
  for _, file in ipairs(files) do
    local what = file.what
    if what == 'same' then
      count.same = count.same + 1
    elseif what ~= 'kept' and file.path:match(STUBS) then
      count[what] = (count[what] or 0) + 1
      at[what] = at[what] or #lines + 1
      lines[at[what]] = line(WORDS[what], 'types/', ', for editors: ' .. count[what])
    else
      lines[#lines + 1] = line(WORDS[what], file.path, what == 'kept' and ', which is yours' or '')
    end
  end
  if count.same > 0 then
    lines[#lines + 1] = ('there already: %d of %d files\n'):format(count.same, #files)
  end
  return table.concat(lines)
end

return M
