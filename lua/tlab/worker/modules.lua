-- require: modules come from the supervisor (mod.load), which records what it gave.

local M = { env = nil } -- env: the recipe's globals, set once they are made

local core, errors, tasks -- see M.setup
local loaded, order = {}, {}
local builtin = {} -- name → function that makes the module

--- Makes a chunk's name known, so that errors in it are told with their place.
local function know(file, library)
  -- How Lua itself cuts a chunk's name.
  local short = #file > 59 and '...' .. file:sub(-56) or file
  local known = { file = file, library = library }
  errors.chunks[short], errors.chunks[file] = known, known
end

--- Compiles Lua text whose chunk is called @file; a text that does not compile is INVALID.
---@return function
function M.compile(source, file, library)
  know(file, library)
  local chunk, message = load(source, '@' .. file, 't', M.env)
  if not chunk then
    errors.raise(errors.syntax(message, file))
  end
  return chunk
end

--- Compiles an entry of a session.
---@param text string
---@param name string how errors call it: "entry 3"
---@param env table its variables
---@return function|nil chunk
---@return table|nil err {code, message, file, line}
function M.compile_entry(text, name, env)
  know(name)
  local chunk, message = load(text, '@' .. name, 't', env)
  if not chunk then
    return nil, errors.syntax(message, name)
  end
  return chunk
end

local function fetch(name)
  local answer, err = tasks.ask_alone('mod.load', name)
  if not answer then
    err.message = ("cannot load module '%s': %s"):format(name, err.message)
    errors.raise(err)
  end
  return answer
end

local function refuse_cycle(name)
  local path = {}
  for _, other in ipairs(order) do
    if other == name or path[1] then
      path[#path + 1] = other
    end
  end
  path[#path + 1] = name
  errors.raise {
    code = 'INVALID',
    message = 'modules require each other in a circle: ' .. table.concat(path, ' → '),
    hint = 'require it where it is used, inside a function, in one of them',
  }
end

local function run_module(name)
  local answer = fetch(name)
  local chunk = M.compile(answer.source, answer.file, name:find('^tlab%.') or name:find('^host%.'))
  return core.call(chunk, name, answer.file)
end

--- The module's value; each is loaded once. While one is being loaded no other task goes on.
---@param name string
function M.require(name)
  if type(name) ~= 'string' then
    error('require takes a module name, not a ' .. type(name), 2)
  end
  if loaded[name] ~= nil then
    return loaded[name]
  end
  if builtin[name] then
    loaded[name] = builtin[name]()
    return loaded[name]
  end
  for _, other in ipairs(order) do
    if other == name then
      refuse_cycle(name)
    end
  end
  order[#order + 1] = name
  local ok, value = pcall(run_module, name)
  order[#order] = nil
  if not ok then
    error(value, 0)
  end
  if value == nil then
    value = true
  end
  loaded[name] = value
  return value
end

---@param core_lib table what core/lua/worker_lib.c offers
---@param error_module table
---@param task_module table
function M.setup(core_lib, error_module, task_module)
  core, errors, tasks = core_lib, error_module, task_module
  builtin.cjson = core.cjson
  -- The schema validator is written for both sides: of the trusted one's core it wants JSON only.
  builtin.core = function()
    return core.view({ json = core.json }, 'core')
  end
  -- For the session of `tlab repl`; of no harm, and of little use, to others.
  builtin['tlab.session'] = function()
    return core.view(
      { compile = M.compile_entry, evaluate = tasks.entry, on_look = core.on_look },
      'tlab.session'
    )
  end
  builtin['tlab.json'] = function()
    return core.view(core.json, 'tlab.json')
  end
end

return M
