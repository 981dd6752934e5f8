--- Why two runs differ, part by part in the order a person asks, and the verdict. What counts
--- stands in docs/2-use/DIFF.md.

local core = require 'core'
local effects = require 'host.diff.effects'
local fields = require 'host.diff.fields'
local given = require 'host.diff.given'
local outputs = require 'host.diff.outputs'
local source = require 'host.diff.source'

local M = {}

M.SCHEMA = 'tlab.diff/1'

--- The parts: what the runs were given and what ran them, then what came of it.
local PARTS = {
  { 'spec', given.spec },
  { 'recipe', given.recipe },
  { 'code', given.code },
  { 'pins', fields.pins },
  { 'permits', fields.permits },
  { 'tool', fields.tool },
  { 'model', fields.model },
  { 'inputs', fields.inputs },
  { 'status', fields.status, came = true },
  { 'effects', effects.part, came = true },
  { 'outputs', outputs, came = true },
  { 'metrics', fields.metrics, came = true },
  { 'tokens', fields.tokens, came = true },
  { 'cost', fields.cost, came = true },
  { 'time', fields.time, came = true },
}

local function compare_part(row, a, b)
  local part, err = row[2](a, b)
  part = part or { trouble = err }
  part.name = row[1]
  if not err and not part.uncounted then
    part.differs = #(part.changes or {}) > 0 or #(part.files or {}) > 0 or part.first ~= nil
  end
  return part
end

--- "a", "a and b", "a, b and c".
local function enumerate(names)
  if #names < 2 then
    return names[1] or ''
  end
  return table.concat(names, ', ', 1, #names - 1) .. ' and ' .. names[#names]
end

--- The one line after which a person can stop reading.
---@param result table
---@return string
function M.verdict(result)
  local was, came, unknown = {}, {}, {}
  for i, part in ipairs(result.parts) do
    local list = part.trouble and unknown or part.differs and (PARTS[i].came and came or was) or nil
    if list then
      list[#list + 1] = part.name
    end
  end
  local text
  if result.same_experiment then
    text = string.format('same experiment (key %s)', result.a.key:sub(1, 12))
    text = text .. (#was > 0 and ', different ' .. enumerate(was) or '')
  else
    text = 'different ' .. (#was > 0 and enumerate(was) or 'experiment')
  end
  text = text .. (#was > 0 and '; ' or ', ')
  if #came > 0 then
    text = text .. 'different answers: ' .. enumerate(came)
  elseif #unknown == 0 then
    text = text .. 'same answers'
  end
  if #unknown > 0 then
    text = text .. (#came > 0 and '; ' or '') .. 'not compared: ' .. enumerate(unknown)
  end
  return text
end

local function head(run)
  local m = run.m
  return {
    id = m.id,
    key = m.key,
    recipe = m.recipe.name,
    status = m.status,
    started = m.time.started,
    seconds = m.time.seconds,
    folder = run.dir,
    replay_of = m.replay_of,
  }
end

--- Compares two runs.
---@param dir_a string
---@param dir_b string
---@return table|nil result {same, same_experiment, verdict, a, b, parts, trouble? = the first error
---  that kept a part from being compared}
---@return table|nil err when a run cannot be read at all
function M.run(dir_a, dir_b)
  local a, err = source.open(dir_a)
  if not a then
    return nil, err
  end
  local b
  b, err = source.open(dir_b)
  if not b then
    return nil, err
  end
  local result = {
    schema = M.SCHEMA,
    same = true,
    same_experiment = a.m.key == b.m.key,
    a = head(a),
    b = head(b),
    differs = core.json.array {},
    parts = core.json.array {},
  }
  for i, row in ipairs(PARTS) do
    local part = compare_part(row, a, b)
    result.parts[i] = part
    result.trouble = result.trouble or part.trouble
    if part.differs then
      result.differs[#result.differs + 1] = part.name
    end
  end
  result.same = #result.differs == 0 and not result.trouble
  result.verdict = M.verdict(result)
  return result
end

return M
