--- `latest` at the lab's root: a relative link to the folder of the run that ended last.

local core = require 'core'

local M = {}

--- Points it at a run.
---@param lab table
---@param folder string the run's folder, relative to the lab
---@return boolean|nil ok, table|nil err
function M.set(lab, folder)
  return core.fs.symlink(folder, lab.root .. '/latest')
end

--- What is said in a lab without a run; the day is a recipe that every lab has.
M.NONE = {
  code = 'NOT_FOUND',
  message = 'there is no latest run in this lab yet',
  hint = 'tlab day  # a first run; tlab help names the other recipes',
}

--- Where it points, relative to the lab.
---@param lab table
---@return string|nil folder, table|nil err
function M.get(lab)
  local target = core.fs.readlink(lab.root .. '/latest')
  if not target then
    return nil, M.NONE
  end
  return target
end

return M
