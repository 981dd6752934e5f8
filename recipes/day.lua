--- A day of the lab: its folders, a page that says what is open, and a place for notes.
local date = require 'tlab.date'
local runs = require 'tlab.runs'

local FOLDERS = {
  'ai-team/specs',
  'ai-team/artifacts',
  'analyzer/inputs',
  'analyzer/outputs',
  'knowledge/graph',
}
local OPEN_DAYS = 7
local PLACES = [[
| | |
|---|---|
| `ai-team/specs/` | what models are asked |
| `ai-team/artifacts/` | what they answered: a folder for each run |
| `analyzer/inputs/`, `analyzer/outputs/` | what is worked out of data |
| `knowledge/notes.md`, `knowledge/graph/` | what was learned: yours to write |
| `run.json`, `spec.json`, `record/` | how this day was opened |]]
local COMMANDS = [[
```console
$ tlab ai DAY/ai-team/specs/NAME.json
$ tlab show latest
$ tlab log DATE
```]]
local UP = '../../../' -- from a day's folder to the lab's root

-- The newest day before this one that has a folder, as a path from the lab's root.
local function day_before(this)
  local function newest(folder, form, least)
    local found
    for _, entry in ipairs(tlab.fs.list('lab:' .. folder) or {}) do
      local is_older = entry.name:match(form) and entry.type == 'folder' and entry.name < least
      found = is_older and (not found or entry.name > found) and entry.name or found
    end
    return found
  end
  local year, month, day = this:match '^(%d+)%-(%d+)%-(%d+)$'
  local before = newest(year .. '/' .. month, '^%d%d$', day)
  if before then
    return ('%s/%s/%s'):format(year, month, before)
  end
  month = newest(year, '^%d%d$', month)
  if not month then
    year = newest('.', '^%d%d%d%d$', year)
    month = year and newest(year, '^%d%d$', '99')
  end
  before = month and newest(year .. '/' .. month, '^%d%d$', '99')
  return before and ('%s/%s/%s'):format(year, month, before)
end

local function before_line(before)
  if not before then
    return 'There is no day before it.'
  end
  local text = ('The day before: [%s](%s%s/)'):format(before:gsub('/', '-'), UP, before)
  local notes = before .. '/knowledge/notes.md'
  if tlab.fs.stat('lab:' .. notes) then
    text = text .. (', with its [notes](%s%s)'):format(UP, notes)
  end
  return text .. '.'
end

local function page(this)
  local day, rows = assert(date.parse(this)), runs.newest()
  return table.concat({
    ('# %s, %s'):format(date.weekday(day), this),
    'From 00:00 to 24:00 UTC. ' .. before_line(day_before(this)),
    '## Open',
    runs.list(
      runs.open(rows, date.format(day - OPEN_DAYS), date.format(day + 1)),
      UP,
      ('No run failed or was interrupted in the %d days before.'):format(OPEN_DAYS)
    ),
    '## Runs of this day, when this page was made',
    runs.list(runs.of_day(rows, this), UP, 'None yet.'),
    '## Where things lie',
    PLACES,
    '## To type',
    (COMMANDS:gsub('%u+', { DAY = this:gsub('-', '/'), DATE = this })),
  }, '\n\n') .. '\n'
end

-- A file that somebody put there before the day was opened stays as it is.
local function write_new(run, name, text)
  if not tlab.fs.stat(name) then
    run:write(name, text)
  else
    run:say(name .. ' is there already, and is left as it is')
  end
end

---@type tlab.Recipe
return {
  name = 'day',
  summary = 'Open a day: its folders, a page that says what is open, a place for notes.',
  place = 'day',
  spec = {
    type = 'object',
    additionalProperties = false,
    properties = {
      date = {
        type = 'string',
        format = 'date',
        description = 'The day, as 2026-10-03; today in UTC unless given.',
      },
    },
  },
  run = function(run, spec)
    for _, folder in ipairs(FOLDERS) do
      tlab.fs.mkdir(folder)
    end
    write_new(run, 'README.md', page(spec.date))
    write_new(run, 'knowledge/notes.md', ('# Notes of %s\n\n- \n'):format(spec.date))
  end,
}
