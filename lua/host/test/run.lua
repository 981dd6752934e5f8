--- One run of a recipe in a test's lab: what was asked, performed as `tlab run` does, in a world of
--- its own.

local core = require 'core'
local http = require 'host.test.http'
local lifecycle = require 'host.run.lifecycle'
local read = require 'host.manifest.read'
local world = require 'host.test.world'

local M = {}

local SEED = 1 -- of chance; the same whatever the recipe's text is

--- The words that the spec comes from.
local function words_of(lab, spec)
  if spec.words then
    local words = {}
    for i, word in ipairs(spec.words) do
      local inside = not word:find '^/' and core.fs.stat(lab.root .. '/' .. word)
      words[i] = inside and lab.root .. '/' .. word or word
    end
    return words
  elseif not spec.text then
    return {}
  end
  local path = lab.root .. '/spec.json'
  local ok, err = core.fs.write(path, spec.text)
  return ok and { path }, err
end

--- The run whose record answers, if the test names one.
local function recorded(root, about)
  if not about.record then
    return {}
  end
  local dir = about.record:sub(1, 1) == '/' and about.record or root .. '/' .. about.record
  local manifest, err = read.read(dir)
  return manifest and { dir = dir, seed = manifest.seed }, err
end

local function names_of(manifest)
  local names = core.json.array {}
  for _, output in ipairs(manifest.outputs or {}) do
    names[#names + 1] = output.path ~= 'spec.json' and output.path or nil
  end
  return names
end

--- What the test is told.
local function told(result, err, net, said)
  local manifest = result and result.manifest
  if result then
    err = manifest.error
  end
  return {
    status = manifest and manifest.status or 'failed',
    error = err,
    outputs = manifest and names_of(manifest) or core.json.array {},
    metrics = manifest and manifest.metrics or {},
    manifest = manifest,
    requests = net.requests,
    unexpected = net.unexpected,
    said = said,
  }
end

--- Runs it.
---@param lab table of the test
---@param about table {recipe, spec, answers?, record?, allow?, seed?}
---@param root string the lab that is tested
---@param limits table?
---@return table|nil told {status, error?, outputs, metrics, manifest?, requests, unexpected?, said}
---@return table|nil err
---@return string|nil dir the run's folder
function M.run(lab, about, root, limits)
  local old, err = recorded(root, about)
  local words
  if old then
    words, err = words_of(lab, about.spec)
  end
  if not words then
    return nil, err
  end
  if old.dir and #words == 0 then
    words[1] = old.dir .. '/spec.json'
  end
  local current
  local hooks, said = world.new()
  local more, net = http.new(about.answers, (about.answers or old.dir) ~= nil, function()
    return current
  end)
  for op, hook in pairs(more) do
    hooks[op] = hook
  end
  local result
  result, err = lifecycle.run {
    lab = lab,
    recipe = about.recipe,
    words = words,
    allow = about.allow,
    reuse = old.dir,
    seed = about.seed or old.seed or SEED,
    limits = limits,
    no_input = true,
    hooks = hooks,
    began = function(run)
      current = run
    end,
  }
  return told(result, err, net, said), nil, result and result.dir
end

return M
