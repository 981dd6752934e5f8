--- The parts that stand in the manifest: each is a list of changes.

local form = require 'host.diff.form'
local ids = require 'host.manifest.ids'
local values = require 'host.diff.values'

local M = {}

local FAMILIES = { 'call', 'env', 'net', 'read', 'run', 'secret' }

--- flake.lock, and what it pins by name.
function M.pins(a, b)
  local function of(m)
    local pins = m.pins or {}
    local inputs = {}
    for _, input in ipairs(pins.inputs or {}) do
      inputs[input.name] = input.rev or ''
    end
    return { flake_lock = pins.flake_lock, inputs = inputs }
  end
  return { changes = values.changes(of(a.m), of(b.m)) }
end

--- What the run might touch, in any order, and its limits.
function M.permits(a, b)
  local changes = {}
  for _, side in ipairs { 'needs', 'allowed', 'denied' } do
    local x, y = (a.m.permits or {})[side] or {}, (b.m.permits or {})[side] or {}
    for _, family in ipairs(FAMILIES) do
      values.add(changes, values.sets(x[family], y[family], '/' .. side .. '/' .. family))
    end
  end
  values.add(changes, values.changes(a.m.limits or {}, b.m.limits or {}, '/limits'))
  return { changes = changes }
end

--- What ran it, and what the kernel took away. A library is opened on first use, so one that only
--- one of the runs has opened is no difference.
function M.tool(a, b)
  local function of(m, other)
    local libraries, theirs = {}, other.tool.libraries or {}
    for name, version in pairs(m.tool.libraries or {}) do
      libraries[name] = theirs[name] and version
    end
    return {
      tlab = m.tool.tlab,
      library = m.tool.library,
      libraries = libraries,
      machine = m.tool.machine,
      confined = m.confined,
    }
  end
  return { changes = values.changes(of(a.m, b.m), of(b.m, a.m)) }
end

--- A run that was given no seed has the one that its key makes.
local function has_own_seed(m)
  return m.seed ~= ids.seed(m.key)
end

--- What was asked of which model, and which answered. Seeds that both keys made differ since the
--- experiment does: they are no difference of their own.
function M.model(a, b)
  local by_key = a.m.key ~= b.m.key and not has_own_seed(a.m) and not has_own_seed(b.m)
  local function of(m)
    return {
      models = m.models,
      params = m.params,
      seed = not by_key and m.seed or nil,
      seeds = not by_key and m.seeds or nil,
    }
  end
  return { changes = values.changes(of(a.m), of(b.m)) }
end

--- Files that were read from outside the run's folder.
function M.inputs(a, b)
  local function of(m)
    local lists, map = {}, {}
    for _, input in ipairs(m.inputs or {}) do
      local place = form.place(input.path, m)
      lists[place] = lists[place] or {}
      table.insert(lists[place], input.sha256)
    end
    for place, list in pairs(lists) do
      table.sort(list)
      map[place] = table.concat(list, ' ')
    end
    return map
  end
  return { changes = values.changes(of(a.m), of(b.m)) }
end

--- How it ended.
function M.status(a, b)
  local function of(m)
    local err = m.error or {}
    return {
      status = m.status,
      error = {
        code = err.code,
        message = err.message,
        place = err.file and err.file .. (err.line and ':' .. err.line or ''),
      },
    }
  end
  return { changes = values.changes(of(a.m), of(b.m)) }
end

function M.metrics(a, b)
  return { changes = values.changes(a.m.metrics or {}, b.m.metrics or {}) }
end

function M.tokens(a, b)
  return { changes = values.changes(a.m.tokens or {}, b.m.tokens or {}) }
end

--- What it cost, and by which prices.
function M.cost(a, b)
  local changes = values.changes(a.m.cost or {}, b.m.cost or {})
  local prices = values.changes(a.m.lab_prices or {}, b.m.lab_prices or {}, '/lab_prices')
  return { changes = values.add(changes, prices) }
end

--- How long it took: told, and never a difference.
function M.time(a, b)
  return {
    beside = values.changes(a.m.time.seconds, b.m.time.seconds, '/seconds'),
    uncounted = true,
  }
end

return M
