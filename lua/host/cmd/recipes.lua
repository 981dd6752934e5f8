--- The lab's recipes as commands: their names, and what one declares without being run.

local core = require 'core'

local M = {}

--- The names of those that tlab brings along.
local function own_names()
  local names = {}
  for _, file in ipairs(core.embedded_names()) do
    names[#names + 1] = file:match '^recipes/([%w_-]+)%.lua$'
  end
  return names
end

--- The recipe of this name: its path, or its name when it is in tlab itself; or nil and, when the
--- lab itself is at fault, why.
---@param name string
---@return string|nil path, table|nil err
function M.named(name)
  if not name:match('^[%w_-]+$') then
    return nil
  end
  local own = core.embedded('recipes/' .. name .. '.lua')
  local lab, err = require('host.lab').find('.')
  if not lab then
    return nil, (own or err.code ~= 'NOT_FOUND') and err or nil
  end
  local path = lab.root .. '/recipes/' .. name .. '.lua'
  return core.fs.stat(path) and path or own and name or nil
end

--- The names of all recipes there are here: the lab's, if there is one, and tlab's own; sorted.
---@return string[]
function M.names()
  local names, seen = own_names(), {}
  for _, name in ipairs(names) do
    seen[name] = true
  end
  local lab = require('host.lab').find('.')
  for _, entry in ipairs(lab and core.fs.list(lab.root .. '/recipes') or {}) do
    local name = entry.name:match('^(.+)%.lua$')
    names[#names + 1] = not seen[name or ''] and name or nil
  end
  table.sort(names)
  return names
end

local LIMITS = { cpu_seconds = 10, memory = 512 << 20, seconds = 10 }

--- Loads a recipe in a worker of its own, as a run would begin, and nothing more.
---@param word string a path or a name
---@return table|nil declared {lab, recipe, modules, decl, validator?}
---@return table|nil err
function M.declared(word)
  local run_recipe = require 'host.run.recipe'
  local lab, err = require('host.lab').find('.')
  if not lab then
    return nil, err
  end
  local recipe
  recipe, err = run_recipe.find(lab, word)
  if not recipe then
    return nil, err
  end
  local find, modules = run_recipe.modules(lab)
  local session
  session, err = core.session {
    mode = 'live',
    offline = true,
    lab = lab.root,
    limits = LIMITS,
    module = find,
  }
  if not session then
    return nil, err
  end
  local decl
  decl, err = run_recipe.declare(session, recipe, 0)
  session:close()
  if not decl then
    return nil, err
  end
  local validator
  validator, err = run_recipe.validator(lab, decl, recipe.file)
  if err then
    return nil, err
  end
  return { lab = lab, recipe = recipe, modules = modules, decl = decl, validator = validator }
end

return M
