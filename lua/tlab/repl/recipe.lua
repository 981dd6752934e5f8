--- The recipe of `tlab repl`: a session is a run of it. What the person types is the answer to an
--- effect, and what was shown for the entry before is its argument; so the record is the
--- transcript, and a replay, which compares arguments, sees that every entry comes to the same.

local entry = require 'tlab.repl.entry'
local look = require 'tlab.repl.look'
local old = require 'tlab.repl.old'
local session = require 'tlab.session'

local TITLE = '-- What was typed in a session of tlab repl; what failed is a comment.\n'

local UNFINISHED = { code = 'INVALID', message = 'the last entry is not complete' }

--- The variables of the session: all that a recipe has, which entries cannot take from the library.
local function variables(run)
  local env, loaded = {}, {}
  for name, value in pairs(_G) do
    env[name] = value
  end
  env._G = env
  function env.load(chunk, name, mode, ...)
    return load(chunk, name, mode, select('#', ...) > 0 and (...) or env)
  end
  function env.require(name)
    local module = require(name)
    loaded[name] = module
    return module
  end
  function env.help()
    error('help stands alone on its line: help(tlab.fs.read), ?tlab.fs.read', 2)
  end
  env.run = old.callable(run)
  session.on_look(look.of(env, loaded))
  return env
end

local function commented(text)
  return '-- ' .. text:gsub('\n', '\n-- ') .. '\n'
end

--- An entry in session.lua.
local function line_of(text, err)
  if not err then
    return text .. '\n'
  end
  return commented(text) .. commented(('error[%s]: %s'):format(err.code, err.message))
end

return {
  name = 'repl',
  summary = 'A session of tlab repl.',
  home = 'ai-team/artifacts',
  run = function(run)
    local env, lines, count, begun, shown = variables(run), { TITLE }, 1, '', nil
    while true do
      local given, err = tlab.repl.next(shown)
      if err then
        error(err, 0)
      elseif not given or given.stop then
        lines[#lines + 1] = begun ~= '' and line_of(begun:sub(1, -2), UNFINISHED) or nil
        run:write('session.lua', table.concat(lines))
        if given then
          error(shown.error or UNFINISHED, 0)
        end
        return
      end
      given.text = (given.drop and '' or begun) .. given.text
      shown = entry.evaluate(given, 'entry ' .. count, env)
      if shown.more then
        begun = given.text .. '\n'
      else
        lines[#lines + 1], begun, count = line_of(given.text, shown.error), '', count + 1
      end
    end
  end,
}
