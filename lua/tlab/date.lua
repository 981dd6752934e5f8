--- The calendar for recipes: whole days in UTC, asking no clock.
--
--     local date = require 'tlab.date'
--     local day = date.parse '2026-10-03' -- days since 1970-01-01; nil for what is no day
--     date.weekday(day) -- "Saturday"
local tree = require 'host.store.tree'

local M = {}

local WEEKDAYS = { 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday' }
local MOMENT = '^(%d%d%d%d%-%d%d%-%d%d)[Tt ](%d%d):(%d%d):(%d%d)%.?%d*(.+)$'
local FIRST, LAST = -719528, 2932896 -- 0000-01-01 and 9999-12-31, what RFC 3339 can write

--- Days since 1970-01-01 of a date as ISO 8601 writes it.
---@param text string "2026-10-03"
---@return integer|nil days nil for what is no day, a 30 February too
function M.parse(text)
  local y, m, d = text:match '^(%d%d%d%d)%-(%d%d)%-(%d%d)$'
  local year, month, day = math.tointeger(y), math.tointeger(m), math.tointeger(d)
  if year and month and day and tree.valid(year, month, day) then
    return tree.days(year, month, day)
  end
  return nil
end

--- "2026-10-03", the other way round.
---@param days integer
---@return string
function M.format(days)
  return ('%04d-%02d-%02d'):format(tree.civil(days))
end

---@param days integer
---@return integer 0 for Monday to 6 for Sunday
function M.weekday_number(days)
  return (days + 3) % 7 -- 1970-01-01 was a Thursday
end

---@param days integer
---@return string the English name
function M.weekday(days)
  return WEEKDAYS[M.weekday_number(days) + 1] --[[@as string]]
end

--- The week that a day is of, by ISO 8601: weeks begin on Monday, and belong to the year of their
--- Thursday.
---@param days integer
---@return string "2026-W48"
function M.week(days)
  local thursday = days - M.weekday_number(days) + 3
  local year = tree.civil(thursday)
  return ('%04d-W%02d'):format(year, (thursday - tree.days(year, 1, 1)) // 7 + 1)
end

--- The Monday that a week begins with.
---@param week string "2026-W48"
---@return integer|nil days nil for what is no week: few years have a W53
function M.week_start(week)
  local y, w = week:match '^(%d%d%d%d)%-W(%d%d)$'
  local year, number = math.tointeger(y), math.tointeger(w)
  local fourth = year and tree.days(year, 1, 4) -- always of the first week
  local days = fourth and number and fourth - M.weekday_number(fourth) + (number - 1) * 7
  return days and M.week(days) == week and days or nil
end

--- A moment as RFC 3339 has it, in UTC; one outside its years becomes the nearest day within.
---@param seconds integer since 1970
---@return string "2026-10-03T12:00:00Z"
function M.moment(seconds)
  local days = math.max(FIRST, math.min(LAST, seconds // 86400))
  local form = '%sT%02d:%02d:%02dZ'
  return form:format(M.format(days), seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
end

--- The moment of a date or a date-time of RFC 3339.
---@param s string "2026-10-03", "2026-10-03T12:00:00+02:00"
---@return integer|nil seconds since 1970; of a date its first
---@return boolean|nil is_day whether it is a date only
function M.seconds(s)
  local days = M.parse(s)
  if days then
    return days * 86400, true
  end
  local day, hour, minute, second, zone = s:match(MOMENT)
  local sign, hours, minutes = (zone or ''):gsub('^[Zz]$', '+00:00'):match '^([+-])(%d%d):(%d%d)$'
  days = day and M.parse(day)
  if not days or not sign or hour > '23' or minute > '59' or second > '60' then
    return nil
  end
  local away = (hours * 60 + minutes) * (sign == '-' and -60 or 60)
  return math.tointeger(days * 86400 + hour * 3600 + minute * 60 + second - away), false
end

return M
