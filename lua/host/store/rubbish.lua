--- What killed processes left in a lab: temporary files, folders of runs that never came to their
--- first manifest, entries of runs in progress that are not. Whatever a living process holds is
--- none of it, and whatever could be anybody's work is not either.

local core = require 'core'
local days = require 'host.store.days'

local M = {}

local TEMPORARY = '^%.tlab%-tmp%-[%w-]+$'
local BLOB = '^record/blobs/%x+%.tmp$'
local SCRATCH = {
  ['^tlab%-dry%-%x+$'] = 'a dry run',
  ['^tlab%-replay%-%x+$'] = 'a replay',
  ['^tlab%-scratch%-%x+$'] = 'a program',
  ['^tlab%-tests%-%x+$'] = 'a test',
}
local OPEN = '.tlab/open'
local CACHE = '.tlab/cache'
local MIRRORS = CACHE .. '/git'
local YOUNG_MS = 60000 -- what has no lock may be of a process that has just begun

---@class rubbish.Entry
---@field path string relative to the lab; of a scratch folder absolute
---@field kind 'temporary'|'folder'|'entry'|'scratch'|'mirror'
---@field size integer bytes
---@field why string

--- Bytes of all entries of a list, such as core.fs.tree gives for a folder.
---@param entries table[]|nil
---@return integer
function M.total(entries)
  local size = 0
  for _, entry in ipairs(entries or {}) do
    size = size + entry.size
  end
  return size
end

local function is_young(path)
  local stat = core.fs.stat(path)
  return not stat or stat.modified_ms > core.clock.now() - YOUNG_MS
end

local function add(found, path, kind, size, why)
  found.entries[#found.entries + 1] = { path = path, kind = kind, size = size, why = why }
end

--- Adds a temporary file or link, unless its process may live.
local function add_temporary(found, path, entry)
  local full = found.root .. '/' .. path
  if entry.type == 'file' then
    local held = core.fs.held(path, found.root)
    if held == true or held == nil and is_young(full) then
      return
    end
  elseif entry.type ~= 'link' or is_young(full) then
    return
  end
  add(found, path, 'temporary', entry.size, 'a temporary file that no process works on')
end

--- Runs in progress by their folder: true when the process lives.
local function open_runs(root)
  local open = {}
  for _, entry in ipairs(core.fs.list(root .. '/' .. OPEN) or {}) do
    local path = OPEN .. '/' .. entry.name
    local text = entry.type == 'file' and core.fs.read(root .. '/' .. path, 65536)
    local folder = text and text:match('^([^\n]+)\n')
    if folder then
      open[folder] = core.fs.held(path, root) ~= false
    end
  end
  return open
end

--- A run's folder: what is left in it, and whether it is one that never began.
local function look_into(found, path)
  local full = found.root .. '/' .. path
  local below = core.fs.tree(full)
  if not below or found.open[path] then
    return
  end
  local manifest, work, temporary = false, false, {}
  for _, entry in ipairs(below) do
    local name = entry.path:match('[^/]*$')
    if entry.path == 'run.json' then
      manifest = true
    elseif name:match(TEMPORARY) or entry.path:match(BLOB) then
      temporary[#temporary + 1] = entry
    elseif entry.type ~= 'folder' then
      work = true
    end
  end
  if manifest or work then
    for _, entry in ipairs(temporary) do
      add_temporary(found, path .. '/' .. entry.path, entry)
    end
    local list = manifest and found.runs or found.broken
    list[#list + 1] = path
  elseif not is_young(full) then
    local size = M.total(below)
    add(found, path, 'folder', size, 'a run that was killed before its first manifest')
  end
end

local function look_at_days(found, progress)
  local seen = 0
  days.each(found.root, function(day)
    if core.fs.stat(found.root .. '/' .. day .. '/run.json') then
      found.runs[#found.runs + 1] = day
    end
    days.look(found.root, day, function(path, entry, is_run)
      if is_run then
        seen = seen + 1
        if progress and seen % 1000 == 0 then
          progress(seen)
        end
        look_into(found, path)
      elseif entry.name:match(TEMPORARY) then
        add_temporary(found, path, entry)
      end
    end)
  end)
end

local function look_at_file_of_state(found, path, entry)
  if path:match('[^/]*$'):match(TEMPORARY) then
    add_temporary(found, path, entry)
  elseif path:match('^%.tlab/open/[^/]+$') and entry.type == 'file' then
    if core.fs.held(path, found.root) == false then
      add(found, path, 'entry', entry.size, 'of a run that is not in progress any more')
    end
  end
end

--- Temporary files beside lab.json and within .tlab, and entries of runs that are none any more.
local function look_at_state(found)
  for _, entry in ipairs(core.fs.list(found.root) or {}) do
    if entry.name:match(TEMPORARY) then
      add_temporary(found, entry.name, entry)
    end
  end
  for _, top in ipairs(core.fs.list(found.root .. '/.tlab') or {}) do
    local path = '.tlab/' .. top.name
    if top.type ~= 'folder' then
      look_at_file_of_state(found, path, top)
    elseif path ~= CACHE then -- mirrors have files of their own, many
      for _, entry in ipairs(core.fs.tree(found.root .. '/' .. path) or {}) do
        look_at_file_of_state(found, path .. '/' .. entry.path, entry)
      end
    end
  end
end

--- Whether a fetch is at work on a mirror: it holds NAME.lock.
local function is_fetching(root, name)
  return core.fs.held(MIRRORS .. '/' .. name .. '.lock', root) ~= false
end

local function look_at_packs(found, folder)
  for _, pack in ipairs(core.fs.list(found.root .. '/' .. folder) or {}) do
    if pack.type == 'file' and pack.name:find('_git2_', 1, true) then
      add(found, folder .. pack.name, 'temporary', pack.size, 'of a fetch that was killed')
    end
  end
end

--- What a fetch that was killed left: a new mirror that is not whole, packs that never came to
--- their end.
local function look_at_mirrors(found)
  for _, entry in ipairs(core.fs.list(found.root .. '/' .. MIRRORS) or {}) do
    local name = entry.name:match('^(.*%.git)%.new$') or entry.name:match('^.*%.git$')
    if entry.type == 'folder' and name and not is_fetching(found.root, name) then
      local path = MIRRORS .. '/' .. entry.name
      if name ~= entry.name then
        local size = M.total(core.fs.tree(found.root .. '/' .. path))
        add(found, path, 'mirror', size, 'of a fetch that was killed')
      else
        look_at_packs(found, path .. '/objects/pack/')
      end
    end
  end
end

local function whose(name)
  for pattern, owner in pairs(SCRATCH) do
    if name:match(pattern) then
      return owner
    end
  end
end

--- Folders in which a replay or a program did its work, of processes that are gone.
local function look_at_scratch(found)
  local base = core.env.get 'TMPDIR' or '/tmp'
  for _, entry in ipairs(core.fs.list(base) or {}) do
    local path = base .. '/' .. entry.name
    local owner = entry.type == 'folder' and whose(entry.name)
    if owner then
      if core.fs.held(entry.name, base) == false and not is_young(path) then
        add(found, path, 'scratch', 0, ('of %s whose tlab was killed'):format(owner))
      end
    end
  end
end

--- Everything there is.
---@param root string the lab
---@param progress? fun(seen: integer) called each thousand runs
---@return table found {entries = rubbish.Entry[], runs = folders with a manifest, broken = run
---  folders with files and without a manifest, open}
function M.find(root, progress)
  local found = { root = root, entries = {}, runs = {}, broken = {}, open = open_runs(root) }
  look_at_state(found)
  look_at_mirrors(found)
  look_at_days(found, progress)
  look_at_scratch(found)
  return found
end

--- Removes one entry, if it is still what it was.
---@param root string the lab
---@param entry rubbish.Entry
---@return boolean|nil gone false when a process has taken it up since
---@return table|nil err
function M.remove(root, entry)
  if entry.kind == 'scratch' then
    local base, name = entry.path:match('^(.*)/([^/]+)$')
    local held, err = core.fs.held(name, base)
    if held ~= false then
      return held == nil and nil or false, err
    end
    return core.fs.purge(name, base)
  elseif entry.kind == 'folder' then
    return core.fs.purge(entry.path, root)
  elseif entry.kind == 'mirror' then -- a fetch that begins now waits for this lock
    local lock = root .. '/' .. entry.path:gsub('%.new$', '.lock')
    local mine, err = core.fs.hold(lock)
    if not mine then
      return mine, err
    end
    return core.fs.purge(entry.path, root)
  end
  return core.fs.discard(entry.path, root)
end

return M
