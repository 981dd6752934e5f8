--- What the two runs asked of the world and what it answered: how often, and the first effect that
--- differs.
--
-- Effects are compared task by task in the order in which each task asked, since how the tasks of a
-- run interleave is chance. Of each effect its form counts (host.diff.form), which leaves out what
-- is time, place or chance, and what another part of the comparison tells.

local core = require 'core'
local form = require 'host.diff.form'
local record = require 'host.diff.record'
local source = require 'host.diff.source'
local table_view = require 'host.view.table'
local value = require 'host.spec.value'
local values = require 'host.diff.values'

local M = {}

local SHOWN = 240 -- bytes of an answer

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

local function pieces_of(effect)
  return effect.pieces and core.json.encode(core.json.array(effect.pieces))
end

local function is_same(one, other)
  return core.json.encode(form.plain(one)) == core.json.encode(form.plain(other))
end

--- The answer with what lies beside the record brought back, and a stream as one text.
local function whole_answer(run, effect)
  local answer, err = restore(run, effect.answer or {})
  if err then
    return nil, err
  end
  local stream
  if effect.pieces then
    stream, err = joined(run, effect)
    if err then
      return nil, err
    end
  end
  return form.answer(effect, answer, stream)
end

--- Where two effects differ: 'request', 'answer' with both of them, or nil.
local function compare(a, b, x, y)
  if not (x and y) or x.op ~= y.op or form.request(x, a.m) ~= form.request(y, b.m) then
    return 'request'
  end
  if
    pieces_of(x) == pieces_of(y)
    and is_same(form.answer(x, x.answer or {}), form.answer(y, y.answer or {}))
  then
    return nil
  end
  local one, other, err
  one, err = whole_answer(a, x)
  if err then
    return nil, err
  end
  other, err = whole_answer(b, y)
  if err then
    return nil, err
  end
  if is_same(one, other) then
    return nil
  end
  return 'answer', nil, one, other
end

local function told_as(first, told)
  local x, y = first.x, first.y
  return {
    what = first.what,
    op = (x or y).op,
    task = (x or y).task,
    n = { a = x and x.n, b = y and y.n },
    at = told.at,
    a = x and told.recorded,
    b = y and told.asked,
  }
end

--- An answer beside one of the other kind: there is no place at which they part.
local function said(answer)
  local side = answer.error or answer.result
  local json = side ~= nil and core.json.encode(form.plain(side)) or 'nothing'
  return (answer.error and 'failed with ' or '') .. table_view.cut(json, SHOWN)
end

--- Both sides of the first difference, as core/gate/difference.c cuts them.
local function excerpt(a, b, first)
  local x, y = first.x, first.y
  local values_of = {}
  for i, each in ipairs { { a, x, first.one }, { b, y, first.other } } do
    local err
    values_of[i] = each[3]
    if first.what == 'request' then
      values_of[i], err = restore(each[1], each[2] and each[2].args)
    end
    if err then
      return nil, err
    end
  end
  if first.what == 'answer' and (first.one.error == nil) ~= (first.other.error == nil) then
    return told_as(first, { at = '', recorded = said(first.one), asked = said(first.other) })
  end
  local swap = y == nil
  local op_a, op_b = x and x.op, y and y.op
  if swap then
    op_a, op_b = op_b, op_a
    values_of[1], values_of[2] = values_of[2], values_of[1]
  end
  local told = core.difference(op_a, values_of[1], op_b, values_of[2])
  if swap then
    told.recorded, told.asked = told.asked, told.recorded
  end
  return told_as(first, told)
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
  local tasks_a, err = record.read(a)
  if not tasks_a then
    return nil, err
  end
  local tasks_b
  tasks_b, err = record.read(b)
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
