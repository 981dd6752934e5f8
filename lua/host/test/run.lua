--- One run of a recipe in a test's lab: what was asked, performed as `tlab run` does, in a world of
--- its own.

local core = require 'core'
local called = require 'host.run.called'
local http = require 'host.test.http'
local lifecycle = require 'host.run.lifecycle'
local read = require 'host.manifest.read'
local world = require 'host.test.world'

local M = {}

local SEED = 1 -- of chance; the same whatever the recipe's text is
local MOST_DEEP = 4 -- as core/prim/run_call.c has it

--- The words that the spec comes from, and what stands in the place of standard input.
local function words_of(lab, spec)
  if spec.text then
    return { '-' }, function()
      return spec.text
    end
  end
  local words = {}
  for i, word in ipairs(spec.words or {}) do
    local inside = not word:find '^/' and core.fs.stat(lab.root .. '/' .. word)
    words[i] = inside and lab.root .. '/' .. word or word
  end
  return words
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
  else
    err.message = called.line_of(err)
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

--- Runs a recipe in the world of the test; the runs that it calls have the same one, and no process
--- of their own, which would be out of the test's reach.
local function perform(here, how)
  local current
  local hooks = http.hooks(here.net, function()
    return current
  end)
  for op, hook in pairs(here.hooks) do
    hooks[op] = hook
  end
  hooks['run.call'] = function(recipe, spec)
    local depth = current.parent and current.parent.depth or 0
    if not recipe:find '^[%w_-]+$' then
      return nil, { code = 'ARGUMENT', message = 'run.call takes the name of a recipe of the lab' }
    elseif depth == MOST_DEEP then
      return nil, { code = 'LIMIT', message = 'runs call each other too deeply' }
    end
    local result, err = perform(here, {
      recipe = 'recipes/' .. recipe .. '.lua',
      words = { '-' },
      stdin = function()
        return core.json.encode(spec or {})
      end,
      allow = current.lent,
      parent = { id = current.id, folder = current.folder, depth = depth + 1 },
    })
    if not result then
      return nil, { code = err.code, message = called.line_of(err) }
    end
    return called.answer_of(result)
  end
  how.lab, how.limits, how.hooks, how.no_input = here.lab, here.limits, hooks, true
  function how.began(run)
    current = run
  end
  return lifecycle.run(how)
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
  if not old then
    return nil, err
  end
  local words, stdin = words_of(lab, about.spec)
  if old.dir and #words == 0 then
    words[1] = old.dir .. '/spec.json'
  end
  local hooks, said = world.new()
  local net = http.new(about.answers, (about.answers or old.dir) ~= nil)
  local result
  result, err = perform({ lab = lab, hooks = hooks, net = net, limits = limits }, {
    recipe = about.recipe,
    words = words,
    stdin = stdin,
    allow = about.allow,
    reuse = old.dir,
    seed = about.seed or old.seed or SEED,
  })
  return told(result, err, net, said), nil, result and result.dir
end

return M
