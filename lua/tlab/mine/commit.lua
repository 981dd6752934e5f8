--- A commit as people and programs read it: commit.json, a line of the tables, the files of its
--- folder.
local csv = require 'tlab.csv'
local date = require 'tlab.date'
local text = require 'tlab.text'

local M = {}

M.SCHEMA = 'tlab.commit/1'

--- The columns of commits.csv. The first eight stay as they are; more may follow the last.
M.COLUMNS = {
  'sha',
  'author_name',
  'author_email',
  'author_time',
  'files',
  'insertions',
  'deletions',
  'subject',
  'committer_name',
  'committer_email',
  'commit_time',
  'parents',
  'binary',
  'left_out',
  'folder',
}

local DIGITS = 7 -- of the number in a folder's name, when nobody knows how many there will be
local FILE_COLUMNS = { 'status', 'path', 'old_path', 'insertions', 'deletions', 'binary' }

local TEXTS = {
  'author_name',
  'author_email',
  'committer_name',
  'committer_email',
  'subject',
  'body',
}

local function hex(bytes)
  return (bytes:gsub('.', function(c)
    return ('%02x'):format(c:byte())
  end))
end

-- Text as JSON can hold it. What it cannot is kept as hex beside it, under the text's JSON pointer.
local function keeper()
  local raw = nil
  return function(pointer, s)
    local shown, same = text.valid(s)
    if not same then
      raw = raw or {}
      raw[pointer] = hex(s)
    end
    return shown
  end, function()
    return raw
  end
end

local function file_of(file, pointer, keep)
  return {
    path = keep(pointer .. '/path', file.path),
    old_path = file.old_path and keep(pointer .. '/old_path', file.old_path),
    similarity = file.similarity,
    status = file.status,
    insertions = file.insertions,
    deletions = file.deletions,
    binary = file.binary,
    old_mode = file.old_mode,
    new_mode = file.new_mode,
    old_id = file.old_id,
    new_id = file.new_id,
    left_out = file.left_out,
  }
end

---The value of commit.json, and of a line of commits.jsonl.
---@param commit table of git.log
---@param change table of git.changes
---@return table
function M.record(commit, change)
  local keep, kept = keeper()
  local record = {
    schema = M.SCHEMA,
    sha = commit.commit,
    parents = commit.parents,
    tree = commit.tree,
    author_time = commit.author_time,
    commit_time = date.moment(commit.commit_time),
    files = tlab.json.array {},
    insertions = 0,
    deletions = 0,
    truncated = change.truncated,
  }
  for _, name in ipairs(TEXTS) do
    record[name] = keep('/' .. name, commit[name])
  end
  for i, file in ipairs(change.files) do
    record.files[i] = file_of(file, ('/files/%d'):format(i - 1), keep)
    record.insertions = record.insertions + (file.insertions or 0)
    record.deletions = record.deletions + (file.deletions or 0)
  end
  record.raw = kept()
  return record
end

local function count(files, field)
  local n = 0
  for _, file in ipairs(files) do
    n = n + (file[field] and 1 or 0)
  end
  return n
end

---A row of commits.csv.
---@param record table of M.record
---@param folder string? '' where it has none
---@return table
function M.row(record, folder)
  local row = {}
  for _, name in ipairs(M.COLUMNS) do
    row[name] = record[name]
  end
  row.files = #record.files
  row.parents = table.concat(record.parents, ' ')
  row.binary, row.left_out = count(record.files, 'binary'), count(record.files, 'left_out')
  row.folder = folder
  return row
end

---The name of a commit's folder.
---@param number integer 1 is the newest
---@param most integer the number that the last can have: the names sort as the commits do
---@param commit table of git.log
---@return string
function M.folder(number, most, commit)
  local digits = math.max(4, math.min(#tostring(most), DIGITS))
  return ('commits/%0' .. digits .. 'd-%s'):format(number, text.slug(commit.subject, commit.commit))
end

---files.csv of a commit's folder.
---@param record table
---@return string
function M.files_csv(record)
  return csv.encode(record.files, FILE_COLUMNS)
end

return M
