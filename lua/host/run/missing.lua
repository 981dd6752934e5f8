--- What a recipe asked for by `require` and is not there: where it was looked for, and what may
--- have been meant.

local core = require 'core'
local suggest = require 'host.view.suggest'

local M = {}

-- Of Lua's own libraries those that reach the world: a recipe has operations instead.
local WORLD = { io = true, os = true, debug = true, package = true }

--- The names of all modules there are for recipes of this lab.
local function names_of(lab)
  local names = {}
  for _, entry in ipairs(core.fs.tree(lab.root .. '/lua') or {}) do
    names[#names + 1] = entry.path:match '^(.+)%.lua$'
  end
  for _, file in ipairs(core.embedded_names()) do
    names[#names + 1] = not file:find '^tlab/worker/' and file:match '^(tlab/.+)%.lua$' or nil
  end
  for i, name in ipairs(names) do
    names[i] = name:gsub('/', '.')
  end
  return names
end

--- The error of a module that is not there.
---@param lab table
---@param name string as it was required
---@param path? string where in lua/ it was looked for; nil: the name is none of a module
---@return nil, table err
function M.module(lab, name, path)
  local message = ("there is no module '%s'"):format(name)
  local near = suggest.near((name:gsub('[/\\]', '.'):gsub('%.lua$', '')), names_of(lab), 1)[1]
  if WORLD[name] then
    message = message .. ' for a recipe; `tlab ops` lists the operations that it has instead'
  elseif path then
    message = ('%s: neither lua/%s in the lab nor in tlab itself'):format(message, path)
  else
    message = message .. ' for a recipe: its name is its path below lua/, with dots, without .lua'
  end
  if near and near ~= name and not WORLD[name] then
    message = ("%s; did you mean '%s'?"):format(message, near)
  end
  return nil, { code = 'NOT_FOUND', message = message }
end

return M
