--- What a doctor found: lines {group, name, status = 'ok'|'warn'|'fail', message, mend?}, in the
--- order in which they were looked at.

local M = {}
M.__index = M

---@class doctor.Report
---@field checks table[]

---@return doctor.Report
function M.new()
  return setmetatable({ checks = {} }, M)
end

--- Functions that add a line of one group: ok(name, message), warn(name, message, mend),
--- fail(name, message, mend).
---@param group string
---@return table
function M:group(group)
  local into = {}
  for _, status in ipairs { 'ok', 'warn', 'fail' } do
    into[status] = function(name, message, mend)
      self.checks[#self.checks + 1] = {
        group = group,
        name = name,
        status = status,
        message = message,
        mend = mend,
      }
    end
  end
  return into
end

--- How many lines have a status.
---@param status string
---@return integer
function M:count(status)
  local count = 0
  for _, check in ipairs(self.checks) do
    count = count + (check.status == status and 1 or 0)
  end
  return count
end

return M
