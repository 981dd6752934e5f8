--- A manifest for people. Pure: manifest in, text out.

local core = require 'core'
local instead_of = require 'host.view.instead'
local styles = require 'host.view.style'
local table_view = require 'host.view.table'

local M = {}

local LIST_MAX = 20 -- rows of a list that are shown; --json has them all

local STATUS = {
  succeeded = 'green',
  failed = 'red',
  timeout = 'red',
  interrupted = 'yellow',
  running = 'yellow',
}

local function add(rows, name, value)
  if value and value ~= '' then
    rows[#rows + 1] = { '  ' .. name, value }
  end
end

local function models(m)
  local names = {}
  for i, model in ipairs(m.models or {}) do
    local asked, answered = model.asked or '?', model.answered
    names[i] = asked
      .. (answered and answered ~= asked and ' (answered by ' .. answered .. ')' or '')
  end
  return table.concat(names, ', ')
end

local function tokens(m)
  local t = m.tokens
  if not t then
    return nil
  end
  local cached = t.cached and t.cached > 0 and string.format(' (%d cached)', t.cached) or ''
  return string.format('%d in%s, %d out', t.input, cached, t.output)
end

local function cost(m)
  return m.cost and string.format('%.6g %s', m.cost.amount, m.cost.currency)
end

--- "net 127.0.0.1:8080; run python3": what the recipe needed, which is what it was given; in a
--- session, what was granted in it.
local function permits(m)
  local parts = {}
  for _, grant in ipairs(m.permits and m.permits.granted or {}) do
    parts[#parts + 1] = ('%s %s (%s)'):format(grant.family, grant.item, grant.how)
  end
  for kind, list in pairs(m.permits and m.permits.needs or {}) do
    if #list > 0 then
      parts[#parts + 1] = kind .. ' ' .. table.concat(list, ', ')
    end
  end
  return table.concat(parts, '; ')
end

local function effects(m)
  local e = m.effects
  if not e then
    return nil
  end
  local ops = {}
  for op, count in pairs(e.by_op) do
    ops[#ops + 1] = op .. ' ' .. count
  end
  table.sort(ops)
  local text = tostring(e.count)
  for _, what in ipairs { 'failed', 'refused' } do
    text = text .. (e[what] > 0 and ', ' .. e[what] .. ' ' .. what or '')
  end
  return text .. (#ops > 0 and ' (' .. table.concat(ops, ', ') .. ')' or '')
end

local function git(m)
  local g = m.git
  if not (g and g.commit) then
    return nil
  end
  return g.commit:sub(1, 12)
    .. (g.branch and ' on ' .. g.branch or '')
    .. (g.dirty and ', with changes' or '')
end

local function metrics(m)
  local parts = {}
  for name, value in pairs(m.metrics or {}) do
    parts[#parts + 1] = name .. ' ' .. tostring(value)
  end
  table.sort(parts)
  return table.concat(parts, ', ')
end

--- "LAB_KEY from secrets/.env.lab; OTHER from keys.sops.yaml": never a value, no manifest has one.
local function secrets(m)
  local parts = {}
  for name, place in pairs(m.secrets and m.secrets.from or {}) do
    parts[#parts + 1] = name .. ' from ' .. place
  end
  for i, program in ipairs(m.secrets and m.secrets.programs or {}) do
    parts[#parts] = parts[#parts] .. (i == 1 and ', opened by ' or ' and ') .. program.name
  end
  return table.concat(parts, '; ')
end

--- A word for how it ended, only where that was not exit code 0.
local function ended(program)
  local words = {}
  for _, code in ipairs(program.exits or {}) do
    words[#words + 1] = code ~= 0 and 'exit ' .. code or nil
  end
  for _, signal in ipairs(program.signals or {}) do
    words[#words + 1] = 'signal ' .. signal
  end
  return #words > 0 and ' (' .. table.concat(words, ', ') .. ')' or ''
end

--- "py_post  2 runs  no network; scratch folder; reads the system"
local function programs(m, text)
  local rows = {}
  for i, program in ipairs(m.programs or {}) do
    local held = program.confined
    rows[i] = {
      '  ' .. program.name,
      (program.runs == 1 and '1 run' or program.runs .. ' runs') .. ended(program),
      (held.network == 'none' and 'no network' or 'network open') .. '; ' .. (held.files:gsub(
        '^open',
        'files open'
      )) .. (held.syscalls and '' or '; system calls open'),
    }
  end
  if #rows > 0 then
    text[#text + 1] = 'programs\n' .. table_view.columns(rows)
  end
end

--- "ai  3f9a1234  succeeded  2026/11/23/ai-team/artifacts/…"
local function calls(m, text)
  local rows = {}
  for i, run in ipairs(m.calls or {}) do
    if i > LIST_MAX then
      rows[i] = { ('  and %d more'):format(#m.calls - LIST_MAX) }
      break
    end
    rows[i] = { '  ' .. run.recipe, run.id:sub(1, 8), run.status, run.folder }
  end
  if #rows > 0 then
    text[#text + 1] = 'calls\n' .. table_view.columns(rows)
  end
end

local function files(title, list, text)
  if not list or #list == 0 then
    return
  end
  local rows = {}
  for i = 1, math.min(#list, LIST_MAX) do
    rows[i] = { '  ' .. list[i].path, table_view.size(list[i].size), list[i].sha256:sub(1, 12) }
  end
  if #list > LIST_MAX then
    rows[#rows + 1] = { string.format('  and %d more', #list - LIST_MAX) }
  end
  text[#text + 1] = title .. '\n' .. table_view.columns(rows)
end

local function error_lines(m, style, text)
  local err = m.error
  if not err then
    return
  end
  local at = err.file
      and string.format('  --> %s%s\n', err.file, err.line and ':' .. err.line or '')
    or ''
  text[#text + 1] = style.red('error[' .. err.code .. ']')
    .. ': '
    .. err.message
    .. '\n'
    .. at
    .. (err.hint and 'help: ' .. err.hint .. '\n' or '')
end

local function next_step(m, resume)
  local id8 = m.id:sub(1, 8)
  if resume then
    return 'next: '
      .. resume
      .. '   # go on where it was cut off\n      tlab verify '
      .. id8
      .. '   # what is there of it'
  elseif m.status == 'running' then
    return 'next: tlab verify ' .. id8 .. '   # what is there of it'
  end
  return 'next: tlab replay '
    .. id8
    .. '   # again from its record\n      tlab verify '
    .. id8
    .. '   # is it as it was made?'
end

--- What people said of the run, each with its minute; further lines of a note stand below its
--- first.
---@param list table[] {at, text}
---@return string
function M.notes(list)
  local lines = {}
  for i, note in ipairs(list) do
    local at = note.at:sub(1, 10) .. ' ' .. note.at:sub(12, 16)
    lines[i] = string.format('  %s  %s\n', at, (note.text:gsub('\n', '\n' .. (' '):rep(20))))
  end
  return table.concat(lines)
end

local function field_text(value)
  return type(value) == 'string' and value or core.json.encode(value)
end

--- What the recipe logged, a line each: seconds since the run began, text, fields.
---@param list table[] of host.manifest.logged
---@param from? integer the first that is shown
---@return string
function M.log(list, from)
  local rows = {}
  for i = from or 1, #list do
    local line = list[i]
    local parts = { line.text }
    for name, value in pairs(line.fields or {}) do
      parts[#parts + 1] = name .. '=' .. field_text(value)
    end
    local shown = table.concat(parts, '  '):gsub('\n', '\n    ')
    rows[#rows + 1] = ('  %.3f s  %s\n'):format(line.at / 1000, shown)
  end
  return table.concat(rows)
end

local function log(list, id8, text)
  if #list > 0 then
    local from = math.max(1, #list - LIST_MAX + 1)
    text[#text + 1] = 'log\n'
      .. (from > 1 and ('  … %d more before: tlab show %s --log\n'):format(from - 1, id8) or '')
      .. M.log(list, from)
  end
end

--- The page of one run.
---@param m table the manifest, with all tags that hold by now
---@param options? table {style = host.view.style, notes = what people said of it, log = what
---  the recipe did, resume = the command, where it was cut off}
---@return string
function M.text(m, options)
  local style = options and options.style or styles.plain
  local notes = style.clean(options and options.notes or {})
  m = style.clean(m)
  local rows = {}
  local took = m.time.seconds and ', took ' .. table_view.duration(m.time.seconds) or ''
  local instead = table.concat(instead_of(m.recipe, m.recipe.modules), ', ')
  add(rows, 'recipe', m.recipe.file)
  add(rows, 'instead', instead ~= '' and "of tlab's own: " .. instead)
  add(rows, 'when', m.time.started .. took)
  add(rows, 'model', models(m))
  add(rows, 'tokens', tokens(m))
  add(rows, 'cost', cost(m))
  add(rows, 'metrics', metrics(m))
  add(rows, 'tags', table.concat(m.tags or {}, ' '))
  add(rows, 'permits', permits(m))
  add(rows, 'secrets', secrets(m))
  add(rows, 'effects', effects(m))
  add(rows, 'user', m.tool and m.tool.root and 'root')
  add(rows, 'git', git(m))
  add(rows, 'seed', tostring(m.seed))
  add(rows, 'replay of', m.replay_of and m.replay_of:sub(1, 8))
  add(rows, 'called by', m.parent and m.parent.id:sub(1, 8) .. ' ' .. m.parent.folder)
  add(rows, 'folder', m.folder)
  add(rows, 'key', m.key:sub(1, 12))
  local text = {
    string.format(
      '%s %s %s\n',
      style.bold(m.recipe.name),
      m.id:sub(1, 8),
      style[STATUS[m.status] or 'bold'](m.status)
    ),
    table_view.columns(rows),
  }
  error_lines(m, style, text)
  programs(m, text)
  calls(m, text)
  files('inputs', m.inputs, text)
  files('outputs', m.outputs, text)
  log(style.clean(options and options.log or {}), m.id:sub(1, 8), text)
  if #notes > 0 then
    text[#text + 1] = 'notes\n' .. M.notes(notes)
  end
  text[#text + 1] = next_step(m, options and options.resume) .. '\n'
  return table.concat(text)
end

return M
