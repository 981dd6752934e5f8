--- The gate's side of a session: looks, entries that end early, what they leave behind.
local t = require 'harness'
local core = require 'core'
local play = require('session_play').play

local function replays(played)
  local outcome = played.replay()
  t.eq(outcome.status, 'succeeded', outcome.error and outcome.error.message)
  played.drop()
end

t.test('an entry goes on where the last one ended, and a replay shows the same', function()
  local played = play { 'x = 20', 'x = x + 1 return x', 'return x * 2' }
  t.eq(played.outcome.status, 'succeeded')
  t.eq(played.shown[2].text, '21')
  t.eq(played.shown[3].text, '42')
  replays(played)
end)

t.test('an error ends the entry, not the session; it says where', function()
  local played = play { 'y = 1\nerror "no"', 'return y' }
  t.eq(played.shown[1].code, 'RUN_FAILED')
  t.eq(played.shown[2].text, '1')
  replays(played)
end)

t.test('a look sees what an entry made, and leaves no trace', function()
  local seen, why, unknown
  local played = play {
    'x = { 1, 2, { deep = true } }',
    function(session)
      seen = session:look 'x'
      unknown = session:look 'y'
      local nothing
      nothing, why = session:look 'raise'
      t.eq(nothing, nil)
      return 'return #x'
    end,
  }
  t.eq(seen[3].deep, true)
  t.eq(unknown, nil)
  t.eq(why.code, 'BUG')
  t.ok(why.message:find 'nothing to see')
  t.eq(played.outcome.effects, 3)
  replays(played)
end)

t.test('the worker is looked at while it waits, at no other time', function()
  local kept
  local played = play {
    function(session)
      kept = session
      return nil
    end,
  }
  local _, err = kept:look 'x'
  t.eq(err.code, 'ARGUMENT')
  played.drop()
end)

t.test(
  'what is missing is asked for: once is until the entry ends, session until the session does',
  function()
    local asked, says = {}, { 'once', 'session', false }
    local get = "return tlab.env.get 'TMPDIR' or 'unset'"
    local played = play(
      { "tlab.env.get 'TMPDIR' " .. get, get, get, "return tlab.env.get 'HOME'", 'return 1' },
      {
        permits = { undeclared = true },
        permit = function(refusal)
          asked[#asked + 1] = refusal.op .. ' ' .. refusal.family .. ' ' .. refusal.subject
          return says[#asked]
        end,
      }
    )
    t.eq(asked, { 'env.get env TMPDIR', 'env.get env TMPDIR', 'env.get env HOME' })
    for i = 1, 3 do
      t.ok(played.shown[i].text, 'entry ' .. i)
    end
    t.eq(played.shown[4].code, 'NOT_PERMITTED')
    t.eq(played.shown[5].text, '1')
    t.eq(
      core.json.encode(played.outcome.granted),
      '[{"family":"env","how":"once","item":"TMPDIR"},'
        .. '{"family":"env","how":"session","item":"TMPDIR"}]'
    )
    replays(played)
  end
)

t.test('a hook may grant in order; what it grants wrongly is an error', function()
  local why
  local played = play({
    function(session)
      t.ok(session:allow('env', 'TMPDIR', 'always'))
      local _, err = session:allow('world', 'x')
      why = err
      return "return tlab.env.get 'TMPDIR' or 'unset'"
    end,
  }, { permits = { undeclared = true } })
  t.ok(played.shown[1].text)
  t.eq(why.code, 'ARGUMENT')
  t.eq(played.outcome.granted[1].how, 'always')
  replays(played)
end)

t.test('a permit hook that fails refuses, in so many words', function()
  local played = play(
    { "return tlab.env.get 'TMPDIR'", "return select(2, tlab.env.get 'TMPDIR').code" },
    {
      permits = { undeclared = true },
      permit = function()
        error 'no terminal'
      end,
    }
  )
  t.eq(played.shown[2].text, 'BUG')
  replays(played)
end)

t.test('a folder that is made anew between two entries is read as it is now', function()
  local dir = t.folder()
  local read = ("return tlab.fs.read '%s/a'"):format(dir)
  local function make(text)
    core.fs.purge(dir)
    assert(core.fs.make(dir, 448))
    assert(core.fs.replace(dir .. '/a', text))
    return read
  end
  local played = play({
    function()
      return make 'first'
    end,
    function()
      return make 'second'
    end,
  }, { permits = { undeclared = true, allow = { read = { dir } } } })
  core.fs.purge(dir)
  t.eq(played.shown[1].text, 'first')
  t.eq(played.shown[2].text, 'second')
  replays(played)
end)

return t.done()
