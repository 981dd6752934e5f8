--- The variables of a session: all that a recipe has. An entry may change each of them; it cannot
--- take one from the library, which has its own.

local look = require 'tlab.repl.look'
local old = require 'tlab.repl.old'
local session = require 'tlab.session'

local M = {}

local MISSING = { NOT_FOUND = true, NOT_RECORDED = true, REFUSED = true }

--- A module that could not be had is told in words that a replay has, too: the record holds what
--- modules there were, not where else was looked.
local function raise_missing(name, err)
  if type(err) == 'table' and MISSING[err.code] then
    local missing = tostring(err.message):match "module '([%w_.]+)'" or name
    err = { code = 'NOT_FOUND', message = ("there is no module '%s'"):format(missing) }
    err.hint = "require 'tlab.csv'  # or lua/mine.lua of the lab, as 'mine'; Tab lists them"
  end
  error(err, 0)
end

--- Makes them.
---@param run tlab.Run
---@return table env
function M.new(run)
  local env, loaded = {}, {}
  for name, value in pairs(_G) do
    env[name] = value
  end
  env._G = env
  function env.load(chunk, name, mode, ...)
    return load(chunk, name, mode, select('#', ...) > 0 and (...) or env)
  end
  function env.require(name)
    local ok, module = pcall(require, name)
    if not ok then
      raise_missing(name, module)
    end
    loaded[name] = module
    return module
  end
  function env.help()
    error('help stands alone on its line: help(tlab.fs.read), ?tlab.fs.read', 2)
  end
  env.run = old.callable(run)
  session.on_look(look.of(env, loaded))
  return env
end

return M
