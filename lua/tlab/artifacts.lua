--- Where the tables of an earlier run lie, from what a person types.
local runs = require 'tlab.runs'

local M = {}

-- What a folder is looked through for. Of commits.jsonl and commits.csv the first has more.
local KNOWN = { 'commits.jsonl', 'commits.csv', 'answers.jsonl', 'runs.csv' }
local MOST_FILES = 50

local function fail(code, message, hint)
  error { code = code, message = message, hint = hint }
end

--- The path as operations take it.
---@param path string of the lab, or absolute
---@return string
function M.path(path)
  return path:sub(1, 1) == '/' and path or 'lab:' .. path
end

local function type_of(path)
  local stat, err = tlab.fs.stat(M.path(path))
  if not stat and err.code ~= 'NOT_FOUND' then
    error(err)
  end
  return stat and stat.type
end

local function known_of(folder)
  local names = {}
  for _, name in ipairs(KNOWN) do
    local doubled = name == 'commits.csv' and names[1] == 'commits.jsonl'
    if not doubled and type_of(folder .. '/' .. name) == 'file' then
      names[#names + 1] = name
    end
  end
  return names
end

-- `latest` is a link, and links are not followed: it is looked up in the index, without the runs
-- that left nothing to draw.
local function latest(name)
  for _, row in ipairs(runs.newest()) do
    local is_source = row.status == 'succeeded' and row.recipe ~= 'post'
    if is_source and (name and type_of(row.folder .. '/' .. name) or #known_of(row.folder) > 0) then
      return row.folder .. (name and '/' .. name or '')
    end
  end
  local what = name or table.concat(KNOWN, ', ')
  fail('NOT_FOUND', 'no newer run of this lab that succeeded has ' .. what, 'tlab runs')
end

---@return string[]
local function tables_in(folder)
  local names = {}
  for _, entry in ipairs(assert(tlab.fs.list(M.path(folder)))) do
    local is_table = entry.name:match '%.csv$' or entry.name:match '%.jsonl$'
    names[#names + 1] = is_table and entry.type == 'file' and entry.name or nil
  end
  return names
end

--- Finds files .csv and .jsonl: those that tlab's recipes write, else all of the folder.
---@param from string a file or a folder, of the lab or absolute; `latest` or `latest/NAME`
---@return string folder
---@return string[] names of files in it; raises where there are none
function M.find(from)
  if from == 'latest' or from:match '^latest/' then
    from = latest(from:match '^latest/(.+)')
  end
  from = #from > 1 and from:gsub('/+$', '') or from
  local kind = type_of(from)
  if kind == 'file' then
    return from:match '^(.*)/[^/]*$' or '.', { from:match '[^/]*$' }
  end
  if kind ~= 'folder' then
    local message = ('from=%s is not there, expected a file or folder of the lab'):format(from)
    fail('NOT_FOUND', message, 'tlab runs')
  end
  local names = known_of(from) ---@type string[]
  names = #names > 0 and names or tables_in(from)
  if #names == 0 or #names > MOST_FILES then
    local message = 'from=%s has %d files .csv and .jsonl, expected 1 to %d'
    fail('INVALID', message:format(from, #names, MOST_FILES))
  end
  return from, names
end

return M
