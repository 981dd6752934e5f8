--- What a day's own run made and is not there any more, brought back from its record.

local core = require 'core'
local fold = require 'host.manifest.fold'
local replay = require 'host.run.replay'

local M = {}

--- What lies in the folder at a path: "file", "folder", …; nil when nothing does.
local function kind(dir, path)
  local stat = core.fs.stat(dir .. '/' .. path)
  return stat and stat.type
end

local function copy_missing(from, dir, entries, back)
  for _, entry in ipairs(entries) do
    if not kind(dir, entry.path) then
      local ok, err
      if entry.type == 'folder' then
        ok, err = core.fs.parents(entry.path, dir)
      else
        ok, err = core.fs.copy(from .. '/' .. entry.path, dir .. '/' .. entry.path)
      end
      if not ok then
        return nil, err
      end
      back[#back + 1] = entry.path
    end
  end
  return back
end

--- Whether anything is missing: the record names all that was made.
local function is_whole(dir, summary)
  for _, made in ipairs { summary.written, summary.folders } do
    for path in pairs(made) do
      if not kind(dir, path) then
        return false
      end
    end
  end
  return true
end

--- Brings back files and folders; what lies there stays as it is, edited or not. The recipe is run
--- again from the record, and only if that gives the recorded bytes is anything copied.
---@param dir string the day's folder
---@return string[]|nil paths those that were missing, sorted
---@return table|nil err
function M.run(dir)
  local summary, err = fold.read(dir)
  if not summary then
    return nil, err
  elseif is_whole(dir, summary) then
    return {}
  end
  local back, result = {}
  result, err = replay.run {
    dir = dir,
    made = function(out)
      local entries, why = core.fs.tree(out)
      if not entries then
        return nil, why
      end
      return copy_missing(out, dir, entries, back)
    end,
  }
  if not result then
    return nil, err
  elseif not result.same then
    local first = result.differences[1]
    return nil,
      {
        code = 'DIFFERS',
        message = ('the day cannot be brought back from its record: %s'):format(
          first.message or first.path .. ' ' .. first.what
        ),
        hint = 'tlab verify ' .. dir,
      }
  end
  return back
end

return M
