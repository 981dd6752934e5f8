--- Permits of a run that ended, and of one that goes on.
local t = require 'harness'
local core = require 'core'
local permits = require 'host.run.permits'

local BEFORE = { needs = {}, allowed = { net = { 'a:1' } }, denied = {} }

local function granted(family, item, how)
  return { family = family, item = item, how = how }
end

t.test(
  'what was granted stands in the manifest, in order, over all the times it went on',
  function()
    local first = permits.ended(BEFORE, { granted('net', 'b:1', 'once') })
    t.eq(first.granted, { granted('net', 'b:1', 'once') })
    t.eq(first.allowed, BEFORE.allowed)
    local second = permits.ended(first, { granted('env', 'HOME', 'session') })
    t.eq(second.granted, { granted('net', 'b:1', 'once'), granted('env', 'HOME', 'session') })
    t.eq(#first.granted, 1)
    t.eq(core.json.encode(permits.ended(BEFORE)), core.json.encode(BEFORE))
  end
)

t.test('a session that goes on has what was granted for longer than an entry', function()
  local recorded = permits.ended(BEFORE, {
    granted('net', 'once.example.com:443', 'once'),
    granted('net', 'b:1', 'session'),
    granted('env', 'HOME', 'always'),
  })
  local allow = permits.resumed(recorded, { config = {} })
  t.eq(allow.net, { 'a:1', 'b:1' })
  t.eq(allow.env, { 'HOME' })
end)

t.test('what a recipe was refused is no command of its own in the line to copy', function()
  local err = { code = 'NOT_PERMITTED' }
  local refusal = { family = 'read', subject = "/a b;$(id)'", declared = true, allowed = {} }
  permits.explain(err, refusal, 'run x.json')
  t.eq(err.hint, [[tlab run --allow-read='/a b;$(id)'\''' x.json]])
  refusal.declared = false
  permits.explain(err, refusal, 'run x.json')
  t.eq(err.hint, [[in the recipe: needs = { read = { '/a b;$(id)\'' } }]])
end)

return t.done()
