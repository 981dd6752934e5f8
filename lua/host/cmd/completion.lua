--- tlab completion SHELL: a script that has the shell ask tlab what can be typed. It asks by
---   tlab completion words -- WORD …      the words behind `tlab`; the last one is being typed
--- and gets a line for each: what would stand there, a tab, what it is. A line `:files` alone: the
--- shell completes the name of a file. Nothing is written, and what goes wrong has no words.

local core = require 'core'
local out = require 'host.cmd.out'

local SHELLS = { 'bash', 'zsh', 'fish' }

local function unknown(word)
  local suggest = require 'host.view.suggest'
  local near = suggest.near(word, SHELLS, 1)[1]
  return nil,
    {
      code = 'USAGE',
      message = ('there is no completion for "%s"%s'):format(word, suggest.behind(near)),
      details = { 'expected: ' .. table.concat(SHELLS, ', ') },
      hint = 'tlab completion ' .. (near or SHELLS[1]),
    }
end

local function answer(words, options)
  local list = require('host.cmd.complete').words(words)
  if options.json then
    out.json(core.json.array(list))
    return 0
  end
  local lines = {}
  for i, each in ipairs(list) do
    lines[i] = each[2] and each[1] .. '\t' .. each[2] .. '\n' or each[1] .. '\n'
  end
  out.out(table.concat(lines))
  return 0
end

return function(words, options)
  local shell = words[1]
  if shell == 'words' then
    return answer(table.move(words, 2, #words, 1, {}), options)
  end
  local script = shell:match '^%l+$' and core.embedded('host/complete/tlab.' .. shell)
  if not script then
    return unknown(shell)
  elseif words[2] then
    return nil,
      {
        code = 'USAGE',
        message = ('too many words ("%s"), expected: tlab completion %s'):format(words[2], shell),
        hint = 'tlab completion ' .. shell,
      }
  end
  if options.json then
    out.json { shell = shell, script = script }
  else
    out.out(script)
  end
  return 0
end
