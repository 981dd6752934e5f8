--- Colour, where it is wanted: on a terminal, unless NO_COLOR, TERM=dumb or --color=never say no.

local core = require 'core'

local M = {}

local CODES = { bold = '1', dim = '2', red = '31', green = '32', yellow = '33', blue = '34' }

--- What --color says; the last one counts.
local function asked(args)
  local when = 'auto'
  for i, arg in ipairs(args) do
    if arg == '--' then
      break
    end
    when = arg:match('^%-%-color=(.*)$') or arg == '--color' and args[i + 1] or when
  end
  return when
end

local function is_coloured(stream, args)
  local when = asked(args)
  if when ~= 'auto' then
    return when == 'always'
  end
  local no_color = core.env.get('NO_COLOR')
  if no_color and no_color ~= '' or core.env.get('TERM') == 'dumb' then
    return false
  end
  return core.term.info()[stream] == true
end

--- Functions that colour a text: style.bold(text), style.red(text) …; without colour they give it
--- back as it is.
---@param stream 'stdout'|'stderr'
---@param args string[] the command line, for --color
---@return table
function M.new(stream, args)
  local on = is_coloured(stream, args)
  local style = { on = on }
  for name, code in pairs(CODES) do
    style[name] = function(text)
      return on and '\27[' .. code .. 'm' .. text .. '\27[0m' or text
    end
  end
  return style
end

return M
