--- A folder for artifacts that nobody keeps, beside nothing of value. Whoever makes it purges it;
--- of a process that was killed `tlab gc` does (host/store/rubbish.lua).

local core = require 'core'

local M = {}

local PRIVATE = 448 -- 0700

---@param name 'replay'|'dry'|'tests' whose it is
---@return string|nil dir
---@return table|nil err
function M.make(name)
  local base = core.env.get 'TMPDIR' or '/tmp'
  local bytes, err = core.rand.bytes(8)
  if not bytes then
    return nil, err
  end
  local dir = base
    .. ('/tlab-%s-'):format(name)
    .. bytes:gsub('.', function(c)
      return string.format('%02x', c:byte())
    end)
  local ok
  ok, err = core.fs.make(dir, PRIVATE)
  if not ok then
    return nil, err
  end
  core.fs.hold(dir) -- a courtesy: tells it from what a killed process left
  return dir
end

return M
