--- tlab run RECIPE [SPEC] [key=value …]: standard output gets the run's folder (or the manifest with
--- --json), standard error what came of it and what to type next.

local core = require 'core'
local out = require 'host.cmd.out'
local table_view = require 'host.view.table'

local function lifecycle_options(lab, words, options)
  return {
    lab = lab,
    recipe = words[1],
    words = table.move(words, 2, #words, 1, {}),
    allow = {
      net = options.allow_net, read = options.allow_read, run = options.allow_run,
      env = options.allow_env,
    },
    limits = {
      seconds = options.limit_seconds, memory = options.limit_memory,
      cpu_seconds = options.limit_cpu,
    },
    offline = options.offline or false, reuse = options.reuse, seed = options.seed,
    json = options.json or false, quiet = options.quiet or false,
    verbose = options.verbose or false, no_input = options.no_input or false,
  }
end

--- "succeeded in 1.5 s, 4 effects, 12 + 30 tokens".
local function verdict(manifest)
  local parts = { manifest.status .. ' in ' .. table_view.duration(manifest.time.seconds or 0) }
  parts[2] = table_view.count(manifest.effects and manifest.effects.count or 0, 'effect')
  if manifest.tokens then
    parts[3] = string.format('%d + %d tokens', manifest.tokens.input, manifest.tokens.output)
  end
  return table.concat(parts, ', ')
end

local function tell(result, options, lab)
  local manifest = result.manifest
  local id8 = manifest.id:sub(1, 8)
  if manifest.error then
    local err = manifest.error
    err.run = id8
    out.err(require('host.view.error').text(err, {
      verbose = options.verbose, root = lab.root,
      style = require('host.view.style').new('stderr', core.args),
    }))
  elseif not options.quiet then
    out.err(string.format('%s %s: %s\nsee it: tlab show %s\n', manifest.recipe.name, id8,
      verdict(manifest), id8))
  end
end

return function(words, options)
  local lab, err = require('host.lab').find('.')
  if not lab then
    return nil, err
  end
  local result
  result, err = require('host.run.lifecycle').run(lifecycle_options(lab, words, options))
  if not result then
    return nil, err
  end
  if options.json then
    out.json(result.manifest)
  else
    tell(result, options, lab)
    if result.exit == 0 then
      out.out((result.manifest.folder or result.dir) .. '\n')
    end
  end
  return result.exit
end
