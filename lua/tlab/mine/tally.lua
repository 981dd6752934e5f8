--- What many commits add up to: over time, by author, by path.
local date = require 'tlab.date'

local M = {}

local BARS = 62 -- most of a histogram
local RANKS = 15

local Tally = {}
Tally.__index = Tally

function M.new()
  return setmetatable({
    commits = 0,
    merges = 0,
    files = 0,
    insertions = 0,
    deletions = 0,
    truncated = 0,
    mended = 0,
    days = {},
    authors = {},
    paths = {},
  }, Tally)
end

--- Adds a commit.
---@param record table of commit.record
function Tally:add(record)
  local day = date.parse(record.commit_time:sub(1, 10)) --[[@as integer]]
  local author = record.author_name
  self.commits = self.commits + 1
  self.merges = self.merges + (#record.parents > 1 and 1 or 0)
  self.files = self.files + #record.files
  self.insertions = self.insertions + record.insertions
  self.deletions = self.deletions + record.deletions
  self.truncated = self.truncated + (record.truncated and 1 or 0)
  self.mended = self.mended + (record.raw and 1 or 0)
  self.days[day] = (self.days[day] or 0) + 1
  self.first = math.min(self.first or day, day)
  self.last = math.max(self.last or day, day)
  self.authors[author] = (self.authors[author] or 0) + 1
  for _, file in ipairs(record.files) do
    local churn = self.paths[file.path] or { label = file.path, value = 0, more = 0 }
    churn.value = churn.value + (file.insertions or 0)
    churn.more = churn.more + (file.deletions or 0)
    self.paths[file.path] = churn
  end
end

local function year_and_month(day)
  local year, month = date.format(day):match '^(%d+)%-(%d+)'
  return math.tointeger(year), --[[@as integer]]
    math.tointeger(month) --[[@as integer]]
end

-- The bars a histogram may have: what a day's bar is called, and the first day of the next one.
local UNITS = {
  {
    name = 'day',
    days = 1,
    label = date.format,
    next = function(day)
      return day + 1
    end,
  },
  {
    name = 'week', -- called by its Monday
    days = 7,
    label = function(day)
      return date.format(day - date.weekday_number(day))
    end,
    next = function(day)
      return day - date.weekday_number(day) + 7
    end,
  },
  {
    name = 'month',
    days = 30,
    label = function(day)
      return date.format(day):sub(1, 7)
    end,
    next = function(day)
      local year, month = year_and_month(day)
      year, month = month == 12 and year + 1 or year, month % 12 + 1
      return date.parse(('%04d-%02d-01'):format(year, month))
    end,
  },
}
for _, years in ipairs { 1, 10, 200 } do
  UNITS[#UNITS + 1] = {
    name = years == 1 and 'year' or years .. ' years',
    days = 365 * years,
    label = function(day)
      local year = year_and_month(day)
      return ('%04d'):format(year - year % years)
    end,
    next = function(day)
      local year = year_and_month(day)
      return date.parse(('%04d-01-01'):format(year - year % years + years))
    end,
  }
end

--- Commits over time: bars without gaps, of the smallest unit that gives few enough of them.
---@return table[] rows {label, value}
---@return string unit day, week, month, year …
function Tally:over_time()
  local unit = UNITS[#UNITS]
  for i = #UNITS, 1, -1 do
    unit = (self.last - self.first) // UNITS[i].days < BARS and UNITS[i] or unit
  end
  local rows, at = {}, {} ---@type table[], table<string, any>
  local day = self.first ---@type integer?
  while day and day <= self.last do
    local name = unit.label(day)
    rows[#rows + 1] = { label = name, value = 0 }
    at[name] = rows[#rows]
    day = unit.next(day) --[[@as integer?]]
  end
  for of_day, n in pairs(self.days) do
    local row = at[unit.label(of_day)]
    row.value = row.value + n
  end
  return rows, unit.name
end

---@return table[] rows, integer all
local function ranked(rows, weight)
  table.sort(rows, function(a, b)
    local x, y = weight(a), weight(b)
    return x > y or x == y and a.label < b.label
  end)
  return table.move(rows, 1, math.min(RANKS, #rows), 1, {}), #rows
end

--- Who made most of the commits, by the name that stands in them.
---@return table[] rows {label, value}
---@return integer all how many there are
function Tally:top_authors()
  local rows = {}
  for name, n in pairs(self.authors) do
    rows[#rows + 1] = { label = name, value = n }
  end
  return ranked(rows, function(row)
    return row.value
  end)
end

--- The files with most lines added and removed.
---@return table[] rows {label, value = added, more = removed}
---@return integer all how many there are
function Tally:top_paths()
  local rows = {}
  for _, row in pairs(self.paths) do
    rows[#rows + 1] = row
  end
  return ranked(rows, function(row)
    return row.value + row.more
  end)
end

return M
