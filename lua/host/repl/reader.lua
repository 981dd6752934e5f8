--- Where a session's lines come from.

local core = require 'core'

local M = {}

local SCRIPT_MAX = 64 << 20

--- The lines of standard input, one by one.
local function script()
  local text, err
  local at = 1
  return function()
    if not text then
      text, err = core.fs.stdin(SCRIPT_MAX)
    end
    if not text or at > #text then
      return nil, err or 'EOF'
    end
    local line
    line, at = text:match('([^\n]*)\n?()', at)
    return line
  end
end

---@param prompt tlab.Prompt
---@return fun(prompt: string): string|nil, string|table|nil read the line; nil with 'EOF',
---  'INTERRUPTED', or an err
function M.new(prompt)
  local _ = prompt
  return script()
end

return M
