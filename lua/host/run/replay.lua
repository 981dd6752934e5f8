--- A run again, from its record alone: no network, no clock, the same bytes.

local core = require 'core'
local findings = require 'host.manifest.findings'
local lifecycle = require 'host.run.lifecycle'
local outputs = require 'host.manifest.outputs'
local read = require 'host.manifest.read'
local recipes = require 'host.run.recipe'
local remains = require 'host.manifest.remains'
local scratch = require 'host.run.scratch'

local M = {}

local SOURCE_MAX = 1 << 30

--- What a replay begins with: a manifest that was changed is a difference, not a wrong file.
---@param dir string the run's folder
---@return table|nil manifest, table|nil err
function M.read_manifest(dir)
  local manifest, err = read.read(dir)
  if not manifest and err.code == 'INVALID' then
    err.code, err.hint = 'DIFFERS', 'tlab verify ' .. dir
  end
  return manifest, err
end

--- The spec as it was resolved.
---@param dir string
---@return any|nil spec, table|nil err
function M.read_spec(dir)
  local text, err = core.fs.read(dir .. '/spec.json')
  if not text then
    return nil, err
  end
  local spec
  spec, err = core.json.decode(text)
  if spec == nil then
    return nil, { code = 'DIFFERS', message = 'spec.json: ' .. err.message, file = dir }
  end
  return spec
end

local function by_path(list)
  local map = {}
  for _, file in ipairs(list or {}) do
    map[file.path] = file
  end
  return map
end

--- Compares what the replay wrote with what the manifest says of the run's own files.
local function compare(manifest, files)
  local differences = core.json.array {}
  local old, new = by_path(manifest.outputs), by_path(files)
  old['spec.json'], new['spec.json'] = nil, nil
  for path, file in pairs(old) do
    if not new[path] then
      differences[#differences + 1] = { path = path, what = 'missing', expected = file.sha256 }
    elseif new[path].sha256 ~= file.sha256 then
      differences[#differences + 1] = {
        path = path,
        what = 'changed',
        expected = file.sha256,
        found = new[path].sha256,
      }
    end
  end
  for path, file in pairs(new) do
    if not old[path] then
      differences[#differences + 1] = { path = path, what = 'extra', found = file.sha256 }
    end
  end
  return differences
end

--- Errors after which a record ends where it ends, whatever the recipe would have asked next.
local CUT_OFF = { STORAGE = true, IO = true, CRASHED = true, INTERRUPTED = true, TIMEOUT = true }

--- The end the record tells of must be the end the replay came to. Of a run that was cut off, all
--- that was recorded can be the same; what is missing is told.
---@return string|nil note what the record ended with
local function compare_end(manifest, outcome, differences)
  local expected = manifest.error and manifest.error.code
  local found = outcome.error and outcome.error.code
  local cut_off = manifest.status == 'running' or expected and CUT_OFF[expected]
  if found == 'NOT_RECORDED' and cut_off then
    local resume = remains.command(manifest)
    return outcome.error.message .. (resume and '; what is missing: ' .. resume or '')
  elseif
    found == 'DIFFERS'
    or found == 'NOT_RECORDED' and (manifest.status == 'succeeded' or outcome.difference)
  then
    local difference = outcome.difference or {}
    difference.what, difference.message = 'effect', outcome.error.message
    table.insert(differences, 1, difference)
  elseif outcome.status == 'succeeded' and outcome.effects ~= outcome.recorded then
    table.insert(differences, 1, {
      what = 'effect',
      message = string.format(
        'the recipe asked for %d effects, the record has %d',
        outcome.effects,
        outcome.recorded
      ),
    })
  elseif
    manifest.status ~= 'interrupted'
    and manifest.status ~= 'running'
    and (manifest.status ~= outcome.status or expected ~= found)
  then
    local was = manifest.status .. (expected and ' ' .. expected or '')
    local is = outcome.status .. (found and ' ' .. found or '')
    table.insert(differences, 1, {
      what = 'status',
      expected = was,
      found = is,
      message = outcome.error
        and string.format('expected %s, found %s: %s', was, is, outcome.error.message),
    })
  end
end

--- What the replay will use must be what the manifest names.
---@return table|nil differences each file that is not
---@return table|nil err when one cannot be read at all
function M.check_sources(dir, manifest)
  local expected = {
    { path = 'spec.json', sha256 = manifest.spec.sha256, ending = '\n$' },
    { path = 'record/recipe/recipe.lua', sha256 = manifest.recipe.sha256 },
  }
  for _, module in ipairs(manifest.recipe.modules or {}) do
    local path = 'record/recipe/' .. recipes.module_path(module.name)
    expected[#expected + 1] = { path = path, sha256 = module.sha256 }
  end
  if manifest.effects then
    expected[#expected + 1] =
      { path = 'record/effects.jsonl', sha256 = manifest.effects.record.sha256 }
  end
  local differences = core.json.array {}
  for _, file in ipairs(expected) do
    local text, err
    if findings.is_inside(file.path) then
      text, err = core.fs.read(dir .. '/' .. file.path, SOURCE_MAX)
    end
    if err and err.code ~= 'NOT_FOUND' then
      return nil, err
    end
    local found = text and core.hash.bytes(file.ending and text:gsub(file.ending, '') or text)
    if found ~= file.sha256 then
      differences[#differences + 1] = {
        path = file.path,
        what = text and 'changed' or 'missing',
        expected = file.sha256,
        found = found,
      }
    end
  end
  return differences
end

local function perform(session, dir, manifest, spec, out)
  local source, err = core.fs.read(dir .. '/record/recipe/recipe.lua')
  if not source then
    return nil, err
  end
  local decl
  decl, err = recipes.declare(session, { file = manifest.recipe.file, source = source })
  if not decl then
    return nil, err
  end
  local ok
  ok, err = session:begin(out, false)
  if not ok then
    return nil, err
  end
  return session:run(spec, lifecycle.info(manifest, decl))
end

local function replay_into(dir, manifest, spec, out)
  local session, err = core.session {
    mode = 'replay',
    old = dir,
    offline = true,
    limits = manifest.limits,
    module = recipes.recorded_modules(dir),
  }
  if not session then
    return nil, err
  end
  local outcome
  outcome, err = perform(session, dir, manifest, spec, out)
  session:close()
  if not outcome then
    return nil, err
  elseif outcome.fatal and remains.DISK[outcome.error.code] then
    return nil, outcome.error
  end
  local files
  files, err = outputs.list(out)
  if not files then
    return nil, err
  end
  -- The manifest of a killed run has no list of its files.
  local killed = manifest.status == 'running'
  local differences = killed and core.json.array {} or compare(manifest, files)
  local note = compare_end(manifest, outcome, differences)
  return {
    same = #differences == 0,
    differences = differences,
    effects = outcome.effects,
    files = #files,
    manifest = manifest,
    note = note,
  }
end

--- Replays a run, or with `with` runs another recipe on its record.
---@param how table {dir = the run's folder, with? = recipe, lab? (for with), words?, no_input?,
---  made? = fn(folder), called with what came out when all of it is the same, before it is removed}
---@return table|nil result {same, differences, effects, files, manifest, note?}; with `with` what
---  lifecycle.run gives
---@return table|nil err
function M.run(how)
  local manifest, err = M.read_manifest(how.dir)
  if not manifest then
    return nil, err
  end
  local changed
  changed, err = M.check_sources(how.dir, manifest)
  if not changed then
    return nil, err
  elseif #changed > 0 and how.with then
    return nil,
      {
        code = 'DIFFERS',
        message = changed[1].path .. ' is not what the manifest names',
        hint = 'tlab verify ' .. how.dir,
      }
  elseif #changed > 0 then
    return { same = false, differences = changed, effects = 0, files = 0, manifest = manifest }
  end
  if how.with then
    return lifecycle.run {
      lab = how.lab,
      recipe = how.with,
      words = how.words or { how.dir .. '/spec.json' },
      reuse = how.dir,
      offline = true,
      seed = manifest.seed,
      replay_of = manifest.id,
      no_input = how.no_input,
    }
  end
  local spec
  spec, err = M.read_spec(how.dir)
  if not spec then
    return nil, err
  end
  local out
  out, err = scratch.make 'replay'
  if not out then
    return nil, err
  end
  local result
  result, err = replay_into(how.dir, manifest, spec, out)
  if result and result.same and how.made then
    local ok, why = how.made(out)
    if not ok then
      result, err = nil, why
    end
  end
  core.fs.purge(out)
  return result, err
end

return M
