--- Whether answers are right.
local t = require 'harness'
require('fake_tlab').install {}
local score = require 'tlab.score'

-- {answer, expected, right, options}
local function try(name, list)
  t.test(name, function()
    for _, case in ipairs(list) do
      local told = ('%s("%s")'):format(name, case[1])
      t.eq(score[name](case[1], case[2], case[4]), case[3], told)
    end
  end)
end

try('exact', {
  { ' Paris\n', 'paris', true },
  { 'the  city\tParis', 'The city Paris', true },
  { 'Paris.', 'Paris', false },
  { 'Paris', 'paris', false, { ignore_case = false } },
  { '42', 42, true },
  { '3.141592653589793', math.pi, true },
  { 'b', { 'a', 'b' }, true },
  { 'c', { 'a', 'b' }, false },
  { '', '', true },
})

try('contains', {
  { 'It is Paris.', 'paris', true },
  { 'Parisian', 'Paris', false },
  { 'a comparison', 'paris', false },
  { 'Parisian food in Paris', 'Paris', true },
  { 'nothing', 'no', false },
  { 'no.', 'no', true },
  { 'C++ it is', 'C++', true },
  { '東京です', '東京', true },
  { '142', 42, false },
  { 'it is 42!', 42, true },
  { 'anything', '', false },
  { 'one or two', { 'three', 'two' }, true },
  { '%a+ [x]', '%a+ [x]', true },
})

try('pattern', {
  { 'Paris', 'Paris', true },
  { 'Paris is it', 'paris*', true },
  { 'It is Paris', 'paris*', false },
  { 'It is Paris, of course', '*paris*', true },
  { 'a1b2c', 'a*b*c', true },
  { 'a1c2b', 'a*b*c', false },
  { 'aba', 'ab*ba', false },
  { 'abba', 'ab*ba', true },
  { 'aXbXc', '*X*X*', true },
  { 'aXb', '*X*X*', false },
  { '', '*', true },
  { 'x', '', false },
  { 'a.c', 'a.c', true },
  { 'abc', 'a.c', false },
  { 'x', { 'y*', 'x*' }, true },
})

try('number', {
  { 'It is 42.', '42', true },
  { '3 + 4 = 7', 7, true },
  { '3 + 4 = 7', 4, false },
  { 'about 3.14', 3.14159, false },
  { 'about 3.14', 3.14159, true, { tolerance = 0.01 } },
  { '1,234,567.5 metres', 1234567.5, true },
  { 'the numbers 1,2,3', 3, true },
  { '12, at least', 12, true },
  { '-5', -5, true },
  { '\u{2212}5', -5, true },
  { '2026-11', 11, true },
  { 'about 6.02e23', 6.02e23, true },
  { 'it is .5', 0.5, true },
  { 'none', 0, false },
  { '', 0, false },
  { '7', { 6, 7 }, true },
})

t.test('what is expected must be a text or number, for numbers a number', function()
  local right, err = score.number('7', 'seven\27')
  t.eq({ right == nil, err.code }, { true, 'INVALID' })
  t.ok(err.message:find("'seven' is expected", 1, true), err.message)
  t.eq(score.number('7', { 7, 'seven' }), true)
  t.eq(score.number('8', { 7, 'seven' }), nil)
  t.err(function()
    score.exact('x', { {} })
  end, 'score_test.*score.exact: a text or number is expected, not a table')
  t.err(function()
    score.contains('x', nil)
  end, 'not a nil')
  t.err(function()
    score.exact('x', {})
  end, 'not a nil')
end)

t.test('no text takes long', function()
  local a = ('a'):rep(100000)
  t.eq(score.pattern(a, ('*a'):rep(1000) .. '*b'), false)
  t.eq(score.contains(a .. 'b', 'ab'), false)
  t.eq(score.number(('1,'):rep(50000), 1), true)
end)

return t.done()
