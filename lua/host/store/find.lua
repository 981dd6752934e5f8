--- RUN: a run's folder from what people type: a path, `latest`, the beginning of its id or of its
--- folder's name. The index answers; no folder is searched.

local core = require 'core'
local index = require 'host.store.index'
local latest = require 'host.store.latest'
local suggest = require 'host.view.suggest'

local M = {}

local LEAST = 4 -- characters of an id or name that are enough to search by
local SHOWN = 10 -- matches that an error lists
local COUNTED = 1000 -- matches that it counts
local REBUILD = 'tlab runs --rebuild'

local function is_run(dir)
  return core.fs.stat(dir .. '/run.json') ~= nil
end

--- The folder of a path to it or to its run.json.
local function by_path(ref)
  local dir = ref:match('^(.+)/run%.json$') or ref == 'run.json' and '.' or ref:gsub('(.)/+$', '%1')
  return is_run(dir) and core.fs.realpath(dir) or nil
end

--- The rows of the runs that this may be the beginning of, the newest first.
local function search(lab, ref)
  local low = ref:lower()
  return index.rows(lab, {
    where = core.json.array {
      { column = 'run', op = 'prefix', value = low:match '^%x+$' and low or ref },
    },
    limit = COUNTED,
  })
end

local function ambiguous(ref, found)
  local details = {}
  for i = 1, math.min(#found, SHOWN) do
    details[i] = found[i].folder
  end
  if #found > SHOWN then
    details[#details + 1] = string.format('and %d more', #found - SHOWN)
  end
  return nil,
    {
      code = 'USAGE',
      message = string.format(
        '"%s" is the beginning of %s%d runs',
        ref,
        #found == COUNTED and 'at least ' or '',
        #found
      ),
      details = details,
      hint = 'tlab show ' .. (found[1].folder:match('[^/]+$')),
    }
end

local function missing(ref, lab, searched)
  local near = lab and ref ~= 'latest' and suggest.near(ref, { 'latest' })[1]
  return nil,
    {
      code = 'NOT_FOUND',
      message = string.format('there is no run "%s"%s', ref, suggest.behind(near or nil)),
      details = {
        not lab and "expected, outside a lab: a run's folder"
          or "expected: a run's folder, four or more digits of its id, or latest",
        searched and 'a run that was copied into this lab is found once the index is made again',
      },
      hint = searched and REBUILD or nil,
    }
end

--- The folder that a row names. Who wrote runs.csv may be anybody: it names folders of days only.
local function folder_of(lab, row, ref)
  local folder = row.folder or ''
  local parts = '/' .. folder .. '/'
  if not folder:match '^%d%d%d%d/%d%d/%d%d' or parts:find('/%.*/') then
    return nil,
      {
        code = 'PARSE',
        message = string.format('runs.csv says that run %s lies in "%s"', row.id, folder),
        details = { 'expected: a folder of a day, YYYY/MM/DD' },
        hint = REBUILD,
      }
  end
  local dir = lab.root .. '/' .. folder
  if is_run(dir) then
    return core.fs.realpath(dir)
  end
  return nil,
    {
      code = 'NOT_FOUND',
      message = string.format('the folder of run "%s" is gone: %s', ref, folder),
      details = { 'runs.csv still has its row' },
      hint = REBUILD,
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
    return missing('latest', lab)
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
  if #ref < LEAST or not ref:match '^[%w_-]+$' then
    return missing(ref, lab)
  end
  local found, err = search(lab, ref)
  if not found then
    return nil, err
  elseif #found == 0 then
    return missing(ref, lab, true)
  elseif #found > 1 then
    return ambiguous(ref, found)
  end
  return folder_of(lab, found[1], ref)
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
