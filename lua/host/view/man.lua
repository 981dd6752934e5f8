--- The manual page, tlab(1), in the macros of man(7). Pure: all of it from the tables it is given.

local M = {}

local DATE = '2026-11-23' -- of the words that stand here

local ESCAPES = {
  ['\\'] = '\\e',
  ['-'] = '\\-',
  ["'"] = '\\(aq',
  ['"'] = '\\(dq',
  ['`'] = '\\(ga',
  ['^'] = '\\(ha',
  ['~'] = '\\(ti',
}

--- Text that stands as it is, whatever groff makes of such characters otherwise. A dot at the
--- beginning of a line would be a request.
local function plain(text)
  text = text:gsub('[\\\'"`^~-]', ESCAPES):gsub('[\194-\244][\128-\191]+', function(char)
    return ('\\[u%04X]'):format(utf8.codepoint(char))
  end)
  return (text:gsub('^%.', '\\&.'):gsub('\n%.', '\n\\&.'))
end

--- A sentence of the table: capital first, a full stop last.
local function sentence(text)
  text = plain(text)
  return text:sub(1, 1):upper() .. text:sub(2) .. (text:match '[.!?]$' and '' or '.')
end

local function examples(list)
  local rows = {}
  for _, each in ipairs(list) do
    rows[#rows + 1] = '.TP\n.B ' .. plain(each[1]) .. '\n' .. sentence(each[2]) .. '\n'
  end
  return table.concat(rows)
end

local function names_of(command)
  local names = {}
  for i, name in ipairs(command.options) do
    names[i] = '\\fB\\-\\-' .. plain(name) .. '\\fR'
  end
  return #names > 0 and '.PP\nOptions: ' .. table.concat(names, ', ') .. '.\n' or ''
end

local function command_of(command)
  return '.SS '
    .. plain(command.name)
    .. '\n'
    .. sentence(command.summary)
    .. '\n.PP\n.B '
    .. plain(command.usage)
    .. '\n'
    .. names_of(command)
    .. examples(command.examples)
end

local function option_of(name, option)
  local short = option.short and '\\fB\\-' .. option.short .. '\\fR, ' or ''
  local value = option.value and '=\\fI' .. plain(option.value) .. '\\fR' or ''
  local example = option.example
      and (' Example: \\fB\\-\\-%s=%s\\fR'):format(plain(name), plain(option.example))
    or ''
  return ('.TP\n%s\\fB\\-\\-%s\\fR%s\n%s%s\n'):format(
    short,
    plain(name),
    value,
    sentence(option.help),
    example
  )
end

--- Those of every command first, then the others by name.
local function options_of(tables)
  local text, seen, rest = '.SS Of every command\n', {}, {}
  for _, name in ipairs(tables.global) do
    seen[name] = true
    text = text .. option_of(name, tables.options[name])
  end
  for name in pairs(tables.options) do
    rest[#rest + 1] = not seen[name] and name or nil
  end
  table.sort(rest)
  text = text .. '.SS Of some commands\n'
  for _, name in ipairs(rest) do
    text = text .. option_of(name, tables.options[name])
  end
  return text
end

local HEAD = [[
.TH TLAB 1 %s "tlab %s" "User Commands"
.SH NAME
tlab \- the lab notebook that can re\-run itself
.SH SYNOPSIS
.B tlab
.I COMMAND
.RI [ OPTIONS ]
.RI [ WORDS ]
.br
.B tlab
.I RECIPE
.RI [ SPEC ]
.RI [ key = value " ...]"
.SH DESCRIPTION
.B tlab
runs recipes, small Lua programs, and keeps all that a run took and made
in a folder of the day:
the spec, every answer of the network and of programs, the results,
and a manifest with their hashes.
A run can be verified, and run again from its record without a network.
.PP
Every file in the folder recipes of a lab is a command too.
Results go to standard output, talk to standard error.
]]

local TAIL = [[
.SS diff
.B tlab diff
ends as diff(1) does: 0 same, 1 different, 2 it cannot be said.
.SH ENVIRONMENT
.TP
.B NO_COLOR
When it is set and not empty, nothing is coloured.
.TP
.B TERM
A terminal that is called dumb is sent no colour.
.SH FILES
.TP
.I lab.json
Makes its folder a lab; found in the working folder or above it.
.TP
.I recipes/
The recipes of a lab.
.TP
.IR YYYY / MM / DD /
The runs of a day.
.TP
.I runs.csv
A row for each run.
.TP
.I latest
A link to the run that ended last.
.TP
.I secrets/.env.lab
Where secrets have their values from; only its owner may read it.
.SH SEE ALSO
.BR git (1),
.BR just (1)
]]

---@param tables table host.cmd.commands
---@param version string
---@param codes table[] {name, exit, help}
---@return string
function M.page(tables, version, codes)
  local parts = { HEAD:format(DATE, version), '.SH COMMANDS\n' }
  for _, command in ipairs(tables.commands) do
    parts[#parts + 1] = command_of(command)
  end
  parts[#parts + 1] = '.SH OPTIONS\nOptions may stand anywhere; \\fB\\-\\-\\fR ends them.\n'
  parts[#parts + 1] = options_of(tables)
  parts[#parts + 1] = '.SH EXIT STATUS\n0 done. Else that of the error, whose code is in the '
    .. 'message:\n.B tlab explain\nsays more of each.\n'
  for _, code in ipairs(codes) do
    parts[#parts + 1] = ('.TP\n.B %d %s\n%s\n'):format(
      code.exit,
      plain(code.name),
      sentence(code.help)
    )
  end
  parts[#parts + 1] = TAIL
  return table.concat(parts)
end

return M
