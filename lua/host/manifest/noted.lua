--- What run:note says of a run, by its kind. Pure.

local core = require 'core'

local M = {}

--- A value as the recipe gave it: {"$num": "2"} is the float 2.0, {"$int": …} an integer beyond
--- 2^53, "$$x" the key "$x". What JSON cannot hold (NaN, infinities, huge integers) stays as its
--- text.
---@param value any of a line of the record; changed
---@return any
function M.restore(value)
  if type(value) ~= 'table' then
    return value
  end
  if value['$num'] then
    local number = tonumber(value['$num'])
    return number and number - number == 0 and number or value['$num']
  elseif value['$int'] then
    return value['$int']
  end
  local escaped = {}
  for key, below in pairs(value) do
    value[key] = M.restore(below)
    if type(key) == 'string' and key:sub(1, 2) == '$$' then
      escaped[#escaped + 1] = key
    end
  end
  for _, key in ipairs(escaped) do
    value[key:sub(2)], value[key] = value[key], nil
  end
  return value
end

--- Appends what is not there yet; equal means equal canonical JSON.
local function add_once(list, seen, value)
  local key = core.json.encode(value)
  if not seen[key] then
    seen[key] = true
    list[#list + 1] = value
  end
end

--- What each kind of run.note adds. Other kinds, and notes of another form than the manifest's
--- schema has, stay in the record only: a recipe's slip must not cost the run its manifest.
local notes = {}

function notes.model(state, value)
  for _, field in ipairs { 'asked', 'answered', 'fingerprint' } do
    if value[field] ~= nil and type(value[field]) ~= 'string' then
      return
    end
  end
  add_once(state.models, state.seen.models, value)
end

function notes.seed(state, value)
  if math.type(value.seed) == 'integer' then
    add_once(state.seeds, state.seen.seeds, value.seed)
  end
end

function notes.tag(state, value)
  if value.tag ~= nil then
    add_once(state.tags, state.seen.tags, value.tag)
  end
end

function notes.usage(state, value)
  state.tokens = state.tokens or { input = 0, output = 0 }
  for _, kind in ipairs { 'input', 'output', 'cached' } do
    if math.type(value[kind]) == 'integer' and value[kind] >= 0 then
      state.tokens[kind] = (state.tokens[kind] or 0) + value[kind]
    end
  end
end

function notes.cost(state, value)
  if
    type(value.amount) == 'number'
    and value.amount >= 0
    and type(value.currency) == 'string'
    and value.currency ~= ''
  then
    state.costs[value.currency] = (state.costs[value.currency] or 0) + value.amount
  end
end

function notes.metric(state, value)
  if type(value.name) == 'string' and value.value ~= nil then
    state.metrics[value.name] = value.value
  end
end

function notes.log(state)
  state.log = (state.log or 0) + 1
end

function notes.params(state, value)
  for name, of in pairs(value) do
    state.params[name] = of
  end
end

--- Adds what one note says.
---@param state table of host.manifest.fold
---@param kind any
---@param value any in its recorded form; changed
function M.add(state, kind, value)
  local note = notes[kind]
  if note and type(value) == 'table' then
    note(state, M.restore(value))
  end
end

return M
