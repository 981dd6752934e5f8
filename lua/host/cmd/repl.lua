--- tlab repl: a session, kept as a run.

local core = require 'core'
local attend = require 'host.repl.attend'
local granted = require 'host.cmd.granted'

local function recipe()
  local source = core.embedded(attend.FILE:match '^lua/(.*)$')
  return {
    file = attend.FILE,
    origin = 'embedded',
    source = source,
    sha256 = core.hash.bytes(source),
  }
end

return function(_, options)
  local lab, err = require('host.lab').find('.')
  if not lab then
    return nil, err
  end
  local how = granted(options)
  local at = attend.attend(how, lab, options)
  how.lab, how.found, how.recipe, how.words = lab, recipe(), 'repl', {}
  how.seed, how.no_input, how.command = options.seed, true, 'repl'
  -- A session is as long as it is: no limit of processor time unless one is asked for.
  local limits = lab.config.limits or {}
  how.limits.cpu_seconds = how.limits.cpu_seconds or limits.cpu_seconds or 0
  local result
  result, err = require('host.run.lifecycle').run(how)
  if not result then
    return nil, err
  end
  return at:ended(result)
end
