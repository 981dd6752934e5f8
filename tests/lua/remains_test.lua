local t = require 'harness'
local core = require 'core'
local remains = require 'host.manifest.remains'

local function lines(list)
  local text = {}
  for i, line in ipairs(list) do
    text[i] = core.json.encode(line) .. '\n'
  end
  return table.concat(text)
end

local function whole(n, op, more)
  local line = { n = n, op = op, args = core.json.array {}, at = n * 10, took = 1, task = 0 }
  if not (more and more.error) then
    line.result = true
  end
  return t.with(line, more)
end

local function asked(n)
  return { n = n, op = 'http.send', args = core.json.array {}, at = n * 10, task = 0 }
end

local SHA = ('a'):rep(64)

t.test('which runs can be resumed, and by what command', function()
  local function run(status, code, message)
    return {
      id = ('3f9a2c1b'):rep(8),
      status = status,
      error = code and { code = code, message = message or 'm' },
    }
  end
  for _, one in ipairs {
    run 'running',
    run('interrupted', 'INTERRUPTED'),
    run('failed', 'STORAGE'),
    run('failed', 'IO'),
    run('failed', 'CRASHED'),
  } do
    t.eq(remains.command(one), 'tlab resume 3f9a2c1b')
  end
  t.eq(
    remains.command(run('timeout', 'TIMEOUT', 'its limit: tlab run --limit-cpu=SECONDS')),
    'tlab resume 3f9a2c1b --limit-cpu=SECONDS'
  )
  t.eq(remains.command(run 'succeeded'), nil)
  t.eq(remains.command(run('failed', 'RUN_FAILED')), nil)
end)

t.test('nothing recorded: all is still to be done', function()
  local rest = remains.of('', nil)
  t.eq(rest.size, 0)
  t.eq(rest.elapsed, 0)
  t.eq(rest.effect, 1)
  t.eq(#rest.again, 0)
end)

t.test('the last line, cut short, does not count', function()
  local text = lines { whole(1, 'fs.read'), asked(2), asked(3), { n = 3, result = 1, took = 50 } }
  local rest = remains.of(text .. '{"n":2,"resu', nil)
  t.eq(rest.size, #text)
  t.eq(rest.elapsed, 80)
  t.eq(rest.effect, 2)
  t.eq(table.concat(rest.again, ' '), '2')
end)

t.test('numbers without a line are still to be done, too', function()
  t.eq(remains.of(lines { whole(1, 'fs.read'), whole(3, 'fs.read') }, nil).effect, 2)
  t.eq(remains.of(lines { whole(1, 'fs.read'), whole(2, 'fs.read') }, nil).effect, 3)
end)

t.test('a full disk that ended the run is not answered again', function()
  local kept = lines { whole(1, 'fs.read'), asked(2) }
  local failed = { error = { code = 'STORAGE', message = 'm' } }
  local text = kept
    .. lines { whole(3, 'fs.write', failed), asked(4), { n = 2, result = 1, took = 1 } }
  local rest = remains.of(text, 'STORAGE')
  t.eq(rest.size, #kept)
  t.eq(table.concat(rest.again, ' '), '2 4')
  t.eq(remains.of(text, 'TIMEOUT').size, #text)
  t.eq(remains.of(text, nil).size, #text)
end)

t.test('blobs that the kept lines name', function()
  local blob = { ['$blob'] = SHA, size = 5000 }
  local rest = remains.of(lines { whole(1, 'fs.read', { result = blob }) }, nil)
  t.eq(rest.blobs[SHA], 5000)
  local copy = { result = { sha256 = SHA, size = 7 }, args = { 'lab:a.txt', 'b.txt' } }
  t.eq(remains.of(lines { whole(1, 'fs.copy', copy) }, nil).blobs[SHA], 7)
  copy.args[1] = 'a.txt' -- from the run itself: nothing of it is kept aside
  t.eq(remains.of(lines { whole(1, 'fs.copy', copy) }, nil).blobs[SHA], nil)
end)

t.test('what is no record', function()
  for _, text in ipairs { 'nonsense\n', '[]\n', '{"n":"1"}\n' } do
    local rest, err = remains.of(text, nil)
    t.eq(rest, nil)
    t.eq(err.code, 'DIFFERS')
  end
end)

return t.done()
