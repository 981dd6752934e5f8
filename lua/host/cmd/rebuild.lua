--- tlab runs --rebuild: the index made anew from the folders of the runs. Exit code 5 when there
--- are folders that cannot be read; all others are in it then.

local commands = require 'host.cmd.commands'
local core = require 'core'
local count = require('host.view.table').count
local out = require 'host.cmd.out'

local SHOWN = 10 -- folders that cannot be read, by name

local function tell(result, options)
  for i = 1, math.min(#result.failures, SHOWN) do
    local failure = result.failures[i]
    out.err(string.format('warning: %s: %s\n', failure.folder, failure.message))
  end
  if result.failed > SHOWN then
    out.err(string.format('warning: and %d more; --json names them\n', result.failed - SHOWN))
  end
  if options.quiet then
    return
  end
  out.out(
    string.format(
      'runs.csv: %s on %s, %s\n',
      count(result.rows, 'run'),
      count(result.days, 'day'),
      result.differs and 'other than it was' or 'the same as it was'
    )
  )
  if result.running > 0 then
    out.err(
      string.format('%s in progress will be there at the end\n', count(result.running, 'run'))
    )
  end
end

--- An option of `runs` that asks for some of them.
local function other_option(options)
  for _, name in ipairs(commands.find('runs').options) do
    if name ~= 'rebuild' and options[name] then
      return '--' .. name
    end
  end
  return nil
end

--- Makes it and says what came of it.
---@param lab table
---@param words string[] as typed: there must be none
---@param options table
---@return integer|nil exit
---@return table|nil err
return function(lab, words, options)
  local other = words[1] and '"' .. words[1] .. '"' or other_option(options)
  if other then
    return nil, { code = 'USAGE', message = '--rebuild is about all runs and takes no ' .. other }
  end
  core.index.settle(lab.root) -- rows that wait; what cannot be settled now is not needed
  local result, err = core.index.rebuild(lab.root)
  if not result then
    return nil, err
  end
  if options.json then
    out.json(result)
  else
    tell(result, options)
  end
  return result.failed == 0 and 0 or core.exit_code 'DIFFERS'
end
