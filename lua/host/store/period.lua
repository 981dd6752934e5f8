--- Moments and days as people type them, in UTC: 2026-10-03, 2026-10, 2026-10-03T12:30, today,
--- yesterday, 7d, 2w. Pure, but for being told what time it is.

local tree = require 'host.store.tree'

local suggest = require 'host.view.suggest'

local M = {}

local DAY = 86400000
local UNITS = { m = 60000, h = 3600000, d = DAY, w = 7 * DAY }
local EXPECTED = 'expected, in UTC: a day (2026-10-03), a month (2026-10), a year (2026), '
  .. 'a moment (2026-10-03T12:30), today, yesterday, or how long ago: 90m 12h 7d 2w'

local function at(year, month, day)
  return tree.days(year, month, day) * DAY
end

--- A year, month or day: from its first moment to that of the next one.
local function calendar(text)
  local parts = {}
  for digits in text:gmatch '%d+' do
    parts[#parts + 1] = math.tointeger(tonumber(digits))
  end
  local year, month, day = parts[1], parts[2] or 1, parts[3] or 1
  if not tree.valid(year, month, day) then
    return nil
  end
  if #parts == 3 then
    return at(year, month, day), at(year, month, day) + DAY
  elseif #parts == 1 then
    return at(year, 1, 1), at(year + 1, 1, 1)
  end
  return at(year, month, 1), month == 12 and at(year + 1, 1, 1) or at(year, month + 1, 1)
end

--- A moment: to the minute, the second or the millisecond.
local function moment(text)
  local date, time = text:match '^(%d%d%d%d%-%d%d%-%d%d)[T ](%d%d:%d%d[%d:.]*)Z?$'
  if not date then
    return nil
  end
  local full = #time == 5 and time .. ':00.000' or #time == 8 and time .. '.000' or time
  return tree.parse_iso(date .. 'T' .. full .. 'Z')
end

--- What a word means: the time between two moments, which are the same for a moment.
---@param text string
---@param now integer milliseconds since 1970
---@return integer|nil from, integer|string to or, without from, what was expected
function M.span(text, now)
  local today = now // DAY * DAY
  if text == 'today' then
    return today, today + DAY
  elseif text == 'yesterday' then
    return today - DAY, today
  end
  local number, unit = text:match '^(%d%d?%d?%d?)([mhdw])$'
  if number then
    local then_ms = now - math.tointeger(tonumber(number)) * UNITS[unit]
    return then_ms, then_ms
  end
  local from, to
  if
    text:match '^%d%d%d%d$'
    or text:match '^%d%d%d%d%-%d%d$'
    or text:match '^%d%d%d%d%-%d%d%-%d%d$'
  then
    from, to = calendar(text)
  else
    from = moment(text)
    to = from
  end
  if not from then
    return nil, EXPECTED
  end
  return from, to
end

--- The days of `tlab log`: one word, FROM..TO, or 7d, which is today and the six days before.
---@param text string
---@param now integer
---@return integer|nil from, integer|string to the moment after the last day
function M.days(text, now)
  local first, last = text:match '^(.-)%.%.(.*)$'
  local tomorrow = now // DAY * DAY + DAY
  local number, unit = text:match '^(%d%d?%d?%d?)([dw])$'
  if number then
    return tomorrow - math.tointeger(tonumber(number)) * UNITS[unit], tomorrow
  end
  local from, to = M.span(first or text, now)
  if not from then
    return nil, to
  end
  if last == '' then
    to = tomorrow
  elseif last then
    local begins
    begins, to = M.span(last, now)
    if not begins then
      return nil, to
    end
  end
  return from // DAY * DAY, (to + DAY - 1) // DAY * DAY
end

--- What is said behind a word that is no time: `, did you mean yesterday?`, or nothing.
---@param text string
---@return string
function M.near(text)
  return suggest.behind(suggest.near(text, { 'today', 'yesterday' }, 1)[1])
end

return M
