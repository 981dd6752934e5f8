--- Runs made by hand for the tests of host.diff.
--
--   local make = require 'diff_make'
--   make.run('tmp-x/a', { spec = { n = 1 } })     a whole run with that spec, and all else as usual

local core = require 'core'
local build = require 'host.manifest.build'
local fold = require 'host.manifest.fold'
local ids = require 'host.manifest.ids'
local outputs = require 'host.manifest.outputs'

local M = {}

local array = core.json.array
local sha = core.hash.bytes

function M.put(path, text)
  core.fs.parents((path:match('^(.*)/')))
  assert(core.fs.replace(path, text))
end

function M.line(value)
  return core.json.encode(value) .. '\n'
end

--- A line of a record: effect n, answered at once.
function M.effect(n, op, args, result, more)
  local effect = { n = n, op = op, args = array(args), result = result, at = n, task = 0, took = 1 }
  for name, value in pairs(more or {}) do
    effect[name] = value
  end
  return effect
end

--- What a record has in the place of long bytes.
function M.blob(text)
  return { ['$blob'] = sha(text), size = #text }
end

local function defaults(how)
  local all = {
    spec = { word = 'two' },
    recipe = 'return {}\n',
    modules = { ['tlab.text'] = 'return 1\n' },
    permits = { needs = { net = array { 'h:1' } }, allowed = {}, denied = {} },
    limits = { seconds = 0, cpu_seconds = 300, memory = 1 },
    tool = { tlab = '0.1.0', library = ('0'):rep(64), libraries = { lua = '5.4.4' } },
    confined = { seccomp = true },
    lab_prices = {},
    lines = { M.effect(1, 'env.get', { 'HOME' }, '/root') },
    outputs = { ['out.txt'] = 'one\ntwo\n' },
    blobs = {},
    status = 'succeeded',
    seconds = 1,
    nonce = '0123456789abcdef',
    started_ms = 1795348981123,
    name = 'demo',
  }
  for name, value in pairs(how) do
    all[name] = value
  end
  return all
end

local function write_files(dir, all, spec)
  M.put(dir .. '/spec.json', spec .. '\n')
  M.put(dir .. '/record/recipe/recipe.lua', all.recipe)
  for path, text in pairs(all.outputs) do
    M.put(dir .. '/' .. path, text)
  end
  local lines = {}
  for i, each in ipairs(all.lines) do
    lines[i] = M.line(each)
  end
  M.put(dir .. '/record/effects.jsonl', table.concat(lines))
  for _, text in ipairs(all.blobs) do
    M.put(dir .. '/record/blobs/' .. sha(text), text)
  end
  local modules = array {}
  for name, text in pairs(all.modules) do
    M.put(dir .. '/record/recipe/' .. name:gsub('%.', '/') .. '.lua', text)
    modules[#modules + 1] = { name = name, origin = 'embedded', sha256 = sha(text) }
  end
  return modules
end

local function git_of(dir, git)
  if not (git and git.patch) then
    return git
  end
  M.put(dir .. '/record/blobs/' .. sha(git.patch), git.patch)
  return {
    commit = git.commit,
    branch = git.branch,
    dirty = true,
    patch = { sha256 = sha(git.patch), size = #git.patch },
  }
end

--- Writes the manifest anew with another content.
function M.seal(dir, manifest)
  manifest.digest = build.digest(manifest)
  M.put(dir .. '/run.json', M.line(manifest))
end

--- Makes a run's folder.
---@param dir string
---@param how? table what is other than usual; running = true: it never ended
---@return table manifest
function M.run(dir, how)
  local all = defaults(how or {})
  core.fs.purge(dir)
  local spec = core.json.encode(all.spec)
  local modules = write_files(dir, all, spec)
  local git = git_of(dir, all.git)
  local parts = ids.key_parts {
    spec = sha(spec),
    recipe = sha(all.recipe),
    git = git,
    flake_lock = all.pins and all.pins.flake_lock,
  }
  local key = ids.key(parts)
  local id = ids.id(key, all.nonce, '2026-11-22T12:03:01.123Z')
  local name = '120301Z-demo-' .. id:sub(1, 8)
  local manifest = build.running {
    id = id,
    key = key,
    key_parts = parts,
    nonce = all.nonce,
    name = name,
    place = all.place,
    folder = all.folder or '2026/11/22/ai-team/artifacts/' .. name,
    seed = all.seed or ids.seed(key),
    started_ms = all.started_ms,
    spec = { sha256 = sha(spec), from = array {} },
    recipe = {
      name = all.name,
      file = 'recipes/demo.lua',
      sha256 = sha(all.recipe),
      origin = 'lab',
      modules = not all.running and modules or nil,
    },
    git = git,
    pins = all.pins,
    tool = all.tool,
    limits = all.limits,
    permits = all.permits,
    confined = all.confined,
    lab_prices = all.lab_prices,
  }
  if not all.running then
    manifest = build.finish(manifest, assert(fold.read(dir)), {
      status = all.status,
      error = all.error,
      ended_ms = all.started_ms + 1000,
      seconds = all.seconds,
    }, assert(outputs.list(dir)))
  end
  M.seal(dir, manifest)
  return manifest
end

return M
