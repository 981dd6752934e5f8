--- What a run's folder holds besides its manifest and record: the artifacts and the spec.

local core = require 'core'
local notes = require 'host.store.notes'

local M = {}

--- Whether a file of the folder is the manifest, part of the record, or what was said later.
local function is_own(path)
  return path == 'run.json' or path == notes.FILE or path == 'record' or path:sub(1, 7) == 'record/'
end

--- Every file but run.json, notes.jsonl and record/, sorted by path. What is no plain file (a
--- link, a pipe) is listed with its kind in `others`: nothing of ours makes one.
---@param run_dir string
---@return table|nil files list of {path, sha256, size}
---@return table|nil others list of {path, type}; the error when files is nil
function M.list(run_dir)
  local entries, err = core.fs.tree(run_dir)
  if not entries then
    return nil, err
  end
  local files, others = {}, {}
  for _, entry in ipairs(entries) do
    if entry.type == 'file' and not is_own(entry.path) then
      local hash
      hash, err = core.hash.file(run_dir .. '/' .. entry.path)
      if not hash then
        return nil, err
      end
      files[#files + 1] = { path = entry.path, sha256 = hash.sha256, size = hash.size }
    elseif entry.type ~= 'file' and entry.type ~= 'folder' then
      others[#others + 1] = { path = entry.path, type = entry.type }
    end
  end
  return files, others
end

--- The files that the recipe wrote, and the spec: of a run whose folder is not its own alone.
---@param run_dir string
---@param summary table of fold.read
---@return table|nil files list of {path, sha256, size}, sorted
---@return table|nil err
function M.written(run_dir, summary)
  local spec, err = core.hash.file(run_dir .. '/spec.json')
  if not spec then
    return nil, err
  end
  local files = { { path = 'spec.json', sha256 = spec.sha256, size = spec.size } }
  for path, sha256 in pairs(summary.written) do
    files[#files + 1] = { path = path, sha256 = sha256, size = summary.sizes[path] }
  end
  table.sort(files, function(a, b)
    return a.path < b.path
  end)
  return files
end

return M
