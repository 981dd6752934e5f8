--- The table that a recipe's file returns: what it must have, and where in the file it has it.
local needs = require 'host.spec.needs'
local suggest = require 'host.view.suggest'
local value = require 'host.spec.value'

local M = {}

M.NAME_MAX = 64

--- Whether a recipe can be called so.
---@param name any
---@return boolean
function M.is_name(name)
  return type(name) == 'string' and #name <= M.NAME_MAX and name:find '^[a-z][a-z0-9_-]*$' ~= nil
end

local checks = {}

function checks.name(v)
  return M.is_name(v), 'a name of small letters, digits, _ and -, such as "haiku"'
end

function checks.summary(v)
  return type(v) == 'string' and v:find('%S') ~= nil and not v:find('[\r\n]'), 'one line of text'
end

function checks.home(v)
  local safe = type(v) == 'string' and #v <= 200 and v ~= ''
  for part in (safe and v .. '/' or ''):gmatch('([^/]*)/') do
    safe = safe and part:find('^[%w_][%w._-]*$') ~= nil
  end
  return safe, 'a folder of the day, such as "ai-team/artifacts"'
end

function checks.place(v)
  return v == 'day', '"day", the folder of the day itself'
end

function checks.run(v)
  return v == true or type(v) == 'function', 'a function(run, spec)'
end

function checks.spec(v)
  return type(v) == 'string' and v ~= '' or type(v) == 'table',
    'the path of a JSON Schema, or a schema as a table'
end

function checks.needs(v)
  return type(v) == 'table', 'a table such as { net = { "127.0.0.1:8080" } }'
end

local FIELDS = { 'name', 'summary', 'home', 'place', 'run', 'spec', 'needs' }
local REQUIRED = { name = true, summary = true, home = true, run = true }

--- The number of the first line from `from` on with this pattern.
local function find_line(source, pattern, from)
  local number = 0
  for line in source:gmatch '([^\n]*)\n?' do
    number = number + 1
    if number >= from and line:find(pattern) then
      return number
    end
  end
end

--- The line that a mistake is on: of the field, else of the table that is returned. A guess, by the
--- text: what was evaluated has no lines any more.
---@param source string|nil
---@param field string|nil
---@return integer|nil
function M.line(source, field)
  if not source then
    return nil
  end
  local returned = find_line(source, '^return%f[^%w_]', 1)
  local known = field and field:find '^[%a_][%w_]*$'
  local pattern = known and '%f[%w_]' .. field .. '%s*=%f[^=]'
  return pattern and (find_line(source, pattern, returned or 1) or find_line(source, pattern, 1))
    or returned
end

local function not_a_recipe(decl, file, source)
  local what = decl == nil and 'nothing' or decl == true and 'a function' or value.show(decl)
  return nil,
    {
      code = 'INVALID',
      file = file,
      line = M.line(source),
      message = file
        .. ' returns '
        .. what
        .. ', expected a recipe: a table with name, summary, home and run',
      hint = 'tlab new recipe NAME  # one to begin with',
    }
end

--- What is wrong, field by field: list of {field?, text}.
local function mistakes(decl)
  local found = {}
  local function add(field, text, ...)
    found[#found + 1] = { field = field, text = text:format(...) }
  end
  for _, field in ipairs(FIELDS) do
    local v = decl[field]
    local right, expected = true, nil
    if v ~= nil or REQUIRED[field] and not (field == 'home' and decl.place ~= nil) then
      right, expected = checks[field](v)
    end
    if v == nil and not right then
      add(nil, 'the field %s is missing: %s', field, expected)
    elseif not right then
      add(field, 'the field %s is %s, expected %s', field, value.show(v), expected)
    end
  end
  if decl.home ~= nil and decl.place ~= nil then
    add('place', 'a recipe has a home below the day, or a place, not both')
  end
  for field in pairs(decl) do
    if not checks[field] then
      field = tostring(field)
      local near = suggest.text(field, FIELDS) or 'there are ' .. table.concat(FIELDS, ', ')
      add(field, 'unknown field %s, %s', field, near)
    end
  end
  for family in pairs(type(decl.needs) == 'table' and decl.needs or {}) do
    local what = needs.unknown(family)
    if what then
      add(tostring(family), '%s', what)
    end
  end
  return found
end

--- Whether a recipe's table has what it must have; all that is wrong is told at once.
---@param decl any the table that the recipe's file returned; `run` is true or a function
---@param file string for messages
---@param source? string its text, for the lines
---@return true|nil
---@return table|nil err
function M.check(decl, file, source)
  if type(decl) ~= 'table' or value.is_list(decl) then
    return not_a_recipe(decl, file, source)
  end
  local found = mistakes(decl)
  if #found == 0 then
    return true
  end
  local details = {}
  for i, mistake in ipairs(found) do
    local line = M.line(source, mistake.field)
    details[i] = file .. (line and ':' .. line or '') .. ': ' .. mistake.text
  end
  return nil,
    {
      code = 'INVALID',
      file = file,
      line = M.line(source, found[1].field),
      message = #found == 1 and file .. ': ' .. found[1].text
        or ('%s is not a recipe yet: %d things are wrong'):format(file, #found),
      details = #found > 1 and details or nil,
    }
end

return M
