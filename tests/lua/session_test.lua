--- The gate's side of a session: looks, entries that end early, what they leave behind.
local t = require 'harness'
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

return t.done()
