local t = require 'harness'
local regex = require 'host.spec.regex'

local function matches(pattern, text)
  local matcher, why = regex.compile(pattern)
  return t.ok(matcher, pattern .. ': ' .. tostring(why))(text)
end

t.test('patterns that fit', function()
  for _, case in ipairs {
    { 'a+', 'xxaayy' },
    { '^a*$', '' },
    { '^(foo|bar){2,3}$', 'foobarfoo' },
    { '^\\d{3}-\\d+$', '123-4' },
    { '^[\\w.-]+$', 'a.b-c_1' },
    { '\\bfoo\\b', 'a foo b' },
    { '^🐲*$', '🐲🐲' },
    { '^.$', 'é' },
    { '^[^a-c]+$', 'xyz' },
    { '^\\u00e9\\x41\\u{1F432}$', 'éA🐲' },
    { '^\\uD83D\\uDC32$', '🐲' },
    { '^(?:a|b)?$', 'b' },
    { '^(?<year>\\d{4})$', '2026' },
    { '^a{2,}?$', 'aaa' },
    { '^$|x', 'x' },
    { '^\\S+\\s\\S+$', 'a\u{2003}b' },
    { '^[a\\]-]$', ']' },
    { '^\\$\\.$', '$.' },
    { 'a|', '' },
    { '^[]?x$', 'x' },
    { '^\\cC$', '\3' },
  } do
    t.ok(matches(case[1], case[2]), case[1] .. ' on ' .. case[2])
  end
end)

t.test('patterns that do not fit', function()
  for _, case in ipairs {
    { '^a*$', 'ab' },
    { '^(foo|bar){2,3}$', 'foo' },
    { '[^a-c]', 'abc' },
    { '\\bfoo\\b', 'afoob' },
    { '^.$', '\n' },
    { '^[a-c]$', 'd' },
    { '^a{2}$', 'aaa' },
    { '[]', 'x' },
    { '^\\D$', '1' },
  } do
    t.ok(not matches(case[1], case[2]), case[1] .. ' on ' .. case[2])
  end
end)

t.test('a pattern that would keep a backtracking matcher busy for ever ends at once', function()
  t.ok(not matches('^(a*)*b$', ('a'):rep(3000)))
  t.ok(not matches('^(a|aa)+$', ('a'):rep(3000) .. '!'))
end)

t.test('what is not supported or not right is refused by name', function()
  for pattern, words in pairs {
    ['(?=a)'] = 'look%-ahead',
    ['(?!a)'] = 'look%-ahead',
    ['(?<=a)b'] = 'look%-behind',
    ['(?<!a)b'] = 'look%-behind',
    ['(a)\\1'] = 'back%-reference',
    ['\\k<x>'] = 'back%-reference',
    ['\\p{L}'] = 'Unicode property',
    ['('] = 'without its %)',
    [')'] = 'without its %(',
    ['[a'] = 'without its %]',
    ['*a'] = 'nothing before',
    ['a**'] = 'nothing before',
    ['a{'] = '{n}',
    ['a{3,2}'] = 'n above m',
    ['[z-a]'] = 'range',
    ['\\'] = 'at the end',
    ['\\a'] = 'the escape \\a',
    ['\\xZZ'] = 'hexadecimal',
    ['^*'] = 'behind ^',
    ['(?i)a'] = 'group',
    ['(a{1000}){1000}'] = 'more than',
  } do
    local matcher, what = regex.compile(pattern)
    t.ok(not matcher, pattern .. ' is refused')
    t.ok(what:find(words), pattern .. ': ' .. what)
  end
end)

t.test('deep nesting is refused before it can exhaust the stack', function()
  local _, what = regex.compile(('('):rep(5000) .. ('):'):rep(5000))
  t.ok(what:find('inside one another'))
end)

t.test('the edges of escapes, classes and quantifiers', function()
  for _, case in ipairs {
    { '^a?$', 'aa', false },
    { '^a{0}$', '', true },
    { '^a{0,0}b$', 'ab', false },
    { '^a{2,3}$', 'aaaa', false },
    { '^a{2,3}$', 'aaa', true },
    { '^a+?$', 'aa', true },
    { '^\\0$', '\0', true },
    { '^[\\b]$', '\b', true },
    { '^[+--]$', ',', true },
    { '^[a-]$', '-', true },
    { '^[\\d-]$', '-', true },
    { '^\\u{10FFFF}$', '\u{10FFFF}', true },
    { '^\\u{0000041}$', 'A', true },
    { '^\\uD7FF$', '\u{D7FF}', true },
    { '^\\uD800\\uDC00$', '\u{10000}', true },
    { '^\\uDBFF\\uDFFF$', '\u{10FFFF}', true },
    { '^\\u0041\\u0042$', 'AB', true },
    { '^[^\\W\\d]$', 'a', true },
    { '^[^\\W\\d]$', '1', false },
    { '^\\/\\-$', '/-', true },
    { ('('):rep(100) .. (')'):rep(100), '', true },
    { ('(a)'):rep(200), ('a'):rep(200), true },
    { '\xff', '\xff', true },
  } do
    t.eq(matches(case[1], case[2]), case[3], case[1] .. ' on ' .. case[2])
  end
  for _, pattern in ipairs {
    '+',
    '?',
    'a|*',
    '}',
    ']',
    '\\u{110000}',
    '\\u{}',
    '\\u{000000041}',
    '\\uD800\\u0041',
    '\\uD800\\uE000',
    '\\01',
    '\\c1',
    '[\\d-a]',
    '[a-\\d]',
    'a{,3}',
    '\\_',
    '(?<n',
    '[\\',
    '\\é',
  } do
    t.eq(regex.compile(pattern), nil, pattern)
  end
end)

return t.done()
