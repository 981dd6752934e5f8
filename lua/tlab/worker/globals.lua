-- The globals of a recipe, built up from nothing: what is not named here is not there.

local M = {}

local BASE = {
  'assert',
  'error',
  'getmetatable',
  'ipairs',
  'next',
  'pairs',
  'pcall',
  'rawequal',
  'select',
  'tonumber',
  'tostring',
  'type',
  '_VERSION',
}

-- By name, so that a Lua built with more (math.pow of older versions) gives recipes nothing more.
local LIBRARIES = {
  string = 'byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack '
    .. 'upper',
  table = 'concat insert move pack remove sort unpack',
  math = 'abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger '
    .. 'modf pi rad random randomseed sin sqrt tan tointeger type ult',
  utf8 = 'char charpattern codepoint codes len offset',
  coroutine = 'close create isyieldable resume running status wrap yield',
}

local function pick(library)
  local copy = {}
  for name in LIBRARIES[library]:gmatch('%S+') do
    copy[name] = _G[library][name]
  end
  return copy
end

--- Text only, and into the recipe's own globals unless another table is given.
local function make_load(globals)
  local load_chunk = load
  return function(chunk, name, mode, ...)
    if mode ~= nil and not tostring(mode):find('t', 1, true) then
      return nil, 'only Lua text can be loaded, no bytecode'
    end
    local env = globals
    if select('#', ...) > 0 then
      env = ...
    end
    return load_chunk(chunk, name, 't', env)
  end
end

--- Closing a coroutine runs its pending __close, which may close another, and so on: Lua 5.4.4 does
--- not count this and overflows the C stack.
local CLOSE_DEPTH = 100

local function make_close()
  local depth = 0
  return function(thread)
    if depth == CLOSE_DEPTH then
      error('coroutines close each other more than 100 deep', 2)
    end
    depth = depth + 1
    local result = table.pack(pcall(coroutine.close, thread))
    depth = depth - 1
    if not result[1] then
      error(result[2], 2)
    end
    return table.unpack(result, 2, result.n)
  end
end

--- coroutine.wrap over resume, since Lua's own closes without counting.
local function make_wrap(tasks, close)
  local function finish(thread, ok, ...)
    if ok then
      return ...
    end
    if coroutine.status(thread) == 'dead' then
      close(thread)
    end
    error(..., 0)
  end
  return function(f)
    local thread = coroutine.create(f)
    return function(...)
      tasks.may_go_on()
      return finish(thread, coroutine.resume(thread, ...))
    end
  end
end

--- xpcall whose handler is passed over in an entry that is being stopped: Lua calls it from within
--- the hook that stops, where nothing could stop it.
local function make_xpcall(core)
  return function(f, handler, ...)
    if type(handler) ~= 'function' then
      local message = "bad argument #2 to 'xpcall' (function expected, got %s)"
      error(message:format(type(handler)), 2)
    end
    return xpcall(f, function(value)
      if core.entry_stopping() then
        return value
      end
      return handler(value)
    end, ...)
  end
end

--- Coroutines of the recipe's own. Those of the scheduler are out of reach: resuming one would
--- answer its question in the supervisor's place.
local function make_coroutine(tasks)
  local co, close = pick('coroutine'), make_close()
  local function check(thread, name)
    if tasks.owns(thread) then
      error(name .. ': this coroutine belongs to a task of run:map', 3)
    end
  end
  co.wrap = make_wrap(tasks, close)
  function co.resume(thread, ...)
    check(thread, 'coroutine.resume')
    tasks.may_go_on()
    return coroutine.resume(thread, ...)
  end
  function co.close(thread)
    check(thread, 'coroutine.close')
    return close(thread)
  end
  function co.isyieldable(thread)
    if thread == nil then
      return not tasks.in_body() and coroutine.isyieldable()
    end
    return not tasks.owns(thread) and coroutine.isyieldable(thread)
  end
  function co.yield(...)
    if tasks.in_body() then
      error('attempt to yield from outside a coroutine', 2)
    end
    return coroutine.yield(...)
  end
  return co
end

--- tlab.fs.read … : one function for each operation that a recipe may ask for.
local function make_tlab(core, errors, tasks)
  local tlab, families = {}, {}
  for op in pairs(core.ops) do
    local family, verb = op:match('^(%w+)%.(%w+)$')
    families[family] = families[family] or {}
    families[family][verb] = function(...)
      return tasks.ask(op, ...)
    end
  end
  families.json = core.json
  for family, functions in pairs(families) do
    tlab[family] = core.view(functions, 'tlab.' .. family)
  end
  function tlab.secret(name)
    if type(name) ~= 'string' or not name:find('^[%a_][%w_]*$') then
      errors.raise {
        code = 'ARGUMENT',
        message = 'tlab.secret takes the name of a secret, such as ' .. "'OPENAI_API_KEY'",
      }
    end
    return core.secret(name)
  end
  return core.view(tlab, 'tlab')
end

---@param core table
---@param errors table
---@param tasks table
---@param modules table
---@return table globals
function M.new(core, errors, tasks, modules)
  local globals = {}
  for _, name in ipairs(BASE) do
    globals[name] = _G[name]
  end
  for name, guard in pairs(core.guards) do
    globals[name] = guard
  end
  for _, name in ipairs { 'string', 'table', 'math', 'utf8' } do
    globals[name] = core.view(pick(name), name)
  end
  globals.coroutine = core.view(make_coroutine(tasks), 'coroutine')
  globals.load = make_load(globals)
  globals.xpcall = make_xpcall(core)
  globals.require = modules.require
  globals.tlab = make_tlab(core, errors, tasks)
  globals._G = globals

  function globals.print(...)
    local parts = table.pack(...)
    for i = 1, parts.n do
      parts[i] = tostring(parts[i])
    end
    tasks.ask('talk.say', table.concat(parts, '\t'))
  end
  return globals
end

return M
