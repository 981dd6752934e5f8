--- What a run that was cut off left to go on from. Pure: manifest and record in, answers out.

local core = require 'core'
local fold = require 'host.manifest.fold'

local M = {}

local CUT_OFF = { running = true, interrupted = true, timeout = true }

--- Errors of the machine, not of the recipe: the same run may get further.
local MACHINE = { STORAGE = true, IO = true, CRASHED = true }

--- Errors of a disk that is full or failing: they say nothing of what was recorded.
M.DISK = { STORAGE = true, IO = true }

--- Whether a run ended otherwise than by its recipe: by a signal, a kill, a limit on time, a disk.
---@param manifest table
---@return boolean
function M.resumable(manifest)
  local code = manifest.error and manifest.error.code
  return CUT_OFF[manifest.status] or manifest.status == 'failed' and MACHINE[code] or false
end

--- The command that brings it to its end, with the option that gives it more of what it ran out of.
---@param manifest table {id, status, error?}
---@return string|nil command nil when there is nothing to resume
function M.command(manifest)
  if not M.resumable(manifest) then
    return nil
  end
  local limit = manifest.status == 'timeout'
    and manifest.error
    and manifest.error.message:match('%-%-limit%-[%a]+=')
  return 'tlab resume ' .. manifest.id:sub(1, 8) .. (limit and ' ' .. limit .. 'SECONDS' or '')
end

--- Adds one line; true when the record is cut before it.
local function take(state, effect, code)
  if MACHINE[code] and effect.error and effect.error.code == code then
    return true
  end
  state.at[effect.n] = effect.at or state.at[effect.n] or 0
  state.elapsed = math.max(state.elapsed, state.at[effect.n] + (effect.took or 0))
  state.open[effect.n] = effect.took == nil or nil
  state.answered[effect.n] = effect.took ~= nil
  fold.collect_blobs(effect.args, state.blobs)
  fold.collect_blobs(effect.result, state.blobs)
  if effect.op == 'fs.copy' and effect.result and fold.is_outside(effect.args[1]) then
    state.blobs[effect.result.sha256] = effect.result.size
  end
  return false
end

local function sorted_keys(set)
  local keys = core.json.array {}
  for key in pairs(set) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

--- Reads a record for what can be answered from it. A last line that was cut short does not count.
--- A failing disk that ended the run is not answered again: the record ends before it, and what
--- reached outward after it is performed again.
---@param text string record/effects.jsonl
---@param code string|nil of the error with which the run ended
---@return table|nil remains {size = bytes to keep, elapsed = ms, effect = the first number without
---  an answer, again = numbers asked and not answered, blobs = {sha256 → size}}
---@return table|nil err
function M.of(text, code)
  local state = { elapsed = 0, at = {}, open = {}, answered = {}, blobs = {} }
  local size, number, cut = 0, 0, false
  for line, stop in text:gmatch '([^\n]*)\n()' do
    number = number + 1
    local effect = core.json.decode(line)
    if type(effect) ~= 'table' or math.type(effect.n) ~= 'integer' then
      return nil,
        {
          code = 'DIFFERS',
          message = string.format('record/effects.jsonl line %d is no effect', number),
        }
    end
    cut = cut or take(state, effect, code)
    if not cut then
      size = stop - 1
    elseif effect.op and effect.took == nil then
      state.open[effect.n] = true
    end
  end
  local effect = 1
  while state.answered[effect] do
    effect = effect + 1
  end
  return {
    size = size,
    elapsed = state.elapsed,
    effect = effect,
    again = sorted_keys(state.open),
    blobs = state.blobs,
  }
end

return M
