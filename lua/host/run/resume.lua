--- An interrupted run, brought to its end: what is recorded is answered from its record, the rest
--- performed, in the same folder and under the same id.

local build = require 'host.manifest.build'
local core = require 'core'
local folder = require 'host.run.folder'
local index = require 'host.store.index'
local lifecycle = require 'host.run.lifecycle'
local recipes = require 'host.run.recipe'
local recorded = require 'host.run.recorded'
local remains = require 'host.manifest.remains'
local replay = require 'host.run.replay'
local reset = require 'host.run.reset'
local state = require 'host.run.state'
local tree = require 'host.store.tree'

local M = {}

local function again_by_reuse(manifest)
  local typed = lifecycle.typed(manifest.recipe.file, manifest.spec.from)
  return string.format('tlab run --reuse %s %s', manifest.id:sub(1, 8), typed)
end

--- Why a run is not one to resume; nil when it is.
local function refusal(manifest, dir, lab)
  local id8 = manifest.id:sub(1, 8)
  if not remains.resumable(manifest) then
    local code = manifest.error and ' with ' .. manifest.error.code or ''
    return {
      code = 'USAGE',
      message = string.format(
        'run %s was not cut off: it %s%s',
        id8,
        manifest.status == 'succeeded' and 'succeeded' or 'failed',
        code
      ),
      details = { 'expected: a run that a signal, a kill, its time limit or a full disk ended' },
      hint = again_by_reuse(manifest),
    }
  elseif dir ~= lab.root .. '/' .. manifest.folder then
    return {
      code = 'USAGE',
      message = string.format('run %s does not lie where it ran: %s', id8, manifest.folder),
      hint = again_by_reuse(manifest),
    }
  elseif manifest.place == 'day' then
    return {
      code = 'USAGE',
      message = 'a day has files that people edit: it is not resumed, but made again',
      hint = 'tlab ' .. manifest.recipe.name .. ' date=' .. manifest.name,
    }
  end
  return nil
end

--- Writes down that the run is at work again, then makes its folder what it was at the start.
local function reopen(run, manifest, rest)
  local entry = {
    at = tree.iso(core.clock.now()),
    status = manifest.status,
    code = recorded.ended_with(manifest),
    effect = rest.effect,
    again = #rest.again > 0 and rest.again or nil,
  }
  local reopened = build.resumed(manifest, entry, {
    permits = {
      needs = run.needs,
      allowed = run.allow,
      denied = run.deny,
      granted = manifest.permits.granted,
    },
    limits = run.limits,
  })
  local ok, err = core.fs.replace(run.dir .. '/run.json', core.json.encode(reopened) .. '\n')
  if ok then
    ok, err = reset.run(run.dir, manifest, rest)
  end
  return ok and reopened, err
end

local function perform(run, session, manifest, how)
  local source, err = core.fs.read(run.dir .. '/record/recipe/recipe.lua')
  if not source then
    return nil, err
  end
  run.decl, err = recipes.declare(session, { file = run.recipe.file, source = source })
  if not run.decl then
    return nil, err
  end
  local spec
  spec, err = replay.read_spec(run.dir)
  if spec == nil then
    return nil, err
  end
  local ok
  ok, err = session:permit(lifecycle.permits(run, how))
  if ok then
    ok, err = lifecycle.secrets(session, run.lab, run.needs)
    run.secrets = ok or nil
    ok = ok ~= nil
  end
  if ok then
    ok, err = session:begin(run.dir, true)
  end
  if ok and how.began then
    how.began(run, session)
  end
  if not ok then
    return nil, err
  end
  return session:run(spec, lifecycle.info(manifest, run.decl))
end

--- What the run is not resumed for: it is left to be resumed as it was before. With effects that
--- were performed already, its manifest tells of them.
local function give_up(run, manifest, err, outcome, reopened)
  local live = outcome and outcome.live
  if manifest.status == 'running' and not live then
    core.fs.replace(run.dir .. '/run.json', core.json.encode(manifest) .. '\n')
  else
    folder.close(run, live and reopened or build.resumed(manifest, nil, {}), {
      status = manifest.status == 'running' and 'interrupted' or manifest.status,
      error = manifest.error,
    })
  end
  local difference = outcome and outcome.difference
  if remains.DISK[err.code] then
    return nil,
      {
        code = err.code,
        message = 'the run is not resumed yet: ' .. err.message,
        hint = remains.command(manifest),
      }
  end
  return nil,
    {
      code = err.code,
      message = 'the run cannot go on as it began: ' .. err.message,
      details = difference
        and { 'recorded: ' .. difference.recorded, 'asked:    ' .. difference.asked },
      hint = again_by_reuse(manifest),
    }
end

--- Whether the recipe came to an end by itself without using up what was recorded.
local function differs(outcome)
  if outcome.difference then
    return outcome.error
  elseif outcome.status ~= 'succeeded' and outcome.status ~= 'failed' then
    return nil
  elseif not outcome.live and outcome.error then
    return outcome.error
  elseif not outcome.live or outcome.effects < outcome.recorded then
    return {
      code = 'DIFFERS',
      message = string.format(
        'the recipe asked for %d effects, the record has %d',
        outcome.effects,
        outcome.recorded
      ),
    }
  end
  return nil
end

--- By which tlab it went on, where that is another one than began it.
local function note_tool(run, manifest, entry)
  local tool, began = state.tool(), manifest.tool
  local same = tool.tlab == began.tlab
    and tool.library == began.library
    and core.json.encode(tool.machine) == core.json.encode(began.machine)
  for name, version in pairs(began.libraries or {}) do
    tool.libraries[name] = tool.libraries[name] or version
    same = same and tool.libraries[name] == version
  end
  run.tool = same and tool or began
  entry.tool = not same and tool or nil
end

local function close(run, manifest, reopened, outcome, how)
  local resumed = reopened.resumed
  local entry = resumed[#resumed]
  if outcome.live then
    table.sort(outcome.again)
    entry.again = #outcome.again > 0 and core.json.array(outcome.again) or nil
    note_tool(run, manifest, entry)
  else
    table.remove(resumed)
    reopened.resumed = #resumed > 0 and resumed or nil
    run.tool = manifest.tool
  end
  local result = lifecycle.close(run, reopened, outcome, how)
  result.again = outcome.live and entry.again
  return result
end

local function read_manifest(how)
  local manifest, err = replay.read_manifest(how.dir)
  err = manifest and refusal(manifest, how.dir, how.lab) or err
  return not err and manifest or nil, err
end

local function go_on(how, manifest, rest)
  local run = recorded.prepare(how, manifest, rest)
  local reopened, err = reopen(run, manifest, rest)
  if not reopened then
    return give_up(run, manifest, err)
  end
  local session
  session, err = core.session {
    mode = 'resume',
    old = how.dir,
    elapsed = rest.elapsed,
    offline = how.offline or false,
    limits = run.limits,
    lab = how.lab.root,
    programs_confined = (how.lab.config.programs or {}).confined == 'always',
    module = folder.keeping(run.find, function()
      return run
    end),
    quiet = how.quiet or false,
    hooks = how.hooks,
    permit = how.permit,
  }
  local outcome
  if session then
    outcome, err = perform(run, session, manifest, how)
    session:close()
  end
  err = outcome and differs(outcome) or err
  if err then
    return give_up(run, manifest, err, outcome, reopened)
  end
  return close(run, manifest, reopened, outcome, {
    recipe = manifest.recipe.file,
    words = manifest.spec.from,
  })
end

--- Nobody else is at work on the run from here on, until this process ends.
---@return table|nil err
local function claim(how, manifest)
  local err = index.begin { lab = how.lab, id = manifest.id, folder = manifest.folder }
  if not err or err.code ~= 'EXISTS' then
    return err
  end
  local id8 = manifest.id:sub(1, 8)
  return {
    code = 'USAGE',
    message = string.format('run %s is in progress', id8),
    details = { 'another process is at work on it: it can be resumed when that has ended' },
    hint = 'tlab show ' .. id8,
  }
end

--- Brings a run to its end, whatever end that is.
---@param how table {lab, dir = the run's folder, allow?, limits?, offline?, quiet?,
---  hooks?, permit?, undeclared?, began? as of host.run.lifecycle}
---@return table|nil result as lifecycle.run gives it, and `again` = numbers performed a second time
---@return table|nil err the run is then as it was
function M.run(how)
  local manifest, err = read_manifest(how)
  if not manifest then
    return nil, err
  end
  err = claim(how, manifest)
  if err then
    return nil, err
  end
  local rest, result
  manifest, err = read_manifest(how) -- again: who was at work on it may have ended it by now
  if manifest then
    rest, err = recorded.rest(how.dir, manifest)
  end
  if rest then
    result, err = go_on(how, manifest, rest)
  end
  if not result then
    index.finish(how)
  end
  return result, err
end

return M
