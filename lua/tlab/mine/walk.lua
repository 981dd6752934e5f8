--- A history, the newest commit first, a batch of commits at a time: of the rest only ids are held.
local date = require 'tlab.date'

local M = {}

-- Ids of a git.log: the log can only go on by walking again, and 500,000 are 40 MB.
local PAGE = 500000
-- Commits of a git.changes: each begins with nothing unpacked, so more are faster, and more memory.
local BATCH, WITH_PATCHES = 5000, 1000
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

---What git.log is asked for, but for how many.
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

-- What changed in some of the commits; in fewer at once where one answer cannot hold their patches.
local function tell(walk, ids, fn)
  local changes, err = tlab.git.changes(ids, walk.options, walk.repo)
  if not changes and err.code == 'LIMIT' and #ids > 1 then
    local middle = #ids // 2
    tell(walk, table.move(ids, 1, middle, 1, {}), fn)
    return tell(walk, table.move(ids, middle + 1, #ids, 1, {}), fn)
  end
  for i, change in ipairs(assert(changes, err)) do
    fn(change.log, change)
    changes[i] = nil -- done with: memory is for those that come
  end
end

-- The ids of the commits `skip` + 1 to `skip` + `count` that fit, and whether there are more.
local function read_ids(walk, skip, count)
  walk.query.ids, walk.query.skip, walk.query.limit = true, skip, count + 1
  local ids = assert(tlab.git.log(walk.query, walk.repo))
  local more = #ids > count
  ids[count + 1] = nil
  return ids, more
end

---Calls fn(commit, change, total, most) for each: `total` of them are known so far, and there will
---be at most `most`.
---@param walk table {repo?, query, options, limit}: of git.log and git.changes; limit 0 is all
---@param fn fun(commit: table, change: table, total: integer, most: integer)
---@return boolean more whether the limit left some out
function M.each(walk, fn)
  local done, limit = 0, walk.limit
  local batch = walk.options.patch and WITH_PATCHES or BATCH
  walk.options.log = true
  while true do
    local ids, more = read_ids(walk, done, limit > 0 and math.min(limit - done, PAGE) or PAGE)
    local total = done + #ids
    local is_end = not more or total == limit
    local most = is_end and total or limit > 0 and limit or math.maxinteger
    for first = 1, #ids, batch do
      local some = table.move(ids, first, math.min(first + batch - 1, #ids), 1, {})
      tell(walk, some, function(commit, change)
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
