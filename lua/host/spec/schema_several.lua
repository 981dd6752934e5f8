--- JSON Schema: the keywords that apply further schemas to the same value.
local assertions = require 'host.spec.schema_assert'
local run = require 'host.spec.schema_run'
local value = require 'host.spec.value'

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

--- Whether these errors say that the value is of another kind, lacks its telling key, or tells by a
--- key of its own that it is another form.
local function is_other_form(errors, v, at)
  local object = value.kind(v) == 'object'
  for _, e in ipairs(errors) do
    if e.pointer == at and (e.keyword == 'type' or e.keyword == 'required') then
      return true
    elseif object and (e.keyword == 'const' or e.keyword == 'enum') then
      if e.pointer:match('^(.*)/') == at then
        return true
      end
    end
  end
  return false
end

--- Says why none of several forms fits: the keys of which one is needed, or the errors of the one
--- form that was clearly meant, or the first error of each.
local function explain(ctx, site, v, at, tried, keys)
  if not ctx.errors then
    return false
  elseif keys and #tried[1] == 1 and tried[1][1].keyword == 'required' then
    return fail(ctx, site, at, 'one of these keys is needed: ' .. keys)
  end
  local meant = {}
  for _, errors in ipairs(tried) do
    if not is_other_form(errors, v, at) then
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

--- The keys of `[{"required": ["a"]}, {"required": ["b"]}]`, the usual way to say "one of these".
local function choice_of_keys(arg, site)
  local keys = {}
  for i, schema in ipairs(assertions.list(arg, site)) do
    local required = type(schema) == 'table' and schema.required
    if type(required) ~= 'table' or value.count(schema) > 1 or #required ~= 1 then
      return nil
    end
    keys[i] = value.show(required[1])
  end
  return table.concat(keys, ', ')
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
  local keys = choice_of_keys(arg, site)
  return function(ctx, v, at, notes)
    local fits, tried = try_all(nodes, ctx, v, at, notes)
    return #fits > 0 or explain(ctx, site, v, at, tried, keys)
  end
end

local function make_one(arg, site)
  local nodes = sub_list(arg, site)
  local keys = choice_of_keys(arg, site)
  return function(ctx, v, at, notes)
    local fits, tried = try_all(nodes, ctx, v, at, notes)
    if #fits > 1 then
      local message = ('fits %d of the forms, expected exactly one'):format(#fits)
      return fail(
        ctx,
        site,
        at,
        keys and 'only one of these keys may be there: ' .. keys or message
      )
    end
    return #fits == 1 or explain(ctx, site, v, at, tried, keys)
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

return {
  ['$ref'] = make_ref,
  ['$dynamicRef'] = make_dynamic_ref,
  allOf = make_all,
  anyOf = make_any,
  oneOf = make_one,
  ['not'] = make_not,
  ['if'] = make_if,
  dependentSchemas = make_dependent,
}
