--- Values of `format` that can be asserted. Small on purpose: what a spec or a manifest needs.
local M = {}

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

--- RFC 3339 full-date, with the days that each month has.
function M.date(s)
  local y, m, d = s:match('^(%d%d%d%d)%-(%d%d)%-(%d%d)$')
  y, m, d = tonumber(y), tonumber(m), tonumber(d)
  if not y or m < 1 or m > 12 then
    return false
  end
  local leap = m == 2 and (y % 4 == 0 and y % 100 ~= 0 or y % 400 == 0)
  return d >= 1 and d <= DAYS[m] + (leap and 1 or 0)
end

--- Minutes that an offset lies from UTC; nil when it is none.
local function offset(s)
  if s == 'Z' or s == 'z' then
    return 0
  end
  local sign, h, m = s:match('^([+-])(%d%d):(%d%d)$')
  h, m = tonumber(h), tonumber(m)
  if not h or h > 23 or m > 59 then
    return nil
  end
  return (h * 60 + m) * (sign == '-' and -1 or 1)
end

--- RFC 3339 full-time. Second 60 stands only at the end of a UTC day.
function M.time(s)
  local h, m, sec, rest = s:match('^(%d%d):(%d%d):(%d%d)(.*)$')
  h, m, sec = tonumber(h), tonumber(m), tonumber(sec)
  if not h then
    return false
  end
  local off = offset((rest:gsub('^%.%d+', '')))
  if not off or h > 23 or m > 59 or sec > 60 then
    return false
  end
  return sec < 60 or (h * 60 + m - off) % 1440 == 1439
end

M['date-time'] = function(s)
  local date, time = s:match('^([%d-]+)[Tt](.*)$')
  return date ~= nil and M.date(date) and M.time(time)
end

--- RFC 3986: a scheme, and only characters and %XX that a URI may hold.
function M.uri(s)
  local rest = s:match('^%a[%w+.-]*:(.*)$')
  return rest ~= nil
    and not rest:gsub('%%%x%x', ''):find("[^%w%-._~:/?#%[%]@!$&'()*+,;=]")
    and not rest:find('#.*#')
end

function M.uuid(s)
  return #s == 36
    and s:find('^%x+%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x+$') ~= nil
    and s:sub(9, 9) == '-'
end

function M.ipv4(s)
  local parts = { s:match('^(%d+)%.(%d+)%.(%d+)%.(%d+)$') }
  for _, part in ipairs(parts) do
    if #part > 3 or tonumber(part) > 255 or part:find('^0%d') then
      return false
    end
  end
  return #parts == 4
end

return M
