--- What of an effect counts when two runs are compared. Left out is what is time, place or chance,
--- and what a part of its own tells: the files that were written (outputs) or read (inputs), and
--- models, seeds, tokens, costs and metrics.

local core = require 'core'
local values = require 'host.spec.value'

local M = {}

--- Pieces of a stream belong to the effect that opened it.
M.PIECE = { ['http.next'] = true, ['http.close'] = true }

--- Answers that are time or chance and nothing else.
M.CHANCE = { ['clock.now'] = true, ['clock.monotonic'] = true, ['rand.bytes'] = true }

--- Answers that a part of its own tells.
local TOLD = { ['fs.write'] = true, ['fs.extend'] = true, ['fs.copy'] = true }
local READING = { ['fs.read'] = true, ['hash.file'] = true }

--- Notes that a part of its own tells.
local NOTES = { model = true, usage = true, cost = true, seed = true, metric = true, params = true }

--- Members of an answer that are time or place.
local FLEETING = {
  ['http.send'] = { 'ms', 'first_byte_ms', 'address' },
  ['http.open'] = { 'ms', 'first_byte_ms', 'address', 'handle' },
  ['proc.run'] = { 'ms' },
  ['run.call'] = { 'id', 'folder' },
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

--- Headers that are time, place or chance.
local FLEETING_HEADERS = {
  ['age'] = true,
  ['cf-ray'] = true,
  ['date'] = true,
  ['openai-processing-ms'] = true,
  ['request-id'] = true,
  ['server-timing'] = true,
  ['set-cookie'] = true,
  ['x-request-id'] = true,
}

local function lasting(headers)
  local out = core.json.array {}
  for _, header in ipairs(headers) do
    local name = type(header) == 'table' and tostring(header[1]) or ''
    if not (FLEETING_HEADERS[name] or name:find('^x%-ratelimit%-')) then
      out[#out + 1] = header
    end
  end
  return out
end

--- The text of a chat completion without its number, hour and timing, which no two answers share.
local function timeless(text)
  if type(text) ~= 'string' or not text:find '"object"%s*:%s*"chat%.completion' then
    return text
  end
  text = text:gsub('"id"%s*:%s*"[^"]*"', '"id":""')
  text = text:gsub('"created"%s*:%s*%d+', '"created":0')
  return (text:gsub('"timings"%s*:%s*%b{}', '"timings":{}'))
end

--- A path that was read. The folder of a called run has time and chance in its name: its recipe
--- stands for it.
---@param path any
---@param m table manifest of the run that read it
---@return any
function M.place(path, m)
  for _, call in ipairs(type(path) == 'string' and m.calls or {}) do
    local folder = 'lab:' .. call.folder .. '/'
    if path:sub(1, #folder) == folder then
      return ('%s: %s'):format(call.recipe, path:sub(#folder + 1))
    end
  end
  return path
end

--- The request, as text to compare.
---@param effect table {op, args}
---@param m table manifest of its run
---@return string
function M.request(effect, m)
  local args = effect.args
  if READING[effect.op] then
    args = table.move(args, 2, #args, 2, core.json.array { M.place(args[1], m) })
  end
  if effect.op == 'fs.write' or effect.op == 'run.note' and NOTES[args[1]] then
    args = core.json.array { args[1] }
  end
  return core.json.encode(args)
end

--- A result of one of the operations of FLEETING without what is time, place or chance.
local function lasting_result(op, result)
  result = copy(result)
  for _, name in ipairs(FLEETING[op]) do
    result[name] = nil
  end
  if type(result.headers) == 'table' then
    result.headers = lasting(result.headers)
  end
  result.body = timeless(result.body)
  return result
end

--- What counts of an answer: {result} or {error}, and of a stream its text; empty where none came.
---@param effect table {op, args, cut?}
---@param answer table {result?, error?}
---@param stream? string
---@return table
function M.answer(effect, answer, stream)
  local result = answer.result
  if result ~= nil then
    local is_input = READING[effect.op] and is_outside(effect.args[1])
    if M.CHANCE[effect.op] or TOLD[effect.op] or is_input then
      result = true
    elseif FLEETING[effect.op] and type(result) == 'table' then
      result = lasting_result(effect.op, result)
    end
  end
  return { result = result, error = answer.error, cut = effect.cut, stream = timeless(stream) }
end

--- The same for JSON: bytes that are no text stand there as their hash.
---@param value any
---@return any
function M.plain(value)
  if type(value) == 'string' and not utf8.len(value) then
    return { ['$sha256'] = core.hash.bytes(value) }
  elseif type(value) ~= 'table' then
    return value
  end
  local out = values.is_list(value) and core.json.array {} or {}
  for key, below in pairs(value) do
    out[key] = M.plain(below)
  end
  return out
end

return M
