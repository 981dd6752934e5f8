--- JSON Schema, from table to nodes: `$id`, `$anchor`, `$ref`, dialects, and what is refused.
---
--- A document is first walked along the keywords that hold schemas, so that every `$id` (which
--- makes a resource) and every anchor is known; then each schema that can be reached becomes a
--- node: a list of steps, functions of (context, value, pointer, notes). All faults are gathered,
--- none ends the work.
local suggest = require 'host.view.suggest'
local uri = require 'host.spec.uri'
local value = require 'host.spec.value'
local terms = require 'host.spec.schema_vocabulary'

local M = {}

M.DIALECT = 'https://json-schema.org/draft/2020-12/schema'

local MOST_NESTED = 200

---@class schema.Compiler
---@field keywords table the table of schema_keywords
---@field options table
---@field resources table<string, table>
---@field owner table<table, table> the resource whose root a table is
---@field met table[] every schema of every document: {schema, resource, pointer}
---@field faults table[] {pointer, message}
local Compiler = {}
Compiler.__index = Compiler

---@param keywords table
---@param options table
function M.new(keywords, options)
  return setmetatable({
    keywords = keywords,
    options = options,
    resources = {},
    order = {},
    owner = {},
    faults = {},
    met = {},
  }, Compiler)
end

function Compiler:fault(pointer, message, ...)
  self.faults[#self.faults + 1] = { pointer = pointer, message = message:format(...) }
end

-- Dialects. --------------------------------------------------------------------------------------

--- The names of the vocabularies that a schema's `$schema` switches on; nil means all.
function Compiler:dialect(name, pointer)
  if name == nil or name == M.DIALECT or name == M.DIALECT .. '#' then
    return nil
  end
  local meta = self.resources[name] and self.resources[name].root
  if not meta and self.options.resolve then
    meta = self.options.resolve(name)
  end
  if type(meta) ~= 'table' then
    self:fault(pointer, '$schema is %s; only %s is supported', value.show(name), M.DIALECT)
    return nil
  end
  if meta['$vocabulary'] == nil then
    if meta['$schema'] ~= M.DIALECT then
      self:fault(pointer, '$schema leads to %s, which is not of draft 2020-12', value.show(name))
    end
    return nil
  end
  local on = { core = true }
  for vocabulary, required in pairs(meta['$vocabulary']) do
    local short = vocabulary:sub(1, #terms.PREFIX) == terms.PREFIX
      and vocabulary:sub(#terms.PREFIX + 1)
    if short and terms.KNOWN[short] then
      on[short] = true
    elseif required or short == 'format-assertion' then
      self:fault(pointer, 'the vocabulary %s is not supported', vocabulary)
    end
  end
  return on
end

-- Walking: resources and anchors. ----------------------------------------------------------------

local ANCHOR = '^[%a_][%w._-]*$'

function Compiler:anchors(schema, resource, pointer)
  for _, keyword in ipairs { '$anchor', '$dynamicAnchor' } do
    local name = schema[keyword]
    if name ~= nil then
      if type(name) ~= 'string' or not name:find(ANCHOR) then
        self:fault(pointer, '%s is no plain name: %s', keyword, value.show(name))
      elseif resource.anchors[name] and resource.anchors[name].schema ~= schema then
        self:fault(pointer, 'the anchor %s stands twice', value.show(name))
      else
        resource.anchors[name] = { schema = schema, pointer = pointer }
        if keyword == '$dynamicAnchor' then
          resource.dynamic[name] = resource.anchors[name]
        end
      end
    end
  end
end

--- A new resource, or the parent when `$id` is absent or wrong.
function Compiler:open(schema, parent, base, pointer)
  local id = schema['$id']
  if id ~= nil then
    if type(id) ~= 'string' or id:find('#.') then
      self:fault(pointer, '$id is no URI without a fragment: %s', value.show(id))
      id = nil
    else
      base = uri.split(uri.resolve(base, id))
    end
  end
  if parent and not id then
    return parent
  end
  local resource = {
    uri = base,
    root = schema,
    pointer = pointer,
    anchors = {},
    dynamic = {},
    nodes = {},
  }
  resource.vocabularies = parent and parent.vocabularies
  if schema['$schema'] ~= nil then
    resource.vocabularies = self:dialect(schema['$schema'], pointer)
  end
  self.resources[base] = resource
  self.order[#self.order + 1] = resource
  self.owner[schema] = resource
  return resource
end

function Compiler:walk(schema, parent, base, pointer, depth)
  if type(schema) ~= 'table' then
    return
  elseif depth > MOST_NESTED then
    return self:fault(pointer, 'schemas inside one another more than %d deep', MOST_NESTED)
  end
  local resource = self:open(schema, parent, base, pointer)
  self:anchors(schema, resource, pointer)
  self.met[#self.met + 1] = { schema = schema, resource = resource, pointer = pointer }
  for keyword, inner in pairs(schema) do
    local how = terms.HOLDS[keyword]
    if how == 'one' then
      self:walk(inner, resource, resource.uri, pointer .. '/' .. keyword, depth + 1)
    elseif how and type(inner) == 'table' then
      for key, sub in pairs(inner) do
        local step = how == 'list' and math.type(key) == 'integer' and key - 1 or key
        local where = pointer .. '/' .. keyword .. value.step(step)
        self:walk(sub, resource, resource.uri, where, depth + 1)
      end
    end
  end
end

--- Takes a whole document in. Its resource is then found under `base`, whatever its `$id` is.
function Compiler:add(document, base)
  if type(document) == 'boolean' then
    document = { ['not'] = not document and {} or nil }
  end
  self:walk(document, nil, base, base .. '#', 0)
  local resource = self.owner[document]
  self.resources[base] = self.resources[base] or resource
  return resource
end

-- References. ------------------------------------------------------------------------------------

function Compiler:resource(name)
  local found = self.resources[name]
  if not found and self.options.resolve then
    local document = self.options.resolve(name)
    if document ~= nil then
      found = self:add(document, name)
    end
  end
  return found
end

--- Goes from a resource's root along a pointer; schemas on the way may be resources of their own.
function Compiler:along(resource, fragment)
  local steps = value.steps(fragment)
  local here, pointer = resource.root, resource.pointer
  for _, step in ipairs(steps or {}) do
    if type(here) ~= 'table' then
      return nil
    end
    here = value.at(here, value.step(step))
    pointer = pointer .. value.step(step)
    resource = self.owner[here] or resource
  end
  if steps and (type(here) == 'table' or type(here) == 'boolean') then
    return here, resource, pointer
  end
end

--- The schema that a reference names: schema, resource, pointer, plain anchor name if it was one.
function Compiler:target(reference, from)
  local head, fragment = uri.split(uri.resolve(from.uri, reference))
  local resource = self:resource(head)
  if not resource then
    return nil
  elseif not fragment or fragment == '' then
    return resource.root, resource, resource.pointer
  elseif fragment:sub(1, 1) == '/' then
    return self:along(resource, fragment)
  end
  local anchor = resource.anchors[fragment]
  if anchor then
    return anchor.schema, resource, anchor.pointer, fragment
  end
end

-- Nodes. -----------------------------------------------------------------------------------------

local function all_names(keywords)
  local names = {}
  for name in pairs(keywords) do
    names[#names + 1] = name
  end
  for _, name in ipairs(terms.ANNOTATIONS) do
    names[#names + 1] = name
  end
  return names
end

--- Strict mode: a keyword that does nothing is a mistake, unless it starts with `x-`.
function Compiler:unknown_keywords(schema, pointer)
  if not self.known then
    self.names, self.known = all_names(self.keywords.table), {}
    for _, name in ipairs(self.names) do
      self.known[name] = true
    end
  end
  local known = self.known
  for keyword in pairs(schema) do
    if not known[keyword] and not tostring(keyword):find('^x%-') then
      if terms.OLDER[keyword] then
        self:fault(
          pointer,
          'the keyword "%s" is of an older draft: use %s',
          keyword,
          terms.OLDER[keyword]
        )
      else
        local hint = suggest.text(tostring(keyword), self.names)
        self:fault(
          pointer,
          'unknown keyword "%s"%s',
          tostring(keyword),
          hint and ', ' .. hint or ''
        )
      end
    end
  end
end

--- A node. `beside` are the nodes that may apply to the same value, `surely` those that do.
local function new_node(schema, resource, pointer)
  return {
    schema = schema,
    resource = resource,
    pointer = pointer,
    steps = {},
    beside = {},
    surely = {},
  }
end

local function constant(always, resource, pointer)
  local node = new_node(nil, resource, pointer)
  node.always = always
  return node
end

--- The node of a schema; made once, so that schemas may refer to themselves.
---@return table node {always = boolean} or {steps, resource, pointer, …}
function Compiler:node(schema, resource, pointer)
  if type(schema) == 'boolean' then
    return constant(schema, resource, pointer)
  elseif type(schema) ~= 'table' or (value.is_list(schema)) then
    self:fault(pointer, 'expected a schema (an object, true or false), got %s', value.show(schema))
    return constant(true, resource, pointer)
  end
  resource = self.owner[schema] or resource
  local node = resource.nodes[schema]
  if node then
    return node
  end
  node = new_node(schema, resource, pointer)
  resource.nodes[schema] = node
  if self.options.trusted then
    return self:later(node)
  end
  self:make(node)
  return node
end

--- Makes the steps of a node.
function Compiler:make(node)
  local schema, vocabularies = node.schema, node.resource.vocabularies
  if self.options.strict then
    self:unknown_keywords(schema, node.pointer)
  end
  for _, keyword in ipairs(self.keywords.order) do
    local entry = schema[keyword] ~= nil and self.keywords.table[keyword]
    if entry and (vocabularies == nil or vocabularies[entry.vocabulary]) then
      local step = entry.make(schema[keyword], self:site(node, keyword))
      if step then
        node.steps[#node.steps + 1] = step
      end
    end
  end
end

--- A node of a schema that has been compiled whole before, by the tests. It is made when anything
--- but its place is asked of it, which for most parts of a large schema is never.
function Compiler:later(node)
  local steps, beside, surely = node.steps, node.beside, node.surely
  node.steps, node.beside, node.surely = nil, nil, nil
  return setmetatable(node, {
    __index = function(_, part)
      setmetatable(node, nil)
      node.steps, node.beside, node.surely = steps, beside, surely
      self:make(node)
      return node[part]
    end,
  })
end

--- What a keyword's maker may ask for: its place, sub-schemas, references, faults.
function Compiler:site(node, keyword)
  local compiler = self
  local site = {
    node = node,
    schema = node.schema,
    keyword = keyword,
    options = self.options,
    pointer = node.pointer .. '/' .. keyword,
  }
  function site.fault(message, ...)
    compiler:fault(site.pointer, message, ...)
  end
  function site.sub(schema, step)
    return compiler:node(schema, node.resource, site.pointer .. (step and value.step(step) or ''))
  end
  --- The schema under another keyword of the same object, if any: `then` and `else` of `if`.
  function site.beside(other)
    local schema = node.schema[other]
    if schema == nil then
      return nil
    end
    local found = compiler:node(schema, node.resource, node.pointer .. '/' .. other)
    table.insert(node.beside, found)
    return found
  end
  function site.has(vocabulary)
    local on = node.resource.vocabularies
    return on == nil or on[vocabulary] == true
  end
  function site.ref(reference)
    local schema, resource, pointer, anchor = compiler:target(reference, node.resource)
    if schema == nil then
      site.fault('%s leads nowhere', value.show(reference))
      return constant(true, node.resource, site.pointer)
    end
    return compiler:node(schema, resource, pointer), anchor and resource.dynamic[anchor] and anchor
  end
  return site
end

--- Makes the nodes of all dynamic anchors, so that a check never meets an unmade one; in strict
--- mode those of all schemas, so that a fault in one that nothing refers to is found as well.
function Compiler:finish()
  local all = self.options.strict and not self.options.trusted
  for _, one in ipairs(all and self.met or {}) do
    self:node(one.schema, one.resource, one.pointer)
  end
  local i = 1
  while i <= #self.order do -- grows while references bring in further documents
    local resource = self.order[i]
    resource.dynamic_nodes = {}
    for name, anchor in pairs(resource.dynamic) do
      resource.dynamic_nodes[name] = self:node(anchor.schema, resource, anchor.pointer)
    end
    i = i + 1
  end
end

return M
