--- The folder of a run that was cut off, made what it was where its record ends to answer: what the
--- recipe wrote comes again from the record, and so do files that it removed or never recorded.

local core = require 'core'

local M = {}

--- What of a run's folder is not the recipe's work.
local KEPT = { ['run.json'] = true, ['spec.json'] = true, ['notes.jsonl'] = true, record = true }

local function remove_artifacts(dir)
  local entries, err = core.fs.list(dir)
  local ok = entries ~= nil
  for _, entry in ipairs(entries or {}) do
    if ok and not KEPT[entry.name] then
      local remove = entry.type == 'folder' and core.fs.purge or core.fs.remove
      ok, err = remove(dir .. '/' .. entry.name)
    end
  end
  return ok, err
end

--- Paths below record/ that stay: Lua, and what the manifest or the kept lines name.
local function is_named(manifest, rest)
  local paths = { ['effects.jsonl'] = true }
  for sha256 in pairs(rest.blobs) do
    paths['blobs/' .. sha256] = true
  end
  local patch = manifest.git and manifest.git.patch
  if patch then
    paths['blobs/' .. patch.sha256] = true
  end
  return function(path)
    return paths[path] or path:match '^recipe/.*%.lua$'
  end
end

--- A kill leaves temporary files, and blobs of answers that it kept from being written down.
local function remove_strays(dir, manifest, rest)
  local stays = is_named(manifest, rest)
  local entries, err = core.fs.tree(dir .. '/record')
  local ok = entries ~= nil
  for _, entry in ipairs(entries or {}) do
    if ok and entry.type ~= 'folder' and not stays(entry.path) then
      ok, err = core.fs.remove(dir .. '/record/' .. entry.path)
    end
  end
  return ok, err
end

--- Clears the folder and cuts the record. Killed in the middle, it can be done again.
---@param dir string
---@param manifest table
---@param rest table of host.manifest.remains, and text = the record as it lies there, nil for none
---@return boolean|nil ok, table|nil err
function M.run(dir, manifest, rest)
  local ok, err = remove_artifacts(dir)
  if ok and (not rest.text or #rest.text ~= rest.size) then
    local kept = (rest.text or ''):sub(1, rest.size)
    ok, err = core.fs.replace(dir .. '/record/effects.jsonl', kept)
  end
  if ok then
    ok, err = remove_strays(dir, manifest, rest)
  end
  return ok, err
end

return M
