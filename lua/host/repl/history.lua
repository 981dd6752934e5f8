--- What was typed in sessions before, for the arrow keys: ~/.local/state/tlab/history, for its
--- owner alone. A line with the value of a secret, or that begins with a space, is not kept.

local core = require 'core'

local M = {}

local MOST = 1000 -- lines that are kept
local BYTES = 256 << 10 -- of the file that are read
local TOO_LONG = 4096 -- bytes of a line that is not kept
local PRIVATE_FOLDER, PRIVATE = 448, 384 -- 0700, 0600

---@class tlab.History
---@field lines string[] oldest first
---@field path string? where they are kept; nil when they are not
local History = {}
History.__index = History

local function folder()
  local state, home = core.env.get 'XDG_STATE_HOME', core.env.get 'HOME'
  if state and state:sub(1, 1) == '/' then
    return state .. '/tlab'
  end
  return home and home:sub(1, 1) == '/' and home .. '/.local/state/tlab' or nil
end

--- Makes the folders that are missing, from the first that is there.
local function make_folders(path)
  if path == '' or core.fs.stat(path) then
    return true
  end
  local ok, err = make_folders(path:match '^(.*)/')
  if ok then
    ok, err = core.fs.make(path, PRIVATE_FOLDER)
  end
  return ok, err
end

local function split(text)
  local lines = {}
  for line in text:gmatch '[^\n]+' do
    lines[#lines + 1] = line
  end
  return table.move(lines, math.max(1, #lines - MOST + 1), #lines, 1, {})
end

local function open(path)
  local stat, ok, err = core.fs.stat(path), true, nil
  if not stat then
    ok, err = make_folders(path:match '^(.*)/')
    if ok then
      ok, err = core.fs.create(path, '', PRIVATE)
    end
  end
  local text
  if ok then
    text, err = core.fs.tail(path, BYTES)
  end
  if not text then
    return nil, err
  end
  local lines = split(text)
  if stat and stat.size > BYTES then
    ok, err = core.fs.replace(path, table.concat(lines, '\n') .. '\n', PRIVATE)
  end
  return ok and lines, err
end

--- The lines of earlier sessions.
---@return tlab.History
---@return table|nil err why this session's are not kept
function M.open()
  local dir = folder()
  local self = setmetatable({ lines = {} }, History)
  if not dir then
    return self, { message = 'neither HOME nor XDG_STATE_HOME names a folder' }
  end
  local lines, err = open(dir .. '/history')
  self.path = lines and dir .. '/history'
  self.lines = lines or {}
  return self, err
end

--- Keeps a line.
---@param line string
---@param is_secret fun(line: string): boolean whether the value of a secret is in it
---@return boolean whether it is one to come back to
---@return table|nil err when it cannot be kept on the disk; told once
function History:add(line, is_secret)
  local unfit = line == self.lines[#self.lines] or #line > TOO_LONG or line:find '^%s' or line == ''
  if unfit or line:find '[\n\r%z]' or is_secret(line) then
    return false
  end
  self.lines[#self.lines + 1] = line
  local ok, err = true, nil
  if self.path then
    ok, err = core.fs.append(self.path, line)
  end
  self.path = ok and self.path
  return true, err
end

return M
