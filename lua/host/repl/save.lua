--- :save recipes/x.lua: the session as a recipe. What succeeded, in its order, and as needs what of
--- the world was used.

local core = require 'core'
local declaration = require 'host.spec.declaration'
local lines = require 'host.manifest.lines'
local needs = require 'host.spec.needs'

local M = {}

local MODE = 420 -- 0644
local SUMMARY = 'Saved from a session of tlab repl.'

-- What was used ----------------------------------------------------------------------------------

local function add_secrets(list, value)
  if type(value) ~= 'table' then
    return
  end
  list[#list + 1] = type(value['$secret']) == 'string' and value['$secret'] or nil
  for _, below in pairs(value) do
    add_secrets(list, below)
  end
end

--- Of which family an operation is, and what it was done with.
local function used_by(permit, first)
  if permit == 'net' then
    return type(first) == 'table' and first.url or first
  elseif permit == 'run' then
    return type(first) == 'table' and first.argv and first.argv[1]
  elseif
    permit == 'env'
    or permit == 'call'
    or permit == 'read' and type(first) == 'string' and first:find '^/'
  then
    return first
  end
  return nil
end

--- The needs of all that was asked for and not refused.
---@param path string a record
---@return table|nil needs family → list, every family there
---@return table|nil err
function M.used(path)
  local permits = {}
  for _, op in ipairs(core.ops()) do
    permits[op.name] = op.permit
  end
  local used = { net = {}, read = {}, run = {}, env = {}, call = {}, secret = {} }
  local rest, err = lines.each(lines.file(path), function(text)
    local effect = core.json.decode(text)
    local permit = effect and permits[effect.op]
    if permit and not effect.raise then
      local item = used_by(permit, effect.args[1])
      table.insert(used[permit] or {}, type(item) == 'string' and item or nil)
      add_secrets(used.secret, effect.args)
    end
    return true
  end)
  if not rest then
    return nil, err
  end
  return needs.resolve(used, {})
end

-- The recipe -------------------------------------------------------------------------------------

local function compiles(text)
  return load(text, '=x', 't', {}) ~= nil
end

local function is_value(text)
  return compiles('return nil, ' .. text)
end

--- Whether what an entry comes to is `_` in a later one.
local function is_used(entries, index)
  for i = index + 1, #entries do
    if entries[i].text:find '%f[%w_]_%f[^%w_]' then
      return true
    elseif is_value(entries[i].text) then
      return false
    end
  end
  return false
end

--- An entry as statements of a function, or nil when there is nothing to do.
local function statements(entries, index)
  local text = entries[index].text:gsub('^%s*=?%s*', '')
  if is_value(text) and (is_used(entries, index) or not compiles(text)) then
    return '_ = ' .. text
  elseif not compiles(text .. '\nlocal _') then
    return '_ = (function()\n' .. text .. '\nend)()' -- it ends with a return
  end
  return text ~= '' and text or nil
end

--- Moved to the right, where no string runs over several lines.
local function indented(text, by)
  if text:find '%[=*%[' or text:find '\\\n' or text:find '\\z' then
    return by .. text
  end
  return by .. text:gsub('\n', '\n' .. by)
end

local function list_of(items)
  local quoted = {}
  for i, item in ipairs(items) do
    quoted[i] = ("'%s'"):format(item:gsub("[\\']", '\\%0'))
  end
  return '{ ' .. table.concat(quoted, ', ') .. ' }'
end

local function needs_of(used)
  local parts = {}
  for family, items in pairs(used) do
    if #items > 0 then
      parts[#parts + 1] = ('%s = %s'):format(family, list_of(items))
    end
  end
  return #parts > 0 and '  needs = { ' .. table.concat(parts, ', ') .. ' },\n' or ''
end

--- The text of the recipe.
---@param name string
---@param entries table[] of a prompt: {text, failed}
---@param used table of M.used
---@param id string of the session's run
---@return string
function M.text(name, entries, used, id)
  local body, good, opens = {}, {}, false
  for _, entry in ipairs(entries) do
    good[#good + 1] = not entry.failed and entry or nil
  end
  for i = 1, #good do
    local text = statements(good, i)
    if text then
      body[#body + 1] = indented(text, '    ')
      opens = opens or text:find '%f[%w_]run%s*[\'"(%[{]' ~= nil
    end
  end
  local all = table.concat(body, '\n')
  local head = (opens and ('    run = require(%q).callable(run)\n'):format('tlab.repl.old') or '')
    .. (all:find '%f[%w_]_%f[^%w_]' and '    local _\n' or '')
  return ('--- Saved from a session of tlab repl, run %s.\n\n'):format(id:sub(1, 8))
    .. 'return {\n'
    .. ("  name = '%s',\n  summary = '%s',\n  home = 'ai-team/artifacts',\n"):format(name, SUMMARY)
    .. needs_of(used)
    .. '  run = function(run)\n'
    .. head
    .. all
    .. '\n  end,\n}\n'
end

local function bad(message)
  return nil, { code = 'USAGE', message = message, hint = ':save recipes/first.lua' }
end

--- Writes it into the lab; a file that is there stays.
---@param prompt tlab.Prompt
---@param path string from the lab's root
---@return string|nil path
---@return table|nil err
---@return boolean|nil scrubbed whether the value of a secret was typed, which is not in the file
function M.write(prompt, path)
  local name = path:match '^recipes/([^/]+)%.lua$'
  if not name then
    return bad(
      path == '' and ':save takes the file to write'
        or ('%s is no recipe of this lab: recipes/NAME.lua'):format(path)
    )
  elseif not declaration.is_name(name) then
    return bad(('"%s": a recipe is called by small letters, digits, _ and -'):format(name))
  elseif #prompt.entries == 0 then
    return bad 'nothing was typed yet that could be saved'
  end
  local used, err = M.used(prompt.run.dir .. '/record/effects.jsonl')
  if not used then
    return nil, err
  end
  local typed = M.text(name, prompt.entries, used, prompt.run.id)
  local text = prompt.session:scrub(typed)
  local ok, message = load(text, '=' .. path, 't', {})
  if ok then
    ok, err = core.fs.parents('recipes', prompt.lab.root)
  else
    err = { code = 'INVALID', message = 'the session makes no recipe: ' .. message }
  end
  if ok then
    ok, err = core.fs.create(prompt.lab.root .. '/' .. path, text, MODE)
  end
  if err and err.code == 'EXISTS' then
    err = {
      code = 'EXISTS',
      message = path .. ' is there already',
      hint = ':save recipes/' .. name .. '2.lua',
    }
  end
  return ok and path or nil, err, text ~= typed
end

return M
