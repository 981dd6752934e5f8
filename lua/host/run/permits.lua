--- What the lab and the command line allow, set against what a recipe needs.

local core = require 'core'
local shell = require 'host.view.shell'

local M = {}

M.FAMILIES = { 'net', 'read', 'run', 'env' }

local function add_new(list, items)
  local there = {}
  for _, item in ipairs(list) do
    there[item] = true
  end
  for _, item in ipairs(items or {}) do
    if not there[item] then
      list[#list + 1], there[item] = item, true
    end
  end
end

--- A read permit is an absolute path; one from the command line may be relative to where it was
--- typed.
local function absolute(path)
  if path:sub(1, 1) == '/' then
    return path
  end
  return core.fs.realpath(path) or path
end

local function given_of(given, family)
  local list = {}
  for i, item in ipairs(given and given[family] or {}) do
    list[i] = family == 'read' and absolute(item) or item
  end
  return list
end

---@param allow table<string, string[]>
---@return table<string, string[]>
function M.copy(allow)
  local copy = {}
  for family, list in pairs(allow) do
    copy[family] = core.json.array {}
    add_new(copy[family], list)
  end
  return copy
end

--- lab.json's allow and deny, and the --allow-… of the command line.
---@param lab table
---@param given table<string, string[]>|nil
---@return table allow, table deny
function M.merge(lab, given)
  local config = lab.config.permits or {}
  local allow, deny = {}, {}
  for _, family in ipairs(M.FAMILIES) do
    allow[family], deny[family] = core.json.array {}, core.json.array {}
    add_new(allow[family], config.allow and config.allow[family])
    add_new(deny[family], config.deny and config.deny[family])
    add_new(allow[family], given_of(given, family))
  end
  return allow, deny
end

--- What was granted for longer than an entry of a session.
local function add_granted(allow, granted)
  for _, grant in ipairs(granted or {}) do
    if grant.how ~= 'once' then
      add_new(allow[grant.family], { grant.item })
    end
  end
end

--- The permits of a run that ended, for its manifest.
---@param before table permits of the manifest
---@param granted table[]|nil {family, item, how}, of the session that ended
---@return table permits
function M.ended(before, granted)
  local list = core.json.array {}
  table.move(before.granted or {}, 1, #(before.granted or {}), 1, list)
  table.move(granted or {}, 1, #(granted or {}), #list + 1, list)
  return {
    needs = before.needs,
    allowed = before.allowed,
    denied = before.denied,
    granted = #list > 0 and list or nil,
  }
end

--- Those of a run that goes on: as recorded, with what the command line adds; and what the lab
--- denies today is denied as well.
---@param recorded table {allowed, denied, granted?} of the manifest
---@param lab table
---@param given table<string, string[]>|nil
---@return table allow, table deny
function M.resumed(recorded, lab, given)
  local _, denied = M.merge(lab)
  local allow, deny = {}, {}
  for _, family in ipairs(M.FAMILIES) do
    allow[family], deny[family] = core.json.array {}, core.json.array {}
    add_new(allow[family], recorded.allowed[family])
    add_new(allow[family], given_of(given, family))
    add_new(deny[family], recorded.denied[family])
    add_new(deny[family], denied[family])
  end
  add_granted(allow, recorded.granted)
  return allow, deny
end

--- The first pattern of a list that fits.
---@param family string
---@param wanted string for net host:port
---@param list string[]|nil
---@return string|nil
function M.match(family, wanted, list)
  for _, pattern in ipairs(list or {}) do
    if core.permit_match(family, pattern, wanted) then
      return pattern
    end
  end
  return nil
end

--- Asks on the terminal for what the recipe declares and nothing allows yet; adds what is granted.
--- Off a terminal it asks nothing, and the gate refuses when the recipe gets there.
---@param decl table
---@param needed table<string, string[]>
---@param allow table<string, string[]> changed
function M.ask_missing(decl, needed, allow)
  for _, family in ipairs(M.FAMILIES) do
    for _, wanted in ipairs(needed[family] or {}) do
      if not M.match(family, wanted, allow[family]) then
        local reply = core.term.ask(
          string.format(
            'the recipe %s wants --allow-%s=%s\nallow it for this run? [y/N] ',
            decl.name,
            family,
            wanted
          )
        )
        if reply and reply:lower():match('^y') then
          table.insert(allow[family], wanted)
        end
      end
    end
  end
end

--- What a refusal means to the person: needed against granted, and the line to type.
---@param error table {code, message, …} changed
---@param refusal table|nil {family, subject, declared, denied, allowed}
---@param command string the words behind `tlab`, for the hint
function M.explain(error, refusal, command)
  if error.code ~= 'NOT_PERMITTED' or not refusal then
    return
  end
  local allowed = table.concat(refusal.allowed, ', ')
  error.details = { 'needed: ' .. refusal.family .. ' ' .. refusal.subject }
  if refusal.family ~= 'call' then -- which is declared, and that is all
    error.details[2] = 'allowed: ' .. (allowed == '' and 'nothing' or allowed)
  end
  if refusal.denied then
    error.hint = 'lab.json denies it: permits.deny.' .. refusal.family
  elseif not refusal.declared then
    local item = refusal.subject:gsub("[\\']", '\\%0')
    error.hint = string.format("in the recipe: needs = { %s = { '%s' } }", refusal.family, item)
  else
    local verb, words = command:match '^(%S+) ?(.*)$'
    error.hint = ('tlab %s --allow-%s=%s %s')
      :format(verb, refusal.family, shell.word(refusal.subject), words)
      :gsub(' $', '')
  end
end

return M
