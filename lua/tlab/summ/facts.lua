--- The facts of a change, worked out of commits and patches: which files of which kind, where, how
--- much. Nothing here asks the world.
local kind = require 'tlab.summ.kind'
local patch = require 'tlab.summ.patch'
local text = require 'tlab.text'

local M = {}

---@class summ.File
---@field path string
---@field old_path string?
---@field status string A added, M modified, D deleted, R renamed, T another kind of entry
---@field kind string see tlab.summ.kind
---@field language string?
---@field insertions integer? absent when binary
---@field deletions integer?
---@field binary boolean
---@field old_mode string?
---@field new_mode string?
---@field commits integer how many commits of the change touch it
---@field hunks summ.Hunk[]

-- The parts of a patch by the path that they are about.
local function by_path(bytes)
  local sections = {}
  for _, section in ipairs(patch.parse(bytes or '')) do
    if section.path then
      sections[text.valid(section.path)] = section
    end
  end
  return sections
end

local function new_file(given, section)
  local file = {
    path = text.valid(given.path),
    old_path = given.old_path and text.valid(given.old_path),
    status = given.status,
    insertions = given.insertions,
    deletions = given.deletions,
    binary = given.binary,
    old_mode = given.old_mode or section and section.old_mode,
    new_mode = given.new_mode or section and section.new_mode,
    commits = 1,
    hunks = section and section.hunks or {},
    has_patch = section ~= nil,
  }
  file.kind, file.language = kind.of(file), kind.language(file.path)
  return file
end

local function plus(a, b)
  return (a or b) and (a or 0) + (b or 0)
end

-- An older change of the same file is laid before a newer one: what there was before it says.
local function merge(newer, older)
  newer.insertions = plus(newer.insertions, older.insertions)
  newer.deletions = plus(newer.deletions, older.deletions)
  newer.binary = newer.binary or older.binary
  newer.old_mode = older.old_mode
  newer.old_path = newer.old_path or older.old_path
  newer.commits = newer.commits + 1
  newer.has_patch = newer.has_patch and older.has_patch
  table.move(older.hunks, 1, #older.hunks, #newer.hunks + 1, newer.hunks)
  if older.status == 'A' then
    newer.status = newer.status == 'D' and 'D' or 'A'
  end
  newer.kind = kind.of(newer)
end

---The files of a change. Of several commits the numbers are added up, commit by commit: a line that
---two of them changed counts twice.
---@param changes table[] as of git.changes, the newest first
---@return summ.File[] files by path
function M.files(changes)
  local files, known = {}, {}
  for _, change in ipairs(changes) do
    local sections = by_path(change.patch)
    for _, given in ipairs(change.files) do
      local file = new_file(given, sections[text.valid(given.path)])
      for _, hunk in ipairs(file.hunks) do
        hunk.commit = change.commit
      end
      if known[file.path] then
        merge(known[file.path], file)
      else
        files[#files + 1], known[file.path] = file, file
      end
    end
  end
  table.sort(files, function(a, b)
    return a.path < b.path
  end)
  return files
end

---A sum of files, in which nothing is yet.
---@param sum table? what else it has
---@return table sum
function M.sum(sum)
  sum = sum or {}
  sum.files, sum.insertions, sum.deletions = 0, 0, 0
  return sum
end

---Adds a file to a sum; a binary one has no lines.
---@param sum table of M.sum
---@param file table {insertions?, deletions?}
function M.add(sum, file)
  sum.files = sum.files + 1
  sum.insertions = sum.insertions + (file.insertions or 0)
  sum.deletions = sum.deletions + (file.deletions or 0)
end

---Sums by a word that each file has.
---@param files summ.File[]
---@param word_of fun(file: summ.File): string?
---@return table[] {name, files, insertions, deletions}, the largest first
function M.sums(files, word_of)
  local sums, known = {}, {}
  for _, file in ipairs(files) do
    local name = word_of(file)
    if name then
      local sum = known[name] ---@type table
      if not sum then
        sum = M.sum { name = name }
        sums[#sums + 1], known[name] = sum, sum
      end
      M.add(sum, file)
    end
  end
  table.sort(sums, function(a, b)
    local x, y = a.insertions + a.deletions, b.insertions + b.deletions
    if x ~= y then
      return x > y
    elseif a.files ~= b.files then
      return a.files > b.files
    end
    return a.name < b.name
  end)
  return sums
end

local function folder_of(file)
  return file.path:match '^(.*)/[^/]*$' or '.'
end

-- Whether tests were touched, and what that means beside the source.
local function tests_of(files)
  local tests = M.sum { deleted = 0, source = 0 }
  for _, file in ipairs(files) do
    if file.kind == 'tests' then
      M.add(tests, file)
      tests.deleted = tests.deleted + (file.status == 'D' and 1 or 0)
    elseif file.kind == 'source' then
      tests.source = tests.source + 1
    end
  end
  tests.touched = tests.files > 0
  return tests
end

local function totals_of(files, commits)
  local totals = M.sum { commits = commits, binary = 0, hunks = 0 }
  for _, file in ipairs(files) do
    M.add(totals, file)
    totals.binary = totals.binary + (file.binary and 1 or 0)
    totals.hunks = totals.hunks + #file.hunks
  end
  return totals
end

---@param commits table[] as of git.log
---@param changes table[] as of git.changes
---@return table facts {commits, files, totals, folders, kinds, languages, tests}
function M.of(commits, changes)
  local files = M.files(changes)
  return {
    commits = commits,
    files = files,
    totals = totals_of(files, #commits),
    folders = M.sums(files, folder_of),
    kinds = M.sums(files, function(file)
      return file.kind
    end),
    languages = M.sums(files, function(file)
      return file.language
    end),
    tests = tests_of(files),
  }
end

return M
