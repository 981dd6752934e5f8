--- tlab run RECIPE [SPEC] [key=value …]

local granted = require 'host.cmd.granted'
local outcome = require 'host.cmd.outcome'

local function how(lab, words, options, reused)
  local given = granted(options)
  given.lab = lab
  given.recipe = words[1]
  given.words = table.move(words, 2, #words, 1, {})
  given.reuse = reused.dir
  given.seed = options.seed or reused.seed
  given.no_input = options.no_input or options.json or false
  return given
end

--- The folder of --reuse (the form of its record is that of its manifest), how many effects it has,
--- and its seed: with another one, a recipe that draws from it would ask for something else than
--- was answered.
local function reuse(ref, lab)
  if not ref then
    return {}
  end
  local dir, err = require('host.store.find').run(ref, lab)
  if not dir then
    return nil, err
  end
  local manifest
  manifest, err = require('host.manifest.read').read(dir)
  return manifest and { dir = dir, seed = manifest.seed, count = (manifest.effects or {}).count },
    err
end

return function(words, options)
  local lab, err = require('host.lab').find('.')
  if not lab then
    return nil, err
  end
  lab.untouched = options.dry_run
  local reused
  reused, err = reuse(options.reuse, lab)
  if not reused then
    return nil, err
  end
  local asked = how(lab, words, options, reused)
  if options.watch then
    return require 'host.cmd.watch'(asked, options, reused.count)
  elseif options.dry_run then
    return require 'host.cmd.dry'(asked, options)
  end
  local result
  result, err = require('host.run.lifecycle').run(asked)
  if not result then
    return nil, err
  end
  if result.open then
    return require 'host.cmd.opened'(result, options)
  end
  return outcome.tell(result, options, lab)
end
