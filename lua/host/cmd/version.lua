--- tlab version: one line; with --json also the Lua library and what it was built with and runs on.

local core = require 'core'
local out = require 'host.cmd.out'

return function(_, options)
  if options.json then
    local machine, err = core.sys.info()
    if not machine then
      return nil, err
    end
    out.json { tlab = core.version, library = core.library_digest(), machine = machine }
  else
    out.out('tlab ' .. core.version .. '\n')
  end
  return 0
end
