--- JSON Schema: the table of all keywords, by vocabulary, and the order in which they run.
local assertions = require 'host.spec.schema_assert'
local members = require 'host.spec.schema_members'
local several = require 'host.spec.schema_several'

local M = {}

--- What depends on its neighbours comes behind them.
-- stylua: ignore
M.order = {
  '$ref', '$dynamicRef', 'type', 'const', 'enum', 'multipleOf', 'maximum', 'exclusiveMaximum',
  'minimum', 'exclusiveMinimum', 'maxLength', 'minLength', 'pattern', 'format', 'maxItems',
  'minItems', 'uniqueItems', 'maxContains', 'minContains', 'maxProperties', 'minProperties',
  'required', 'dependentRequired', 'properties', 'patternProperties', 'additionalProperties',
  'propertyNames', 'prefixItems', 'items', 'contains', 'allOf', 'anyOf', 'oneOf', 'not', 'if',
  'dependentSchemas', 'unevaluatedItems', 'unevaluatedProperties',
}

local VOCABULARY = {
  ['$ref'] = 'core',
  ['$dynamicRef'] = 'core',
  minContains = 'validation',
  maxContains = 'validation',
  unevaluatedItems = 'unevaluated',
  unevaluatedProperties = 'unevaluated',
}

--- keyword → {vocabulary, make = function(argument, site) → step or nil}
M.table = {}
for keyword, entry in pairs(assertions.keywords) do
  M.table[keyword] = entry
end
for _, makers in ipairs { several, members } do
  for keyword, make in pairs(makers) do
    M.table[keyword] = { vocabulary = VOCABULARY[keyword] or 'applicator', make = make }
  end
end

return M
