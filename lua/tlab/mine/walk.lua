--- A history, the newest commit first, a batch of commits at a time: not all of it is ever held.
local date = require 'tlab.date'

local M = {}

local PAGE = 5000 -- commits of a git.log
local BATCH = 500 -- commits of a git.changes
local DAY = 86399 -- seconds from the first of a day to its last

-- Seconds of a moment in the spec, and whether it is a whole day.
local function moment(spec, key)
  local seconds, is_day = date.seconds(spec[key] or '')
  if spec[key] and not seconds then
    error({
      code = 'INVALID',
      message = ('/%s: %s is no moment; expected 2026-10-03 or 2026-10-03T12:00:00Z'):format(
        key,
        spec[key]
      ),
    }, 0)
  end
  return seconds, is_day
end

---What git.log is asked for, but for the part of the list.
---@param spec table of mine
---@param from string
---@return table query
function M.query(spec, from)
  local last, is_day = moment(spec, 'until')
  return {
    from = from,
    since = moment(spec, 'since'),
    ['until'] = last and last + (is_day and DAY or 0),
    author = spec.author,
    grep = spec.grep,
    path = type(spec.path) == 'string' and { spec.path } or spec.path,
    merges = spec.merges,
  }
end

-- The commits `skip` + 1 to `skip` + `count` that fit, and whether there are more.
local function read_log(walk, skip, count)
  walk.query.skip, walk.query.limit = skip, count + 1
  local list, err = tlab.git.log(walk.query, walk.repo)
  if not list and err.code == 'LIMIT' and count > 1 then
    return read_log(walk, skip, count // 2) -- long messages
  end
  local more = #assert(list, err) > count
  list[count + 1] = nil
  return list, more
end

-- Commits `first` to `last` of a list; fewer at once where one answer cannot hold their patches.
local function tell(walk, list, first, last, fn)
  local ids = {}
  for i = first, last do
    ids[#ids + 1] = list[i].commit
  end
  local changes, err = tlab.git.changes(ids, walk.options, walk.repo)
  if not changes and err.code == 'LIMIT' and first < last then
    local middle = (first + last) // 2
    tell(walk, list, first, middle, fn)
    return tell(walk, list, middle + 1, last, fn)
  end
  for i, change in ipairs(assert(changes, err)) do
    local at = first + i - 1
    fn(list[at], change)
    list[at], changes[i] = false, false -- done with: memory is for those that come
  end
end

---Calls fn(commit, change, total, most) for each: `total` of them are known so far, and there will
---be at most `most`.
---@param walk table {repo?, query, options, limit}: of git.log and git.changes; limit 0 is all
---@param fn fun(commit: table, change: table, total: integer, most: integer)
---@return boolean more whether the limit left some out
function M.each(walk, fn)
  local done, limit = 0, walk.limit
  while true do
    local list, more = read_log(walk, done, limit > 0 and math.min(limit - done, PAGE) or PAGE)
    local count = #list
    local total = done + count
    local is_end = not more or total == limit
    local most = is_end and total or limit > 0 and limit or math.maxinteger
    for first = 1, count, BATCH do
      tell(walk, list, first, math.min(first + BATCH - 1, count), function(commit, change)
        fn(commit, change, total, most)
      end)
    end
    done = total
    if is_end then
      return more
    end
  end
end

return M
