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

local function nothing(value)
  return value
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

--- Text from outside with its ESC bytes shown, so that no colour but ours gets through; other
--- control characters are shown by the terminal's own primitive. Tables are cleaned all the way
--- down.
---@param value any left as it is
---@return any
function M.clean(value)
  if type(value) == 'string' then
    return (value:gsub('\27', '\\x1b'))
  elseif type(value) ~= 'table' then
    return value
  end
  local copy = {}
  for key, below in pairs(value) do
    copy[M.clean(key)] = M.clean(below)
  end
  return copy
end

--- Functions that colour a text: style.bold(text), style.red(text) …; without colour they give it
--- back as it is. `style.on` says which: core.term.out and err have to be told.
---@param stream 'stdout'|'stderr'
---@param args string[] the command line, for --color
---@return table
function M.new(stream, args)
  local on = is_coloured(stream, args)
  local style = { on = on, clean = on and M.clean or nothing }
  for name, code in pairs(CODES) do
    style[name] = function(text)
      return on and '\27[' .. code .. 'm' .. text .. '\27[0m' or text
    end
  end
  return style
end

--- Without colour, for those who have no style.
M.plain = { on = false, clean = nothing }
for name in pairs(CODES) do
  M.plain[name] = nothing
end

return M
