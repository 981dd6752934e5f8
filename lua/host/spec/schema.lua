--- JSON Schema 2020-12 (core and validation), as a validator in plain Lua.
---
--- Hand-written, since no validator for Lua 5.4 is packaged, and a spec is judged before anything
--- else runs. Whole vocabularies: core, applicator, unevaluated, validation, meta-data, content
--- (annotations), format (annotation, or a few formats asserted). Not done and therefore refused
--- when a schema is compiled: other dialects, other vocabularies, and in `pattern` look-around,
--- back-references and Unicode properties (regex.lua).
local compile = require 'host.spec.schema_compile'
local keywords = require 'host.spec.schema_keywords'
local run = require 'host.spec.schema_run'
local value = require 'host.spec.value'

local M = {}

---@class schema.Error
---@field pointer string JSON pointer into the value
---@field keyword string
---@field message string
---@field schema string where in the schema: `#/properties/model/type`
---@field hint? string `did you mean "temperature"?`

---@class schema.Validator
---@field root table
local Validator = {}
Validator.__index = Validator

---@class schema.Options
---@field resolve? fun(uri: string): table|boolean|nil documents that `$ref` names
---@field strict? boolean refuse keywords that mean nothing (names that start with `x-` are free)
---@field formats? boolean assert `format`
---@field trusted? boolean one of tlab's own schemas: its parts are compiled when they are reached
---@field uri? string where the schema comes from, the base of its references

local function by_place(a, b)
  return a.pointer < b.pointer or a.pointer == b.pointer and a.message < b.message
end

local function refusal(faults)
  local details, seen = {}, {}
  table.sort(faults, by_place)
  for _, fault in ipairs(faults) do
    local line = ('%s: %s'):format(fault.pointer, fault.message)
    if not seen[line] then
      seen[line] = true
      details[#details + 1] = line
    end
  end
  local message = ('the schema cannot be used: %s'):format(details[1])
  if #details > 1 then
    message = ('the schema cannot be used: %d faults'):format(#details)
  end
  return { code = 'INVALID', message = message, details = details }
end

--- Makes a validator of a schema.
---@param schema table|boolean
---@param options? schema.Options
---@return schema.Validator|nil
---@return table|nil err {code, message, details}
function M.compile(schema, options)
  options = options or {}
  if type(schema) ~= 'table' and type(schema) ~= 'boolean' then
    return nil, refusal { { pointer = '#', message = 'expected an object, true or false' } }
  end
  local compiler = compile.new(keywords, options)
  local root
  if type(schema) == 'boolean' then
    root = compiler:node(schema, {}, '#')
  else
    local resource = compiler:add(schema, options.uri or '')
    root = compiler:node(schema, resource, resource.pointer)
  end
  compiler:finish()
  if #compiler.faults > 0 then
    return nil, refusal(compiler.faults)
  end
  return setmetatable({ root = root, schema = schema }, Validator)
end

--- Judges a value: true, or all errors at once, in the order of their places.
---@param v any
---@return true|schema.Error[]
function Validator:check(v)
  local ctx = run.context()
  local done, ok = pcall(run.run, self.root, ctx, v, '')
  if not done then
    if type(ok) ~= 'table' or not ok.endless then
      error(ok, 0)
    end
    return {
      {
        pointer = '',
        keyword = '$ref',
        schema = ok.endless,
        message = 'cannot be judged: the schema refers to itself without end',
      },
    }
  end
  if ok then
    return true
  end
  local errors, seen = {}, {}
  for _, e in ipairs(ctx.errors) do
    local name = e.pointer .. '\0' .. e.message
    if not seen[name] then
      seen[name] = true
      errors[#errors + 1] = e
    end
  end
  table.sort(errors, by_place)
  return errors
end

-- What a schema says about a place, without a value. ---------------------------------------------

--- Calls fn for a node and all that apply beside it.
local function each_beside(node, fn, seen)
  seen = seen or {}
  if not seen[node] then
    seen[node] = true
    fn(node)
    for _, other in ipairs(node.beside) do
      each_beside(other, fn, seen)
    end
  end
end

local function children(node, step, add)
  each_beside(node, function(n)
    local hit = n.properties and n.properties[step]
    add(hit)
    for _, entry in ipairs(n.patterns or {}) do
      if entry.matches(step) then
        hit = entry.node
        add(hit)
      end
    end
    if not hit then
      add(n.additional)
    end
    local i = math.tointeger(tonumber(step))
    if i then
      add(n.prefix and n.prefix[i + 1] or n.items)
    end
  end)
end

--- The nodes that judge the value at a pointer.
local function nodes_at(root, pointer)
  local nodes = { root }
  for _, step in ipairs(value.steps(pointer) or {}) do
    local found = {}
    for _, node in ipairs(nodes) do
      children(node, step, function(child)
        if child and child.always == nil then
          found[#found + 1] = child
        end
      end)
    end
    nodes = found
  end
  return nodes
end

--- The JSON types that the schema allows at a pointer, as a set; nil when it does not say.
---@param pointer string
---@return table<string, boolean>|nil
function Validator:types(pointer)
  local kinds
  for _, node in ipairs(nodes_at(self.root, pointer)) do
    each_beside(node, function(n)
      local values = n.schema and (n.schema.enum or n.schema.const ~= nil and { n.schema.const })
        or {}
      for kind in pairs(n.kinds or {}) do
        kinds = kinds or {}
        kinds[kind] = true
      end
      for _, one in ipairs(not n.kinds and values or {}) do
        kinds = kinds or {}
        kinds[value.kind(one)] = true
      end
    end)
  end
  return kinds
end

--- What the schema says about the keys of the object at a pointer, for help and completion.
---@param pointer? string
---@return table[] list of {name, schema, required}, required ones first, then by name
function Validator:keys(pointer)
  local found, required = {}, {}
  for _, node in ipairs(nodes_at(self.root, pointer or '')) do
    each_beside(node, function(n)
      for name, child in pairs(n.properties or {}) do
        if child.always ~= false and not found[name] then
          found[name] = { name = name, schema = child.schema or true }
        end
      end
      for _, name in ipairs(n == node and n.schema and n.schema.required or {}) do
        required[name] = true
      end
    end)
  end
  local list = {}
  for name, entry in pairs(found) do
    entry.required = required[name] or false
    list[#list + 1] = entry
  end
  table.sort(list, function(a, b)
    if a.required ~= b.required then
      return a.required
    end
    return a.name < b.name
  end)
  return list
end

-- Defaults. --------------------------------------------------------------------------------------

local function copy(v)
  if type(v) ~= 'table' then
    return v
  end
  local out = value.is_list(v) and value.list {} or {}
  for k, item in pairs(v) do
    out[k] = copy(item)
  end
  return out
end
M.copy = copy

local fill

--- The node that a key without a property of its own is judged by.
local function other_member(node, key)
  for _, entry in ipairs(node.patterns or {}) do
    if entry.matches(key) then
      return entry.node
    end
  end
  return node.additional
end

local function fill_members(node, v, seen)
  local own = node.properties or {}
  for name, child in pairs(own) do
    local default = child.schema and child.schema.default
    if v[name] == nil and default ~= nil then
      v[name] = copy(default)
    end
  end
  for name, item in pairs(v) do
    local child = own[name] or other_member(node, name)
    if child then
      fill(child, item, {})
    end
  end
  for _, other in ipairs(node.surely) do
    fill(other, v, seen)
  end
end

--- Fills in place, along members, items, `$ref` and `allOf`: what surely applies.
function fill(node, v, seen)
  if type(v) ~= 'table' or seen[node] then
    return
  end
  seen[node] = true
  if value.is_list(v) then
    for i = #(node.prefix or {}) + 1, node.items and #v or 0 do
      fill(node.items, v[i], {})
    end
    for _, other in ipairs(node.surely) do
      fill(other, v, seen)
    end
  else
    fill_members(node, v, seen)
  end
end

--- A copy of the value with the schema's defaults where keys are missing.
---@param v any
---@return any
function Validator:fill(v)
  local out = copy(v)
  fill(self.root, out, {})
  return out
end

return M
