--- A lab's files for editors: .luarc.json, and the stubs below types/, which tlab writes anew.

local core = require 'core'
local make = require 'host.init.make'
local stubs = require 'host.editor.stubs'

local M = {}

M.stubs = stubs.files

local FILE = 436 -- 0664, less the umask

--- Makes a stub, or writes it anew; one whose head is gone has become somebody's own.
---@param root string the lab
---@param path string below it
---@param text string
---@return string|nil what "made", "same", "renewed" or "kept"
---@return table|nil err
function M.stub(root, path, text)
  local what, err = make.file(root, path, text)
  local full = root .. '/' .. path
  if what ~= 'kept' or not stubs.is_written(core.fs.read(full) or '') then
    return what, err
  end
  local ok
  ok, err = core.fs.replace(full, text, FILE)
  return ok and 'renewed' or nil, err
end

--- Makes all of them, and .luarc.json where there is none.
---@param root string the lab
---@return {path: string, what: string}[]|nil files
---@return table|nil err
function M.lay(root)
  local settings = core.embedded 'host/init/files/luarc.json'
  local files = core.json.array {}
  local function add(path, what, err)
    files[#files + 1] = { path = path, what = what }
    return what, err
  end
  local what, err = add('.luarc.json', make.file(root, '.luarc.json', settings))
  for _, stub in ipairs(stubs.files()) do
    if not what then
      return nil, err
    end
    what, err = add(stub.path, M.stub(root, stub.path, stub.text))
  end
  return what and files, err
end

return M
