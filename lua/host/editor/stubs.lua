--- What an editor is told of recipes' Lua: LuaCATS stubs, made from the operations table and the
--- annotations of the library.

local core = require 'core'
local library = require 'host.editor.library'
local ops = require 'host.editor.ops'

local M = {}

M.FOLDER = 'types'

local WRITTEN = '\n-- Written by tlab, and written anew by `tlab new editor`: changes are lost.\n'
local HEAD = '---@meta%s' .. WRITTEN .. '\n'

-- Modules that a recipe has without there being a file.
local BUILTIN = {
  { 'tlab.json', 'return tlab.json\n' },
  { 'cjson', '---@type table<string, any>\nlocal cjson = {}\n\nreturn cjson\n' },
}

local JSON = [[
---The null of JSON.
---@type lightuserdata
tlab.json.null = nil

---Marks a table as a JSON list, so that an empty one is [].
---@generic T: table
---@param list T
---@return T
function tlab.json.array(list) end
]]

-- The worker's own modules and those of a session are not for recipes.
local function is_for_recipes(name)
  return name:match '^tlab/.*%.lua$'
    and not name:match '^tlab/worker/'
    and not name:match '^tlab/repl/'
end

--- Whether a file is one of these, maybe of another tlab.
---@param text string
---@return boolean
function M.is_written(text)
  return text:match '^%-%-%-@meta[^\n]*(\n[^\n]*\n)' == WRITTEN
end

--- The globals of a recipe, and the types of what it is given.
---@return string
function M.globals()
  local parts = { core.embedded 'host/init/files/types.lua', ops.text(core.ops()), JSON }
  for _, name in ipairs(core.embedded_names()) do
    local text = name:match '^tlab/worker/' and core.embedded(name)
    parts[#parts + 1] = text and library.classes(text)
  end
  return HEAD:format '' .. table.concat(parts, '\n')
end

--- All stubs.
---@return {path: string, text: string}[] path in the lab
function M.files()
  local files = { { path = M.FOLDER .. '/tlab.lua', text = M.globals() } }
  local function add(name, text)
    files[#files + 1] = {
      path = ('%s/%s.lua'):format(M.FOLDER, name:gsub('%.', '/')),
      text = HEAD:format(' ' .. name) .. text,
    }
  end
  for _, name in ipairs(core.embedded_names()) do
    if is_for_recipes(name) then
      add(name:gsub('%.lua$', ''):gsub('/', '.'), library.module(core.embedded(name)))
    end
  end
  for _, builtin in ipairs(BUILTIN) do
    add(table.unpack(builtin))
  end
  return files
end

return M
