local t = require 'harness'
local core = require 'core'
local ids = require 'host.manifest.ids'
local build = require 'host.manifest.build'

local known = {
  spec = ('a'):rep(64),
  recipe = ('b'):rep(64),
  git = { commit = ('c'):rep(40), branch = 'main', dirty = false },
}

t.test('key parts hold what counts and nothing else', function()
  local parts = ids.key_parts(known)
  t.eq(
    core.json.encode(parts),
    '{"flake_lock":null,"git":{"commit":"'
      .. ('c'):rep(40)
      .. '"},"recipe":"'
      .. ('b'):rep(64)
      .. '","spec":"'
      .. ('a'):rep(64)
      .. '"}'
  )
end)

t.test('the key does not see the branch, and does see a patch', function()
  local key = ids.key(ids.key_parts(known))
  known.git.branch = 'other'
  t.eq(ids.key(ids.key_parts(known)), key)
  known.git.patch = { sha256 = ('d'):rep(64), size = 3 }
  t.ok(ids.key(ids.key_parts(known)) ~= key)
  known.git.patch = nil
end)

t.test('the key is the hash of the canonical JSON', function()
  t.eq(ids.key { a = 1 }, core.hash.bytes '{"a":1}')
end)

t.test('two runs of one key within one tick have two ids', function()
  local started = '2026-11-22T12:03:01.123Z'
  local a = ids.id('k', ids.nonce(), started)
  local b = ids.id('k', ids.nonce(), started)
  t.ok(a ~= b)
  t.ok(a:match '^%x+$' and #a == 64)
  t.ok(ids.nonce():match '^%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x$')
end)

t.test('a manifest as it begins and as it ends', function()
  local running = build.running {
    id = 'i',
    key = 'k',
    name = 'n',
    started_ms = 1000,
    seed = 7,
    surprise = true,
  }
  t.eq(running, {
    schema = 'tlab.run/1',
    status = 'running',
    id = 'i',
    key = 'k',
    name = 'n',
    seed = 7,
    time = { started = '1970-01-01T00:00:01.000Z' },
    digest = build.digest(running),
  })
  local summary = {
    effects = { count = 0, failed = 0, refused = 0, by_op = {} },
    models = {},
    metrics = { x = 1 },
    blobs = {},
    open = {},
  }
  local done = build.finish(
    running,
    summary,
    { status = 'succeeded', ended_ms = 2500, seconds = 1.5 },
    { { path = 'spec.json', sha256 = 's', size = 2 } }
  )
  t.eq(done.status, 'succeeded')
  t.eq(done.time, {
    started = '1970-01-01T00:00:01.000Z',
    ended = '1970-01-01T00:00:02.500Z',
    seconds = 1.5,
  })
  t.eq(done.models, nil)
  t.eq(done.metrics, { x = 1 })
  t.eq(done.blobs, nil)
  t.eq(running.status, 'running', 'the first manifest')
  t.eq(done.digest, build.digest(done))
  t.ok(done.digest ~= running.digest)
end)

return t.done()
