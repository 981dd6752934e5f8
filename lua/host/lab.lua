--- A lab: the folder with lab.json at its root, found from anywhere inside it.
local core = require 'core'
local form = require 'host.spec.form'
local load_spec = require 'host.spec.load'
local schema = require 'host.spec.schema'

local M = {}

M.BASE_URL = 'https://github.com' -- of owner/name, as tlab.mine.source has it

local FILE = 'lab.json'
local FORM = 'tlab.lab/1'
local LEAST = ('{"schema":"%s"}'):format(FORM)
local SCHEMA = 'schemas/lab.schema.json'
local FAMILIES = { 'net', 'read', 'run', 'env' }

---@class lab.Lab
---@field root string absolute path, without links
---@field config table lab.json with every part there: permits.allow.net … are lists, maybe empty

local function validator()
  local text = core.embedded(SCHEMA)
  local compiled, err = schema.compile(core.json.decode(text), { trusted = true })
  return compiled or error(err.message .. ': ' .. table.concat(err.details, '; '))
end

--- Makes every part of the configuration be there, so that nobody has to ask.
local function complete(config)
  config.permits = config.permits or {}
  for _, verdict in ipairs { 'allow', 'deny' } do
    local granted = config.permits[verdict] or {}
    config.permits[verdict] = granted
    for _, family in ipairs(FAMILIES) do
      granted[family] = granted[family] or core.json.array {}
    end
  end
  for _, part in ipairs { 'limits', 'secrets', 'prices', 'git' } do
    config[part] = config[part] or {}
  end
  config.secret_files = config.secret_files or core.json.array {}
  config.git.exclude = config.git.exclude or core.json.array {}
  config.git.base_url = config.git.base_url or M.BASE_URL
  return config
end

--- Parses and validates the text of a lab.json.
---@param text string
---@param file string its name for messages
---@return table|nil config
---@return table|nil err
function M.parse(text, file)
  local config, err = core.json.decode(text)
  if config == nil then
    return nil, load_spec.not_json('the lab file', file, text, err, LEAST)
  end
  local other = form.other(config, FORM, file)
  if other then
    return nil, other
  end
  local judge = validator()
  local errors = judge:check(config)
  if errors ~= true then
    return nil, load_spec.invalid(errors, { what = file, name = file, text = text })
  end
  return complete(judge:fill(config))
end

local function parent(dir)
  return dir ~= '/' and (dir:match('^(.*)/[^/]*$') or '') or nil
end

local function root_above(dir)
  while dir do
    local base = dir == '/' and '' or dir
    if core.fs.stat(base .. '/' .. FILE) then
      return dir
    end
    dir = parent(dir)
    dir = dir == '' and '/' or dir
  end
end

--- Finds the lab that a folder lies in.
---@param dir string
---@return lab.Lab|nil
---@return table|nil err NOT_FOUND without a lab, INVALID when its lab.json is wrong
function M.find(dir)
  local from, err = core.fs.realpath(dir)
  if not from then
    return nil, err
  end
  local root = root_above(from)
  if not root then
    return nil,
      {
        code = 'NOT_FOUND',
        message = ('there is no lab here: no %s in %s or above it'):format(FILE, from),
        hint = 'tlab init',
      }
  end
  local file = (root == '/' and '' or root) .. '/' .. FILE
  local text
  text, err = core.fs.read(file)
  if not text then
    return nil, err
  end
  local config
  config, err = M.parse(text, file)
  if not config then
    return nil, err
  end
  if config.share == 'group' then
    core.share_with_group()
  end
  return { root = root, config = config }
end

return M
