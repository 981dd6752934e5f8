--- A run of which nothing is kept: the recipe runs in its worker, but nothing goes outward, and
--- what it writes goes into a scratch folder. What comes of it is what a run would do and need.

local core = require 'core'
local day = require 'host.run.day'
local effects = require 'host.run.dry_effects'
local ids = require 'host.manifest.ids'
local lifecycle = require 'host.run.lifecycle'
local outputs = require 'host.manifest.outputs'
local permits = require 'host.run.dry_permits'
local scratch = require 'host.run.scratch'
local tree = require 'host.store.tree'

local M = {}

M.FORM = 'tlab.dry/1'

--- What the recipe is told of its run: an id as any, which nobody will find.
local function info(run)
  local nonce, err = ids.nonce()
  if not nonce then
    return nil, err
  end
  local known = { id = ids.id(run.key, nonce, tree.iso(core.clock.now())) }
  known.key, known.seed, known.lab_prices = run.key, run.seed, run.lab.config.prices
  return lifecycle.info(known, run.decl)
end

local function run_in(run, session, dir)
  local known, err = info(run)
  local ok = known
  if ok then
    ok, err = session:permit { needs = run.needs, allow = run.allow, deny = run.deny }
  end
  if ok then
    ok, err = session:begin(dir, true)
  end
  if not ok then
    return nil, err
  end
  return session:run(run.spec.value, known)
end

local function head(run)
  return {
    schema = M.FORM,
    recipe = { name = run.decl.name, file = run.recipe.file, origin = run.recipe.origin },
    place = run.decl.place and day.folder(run) or run.decl.home,
    key = run.key,
    seed = run.seed,
    spec = run.spec.value,
    notes = core.json.array {},
  }
end

--- A recipe of the day finds what lies in its folder; here it finds an empty one.
local function note_day(report, run)
  if run.decl.place == 'day' and core.fs.stat(run.lab.root .. '/' .. report.place) then
    table.insert(
      report.notes,
      report.place .. ' is there already: what lies in it the recipe did not see'
    )
  end
end

--- An error that can come of an answer which was not known says nothing of a real run.
local function ended(outcome, unknown)
  local err = outcome.error
  return err
    and {
      code = err.code,
      message = err.message,
      file = err.file,
      line = err.line,
      certain = unknown == 0,
    }
end

--- Whether something is missing that the run came to need, or, where not all of it could be seen,
--- that its recipe declares.
local function is_missing(report)
  for _, permit in ipairs(report.permits) do
    if permit.missing and (permit.asked or report.unknown > 0) then
      return true
    end
  end
  for _, secret in ipairs(report.secrets) do
    if secret.why then
      return true
    end
  end
  return false
end

local function report_of(run, session_secrets, outcome, dir)
  local found_permits = permits.new(run)
  local found, err = effects.read(dir, outcome.noted, found_permits)
  if not found then
    return nil, err
  end
  local files
  files, err = outputs.list(dir)
  if not files then
    return nil, err
  end
  found_permits:add_unasked()
  local report = head(run)
  report.effects, report.unknown, report.first_unknown = found.rows, found.unknown, found.first
  report.permits = found_permits.list
  report.options = found_permits:options(found.unknown > 0)
  report.obstacles = found_permits:obstacles()
  report.secrets = permits.secrets(run, session_secrets, found.secrets)
  report.outputs = core.json.array(files)
  note_day(report, run)
  report.error = ended(outcome, found.unknown)
  report.missing = is_missing(report)
  return report
end

local function perform(run, session)
  local secrets, err = lifecycle.own_secrets(session, run)
  if secrets == nil then
    return nil, err
  end
  local dir
  dir, err = scratch.make 'dry'
  if not dir then
    return nil, err
  end
  local outcome, report
  outcome, err = run_in(run, session, dir)
  if outcome and not outcome.signal then
    report, err = report_of(run, secrets, outcome, dir)
  end
  core.fs.purge(dir)
  if outcome and outcome.signal then
    return { error = outcome.error, signal = outcome.signal }
  end
  return report and { report = report }, err
end

--- The day is open: nothing would be done.
local function open_already(run)
  local manifest, err
  if run.decl.place == 'day' then
    manifest, err = day.opened(run)
  end
  if not manifest then
    return nil, err
  end
  local report = head(run)
  report.open, report.missing, report.unknown = true, false, 0
  for _, list in ipairs { 'effects', 'permits', 'options', 'obstacles', 'secrets', 'outputs' } do
    report[list] = core.json.array {}
  end
  return { report = report }
end

--- Nothing of the lab is changed, and no other process is told of it.
---@param how table of lifecycle.run
---@return table|nil result {report, as schemas/dry.schema.json has it} or, stopped by a signal,
---  {error, signal}
---@return table|nil err
function M.run(how)
  local session, run = lifecycle.open(how, true)
  if not session then
    return nil, run
  end
  local result, err = open_already(run)
  if not result and not err then
    result, err = perform(run, session)
  end
  session:close()
  return result, err
end

return M
