--- tlab init [DIR] [--force]: a lab of one's own.

local core = require 'core'
local out = require 'host.cmd.out'

local SAID = { made = 'made  ', kept = 'kept  ' }

local function tell(result, options, style)
  local lines, same = {}, 0
  for _, file in ipairs(style.clean(result.files)) do
    if file.what == 'same' then
      same = same + 1
    elseif not options.quiet then
      lines[#lines + 1] = SAID[file.what]
        .. file.path
        .. (file.what == 'kept' and ', which is yours' or '')
        .. '\n'
    end
  end
  if same > 0 and not options.quiet then
    lines[#lines + 1] = ('there already: %d of %d files\n'):format(same, #result.files)
  end
  out.out(table.concat(lines), style)
end

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
  tell(result, options, require('host.view.style').new('stdout', core.args))
  if not options.quiet then
    tell_next(words, require('host.view.style').new('stderr', core.args))
  end
  return 0
end
