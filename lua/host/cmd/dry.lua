--- tlab run --dry-run: what a run would do and need, and the line that runs it.

local core = require 'core'
local out = require 'host.cmd.out'
local typed = require('host.view.shell').word

local SIGNAL_EXIT = 128
local OWN = { ['--dry-run'] = true, ['--json'] = true }

--- The words as they were typed, without what makes it a dry run, and with what is missing.
local function command(args, options)
  local words, rest, ended = { 'tlab' }, {}, false
  for _, word in ipairs(args) do
    ended = ended or word == '--'
    if ended or not OWN[word] then
      rest[#rest + 1] = typed(word)
    end
  end
  if rest[1]:sub(1, 1) ~= '-' then
    words[2] = table.remove(rest, 1)
  end
  for _, option in ipairs(options) do
    words[#words + 1] = typed(option)
  end
  table.move(rest, 1, #rest, #words + 1, words)
  return table.concat(words, ' ')
end

local function exit_of(report)
  if report.error and report.error.certain then
    return core.exit_code(report.error.code)
  end
  return report.missing and core.exit_code 'NOT_PERMITTED' or 0
end

---@param how table of host.run.lifecycle.run
---@param options table of the command line
---@return integer|nil exit, table|nil err
return function(how, options)
  how.no_input = true
  local result, err = require('host.run.dry').run(how)
  if not result then
    return nil, err
  elseif result.signal then
    require('host.cmd').report(result.error, core.args)
    return SIGNAL_EXIT + result.signal
  end
  local report = result.report
  report.command = command(core.args, report.options)
  if options.json then
    out.json(report)
  else
    local style = require('host.view.style').new('stdout', core.args)
    out.out(require('host.view.dry').text(report, report.command, style), style)
  end
  return exit_of(report)
end
