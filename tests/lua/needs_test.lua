local t = require 'harness'
local core = require 'core'
local needs = require 'host.spec.needs'

local function resolved(list, spec)
  return t.ok(needs.resolve(list, spec or {}))
end

local function refused(list, spec)
  local got, err = needs.resolve(list, spec or {})
  t.eq(got, nil)
  t.eq(err.code, 'INVALID')
  return err.message
end

t.test('every family is there, literals stay', function()
  local got = resolved {
    net = { '127.0.0.1:8080', 'Example.COM', '*.example.com:443', 'localhost:*', '[::1]:80' },
    run = { 'rust_extractor', '/usr/bin/env' },
    env = { 'HOME' },
    secret = { 'KEY' },
    call = { 'ai' },
    read = { '/data', 'lab:notes', 'own.txt' },
  }
  t.eq(
    core.json.encode(got),
    '{"call":["ai"],"env":["HOME"],"net":["127.0.0.1:8080","example.com",'
      .. '"*.example.com:443","localhost:*","[::1]:80"],"read":["/data"],'
      .. '"run":["rust_extractor","/usr/bin/env"],"secret":["KEY"]}'
  )
  t.eq(core.json.encode(resolved()), '{"call":[],"env":[],"net":[],"read":[],"run":[],"secret":[]}')
end)

t.test('a URL of the spec becomes host:port', function()
  for url, expected in pairs {
    ['http://127.0.0.1:8080/v1'] = '127.0.0.1:8080',
    ['https://api.openai.com/v1'] = 'api.openai.com:443',
    ['HTTP://Example.com'] = 'example.com:80',
    ['http://[::1]:9/x?y#z'] = '[::1]:9',
    ['http://[::1]/'] = '[::1]:80',
  } do
    t.eq(
      resolved({ net = { '$spec.model.base_url' } }, { model = { base_url = url } }).net,
      { expected }
    )
  end
end)

t.test('what is absent gives nothing, lists spread, doubles are one', function()
  local list = { net = { '$spec.models.base_url', '$spec.hosts', '$spec.no.such' } }
  local spec = {
    models = {
      { base_url = 'http://a' },
      { base_url = 'http://b:1' },
      { base_url = 'http://a:80' },
    },
    hosts = { 'c:2' },
  }
  t.eq(resolved(list, spec).net, { 'a:80', 'b:1', 'c:2' })
  t.eq(resolved({ secret = { '$spec.key' } }, { key = core.json.null }).secret, {})
end)

t.test('hostile and wrong addresses are refused', function()
  for _, url in ipairs {
    'http://user:pw@host/',
    'ftp://host/',
    'http://',
    'http://host:0/',
    'http://host:99999/',
    'http://host:8x/',
    'http://ho st/',
    'host:',
    '*',
    'http://*.com/',
    '*.example.com',
    'host:*',
    'a\nb',
    'http://127.0.0.1:80\\@evil/',
    'http://host%00.evil/',
  } do
    t.ok(refused({ net = { '$spec.url' } }, { url = url }), url)
  end
  t.ok(refused({ net = { '$spec.url' } }, { url = 'http://u@h' }):find('use a secret'))
  t.ok(refused { net = { 'a*.com' } })
  t.ok(refused { read = { '/data/../etc' } })
  t.ok(refused { run = { 'bin/tool' } })
  t.ok(refused { env = { 'A=B' } })
  t.ok(refused({ net = { '$spec.url' } }, { url = 5 }):find('expected a string'))
end)

t.test('a repository by URL or by path is a need of the family that it is of', function()
  local both = { net = { '$spec.repo', '$lab.git.base_url' }, read = { '$spec.repo' } }
  local function families(repo, base)
    local spec, config = { repo = repo, name = 'n' }, { git = { base_url = base } }
    local found = assert(needs.resolve(both, spec, config))
    return { net = found.net, read = found.read }
  end
  local base = 'https://git.example.com'
  local port = 'git.example.com:443'
  t.eq(families('http://127.0.0.1:8080/a.git', base).net, { '127.0.0.1:8080', port })
  t.eq(families('http://127.0.0.1:8080/a.git', base).read, {})
  t.eq(families('file:///srv/a%20b.git', base), { net = { port }, read = { '/srv/a b.git' } })
  t.eq(families('file://localhost/srv', 'file:///srv'), { net = {}, read = { '/srv' } })
  t.eq(families('/srv/a', base), { net = { port }, read = { '/srv/a' } })
  t.eq(families('../a', base), { net = { port }, read = {} })
  t.eq(families('owner', base), { net = { port }, read = {} })
  t.eq(families('localhost', base).net, { 'localhost', port })
  t.eq(families('.', base).net, { port })
  t.eq(families('./a.b', base).net, { port })
  t.eq(assert(needs.resolve({ net = { '$lab.git.base_url' } }, { name = 'n' })).net, {})
  local config = { git = { base_url = base } }
  t.eq(assert(needs.resolve(both, { repo = '.' }, config)).net, {}, 'nothing lies below it')
  t.ok(refused({ read = { '$spec.repo' } }, { repo = 'file:///srv/../etc' }))
  t.ok(refused({ net = { '$lab.permits' } }):find('$lab.git.base_url', 1, true))
end)

t.test('the edges of ports and paths', function()
  t.eq(
    resolved({ net = { 'http://a:65535', 'b:1', 'c:10000' } }).net,
    { 'a:65535', 'b:1', 'c:10000' }
  )
  t.ok(refused { net = { 'a:65536' } })
  t.ok(refused { net = { 'a:0' } })
  t.ok(refused { run = { '' } })
  t.ok(refused { run = { 'a\nb' } })
  t.ok(refused { read = { '/a\0b' } })
  t.eq(resolved({ read = { '/a..b/c' } }).read, { '/a..b/c' })
end)

t.test('unknown needs and wrong forms are named', function()
  t.eq(refused { nett = {} }, 'unknown need "nett", did you mean "net"?')
  t.ok(refused({ xyzzy = {} }):find('there are net, read'))
  t.ok(refused({ net = 'a:1' }):find('list of strings'))
  t.ok(refused({ net = { 5 } }):find('expected strings'))
  t.ok(refused({ net = { '$env.X' } }):find('expected $spec.name', 1, true))
  t.ok(refused(core.json.array { 'net' }):find('expected a table'))
end)

return t.done()
