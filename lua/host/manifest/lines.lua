--- The lines of a record, from its text or from its file, which is read a part at a time: it may be
--- larger than memory is wanted for.

local core = require 'core'

local M = {}

local PART = 1 << 20 -- bytes that are read at once

--- Calls fn(line, number) for each line that is whole.
---@param next_part fun(): string|nil, table|nil of M.text or M.file
---@param fn fun(line: string, number: integer): boolean|nil, table|nil
---@return string|nil rest what stands behind the last newline
---@return table|nil err
function M.each(next_part, fn)
  local number, rest = 0, ''
  while true do
    local part, err = next_part()
    if not part or part == '' then
      return part and rest, err
    end
    rest = rest .. part
    local start, stop = 1, rest:find('\n', 1, true)
    while stop do
      number = number + 1
      local ok, why = fn(rest:sub(start, stop - 1), number)
      if not ok then
        return nil, why
      end
      start = stop + 1
      stop = rest:find('\n', start, true)
    end
    rest = rest:sub(start)
  end
end

---@param text string
---@return fun(): string the text, then nothing
function M.text(text)
  local rest = text
  return function()
    local part = rest
    rest = ''
    return part
  end
end

---@param path string
---@return fun(): string|nil, table|nil the next bytes, in the end none; or nil and why not
function M.file(path)
  local at = 0
  return function()
    if at >= PART then
      core.collect() -- what was made of the part before is done with
    end
    local part, err = core.fs.part(path, at, PART)
    at = at + #(part or '')
    return part, err
  end
end

return M
