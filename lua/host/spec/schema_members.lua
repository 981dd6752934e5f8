--- JSON Schema: the keywords that apply schemas to the members of objects and the items of lists.
local assertions = require 'host.spec.schema_assert'
local run = require 'host.spec.schema_run'
local suggest = require 'host.view.suggest'
local value = require 'host.spec.value'

local fail = run.fail

-- Members of an object. --------------------------------------------------------------------------

local function evaluated(notes, key)
  notes.props = notes.props or {}
  notes.props[key] = true
end

local function make_properties(arg, site)
  local nodes = {}
  for key, schema in pairs(assertions.map(arg, site)) do
    nodes[key] = site.sub(schema, key)
  end
  site.node.properties = nodes
  return function(ctx, v, at, notes)
    local all = true
    for key, item in pairs(value.kind(v) == 'object' and v or {}) do
      if nodes[key] then
        evaluated(notes, key)
        all = run.run(nodes[key], ctx, item, at .. value.step(key)) and all
      end
    end
    return all
  end
end

local function make_pattern_properties(arg, site)
  local list = {}
  for pattern, schema in pairs(assertions.map(arg, site)) do
    local matcher = assertions.pattern(pattern, site)
    if matcher then
      list[#list + 1] = { matches = matcher, node = site.sub(schema, pattern) }
    end
  end
  site.node.patterns = list
  return function(ctx, v, at, notes)
    local all = true
    for key, item in pairs(value.kind(v) == 'object' and v or {}) do
      for _, entry in ipairs(list) do
        if entry.matches(key) then
          evaluated(notes, key)
          all = run.run(entry.node, ctx, item, at .. value.step(key)) and all
        end
      end
    end
    return all
  end
end

--- The keys that a node and the schemas applied beside it know, for "did you mean".
local function known_keys(node, seen, names)
  if seen[node] then
    return names
  end
  seen[node] = true
  for key in pairs(node.properties or {}) do
    names[#names + 1] = key
  end
  for _, other in ipairs(node.beside) do
    known_keys(other, seen, names)
  end
  return names
end

--- Applies a node to a member that no other keyword knows.
local function extra(ctx, site, node, key, item, at)
  local where = at .. value.step(key)
  if node.always == false then
    local hint = suggest.text(key, known_keys(site.node, {}, {}))
    return fail(ctx, site, where, 'unknown key', hint)
  end
  return (run.run(node, ctx, item, where))
end

local function is_matched(patterns, key)
  for _, entry in ipairs(patterns or {}) do
    if entry.matches(key) then
      return true
    end
  end
  return false
end

local function make_additional(arg, site)
  local node = site.sub(arg)
  site.node.additional = node
  return function(ctx, v, at, notes)
    local own, all = site.node.properties or {}, true
    for key, item in pairs(value.kind(v) == 'object' and v or {}) do
      if not own[key] and not is_matched(site.node.patterns, key) then
        evaluated(notes, key)
        all = extra(ctx, site, node, key, item, at) and all
      end
    end
    return all
  end
end

local function make_unevaluated_properties(arg, site)
  local node = site.sub(arg)
  return function(ctx, v, at, notes)
    local all = true
    if notes.unsure then -- a form did not fit: what it would have known is not known
      return true
    end
    for key, item in pairs(value.kind(v) == 'object' and v or {}) do
      if not (notes.props and notes.props[key]) then
        evaluated(notes, key)
        all = extra(ctx, site, node, key, item, at) and all
      end
    end
    return all
  end
end

local function make_property_names(arg, site)
  local node = site.sub(arg)
  return function(ctx, v, at)
    local all = true
    for key in pairs(value.kind(v) == 'object' and v or {}) do
      local ok, _, errors = run.try(node, ctx, key, '')
      if not ok then
        local why = errors[1] and errors[1].message or 'is not allowed'
        all = fail(ctx, site, at .. value.step(key), 'as a key: ' .. why)
      end
    end
    return all
  end
end

-- Items of a list. -------------------------------------------------------------------------------

local function make_prefix(arg, site)
  local nodes = {}
  for i, schema in ipairs(assertions.list(arg, site)) do
    nodes[i] = site.sub(schema, i - 1)
  end
  site.node.prefix = nodes
  return function(ctx, v, at, notes)
    local all = true
    for i = 1, value.is_list(v) and math.min(#v, #nodes) or 0 do
      all = run.run(nodes[i], ctx, v[i], at .. value.step(i - 1)) and all
      notes.items = math.max(notes.items or 0, i)
    end
    return all
  end
end

local function make_items(arg, site)
  if value.is_list(arg) then
    site.fault('a list of schemas here is of an older draft: use prefixItems')
    return nil
  end
  local node = site.sub(arg)
  site.node.items = node
  return function(ctx, v, at, notes)
    local all = true
    for i = #(site.node.prefix or {}) + 1, value.is_list(v) and #v or 0 do
      all = run.run(node, ctx, v[i], at .. value.step(i - 1)) and all
      notes.items = math.huge
    end
    return all
  end
end

local function contains_bounds(site)
  local least, most = site.schema.minContains, site.schema.maxContains
  local on = site.has('validation')
  return on and least and assertions.size(least, site) or 1,
    on and most and assertions.size(most, site) or math.huge
end

local function make_contains(arg, site)
  local node = site.sub(arg)
  local least, most = contains_bounds(site)
  return function(ctx, v, at, notes)
    if not value.is_list(v) then
      return true
    end
    local found = 0
    for i, item in ipairs(v) do
      local ok = run.try(node, ctx, item, at .. value.step(i - 1))
      if ok then
        found = found + 1
        notes.set = notes.set or {}
        notes.set[i] = true
      end
    end
    if found >= least and found <= most then
      return true
    end
    local message = found < least
        and ('expected at least %d fitting item(s), got %d'):format(least, found)
      or ('expected at most %d fitting item(s), got %d'):format(most, found)
    return fail(ctx, site, at, message)
  end
end

local function make_unevaluated_items(arg, site)
  local node = site.sub(arg)
  return function(ctx, v, at, notes)
    local all = true
    if notes.unsure then
      return true
    end
    for i = (notes.items or 0) + 1, value.is_list(v) and #v or 0 do
      if not (notes.set and notes.set[i]) then
        local where = at .. value.step(i - 1)
        if node.always == false then
          all = fail(ctx, site, where, 'one item too many')
        else
          all = run.run(node, ctx, v[i], where) and all
        end
      end
    end
    notes.items = math.huge
    return all
  end
end

local function checked_size(arg, site)
  assertions.size(arg, site) -- used by `contains`; alone it means nothing
end

return {
  properties = make_properties,
  patternProperties = make_pattern_properties,
  additionalProperties = make_additional,
  unevaluatedProperties = make_unevaluated_properties,
  propertyNames = make_property_names,
  prefixItems = make_prefix,
  items = make_items,
  contains = make_contains,
  minContains = checked_size,
  maxContains = checked_size,
  unevaluatedItems = make_unevaluated_items,
}
