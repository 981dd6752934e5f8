local t = require 'harness'
local locals = require 'tlab.repl.locals'

local function kept(text, expected)
  t.eq(locals.kept(text), expected or text)
  t.ok(load(locals.kept(text)), locals.kept(text))
end

t.test('outermost locals become variables of the session', function()
  kept('local x = 1', 'x = 1')
  kept('local x', 'x = nil ')
  kept('local x, y = f()', 'x, y = f()')
  kept('local x <const> = 1', 'x = 1')
  kept('local x <const>, y', 'x, y = nil ')
  kept('local function f() return f end', 'function f() return f end')
  kept('a = 1 local b = 2; local c', 'a = 1 b = 2; c = nil ')
  kept('local\nx\n=\n1', 'x \n\n=\n1')
end)

t.test('inner ones stay', function()
  for _, text in ipairs {
    'do local x = 1 end',
    'for i = 1, 2 do local x = i end',
    'while false do local x end',
    'repeat local x = 1 until x',
    'if a then local x elseif b then local y else local z end',
    'function f() local x = function() local y end return x end',
    'f(function() local x = 1 end)',
    'local x <close> = nil',
    "print 'local x = 1'",
    'x = [==[ local y = 1 ]] ]==]',
    '-- local x = 1',
    '--[[ local x = 1\n]] y = 1',
    'x = "\\" local y = 1 "',
    'x = 0x1p4 .. 3e2 .. "local"',
    'locals, local_, _local = 1, 2, 3',
  } do
    kept(text)
  end
end)

t.test('behind an inner block it is the outermost again', function()
  kept('do local x end local y = 1', 'do local x end y = 1')
  kept('repeat until true local y = 1', 'repeat until true y = 1')
  kept('local function f() local a end local b = 2', 'function f() local a end b = 2')
end)

t.test('lines stay where they are', function()
  local text = 'local a,\n  b -- two\n  = 1,\n  2\nlocal c\n= error "line 6"'
  local _, message = pcall(assert(load(locals.kept(text), '=x')))
  t.eq(message, 'x:6: line 6')
end)

return t.done()
