-- require: modules come from the supervisor (mod.load), which records what it gave.

local M = {}

---@param core table
---@param errors table
---@param tasks table
function M.new(core, errors, tasks)
  local self = { env = nil } -- env: the recipe's globals, set once they are made
  local loaded, order = {}, {}
  local builtin = {
    cjson = core.cjson,
    ['tlab.json'] = function() return core.view(core.json, 'tlab.json') end,
  }

  --- Compiles Lua text whose chunk is called @file; a text that does not compile is INVALID.
  ---@return function
  function self.compile(source, file, library)
    local short = file
    if #file > 58 then short = '...' .. file:sub(-55) end -- how Lua itself cuts a chunk's name
    local known = { file = file, library = library }
    errors.chunks[short], errors.chunks[file] = known, known
    local chunk, message = load(source, '@' .. file, 't', self.env)
    if not chunk then errors.raise(errors.syntax(message)) end
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
      if other == name or path[1] then path[#path + 1] = other end
    end
    path[#path + 1] = name
    errors.raise { code = 'INVALID',
      message = 'modules require each other in a circle: ' .. table.concat(path, ' → ') }
  end

  local function run_module(name)
    local answer = fetch(name)
    local chunk = self.compile(answer.source, answer.file, name:find('^tlab%.') ~= nil)
    return core.call(chunk, name, answer.file)
  end

  --- The module's value; each is loaded once. While one is being loaded no other task goes on.
  ---@param name string
  function self.require(name)
    if type(name) ~= 'string' then
      error('require takes a module name, not a ' .. type(name), 2)
    end
    if loaded[name] ~= nil then return loaded[name] end
    if builtin[name] then
      loaded[name] = builtin[name]()
      return loaded[name]
    end
    for _, other in ipairs(order) do
      if other == name then refuse_cycle(name) end
    end
    order[#order + 1] = name
    local ok, value = pcall(run_module, name)
    order[#order] = nil
    if not ok then error(value, 0) end
    if value == nil then value = true end
    loaded[name] = value
    return value
  end

  return self
end

return M
