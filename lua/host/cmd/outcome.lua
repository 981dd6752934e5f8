--- How a run that has just ended is told: standard output gets its folder (with --json the
--- manifest), standard error what came of it and what to type next.

local core = require 'core'
local out = require 'host.cmd.out'
local table_view = require 'host.view.table'

local M = {}

--- "succeeded in 1.5 s, 4 effects, 12 + 30 tokens".
---@param manifest table
---@return string
function M.verdict(manifest)
  local parts = { manifest.status .. ' in ' .. table_view.duration(manifest.time.seconds or 0) }
  parts[2] = table_view.count(manifest.effects and manifest.effects.count or 0, 'effect')
  if manifest.tokens then
    parts[3] = string.format('%d + %d tokens', manifest.tokens.input, manifest.tokens.output)
  end
  return table.concat(parts, ', ')
end

--- The error of a run, on standard error.
---@param result table from host.run.lifecycle
---@param options table of the command line
---@param lab table
---@param sources? table<string, string> as of M.tell
function M.tell_error(result, options, lab, sources)
  local shown = { run = result.kept and result.manifest.id:sub(1, 8), status = result.kept }
  for name, value in pairs(result.error) do
    shown[name] = value
  end
  local style = require('host.view.style').new('stderr', core.args)
  out.err(
    require('host.view.error').text(shown, {
      verbose = options.verbose,
      root = lab.root,
      style = style,
      sources = sources,
    }),
    style
  )
end

--- A run that the index lacks is a whole run: its exit code stays.
local function tell_unindexed(err)
  out.err(('warning: %s\nhelp: %s\n'):format(err.message, err.hint))
end

--- Tells it and gives the exit code.
---@param result table from host.run.lifecycle
---@param options table of the command line
---@param lab table
---@param sources? table<string, string> texts that an error may be in and that are no files
---@return integer
function M.tell(result, options, lab, sources)
  local manifest = result.manifest
  local id8 = manifest.id:sub(1, 8)
  if options.json then
    out.json(manifest)
  elseif result.error then
    M.tell_error(result, options, lab, sources)
  else
    if not options.quiet then
      out.err(
        string.format(
          '%s %s %s\nsee it: tlab show %s\n',
          manifest.recipe.name,
          id8,
          M.verdict(manifest),
          id8
        )
      )
    end
    out.out(manifest.folder .. '\n')
  end
  if result.unindexed then
    tell_unindexed(result.unindexed)
  end
  return result.exit
end

return M
