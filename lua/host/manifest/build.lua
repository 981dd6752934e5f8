--- The manifest, run.json: what was known before, and what the record says. Pure; nothing is read.

local core = require 'core'
local tree = require 'host.store.tree'

local M = {}

M.SCHEMA = 'tlab.run/1'

--- Fields that a summary of the record gives. verify.lua compares each with the manifest.
M.DERIVED = {
  'effects',
  'models',
  'params',
  'seeds',
  'tokens',
  'cost',
  'metrics',
  'log',
  'tags',
  'inputs',
  'programs',
  'calls',
}

--- Fields that `running` takes over as they are.
local KNOWN = {
  'id',
  'key',
  'nonce',
  'name',
  'folder',
  'place',
  'recipe',
  'spec',
  'key_parts',
  'seed',
  'git',
  'pins',
  'tool',
  'confined',
  'permits',
  'limits',
  'replay_of',
  'parent',
  'secrets',
  'lab_prices',
}

local function copy(from)
  local to = {}
  for name, value in pairs(from) do
    to[name] = value
  end
  return to
end

--- A list or map without anything in it says nothing: it is left out.
local function drop_empty(value)
  if type(value) == 'table' and next(value) == nil then
    return nil
  end
  return value
end

--- The derived fields as they stand in the manifest.
---@param summary table from fold.read
---@return table
function M.derived(summary)
  local fields = {}
  for _, name in ipairs(M.DERIVED) do
    fields[name] = drop_empty(summary[name])
  end
  return fields
end

--- SHA-256 over the canonical JSON of a manifest without its digest: a change to any field shows.
---@param manifest table
---@return string
function M.digest(manifest)
  local bare = copy(manifest)
  bare.digest = nil
  return core.hash.bytes(core.json.encode(bare))
end

local function sealed(manifest)
  manifest.digest = M.digest(manifest)
  return manifest
end

--- The manifest of a run that begins.
---@param info table the fields of KNOWN, and started_ms
---@return table manifest
function M.running(info)
  local manifest = { schema = M.SCHEMA, status = 'running' }
  for _, name in ipairs(KNOWN) do
    manifest[name] = info[name]
  end
  manifest.time = { started = tree.iso(info.started_ms) }
  return sealed(manifest)
end

--- The manifest of a run that goes on after it was cut off: what its end said is left out.
---@param manifest table as it lies there; left as it is
---@param entry table|nil what is added to `resumed`
---@param changed table {permits?, limits?} what holds from now on
---@return table manifest
function M.resumed(manifest, entry, changed)
  local again = { schema = M.SCHEMA, status = 'running' }
  for _, name in ipairs(KNOWN) do
    again[name] = changed[name] or manifest[name]
  end
  again.time = { started = manifest.time.started }
  local resumed = core.json.array {}
  table.move(manifest.resumed or {}, 1, #(manifest.resumed or {}), 1, resumed)
  resumed[#resumed + 1] = entry
  again.resumed = drop_empty(resumed)
  return sealed(again)
end

--- The manifest of a run that ended.
---@param manifest table as `running` made it; left as it is
---@param summary table|nil from fold.read; nil when the record cannot be read
---@param outcome table {status, error?, ended_ms, seconds, confined?, permits?, recipe?, secrets?,
---  tool?}
---@param outputs table|nil list of {path, sha256, size}
---@return table manifest
function M.finish(manifest, summary, outcome, outputs)
  local done = copy(manifest)
  done.status = outcome.status
  done.error = outcome.error
  done.time = {
    started = manifest.time.started,
    ended = tree.iso(outcome.ended_ms),
    seconds = outcome.seconds,
  }
  for _, name in ipairs { 'confined', 'permits', 'recipe', 'secrets', 'tool' } do
    done[name] = outcome[name] or done[name]
  end
  for name, value in pairs(summary and M.derived(summary) or {}) do
    done[name] = value
  end
  done.outputs = drop_empty(outputs)
  return sealed(done)
end

return M
