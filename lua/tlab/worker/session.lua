-- What the recipe of `tlab repl` (lua/tlab/repl) has of the worker beside what every recipe has:
-- entries compiled and called apart from it, so that an error in one ends nothing else.

local M = {}

local errors -- see M.setup

--- Compiles the text of an entry; the chunk is called by its name in errors.
---@param text string
---@param name string "entry 3"
---@param env table
---@return function|nil chunk
---@return string|nil message without a place
---@return integer|nil line
function M.compile(text, name, env)
  errors.chunks[name] = { file = name }
  local chunk, message = load(text, '@' .. name, 't', env)
  if chunk then
    return chunk
  end
  local described = errors.syntax(message, name)
  return nil, described.message, described.line
end

--- Calls f in a coroutine of its own.
---@param f function
---@return boolean ok
---@return any value what f returned first; else the error as errors.describe tells it
function M.call(f)
  local co = coroutine.create(f)
  local ok, value = coroutine.resume(co)
  if ok and coroutine.status(co) == 'suspended' then
    ok, value = false, 'attempt to yield from outside a coroutine'
  end
  if ok then
    return true, value
  end
  local described = errors.describe(value, co)
  coroutine.close(co)
  return false, described
end

---@param error_module table
function M.setup(error_module)
  errors = error_module
end

return M
