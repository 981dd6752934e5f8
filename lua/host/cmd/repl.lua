--- tlab repl: a session, kept as a run.

local core = require 'core'
local granted = require 'host.cmd.granted'
local prompt = require 'host.repl.prompt'

local FILE = 'tlab/repl/recipe.lua'

local function recipe()
  local source = core.embedded(FILE)
  return {
    file = 'lua/' .. FILE,
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
  local at = prompt.new(lab, options)
  local how = granted(options)
  how.lab, how.found, how.recipe, how.words = lab, recipe(), 'repl', {}
  how.seed, how.no_input, how.command = options.seed, true, 'repl'
  how.hooks = {
    ['repl.next'] = function(shown)
      return at:next(shown)
    end,
  }
  how.undeclared = true
  function how.permit(refusal)
    return require('host.repl.permits').ask(at, refusal)
  end
  function how.began(run, session)
    at.run, at.session = run, session
  end
  local result
  result, err = require('host.run.lifecycle').run(how)
  if not result then
    return nil, err
  end
  return at:ended(result)
end
