--- What of an effect counts when two runs are compared. Left out is what is time, place or chance,
--- and what a part of its own tells: the files that were written (outputs) or read (inputs), and
--- models, seeds, tokens, costs and metrics.

local core = require 'core'

local M = {}

--- Pieces of a stream belong to the effect that opened it.
M.PIECE = { ['http.next'] = true, ['http.close'] = true }

--- Answers that are time or chance and nothing else.
M.CHANCE = { ['clock.now'] = true, ['clock.monotonic'] = true, ['rand.bytes'] = true }

--- Answers that a part of its own tells.
local TOLD = { ['fs.write'] = true, ['fs.copy'] = true }
local READING = { ['fs.read'] = true, ['hash.file'] = true }

--- Notes that a part of its own tells.
local NOTES = { model = true, usage = true, cost = true, seed = true, metric = true, params = true }

--- Members of an answer that are time or place.
local FLEETING = {
  ['http.send'] = { 'ms', 'first_byte_ms', 'address' },
  ['http.open'] = { 'ms', 'first_byte_ms', 'address', 'handle' },
  ['proc.run'] = { 'ms' },
  ['fs.stat'] = { 'modified_ms' },
}

local function is_outside(path)
  return type(path) == 'string' and (path:sub(1, 4) == 'lab:' or path:sub(1, 1) == '/')
end

local function copy(map)
  local out = {}
  for key, item in pairs(map) do
    out[key] = item
  end
  return out
end

--- Headers without the hour.
local function without_date(headers)
  local out = core.json.array {}
  for _, header in ipairs(headers) do
    if not (type(header) == 'table' and header[1] == 'date') then
      out[#out + 1] = header
    end
  end
  return out
end

--- The request, as text to compare.
---@param effect table {op, args}
---@return string
function M.request(effect)
  local args = effect.args
  if effect.op == 'fs.write' or effect.op == 'run.note' and NOTES[args[1]] then
    args = core.json.array { args[1] }
  end
  return core.json.encode(args)
end

--- The answer: {result} or {error}, or nothing where none came.
---@param effect table {op, args, answer?, cut?}
---@return table
function M.answer(effect)
  local answer = effect.answer or {}
  local result = answer.result
  if result ~= nil then
    local inputs = READING[effect.op] and is_outside(effect.args[1])
    if M.CHANCE[effect.op] or TOLD[effect.op] or inputs then
      result = true
    elseif FLEETING[effect.op] and type(result) == 'table' then
      result = copy(result)
      for _, name in ipairs(FLEETING[effect.op]) do
        result[name] = nil
      end
      if type(result.headers) == 'table' then
        result.headers = without_date(result.headers)
      end
    end
  end
  return { result = result, error = answer.error, cut = effect.cut }
end

--- An answer that JSON can hold: a stream that is no text stands there as its hash.
function M.plain(answer)
  if answer.stream == nil or utf8.len(answer.stream) then
    return answer
  end
  local out = copy(answer)
  out.stream = { ['$sha256'] = core.hash.bytes(answer.stream) }
  return out
end

return M
