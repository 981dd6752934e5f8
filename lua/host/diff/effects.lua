--- What the two runs asked of the world and what it answered: how often, and the first effect that
--- differs.
--
-- Effects are compared task by task in the order in which each task asked, since how the tasks of a
-- run interleave is chance. Of each effect its form counts (host.diff.form), which leaves out what
-- is time, place or chance, and what another part of the comparison tells.

local core = require 'core'
local form = require 'host.diff.form'
local source = require 'host.diff.source'
local value = require 'host.spec.value'
local values = require 'host.diff.values'

local M = {}

-- Reading a record --------------------------------------------------------------------------------

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
local function read(run)
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

-- Comparing ---------------------------------------------------------------------------------------

--- Bytes that lie beside the record are brought back: they are compared, not their names.
local function restore(run, item)
  if type(item) ~= 'table' then
    return item
  elseif type(item['$blob']) == 'string' then
    return source.blob(run, item['$blob'])
  end
  local copy = value.is_list(item) and core.json.array {} or {}
  for key, below in pairs(item) do
    local err
    copy[key], err = restore(run, below)
    if err then
      return nil, err
    end
  end
  return copy
end

--- The pieces of a stream as one text; where the server put its seams is chance.
local function joined(run, effect)
  local parts = {}
  for _, piece in ipairs(effect.pieces) do
    local bytes, err = restore(run, piece)
    if err then
      return nil, err
    end
    parts[#parts + 1] = type(bytes) == 'string' and bytes or ''
  end
  return table.concat(parts)
end

local function same_pieces(x, y)
  return not (x.pieces or y.pieces)
    or x.pieces
      and y.pieces
      and core.json.encode(core.json.array(x.pieces)) == core.json.encode(core.json.array(y.pieces))
end

--- Where two effects differ: 'request', 'answer' or nil; for an answer both of them.
local function compare(a, b, x, y)
  if not (x and y) or x.op ~= y.op or form.request(x) ~= form.request(y) then
    return 'request'
  end
  local one, other = form.answer(x), form.answer(y)
  if not same_pieces(x, y) then
    local err
    for _, each in ipairs { { a, x, one }, { b, y, other } } do
      if each[2].pieces then
        each[3].stream, err = joined(each[1], each[2])
        if err then
          return nil, err
        end
      end
    end
  end
  if core.json.encode(form.plain(one)) ~= core.json.encode(form.plain(other)) then
    return 'answer', nil, one, other
  end
  return nil
end

--- Both sides of the first difference, as core/gate/difference.c cuts them.
local function excerpt(a, b, first)
  local x, y = first.x, first.y
  local values_of = {}
  for i, each in ipairs { { a, x, first.one }, { b, y, first.other } } do
    local shown = first.what == 'answer' and each[3] or each[2] and each[2].args
    local err
    values_of[i], err = restore(each[1], shown)
    if err then
      return nil, err
    end
  end
  local swap = y == nil
  local op_a, op_b = x and x.op, y and y.op
  if swap then
    op_a, op_b = op_b, op_a
    values_of[1], values_of[2] = values_of[2], values_of[1]
  end
  local told = core.difference(op_a, values_of[1], op_b, values_of[2])
  return {
    what = first.what,
    op = (x or y).op,
    task = (x or y).task,
    n = { a = x and x.n, b = y and y.n },
    at = told.at,
    a = x and (swap and told.asked or told.recorded) or nil,
    b = y and (swap and told.recorded or told.asked) or nil,
  }
end

local function order(x, y)
  return math.min(x and x.n or math.huge, y and y.n or math.huge)
end

--- The first difference of one task, and the first place where chance answered otherwise.
local function scan(a, b, list_a, list_b, state)
  for i = 1, math.max(#list_a, #list_b) do
    local x, y = list_a[i], list_b[i]
    local n = order(x, y)
    if state.first and state.first.order <= n then
      return true
    end
    local what, err, one, other = compare(a, b, x, y)
    if err then
      return nil, err
    elseif what then
      state.first = { order = n, what = what, x = x, y = y, one = one, other = other }
      return true
    end
    if
      form.CHANCE[x.op]
      and (not state.chance or n < state.chance.n)
      and core.json.encode(x.answer) ~= core.json.encode(y.answer)
    then
      state.chance = { n = n, op = x.op }
    end
  end
  return true
end

--- Operations by how often they were asked; pieces of streams are not counted.
local function counts(m)
  local by_op = {}
  for op, n in pairs(m.effects and m.effects.by_op or {}) do
    by_op[op] = not form.PIECE[op] and n or nil
  end
  return by_op
end

local function record_of(run)
  return run.m.effects and run.m.effects.record and run.m.effects.record.sha256
end

---@param a table host.diff.source
---@param b table
---@return table|nil part {changes = of the counts, first?, chance? = {n, op}}
---@return table|nil err
function M.part(a, b)
  if record_of(a) and record_of(a) == record_of(b) then
    return { changes = {} }
  end
  local tasks_a, err = read(a)
  if not tasks_a then
    return nil, err
  end
  local tasks_b
  tasks_b, err = read(b)
  if not tasks_b then
    return nil, err
  end
  local state, all = {}, {}
  for _, tasks in ipairs { tasks_a, tasks_b } do
    for task in pairs(tasks) do
      all[task] = true
    end
  end
  for task in pairs(all) do
    local ok
    ok, err = scan(a, b, tasks_a[task] or {}, tasks_b[task] or {}, state)
    if not ok then
      return nil, err
    end
  end
  local part = { changes = {}, chance = state.chance }
  if state.first then
    part.changes = values.changes(counts(a.m), counts(b.m))
    part.first, err = excerpt(a, b, state.first)
    if not part.first then
      return nil, err
    end
  end
  return part
end

return M
