--- What a session may do: shown, and asked for when something is missing.

local core = require 'core'
local labs = require 'host.lab'
local permits = require 'host.run.permits'
local width = require 'host.view.width'

local M = {}

local function list(items)
  return #items > 0 and table.concat(items, ', ') or 'nothing'
end

--- `:permits`.
---@param run table of host.run.prepare
---@param granted table[] {family, item, how}, in this session
---@return string
function M.text(run, granted)
  local rows = {}
  for _, family in ipairs(permits.FAMILIES) do
    local denied = run.deny[family]
    rows[#rows + 1] = ('%-4s  %s%s'):format(
      family,
      list(run.allow[family]),
      #denied > 0 and '; denied by lab.json: ' .. list(denied) or ''
    )
  end
  for _, grant in ipairs(granted) do
    rows[#rows + 1] = ('granted here: %s %s, %s'):format(grant.family, grant.item, grant.how)
  end
  return table.concat(rows, '\n') .. '\n'
end

-- The narrowest item that grants it: the host with its port, the path, the program, the name.
local WHAT = {
  net = 'network access to %s',
  read = 'reading %s',
  run = 'running %s',
  env = 'the environment variable %s',
}

local QUESTION = '%s wants %s\n'
  .. 'allow it once, for this session, always (in lab.json), or not? [o/s/a/N] '

-- Nothing but these: "about" is not always.
local HOW = {
  o = 'once',
  once = 'once',
  s = 'session',
  session = 'session',
  a = 'always',
  always = 'always',
  n = 'no',
  no = 'no',
  [''] = 'no',
}

--- Adds a permit to lab.json; what else stands there stays as it is, and a link to it a link.
---@param lab table
---@param family string
---@param item string
---@return boolean|nil ok
---@return table|nil err
function M.keep(lab, family, item)
  local path, err = core.fs.realpath(lab.root .. '/lab.json')
  local text, config
  if path then
    text, err = core.fs.read(path)
  end
  if text then -- it may have been changed since the session began
    config, err = labs.parse(text, path)
  end
  if not config then
    return nil, err
  end
  for _, there in ipairs(config.permits.allow[family]) do
    if there == item then
      return true
    end
  end
  local mode = core.fs.stat(path).mode
  return core.fs.replace(path, require('host.repl.lab_json').allow(text, family, item), mode)
end

--- What is wanted, in words; the permit of a folder is one of all that lies in it.
local function wanted(family, subject)
  local stat = family == 'read' and core.fs.stat(subject)
  local all = stat and stat.type == 'folder' and ', and all that lies in it' or ''
  return WHAT[family]:format(width.plain(subject)) .. all
end

--- Asks on the terminal for what was refused.
---@param prompt tlab.Prompt
---@param refusal table {family, subject, op?}
---@return string|nil how 'once', 'session' or 'always'
function M.ask(prompt, refusal)
  if not prompt.person then
    return nil
  end
  local family = refusal.family
  local question = QUESTION:format(refusal.op or 'the entry', wanted(family, refusal.subject))
  local how
  repeat
    local reply = core.term.ask(question) or ''
    how = HOW[reply:lower():match '^%s*(.-)%s*$']
  until how
  if how == 'no' then
    return nil
  elseif how == 'always' then
    local ok, err = M.keep(prompt.lab, family, refusal.subject)
    if not ok then
      prompt:tell(err)
      how = 'session'
    end
  end
  table.insert(prompt.granted, { family = family, item = refusal.subject, how = how })
  return how
end

return M
