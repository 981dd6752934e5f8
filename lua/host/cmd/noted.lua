--- What `tag` and `note` share: the run with what was said of it, and its row in the index.

local find = require 'host.store.find'
local index = require 'host.store.index'
local notes = require 'host.store.notes'
local out = require 'host.cmd.out'

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

--- Has the index say it too, where the run lies in the lab that it was made in. What was said is
--- on the disk by then: an index that is behind is a note, not a failure.
---@param run table of M.open
function M.index(run)
  local lab = require('host.lab').find(run.dir)
  if not lab or run.dir ~= lab.root .. '/' .. run.manifest.folder then
    return
  end
  local _, err = index.put(lab, run.manifest.folder)
  if err then
    out.err(('note: %s; the index is behind: tlab runs --rebuild\n'):format(err.message))
  end
end

return M
