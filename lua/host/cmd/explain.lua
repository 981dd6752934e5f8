--- tlab explain [CODE]: what an error code or exit code means, what is usually behind it and what
--- to type.

local core = require 'core'
local codes = require 'host.explain.codes'
local out = require 'host.cmd.out'
local view = require 'host.view.explain'

local EXITS_ELSEWHERE = {
  ['0'] = 'done',
  ['129'] = 'ended by SIGHUP: see tlab explain INTERRUPTED',
  ['143'] = 'ended by SIGTERM: see tlab explain INTERRUPTED',
}

local function unknown(word, near)
  return nil,
    {
      code = 'USAGE',
      message = ('there is no error code "%s"%s'):format(
        word,
        require('host.view.suggest').behind(near)
      ),
      hint = near and 'tlab explain ' .. near or 'tlab explain',
    }
end

return function(words, options)
  local word = words[1]
  if not word then
    local list = codes.all()
    if options.json then
      out.json(core.json.array(list))
    else
      out.out(view.list(list) .. '\ntlab explain CODE says more, also of a number.\n')
    end
    return 0
  end
  local found, near = codes.of(word)
  if not found and EXITS_ELSEWHERE[word] and not options.json then
    out.out(('exit code %s: %s\n'):format(word, EXITS_ELSEWHERE[word]))
    return 0
  elseif not found then
    return unknown(word, near)
  elseif options.json then
    out.json(#found == 1 and found[1] or core.json.array(found))
  elseif #found == 1 then
    out.out(view.page(found[1]))
  else
    out.out(('exit code %s is that of:\n\n'):format(word) .. view.list(found))
  end
  return 0
end
