--- The words of JSON Schema 2020-12 that are no assertions, and those of older drafts.
local M = {}

-- Keywords that hold schemas, and how.
-- stylua: ignore
M.HOLDS = {
  additionalProperties = 'one', propertyNames = 'one', items = 'one', contains = 'one',
  ['not'] = 'one', ['if'] = 'one', ['then'] = 'one', ['else'] = 'one', unevaluatedItems = 'one',
  unevaluatedProperties = 'one', contentSchema = 'one',
  allOf = 'list', anyOf = 'list', oneOf = 'list', prefixItems = 'list',
  ['$defs'] = 'map', properties = 'map', patternProperties = 'map', dependentSchemas = 'map',
}

-- stylua: ignore
M.ANNOTATIONS = {
  'title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly', '$comment',
  '$schema', '$vocabulary', '$id', '$anchor', '$dynamicAnchor', '$defs', 'format',
  'contentEncoding', 'contentMediaType', 'contentSchema', 'then', 'else',
}

--- Keywords of older drafts, and what stands in their place.
M.OLDER = {
  definitions = '$defs',
  dependencies = 'dependentSchemas or dependentRequired',
  additionalItems = 'prefixItems and items',
  id = '$id',
  ['$recursiveRef'] = '$dynamicRef',
  ['$recursiveAnchor'] = '$dynamicAnchor',
  divisibleBy = 'multipleOf',
  extends = 'allOf',
}

M.PREFIX = 'https://json-schema.org/draft/2020-12/vocab/'
M.KNOWN = {
  core = true,
  applicator = true,
  unevaluated = true,
  validation = true,
  ['meta-data'] = true,
  content = true,
  ['format-annotation'] = true,
}

return M
