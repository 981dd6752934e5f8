--- Files of two runs: which are only in one, and how one text becomes the other.
--
-- A file that differs is {path, a?, b?, kind, diff?, added?, removed?, cut?, why?}: `a` and `b` are
-- {sha256, size} where the run has it, `kind` is only_a, only_b, text or binary. `diff` is a
-- unified diff of whole lines, `cut` says that it goes on; `why` says why there is none.

local core = require 'core'
local source = require 'host.diff.source'
local table_view = require 'host.view.table'

local M = {}

local READ_MAX = 16 << 20 -- bytes of a file whose text is compared
local DIFF_MAX = 1 << 20 -- bytes of a difference that are kept
local PART_MAX = 4 << 20 -- and of all the differences of a part

--- Text is what a person can read: UTF-8 without a zero byte.
local function is_text(bytes)
  return not bytes:find('\0', 1, true) and utf8.len(bytes) ~= nil
end

--- A name in the head of a diff: one line.
local function head(side, path)
  return side .. '/' .. path:gsub('%c', '?')
end

local function count(diff, sign)
  local n = 0
  for _ in diff:gmatch('\n%' .. sign) do
    n = n + 1
  end
  return n - 1 -- the head's
end

--- At most so many bytes, whole lines.
local function cut(diff)
  if #diff <= DIFF_MAX then
    return diff, nil
  end
  return diff:sub(1, DIFF_MAX):match('^.*\n'), true
end

--- Fills in how two texts differ.
---@param entry table the file
---@param x string
---@param y string
---@return table entry
function M.compare(entry, x, y)
  if not (is_text(x) and is_text(y)) then
    entry.kind = 'binary'
    return entry
  end
  entry.kind = 'text'
  local diff, err =
    core.text.diff(x, y, { from = head('a', entry.path), to = head('b', entry.path) })
  if not diff then
    entry.why = err.message
    return entry
  end
  entry.removed, entry.added = count('\n' .. diff, '-'), count('\n' .. diff, '+')
  entry.diff, entry.cut = cut(diff)
  return entry
end

local function side(file)
  return file and { sha256 = file.sha256, size = file.size }
end

--- Both sides of a file of which at least the hashes differ.
local function compare_file(a, b, path, x, y)
  local entry = { path = path, a = side(x), b = side(y) }
  local text, err = {}, nil
  for i, each in ipairs { { a, x }, { b, y } } do
    local run, file = each[1], each[2]
    if file and x and y and (file.size or 0) <= READ_MAX then
      text[i], err = source.read(run, path, file.sha256, READ_MAX)
    elseif file then
      local there
      there, err = source.present(run, path)
      text[i] = there and false
    end
    if err and source.is_day(run) and (err.code == 'DIFFERS' or err.code == 'NOT_FOUND') then
      text[i], entry.why = false, 'edited since'
    elseif err and err.code == 'LIMIT' then
      text[i] = false
    elseif err then
      return nil, err
    end
  end
  if not (x and y) then
    entry.kind = x and 'only_a' or 'only_b'
  elseif text[1] and text[2] then
    M.compare(entry, text[1], text[2])
  else
    entry.kind = 'binary'
    entry.why = entry.why or 'over ' .. table_view.size(READ_MAX)
  end
  return entry
end

local function by_path(list, paths, map)
  for _, file in ipairs(list) do
    if map[file.path] == nil then
      paths[#paths + 1] = file.path
    end
    map[file.path] = true
  end
end

local function index(list)
  local map = {}
  for _, file in ipairs(list) do
    map[file.path] = file
  end
  return map
end

--- All files that differ between two lists of {path, sha256, size?}.
---@param a table host.diff.source
---@param b table
---@param list_a table[]
---@param list_b table[]
---@return table[]|nil files, table|nil err
function M.files(a, b, list_a, list_b)
  local paths, seen, files = {}, {}, {}
  by_path(list_a, paths, seen)
  by_path(list_b, paths, seen)
  table.sort(paths)
  local in_a, in_b = index(list_a), index(list_b)
  local room = PART_MAX
  for _, path in ipairs(paths) do
    local x, y = in_a[path], in_b[path]
    if not (x and y and x.sha256 == y.sha256) then
      local entry, err = compare_file(a, b, path, x, y)
      if not entry then
        return nil, err
      end
      room = room - #(entry.diff or '')
      if room < 0 then
        entry.diff, entry.cut, entry.why = nil, nil, 'one of too many'
      end
      files[#files + 1] = entry
    end
  end
  return files
end

return M
