--- What a session shows of its variables for the eye alone, while it waits for the next entry:
--- names for completion and help. No metamethod is called, nothing is numbered, nothing changes.

local M = {}

local MOST = 500 -- names of one table
local STEPS = 8 -- from a table to what it inherits from

--- What a value inherits names from: a table, or nil.
local function parent(value)
  if type(value) == 'string' then
    return string
  end
  local meta = type(value) == 'table' and getmetatable(value)
  local index = type(meta) == 'table' and rawget(meta, '__index')
  return type(index) == 'table' and index or nil
end

local function field(value, name)
  for _ = 1, STEPS do
    local found = type(value) == 'table' and rawget(value, name)
    if found then
      return found
    end
    value = parent(value)
  end
  return nil
end

--- The value at the end of a way: { 'tlab', 'fs' }.
local function at(env, way)
  local value = env
  for _, name in ipairs(way) do
    value = field(value, name)
  end
  return value
end

local function add_names(list, seen, value, prefix)
  local meta = getmetatable(value)
  if type(meta) == 'table' and rawget(meta, '__pairs') then
    return
  end
  local ok, step, state, first = pcall(pairs, value)
  for name, item in ok and step or next, ok and state or {}, first do
    local fits = type(name) == 'string'
      and name:sub(1, #prefix) == prefix
      and name:find '^[%a_][%w_]*$'
    if fits and not seen[name] and #list < MOST then
      seen[name] = true
      list[#list + 1] = { name = name, type = type(item) }
    end
  end
end

--- The names in the value at the end of a way that begin with a prefix, and of what type they are.
local function names(env, what)
  local list, seen, value = {}, {}, at(env, what.way)
  for _ = 1, STEPS do
    if type(value) == 'table' then
      add_names(list, seen, value, what.prefix)
    end
    value = parent(value)
  end
  return list
end

--- Where the value itself was first named: "tlab.fs.read", "tlab.csv.decode", "string.format".
local function origin(value, loaded)
  local places = { { '', _G } }
  for _, library in ipairs { 'string', 'table', 'math', 'utf8', 'coroutine' } do
    places[#places + 1] = { library .. '.', _G[library] }
  end
  for family, functions in pairs(tlab) do
    if type(functions) == 'table' then
      places[#places + 1] = { 'tlab.' .. family .. '.', functions }
    end
  end
  for name, module in pairs(loaded) do
    if rawequal(module, value) then
      return name
    end
    places[#places + 1] = { name .. '.', module }
  end
  for _, place in ipairs(places) do
    local ok, step, state, first = pcall(pairs, type(place[2]) == 'table' and place[2] or {})
    for name, item in ok and step or next, ok and state or {}, first do
      if rawequal(item, value) and type(name) == 'string' then
        return place[1] .. name
      end
    end
  end
  return nil
end

--- The function that answers looks.
---@param env table the variables of the session
---@param loaded table<string, any> modules by name
---@return fun(what: table): table
function M.of(env, loaded)
  return function(what)
    if what.prefix then
      return tlab.json.array(names(env, what))
    end
    local value = at(env, what.way)
    local can_be_known = type(value) == 'table' or type(value) == 'function'
    return { type = type(value), origin = can_be_known and origin(value, loaded) or nil }
  end
end

return M
