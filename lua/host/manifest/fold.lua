--- From a record to what it says: the derived half of a manifest.
--
-- One pass over record/effects.jsonl. What is returned here and what `build.derived` makes of it is
-- the only source of the manifest's counts, models, tokens, costs, metrics and inputs.

local core = require 'core'
local lines = require 'host.manifest.lines'
local noted = require 'host.manifest.noted'
local programs = require 'host.manifest.programs'

local M = {}

--- Permits refused, and what no permit can allow.
local REFUSALS = { NOT_PERMITTED = true, REFUSED = true }

local function invalid(line, what)
  return nil,
    {
      code = 'INVALID',
      message = string.format('record/effects.jsonl line %d: %s', line, what),
      line = line,
    }
end

--- Collects every {"$blob": sha256, "size": n} below a value.
---@param value any
---@param blobs table<string, integer> sha256 → size
local function collect_blobs(value, blobs)
  if type(value) ~= 'table' then
    return
  end
  if type(value['$blob']) == 'string' then
    blobs[value['$blob']] = value.size
    return
  end
  for _, below in pairs(value) do
    collect_blobs(below, blobs)
  end
end

--- Sums of money to the billionth, so that 0.1 + 0.2 reads 0.3.
local function money(amount)
  return math.floor(amount * 1e9 + 0.5) / 1e9
end

local function size_and_hash(value)
  if type(value) == 'string' then
    return core.hash.bytes(value), #value
  end
  if type(value) ~= 'table' then
    return nil
  end
  return value['$blob'] or value.sha256, value.size
end

--- Operations that take the bytes of a file into the run; each names the file by its first
--- argument.
local READING = { ['fs.read'] = true, ['hash.file'] = true, ['fs.copy'] = true }

--- Operations that change what a file of the run is.
local CHANGING = {
  ['fs.write'] = true,
  ['fs.extend'] = true,
  ['fs.copy'] = true,
  ['fs.remove'] = true,
  ['fs.mkdir'] = true,
}

--- Paths outside the run's folder: in the lab, or absolute.
---@param path any
---@return boolean
function M.is_outside(path)
  return type(path) == 'string' and (path:sub(1, 4) == 'lab:' or path:sub(1, 1) == '/')
end

local function add_input(state, path, result)
  local sha256, size = size_and_hash(result)
  if type(sha256) ~= 'string' then
    return
  end
  local key = path .. '\0' .. sha256
  if not state.seen.inputs[key] then
    state.seen.inputs[key] = true
    state.inputs[#state.inputs + 1] = { path = path, sha256 = sha256, size = size }
  end
end

--- A run that this one called, by the answer of run.call.
local function add_call(state, recipe, run)
  if type(recipe) == 'string' and type(run) == 'table' and type(run.id) == 'string' then
    state.calls[#state.calls + 1] =
      { id = run.id, folder = run.folder, recipe = recipe, status = run.status }
  end
end

--- An effect that was asked: by its own line, or as the first half of two.
local function asked(state, effect, line)
  if state.asked[effect.n] then
    return invalid(line, 'effect ' .. effect.n .. ' is there twice')
  end
  state.asked[effect.n] = true
  state.count = state.count + 1
  state.by_op[effect.op] = (state.by_op[effect.op] or 0) + 1
  return true
end

--- A file that was copied into the run from outside of it is kept in the record as well.
local function remember_copied(state, from, digest)
  local outside = type(from) == 'string' and (from:find '^/' or from:find '^lab:')
  if outside and type(digest) == 'table' and type(digest.sha256) == 'string' then
    state.blobs[digest.sha256] = digest.size
  end
end

--- What the run's files last were, as far as the record says: written by the recipe, or removed;
--- and its folders.
local function remember_file(state, effect, answer)
  local path, digest = effect.args[1], nil
  if effect.op == 'fs.mkdir' or effect.op == 'fs.remove' then
    state.folders[path] = effect.op == 'fs.mkdir' or nil
  end
  if effect.op == 'fs.write' then
    digest = effect.args[2]
  elseif effect.op == 'fs.extend' then
    digest = answer.result
  elseif effect.op == 'fs.copy' then
    path, digest = effect.args[2], answer.result
    remember_copied(state, effect.args[1], digest)
  end
  if type(path) == 'string' then
    state.written[path] = type(digest) == 'table' and (digest['$sha256'] or digest.sha256) or nil
    state.sizes[path] = type(digest) == 'table' and digest.size or nil
  end
end

--- An effect that was answered. `effect` holds what was asked, `answer` the result or error.
local function answered(state, effect, answer)
  if answer.error ~= nil then
    local code = type(answer.error) == 'table' and answer.error.code
    local counter = REFUSALS[code] and 'refused' or 'failed'
    state[counter] = state[counter] + 1
    return
  end
  if CHANGING[effect.op] then
    remember_file(state, effect, answer)
  end
  if READING[effect.op] then
    if M.is_outside(effect.args[1]) then
      add_input(state, effect.args[1], answer.result)
    end
  elseif effect.op == 'run.call' then
    add_call(state, effect.args[1], answer.result)
  elseif effect.op == 'proc.run' then
    programs.add(state.programs, effect.args, answer.result)
  elseif effect.op == 'run.note' then
    noted.add(state, effect.args[1], effect.args[2])
  end
end

local function take_line(state, text, number)
  local line, err = core.json.decode(text)
  if line == nil then
    return invalid(number, err.message)
  end
  if type(line) ~= 'table' or math.type(line.n) ~= 'integer' then
    return invalid(number, 'not an effect: a map with the number "n" is expected')
  end
  if text:find('"$blob"', 1, true) then
    collect_blobs(line.args, state.blobs)
    collect_blobs(line.result, state.blobs)
  end
  if line.op ~= nil then
    if type(line.op) ~= 'string' or type(line.args) ~= 'table' then
      return invalid(number, 'an operation and its list of arguments are expected')
    end
    local ok, why = asked(state, line, number)
    if not ok then
      return nil, why
    end
    if line.took ~= nil then
      answered(state, line, line)
    else
      state.open[line.n] = line
    end
    return true
  end
  if not state.open[line.n] then
    return invalid(number, 'an answer to effect ' .. line.n .. ', which is not waiting for one')
  end
  local effect = state.open[line.n]
  state.open[line.n] = nil
  answered(state, effect, line)
  return true
end

local function new_state()
  return {
    count = 0,
    failed = 0,
    refused = 0,
    by_op = {},
    asked = {},
    open = {},
    blobs = {},
    written = {},
    sizes = {},
    folders = {},
    models = {},
    seeds = {},
    tags = {},
    inputs = {},
    programs = {},
    calls = core.json.array {},
    params = {},
    metrics = {},
    costs = {},
    seen = { models = {}, seeds = {}, tags = {}, inputs = {} },
  }
end

--- One currency is the cost; with several none is, and each sum is a metric of its own.
local function settle_costs(state)
  local currencies = {}
  for currency in pairs(state.costs) do
    currencies[#currencies + 1] = currency
  end
  if #currencies == 1 then
    return { amount = money(state.costs[currencies[1]]), currency = currencies[1] }
  end
  for _, currency in ipairs(currencies) do
    state.metrics['cost_' .. currency] = money(state.costs[currency])
  end
  return nil
end

local function summary_of(state)
  local open = {}
  for n in pairs(state.open) do
    open[#open + 1] = n
  end
  table.sort(open)
  table.sort(state.inputs, function(a, b)
    return a.path < b.path or a.path == b.path and a.sha256 < b.sha256
  end)
  return {
    effects = {
      count = state.count,
      failed = state.failed,
      refused = state.refused,
      by_op = state.by_op,
    },
    cost = settle_costs(state),
    models = state.models,
    params = state.params,
    seeds = state.seeds,
    tokens = state.tokens,
    metrics = state.metrics,
    log = state.log,
    tags = state.tags,
    inputs = state.inputs,
    programs = programs.list(state.programs),
    calls = state.calls,
    blobs = state.blobs,
    written = state.written,
    sizes = state.sizes,
    folders = state.folders,
    open = open,
    torn = state.torn,
  }
end

M.collect_blobs = collect_blobs

local function fold(next_part)
  local state = new_state()
  local rest, err = lines.each(next_part, function(line, number)
    return take_line(state, line, number)
  end)
  if not rest then
    return nil, err
  end
  state.torn = rest ~= '' or nil
  return summary_of(state)
end

--- Folds the text of a record. A last line without its newline is what a full disk or a kill leaves
--- behind: it is no effect, and `torn` says that it is there.
---@param text string
---@return table|nil summary {effects, models, params, seeds, tokens?, cost?, metrics, log?, tags,
---  inputs, programs, calls, blobs = {sha256 → size}, written = {path → sha256}, sizes = {path →
---  bytes}, folders = {path → true}, open = numbers asked and never answered, torn}
---@return table|nil err
function M.text(text)
  return fold(lines.text(text))
end

--- Folds the record of a run's folder; effects.record is its hash and size.
---@param run_dir string
---@return table|nil summary, table|nil err
function M.read(run_dir)
  local path = run_dir .. '/record/effects.jsonl'
  local summary, err = fold(lines.file(path))
  if not summary then
    return nil, err
  end
  summary.effects.record, err = core.hash.file(path)
  return summary.effects.record and summary, err
end

return M
