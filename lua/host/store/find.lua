--- RUN: a run's folder from what people type: a path, `latest`, the beginning of its id or of its
--- folder's name. Days are searched from the newest back; an index is not needed, only slower
--- without.

local core = require 'core'
local latest = require 'host.store.latest'
local tree = require 'host.store.tree'

local M = {}

local LEAST = 4 -- characters of an id or name that are enough to search by
local DEPTH = 3 -- folders between a day and its runs: ai-team/artifacts/… and one to spare
local SHOWN = 10 -- matches that an error lists

local function is_run(dir)
  return core.fs.stat(dir .. '/run.json') ~= nil
end

--- The folder of a path to it or to its run.json.
local function by_path(ref)
  local dir = ref:match('^(.+)/run%.json$') or ref == 'run.json' and '.' or ref:gsub('(.)/+$', '%1')
  return is_run(dir) and core.fs.realpath(dir) or nil
end

--- Names of folders in a folder that have a form, the greatest first.
local function folders(dir, form)
  local names = {}
  for _, entry in ipairs(core.fs.list(dir) or {}) do
    if entry.type == 'folder' and entry.name:match(form) then
      table.insert(names, 1, entry.name)
    end
  end
  return names
end

--- Calls fn(path relative to the lab) for each day, the newest first.
local function each_day(root, fn)
  for _, year in ipairs(folders(root, '^%d%d%d%d$')) do
    for _, month in ipairs(folders(root .. '/' .. year, '^%d%d$')) do
      local below = year .. '/' .. month
      for _, day in ipairs(folders(root .. '/' .. below, '^%d%d$')) do
        fn(below .. '/' .. day)
      end
    end
  end
end

--- Calls fn(path, name) for each run folder below a folder, not looking into runs.
local function each_run(root, path, depth, fn)
  for _, name in ipairs(folders(root .. '/' .. path, '.')) do
    local below = path .. '/' .. name
    if tree.split_run_name(name) then
      fn(below, name)
    elseif depth > 1 then
      each_run(root, below, depth - 1, fn)
    end
  end
end

--- The id in a manifest, for a reference longer than what the folder's name says.
local function id_of(dir)
  local text = core.fs.read(dir .. '/run.json')
  local manifest = text and core.json.decode(text)
  return type(manifest) == 'table' and manifest.id or ''
end

local function begins(text, with)
  return text:sub(1, #with) == with
end

local function matches(root, path, name, ref)
  if begins(name, ref) then
    return true
  end
  local _, _, id8 = tree.split_run_name(name)
  local low = ref:lower()
  if #low <= 8 then
    return begins(id8, low)
  end
  return begins(low, id8) and begins(id_of(root .. '/' .. path), low)
end

local function search(lab, ref)
  local found = {}
  each_day(lab.root, function(day)
    each_run(lab.root, day, DEPTH, function(path, name)
      if matches(lab.root, path, name, ref) then
        found[#found + 1] = path
      end
    end)
  end)
  return found
end

local function ambiguous(ref, found)
  local details = {}
  for i = 1, math.min(#found, SHOWN) do
    details[i] = found[i]
  end
  if #found > SHOWN then
    details[#details + 1] = string.format('and %d more', #found - SHOWN)
  end
  return nil,
    {
      code = 'USAGE',
      message = string.format('"%s" is the beginning of %d runs', ref, #found),
      details = details,
      hint = 'tlab show ' .. (found[1]:match('[^/]+$')),
    }
end

local function missing(ref, lab)
  local hint = lab and core.fs.readlink(lab.root .. '/latest') and 'tlab show latest' or nil
  return nil,
    {
      code = 'NOT_FOUND',
      message = string.format('there is no run "%s"', ref),
      details = { "expected: a run's folder, the first digits of its id, or latest" },
      hint = hint,
    }
end

--- `latest` is the lab's, also in a folder that has a file of that name.
local function last(lab)
  local folder, err = latest.get(lab)
  if not folder then
    return nil, err
  end
  local dir = core.fs.realpath(lab.root .. '/' .. folder)
  if not dir or not is_run(dir) then
    return missing 'latest'
  end
  return dir
end

--- Finds a run.
---@param ref string as typed
---@param lab table|nil from host.lab; without one only a path finds something
---@return string|nil dir absolute
---@return table|nil err
function M.run(ref, lab)
  if ref == 'latest' and lab then
    return last(lab)
  end
  local dir = by_path(ref)
  if dir then
    return dir
  end
  if not lab then
    return missing(ref)
  end
  if #ref < LEAST or not ref:match('^[%w_-]+$') then
    return missing(ref, lab)
  end
  local found = search(lab, ref)
  if #found == 0 then
    return missing(ref, lab)
  elseif #found > 1 then
    return ambiguous(ref, found)
  end
  return core.fs.realpath(lab.root .. '/' .. found[1])
end

--- The same for a command: the lab is that of the working folder, if there is one.
---@param ref string
---@return string|nil dir, table|nil err, table|nil lab
function M.typed(ref)
  local lab, fault = require('host.lab').find('.')
  local dir, err = M.run(ref, lab)
  if not dir and fault and fault.code ~= 'NOT_FOUND' then
    return nil, fault
  end
  return dir, err, lab
end

return M
