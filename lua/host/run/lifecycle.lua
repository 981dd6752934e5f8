--- The life of a run, from the words of the command line to the replaced manifest.

local core = require 'core'
local build = require 'host.manifest.build'
local fold = require 'host.manifest.fold'
local ids = require 'host.manifest.ids'
local latest = require 'host.store.latest'
local load = require 'host.spec.load'
local needs = require 'host.spec.needs'
local outputs = require 'host.manifest.outputs'
local permits = require 'host.run.permits'
local recipes = require 'host.run.recipe'
local state = require 'host.run.state'
local tree = require 'host.store.tree'

local M = {}

local LIMITS = { cpu_seconds = 300, memory = 512 << 20, seconds = 0 }
local SAFE = (1 << 53) - 1

local function limits_of(lab, given)
  local limits = {}
  for name, value in pairs(LIMITS) do
    limits[name] = given and given[name] or lab.config.limits and lab.config.limits[name] or value
  end
  return limits
end

--- The seed of a run that names none: the same experiment has the same one.
local function seed_of(key)
  return tonumber(key:sub(1, 14), 16) & SAFE
end

--- What is fixed once the spec is known: names, state of the lab, permits. Nothing is written yet.
local function prepare(how, session, recipe, modules)
  local lab = how.lab
  local decl, err = recipes.declare(session, recipe, how.seed or 0)
  if not decl then
    return nil, err
  end
  local validator
  validator, err = recipes.validator(lab, decl, recipe.file)
  if err then
    return nil, err
  end
  local spec
  spec, err = load.read { words = how.words, lab = lab, schema = validator }
  if not spec then
    return nil, err
  end
  local needed
  needed, err = needs.resolve(decl.needs, spec.value)
  if not needed then
    err.file = err.file or recipe.file
    return nil, err
  end
  local git, patch
  git, patch, err = state.git(lab)
  if err then
    return nil, err
  end
  local pins = state.pins(lab)
  local spec_text = core.json.encode(spec.value)
  local parts = ids.key_parts {
    spec = core.hash.bytes(spec_text),
    recipe = recipe.sha256,
    git = git,
    flake_lock = pins and pins.flake_lock,
  }
  local allow, deny = permits.merge(lab, how.allow)
  if not how.no_input then
    permits.ask_missing(decl, needed, allow)
  end
  return {
    lab = lab,
    decl = decl,
    recipe = recipe,
    modules = modules,
    spec = spec,
    spec_text = spec_text,
    git = git,
    patch = patch,
    pins = pins,
    key_parts = parts,
    key = ids.key(parts),
    needs = needed,
    allow = allow,
    deny = deny,
    limits = how.limits_resolved,
  }
end

local function module_list(modules)
  local list = core.json.array {}
  for _, module in ipairs(modules) do
    list[#list + 1] = { name = module.name, origin = module.origin, sha256 = module.sha256 }
  end
  return list
end

--- Makes the run's folder: a name that is not taken yet, by the clock and a nonce.
local function make_folder(run)
  run.started_ms = core.clock.now()
  run.began_ms = core.clock.monotonic()
  local started = tree.iso(run.started_ms)
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
    ok, err = core.fs.make(run.dir)
    if ok then
      return run
    end
    if err.code ~= 'EXISTS' then
      return nil, err
    end
  end
  return nil, err
end

local function first_manifest(run, session, how)
  return build.running {
    id = run.id,
    key = run.key,
    nonce = run.nonce,
    name = run.name,
    folder = run.folder,
    recipe = {
      name = run.decl.name,
      file = run.recipe.file,
      sha256 = run.recipe.sha256,
      origin = run.recipe.origin,
      modules = module_list(run.modules),
    },
    spec = { sha256 = run.key_parts.spec, from = run.spec.from },
    key_parts = run.key_parts,
    seed = run.seed,
    git = run.git,
    pins = run.pins,
    tool = state.tool(),
    confined = session:held(),
    permits = { needs = run.needs, allowed = run.allow, denied = run.deny },
    limits = run.limits,
    replay_of = how.replay_of,
    started_ms = run.started_ms,
    lab_prices = run.lab.config.prices,
  }
end

local function recorded_name(name)
  return name:gsub('%.', '/') .. '.lua'
end

--- Writes what stands before the first effect: manifest, spec, Lua, patch.
local function write_start(run, manifest)
  local record = run.dir .. '/record'
  local files = {
    { run.dir .. '/run.json', core.json.encode(manifest) .. '\n' },
    { run.dir .. '/spec.json', run.spec_text .. '\n' },
    { record .. '/recipe/recipe.lua', run.recipe.source },
  }
  for _, module in ipairs(run.modules) do
    files[#files + 1] = { record .. '/recipe/' .. recorded_name(module.name), module.source }
    module.written = true
  end
  if run.patch then
    files[#files + 1] = { record .. '/blobs/' .. run.git.patch.sha256, run.patch }
  end
  for _, file in ipairs(files) do
    local ok, err = core.fs.write(file[1], file[2]) -- which makes the folders, too
    if not ok then
      return nil, err
    end
  end
  return true
end

--- Modules that the recipe required while it ran.
local function write_late_modules(run)
  for _, module in ipairs(run.modules) do
    if not module.written then
      local path = run.dir .. '/record/recipe/' .. recorded_name(module.name)
      local ok, err = core.fs.write(path, module.source)
      if not ok then
        return nil, err
      end
    end
  end
  return true
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

local function finish(run, manifest, outcome)
  local ok, err = write_late_modules(run)
  if not ok then
    storage_failed(outcome, err)
  end
  local summary
  summary, err = fold.read(run.dir)
  if not summary then
    storage_failed(outcome, err)
  end
  local files
  files, err = outputs.list(run.dir)
  if not files then
    storage_failed(outcome, err)
  end
  ok, err = core.fs.sync(run.dir)
  if not ok then
    storage_failed(outcome, err)
  end
  local recipe = manifest.recipe
  recipe.modules = module_list(run.modules)
  local tool = state.tool() -- names the libraries that the run came to load
  local done = write_last(run, outcome, function()
    return build.finish(manifest, summary, {
      status = outcome.status,
      error = outcome.error,
      recipe = recipe,
      tool = tool,
      ended_ms = core.clock.now(),
      seconds = (core.clock.monotonic() - run.began_ms) / 1000,
    }, files)
  end)
  ok, err = latest.set(run.lab, run.folder)
  if not ok then
    outcome.error = outcome.error or { code = err.code, message = err.message }
  end
  return done
end

--- The status that lies in the folder: after a failing disk not always the one that was meant.
local function kept_status(run)
  local text = core.fs.read(run.dir .. '/run.json')
  local manifest = text and core.json.decode(text)
  return manifest and manifest.status
end

local SIGNAL_EXIT = 128

local function exit_of(outcome)
  if outcome.signal then
    return SIGNAL_EXIT + outcome.signal
  end
  return outcome.error and core.exit_code(outcome.error.code) or 0
end

--- What the recipe is told of its run.
local function info_of(run)
  return {
    id = run.id,
    key = run.key,
    seed = run.seed,
    home = run.decl.home,
    name = run.decl.name,
    lab_prices = run.lab.config.prices,
  }
end

local function quoted(word)
  if word:match('^[%w_./:=@,+%-]+$') then
    return word
  end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- Cuts an error down to what the manifest keeps; returns it with what a person at the terminal is
--- told besides: the traceback, and after a refusal the command to type, with the words as they
--- were typed.
local function told(outcome, run, how)
  local given = outcome.error
  if not given then
    return nil
  end
  outcome.error = {
    code = given.code,
    message = given.message,
    file = given.file,
    line = given.line,
    hint = given.hint,
  }
  local shown = { traceback = given.traceback }
  for name, value in pairs(outcome.error) do
    shown[name] = value
  end
  local words = { quoted(run.recipe.origin == 'lab' and run.recipe.file or how.recipe) }
  for _, word in ipairs(how.words) do
    words[#words + 1] = quoted(word)
  end
  permits.explain(shown, outcome.refusal, table.concat(words, ' '))
  return shown
end

local function perform(run, session, how)
  local ok, err = make_folder(run)
  if not ok then
    return nil, err
  end
  run.seed = how.seed or seed_of(run.key)
  local manifest = first_manifest(run, session, how)
  ok, err = write_start(run, manifest)
  if ok then
    ok, err = session:permit {
      needs = run.needs,
      allow = run.allow,
      deny = run.deny,
      secrets = run.lab.config.secrets or {},
    }
  end
  if ok then
    ok, err = session:begin(run.dir, true)
  end
  local outcome
  if ok then
    outcome, err = session:run(run.spec.value, info_of(run))
  end
  if not outcome then
    outcome = { status = 'failed', error = { code = err.code, message = err.message } }
  end
  local shown = told(outcome, run, how)
  local done = finish(run, manifest, outcome)
  return {
    manifest = done,
    dir = run.dir,
    exit = exit_of(outcome),
    error = shown or outcome.error,
    kept = outcome.error and kept_status(run),
  }
end

--- Runs a recipe to its end, whatever end that is.
---@param how table {lab, recipe = path or name, words, allow?, limits?, offline?, reuse? = folder,
---  seed?, no_input?, replay_of? = id}
---@return table|nil result {manifest, dir, exit, error?, kept? = the status in the folder of a run
---  with an error}
---@return table|nil err nothing has been written then
function M.run(how)
  local recipe, err = recipes.find(how.lab, how.recipe)
  if not recipe then
    return nil, err
  end
  local find, found = recipes.modules(how.lab)
  how.limits_resolved = limits_of(how.lab, how.limits)
  local session
  session, err = core.session {
    mode = how.reuse and 'reuse' or 'live',
    old = how.reuse,
    offline = how.offline or false,
    limits = how.limits_resolved,
    lab = how.lab.root,
    module = find,
    quiet = how.quiet or false,
  }
  if not session then
    return nil, err
  end
  local run
  run, err = prepare(how, session, recipe, found)
  local result
  if run then
    result, err = perform(run, session, how)
  end
  session:close()
  return result, err
end

return M
