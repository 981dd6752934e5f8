--- A recipe of one's own to begin with: recipe, schema of its spec, spec, test. All of them are
--- made or none, and nothing that is there is overwritten.

local core = require 'core'
local declaration = require 'host.spec.declaration'
local make = require 'host.init.make'

local M = {}

--- The files of the binary, and where they lie in a lab; each is called as its recipe is.
local FILES, CALLED = 'host/new/files/', 'new_recipe'
local PLAN = {
  'recipes/%s.lua',
  'schemas/%s.schema.json',
  'specs/%s.json',
  'tests/recipes/%s_test.lua',
}
local NAME_MAX = declaration.NAME_MAX

--- What a name would be, were it one: for the line to type.
local function name_like(text)
  local name = text:lower():gsub('%.lua$', ''):gsub('.*/', ''):gsub('[^a-z0-9_-]+', '-')
  name = name:gsub('^[^a-z]+', ''):gsub('%-+$', ''):sub(1, NAME_MAX)
  return name ~= '' and name or 'my-recipe'
end

local function usage(message, details, hint)
  return { code = 'USAGE', message = message, details = details, hint = hint }
end

--- Why a recipe cannot be called so.
---@param name string
---@param commands string[]
---@param force boolean
---@return table|nil err
local function no_name(name, commands, force)
  if not declaration.is_name(name) then
    return usage(
      ('"%s" is no name for a recipe'):format(name),
      { ('expected: small letters, digits, _ and -, a letter first, at most %d'):format(NAME_MAX) },
      'tlab new recipe ' .. name_like(name)
    )
  end
  for _, command in ipairs(commands) do
    if command == name then
      return usage(
        ('"%s" is a command of tlab, a recipe of that name could not be called'):format(name),
        nil,
        'tlab new recipe my-' .. name
      )
    end
  end
  if core.embedded('schemas/' .. name .. '.schema.json') then
    return usage(
      ('schemas/%s.schema.json is one of tlab, and would be hidden'):format(name),
      nil,
      'tlab new recipe my-' .. name
    )
  elseif core.embedded('recipes/' .. name .. '.lua') and not force then
    return usage(
      ('tlab brings a recipe "%s" along, in whose place the new one would be run'):format(name),
      nil,
      ('tlab new recipe %s --force  # if that is wanted'):format(name)
    )
  end
  return nil
end

local function already(lab, name)
  for _, file in ipairs(PLAN) do
    local path = file:format(name)
    if core.fs.stat(lab.root .. '/' .. path) then
      return {
        code = 'EXISTS',
        message = path .. ' is there already: nothing was made',
        hint = 'tlab new recipe ' .. name:sub(1, NAME_MAX - 2) .. '-2',
      }
    end
  end
  return nil
end

local function undo(lab, made)
  for _, path in ipairs(made) do
    core.fs.discard(path, lab.root)
  end
end

--- Makes the files of a new recipe.
---@param lab table
---@param name string
---@param options {commands: string[], force: boolean} names that are taken; over one of tlab's own
---@return string[]|nil paths in the lab
---@return table|nil err
function M.recipe(lab, name, options)
  local err = no_name(name, options.commands, options.force) or already(lab, name)
  local made = {}
  for _, file in ipairs(err and {} or PLAN) do
    local path = file:format(name)
    local own = FILES .. file:match('[^/]*$'):format(CALLED)
    local text = core.embedded(own):gsub(CALLED, name)
    local what
    what, err = make.file(lab.root, path, text)
    if what ~= 'made' then
      undo(lab, made)
      return nil, err or already(lab, name)
    end
    made[#made + 1] = path
  end
  return not err and core.json.array(made) or nil, err
end

return M
