-- The worker's life in Lua: load the recipe, say what it declares, run it, say how it ended.

local core, errors, tasks, modules

local function setup(core_lib)
  core = core_lib
  errors, tasks, modules = core.internal('errors'), core.internal('tasks'), core.internal('modules')
  errors.setup(core)
  tasks.setup(core, errors)
  modules.setup(core, errors, tasks)
  modules.env = core.internal('globals').new(core, errors, tasks, modules)
end

--- Sends the last frame; what cannot be sent as plain values is an error of its own.
local function finish(file, ok, value, co)
  if ok then
    local sent, code, message = core.send('done', value)
    if sent then
      return
    end
    message = 'what run returned is not plain data: ' .. message
    value = { code = code, file = file, message = message }
  end
  core.send('failed', errors.describe(value, co))
end

--- A recipe's table as plain values: each function becomes true.
local function declaration(value, depth)
  if type(value) == 'function' then
    return true
  end
  if type(value) ~= 'table' or depth > 200 then
    return value
  end
  local plain = {}
  for k, v in pairs(value) do
    plain[k] = declaration(v, depth + 1)
  end
  -- An empty list has only its mark to tell it from an empty map.
  return next(plain) == nil and getmetatable(value) == false and core.json.array(plain) or plain
end

--- Evaluates the recipe's file and sends what it declares.
local function evaluate(file, source)
  local recipe = modules.compile(source, file)(file)
  local sent, code, message = core.send('loaded', declaration(recipe, 0))
  if not sent then
    message = ('what the recipe declares is not plain data (%s): %s'):format(code, message)
    errors.raise { code = 'INVALID', file = file, message = message }
  end
  return recipe
end

local function run_recipe(file, recipe, spec, info)
  if type(recipe) ~= 'table' or type(recipe.run) ~= 'function' then
    error { code = 'INVALID', message = 'the recipe has no function run', file = file }
  end
  local worker = { errors = errors, tasks = tasks, modules = modules }
  return (recipe.run(core.internal('run').new(core, worker, info), spec))
end

--- Waits for a frame; what may come when is fixed (docs/reference/ARCHITECTURE.md).
local function expect(word)
  local frame = table.pack(core.receive())
  if frame[1] ~= word then
    error(('the frame %s came before %s'):format(frame[1], word))
  end
  return table.unpack(frame, 2, frame.n)
end

---@param core_lib table what core/lua/worker_lib.c offers
return function(core_lib)
  setup(core_lib)
  local load_frame = expect 'load'
  local file, seed = load_frame.file, load_frame.seed or 0
  math.randomseed(seed)
  local ok, recipe, co = tasks.main(seed, function()
    return evaluate(file, load_frame.source)
  end)
  if not ok then
    return finish(file, false, recipe, co)
  end

  local spec, info = expect 'run'
  tasks.loading = false
  math.randomseed(info.seed or seed) -- the run's own is only known now
  finish(
    file,
    tasks.main(info.seed or seed, function()
      return run_recipe(file, recipe, spec, info)
    end)
  )
end
