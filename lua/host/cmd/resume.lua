--- tlab resume RUN: brings a run that was cut off to its end.

local granted = require 'host.cmd.granted'
local out = require 'host.cmd.out'

local function tell_again(result, options)
  if not result.again or options.json or options.quiet then
    return
  end
  for _, n in ipairs(result.again) do
    out.err(
      string.format('note: effect %d was performed a second time: its answer had not arrived\n', n)
    )
  end
end

--- A session goes on at its prompt.
local function attend(how, lab, options)
  local manifest = require('host.manifest.read').read(how.dir)
  local sessions = require 'host.repl.attend'
  if not manifest or not sessions.is_session(manifest) then
    return nil
  end
  local at = sessions.attend(how, lab, options)
  local began = how.began
  function how.began(...) -- by now the record has been looked through
    at.entries, at.entry = sessions.earlier(how.dir)
    began(...)
  end
  return at
end

return function(words, options)
  local lab, err = require('host.lab').find '.'
  if not lab then
    return nil, err
  end
  local dir
  dir, err = require('host.store.find').run(words[1], lab)
  if not dir then
    return nil, err
  end
  local how = granted(options)
  how.lab, how.dir = lab, dir
  local at = attend(how, lab, options)
  local result
  result, err = require('host.run.resume').run(how)
  if not result then
    return nil, err
  end
  tell_again(result, options)
  if at then
    return at:ended(result)
  end
  return require('host.cmd.outcome').tell(result, options, lab)
end
