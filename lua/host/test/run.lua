--- One run of a recipe in a test's lab: what was asked, performed as `tlab run` does, in a world of
--- its own.

local core = require 'core'
local called = require 'host.run.called'
local http = require 'host.test.http'
local lifecycle = require 'host.run.lifecycle'
local read = require 'host.manifest.read'
local recipes = require 'host.run.recipe'
local world = require 'host.test.world'

local M = {}

local SEED = 1 -- of chance; the same whatever the recipe's text is
local MOST_DEEP = 4 -- as core/prim/run_call.c has it

--- A path that a test names lies in a lab, whoever wrote the test.
local function path_in(root, path)
  if path:sub(1, 1) == '/' or ('/' .. path .. '/'):find('/../', 1, true) then
    return nil, { code = 'REFUSED', message = path .. ': expected a path from the lab, without ..' }
  end
  return root .. '/' .. path
end

--- What stands in the place of the command line's files and of standard input.
local function readers(lab, text)
  local function file(path)
    local full, err = path_in(lab.root, path)
    if not full then
      return nil, err
    end
    return core.fs.read(full)
  end
  local function stdin()
    if not text then
      return nil, { code = 'REFUSED', message = 'a test has no standard input' }
    end
    return text
  end
  return file, stdin
end

--- The lab's own file, else the one that tlab has: never one that lies where the test was started.
local function find_recipe(lab, word)
  local name = word:match '^recipes/([%w_-]+)%.lua$' or word
  if not name:find '^[%w_-]+$' then
    return nil, { code = 'ARGUMENT', message = word .. ': expected the name of a recipe' }
  end
  local file = 'recipes/' .. name .. '.lua'
  local path = lab.root .. '/' .. file
  return recipes.find(lab, core.fs.stat(path) and path or core.embedded(file) and file or name)
end

--- The run whose record answers, if the test names one, and its spec.
local function recorded(root, about)
  if not about.record then
    return {}
  end
  local dir, err = path_in(root, about.record)
  local manifest, spec
  if dir then
    manifest, err = read.read(dir)
  end
  if manifest then
    spec, err = core.fs.read(dir .. '/spec.json')
  end
  return spec and { dir = dir, seed = manifest.seed, spec = spec }, err
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
    if err.file == 'standard input' then -- which the test has not seen
      err.file, err.line = nil, nil
    end
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
    if depth == MOST_DEEP then
      return nil, { code = 'LIMIT', message = 'runs call each other too deeply' }
    end
    local result, err = perform(here, {
      recipe = recipe,
      words = { '-' },
      text = core.json.encode(spec or {}),
      allow = current.lent,
      parent = { id = current.id, folder = current.folder, depth = depth + 1 },
    })
    if not result then
      return nil, { code = err.code, message = called.line_of(err) }
    end
    return called.answer_of(result)
  end
  local err
  how.found, err = find_recipe(here.lab, how.recipe)
  if not how.found then
    return nil, err
  end
  how.read, how.stdin = readers(here.lab, how.text)
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
  local words, text = about.spec.words or {}, about.spec.text or old.spec
  if text and #words == 0 then
    words = { '-' }
  end
  local hooks, said = world.new()
  local net = http.new(about.answers, (about.answers or old.dir) ~= nil)
  local result
  result, err = perform({ lab = lab, hooks = hooks, net = net, limits = limits }, {
    recipe = about.recipe,
    words = words,
    text = text,
    allow = about.allow,
    reuse = old.dir,
    seed = about.seed or old.seed or SEED,
  })
  return told(result, err, net, said), nil, result and result.dir
end

return M
