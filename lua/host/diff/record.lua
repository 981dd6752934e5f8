--- The record of a run as diff compares it: its effects by task, each with its answer and, where it
--- opened a stream, the pieces that came.

local core = require 'core'
local form = require 'host.diff.form'
local source = require 'host.diff.source'

local M = {}

local function bad_line(run, number, what)
  return nil,
    {
      code = 'DIFFERS',
      message = string.format(
        'run %s: record/effects.jsonl line %d: %s',
        run.m.id:sub(1, 8),
        number,
        what
      ),
      hint = 'tlab verify ' .. run.dir,
    }
end

--- Puts an effect where it belongs: into its task, or a piece of a stream to what opened it.
local function place(state, effect)
  local opened = form.PIECE[effect.op] and state.streams[effect.args[1]]
  if opened then
    effect.of = opened
    return
  end
  local list = state.tasks[effect.task] or {}
  state.tasks[effect.task] = list
  list[#list + 1] = effect
end

local function asked(state, line)
  local effect = { n = line.n, op = line.op, task = line.task or 0, args = line.args }
  state.effects[line.n] = effect
  place(state, effect)
  return effect
end

local function answered(state, effect, line)
  effect.answer = { result = line.result, error = line.error }
  local opened = effect.of
  if opened and effect.op == 'http.next' and line.error == nil then
    opened.pieces[#opened.pieces + 1] = line.result
  elseif opened and line.error ~= nil then
    opened.cut = line.error
  elseif effect.op == 'http.open' and type(line.result) == 'table' then
    effect.pieces = {}
    state.streams[line.result.handle] = effect
  end
end

local function take(state, line)
  if type(line) ~= 'table' or math.type(line.n) ~= 'integer' then
    return 'not an effect'
  end
  local effect = state.effects[line.n]
  if line.op ~= nil then
    if effect or type(line.op) ~= 'string' or type(line.args) ~= 'table' then
      return 'not an effect'
    end
    effect = asked(state, line)
  elseif not effect then
    return 'an answer to what was not asked'
  end
  if line.took ~= nil then
    answered(state, effect, line)
  end
  return nil
end

--- The effects of a record by task. A last line that was cut short does not count.
---@param run table host.diff.source
---@return table|nil tasks {task → effects in the order of asking}
---@return table|nil err
function M.read(run)
  local text, err = source.record(run)
  if not text then
    return nil, err
  end
  local state = { effects = {}, tasks = {}, streams = {} }
  local number = 0
  for each in text:gmatch '([^\n]*)\n' do
    number = number + 1
    local line
    line, err = core.json.decode(each)
    local wrong = line == nil and err.message or take(state, line)
    if wrong then
      return bad_line(run, number, wrong)
    end
  end
  for _, list in pairs(state.tasks) do
    table.sort(list, function(x, y)
      return x.n < y.n
    end)
  end
  return state.tasks
end

return M
