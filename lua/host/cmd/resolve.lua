--- From a command's word to its row of the table: a command, or a recipe of the lab (which is
--- `run`).

local recipes = require 'host.cmd.recipes'
local tables = require 'host.cmd.commands'

local function unknown(name)
  local names = tables.names()
  local others = recipes.names()
  table.move(others, 1, #others, #names + 1, names)
  local suggest = require 'host.view.suggest'
  local near = suggest.near(name, names, 1)[1]
  local lab, err = require('host.lab').find('.')
  local elsewhere = not near and not lab
  return nil,
    {
      code = 'USAGE',
      message = string.format('there is no command or recipe "%s"%s', name, suggest.behind(near)),
      details = elsewhere and { 'recipes are looked for in a lab, and ' .. err.message } or nil,
      hint = near and 'tlab help ' .. near or 'tlab help',
    }
end

---@param name string
---@return table|nil call {command = row of the table, recipe? = path}
---@return table|nil err
return function(name)
  local command = tables.find(name)
  if command then
    return { command = command }
  end
  local recipe, err = recipes.named(name)
  if recipe then
    return { command = tables.find 'run', recipe = recipe }
  elseif err then
    return nil, err
  end
  return unknown(name)
end
