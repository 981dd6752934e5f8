--- All that is known before a run has a folder: its recipe's declaration, spec, key, the lab's
--- state, permits. Nothing is written.

local core = require 'core'
local ids = require 'host.manifest.ids'
local day = require 'host.run.day'
local declaration = require 'host.spec.declaration'
local load = require 'host.spec.load'
local needs = require 'host.spec.needs'
local permits = require 'host.run.permits'
local recipes = require 'host.run.recipe'
local state = require 'host.run.state'

local M = {}

local LIMITS = { cpu_seconds = 300, memory = 512 << 20, seconds = 0 }

--- The limits of a run: the command line's, else the lab's, else these.
---@param lab table
---@param given table|nil
---@return table {cpu_seconds, memory, seconds}
function M.limits(lab, given)
  local limits = {}
  for name, value in pairs(LIMITS) do
    limits[name] = given and given[name] or lab.config.limits and lab.config.limits[name] or value
  end
  return limits
end

--- The spec, held against what the recipe says of it and completed.
local function read_spec(how, decl, recipe)
  if how.seen and decl.place == 'day' then
    return nil, { code = 'USAGE', message = 'a day is made once: --watch would not run it again' }
  end
  local validator, err = recipes.validator(how.lab, decl, recipe.file, how.seen)
  if err then
    return nil, err
  end
  local spec
  spec, err = load.read {
    words = how.words,
    lab = how.lab,
    schema = validator,
    read = how.read,
    stdin = how.stdin,
  }
  local ok = spec
  if spec and decl.place == 'day' then
    ok, err = day.put_date(spec.value)
  end
  return ok and spec, err
end

--- The needs that a recipe declares; a session, which declares none, may come to want any secret.
local function all_of(how, declared)
  if not how.undeclared then
    return declared
  end
  local secret = core.json.array {}
  for name in pairs(how.lab.config.secrets) do
    secret[#secret + 1] = name
  end
  return { secret = secret }
end

--- Has the worker declare the recipe, reads the spec, and looks at the lab.
---@param how table of lifecycle.run
---@param session table core.session
---@param recipe table of recipe.find
---@param modules table[] those the recipe required, as recipe.modules collects them
---@param limits table
---@return table|nil run
---@return table|nil err
function M.run(how, session, recipe, modules, limits)
  local lab = how.lab
  local decl, err = recipes.declare(session, recipe)
  if not decl then
    return nil, err
  end
  local spec
  spec, err = read_spec(how, decl, recipe)
  if not spec then
    return nil, err
  end
  local needed
  needed, err = needs.resolve(all_of(how, decl.needs), spec.value, lab.config)
  if not needed then
    err.file, err.line = recipe.file, declaration.line(recipe.source, 'needs')
    return nil, err
  end
  local git, patch
  git, patch, err = state.git(lab)
  if err then
    return nil, err
  end
  local pins = state.pins(lab)
  local spec_text = core.json.encode(spec.value)
  local parts = ids.key_parts {
    spec = core.hash.bytes(spec_text),
    recipe = recipe.sha256,
    git = git,
    flake_lock = pins and pins.flake_lock,
  }
  local allow, deny = permits.merge(lab, how.allow)
  local lent = permits.copy(allow) -- what the person grants this run is not for others
  if not how.no_input then
    permits.ask_missing(decl, needed, allow)
  end
  local key = ids.key(parts)
  return {
    lab = lab,
    decl = decl,
    recipe = recipe,
    modules = modules,
    spec = spec,
    spec_text = spec_text,
    git = git,
    patch = patch,
    pins = pins,
    key_parts = parts,
    key = key,
    seed = how.seed or ids.seed(key),
    replay_of = how.replay_of,
    needs = needed,
    allow = allow,
    deny = deny,
    lent = lent,
    limits = limits,
    parent = how.parent,
  }
end

return M
