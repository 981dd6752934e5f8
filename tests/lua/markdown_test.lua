local t = require 'harness'
require('fake_tlab').install {}
local md = require 'tlab.markdown'

t.test('a code span that its text cannot end', function()
  t.eq(md.code 'plain', '`plain`')
  t.eq(md.code '', '` `')
  t.eq(md.code 'a`b', '``a`b``')
  t.eq(md.code '`a``', '``` `a`` ```')
  t.eq(md.code 'a|b', '`a\\|b`')
  t.eq(md.code 'a\n# b\t<c>', '`a # b <c>`')
end)

t.test('what hides is shown', function()
  t.eq(md.code 'a\27[31m\u{202E}\xFF', '`a\\x1b[31m\\u{202e}\\xff`')
  t.eq(md.fence('a\r\n\27]0;x\7\n\tb\n'), '```\na\n\\x1b]0;x\\x07\n    b\n```\n')
  t.eq(md.prose 'a\u{2066}b', 'a\\\\u\\{2066\\}b')
end)

t.test('prose has no sign that Markdown knows', function()
  t.eq(md.prose 'see [x](http://a.b) <img src=x>', 'see \\[x\\](http\\://a.b) \\<img src=x\\>')
  t.eq(
    md.prose '![x] *b* _i_ `c` ~s~ #1 @me $m$ &amp; a|b',
    '\\!\\[x\\] \\*b\\* \\_i\\_ \\`c\\` \\~s\\~ ' .. '\\#1 \\@me \\$m\\$ \\&amp; a\\|b'
  )
  t.eq(md.prose '- a list', '\\- a list')
  t.eq(md.prose '12. a list', '12\\. a list')
  t.eq(md.prose 'www.a.b', 'www\\.a.b')
  t.eq(md.prose 'one\n\n# two', 'one \\# two')
  t.eq(md.prose(('x'):rep(20), 10), ('x'):rep(10) .. '…')
end)

t.test('a fence is longer than what its text has', function()
  t.eq(md.fence('````\nx', 'diff'), '`````diff\n````\nx\n`````\n')
end)

t.test('a table', function()
  t.eq(md.table({ 'a', '>n' }, { { 'x', '1' } }), '| a | n |\n|---|---:|\n| x | 1 |\n')
end)

t.test('a table that is none', function()
  t.eq(md.table({ 'a' }, {}), '| a |\n|---|\n')
  t.eq(md.table({ 'a' }, { { 0.5 } }), '| a |\n|---|\n| 0.5 |\n')
  for pattern, rows in pairs {
    ["row 2, 'b' is a nil, expected a text or a number"] = { { 'x', 'y' }, { 'x' } },
    ["row 1, 'a' is a boolean"] = { { true, 'y' } },
    ['row 1 has 3 cells where the head has 2'] = { { 'x', 'y', 'z' } },
  } do
    local err = t.err(function()
      md.table({ 'a', 'b' }, rows)
    end, 'markdown.table: ' .. pattern)
    t.ok(err:find '^[^:]*markdown_test', err)
  end
end)

return t.done()
