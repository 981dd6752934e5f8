--- From a recipe's name to its text, its modules and its declaration.

local core = require 'core'
local declaration = require 'host.spec.declaration'
local load = require 'host.spec.load'
local missing = require 'host.run.missing'
local schema = require 'host.spec.schema'
local suggest = require 'host.view.suggest'

local M = {}

local SOURCE_MAX = 16 << 20

--- The path below the lab's root, or nil when it lies outside.
local function below(root, path)
  if path:sub(1, #root + 1) == root .. '/' then
    return path:sub(#root + 2)
  end
  return nil
end

--- A recipe that tlab brings along, for labs without a file of that name.
---@param word string its name, or recipes/NAME.lua
---@return table|nil recipe as of M.find, without `path`
local function embedded(word)
  local file = word:find('/', 1, true) and word or 'recipes/' .. word .. '.lua'
  local source = file:match '^recipes/[%w_-]+%.lua$' and core.embedded(file)
  return source
    and { file = file, origin = 'embedded', source = source, sha256 = core.hash.bytes(source) }
end

--- What a text of the lab stands in place of: one of tlab's own under the same name. The same text
--- is the same recipe or module.
local function instead_of(name, source)
  local own = core.embedded(name)
  return own and own ~= source and (core.overridden and 'override' or 'embedded') or nil
end

--- What may have been meant: the name of a recipe, or of a file in the folder that was named.
local function near(lab, word)
  local dir, last = word:match '^(.*/)([^/]*)$'
  local names = {}
  for _, file in ipairs(dir and {} or core.embedded_names()) do
    names[#names + 1] = file:match '^recipes/([%w_-]+)%.lua$'
  end
  for _, entry in ipairs(core.fs.list(dir or lab.root .. '/recipes') or {}) do
    names[#names + 1] = entry.name:match(dir and '^.+%.lua$' or '^(.+)%.lua$')
  end
  local best = suggest.near(last or word, names, 1)[1]
  return best and best ~= (last or word) and (dir or '') .. best or nil
end

--- Finds a recipe: a path as the person typed it, one from the lab's root, a name in recipes/, or
--- one that is in tlab itself.
---@param lab table {root, config}
---@param word string
---@return table|nil recipe {path?, file, origin, source, sha256, instead_of?}
---@return table|nil err
function M.find(lab, word)
  local tried = { word }
  if word:find('/', 1, true) then
    tried[2] = word:sub(1, 1) ~= '/' and lab.root .. '/' .. word or nil
  else
    tried[2] = lab.root .. '/recipes/' .. word .. '.lua'
    tried[3] = lab.root .. '/recipes/' .. word
  end
  for _, path in ipairs(tried) do
    local stat = core.fs.stat(path)
    if stat and stat.type == 'file' then
      local real = core.fs.realpath(path) or path
      local source, err = core.fs.read(real, SOURCE_MAX)
      if not source then
        return nil, err
      end
      local inside = below(lab.root, real)
      return {
        path = real,
        file = inside or real:match('[^/]+$'),
        origin = inside and 'lab' or 'outside',
        instead_of = inside and instead_of(inside, source),
        source = source,
        sha256 = core.hash.bytes(source),
      }
    end
  end
  local own = embedded(word)
  if own then
    return own
  end
  local meant = near(lab, word)
  return nil,
    {
      code = 'NOT_FOUND',
      message = ('there is no recipe %s%s'):format(word, suggest.behind(meant)),
      details = { 'looked for: ' .. table.concat(tried, ', ') },
      hint = meant and 'tlab help ' .. meant or 'tlab help',
    }
end

--- Where the module of a name lies, below a folder of modules.
---@param name string
---@return string
function M.module_path(name)
  return name:gsub('%.', '/') .. '.lua'
end

-- Of the trusted side a recipe may have what knows nothing of the world: the calendar (as
-- tlab.date), the validator of JSON Schema (as tlab.schema) and the modules that it consists of,
-- and how wide a text is (for tlab.text).
local SHARED = {
  ['host.spec.uri'] = true,
  ['host.store.tree'] = true,
  ['host.spec.value'] = true,
  ['host.view.suggest'] = true,
  ['host.view.width'] = true,
}

-- A lab's own lua/tlab/worker/ would count as the worker's Lua, which Ctrl-C leaves alone.
local function is_hidden(name)
  return name:match '^tlab%.worker%f[%W]'
    or name:match('^host%f[%W]')
      and not SHARED[name]
      and not name:match('^host%.spec%.schema[%a_]*$')
      and not name:match('^host%.spec%.regex[%a_]*$')
end

--- Where `require` looks: the lab's own lua/ first, then the library in the binary.
---@param lab table
---@param seen? fun(path: string, text: string|nil) told of each file that is looked at
---@return fun(name: string): table|nil, table|nil find
---@return table[] found list of {name, origin, sha256, source, instead_of?}, as they were loaded
function M.modules(lab, seen)
  local found = {}
  local function find(name)
    if not name:match('^[%w_]+[%w_.]*$') or name:find('..', 1, true) or is_hidden(name) then
      return missing.module(lab, name)
    end
    if name == 'recipe' then -- record/recipe/recipe.lua is the recipe itself
      return nil,
        { code = 'REFUSED', message = "a module cannot be called 'recipe': choose another name" }
    end
    local path = M.module_path(name)
    local file, origin = lab.root .. '/lua/' .. path, 'lab'
    local source, err = core.fs.read(file, SOURCE_MAX)
    if seen then
      seen(file, source)
    end
    if not source and err.code ~= 'NOT_FOUND' then
      return nil, err -- what is there in place of tlab's own is not passed over
    elseif not source then
      source, origin = core.embedded(path), core.overridden and 'override' or 'embedded'
    end
    if not source then
      return missing.module(lab, name, path)
    end
    found[#found + 1] = {
      name = name,
      origin = origin,
      sha256 = core.hash.bytes(source),
      source = source,
      instead_of = origin == 'lab' and instead_of(path, source) or nil,
    }
    return { file = 'lua/' .. path, source = source }
  end
  return find, found
end

--- Where a recorded recipe's `require` looks: only in its own record.
---@param dir string the run's folder
function M.recorded_modules(dir)
  return function(name)
    local path = M.module_path(name)
    local source = name ~= 'recipe' -- which lies there, and is none
      and name:match('^[%w_]+[%w_.]*$')
      and core.fs.read(dir .. '/record/recipe/' .. path, SOURCE_MAX)
    if not source then
      return nil, { code = 'NOT_RECORDED', message = "the record has no module '" .. name .. "'" }
    end
    return { file = 'lua/' .. path, source = source }
  end
end

--- Has the worker evaluate the recipe, and checks what it declares.
---@param session table core.session
---@param recipe table {file, source}
---@return table|nil declaration, table|nil err
function M.declare(session, recipe)
  -- The run's seed may come from its key, which nobody knows yet: what a recipe draws while it is
  -- loaded has always the same one.
  local decl, err = session:load(recipe.file, recipe.source, 0)
  if err then
    return nil, err
  end
  local ok
  ok, err = declaration.check(decl, recipe.file, recipe.source)
  if not ok then
    return nil, err
  end
  return decl
end

--- The text of a schema the recipe names: the lab's file, else the one in the binary.
local function schema_text(lab, name, seen)
  local file = lab.root .. '/' .. name
  local text = core.fs.read(file)
  if seen then
    seen(file, text)
  end
  return text or core.embedded(name)
end

--- The validator of a recipe's specs; nil without an error when it has no schema.
---@param lab table
---@param decl table
---@param file string
---@param seen? fun(path: string, text: string|nil) told of each file that is looked at
---@return table|nil validator, table|nil err
function M.validator(lab, decl, file, seen)
  local given, trusted = decl.spec, false
  if type(given) == 'string' then
    local text = schema_text(lab, given, seen)
    if not text then
      return nil,
        {
          code = 'NOT_FOUND',
          file = file,
          message = string.format('the schema %s that the recipe names is not in the lab', given),
        }
    end
    trusted = text == core.embedded(given)
    local why
    given, why = core.json.decode(text)
    if given == nil then
      return nil, load.not_json('schema', decl.spec, text, why)
    end
  end
  if given == nil then
    return nil, nil
  end
  local validator, err = schema.compile(given, {
    strict = true,
    trusted = trusted,
    resolve = function(uri)
      local text = schema_text(lab, 'schemas/' .. uri:match('[^/]*$'), seen)
      return text and core.json.decode(text)
    end,
  })
  if not validator then
    err.file = err.file or file
    return nil, err
  end
  return validator
end

return M
