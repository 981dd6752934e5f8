--- README.md of a mined history: what was asked for, charts, the newest commits, what is missing.
local markdown = require 'tlab.markdown'
local text = require 'tlab.text'

local M = {}

M.NEWEST = 50 -- commits of the table

local number, many, md = text.number, text.many, markdown.prose

-- The filters of a spec in its own words, as they are typed.
local FILTERS = { 'since', 'until', 'author', 'path', 'merges', 'grep' }

---@param spec table
---@return string[] words `author=ada`, in the order of the documentation
function M.filters(spec)
  local words = {}
  for _, name in ipairs(FILTERS) do
    local value = spec[name]
    if type(value) == 'table' then
      value = table.concat(value, ', ')
    end
    if value and not (name == 'merges' and value == 'include') then
      words[#words + 1] = name .. '=' .. value
    end
  end
  return words
end

local function summary(what)
  local tally = what.tally
  local words = M.filters(what.spec)
  local filters = {}
  for i, word in ipairs(words) do
    filters[i] = md(word, 120)
  end
  local rows = {
    { 'Repository', md(what.label, 200) },
    { 'From', ('%s: `%s`'):format(md(what.from, 200), what.commit) },
    { 'Filters', #filters > 0 and table.concat(filters, ', ') or 'none' },
    { 'Commits', number(tally.commits) .. (what.more and ', the newest of more' or '') },
    { 'Of them merges', number(tally.merges) },
    { 'Paths changed', number(tally.files) },
    { 'Lines', ('%s added, %s removed'):format(number(tally.insertions), number(tally.deletions)) },
  }
  return markdown.table({ '', '' }, rows):sub(1, -2)
end

local function newest(what)
  local rows = {}
  for i, row in ipairs(what.newest) do
    local subject = md(row.subject ~= '' and row.subject or '(no subject)', 120)
    rows[i] = {
      tostring(i),
      row.commit_time:sub(1, 10),
      md(row.author_name, 60),
      row.folder and ('[%s](%s/)'):format(subject, row.folder) or subject,
      number(row.files),
      number(row.insertions),
      number(row.deletions),
    }
  end
  return markdown.table({ '>#', 'when', 'who', 'what', '>files', '>+', '>−' }, rows):sub(1, -2)
end

-- What a reader could miss: each line only where there is something to say.
local function missing(what)
  local tally, spec, lines = what.tally, what.spec, {}
  local function say(is_so, form, ...)
    lines[#lines + 1] = is_so and '- ' .. form:format(...) or nil
  end
  say(
    what.more,
    'Older commits that fit: `limit=%d` took the newest; `limit=0` takes all.',
    spec.limit
  )
  say(what.why, 'What came since it was fetched: %s.', md(what.why or '', 300))
  say(
    what.shallow,
    'What lies before the edge of this shallow clone. A commit at the edge looks as if it had made '
      .. 'all of its files.'
  )
  say(
    tally.merges > 0 and not spec.first_parent,
    'What merges brought (%s): their changes are those of the commits that they join. '
      .. '`first_parent=true` tells them.',
    number(tally.merges)
  )
  say(
    tally.truncated > 0,
    'Parts of the patches of %s, those marked `left_out`: `max_patch` is %s bytes.',
    many(tally.truncated, 'commit'),
    number(spec.max_patch)
  )
  say(not spec.patches, 'A folder for each commit, and patches: `patches=true` makes them.')
  say(
    tally.mended > 0,
    'In %s, bytes that are not UTF-8: `raw` in commits.jsonl has them as hex.',
    many(tally.mended, 'commit')
  )
  return #lines > 0 and '## What is not here\n\n' .. table.concat(lines, '\n') or nil
end

local FILES = [[
## Files

| | |
|---|---|
| `commits.csv` | a row for each commit |
| `commits.jsonl` | the same with files, body and parents: JSON, a line for each commit |]]
local FOLDERS = [[

| `commits/NUMBER-SUBJECT-SHA/` | `commit.json`, `files.csv`, and `diff.patch` for `git apply` |]]

---@param what table {label, from, commit, spec, tally, newest = rows, charts, more, shallow}
---@return string
function M.markdown(what)
  local parts = { '# Commits of ' .. md(what.label, 200), summary(what) }
  if #what.newest == 0 then
    parts[#parts + 1] = 'No commit fits.'
  end
  for _, one in ipairs(what.charts) do
    parts[#parts + 1] = ('![%s: %s](%s)'):format(one.title, md(one.about, 400), one.file)
  end
  if #what.newest > 0 then
    local is_all = #what.newest == what.tally.commits and not what.more
    parts[#parts + 1] = is_all and '## All of them, the newest first'
      or ('## The newest %d'):format(#what.newest)
    parts[#parts + 1] = newest(what)
  end
  parts[#parts + 1] = missing(what)
  parts[#parts + 1] = FILES .. (what.spec.patches and FOLDERS or '')
  return table.concat(parts, '\n\n') .. '\n'
end

return M
