--- A run's folder: made, filled with what stands before the first effect, and closed.

local core = require 'core'
local build = require 'host.manifest.build'
local day = require 'host.run.day'
local fold = require 'host.manifest.fold'
local ids = require 'host.manifest.ids'
local index = require 'host.store.index'
local latest = require 'host.store.latest'
local outputs = require 'host.manifest.outputs'
local permits = require 'host.run.permits'
local recipes = require 'host.run.recipe'
local state = require 'host.run.state'
local tree = require 'host.store.tree'
local values = require 'host.manifest.values'

local M = {}

local function module_list(modules)
  local list = core.json.array {}
  for _, module in ipairs(modules) do
    list[#list + 1] = {
      name = module.name,
      origin = module.origin,
      instead_of = module.instead_of,
      sha256 = module.sha256,
    }
  end
  return list
end

local function make_day(run)
  local same, err = day.same(run), nil
  if same then
    run.nonce, run.started_ms, run.again = same.nonce, same.started_ms, same.entry
  else
    run.nonce, err = ids.nonce()
  end
  if not run.nonce then
    return nil, err
  end
  run.id = ids.id(run.key, run.nonce, tree.iso(run.started_ms))
  run.folder = day.folder(run)
  index.begin(run)
  local ok
  ok, err = day.make(run)
  if not ok then
    index.forget(run)
  end
  return ok and run, err
end

--- Makes the folder, under a name that is not taken yet, by the clock and a nonce. The run gets its
--- id, name, folder and dir.
---@param run table of prepare.run
---@return table|nil run
---@return table|nil err
function M.make(run)
  run.started_ms = core.clock.now()
  run.began_ms = core.clock.monotonic()
  local started = tree.iso(run.started_ms)
  if run.decl.place == 'day' then
    return make_day(run)
  end
  local home = tree.day_folder(run.started_ms) .. '/' .. run.decl.home
  local ok, err = core.fs.parents(home, run.lab.root)
  if not ok then
    return nil, err
  end
  for _ = 1, 100 do
    run.nonce, err = ids.nonce()
    if not run.nonce then
      return nil, err
    end
    run.id = ids.id(run.key, run.nonce, started)
    run.name = ids.folder_name(run.started_ms, run.decl.name, run.id)
    run.folder = home .. '/' .. run.name
    run.dir = run.lab.root .. '/' .. run.folder
    index.begin(run)
    ok, err = core.fs.make(run.dir)
    if ok then
      return run
    end
    index.forget(run)
    if err.code ~= 'EXISTS' then
      return nil, err
    end
  end
  return nil, err
end

--- The manifest of the run as it begins.
---@param run table
---@param held table what the kernel took away from the worker
---@return table manifest
function M.manifest(run, held)
  local manifest = build.running {
    id = run.id,
    key = run.key,
    nonce = run.nonce,
    name = run.name,
    folder = run.folder,
    place = run.decl.place,
    recipe = {
      name = run.decl.name,
      file = run.recipe.file,
      sha256 = run.recipe.sha256,
      origin = run.recipe.origin,
      instead_of = run.recipe.instead_of,
      modules = module_list(run.modules),
    },
    spec = {
      sha256 = run.key_parts.spec,
      from = run.spec.from,
      values = values.of(run.spec.value),
    },
    key_parts = run.key_parts,
    seed = run.seed,
    git = run.git,
    pins = run.pins,
    tool = state.tool(),
    confined = held,
    permits = { needs = run.needs, allowed = run.allow, denied = run.deny },
    limits = run.limits,
    replay_of = run.replay_of,
    parent = run.parent,
    secrets = run.secrets,
    started_ms = run.started_ms,
    lab_prices = run.lab.config.prices,
  }
  return run.again and build.resumed(manifest, run.again, {}) or manifest
end

--- Writes the modules that are not there yet.
local function write_modules(run)
  for _, module in ipairs(run.modules) do
    if not module.written then
      local path = run.dir .. '/record/recipe/' .. recipes.module_path(module.name)
      local ok, err = core.fs.write(path, module.source)
      if not ok then
        return nil, err
      end
      module.written = true
    end
  end
  return true
end

--- The module finder of a session: what the recipe requires while it runs is in the record as soon
--- as it is given, so that a killed run has it, too. What cannot be written is tried again at the
--- end of the run, and told there.
---@param find fun(name: string): table|nil, table|nil of host.run.recipe
---@param current fun(): table|nil the run, once it has a folder
---@return fun(name: string): table|nil, table|nil
function M.keeping(find, current)
  return function(name)
    local module, err = find(name)
    local run = current()
    if module and run and run.filled then
      write_modules(run)
    end
    return module, err
  end
end

--- Writes what stands before the first effect: manifest, spec, Lua, patch. The manifest is on the
--- disk before anything else happens: after a power cut it is whole or not there, and what the run
--- did outward is not forgotten.
---@param run table
---@param manifest table
---@return boolean|nil ok
---@return table|nil err
function M.fill(run, manifest)
  local record = run.dir .. '/record'
  local ok, err = core.fs.replace(run.dir .. '/run.json', core.json.encode(manifest) .. '\n')
  if not ok then
    return nil, err
  end
  local files = {
    { run.dir .. '/spec.json', run.spec_text .. '\n' },
    { record .. '/recipe/recipe.lua', run.recipe.source },
  }
  if run.patch then
    files[#files + 1] = { record .. '/blobs/' .. run.git.patch.sha256, run.patch }
  end
  for _, file in ipairs(files) do
    ok, err = core.fs.write(file[1], file[2]) -- which makes the folders, too
    if not ok then
      return nil, err
    end
  end
  run.filled = true
  return write_modules(run)
end

--- A disk that fails while the run is being closed turns it into a failed one, in so many words.
local function storage_failed(outcome, err)
  outcome.status = 'failed'
  outcome.error = outcome.error or { code = err.code, message = err.message }
end

--- Writes the manifest of the run's end, and when that fails tries once more to write that it
--- failed: what lies there claims no more than what reached the disk.
local function write_last(run, outcome, ended)
  local path, done = run.dir .. '/run.json', ended()
  local ok, err = core.fs.replace(path, core.json.encode(done) .. '\n')
  if not ok then
    storage_failed(outcome, err)
    done = ended()
    core.fs.replace(path, core.json.encode(done) .. '\n')
  end
  return done
end

--- Closes the folder: what the record says is put into the manifest, all of it made durable,
--- `latest` points to it, and the index has its row.
---@param run table
---@param manifest table of M.manifest
---@param outcome table {status, error?}; a failing disk changes both, and sets `unindexed` to an
---  error when it is the index that could not be written
---@return table manifest as it was meant to lie there
function M.close(run, manifest, outcome)
  local ok, err = write_modules(run)
  if not ok then
    storage_failed(outcome, err)
  end
  local summary
  summary, err = fold.read(run.dir)
  if not summary then
    storage_failed(outcome, err)
  end
  local files
  if manifest.place == 'day' then
    files, err = outputs.written(run.dir, summary or { written = {} })
  else
    files, err = outputs.list(run.dir)
  end
  if not files then
    storage_failed(outcome, err)
  end
  ok, err = core.fs.sync(run.dir)
  if not ok then
    storage_failed(outcome, err)
  end
  local recipe = manifest.recipe
  recipe.modules = module_list(run.modules)
  local tool = run.tool or state.tool() -- names the libraries that the run came to load
  local done = write_last(run, outcome, function()
    return build.finish(manifest, summary, {
      status = outcome.status,
      error = outcome.error,
      recipe = recipe,
      secrets = run.secrets,
      permits = permits.ended(manifest.permits or {}, outcome.granted),
      tool = tool,
      ended_ms = core.clock.now(),
      seconds = (core.clock.monotonic() - run.began_ms) / 1000,
    }, files)
  end)
  if not run.parent then -- the newest that a person asked for
    ok, err = latest.set(run.lab, run.folder)
  end
  if not ok then
    outcome.error = outcome.error or { code = err.code, message = err.message }
  end
  outcome.unindexed = index.finish(run)
  return done
end

--- The status that lies in the folder: after a failing disk not always the one that was meant.
---@param run table
---@return string|nil
function M.kept_status(run)
  local text = core.fs.read(run.dir .. '/run.json')
  local manifest = text and core.json.decode(text)
  return manifest and manifest.status
end

return M
