-- The globals of a recipe, built up from nothing: what is not named here is not there.

local M = {}

local BASE = { 'assert', 'error', 'getmetatable', 'ipairs', 'next', 'pairs', 'pcall', 'rawequal',
  'select', 'tonumber', 'tostring', 'type', 'xpcall', '_VERSION' }

-- By name, so that a Lua built with more (math.pow of older versions) gives recipes nothing more.
local LIBRARIES = {
  string = 'byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper',
  table = 'concat insert move pack remove sort unpack',
  math = 'abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf '
    .. 'pi rad random randomseed sin sqrt tan tointeger type ult',
  utf8 = 'char charpattern codepoint codes len offset',
  coroutine = 'close create isyieldable resume running status wrap yield',
}

local function pick(library)
  local copy = {}
  for name in LIBRARIES[library]:gmatch('%S+') do copy[name] = _G[library][name] end
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
    if select('#', ...) > 0 then env = ... end
    return load_chunk(chunk, name, 't', env)
  end
end

--- Coroutines of the recipe's own. Those of the scheduler are out of reach: resuming one would answer
--- its question in the supervisor's place.
local function make_coroutine(tasks)
  local co = pick('coroutine')
  local function own(what, name)
    if tasks.owns(what) then error(name .. ': this coroutine belongs to a task of run:map', 3) end
    return what
  end
  function co.resume(what, ...) return coroutine.resume(own(what, 'coroutine.resume'), ...) end
  function co.close(what) return coroutine.close(own(what, 'coroutine.close')) end
  function co.isyieldable(what)
    if what == nil then return not tasks.in_body() and coroutine.isyieldable() end
    return not tasks.owns(what) and coroutine.isyieldable(what)
  end
  function co.yield(...)
    if tasks.in_body() then error('attempt to yield from outside a coroutine', 2) end
    return coroutine.yield(...)
  end
  return co
end

--- tlab.fs.read … : one function for each operation that a recipe may ask for.
local function make_tlab(core, errors, tasks)
  local tlab, families = {}, {}
  for op, alone in pairs(core.ops) do
    local family, verb = op:match('^(%w+)%.(%w+)$')
    families[family] = families[family] or {}
    local ask = alone and tasks.ask_alone or tasks.ask
    families[family][verb] = function(...) return ask(op, ...) end
  end
  families.json = core.json
  for family, functions in pairs(families) do
    tlab[family] = core.view(functions, 'tlab.' .. family)
  end
  function tlab.secret(name)
    if type(name) ~= 'string' or not name:find('^[%a_][%w_]*$') then
      errors.raise { code = 'ARGUMENT', message = 'tlab.secret takes the name of a secret, such as '
        .. "'OPENAI_API_KEY'" }
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
  for _, name in ipairs(BASE) do globals[name] = _G[name] end
  for name, guard in pairs(core.guards) do globals[name] = guard end
  for _, name in ipairs { 'string', 'table', 'math', 'utf8' } do
    globals[name] = core.view(pick(name), name)
  end
  globals.coroutine = core.view(make_coroutine(tasks), 'coroutine')
  globals.load = make_load(globals)
  globals.require = modules.require
  globals.tlab = make_tlab(core, errors, tasks)
  globals._G = globals

  function globals.print(...)
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = tostring(parts[i]) end
    tasks.ask('talk.say', table.concat(parts, '\t'))
  end
  return globals
end

return M
