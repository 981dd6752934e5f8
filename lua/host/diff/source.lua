--- A run as diff reads it. The manifest says what the run is; what else is read must be what the
--- manifest says, or it is an error that names it: a difference that damage made is none of the
--- experiment's.
--
-- run  { dir, m = the manifest with all that the record gives, whole = it ended and said so }

local build = require 'host.manifest.build'
local core = require 'core'
local findings = require 'host.manifest.findings'
local fold = require 'host.manifest.fold'
local outputs = require 'host.manifest.outputs'
local read = require 'host.manifest.read'

local M = {}

local RECORD_MAX = 1 << 30
local RECIPE = 'record/recipe/'

local function damaged(run, code, message)
  return nil,
    {
      code = code,
      message = string.format('run %s: %s', run.m.id:sub(1, 8), message),
      hint = 'tlab verify ' .. run.dir,
    }
end

local function read_manifest(dir)
  local manifest, err, text = read.read(dir)
  if not manifest then
    return nil, err
  end
  if build.digest(manifest) ~= manifest.digest or text ~= core.json.encode(manifest) .. '\n' then
    return nil,
      {
        code = 'DIFFERS',
        message = dir .. '/run.json is not as it was written',
        hint = 'tlab verify ' .. dir,
      }
  end
  return manifest
end

--- The modules of a run that could not say them any more.
local function modules_of(run)
  local modules = {}
  for _, entry in ipairs(core.fs.tree(run.dir .. '/' .. RECIPE) or {}) do
    if entry.type == 'file' and entry.path ~= 'recipe.lua' then
      local hash, err = core.hash.file(run.dir .. '/' .. RECIPE .. entry.path)
      if not hash then
        return nil, err
      end
      modules[#modules + 1] = {
        name = entry.path:gsub('%.lua$', ''):gsub('/', '.'),
        sha256 = hash.sha256,
      }
    end
  end
  return modules
end

--- Whether people may have edited the run's files since, with every right: the day's own.
---@param run table
---@return boolean
function M.is_day(run)
  return run.m.place == 'day'
end

--- What the run made: all that lies in its folder, or of a folder that is a day's, what its record
--- says.
local function made(run, summary)
  if not M.is_day(run) then
    return outputs.list(run.dir)
  end
  local files = {}
  for path, sha256 in pairs(summary and summary.written or {}) do
    files[#files + 1] = { path = path, sha256 = sha256 }
  end
  return files
end

--- What the manifest of a run that was cut off could not say: the record and the folder do.
local function complete(run)
  local m = run.m
  local summary, err = fold.read(run.dir)
  if summary then
    for name, value in pairs(build.derived(summary)) do
      m[name] = value
    end
  elseif err.code ~= 'NOT_FOUND' then
    return nil, err
  end
  local modules
  modules, err = modules_of(run)
  if not modules then
    return nil, err
  end
  m.recipe.modules = modules
  m.outputs, err = made(run, summary)
  return m.outputs and run, err
end

--- Opens a run's folder.
---@param dir string
---@return table|nil run
---@return table|nil err
function M.open(dir)
  local manifest, err = read_manifest(dir)
  if not manifest then
    return nil, err
  end
  local run = { dir = dir, m = manifest, whole = manifest.status ~= 'running' }
  if run.whole then
    return run
  end
  return complete(run)
end

--- A file of the run that must have a hash.
---@param run table
---@param path string relative to the run's folder
---@param sha256 string
---@param most? integer bytes
---@return string|nil text
---@return table|nil err NOT_FOUND, DIFFERS, or why it cannot be read
function M.read(run, path, sha256, most)
  if not findings.is_inside(path) then
    return damaged(run, 'DIFFERS', path .. ' leads out of the folder')
  end
  local text, err = core.fs.read(run.dir .. '/' .. path, most)
  if not text and err.code == 'NOT_FOUND' then
    return damaged(run, 'NOT_FOUND', path .. ' is missing')
  elseif not text then
    return nil, err
  elseif core.hash.bytes(text) ~= sha256 then
    return damaged(run, 'DIFFERS', path .. ' is not what the manifest says')
  end
  return text
end

--- Whether a file that need not be read is there.
---@return boolean|nil ok, table|nil err
function M.present(run, path)
  if not findings.is_inside(path) then
    return damaged(run, 'DIFFERS', path .. ' leads out of the folder')
  end
  local stat, err = core.fs.stat(run.dir .. '/' .. path)
  if not stat and err.code == 'NOT_FOUND' then
    return damaged(run, 'NOT_FOUND', path .. ' is missing')
  end
  return stat and true, err
end

--- What was put aside: record/blobs/<sha256>.
---@return string|nil bytes, table|nil err
function M.blob(run, sha256)
  if not findings.is_sha256(sha256) then
    return damaged(run, 'DIFFERS', 'the record names a blob that is no SHA-256')
  end
  return M.read(run, 'record/blobs/' .. sha256, sha256, RECORD_MAX)
end

--- The spec as the recipe was given it.
---@return any spec, table|nil err
function M.spec(run)
  local text, err = core.fs.read(run.dir .. '/spec.json', RECORD_MAX)
  if not text and err.code == 'NOT_FOUND' then
    return damaged(run, 'NOT_FOUND', 'spec.json is missing')
  elseif not text then
    return nil, err
  elseif core.hash.bytes((text:gsub('\n$', ''))) ~= run.m.spec.sha256 then
    return damaged(run, 'DIFFERS', 'spec.json is not what the manifest says')
  end
  return core.json.decode(text)
end

--- The text of the record; '' where a run was cut off before it had one.
---@return string|nil text, table|nil err
function M.record(run)
  local path = 'record/effects.jsonl'
  local stated = run.m.effects and run.m.effects.record
  if stated then
    return M.read(run, path, stated.sha256, RECORD_MAX)
  end
  local text, err = core.fs.read(run.dir .. '/' .. path, RECORD_MAX)
  if not text and err.code == 'NOT_FOUND' then
    return ''
  end
  return text, err
end

return M
