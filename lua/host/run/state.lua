--- What is known before a run starts: the lab's git state, pins, tool and machine.

local core = require 'core'

local M = {}

--- Never part of the git state: the lab's own output and its secrets. After '~' patterns of paths;
--- after '/' rules of gitignore, so that what is left out is not walked either.
local EXCLUDED = {
  '/**/[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]/',
  '/**/.tlab/',
  '~(^|/)[.]tlab/',
  '~(^|/)[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]/',
  '~(^|/)latest$',
  '~(^|/)runs[.]csv$',
  '~(^|/)secrets/',
}

--- Whether a folder or one above it holds a repository: cheaper to see than to open libgit2.
local function in_repository(dir)
  while dir do
    if core.fs.stat(dir .. '/.git') then
      return true
    end
    dir = dir ~= '' and dir:match('^(.*)/') or nil
  end
  return false
end

--- Commit, branch, description, and the patch from the commit to the working tree.
---@param lab table
---@return table|nil git nil when the lab is in no repository
---@return string|nil patch its text, when the tree is dirty
---@return table|nil err
function M.git(lab)
  if not in_repository(lab.root) then
    return nil
  end
  local exclude = {}
  for _, pattern in ipairs(EXCLUDED) do
    exclude[#exclude + 1] = pattern
  end
  for _, pattern in ipairs(lab.config.git and lab.config.git.exclude or {}) do
    exclude[#exclude + 1] = pattern
  end
  local found, err = core.git.state(lab.root, exclude)
  if not found then
    if err.code == 'NOT_FOUND' then
      return nil
    end
    return nil, nil, err
  end
  local head, patch = found.head, found.patch
  local git = {
    commit = head.commit,
    branch = head.branch,
    describe = found.describe,
    dirty = patch.patch ~= '',
  }
  if patch.patch == '' then
    return git
  end
  git.patch = { sha256 = core.hash.bytes(patch.patch), size = #patch.patch }
  return git, patch.patch
end

local function word(value)
  return type(value) == 'string' and value ~= '' and value or nil
end

--- Nobody says that nix wrote the file: what is no word is left out.
local function inputs_of(lock)
  local list = core.json.array {}
  for name, node in pairs(type(lock.nodes) == 'table' and lock.nodes or {}) do
    local locked = type(node) == 'table' and node.locked
    if type(locked) == 'table' and word(name) then
      list[#list + 1] = { name = name, rev = word(locked.rev) or word(locked.narHash) }
    end
  end
  return list
end

--- flake.lock's digest and what it pins; nil without one.
---@param lab table
---@return table|nil pins {flake_lock, inputs}
function M.pins(lab)
  local text = core.fs.read(lab.root .. '/flake.lock')
  if not text then
    return nil
  end
  local lock = core.json.decode(text)
  return {
    flake_lock = core.hash.bytes(text),
    inputs = type(lock) == 'table' and inputs_of(lock) or nil,
  }
end

--- tlab, its library, the libraries it has loaded so far, the machine without its name, and whether
--- it is root's run.
---@return table
function M.tool()
  local info = core.sys.info() or {}
  local libraries = info.libraries or {}
  libraries.lua = core.lua_version
  local root = info.root
  info.libraries, info.root = nil, nil
  return {
    tlab = core.version,
    root = root,
    library = core.library_digest(),
    libraries = libraries,
    machine = info,
  }
end

return M
