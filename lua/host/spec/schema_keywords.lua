--- JSON Schema: the keywords that apply other schemas, and the order in which keywords run.
local assertions = require 'host.spec.schema_assert'
local run = require 'host.spec.schema_run'
local suggest = require 'host.view.suggest'
local value = require 'host.spec.value'

local M = {}

local fail, merge = run.fail, run.merge

-- References. ------------------------------------------------------------------------------------

local function make_ref(arg, site)
  if type(arg) ~= 'string' then
    site.fault('expected a URI reference, got %s', value.show(arg))
    return nil
  end
  local node = site.ref(arg)
  table.insert(site.node.beside, node)
  table.insert(site.node.surely, node)
  return function(ctx, v, at, notes)
    local ok, more = run.run(node, ctx, v, at)
    merge(notes, more)
    return ok
  end
end

--- The outermost schema resource on the way here that has the anchor decides (core, 8.2.3.2).
local function make_dynamic_ref(arg, site)
  if type(arg) ~= 'string' then
    site.fault('expected a URI reference, got %s', value.show(arg))
    return nil
  end
  local first, anchor = site.ref(arg)
  table.insert(site.node.beside, first)
  return function(ctx, v, at, notes)
    local node = first
    for _, resource in ipairs(anchor and ctx.scope or {}) do
      if resource.dynamic_nodes[anchor] then
        node = resource.dynamic_nodes[anchor]
        break
      end
    end
    local ok, more = run.run(node, ctx, v, at)
    merge(notes, more)
    return ok
  end
end

-- Several schemas for the same value. ------------------------------------------------------------

local function sub_list(arg, site)
  local nodes = {}
  for i, schema in ipairs(assertions.list(arg, site)) do
    nodes[i] = site.sub(schema, i - 1)
    table.insert(site.node.beside, nodes[i])
  end
  if #nodes == 0 then
    site.fault('expected at least one schema')
  end
  return nodes
end

local function make_all(arg, site)
  local nodes = sub_list(arg, site)
  table.move(nodes, 1, #nodes, #site.node.surely + 1, site.node.surely)
  return function(ctx, v, at, notes)
    local all = true
    for _, node in ipairs(nodes) do
      local ok, more = run.run(node, ctx, v, at)
      merge(notes, more)
      all = all and ok
    end
    return all
  end
end

--- Whether these errors say that the value itself is of another kind or lacks its telling key.
local function is_other_form(errors, at)
  for _, e in ipairs(errors) do
    if e.pointer == at and (e.keyword == 'type' or e.keyword == 'required') then
      return true
    elseif e.keyword == 'const' or e.keyword == 'enum' then
      return e.pointer:match('^(.*)/') == at
    end
  end
  return false
end

--- Says why none of several forms fits: the errors of the one form that was clearly meant, or the
--- first error of each.
local function explain(ctx, site, at, tried)
  if not ctx.errors then
    return false
  end
  local meant = {}
  for _, errors in ipairs(tried) do
    if not is_other_form(errors, at) then
      meant[#meant + 1] = errors
    end
  end
  if #meant == 1 or #tried == 1 then
    for _, e in ipairs(meant[1] or tried[1]) do
      ctx.errors[#ctx.errors + 1] = e
    end
    return false
  end
  local words, seen = {}, {}
  for _, errors in ipairs(tried) do
    local e = errors[1]
    local text = e and (e.pointer ~= at and e.pointer:sub(#at + 1) .. ': ' or '') .. e.message
    if text and not seen[text] then
      seen[text] = true
      words[#words + 1] = text
    end
  end
  local message = 'fits none of the allowed forms: ' .. table.concat(words, '; or ')
  return fail(ctx, site, at, message)
end

--- Tries all; returns how many fit, their places, and the errors of those that do not.
local function try_all(nodes, ctx, v, at, notes)
  local fits, tried = {}, {}
  for i, node in ipairs(nodes) do
    local ok, more, errors = run.try(node, ctx, v, at)
    if ok then
      fits[#fits + 1] = i
      merge(notes, more)
    else
      tried[#tried + 1] = errors
    end
  end
  notes.unsure = notes.unsure or #fits == 0
  return fits, tried
end

local function make_any(arg, site)
  local nodes = sub_list(arg, site)
  return function(ctx, v, at, notes)
    local fits, tried = try_all(nodes, ctx, v, at, notes)
    return #fits > 0 or explain(ctx, site, at, tried)
  end
end

local function make_one(arg, site)
  local nodes = sub_list(arg, site)
  return function(ctx, v, at, notes)
    local fits, tried = try_all(nodes, ctx, v, at, notes)
    if #fits > 1 then
      local message = ('fits %d of the forms, expected exactly one'):format(#fits)
      return fail(ctx, site, at, message)
    end
    return #fits == 1 or explain(ctx, site, at, tried)
  end
end

local function make_not(arg, site)
  local node = site.sub(arg)
  return function(ctx, v, at)
    local outer = ctx.errors
    ctx.errors = nil
    local ok = run.run(node, ctx, v, at)
    ctx.errors = outer
    return not ok or fail(ctx, site, at, 'has a form that is not allowed here')
  end
end

local function make_if(arg, site)
  local test = site.sub(arg)
  local branches = { [true] = site.beside('then'), [false] = site.beside('else') }
  table.insert(site.node.beside, test)
  return function(ctx, v, at, notes)
    local fits, more = run.try(test, ctx, v, at)
    if fits then
      merge(notes, more)
    end
    if not branches[fits] then
      return true
    end
    local ok, others = run.run(branches[fits], ctx, v, at)
    merge(notes, others)
    return ok
  end
end

local function make_dependent(arg, site)
  local nodes = {}
  for key, schema in pairs(assertions.map(arg, site)) do
    nodes[key] = site.sub(schema, key)
    table.insert(site.node.beside, nodes[key])
  end
  return function(ctx, v, at, notes)
    local all = true
    for key, node in pairs(value.kind(v) == 'object' and nodes or {}) do
      if v[key] ~= nil then
        local ok, more = run.run(node, ctx, v, at)
        merge(notes, more)
        all = all and ok
      end
    end
    return all
  end
end

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
    local message = found < least and ('expected at least %d fitting item(s), got %d'):format(least, found)
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

-- The table. -------------------------------------------------------------------------------------

M.table = {}
for keyword, entry in pairs(assertions.keywords) do
  M.table[keyword] = entry
end
for vocabulary, makers in pairs {
  core = { ['$ref'] = make_ref, ['$dynamicRef'] = make_dynamic_ref },
  validation = { minContains = checked_size, maxContains = checked_size },
  applicator = {
    allOf = make_all, anyOf = make_any, oneOf = make_one, ['not'] = make_not, ['if'] = make_if,
    dependentSchemas = make_dependent, properties = make_properties,
    patternProperties = make_pattern_properties, additionalProperties = make_additional,
    propertyNames = make_property_names, prefixItems = make_prefix, items = make_items,
    contains = make_contains,
  },
  unevaluated = {
    unevaluatedProperties = make_unevaluated_properties, unevaluatedItems = make_unevaluated_items,
  },
} do
  for keyword, make in pairs(makers) do
    M.table[keyword] = { vocabulary = vocabulary, make = make }
  end
end

--- What depends on its neighbours comes behind them.
M.order = {
  '$ref', '$dynamicRef', 'type', 'const', 'enum', 'multipleOf', 'maximum', 'exclusiveMaximum',
  'minimum', 'exclusiveMinimum', 'maxLength', 'minLength', 'pattern', 'format', 'maxItems',
  'minItems', 'uniqueItems', 'maxContains', 'minContains', 'maxProperties', 'minProperties',
  'required', 'dependentRequired', 'properties', 'patternProperties', 'additionalProperties',
  'propertyNames', 'prefixItems', 'items', 'contains', 'allOf', 'anyOf', 'oneOf', 'not', 'if',
  'dependentSchemas', 'unevaluatedItems', 'unevaluatedProperties',
}

return M
