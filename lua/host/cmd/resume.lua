--- tlab resume RUN: brings a run that was cut off to its end.

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
  local result
  result, err = require('host.run.resume').run {
    lab = lab,
    dir = dir,
    allow = {
      net = options.allow_net,
      read = options.allow_read,
      run = options.allow_run,
      env = options.allow_env,
    },
    limits = {
      seconds = options.limit_seconds,
      memory = options.limit_memory,
      cpu_seconds = options.limit_cpu,
    },
    offline = options.offline or false,
    quiet = options.quiet or false,
  }
  if not result then
    return nil, err
  end
  tell_again(result, options)
  return require('host.cmd.outcome').tell(result, options, lab)
end
