--- Printing for commands: the result to standard output, talk to standard error.

local core = require 'core'

local M = {}

--- Writes to standard output. Raises when that fails (full disk, closed pipe): a result that nobody
--- could read is not a success, and `host.cmd` ends with the code for it.
---@param text string
---@param style? table host.view.style that made it
function M.out(text, style)
  local ok, err = core.term.out(text, style and style.on or false)
  if not ok then
    error { code = 'STORAGE', message = 'the result cannot be written: ' .. err.message }
  end
end

--- Writes to standard error. A failure is passed over: there is no place left to tell it.
---@param text string
---@param style? table
function M.err(text, style)
  core.term.err(text, style and style.on or false)
end

--- One canonical JSON value on a line of its own.
---@param value any
function M.json(value)
  M.out(core.json.encode(value) .. '\n')
end

return M
