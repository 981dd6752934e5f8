--- What a session outlives: too much memory, too deep a stack, errors that are hard to tell of.
local t = require 'harness'
local core = require 'core'
local play = require('session_play').play

-- Of the worker; a string takes twice its size while it is made.
local SMALL, LARGE = 6, 100 -- MiB; a stack that overflows takes up to 100

--- Plays an entry that ends with this error, then one that needs most of the memory; replays both.
local function outlives(entry, code, message, memory)
  local most = (memory or LARGE) * 9 // 20 << 20
  local played = play({ entry, 'kept = nil', ('return #("x"):rep(%d)'):format(most), 'return 2' }, {
    limits = { cpu_seconds = 0, memory = (memory or LARGE) << 20, seconds = 600 },
  })
  t.eq(played.outcome.status, 'succeeded', core.json.encode(played.outcome))
  t.eq(played.shown[1].code, code, played.shown[1].message)
  t.ok(played.shown[1].message:find(message), played.shown[1].message)
  t.eq(played.shown[3].text, tostring(most), entry .. ': ' .. core.json.encode(played.shown[3]))
  t.eq(played.shown[4].text, '2')
  local again = played.replay()
  t.eq(again.status, 'succeeded', again.error and again.error.message)
  played.drop()
end

local function no_memory(entry)
  outlives(entry, 'NO_MEMORY', 'limit 6 MiB', SMALL)
end

t.test('a string of gigabytes', function()
  no_memory 'return ("x"):rep(1 << 30)'
  no_memory 'local s = "x" while true do s = s .. s end'
  no_memory 'return table.concat({ ("x"):rep(2 << 20), ("y"):rep(2 << 20) }):upper()'
end)

t.test('tables without end, kept in a variable or not', function()
  no_memory 'local list = {} while true do list[#list + 1] = {} end'
  no_memory 'kept = {} while true do kept[#kept + 1] = { #kept } end'
  no_memory 'kept = {} while true do kept[#kept + 1] = ("x"):rep(1000) .. #kept end'
  no_memory 'kept = {} for i = 1, math.huge do kept[i] = coroutine.create(print) end'
end)

t.test('what was kept can be let go, however often all was used up', function()
  local entries = {}
  for i = 1, 3 do
    entries[i] = 'pcall(function() while true do kept = { kept } end end)'
  end
  local deep = 'local function f(n) if n > 0 then return (f(n - 1)) end kept = nil end f(50)'
  entries[4], entries[5] = deep, 'return #("x"):rep(2 << 20)'
  local played =
    play(entries, { limits = { cpu_seconds = 0, memory = SMALL << 20, seconds = 600 } })
  t.eq(played.shown[4].text, 'nil', core.json.encode(played.shown[4]))
  t.eq(played.shown[5].text, tostring(2 << 20))
  played.drop()
end)

t.test(
  'tasks for which there is no memory leave none behind that go on in the next entry',
  function()
    local played = play({
      'n = 0 local list = {} for i = 1, 10000 do list[i] = i end\n'
        .. 'run:map(list, function() tlab.clock.sleep(30) n = n + 1 end, { concurrency = 10000 })',
      'local m = n tlab.clock.sleep(100) return m == n',
    }, { limits = { cpu_seconds = 0, memory = 4 << 20, seconds = 600 } })
    t.eq(played.shown[1].code, 'NO_MEMORY')
    t.eq(played.shown[2].text, 'true')
    played.drop()
  end
)

t.test('a pcall around what needs too much does not help, and does no harm', function()
  no_memory(
    'kept = {} while true do pcall(function() kept[#kept + 1] = { {} } end) if #kept > 1e7 '
      .. 'then break end kept[#kept + 1] = {} end'
  )
end)

t.test('tasks that need too much: the scheduler has room of its own', function()
  no_memory(
    'kept = {} run:map({ 1, 2, 3, 4 }, function() while true do\n'
      .. 'kept[#kept + 1] = { {} } tlab.clock.monotonic() end end)'
  )
  no_memory(
    'kept = {} run:map({ 1, 2, 3, 4 }, function(i) tlab.clock.sleep(i)\n'
      .. 'while true do kept[#kept + 1] = {} end end)'
  )
end)

t.test('recursion without end', function()
  outlives('local function f() return 1 + f() end return f()', 'RUN_FAILED', 'stack overflow')
  outlives('local function f() return pcall(f) and error() end error(f())', 'RUN_FAILED', '')
  outlives(
    'local s s = setmetatable({}, { __index = function(_, k) return s[k] end }) return s.x',
    'RUN_FAILED',
    'stack overflow'
  )
  outlives('local function f() return coroutine.wrap(f)() end return f()', 'RUN_FAILED', 'overflow')
  outlives(
    'local t = setmetatable({}, { __tostring = function(self) return tostring(self) end })\n'
      .. 'return tostring(t)',
    'RUN_FAILED',
    'overflow'
  )
  outlives('return ("x"):rep(400000):find(("x?"):rep(300000) .. "y")', 'RUN_FAILED', 'too')
end)

t.test('text that nests deeper than Lua reads', function()
  outlives(
    'return assert(load("return " .. ("("):rep(100000) .. "1" .. (")"):rep(100000)))',
    'RUN_FAILED',
    'overflow'
  )
end)

t.test('tables that nest deeper than a frame carries', function()
  outlives(
    'kept = {} for i = 1, 100000 do kept = { kept } end run:write_json("x.json", kept)',
    'LIMIT',
    'deep'
  )
  outlives('kept = {} kept.me = kept run:note("tag", kept)', 'ARGUMENT', 'itself')
end)

t.test('errors that are hard to tell of', function()
  outlives('error(setmetatable({}, { __tostring = function() error "no" end }))', 'RUN_FAILED', '')
  outlives('error()', 'RUN_FAILED', 'nil')
  outlives('error({ code = "X", message = ("m"):rep(1 << 20) })', 'X', '^m+ …$')
  outlives('error("\\xff\\xfe")', 'RUN_FAILED', '')
end)

return t.done()
