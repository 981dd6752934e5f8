--- What `tag` and `note` share: the run with what was said of it.

local find = require 'host.store.find'
local notes = require 'host.store.notes'

local M = {}

--- The run, its entries, and the tags and notes that they come to.
---@param ref string as typed
---@return table|nil run {dir, manifest, id8, entries, tags, notes}
---@return table|nil err
function M.open(ref)
  local dir, err = find.typed(ref)
  if not dir then
    return nil, err
  end
  local manifest
  manifest, err = require('host.manifest.read').read(dir)
  if not manifest then
    return nil, err
  end
  local entries
  entries, err = notes.read(dir)
  if not entries then
    return nil, err
  end
  local run = { dir = dir, manifest = manifest, id8 = manifest.id:sub(1, 8), entries = entries }
  run.tags, run.notes = notes.fold(entries, manifest.tags)
  return run
end

--- Says one thing more of the run.
---@param run table of M.open
---@param kind string
---@param text string
---@return table|nil entry
---@return table|nil err
function M.add(run, kind, text)
  local entry, err = notes.add(run.dir, kind, text)
  if not entry then
    return nil, err
  end
  run.entries[#run.entries + 1] = entry
  run.tags, run.notes = notes.fold(run.entries, run.manifest.tags)
  return entry
end

return M
