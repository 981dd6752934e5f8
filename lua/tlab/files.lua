--- Files of the lab by patterns: `*` and `?` stand for characters of a name, `**` for any folders.
--- Names that begin with a dot are found by patterns that have the dot, as in a shell.
---
---     local files = require 'tlab.files'
---     for _, path in ipairs(files.find { 'notes/*.md', 'papers/**/*.txt' }) do … end
local M = {}

local MOST = 10000 -- files and folders that are looked at

local function parts_of(path)
  local parts = {}
  for part in path:gmatch '[^/]+' do
    parts[#parts + 1] = part ~= '.' and part or nil
  end
  return parts
end

-- Whether one name fits one part of a pattern: `*` takes as few characters as will do. When that
-- fails, the last one takes one more; an earlier one never has to.
local function name_fits(part, name)
  if name:sub(1, 1) == '.' and part:sub(1, 1) ~= '.' then
    return false
  end
  local p, n, star, mark = 1, 1, nil, nil
  while n <= #name do
    local c = part:sub(p, p)
    if c == '*' then
      star, mark, p = p, n, p + 1
    elseif c == '?' or c == name:sub(n, n) then
      p, n = p + 1, n + 1
    elseif star then
      mark = mark + 1
      p, n = star + 1, mark
    else
      return false
    end
  end
  return part:sub(p):find '^%**$' ~= nil
end

---Whether a path fits a pattern.
---@param pattern string
---@param path string without `.` and `..`
---@return boolean
function M.match(pattern, path)
  local want, have = parts_of(pattern), parts_of(path)
  local p, h, star, mark = 1, 1, nil, nil
  while h <= #have do
    local part = want[p]
    if part == '**' then
      star, mark, p = p, h, p + 1
    elseif part and name_fits(part, have[h]) then
      p, h = p + 1, h + 1
    elseif star and have[mark]:sub(1, 1) ~= '.' then
      mark = mark + 1
      p, h = star + 1, mark
    else
      return false
    end
  end
  while want[p] == '**' do
    p = p + 1
  end
  return p > #want
end

local Search = {}
Search.__index = Search

-- What lies in a folder; nothing where it is none. Each is listed once.
function Search:list(folder)
  local list = self.listed[folder] ---@type tlab.fs.list.answer[]
  if not list then
    list = tlab.fs.list('lab:' .. (folder == '' and '.' or folder:sub(1, -2))) or {}
    self.listed[folder], self.count = list, self.count + #list
    if self.count > MOST then
      error({
        code = 'LIMIT',
        message = ('the patterns make me look at more than %d files'):format(MOST),
      }, 0)
    end
  end
  return list
end

-- Secrets are nobody's to read, so no wildcard leads to them.
local function is_open(folder, entry)
  local is_hidden = entry.name:sub(1, 1) == '.'
  return entry.type == 'folder' and not is_hidden and (folder ~= '' or entry.name ~= 'secrets')
end

-- A name without wildcards needs no list.
function Search:step(folder, parts, i)
  local path = folder .. parts[i]
  if i < #parts then
    return self:walk(path .. '/', parts, i + 1)
  end
  local stat = tlab.fs.stat('lab:' .. path)
  self.found[path] = stat and stat.type == 'file' or nil
end

-- All files below `folder` that fit the parts from number `i` on.
function Search:walk(folder, parts, i)
  local key, part = i .. folder, parts[i]
  if self.walked[key] or not part then
    return
  end
  self.walked[key] = true
  if not part:find '[*?]' then
    return self:step(folder, parts, i)
  elseif part == '**' then
    self:walk(folder, parts, i + 1)
  end
  for _, entry in ipairs(self:list(folder)) do
    local path, fits = folder .. entry.name, name_fits(part, entry.name)
    if fits and i == #parts and entry.type == 'file' then
      self.found[path] = true
    elseif fits and is_open(folder, entry) then
      self:walk(path .. '/', parts, part == '**' and i or i + 1)
    end
  end
end

---The files of the lab that fit one of the patterns, sorted; links are not followed.
---@param patterns string|string[] such as "notes/*.md"
---@return string[]? paths from the lab's root
---@return table? err NOT_FOUND, where no file fits one of them
function M.find(patterns)
  local paths, is_taken = {}, {}
  local search = setmetatable({ listed = {}, count = 0 }, Search)
  for _, pattern in ipairs(type(patterns) == 'table' and patterns or { patterns }) do
    if pattern:find '^/' or ('/' .. pattern .. '/'):find('/../', 1, true) then
      error(("files.find: '%s' is no path from the lab's root"):format(pattern), 2)
    end
    search.found, search.walked = {}, {}
    search:walk('', parts_of(pattern), 1)
    if not next(search.found) then
      return nil, { code = 'NOT_FOUND', message = ("no file of the lab fits '%s'"):format(pattern) }
    end
    for path in pairs(search.found) do
      paths[#paths + 1] = not is_taken[path] and path or nil
      is_taken[path] = true
    end
  end
  table.sort(paths)
  return paths
end

return M
