--- What a week was: the rows of the lab's index and the commits of its repository, added up.
local date = require 'tlab.date'
local runs = require 'tlab.runs'

local M = {}

local COMMITS = 5000 -- most that are looked at

local function fail(code, message, ...)
  error({ code = code, message = message:format(...) }, 0)
end

-- `latest` is the week of the newest run that is no digest itself.
local function first_day(week)
  if week ~= 'latest' then
    local first = date.week_start(week)
    return first or fail('INVALID', '%s is no week: few years have a W53, and none a W54', week)
  end
  for _, row in ipairs(runs.newest()) do
    local day = row.recipe ~= 'digest' and date.parse(row.started:sub(1, 10))
    if day then
      return date.week_start(date.week(day))
    end
  end
  fail('NOT_FOUND', 'the lab has no run yet whose week could be told of; week=2026-W48 names one')
end

-- Sums; what is not known is no 0.
local function add(sums, key, cell)
  local number = tonumber(cell)
  sums[key] = number and (sums[key] or 0) + number or sums[key]
end

local function add_row(sums, row)
  sums.runs = (sums.runs or 0) + 1
  sums[row.status] = (sums[row.status] or 0) + 1
  add(sums, 'seconds', row.seconds)
  add(sums, 'input', row.tokens_in)
  add(sums, 'output', row.tokens_out)
  sums.costs = sums.costs or {}
  if row.currency:match '^%u%u%u$' then
    add(sums.costs, row.currency, row.cost)
  end
end

-- The highest and the lowest of each metric of each recipe.
local function add_metrics(metrics, row)
  local values = tlab.json.decode(row.metrics ~= '' and row.metrics or '{}')
  for name, value in pairs(type(values) == 'table' and values or {}) do
    if type(value) == 'number' then
      local key = row.recipe .. ' ' .. name
      local one = metrics[key] or { name = name, recipe = row.recipe, count = 0 }
      one.count = one.count + 1
      one.high = (not one.high or value > one.high.value) and { value = value, row = row }
        or one.high
      one.low = (not one.low or value < one.low.value) and { value = value, row = row } or one.low
      metrics[key] = one
    end
  end
end

local function sorted(map)
  local keys, list = {}, {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for i, key in ipairs(keys) do
    list[i] = map[key]
  end
  return list
end

local function add_runs(facts)
  local rows, whole = runs.since(date.format(facts.first))
  local after = date.format(facts.first + 7)
  local recipes, metrics = {}, {}
  facts.whole = whole
  for _, row in ipairs(rows) do
    local day = date.parse(row.started:sub(1, 10))
    if day and row.started < after then
      recipes[row.recipe] = recipes[row.recipe] or { recipe = row.recipe }
      add_row(recipes[row.recipe], row)
      add_row(facts.sums, row)
      facts.days[day - facts.first + 1].runs = facts.days[day - facts.first + 1].runs + 1
      if row.recipe ~= 'digest' then
        add_metrics(metrics, row)
      end
    end
  end
  facts.recipes, facts.metrics = sorted(recipes), sorted(metrics)
  facts.open = runs.open(rows, date.format(facts.first), after)
end

-- Commits of the branch that the lab's repository is on; or why there are none.
local function add_commits(facts)
  local head, err = tlab.git.head()
  if not head or head.unborn then
    facts.no_commits = err and err.message or 'the repository has no commit yet'
    return
  end
  local from = (facts.first * 86400) --[[@as integer]]
  local ids = assert(tlab.git.log {
    ids = true,
    since = from,
    ['until'] = from + 7 * 86400 - 1,
    limit = COMMITS + 1,
  }) --[[@as string[] ]]
  facts.more_commits = ids[COMMITS + 1] ~= nil
  ids[COMMITS + 1] = nil
  for _, change in ipairs(assert(tlab.git.changes(ids, { log = true }))) do
    local day = facts.days[change.log.commit_time // 86400 - facts.first + 1]
    local commit = { log = change.log, files = #change.files, insertions = 0, deletions = 0 }
    for _, file in ipairs(change.files) do
      commit.insertions = commit.insertions + (file.insertions or 0)
      commit.deletions = commit.deletions + (file.deletions or 0)
    end
    table.insert(day.commits, commit)
    facts.commits = facts.commits + 1
    facts.insertions = facts.insertions + commit.insertions
    facts.deletions = facts.deletions + commit.deletions
    facts.authors[change.log.author_name] = true
  end
end

---@param week string "2026-W48", or latest
---@return table facts
function M.of(week)
  local first = first_day(week)
  local facts = {
    first = first,
    week = date.week(first),
    days = {},
    sums = { runs = 0, costs = {} },
    commits = 0,
    insertions = 0,
    deletions = 0,
    authors = {},
  }
  for i = 1, 7 do
    facts.days[i] = { day = first + i - 1, runs = 0, commits = {} }
  end
  add_runs(facts)
  add_commits(facts)
  return facts
end

return M
