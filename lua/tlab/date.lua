--- The calendar for recipes: whole days in UTC, asking no clock.
--
--     local date = require 'tlab.date'
--     local day = date.parse '2026-10-03' -- days since 1970-01-01; nil for what is no day
--     date.weekday(day) -- "Saturday"
local tree = require 'host.store.tree'

local M = {}

local WEEKDAYS = { 'Thursday', 'Friday', 'Saturday', 'Sunday', 'Monday', 'Tuesday', 'Wednesday' }

--- Days since 1970-01-01 of a date as ISO 8601 writes it.
---@param text string "2026-10-03"
---@return integer|nil days nil for what is no day, a 30 February too
function M.parse(text)
  local year, month, day = text:match '^(%d%d%d%d)%-(%d%d)%-(%d%d)$'
  year, month, day = math.tointeger(year), math.tointeger(month), math.tointeger(day)
  return year and tree.valid(year, month, day) and tree.days(year, month, day) or nil
end

--- "2026-10-03", the other way round.
---@param days integer
---@return string
function M.format(days)
  return ('%04d-%02d-%02d'):format(tree.civil(days))
end

---@param days integer
---@return string the English name
function M.weekday(days)
  return WEEKDAYS[days % 7 + 1] -- 1970-01-01 was a Thursday
end

return M
