--- When to ask again, and how long to wait. Decides only: sleeping is the caller's.
local M = {}
M.__index = M

local max_backoff_ms = 8000
local max_retry_after_ms = 120000
local max_loading_ms = 60000
local months = {
  Jan = 1,
  Feb = 2,
  Mar = 3,
  Apr = 4,
  May = 5,
  Jun = 6,
  Jul = 7,
  Aug = 8,
  Sep = 9,
  Oct = 10,
  Nov = 11,
  Dec = 12,
}

-- Days since 1970-01-01 of a civil date (proleptic Gregorian calendar; the year starts in March).
local function days_of(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  local leap_days = year // 4 - year // 100 + year // 400
  return 365 * year + leap_days + (153 * (month - 3) + 2) // 5 + day - 719469
end

---An HTTP date in any of the three forms of RFC 9110 §5.6.7, as milliseconds since 1970.
---@param s string
---@return integer?
function M.http_date(s)
  local day, month, years = s:match('^%a+, (%d%d)[ -](%a%a%a)[ -](%d+) [%d:]+ GMT$')
  if not day then
    month, day, years = s:match('^%a+ (%a%a%a) +(%d+) [%d:]+ (%d%d%d%d)$')
  end
  local hour, minute, second = s:match(' (%d%d):(%d%d):(%d%d)%f[^%d]')
  if not hour or not months[month] then
    return nil
  end
  local year = tonumber(years) --[[@as integer]]
  if year < 100 then
    year = year + (year < 70 and 2000 or 1900)
  end
  local hours = days_of(year, months[month], tonumber(day)) * 24 + tonumber(hour)
  return ((hours * 60 + tonumber(minute)) * 60000 + tonumber(second) * 1000) --[[@as integer]]
end

---Milliseconds since 1970 as `2026-11-23 10:00:00 UTC`.
---@param ms integer
---@return string
function M.show_time(ms)
  local second = ms // 1000
  local days = second // 86400
  local year = 1970 + days // 366
  while days_of(year + 1, 1, 1) <= days do
    year = year + 1
  end
  local month = 12
  while days_of(year, month, 1) > days do
    month = month - 1
  end
  return ('%04d-%02d-%02d %02d:%02d:%02d UTC'):format(
    year,
    month,
    days - days_of(year, month, 1) + 1,
    second // 3600 % 24,
    second // 60 % 60,
    second % 60
  )
end

---The value of a header in a list of {name, value}, names in lower case.
---@param headers table[]?
---@param name string
---@return string?
function M.header(headers, name)
  for _, pair in ipairs(headers or {}) do
    if pair[1] == name then
      return pair[2]
    end
  end
  return nil
end

local function asks_to_wait(headers)
  return M.header(headers, 'retry-after-ms') or M.header(headers, 'retry-after')
end

---@param headers table[]?
---@param now integer milliseconds since 1970
---@return integer? ms how long the server asks us to wait
local function retry_after(headers, now)
  local ms = tonumber(M.header(headers, 'retry-after-ms') or '')
  if not ms then
    local value = M.header(headers, 'retry-after') or ''
    local seconds = tonumber(value)
    local date = not seconds and M.http_date(value) or nil
    ms = seconds and seconds * 1000 or date and date - now
  end
  if not ms or ms ~= ms then
    return nil
  end
  return math.ceil(math.min(math.max(ms, 0), 1e15))
end

-- Statuses below 500 that say "not now"; of those above, 501 and 505 say "never".
local passing = { [408] = true, [409] = true, [429] = true }
local lasting = { [501] = true, [505] = true }

local function worth_it(failure)
  if failure.kind == 'insufficient_quota' then
    return false
  end
  local advice = M.header(failure.headers, 'x-should-retry')
  if advice then
    return advice == 'true'
  end
  local status = failure.status
  if status then
    return passing[status] or status >= 500 and not lasting[status] or false
  end
  return failure.code == 'NETWORK' or failure.code == 'TIMEOUT'
end

---@param retries integer? tries after the first (default 4)
function M.new(retries)
  return setmetatable({ left = retries or 4, tries = 0, timeouts = 0, loading_ms = 0 }, M)
end

-- A model that is still being read into memory: worth more patience, and no try is lost.
local function loading(failure)
  return failure.status == 503 and (failure.message or ''):lower():find('loading', 1, true) ~= nil
end

---@param failure table {code, message, status?, headers?, kind?}
---@param now fun(): integer milliseconds since 1970
---@param random fun(): number from 0 to below 1
---@return integer? ms how long to wait; nil: do not ask again
---@return string? why why not, where that is worth saying
function M:wait(failure, now, random)
  if not worth_it(failure) then
    return nil
  end
  local backoff = math.min(500 << math.min(self.tries, 10), max_backoff_ms)
  backoff = math.floor(backoff * (1 - 0.25 * random()))
  if loading(failure) and self.left > 0 then
    self.loading_ms = self.loading_ms + backoff
    self.tries = self.tries + 1
    if self.loading_ms > max_loading_ms then
      return nil, 'still loading after a minute'
    end
    return backoff
  end
  if self.left <= 0 then
    return nil
  end
  if failure.code == 'TIMEOUT' then
    self.timeouts = self.timeouts + 1
    if self.timeouts > 1 then
      return nil
    end
  elseif failure.status == 500 and self.last == (failure.message or '') then
    return nil, 'the same answer twice'
  end
  local after = 0
  if failure.headers and asks_to_wait(failure.headers) then
    local time = now()
    after = retry_after(failure.headers, time) or 0
    if after > max_retry_after_ms then
      return nil, 'it asks to wait until ' .. M.show_time(time + after)
    end
  end
  self.left, self.tries = self.left - 1, self.tries + 1
  self.last = failure.status == 500 and (failure.message or '') or nil
  return math.max(after, backoff)
end

return M
