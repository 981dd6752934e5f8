--- The parts of what a run was given that are files or text: spec, recipe, code.

local source = require 'host.diff.source'
local texts = require 'host.diff.texts'
local values = require 'host.diff.values'

local M = {}

local LONG_MAX = 20 -- texts of several lines that are compared by their lines

--- Texts of several lines, prompts above all, are shown by their lines.
local function by_lines(changes)
  local left = LONG_MAX
  for _, change in ipairs(changes) do
    local a, b = change.a, change.b
    if type(a) == 'string' and type(b) == 'string' and (a .. b):find '\n' and left > 0 then
      left = left - 1
      local entry = texts.compare({ path = 'spec.json' .. change.at }, a, b)
      change.diff, change.cut = entry.diff, entry.cut
    end
  end
  return changes
end

--- The spec as resolved; the words it was made of do not count.
---@param a table host.diff.source
---@param b table
---@return table|nil part, table|nil err
function M.spec(a, b)
  if a.m.spec.sha256 == b.m.spec.sha256 then
    return { changes = {} }
  end
  local x, err = source.spec(a)
  if err then
    return nil, err
  end
  local y
  y, err = source.spec(b)
  if err then
    return nil, err
  end
  return { changes = by_lines(values.changes(x, y)) }
end

local function lua_files(m)
  local list = { { path = 'record/recipe/recipe.lua', sha256 = m.recipe.sha256 } }
  for _, module in ipairs(m.recipe.modules or {}) do
    list[#list + 1] = {
      path = 'record/recipe/' .. module.name:gsub('%.', '/') .. '.lua',
      sha256 = module.sha256,
    }
  end
  return list
end

--- The Lua that ran: the recipe by its name and text, and its modules. Where it lay does not count.
---@return table|nil part, table|nil err
function M.recipe(a, b)
  local files, err = texts.files(a, b, lua_files(a.m), lua_files(b.m))
  if not files then
    return nil, err
  end
  return {
    changes = values.changes(a.m.recipe.name, b.m.recipe.name, '/name'),
    files = files,
  }
end

local function patch_text(run)
  local patch = run.m.git and run.m.git.patch
  if not patch then
    return ''
  end
  return source.blob(run, patch.sha256)
end

local function patches(a, b)
  local x, y = (a.m.git or {}).patch, (b.m.git or {}).patch
  if (x and x.sha256) == (y and y.sha256) then
    return {}
  end
  local one, other, err
  one, err = patch_text(a)
  if not one then
    return nil, err
  end
  other, err = patch_text(b)
  if not other then
    return nil, err
  end
  return { texts.compare({ path = 'patch', a = x, b = y }, one, other) }
end

--- Commit and patch count, as they do in the key; the branch and the description are told beside.
---@return table|nil part, table|nil err
function M.code(a, b)
  local x, y = a.m.git or {}, b.m.git or {}
  local files, err = patches(a, b)
  if not files then
    return nil, err
  end
  local changes = values.changes(x.commit, y.commit, '/commit')
  if (a.m.git == nil) ~= (b.m.git == nil) and #changes == 0 then
    changes[1] = { at = '/repository', a = a.m.git ~= nil, b = b.m.git ~= nil }
  end
  local part = { changes = changes, files = files }
  if #changes + #files > 0 then
    part.beside = values.changes(x.branch, y.branch, '/branch')
    values.add(part.beside, values.changes(x.describe, y.describe, '/describe'))
  end
  return part
end

return M
