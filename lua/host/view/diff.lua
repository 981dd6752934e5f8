--- A comparison of two runs for people. Pure: what host.diff.compare gives in, text out.

local core = require 'core'
local shell = require 'host.view.shell'
local styles = require 'host.view.style'
local table_view = require 'host.view.table'

local M = {}

-- What is shown; --json has all changes, and a megabyte of each file.
local CHANGES_MAX = 40 -- changes of a part
local FILES_MAX = 20 -- files of a part
local LINES_MAX = 200 -- lines of the text of a part
local LINE_MAX = 400 -- bytes of a line
local VALUE_MAX = 160 -- bytes of one side of a change

local function json(value)
  return table_view.cut(table_view.short(core.json.encode(value)), VALUE_MAX)
end

--- Long texts from a little before the place where they part.
local function excerpts(a, b)
  if type(a) ~= 'string' or type(b) ~= 'string' or #a + #b <= VALUE_MAX then
    return json(a), json(b)
  end
  local told = core.difference('', a, '', b)
  return told.recorded, told.asked
end

local function sides(change)
  if change.a == nil then
    return '+ ' .. json(change.b)
  elseif change.b == nil then
    return '- ' .. json(change.a)
  end
  return table.concat({ excerpts(change.a, change.b) }, ' → ')
end

local function changes(list, rows)
  local cells = {}
  for i = 1, math.min(#list, CHANGES_MAX) do
    cells[i] = { '  ' .. list[i].at, list[i].diff and 'by its lines:' or sides(list[i]) }
  end
  if #list > CHANGES_MAX then
    cells[#cells + 1] = { string.format('  and %d more: --json has all', #list - CHANGES_MAX) }
  end
  rows[#rows + 1] = table_view.columns(cells)
end

--- The line to copy that shows all of it.
local function pointer(result, file)
  return string.format(
    '  diff -u %s %s\n',
    shell.word(result.a.folder .. '/' .. file.path),
    shell.word(result.b.folder .. '/' .. file.path)
  )
end

local function told(file)
  return (file.size and table_view.size(file.size) .. ' ' or '') .. file.sha256:sub(1, 12)
end

local SIGNS = { ['+'] = 'green', ['-'] = 'red', ['@'] = 'blue' }

--- The lines of a diff, as many as there is room for; whether these are all.
local function lines(file, style, room, rows)
  local shown, whole = 0, not file.cut
  for line in file.diff:gmatch '([^\n]*)\n' do
    if shown == room then
      return shown, false
    end
    shown = shown + 1
    local colour = shown > 2 and SIGNS[line:sub(1, 1)] or shown <= 2 and 'bold'
    line = table_view.cut(line, LINE_MAX)
    rows[#rows + 1] = (colour and style[colour](line) or line) .. '\n'
  end
  return shown, whole
end

local ONLY = { only_a = 'a', only_b = 'b' }

--- One file; returns how many lines of text it took.
local function one_file(result, file, style, room, rows)
  if ONLY[file.kind] then
    local side = ONLY[file.kind]
    rows[#rows + 1] = string.format('  %s: only in %s, %s\n', file.path, side, told(file[side]))
    return 0
  elseif not file.diff then
    local why = file.why and ' (' .. file.why .. ')' or ''
    rows[#rows + 1] =
      string.format('  %s: %s → %s%s\n', file.path, told(file.a), told(file.b), why)
    return 0
  end
  local shown, whole = lines(file, style, room, rows)
  if not whole then
    rows[#rows + 1] =
      string.format('  %s goes on, +%d -%d in all\n', file.path, file.added, file.removed)
    rows[#rows + 1] = file.path ~= 'patch' and pointer(result, file) or ''
  end
  return shown
end

local function files(result, list, style, rows)
  local room = LINES_MAX
  for i = 1, math.min(#list, FILES_MAX) do
    room = room - one_file(result, list[i], style, room, rows)
  end
  if #list > FILES_MAX then
    rows[#rows + 1] = string.format('  and %d more files: --json has all\n', #list - FILES_MAX)
  end
end

local function first_effect(first, style, rows)
  local n = first.n.a or first.n.b
  if first.n.a and first.n.b and first.n.a ~= first.n.b then
    n = first.n.a .. ' (in b ' .. first.n.b .. ')'
  end
  rows[#rows + 1] = string.format(
    '  the first that differs: effect %s, %s, its %s%s\n',
    n,
    first.op,
    first.what,
    first.at ~= '' and ' at ' .. first.at or ''
  )
  rows[#rows + 1] = '    ' .. style.red('a: ' .. (first.a or 'nothing')) .. '\n'
  rows[#rows + 1] = '    ' .. style.green('b: ' .. (first.b or 'nothing')) .. '\n'
end

local INLINE_MAX = 2 -- changes that one line has room for

local function few_changes(list)
  local cells = {}
  for i, change in ipairs(list) do
    cells[i] = change.at .. ' ' .. (change.diff and 'by its lines' or sides(change))
  end
  return table_view.cut(table.concat(cells, ', '), VALUE_MAX)
end

--- "/input 1 → 3", "2 files, +3 -1".
local function summary(part)
  local parts = {}
  if #part.changes > INLINE_MAX then
    parts[#parts + 1] = table_view.count(#part.changes, 'change')
  elseif #part.changes > 0 then
    parts[#parts + 1] = few_changes(part.changes)
  end
  if part.files and #part.files > 0 then
    local added, removed = 0, 0
    for _, file in ipairs(part.files) do
      added, removed = added + (file.added or 0), removed + (file.removed or 0)
    end
    parts[#parts + 1] = table_view.count(#part.files, 'file')
    parts[#parts + 1] = added + removed > 0 and string.format('+%d -%d', added, removed) or nil
  end
  if part.first then
    local n = part.first.n.a or part.first.n.b
    parts[#parts + 1] = string.format('from effect %d on (%s)', n, part.first.op)
  end
  return table.concat(parts, ', ')
end

local function duration(seconds)
  return seconds and table_view.duration(seconds) or 'not known'
end

local function state_of(part, result)
  if part.trouble then
    return 'not compared: ' .. part.trouble.message
  elseif part.uncounted then
    return duration(result.a.seconds) .. ' → ' .. duration(result.b.seconds) .. ' (never counts)'
  elseif not part.differs then
    return 'same'
  end
  return summary(part)
end

local function stat(result, rows)
  local cells = {}
  for i, part in ipairs(result.parts) do
    cells[i] = { '  ' .. part.name, state_of(part, result) }
  end
  rows[#rows + 1] = table_view.columns(cells)
end

local function part_page(result, part, style, rows)
  rows[#rows + 1] = '\n' .. style.bold(part.name) .. '\n'
  changes(part.changes, rows)
  changes(part.beside or {}, rows)
  local room = LINES_MAX
  for _, change in ipairs(part.changes) do
    if change.diff then
      local shown, whole = lines(change, style, room, rows)
      room = room - shown
      rows[#rows + 1] = whole and '' or '  it goes on: --json has all\n'
    end
  end
  if part.first then
    first_effect(part.first, style, rows)
  end
  files(result, part.files or {}, style, rows)
end

--- Chance that may be why files differ although all that was given and asked is the same.
local function chance_line(result, rows)
  for _, part in ipairs(result.parts) do
    if part.name == 'effects' and part.chance and result.differs[1] == 'outputs' then
      rows[#rows + 1] = string.format(
        '\nno effect that counts differs; the first to answer by chance was effect %d, %s\n',
        part.chance.n,
        part.chance.op
      )
    end
  end
end

local function heads(result)
  local cells = {}
  for i, side in ipairs { 'a', 'b' } do
    local run = result[side]
    cells[i] = {
      '  ' .. side,
      run.recipe,
      run.id:sub(1, 8),
      run.status,
      run.started,
      duration(run.seconds),
      run.replay_of and 'replay of ' .. run.replay_of:sub(1, 8) or '',
    }
  end
  return table_view.columns(cells)
end

--- The verdict, and behind it what differs.
---@param result table of host.diff.compare
---@param options? table {stat = one line a part, style = host.view.style}
---@return string
function M.text(result, options)
  local style = options and options.style or styles.plain
  result = style.clean(result)
  local rows = { style.bold(result.verdict) .. '\n' }
  rows[#rows + 1] = heads(result)
  if options and options.stat then
    stat(result, rows)
    return table.concat(rows)
  end
  for _, part in ipairs(result.parts) do
    if part.differs then
      part_page(result, part, style, rows)
    end
  end
  chance_line(result, rows)
  return table.concat(rows)
end

return M
