-- Tasks: coroutines that wait for answers. Whatever resumes them comes in the order in which the
-- supervisor answered, so the same answers in the same order give the same run.

local M = { loading = true } -- loading: the recipe's file is being read, no operation yet

local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local status, running = coroutine.status, coroutine.running
local isyieldable, close = coroutine.isyieldable, coroutine.close

local HANDLER = 5 -- functions on the stack from core.traceback to the one that handles an error
local CONCURRENCY = 8 -- tasks of one map at once when nothing is said

--- SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), cut to
--- what a double holds exactly.
---@param seed integer
---@param index integer
function M.mix(seed, index)
  local z = seed + index * 0x9E3779B97F4A7C15
  z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
  z = (z ~ (z >> 27)) * 0x94D049BB133111EB
  return (z ~ (z >> 31)) & ((1 << 53) - 1)
end

local core, errors -- see M.setup
local asked, made = 0, 0 -- the last number given to an ask, to a task
local current -- the task that runs
local waiting = {} -- number of an open ask → the task that waits for it
local ready, first, last = {}, 1, 0
local owned = setmetatable({}, { __mode = 'k' }) -- coroutines of tasks

local function make_ready(task, ...)
  ready[last + 1] = table.pack(task, ...)
  last = last + 1
end

--- Runs the pending __close of a task that ended with an error; returns the error, or the one that
--- a __close raised instead. What they ask is waited for: a closing coroutine cannot yield.
local function close_body(task)
  task.closing = true
  return select(2, close(task.co))
end

local function go_on(task, ...)
  local before = current
  current = task
  local was = core.entry_bound(true)
  local ok, value = resume(task.co, ...)
  core.entry_bound(false)
  local dead = status(task.co) == 'dead'
  if dead and not ok then
    errors.note(value, task.co)
    value = close_body(task)
  end
  current = before
  if dead then
    task.ended(ok, value)
  end
  core.entry_bound(was)
end

--- Waits for the answer to ask n without letting any other task go on; answers for others wait in
--- the order in which they came, and behind all that is ready: as if they had come later.
local function wait_here(n)
  return select(2, core.answer(n))
end

--- Lets one task go on: one that is ready, or the one that the next answer is for.
local function step()
  if first <= last then
    local item = ready[first]
    ready[first] = nil
    first = first + 1
    return go_on(table.unpack(item, 1, item.n))
  end
  if next(waiting) == nil then
    error('no task is ready and none waits for an answer')
  end
  local n, how, value = core.answer()
  local task = waiting[n]
  waiting[n] = nil
  go_on(task, how, value)
end

--- Whether the running code may simply yield to the scheduler.
local function may_yield()
  return isyieldable() and running() == current.co and not current.closing
end

local function settle(op, how, value)
  if how == 'ok' then
    return value
  elseif how == 'memory' then
    error(value, 0)
  end
  value.op = op
  if how == 'raise' then
    if value.code == 'INTERRUPTED' then
      core.entry_stop()
    end
    errors.raise(value)
  end
  return nil, core.mark_err(value)
end

local function send(op, ...)
  local ok, code, message = core.ask(asked + 1, current.id, op, ...)
  if not ok then
    waiting[asked + 1] = nil
    errors.raise { code = code, message = op .. ': ' .. message, op = op }
  end
  asked = asked + 1
  return asked
end

local function refuse_loading(op)
  if M.loading then
    errors.raise {
      code = 'INVALID',
      op = op,
      message = op .. ' is called while the recipe is being loaded; call it inside run',
    }
  end
end

local function interrupted(op)
  return core.mark_err { code = 'INTERRUPTED', op = op, message = 'stopped by Ctrl-C' }
end

--- Asks the supervisor. Other tasks go on meanwhile, but not during an ask whose answer is not
--- recorded: a replay could not know when they did.
function M.ask(op, ...)
  refuse_loading(op)
  if core.entry_stopping() then
    errors.raise(interrupted(op))
  end
  if core.ops[op] or not may_yield() then
    return settle(op, wait_here(send(op, ...)))
  end
  waiting[asked + 1] = current -- first: for this there may be no memory
  send(op, ...)
  return settle(op, yield())
end

--- Asks and lets nothing else go on: for what a recipe may ask while it is loaded (mod.load).
function M.ask_alone(op, ...)
  return settle(op, wait_here(send(op, ...)))
end

--- Whether the running code is a task's own body, not a coroutine that the recipe made.
function M.in_body()
  return current ~= nil and running() == current.co
end

function M.owns(co)
  return owned[co] == true
end

--- Before a coroutine of the recipe's own goes on: in an entry that is being stopped none does, or
--- a loop that makes them would begin each with ticks of its own.
function M.may_go_on()
  if core.entry_stopping() then
    errors.raise(interrupted())
  end
end

--- Runs f as task 0 until it has ended.
---@return boolean ok, any value, thread co
function M.main(seed, f)
  local done, ok, value
  local task = { id = 0, seed = seed, co = create(f) }
  owned[task.co] = true
  function task.ended(...)
    done, ok, value = true, ...
  end
  go_on(task)
  while not done do
    step()
  end
  return ok, value, task.co
end

--- Evaluates f as an entry of a session: a coroutine of its own that can be stopped
--- (core/lua/entry.h). An error, or too much memory, ends the entry alone.
---@param f function
---@return boolean ok
---@return table result {n, …} what f returned; or the error, described
---@return integer? tick at which it was stopped, for a replay
function M.entry(f)
  local outer = current
  if not may_yield() then
    error('an entry is evaluated by the session itself', 2)
  end
  local task = { id = outer.id, seed = outer.seed }
  -- What f leaves to be closed is closed within xpcall: a hook that raised is off until then.
  task.co = create(function()
    return table.pack(xpcall(f, function(value)
      pcall(errors.note, value, running(), HANDLER)
      return value
    end))
  end)
  owned[task.co] = true
  function task.ended(ok, value)
    make_ready(outer, ok, value)
  end
  errors.forget()
  core.entry_begin(task.co)
  make_ready(task)
  local ok, result = yield()
  local tick = core.entry_end()
  if ok and result[1] then
    return true, table.pack(table.unpack(result, 2, result.n)), tick
  end
  if ok then
    result = result[2]
  end
  return false, errors.describe(result, task.co), tick
end

local function start_one(group, i)
  if core.entry_stopping() then
    error(interrupted(), 0)
  end
  local handle = { index = i, seed = M.mix(group.seed, i) }
  local task = { id = group.base + i, seed = handle.seed }
  task.co = create(function()
    return (group.fn(group.list[i], handle, i))
  end)
  core.entry_count(task.co) -- it may have been made by the scheduler, outside of the entry
  owned[task.co] = true
  function task.ended(ok, value)
    group.ended(i, ok, value)
  end
  make_ready(task)
end

--- What cannot be started, for want of memory or since the entry is being stopped, fails the group.
local function start_more(group)
  while group.active < group.limit and group.started < group.total and not group.failed do
    local i = group.started + 1
    local ok, err = pcall(start_one, group, i)
    if not ok then
      group.failed = { index = i, value = err }
      return
    end
    group.started, group.active = i, group.active + 1
  end
end

local function new_group(list, fn, limit)
  local group = {
    list = list,
    fn = fn,
    limit = limit,
    total = #list,
    base = made,
    seed = current.seed,
    active = 0,
    started = 0,
    results = {},
    failed = nil,
  }
  made = made + group.total
  function group.ended(i, ok, value)
    group.active = group.active - 1
    if ok then
      group.results[i] = value
    elseif not group.failed or i < group.failed.index then
      group.failed = { index = i, value = value }
    end
    start_more(group)
    if group.active == 0 and group.waiter then
      make_ready(group.waiter)
    end
  end
  return group
end

--- Calls fn(item, task, index) for each item, several at once; results in the order of the list.
--- The error of the lowest index is raised once no task of the list is left running.
---@param list any[]
---@param fn fun(item: any, task: { index: integer, seed: integer }, index: integer): any
---@param options? { concurrency?: integer }
function M.map(list, fn, options)
  local limit = options and options.concurrency or CONCURRENCY
  if type(list) ~= 'table' then
    error('run:map takes a list first, not a ' .. type(list), 3)
  end
  if type(fn) ~= 'function' then
    error('run:map takes a function second, not a ' .. type(fn), 3)
  end
  if math.type(limit) ~= 'integer' or limit < 1 then
    error('run:map: concurrency must be a whole number from 1', 3)
  end
  local group = new_group(list, fn, limit)
  start_more(group)
  if group.active > 0 and may_yield() then
    group.waiter = current
    yield()
  end
  while group.active > 0 do
    step()
  end
  if group.failed then
    error(group.failed.value, 0)
  end
  return core.json.array(group.results)
end

---@param core_lib table what core/lua/worker_lib.c offers
---@param error_module table
function M.setup(core_lib, error_module)
  core, errors = core_lib, error_module
end

return M
