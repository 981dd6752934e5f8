--- Labs for tests: copies of what a lab consists of, without its secrets and its days.

local core = require 'core'
local lab = require 'host.lab'
local scratch = require 'host.run.scratch'

local M = {}

local PRIVATE = 448 -- 0700
--- What is copied: the folder, and which of its files.
local PARTS = {
  { 'recipes', '%.lua$' },
  { 'lua', '%.lua$' },
  { 'schemas', '%.json$' },
  { 'specs', '%.json$' },
}

--- A folder for the labs of this process, so that one lock tells it from what a killed one left.
---@return string|nil dir
---@return table|nil err
function M.open()
  local dir, err = scratch.make 'tests'
  if not dir then
    return nil, err
  end
  return core.fs.realpath(dir)
end

--- lab.json without what only the lab itself has.
local function config_of(root)
  local text, err = core.fs.read(root .. '/lab.json')
  local config = text and core.json.decode(text)
  if not config then
    return nil, err
  end
  config.secrets, config.secret_files = nil, nil
  return core.json.encode(config) .. '\n'
end

local function copy(from, to, part, pattern)
  for _, entry in ipairs(core.fs.tree(from .. '/' .. part) or {}) do
    local path = part .. '/' .. entry.path
    if entry.type == 'file' and path:find(pattern) then
      local ok, err = core.fs.copy(from .. '/' .. path, to .. '/' .. path)
      if not ok then
        return nil, err
      end
    end
  end
  return true
end

--- Makes a lab like this one.
---@param dir string of M.open
---@param number integer
---@param root string of the lab that is tested
---@return table|nil lab
---@return table|nil err
function M.make(dir, number, root)
  local to = dir .. '/' .. number
  local config, err = config_of(root)
  local ok = config
  if ok then
    ok, err = core.fs.make(to, PRIVATE)
  end
  for _, part in ipairs(ok and PARTS or {}) do
    ok, err = copy(root, to, part[1], part[2])
    if not ok then
      break
    end
  end
  if ok then
    ok, err = core.fs.write(to .. '/lab.json', config)
  end
  if not ok then
    return nil, err
  end
  return lab.find(to)
end

return M
