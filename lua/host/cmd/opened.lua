--- How it is told that a day is open already; what its own run made and is not there any more is
--- brought back first.

local core = require 'core'
local out = require 'host.cmd.out'

---@param result table of host.run.lifecycle, with `open`
---@param options table of the command line
---@return integer|nil exit, table|nil err
return function(result, options)
  local manifest = result.manifest
  local back, err = require('host.run.restore').run(result.dir)
  if not back then
    return nil, err
  end
  if options.json then
    out.json(manifest)
    return 0
  end
  local style = require('host.view.style').new('stderr', core.args)
  for _, path in ipairs(options.quiet and {} or style.clean(back)) do
    out.err(('brought back from the record: %s/%s\n'):format(manifest.folder, path))
  end
  if not options.quiet then
    local since = manifest.time.started:sub(1, 19):gsub('T', ' ')
    out.err(('%s is open already, since %s UTC\n'):format(manifest.name, since))
  end
  out.out(manifest.folder .. '\n')
  return 0
end
