--- What a run goes on with after it was cut off: record, Lua, permits and limits, from its own
--- folder instead of the words of a command line.

local core = require 'core'
local findings = require 'host.manifest.findings'
local permits = require 'host.run.permits'
local recipes = require 'host.run.recipe'
local remains = require 'host.manifest.remains'
local replay = require 'host.run.replay'

local M = {}

local RECORD = '/record/effects.jsonl'
local RECORD_MAX = 1 << 30

--- What the run stands on must lie there as it was recorded.
local function check_sources(dir, manifest)
  local changed, err = replay.check_sources(dir, manifest)
  if not changed then
    return nil, err
  elseif #changed == 0 then
    return true
  end
  return nil,
    {
      code = 'DIFFERS',
      message = changed[1].path .. ' is not what the manifest names',
      hint = 'tlab verify ' .. manifest.id:sub(1, 8),
    }
end

--- What the record keeps beside its lines must lie there too: the folder is cleared before it is
--- asked for.
local function check_blobs(dir, manifest, rest)
  for sha256 in pairs(rest.blobs) do
    local path = 'record/blobs/' .. sha256
    local found, err
    if findings.is_inside(path) then
      found, err = core.hash.file(dir .. '/' .. path)
    end
    if err and remains.DISK[err.code] then
      return nil, err
    elseif not found or found.sha256 ~= sha256 then
      return nil,
        {
          code = 'DIFFERS',
          message = path .. (found and ' was changed' or ' is missing') .. ': the record names it',
          hint = 'tlab verify ' .. manifest.id:sub(1, 8),
        }
    end
  end
  return true
end

--- The code of the error that ended the run: of one killed while it was resumed, the one before.
---@param manifest table
---@return string|nil
function M.ended_with(manifest)
  local last = manifest.resumed and manifest.resumed[#manifest.resumed]
  local from = manifest.error or manifest.status == 'running' and last
  return from and from.code
end

local function read_record(dir, manifest)
  local text, err = core.fs.read(dir .. RECORD, RECORD_MAX)
  if not text and err.code ~= 'NOT_FOUND' then
    return nil, err
  end
  local rest
  rest, err = remains.of(text or '', M.ended_with(manifest))
  if not rest then
    return nil, err
  end
  local ok
  ok, err = check_blobs(dir, manifest, rest)
  if not ok then
    return nil, err
  end
  rest.elapsed = math.max(rest.elapsed, math.ceil((manifest.time.seconds or 0) * 1000))
  rest.text = text
  return rest
end

--- The modules that were required while the run was at work: a killed one has their text, and no
--- list of them. They are from where the same text is today, else from the lab.
local function add_unlisted(dir, find_new, found)
  local listed = { ['recipe.lua'] = true }
  for _, module in ipairs(found) do
    listed[recipes.module_path(module.name)] = true
  end
  for _, entry in ipairs(core.fs.tree(dir .. '/record/recipe') or {}) do
    local name = entry.path:match('^([%w_/]+)%.lua$')
    if name and not listed[entry.path] then
      name = name:gsub('/', '.')
      local text = core.fs.read(dir .. '/record/recipe/' .. entry.path) or ''
      local today = find_new(name) and table.remove(found)
      local same = today and today.source == text
      found[#found + 1] = {
        name = name,
        origin = same and today.origin or 'lab',
        instead_of = same and today.instead_of or nil,
        sha256 = core.hash.bytes(text),
        written = true,
      }
    end
  end
end

--- Recorded modules come from the record; others from where they would for a new run.
local function modules_of(lab, dir, manifest)
  local find_new, found = recipes.modules(lab)
  local find_recorded = recipes.recorded_modules(dir)
  for _, module in ipairs(manifest.recipe.modules or {}) do
    found[#found + 1] = {
      name = module.name,
      origin = module.origin,
      instead_of = module.instead_of,
      sha256 = module.sha256,
      written = true,
    }
  end
  add_unlisted(dir, find_new, found)
  return function(name)
    local module = find_recorded(name)
    if module then
      return module
    end
    return find_new(name)
  end,
    found
end

local function limits_of(manifest, given)
  local limits = {}
  for name, value in pairs(manifest.limits) do
    limits[name] = given and given[name] or value
  end
  return limits
end

--- What the record of a run can answer, after a look at what the run stands on.
---@param dir string the run's folder
---@param manifest table
---@return table|nil rest of host.manifest.remains, and text = the record, nil where there is none
---@return table|nil err
function M.rest(dir, manifest)
  local ok, err = check_sources(dir, manifest)
  if not ok then
    return nil, err
  end
  return read_record(dir, manifest)
end

--- What stands before the first effect.
---@param how table of host.run.resume
---@param manifest table
---@param rest table of M.rest
---@return table run as host.run.prepare makes it, as far as folder and lifecycle ask for it
function M.prepare(how, manifest, rest)
  local find, found = modules_of(how.lab, how.dir, manifest)
  local allow, deny = permits.resumed(manifest.permits, how.lab, how.allow)
  return {
    lab = how.lab,
    dir = how.dir,
    id = manifest.id,
    folder = manifest.folder,
    recipe = manifest.recipe,
    find = find,
    modules = found,
    needs = manifest.permits.needs,
    allow = allow,
    deny = deny,
    lent = allow,
    parent = manifest.parent,
    limits = limits_of(manifest, how.limits),
    tool = manifest.tool,
    filled = true,
    began_ms = core.clock.monotonic() - rest.elapsed,
  }
end

return M
