--- tlab init [DIR] [--force]: a lab of one's own.

local core = require 'core'
local made = require 'host.view.made'
local out = require 'host.cmd.out'

local function tell_next(words, style)
  local lines = {}
  if words[1] and words[1] ~= '.' then
    lines[1] = 'cd ' .. style.clean(words[1])
  end
  lines[#lines + 1] =
    'git init -q && git config core.hooksPath .githooks   # no secret gets into git'
  lines[#lines + 1] = 'tlab day                                             # open today'
  lines[#lines + 1] = 'tlab hello specs/hello.json                          # a first run'
  out.err('next:\n  ' .. table.concat(lines, '\n  ') .. '\n', style)
end

return function(words, options)
  local result, err = require('host.init').run(words[1] or '.', options.force or false)
  if not result then
    return nil, err
  elseif options.json then
    out.json(result)
    return 0
  end
  if not options.quiet then
    local style = require('host.view.style').new('stdout', core.args)
    out.out(made.lines(style.clean(result.files)), style)
    tell_next(words, require('host.view.style').new('stderr', core.args))
  end
  return 0
end
