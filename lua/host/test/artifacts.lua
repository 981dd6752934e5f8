--- What a run made, held against a folder of the lab.

local core = require 'core'

local M = {}

local SHOWN_MAX = 1 << 20 -- bytes of a file of which a difference is shown
local DIFF_MAX = 4000 -- bytes of a difference that are shown

local function is_shown(text)
  return #text <= SHOWN_MAX and utf8.len(text) and not text:find '\0'
end

--- How two files differ, for a person.
local function difference(path, expected, got)
  if not is_shown(expected) or not is_shown(got) then
    return ('%s: %d bytes, expected %d others\n'):format(path, #got, #expected)
  end
  local text = core.text.diff(expected, got, { from = 'expected/' .. path, to = 'made/' .. path })
  return #text <= DIFF_MAX and text or text:sub(1, DIFF_MAX):gsub('[^\n]*$', '') .. '…\n'
end

--- The folder's path, if tests keep what they expect there.
local function check_folder(root, folder)
  local inside = folder:match '^tests/[^/]'
    and not ('/' .. folder .. '/'):find('/%.%.?/')
    and not folder:find '//'
  if not inside then
    return nil,
      {
        code = 'ARGUMENT',
        message = ('%s: expected a folder of the lab below tests/'):format(folder),
      }
  end
  return root .. '/' .. folder
end

local function paths_of(dir)
  local paths = {}
  for _, entry in ipairs(core.fs.tree(dir) or {}) do
    if entry.type ~= 'folder' then
      paths[entry.path] = true
    end
  end
  return paths
end

local function made_by(run)
  local paths = {}
  for _, output in ipairs(run.manifest.outputs or {}) do
    paths[output.path] = output.path ~= 'spec.json' or nil
  end
  return paths
end

local function sorted(...)
  local list, seen = {}, {}
  for _, paths in ipairs { ... } do
    for path in pairs(paths) do
      list[#list + 1] = not seen[path] and path or nil
      seen[path] = true
    end
  end
  table.sort(list)
  return list
end

--- Puts what came in the place of what was expected.
local function update(root, folder, path, got)
  if not got then
    return core.fs.discard(folder .. '/' .. path, root)
  end
  local at = folder .. '/' .. path
  local ok, err = core.fs.parents(at:match '^(.*)/', root)
  if ok then
    ok, err = core.fs.replace(root .. '/' .. at, got, 420) -- 0644, less the umask
  end
  return ok, err
end

--- Compares, or with `take` makes them equal.
---@param root string the lab that is tested
---@param folder string in it
---@param run table {dir, manifest}
---@param take boolean
---@return string|nil wrong what differs, '' if nothing does
---@return table|nil err
---@return string[]|nil taken paths that were changed
function M.compare(root, folder, run, take)
  local dir, err = check_folder(root, folder)
  if not dir then
    return nil, err
  end
  local expected, made, parts, taken = paths_of(dir), made_by(run), {}, {}
  for _, path in ipairs(sorted(expected, made)) do
    local old = expected[path] and core.fs.read(dir .. '/' .. path)
    local new = made[path] and core.fs.read(run.dir .. '/' .. path)
    if old ~= new and take then
      local ok
      ok, err = update(root, folder, path, new)
      if ok == nil then
        return nil, err
      end
      taken[#taken + 1] = folder .. '/' .. path
    elseif not old and new then
      parts[#parts + 1] = ('%s was made, and is not expected\n'):format(path)
    elseif old and not new then
      parts[#parts + 1] = ('%s is expected, and was not made\n'):format(path)
    elseif old ~= new then
      parts[#parts + 1] = difference(path, old, new)
    end
  end
  return table.concat(parts), nil, taken
end

return M
