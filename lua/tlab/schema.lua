--- JSON Schema 2020-12 for recipes: the validator that specs are judged by.
---
---     local schema = require 'tlab.schema'
---     local judge = assert(schema.compile { type = 'object', required = { 'city' } })
---     local verdict = judge:check(value) -- true, or a list of {pointer, message}
return require 'host.spec.schema'
