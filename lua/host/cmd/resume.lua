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
  local result
  result, err = require('host.run.resume').run(how)
  if not result then
    return nil, err
  end
  tell_again(result, options)
  return require('host.cmd.outcome').tell(result, options, lab)
end
