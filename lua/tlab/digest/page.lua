--- A week as a page for people. What commits and metrics are called is foreign text: it is escaped.
local chart = require 'tlab.chart'
local date = require 'tlab.date'
local md = require 'tlab.markdown'
local runs = require 'tlab.runs'
local text = require 'tlab.text'

local M = {}

local UP = ('../'):rep(6) -- from the run's folder to the lab's root
local COMMITS, METRICS = 50, 30 -- that are shown

local many, number = text.many, text.number

local function count(n)
  return n and number(n) or '–'
end

local function costs_of(sums)
  local list = {}
  for currency, amount in pairs(sums.costs or {}) do
    list[#list + 1] = ('%.6g %s'):format(amount, currency)
  end
  table.sort(list)
  return #list > 0 and table.concat(list, ', ') or '–'
end

-- 3 s, 4 min, 5.0 h
local function time_of(seconds)
  if not seconds or seconds < 60 then
    return seconds and ('%.0f s'):format(seconds) or '–'
  end
  return seconds < 3600 and ('%.0f min'):format(seconds / 60) or ('%.1f h'):format(seconds / 3600)
end

-- How runs ended, the good ones first: "4 succeeded, 1 failed".
local function ends_of(sums)
  local list = {}
  for _, status in ipairs { 'succeeded', 'failed', 'timeout', 'interrupted', 'running' } do
    list[#list + 1] = sums[status] and ('%d %s'):format(sums[status], status) or nil
  end
  return table.concat(list, ', ')
end

local function in_short(facts)
  local sums, lines = facts.sums, {}
  local function add(form, ...)
    lines[#lines + 1] = form:format(...)
  end
  if sums.runs == 0 then
    add '- No run.'
  else
    add('- %s: %s; %s in all.', many(sums.runs, 'run'), ends_of(sums), time_of(sums.seconds))
    if sums.input or sums.output then
      add(
        '- %s tokens in, %s out; cost: %s.',
        count(sums.input),
        count(sums.output),
        costs_of(sums)
      )
    end
    add('- %s open.', #facts.open == 1 and '1 run is' or number(#facts.open) .. ' runs are')
  end
  if facts.no_commits then
    add('- No commits: %s.', md.prose(facts.no_commits))
  else
    local authors = 0
    for _ in pairs(facts.authors) do
      authors = authors + 1
    end
    local by = facts.commits > 0 and ' by ' .. many(authors, 'author') or ''
    local lines_of = facts.commits > 0
        and (', +%s −%s lines'):format(number(facts.insertions), number(facts.deletions))
      or ''
    add('- %s%s%s.', many(facts.commits, 'commit'), by, lines_of)
  end
  if not facts.whole then
    add '- There are more runs than are read here: the oldest of the week are missing.'
  end
  if facts.more_commits then
    add '- There are more commits than are read here: the oldest of the week are missing.'
  end
  return table.concat(lines, '\n') .. '\n'
end

local function recipes(facts)
  local rows = {}
  for i, sums in ipairs(facts.recipes) do
    rows[i] = {
      sums.recipe,
      number(sums.runs),
      ends_of(sums),
      time_of(sums.seconds),
      count(sums.input),
      count(sums.output),
      costs_of(sums),
    }
  end
  local head = { 'recipe', '>runs', 'how they ended', '>time', '>tokens in', '>out', '>cost' }
  return md.table(head, rows)
end

local function run_of(one)
  local row = one.row
  return ('%.6g [`%s`](%s%s)'):format(one.value, row.id:sub(1, 8), UP, row.folder)
end

local function metrics(facts)
  local rows = {}
  for i = 1, math.min(#facts.metrics, METRICS) do
    local one = facts.metrics[i]
    local low = one.low.value < one.high.value and run_of(one.low) or ''
    rows[i] = { md.code(one.name, 60), one.recipe, run_of(one.high), low, number(one.count) }
  end
  local more = #facts.metrics - METRICS
  return md.table({ 'metric', 'recipe', 'highest', 'lowest', '>runs' }, rows)
    .. (more > 0 and ('\n%s: `tlab runs --json`.\n'):format(many(more, 'more metric')) or '')
end

local function heading(day)
  return ('%s, %s'):format(date.weekday(day), date.format(day))
end

local function commits(facts)
  local lines, left = {}, COMMITS
  for _, day in ipairs(facts.days) do
    if #day.commits > 0 then
      lines[#lines + 1] = ('\n%s: %s\n'):format(heading(day.day), many(#day.commits, 'commit'))
    end
    for i = 1, math.min(#day.commits, left) do
      local commit = day.commits[i]
      lines[#lines + 1] = ('- `%s` %s, %s, +%s −%s'):format(
        commit.log.commit:sub(1, 8),
        md.prose(commit.log.subject ~= '' and commit.log.subject or '(no subject)', 120),
        many(commit.files, 'file'),
        number(commit.insertions),
        number(commit.deletions)
      )
    end
    left = math.max(0, left - #day.commits)
  end
  local more = facts.commits - COMMITS
  lines[#lines + 1] = more > 0 and ('\n%s: `git log`.'):format(many(more, 'more commit')) or nil
  return table.concat(lines, '\n'):gsub('^\n', '') .. '\n'
end

---The charts of a week that has something to show: file → SVG.
---@param facts table of tlab.digest.facts
---@return table<string, string>
function M.charts(facts)
  local charts = {}
  for _, what in ipairs { { 'runs', facts.sums.runs }, { 'commits', facts.commits } } do
    local name, rows = what[1], {}
    for i, day in ipairs(facts.days) do
      local value = name == 'runs' and day.runs or #day.commits
      rows[i] = { label = date.weekday(day.day):sub(1, 3), value = value }
    end
    local title = ('%s by day, %s'):format(name == 'runs' and 'Runs' or 'Commits', facts.week)
    charts[name .. '.svg'] = what[2] > 0 and chart.columns { title = title, rows = rows } or nil
  end
  return charts
end

---The page without what a model wrote.
---@param facts table
---@return string
function M.markdown(facts)
  local parts = { '## In short\n', in_short(facts) }
  local function add(title, picture, body)
    parts[#parts + 1] = ('## %s\n'):format(title)
    parts[#parts + 1] = picture and ('![%s by day](%s.svg)\n'):format(title, picture)
    parts[#parts + 1] = body
  end
  if facts.sums.runs > 0 then
    add('Runs', 'runs', recipes(facts))
    add(
      'Open',
      nil,
      runs.list(facts.open, UP, 'Nothing: each run ended well, or was done again.') .. '\n'
    )
  end
  if #facts.metrics > 0 then
    add('Metrics', nil, metrics(facts))
  end
  if facts.commits > 0 then
    add('Commits', 'commits', commits(facts))
  end
  return table.concat(parts, '\n')
end

---@param facts table
---@return string
function M.head(facts)
  local form = '# Week %s\n\nFrom %s, 00:00 to %s, 24:00 UTC.\n'
  return form:format(facts.week, heading(facts.first), heading(facts.first + 6))
end

return M
