--- Runs that are named to be removed: their folders, their rows, `latest` where it leads to one.

local core = require 'core'
local find = require 'host.store.find'
local index = require 'host.store.index'
local rubbish = require 'host.store.rubbish'
local tree = require 'host.store.tree'

local M = {}

local DAY = '^%d%d%d%d/%d%d/%d%d'

local function refused(message)
  return nil, { code = 'REFUSED', message = message }
end

--- A folder that is a run's by its name and place alone: one that lost its manifest.
local function without_manifest(ref, lab)
  local dir = core.fs.realpath(ref) or core.fs.realpath(lab.root .. '/' .. ref)
  local name = dir and dir:match '[^/]+$'
  return name and tree.split_run_name(name) and dir
end

local function in_progress(lab, folder)
  for _, running in ipairs(index.settle(lab)) do
    if running == folder then
      return true
    end
  end
  return false
end

local function entry_of(lab, ref)
  local dir, err = find.run(ref, lab)
  dir = dir or without_manifest(ref, lab)
  if not dir then
    return nil, err
  end
  local folder = dir:sub(1, #lab.root + 1) == lab.root .. '/' and dir:sub(#lab.root + 2)
  if not folder or not folder:match(DAY) then
    return refused(dir .. ' is not in the date tree of this lab')
  elseif not tree.split_run_name(folder:match '[^/]+$') then
    return refused(folder .. ' holds more than a run: a day is not removed')
  elseif in_progress(lab, folder) then
    return refused(folder .. ' is in progress')
  end
  return { path = folder, kind = 'run', size = rubbish.total(core.fs.tree(dir)), why = 'named' }
end

--- The runs as entries of `gc`, each once.
---@param lab table
---@param refs string[] as typed
---@return rubbish.Entry[]|nil entries
---@return table|nil err REFUSED for one in progress or elsewhere
function M.entries(lab, refs)
  local entries, seen = {}, {}
  for _, ref in ipairs(refs) do
    local entry, err = entry_of(lab, ref)
    if not entry then
      return nil, err
    end
    if not seen[entry.path] then
      seen[entry.path] = true
      entries[#entries + 1] = entry
    end
  end
  return entries
end

--- The rows of a run by its folder, which may have lost its manifest.
local function rows_of(lab, folder)
  return index.rows(lab, {
    where = core.json.array { { column = 'folder', op = '=', value = folder } },
  })
end

--- Removes a run. Its row and its manifest go last: until then it can be named again. The row goes
--- before the manifest: a kill in between leaves no row of a run that is not there.
---@param root string the lab
---@param entry rubbish.Entry
---@return boolean|nil ok
---@return table|nil err
function M.remove(root, entry)
  local list, err = core.fs.list(root .. '/' .. entry.path)
  if not list then
    return nil, err
  end
  for _, each in ipairs(list) do
    local path = entry.path .. '/' .. each.name
    local ok = true
    if each.type == 'folder' then
      ok, err = core.fs.purge(path, root)
    elseif each.name ~= 'run.json' and each.type == 'file' then
      ok, err = core.fs.discard(path, root)
    end
    if not ok then
      return nil, err or { code = 'REFUSED', message = path .. ' is held by a process' }
    end
  end
  for _, row in ipairs(rows_of({ root = root }, entry.path) or {}) do
    core.index.drop(root, row.started, row.id) -- M.forget sees whether it is gone
  end
  return core.fs.purge(entry.path, root)
end

--- Has `latest` forget runs that are gone, and the index, should it still have a row: it is made
--- anew where no row can be taken out of it, as where the file system has no locks.
---@param lab table
---@param entries rubbish.Entry[]
---@return boolean|nil ok
---@return table|nil err
function M.forget(lab, entries)
  local link = lab.root .. '/latest'
  local stat = core.fs.stat(link)
  local target = stat and stat.type == 'link' and core.fs.readlink(link)
  local stale = false
  for _, entry in ipairs(entries) do
    if target == entry.path then
      core.fs.remove(link)
    end
    local rows = rows_of(lab, entry.path)
    stale = stale or not rows or #rows > 0
  end
  if stale then
    return core.index.rebuild(lab.root)
  end
  return true
end

return M
