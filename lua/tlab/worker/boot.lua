-- The worker's life in Lua: load the recipe, say what it declares, run it, say how it ended.
-- `core` is what core/lua/worker_lib.c offers.

---@param core table
return function(core)
  local errors = core.internal('errors').new(core)
  local tasks = core.internal('tasks').new(core, errors)
  local modules = core.internal('modules').new(core, errors, tasks)
  local globals = core.internal('globals').new(core, errors, tasks, modules)
  modules.env = globals

  local word, what = core.receive()
  if word ~= 'load' then error('the first frame must be load') end

  --- Sends the last frame; what cannot be sent as plain values is an error of its own.
  local function finish(ok, value, co)
    local sent, code, message
    if ok then
      sent, code, message = core.send('done', value)
      if sent then return end
      value = { code = code, file = what.file,
        message = ('what run returned is not plain data: %s'):format(message) }
    end
    core.send('failed', errors.describe(value, co))
  end

  --- A recipe's table as plain values: each function becomes true.
  local function declaration(value, depth)
    if type(value) == 'function' then return true end
    if type(value) ~= 'table' or depth > 200 then return value end
    local plain = {}
    for k, v in pairs(value) do plain[k] = declaration(v, depth + 1) end
    -- An empty list has only its mark to tell it from an empty map.
    return next(plain) == nil and getmetatable(value) == false and core.json.array(plain) or plain
  end

  math.randomseed(what.seed or 0)
  local recipe
  local ok, value, co = tasks.main(what.seed or 0, function()
    local chunk = modules.compile(what.source, what.file)
    recipe = chunk(what.file)
    local plain = declaration(recipe, 0)
    local sent, code, message = core.send('loaded', plain)
    if not sent then
      errors.raise { code = 'INVALID', file = what.file,
        message = ('what the recipe %s declares is not plain data (%s): %s'):format(what.file,
          code, message) }
    end
  end)
  if not ok then return finish(false, value, co) end

  local spec, info
  word, spec, info = core.receive()
  if word ~= 'run' then error('the second frame must be run') end
  tasks.loading = false
  finish(tasks.main(info.seed or what.seed or 0, function()
    if type(recipe) ~= 'table' or type(recipe.run) ~= 'function' then
      error { code = 'INVALID', message = 'the recipe has no function run', file = what.file }
    end
    local run = core.internal('run').new(core, errors, tasks, modules, info)
    return (recipe.run(run, spec))
  end))
end
