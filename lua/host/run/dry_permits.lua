--- What a dry run found of permits and secrets: what allows each, or what is missing and what to
--- type for it.

local core = require 'core'
local permits = require 'host.run.permits'

local M = {}
M.__index = M

---@class dry.Permit
---@field family 'net'|'read'|'run'|'env'|'call'
---@field subject string host:port, path, program or variable; of what was not asked for its pattern
---@field by? 'lab.json'|'command line'|'recipe' what allows it; a call need only be declared
---@field missing? 'denied'|'undeclared'|'not allowed' why it is not to be had
---@field asked boolean the recipe came to ask for it

---@param run table of prepare.run
function M.new(run)
  return setmetatable({ run = run, list = core.json.array {}, seen = {} }, M)
end

--- The lab's own come first in the list of what is allowed; the command line's come behind it.
local function allowed_by(run, family, subject)
  if family == 'call' then
    return 'recipe'
  end
  local config = run.lab.config.permits.allow[family]
  if permits.match(family, subject, config) then
    return 'lab.json'
  end
  return permits.match(family, subject, run.allow[family]) and 'command line' or nil
end

local function add(self, permit)
  self.list[#self.list + 1] = permit
  self.seen[permit.family .. '\0' .. permit.subject] = permit
  return permit
end

--- One question that the gate was asked, and what it said to it.
---@param noted table {family, subject, declared, denied, missing}
---@return dry.Permit
function M:asked(noted)
  local permit = self.seen[noted.family .. '\0' .. noted.subject]
    or add(self, { family = noted.family, subject = noted.subject, asked = true })
  if noted.missing then
    permit.by = nil
    permit.missing = noted.denied and 'denied'
      or not noted.declared and 'undeclared'
      or 'not allowed'
  elseif not permit.missing then
    permit.by = allowed_by(self.run, noted.family, noted.subject)
  end
  return permit
end

local function is_asked(self, family, pattern)
  for _, permit in ipairs(self.list) do
    if permit.family == family and core.permit_match(family, pattern, permit.subject) then
      return true
    end
  end
  return false
end

--- Adds what the recipe declares and did not come to ask for.
function M:add_unasked()
  for _, family in ipairs(permits.FAMILIES) do
    for _, pattern in ipairs(self.run.needs[family]) do
      if not is_asked(self, family, pattern) then
        local by = allowed_by(self.run, family, pattern)
        local denied = permits.match(family, pattern, self.run.deny[family])
        add(self, {
          family = family,
          subject = pattern,
          asked = false,
          by = not denied and by or nil,
          missing = denied and 'denied' or not by and 'not allowed' or nil,
        })
      end
    end
  end
end

--- What each missing permit is an option for: itself, or of several paths below one that the recipe
--- declares that one.
local function subjects_of(list, needed)
  local above, count = {}, {}
  for i, permit in ipairs(list) do
    local path = permit.family == 'read' and permits.match('read', permit.subject, needed) or false
    above[i] = path
    count[path] = (count[path] or 0) + 1
  end
  for i, permit in ipairs(list) do
    above[i] = above[i] and count[above[i]] > 1 and above[i] or permit.subject
  end
  return above
end

--- The options that allow what is missing, as narrow as they can be.
---@param unasked boolean also for what was not asked for
---@return string[]
function M:options(unasked)
  local list, options, seen = {}, core.json.array {}, {}
  for _, permit in ipairs(self.list) do
    if permit.missing == 'not allowed' and (permit.asked or unasked) then
      list[#list + 1] = permit
    end
  end
  for i, subject in ipairs(subjects_of(list, self.run.needs.read)) do
    local option = ('--allow-%s=%s'):format(list[i].family, subject)
    if not seen[option] then
      seen[option] = true
      options[#options + 1] = option
    end
  end
  return options
end

--- What no option helps against: words for a person.
---@return string[]
function M:obstacles()
  local list = core.json.array {}
  for _, permit in ipairs(self.list) do
    if permit.missing == 'denied' then
      list[#list + 1] = ('lab.json denies %s: permits.deny.%s'):format(
        permit.subject,
        permit.family
      )
    elseif permit.missing == 'undeclared' then
      list[#list + 1] = ("the recipe does not declare it: needs = { %s = { '%s' } }"):format(
        permit.family,
        permit.subject
      )
    end
  end
  return list
end

--- By name where each secret has its value, or why it has none or may not be sent.
---@param run table of prepare.run
---@param told table|false of session:secrets
---@param noted table<string, string|false> names that were asked for: why not, or false
---@return table[] list of {name, from?, why?}
function M.secrets(run, told, noted)
  local names, nowhere = core.json.array {}, core.json.array {}
  local from = told and told.from or {}
  for _, name in ipairs(run.needs.secret) do
    noted[name] = noted[name] or false
  end
  for name, why in pairs(noted) do
    names[#names + 1] = { name = name, from = from[name], why = why or nil }
    if not from[name] and not why then
      nowhere[#nowhere + 1] = name
    end
  end
  local where = #nowhere > 0
    and core.secret.where(run.lab.root, nowhere, run.lab.config.secret_files)
  local why = {}
  for _, found in ipairs(where and where.found or {}) do
    why[found.name] = found.message
  end
  for _, secret in ipairs(names) do
    if not secret.from and not secret.why then
      secret.why = why[secret.name] or 'lab.json binds it to no host'
    end
  end
  return names
end

return M
