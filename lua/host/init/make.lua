--- Files and folders of a lab are made, and nothing that is there is overwritten.

local core = require 'core'

local M = {}

-- Modes, less the umask, as git and editors have them; but nothing is for everybody to write.
local FILE, FOLDER, PRIVATE = 436, 509, 448 -- 0664, 0775, 0700

--- Makes each folder of a path that is not there yet.
---@param base string what stands before the path, "" or "/" or ending in "/"
---@param check? boolean whether a link is refused: below the lab's root it may lead out of it
---@return boolean|nil ok, table|nil err
function M.folders(base, path, check)
  local at = base
  for part in path:gmatch('[^/]+') do
    at = at .. part
    local ok, err = true, nil
    if part ~= '.' and part ~= '..' then
      ok, err = core.fs.make(at, part == 'secrets' and PRIVATE or FOLDER)
    end
    if not ok and err.code ~= 'EXISTS' then
      return nil, err
    end
    local stat = core.fs.stat(check and at or core.fs.realpath(at) or at)
    if stat and stat.type ~= 'folder' then
      return nil,
        { code = 'EXISTS', message = ('%s is a %s, expected a folder'):format(at, stat.type) }
    end
    at = at .. '/'
  end
  return true
end

--- Makes a file that is not there yet, and its folders.
---@param root string the lab
---@param path string below it
---@param text string
---@param mode? integer less the umask; 0664 when left out
---@return string|nil what "made", "same" (it is there with this text) or "kept" (with another)
---@return table|nil err
function M.file(root, path, text, mode)
  local ok, err = M.folders(root .. '/', path:match('^(.*)/') or '', true)
  if not ok then
    return nil, err
  end
  local full = root .. '/' .. path
  if core.fs.read(full, #text) == text then
    return 'same'
  elseif core.fs.stat(full) then
    return 'kept'
  end
  ok, err = core.fs.create(full, text, mode or FILE)
  if not ok and err.code ~= 'EXISTS' then
    return nil, err
  end
  return ok and 'made' or 'kept'
end

return M
