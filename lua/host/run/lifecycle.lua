--- The life of a run, from the words of the command line to the replaced manifest.

local core = require 'core'
local day = require 'host.run.day'
local folder = require 'host.run.folder'
local permits = require 'host.run.permits'
local prepare = require 'host.run.prepare'
local recipes = require 'host.run.recipe'
local remains = require 'host.manifest.remains'
local shell = require 'host.view.shell'

local M = {}

local SIGNAL_EXIT = 128

local function exit_of(outcome)
  if outcome.signal then
    return SIGNAL_EXIT + outcome.signal
  end
  return outcome.error and core.exit_code(outcome.error.code) or 0
end

--- What the recipe is told of its run.
---@param manifest table
---@param decl table
---@return table
function M.info(manifest, decl)
  return {
    id = manifest.id,
    key = manifest.key,
    seed = manifest.seed,
    home = decl.home,
    name = decl.name,
    lab_prices = manifest.lab_prices,
  }
end

--- The words of a run as one would type them.
---@param recipe string
---@param words string[]
---@return string
function M.typed(recipe, words)
  local typed = { shell.word(recipe) }
  for _, word in ipairs(words) do
    typed[#typed + 1] = shell.word(word)
  end
  return table.concat(typed, ' ')
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
  local recipe = run.recipe.origin == 'lab' and run.recipe.file or how.recipe
  permits.explain(shown, outcome.refusal, how.command or 'run ' .. M.typed(recipe, how.words))
  shown.hint = shown.hint
    or remains.command { id = run.id, status = outcome.status, error = outcome.error }
  return shown
end

--- What the runs that a run calls are told besides recipe and spec (core/prim/run_call.c).
---@param run table
---@param how table {offline?}
---@return table
local function calls_of(run, how)
  local depth = run.parent and run.parent.depth or 0
  return {
    parent = { id = run.id, folder = run.folder, depth = depth + 1 },
    allow = run.lent,
    limits = run.limits,
    offline = how.offline or false,
    dev_lua = core.overridden and core.fs.realpath(core.overridden) or nil,
  }
end

--- What a run may touch, as session:permit takes it.
---@param run table
---@param how table of the command line
---@return table
function M.permits(run, how)
  return {
    needs = run.needs,
    allow = run.allow,
    deny = run.deny,
    calls = calls_of(run, how),
    undeclared = how.undeclared or false,
  }
end

local function permit_and_run(run, session, manifest, how)
  local ok, err = folder.fill(run, manifest)
  if ok then
    ok, err = session:permit(M.permits(run, how))
  end
  if ok then
    ok, err = session:begin(run.dir, true)
  end
  local outcome
  if ok then
    if how.began then
      how.began(run, session)
    end
    outcome, err = session:run(run.spec.value, M.info(manifest, run.decl))
  end
  return outcome or { status = 'failed', error = { code = err.code, message = err.message } }
end

--- The result of a run that was not needed: its day is open already.
local function open_already(run)
  if run.decl.place ~= 'day' then
    return nil
  end
  local manifest, err = day.claim(run)
  return manifest and {
    manifest = manifest,
    dir = run.lab.root .. '/' .. manifest.folder,
    exit = 0,
    open = true,
  },
    err
end

--- Gives the session the secrets of its lab; encrypted files are opened for those that the recipe
--- declares.
---@param session table
---@param lab table
---@param needs table
---@return table|false|nil told for the manifest, table|nil err
function M.secrets(session, lab, needs)
  return session:secrets {
    bound = lab.config.secrets or {},
    files = lab.config.secret_files,
    wanted = needs.secret,
  }
end

--- As M.secrets, for a run that begins. Its spec is kept and shown as it is, and so must not hold
--- the value of one.
---@param session table
---@param run table of prepare.run
---@return table|false|nil told for the manifest, table|nil err
function M.own_secrets(session, run)
  local told_of, err = M.secrets(session, run.lab, run.needs)
  if told_of ~= nil and session:scrub(run.spec_text) ~= run.spec_text then
    local name = session:scrub(run.spec_text):match '<secret:([%w_]+)>' or 'NAME'
    return nil,
      {
        code = 'REFUSED',
        message = ('the spec holds the value of the secret %s, and would be kept'):format(name),
        hint = ("tlab.secret '%s'  # in the recipe, where it is sent"):format(name),
      }
  end
  return told_of, err
end

local function perform(run, session, how)
  local secrets, err = M.own_secrets(session, run)
  if secrets == nil then
    return nil, err
  end
  run.secrets = secrets or nil
  local ok
  ok, err = folder.make(run)
  if not ok then
    return nil, err
  end
  local manifest = folder.manifest(run, session:held())
  return M.close(run, manifest, permit_and_run(run, session, manifest, how), how)
end

--- Closes the folder of a run that came to an end, whatever end that is.
---@param run table
---@param manifest table as the run began
---@param outcome table of session:run
---@param how table {recipe, words}, as they were typed
---@return table result of M.run
function M.close(run, manifest, outcome, how)
  local shown = told(outcome, run, how)
  local done = folder.close(run, manifest, outcome)
  day.forget_earlier(run)
  return {
    manifest = done,
    dir = run.dir,
    exit = exit_of(outcome),
    error = shown or outcome.error,
    kept = outcome.error and folder.kept_status(run),
    unindexed = outcome.unindexed,
    reused = outcome.reused,
  }
end

--- Starts a worker, and has it declare the recipe; the run is prepared, and nothing is written yet.
---@param how table of M.run
---@param dry? boolean nothing outward is to be done
---@return table|nil session to be closed by the caller
---@return table run, or err when there is no session
function M.open(how, dry)
  local recipe, err = how.found, nil
  if not recipe then
    recipe, err = recipes.find(how.lab, how.recipe)
  end
  if not recipe then
    return nil, err
  end
  if how.seen then
    how.seen(recipe.path or how.lab.root .. '/' .. recipe.file, recipe.path and recipe.source)
  end
  local find, found = recipes.modules(how.lab, how.seen)
  local limits = prepare.limits(how.lab, how.limits)
  local session, run
  session, err = core.session {
    mode = how.reuse and 'reuse' or 'live',
    old = how.reuse,
    reread = how.reread or false,
    recall = how.recall or false,
    dry = dry or false,
    offline = how.offline or false,
    limits = limits,
    lab = how.lab.root,
    programs_confined = (how.lab.config.programs or {}).confined == 'always',
    module = folder.keeping(find, function()
      return run
    end),
    quiet = how.quiet or false,
    hooks = how.hooks,
    permit = how.permit,
  }
  if not session then
    return nil, err
  end
  run, err = prepare.run(how, session, recipe, found, limits)
  if not run then
    session:close()
    return nil, err
  end
  return session, run
end

--- Runs a recipe to its end, whatever end that is.
---@param how table {lab, recipe = path or name, words, allow?, limits?, offline?, reuse? = folder,
---  reread?, recall? = files are read, other recipes called anew where a record answers, seed?,
---  no_input?, replay_of? = id, found? = the recipe itself, hooks? and permit? of core.session,
---  undeclared? = nothing need be declared, command? = its words behind `tlab` when they are not
---  those of `run`, began? = fn(run, session), called before the recipe's first effect, parent? =
---  the run that called {id, folder, depth}, stdin?, read? = what gives the spec in the place of
---  standard input and of files, seen? = fn(path, text or nil), told of each file that the run is
---  made of}
---@return table|nil result {manifest, dir, exit, error?, kept? = the status in the folder of a run
---  with an error, reused? = effects that the record answered, open? = true when nothing was to be
---  done: the day is open}
---@return table|nil err nothing has been written then
function M.run(how)
  local session, run = M.open(how)
  if not session then
    return nil, run
  end
  local result, err = open_already(run)
  if not result and not err then
    result, err = perform(run, session, how)
  end
  session:close()
  return result, err
end

return M
