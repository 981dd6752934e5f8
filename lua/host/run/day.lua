--- The run whose place is the day itself. There is one for each date: a second call finds it open,
--- and of several calls at once one makes it.

local core = require 'core'
local index = require 'host.store.index'
local read = require 'host.manifest.read'
local tree = require 'host.store.tree'

local M = {}

local LOCK = '.tlab/day'
local WAIT_MS = 10000 -- for another that makes a day just now
local FIRST_YEAR = 1970

local held = {} -- labs whose lock this process has: it keeps it, and may make several days

--- The date of the spec, today's in UTC when it names none. It becomes part of the spec: the recipe
--- asks no clock for it, and each day is an experiment of its own.
---@param spec table the spec's value; gets its date
---@return boolean|nil ok
---@return table|nil err
function M.put_date(spec)
  if spec.date == nil then
    spec.date = tree.day_folder(core.clock.now()):gsub('/', '-')
  end
  local text = spec.date
  local year, month, day = tostring(text):match('^(%d%d%d%d)%-(%d%d)%-(%d%d)$')
  year, month, day = math.tointeger(year), math.tointeger(month), math.tointeger(day)
  if type(text) == 'string' and year and year >= FIRST_YEAR and tree.valid(year, month, day) then
    return true
  end
  return nil,
    {
      code = 'INVALID',
      message = ('date=%s is no day: expected YYYY-MM-DD from 1970-01-01 on'):format(
        type(text) == 'string' and text or core.json.encode(text)
      ),
    }
end

--- The folder of the run's day.
---@param run table of prepare.run
---@return string folder relative to the lab
function M.folder(run)
  return (run.spec.value.date:gsub('-', '/'))
end

--- The manifest of the day's run if that ended well: then the day is open.
---@return table|nil manifest nil when there is none, or one of a run that did not end well
---@return table|nil err
---@return table|nil earlier the manifest of a run that did not end well
local function opened(dir)
  local manifest, err = read.read(dir)
  if not manifest then
    return nil, err.code ~= 'NOT_FOUND' and err or nil
  elseif manifest.place ~= 'day' then
    return nil,
      {
        code = 'EXISTS',
        file = dir .. '/run.json',
        message = 'the folder of the day holds the manifest of another run',
      }
  end
  if manifest.status == 'succeeded' then
    return manifest
  end
  return nil, nil, manifest
end

--- The manifest of the day if it is open.
---@param run table of prepare.run
---@return table|nil manifest, table|nil err
function M.opened(run)
  local manifest, err = opened(run.lab.root .. '/' .. M.folder(run))
  return manifest, err
end

local function busy(folder)
  return nil,
    {
      code = 'EXISTS',
      message = ('another tlab has been making %s for %d s'):format(folder, WAIT_MS // 1000),
    }
end

--- Sees whether the day is open. When it is not, this process is the one that makes it, until it
--- ends.
---@param run table of prepare.run
---@return table|nil manifest of the day that is open already
---@return table|nil err
function M.claim(run)
  local root, folder = run.lab.root, M.folder(run)
  local dir = root .. '/' .. folder
  local manifest, err = opened(dir)
  if manifest or err then
    return manifest, err
  end
  local ok
  ok, err = core.fs.parents(LOCK:match('^(.*)/'), root)
  if not ok then
    return nil, err
  end
  ok, err = held[root], nil
  if not ok then
    ok, err = core.fs.hold(root .. '/' .. LOCK, WAIT_MS)
  end
  if ok == false then
    return busy(folder)
  elseif ok == nil and err.code ~= 'UNSUPPORTED' then
    return nil, err
  end
  run.locked, held[root] = ok, ok
  manifest, err, run.earlier = opened(dir)
  return manifest, err
end

--- What a day that is made anew has of the run that was cut off: its id, if it is the same
--- experiment, so that the index has one row for it.
---@param run table with earlier
---@return table|nil same {nonce, started_ms, entry = what is added to `resumed`}
function M.same(run)
  local earlier = run.earlier
  if not earlier or earlier.key ~= run.key then
    return nil
  end
  return {
    nonce = earlier.nonce,
    started_ms = tree.parse_iso(earlier.time.started),
    entry = {
      at = tree.iso(core.clock.now()),
      status = earlier.status,
      code = earlier.error and earlier.error.code,
      effect = 1,
    },
  }
end

--- The run that was cut off was of another id: its row is no folder's any more. It is rare enough
--- for an index made anew.
---@param run table
function M.forget_earlier(run)
  if run.earlier and run.earlier.id ~= run.id then
    core.index.rebuild(run.lab.root)
  end
end

--- Makes the day's folder and in it record/, in one step that only one process can take. What a run
--- that was cut off left of its record, and its row, are removed first: under the lock nobody is at
--- work on it.
---@param run table of prepare.run; gets folder, dir and name
---@return boolean|nil ok
---@return table|nil err
function M.make(run)
  run.name, run.folder = run.spec.value.date, M.folder(run)
  run.dir = run.lab.root .. '/' .. run.folder
  local ok, err = core.fs.parents(run.folder, run.lab.root)
  local record = run.dir .. '/record'
  local before = ok and read.read(run.dir)
  if before then
    index.drop(run.lab, before)
  end
  if ok and run.locked and core.fs.stat(record) then
    ok, err = core.fs.purge(record)
  end
  if ok then
    ok, err = core.fs.make(record)
  end
  if not ok and err.code == 'EXISTS' then
    err.message = run.folder
      .. '/record is there already: another tlab makes the day, or was cut off'
    err.hint = 'rm -r ' .. run.folder .. '/record  # if no other tlab is at work'
  end
  return ok, err
end

return M
