--- What a word of a command line can be, by the kinds that the tables of commands and options name.
--- Each is a function of {current = what is typed of the word, words = those before it, command?}
--- that answers with a list of {text, about?}, and whether a file can stand there as well.

local core = require 'core'
local recipes = require 'host.cmd.recipes'
local tables = require 'host.cmd.commands'

local M = {}

local SHOWN = 50 -- runs that are offered at most, the newest
local LOOKED = 500 -- runs in which tags and models are looked for
local NO_SESSION = '[^%w_./-]' -- no recipe is loaded by such a word

local function list_of(names, about)
  local list = {}
  for i, name in ipairs(names) do
    list[i] = { name, about }
  end
  return list
end

--- Rows of the index as it is: nothing is made or taken in for a key that was pressed.
local function rows(query)
  local lab = require('host.lab').find '.'
  if not lab or not core.fs.stat(lab.root .. '/runs.csv') then
    return {}
  end
  query.running = core.json.array {}
  local page = core.index.select(lab.root, query)
  return page and page.rows or {}
end

function M.nothing()
  return {}
end

M.day = M.nothing

function M.file()
  return {}, true
end

M.folder = M.file

local function recipe_names()
  local names = {}
  for _, name in ipairs(recipes.names()) do
    names[#names + 1] = name:match '^[%w_][%w_-]*$'
  end
  return names
end

function M.recipe()
  return list_of(recipe_names(), 'recipe'), true
end

--- The word behind `tlab`: a command or a recipe.
function M.call()
  local list = {}
  for i, command in ipairs(tables.commands) do
    list[i] = { command.name, command.summary }
  end
  for _, name in ipairs(recipe_names()) do
    list[#list + 1] = not tables.find(name) and { name, 'recipe' } or nil
  end
  return list
end

function M.topic()
  local list = M.call()
  list[#list + 1] = { 'codes', 'errors and exit codes' }
  list[#list + 1] = { 'man', 'all of it as a manual page' }
  return list
end

function M.code()
  local list = {}
  for i, code in ipairs(core.codes()) do
    list[i] = { code.name, code.help }
  end
  return list
end

function M.shell()
  return list_of { 'bash', 'zsh', 'fish' }
end

function M.made()
  return list_of { 'recipe', 'editor' }
end

function M.test()
  local lab = require('host.lab').find '.'
  local names = {}
  for i, file in ipairs(lab and require('host.test.find').all(lab) or {}) do
    names[i] = file.name
  end
  return list_of(names), true
end

function M.status()
  return list_of(require('host.store.index').STATUS)
end

function M.column()
  return list_of(require('host.store.index').COLUMNS)
end

--- COLUMN=VALUE of `tlab runs`.
function M.where(ctx)
  local name = ctx.current:match '^(%l+)='
  local values = ({ recipe = M.recipe, status = M.status, tag = M.tag, model = M.model })[name]
  local list = values and values(ctx) or list_of(require('host.store.index').COLUMNS)
  for _, each in ipairs(list) do
    each[1] = values and name .. '=' .. each[1] or each[1] .. '='
  end
  return list
end

local function run_about(row)
  local parts = { row.recipe or '', row.status or '', (row.started:sub(1, 16):gsub('T', ' ')) }
  parts[#parts + 1] = row.tags
  parts[#parts + 1] = row.note
  return table.concat(parts, ', ')
end

--- A run by its id, or, when its beginning is typed, by the name of its folder.
function M.run(ctx)
  local typed = ctx.current
  if typed:find '/' then
    return {}, true
  end
  local where = core.json.array {}
  if typed ~= '' then
    local low = typed:lower()
    where[1] = { column = 'run', op = 'prefix', value = low:match '^%x+$' and low or typed }
  end
  local list = {}
  for i, row in ipairs(rows { where = where, limit = SHOWN }) do
    local id = row.id:sub(1, math.max(8, #typed))
    local name = (row.folder or ''):match '[^/]+$'
    list[i] = { id:sub(1, #typed) == typed and id or name or id, run_about(row) }
  end
  table.insert(list, 1, { 'latest', 'the run that ended last' })
  return list, true
end

--- The words of a column of lists, in the newest runs.
local function words_in(column, separator)
  local names, seen = {}, {}
  for _, row in ipairs(rows { where = core.json.array {}, limit = LOOKED }) do
    for word in (row[column] or ''):gmatch('[^' .. separator .. ']+') do
      names[#names + 1] = not seen[word] and word or nil
      seen[word] = true
    end
  end
  table.sort(names)
  return names
end

function M.tag()
  return list_of(words_in('tags', ' '))
end

function M.model()
  return list_of(words_in('models', ';'))
end

--- Keys of the spec at a pointer; one that can be an object is offered with a dot as well.
local function keys(validator, pointer, head, given)
  local value = require 'host.spec.value'
  local list = {}
  for _, key in ipairs(validator:keys(pointer)) do
    local text = head .. key.name
    local types = validator:types(pointer .. value.step(key.name)) or { any = true }
    local about = type(key.schema) == 'table' and key.schema.description or nil
    if key.name ~= '$schema' and not key.name:find '%.' and not given[text] then
      local only_object = types.object and not next(types, next(types))
      list[#list + 1] = not only_object and { text .. '=', about } or nil
      list[#list + 1] = types.object and { text .. '.', about } or nil
    end
  end
  return list
end

--- Values of a key that has only some.
local function key_values(validator, pointer, last, head)
  local list = {}
  for _, key in ipairs(validator:keys(pointer)) do
    local schema = key.name == last and type(key.schema) == 'table' and key.schema or {}
    local values = type(schema.enum) == 'table' and schema.enum
      or schema.const ~= nil and { schema.const }
      or schema.type == 'boolean' and { true, false }
      or {}
    for _, each in ipairs(values) do
      list[#list + 1] = { head .. tostring(each) }
    end
  end
  return list
end

--- A spec file, or key=value by what the recipe declares; the recipe is loaded, not run.
function M.spec(ctx)
  local recipe = ctx.words[1]
  if recipe:find(NO_SESSION) or recipe:find '%.' and not recipe:find '%.lua$' then
    return {}, true
  end
  local declared = recipes.declared(recipe)
  local validator = declared and declared.validator
  if not validator then
    return {}, true
  end
  local given = {}
  for _, word in ipairs(ctx.words) do
    given[word:match '^([^=:]+):?=' or 0] = true
  end
  local value = require 'host.spec.value'
  local name, assigned = ctx.current:match '^([^=:]*)(:?=)'
  local path = (name or ctx.current):match '^(.*)%.[^.]*$'
  local pointer = ''
  for step in (path or ''):gmatch '[^.]+' do
    pointer = pointer .. value.step(step)
  end
  if name then
    return key_values(validator, pointer, name:match '[^.]*$', name .. assigned), true
  end
  return keys(validator, pointer, path and path .. '.' or '', given), true
end

return M
