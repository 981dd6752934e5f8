--- tlab run --watch: a run, and another at each change, until a signal ends it; a line for each.

local core = require 'core'
local out = require 'host.cmd.out'
local outcome = require 'host.cmd.outcome'
local table_view = require 'host.view.table'

local SIGNAL_EXIT = 128

local function usage(message)
  return nil, { code = 'USAGE', message = message, hint = 'tlab help run' }
end

--- What speaks against running it again and again.
local function refusal(how, options)
  if options.dry_run then
    return usage '--watch runs the recipe, and --dry-run does not: give one of them'
  end
  for _, word in ipairs(how.words) do
    if word == '-' then
      return usage '--watch reads the spec again at each change: give a file, not standard input'
    end
  end
  return true
end

--- Paths as one types them in the lab.
local function short(changed, root)
  local list = core.json.array {}
  for i, path in ipairs(changed) do
    list[i] = path:sub(1, #root + 1) == root .. '/' and path:sub(#root + 2) or path
  end
  return list
end

--- "hello 3f9a2c1b succeeded in 0.1 s, 4 effects, 3 of them from the record; spec.json changed"
local function line_of(round, result, changed)
  local text = 'no run'
  if result then
    local manifest = result.manifest
    text = ('%s %s %s'):format(
      manifest.recipe.name,
      manifest.id:sub(1, 8),
      outcome.verdict(manifest)
    )
    if result.reused then
      text = text .. (', %d of them from the record'):format(result.reused)
    end
  end
  return text .. (round > 1 and '; ' .. table.concat(changed, ', ') .. ' changed' or '') .. '\n'
end

local function json_of(round, result, err, changed)
  local line = { round = round, changed = changed }
  local failed = err
  if result then
    local manifest = result.manifest
    line.run, line.folder, line.status = manifest.id, manifest.folder, manifest.status
    line.effects = manifest.effects and manifest.effects.count or 0
    line.reused = result.reused or 0
    failed = result.error
  end
  line.error = failed and { code = failed.code, message = failed.message }
  return line
end

local function tell(round, result, err, changed, watch, options)
  if options.json then
    out.json(json_of(round, result, err, changed))
    return
  end
  local style = require('host.view.style').new('stderr', core.args)
  if result and result.error then
    outcome.tell_error(result, options, watch.how.lab)
  elseif err then
    require('host.cmd').report(err, core.args)
  end
  if not options.quiet then
    out.err(style.clean(line_of(round, result, changed)), style)
  end
  if result then
    out.out(result.manifest.folder .. '\n')
  end
  if round == 1 and not options.quiet then
    local count = 0
    for _ in pairs(watch.files) do
      count = count + 1
    end
    out.err(('watching %s; Ctrl-C ends it\n'):format(table_view.count(count, 'file')))
  end
end

---@param how table of host.run.lifecycle.run
---@param options table of the command line
---@param reused? integer how many effects the record of --reuse has
---@return integer|nil exit, table|nil err
return function(how, options, reused)
  local ok, why = refusal(how, options)
  if not ok then
    return nil, why
  end
  local watch = require('host.run.watch').new(how, reused)
  local round, what = 0, { changed = {} }
  while not what.signal do
    round = round + 1
    local result, err, found = watch:round()
    if not result and (err.code == 'USAGE' or round == 1 and not found) then
      return nil, err
    end
    tell(round, result, err, short(what.changed, how.lab.root), watch, options)
    if result and result.manifest.status == 'interrupted' then
      return result.exit
    end
    core.collect()
    what, err = watch:wait()
    if not what then
      return nil, err
    end
  end
  return SIGNAL_EXIT + what.signal
end
