--- The two names of a run: its key ("the same experiment", without a clock) and its id ("this
--- run").

local core = require 'core'
local tree = require 'host.store.tree'

local M = {}

local function digest(value)
  return core.hash.bytes(core.json.encode(value))
end

--- What the key is made of. All of it is known before the run starts. Of git only commit and patch
--- count: a branch's name does not change what the experiment is.
---@param known table {spec = sha256, recipe = sha256, git? = {commit, patch?, …}, flake_lock?}
---@return table key_parts as they stand in the manifest
function M.key_parts(known)
  return {
    spec = known.spec,
    recipe = known.recipe,
    git = known.git and { commit = known.git.commit, patch = known.git.patch },
    flake_lock = known.flake_lock or core.json.null,
  }
end

--- SHA-256 over the canonical JSON of the parts.
---@param key_parts table
---@return string
function M.key(key_parts)
  return digest(key_parts)
end

local SAFE = (1 << 53) - 1

--- The seed of a run that names none: the same experiment has the same one.
---@param key string
---@return integer
function M.seed(key)
  return tonumber(key:sub(1, 14), 16) & SAFE
end

--- SHA-256 over key, nonce and start: no two runs share it, not even within one tick of the clock.
---@param key string
---@param nonce string 16 hex digits
---@param started string as tree.iso writes it
---@return string
function M.id(key, nonce, started)
  return digest { key = key, nonce = nonce, started = started }
end

--- 16 hex digits from the operating system.
---@return string|nil nonce, table|nil err
function M.nonce()
  local bytes, err = core.rand.bytes(8)
  if not bytes then
    return nil, err
  end
  return (bytes:gsub('.', function(c)
    return string.format('%02x', c:byte())
  end))
end

--- The name of the run's folder.
---@param started_ms integer
---@param name string
---@param id string
---@return string
function M.folder_name(started_ms, name, id)
  return tree.run_name(started_ms, name, id)
end

return M
