--- The date tree: YYYY/MM/DD in UTC, and the names of run folders in it.
--
-- Dates are whole numbers, never os.date: no time zone, locale or C library has a say. The two
-- conversions count days in 400-year eras of 146097 days that begin on 1 March, so that the leap
-- day is the last day of its year (proleptic Gregorian calendar, ISO 8601).

local M = {}

local DAY_MS = 86400000
local ERA_DAYS = 146097 -- days in 400 years
local ERA_OFFSET = 719468 -- from 0000-03-01 to 1970-01-01

--- Days since 1970-01-01 of a civil date. Not checked: see `valid`.
---@param year integer
---@param month integer
---@param day integer
---@return integer
function M.days(year, month, day)
  if month <= 2 then
    year = year - 1
  end
  local era = year // 400
  local of_era = year - era * 400
  local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return era * ERA_DAYS + of_era * 365 + of_era // 4 - of_era // 100 + of_year - ERA_OFFSET
end

--- The civil date of a number of days since 1970-01-01.
---@param days integer
---@return integer year, integer month, integer day
function M.civil(days)
  local since = days + ERA_OFFSET
  local era = since // ERA_DAYS
  local of_era = since - era * ERA_DAYS
  local year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
  local of_year = of_era - (365 * year + year // 4 - year // 100)
  local from_march = (5 * of_year + 2) // 153
  local day = of_year - (153 * from_march + 2) // 5 + 1
  local month = (from_march + 2) % 12 + 1
  year = year + era * 400
  if month <= 2 then
    year = year + 1
  end
  return year, month, day
end

--- Whether there is such a day.
---@return boolean
function M.valid(year, month, day)
  if month < 1 or month > 12 or day < 1 or day > 31 then
    return false
  end
  local y, m, d = M.civil(M.days(year, month, day))
  return y == year and m == month and d == day
end

--- The parts of a moment, in UTC.
---@param ms integer milliseconds since 1970-01-01
---@return table parts {year, month, day, hour, minute, second, ms}
function M.utc(ms)
  local days = ms // DAY_MS
  local rest = ms - days * DAY_MS
  local year, month, day = M.civil(days)
  return {
    year = year,
    month = month,
    day = day,
    hour = rest // 3600000,
    minute = rest // 60000 % 60,
    second = rest // 1000 % 60,
    ms = rest % 1000,
  }
end

--- "2026-11-22T12:03:01.123Z" (RFC 3339).
---@param ms integer
---@return string
function M.iso(ms)
  local t = M.utc(ms)
  return string.format(
    '%04d-%02d-%02dT%02d:%02d:%02d.%03dZ',
    t.year,
    t.month,
    t.day,
    t.hour,
    t.minute,
    t.second,
    t.ms
  )
end

--- The moment that `iso` wrote; nil for anything else, a 30 February too.
---@param text string
---@return integer|nil ms
function M.parse_iso(text)
  local year, month, day, hour, minute, second, ms =
    text:match('^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)%.(%d%d%d)Z$')
  if not year then
    return nil
  end
  year, month, day = math.tointeger(year), math.tointeger(month), math.tointeger(day)
  hour, minute, second = math.tointeger(hour), math.tointeger(minute), math.tointeger(second)
  if not M.valid(year, month, day) or hour > 23 or minute > 59 or second > 59 then
    return nil
  end
  return ((M.days(year, month, day) * 24 + hour) * 60 + minute) * 60000
    + second * 1000
    + math.tointeger(ms)
end

--- "2026/11/22", the folder of the day.
---@param ms integer
---@return string
function M.day_folder(ms)
  local t = M.utc(ms)
  return string.format('%04d/%02d/%02d', t.year, t.month, t.day)
end

--- A name that is one safe path component: lower-case letters, digits and dashes, 1 to 64 bytes.
---@param text string
---@return string
function M.slug(text)
  local slug = text:lower():gsub('[^a-z0-9_]+', '-'):gsub('^%-+', ''):sub(1, 64):gsub('%-+$', '')
  return slug ~= '' and slug or 'run'
end

--- "120301Z-demo-3f9a2c1b".
---@param ms integer when it starts
---@param name string the recipe's name
---@param id string 64 hex digits
---@return string
function M.run_name(ms, name, id)
  local t = M.utc(ms)
  return string.format(
    '%02d%02d%02dZ-%s-%s',
    t.hour,
    t.minute,
    t.second,
    M.slug(name),
    id:sub(1, 8)
  )
end

--- The parts of a run folder's name, or nil when it is not one.
---@param folder string
---@return string|nil time, string|nil name, string|nil id8
function M.split_run_name(folder)
  return folder:match('^(%d%d%d%d%d%dZ)%-([a-z0-9_-]+)%-(%x%x%x%x%x%x%x%x)$')
end

return M
