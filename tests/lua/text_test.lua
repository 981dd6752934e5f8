local t = require 'harness'
require('fake_tlab').install {}
local text = require 'tlab.text'

t.test('fills names, parts, list places and leaves the rest alone', function()
  t.eq(
    text.fill('a {{x}} b {{ y.z }} {{l.2}}', { x = 'X', y = { z = 3 }, l = { 'p', 'q' } }),
    'a X b 3 q'
  )
  t.eq(text.fill('no braces } { {', {}), 'no braces } { {')
  t.eq(text.fill('', {}), '')
end)

t.test('tables go in as canonical JSON, false as false', function()
  t.eq(text.fill('{{m}} {{f}}', { m = { b = 1, a = 2 }, f = false }), '{"a":2,"b":1} false')
end)

t.test('what is filled in is not filled again', function()
  t.eq(text.fill('{{x}}', { x = '{{y}}', y = 'no' }), '{{y}}')
end)

t.test('an escaped brace pair stays', function()
  t.eq(text.fill('\\{{x}} {{x}}', { x = 'v' }), '{{x}} v')
end)

t.test('an unknown variable is an error that names it and the ones there are', function()
  local got, err = text.fill('{{topik}}', { topic = 'a', style = 'b' })
  t.eq(got, nil)
  t.eq(err.code, 'INVALID')
  t.ok(err.message:find("'topik'", 1, true), err.message)
  t.ok(err.message:find('style, topic', 1, true), err.message)
  t.eq(select(2, text.fill('{{a.b}}', { a = 'x' })).code, 'INVALID')
  t.eq(select(2, text.fill('{{a.b}}', { a = { b = tlab.json.null } })).code, 'INVALID')
end)

t.test('braces that are not a name are an error', function()
  for _, bad in ipairs { '{{', '{{ }}', '{{a b}}', '{{#each x}}', '{{x' } do
    local got, err = text.fill(bad, { x = 1 })
    t.eq(got, nil, bad)
    t.eq(err.code, 'INVALID', bad)
  end
end)

t.test('one line: controls, C1 controls, bad UTF-8, length', function()
  t.eq(text.one_line('a\27[31mb\r\nc\0d\127'), 'a [31mb c d')
  t.eq(text.one_line('a\xC2\x9B31m'), 'a 31m')
  t.eq(text.one_line('x\xFFy'), 'x?y')
  t.eq(text.one_line('äöü', 4), 'äö…')
  t.eq(text.one_line('äöü', 5), 'äö…')
  t.eq(text.one_line('  a  '), 'a')
end)

t.test('a fence that its content cannot end', function()
  t.eq(text.fence('x'), '```\nx\n```\n')
  t.eq(text.fence('a\n````\nb\n', 'lua'), '`````lua\na\n````\nb\n`````\n')
end)

t.test('a slug: what it is made of, and that it says what was meant', function()
  for given, want in pairs {
    ['Fix the parser (#12)'] = 'fix-the-parser-12',
    ['Größe ändern: ÿ × Ÿ'] = 'grosse-andern-y',
    ['../../x'] = 'x',
    ['-rf *'] = 'rf',
    ['a\nb\r\nc\0d'] = 'a-b-c-d',
    ['\u{202e}txt.exe\u{2066}'] = 'txt-exe',
    ['CON'] = 'x-con',
    ['com7'] = 'x-com7',
    ['console'] = 'console',
    ['aux.txt'] = 'aux-txt',
    [''] = 'untitled',
    ['🎉🎉'] = 'untitled',
    ['...'] = 'untitled',
    ['\xFF\xC3'] = 'untitled',
  } do
    t.eq(text.slug(given), want, given)
  end
  t.eq(#text.slug(('a '):rep(200)), 64 - 1) -- what is cut does not end in -
  t.eq(text.slug(('x'):rep(300), 'ABCDEF0123'), ('x'):rep(64) .. '-abcdef01')
  t.eq(text.slug('con', '0123456789'), 'x-con-01234567')
  t.err(function()
    text.slug('x', '../../..')
  end, 'eight hex digits')
end)

t.test('a slug of any bytes is safe, and its own slug', function()
  for lead = 0, 255 do
    for _, tail in ipairs { '', '/..', '\xBF', '\x80\xA8', 'nul', '-' } do
      local slug = text.slug(string.char(lead) .. tail)
      t.ok(slug:match('^[a-z0-9][a-z0-9-]*$') and slug:sub(-1) ~= '-' and #slug <= 64, slug)
      t.eq(text.slug(slug), slug)
    end
  end
end)

t.test('text from outside: valid, and nothing hidden', function()
  t.eq({ text.valid 'grün' }, { 'grün', true })
  t.eq({ text.valid 'a\xFF\xC3' }, { 'a\u{FFFD}\u{FFFD}', false })
  t.eq({ text.valid '' }, { '', true })
  t.eq(
    text.visible 'a\27[1m\n\u{9B}\u{202E}\u{E0041}\xFF',
    'a\\x1b[1m\\x0a\\u{9b}\\u{202e}\\u{e0041}\\xff'
  )
  t.eq(text.visible('äöü', 3), 'ä…')
  t.eq(text.visible('abc', 3), 'abc')
end)

t.test('a number is read in threes', function()
  for n, shown in pairs {
    [0] = '0',
    [7] = '7',
    [999] = '999',
    [1000] = '1,000',
    [12345] = '12,345',
    [123456] = '123,456',
    [1234567] = '1,234,567',
    [-1234] = '-1,234',
    [-123] = '-123',
  } do
    t.eq(text.number(n), shown)
  end
end)

t.test('one is one, more are many', function()
  t.eq({ text.many(1, 'file'), text.many(0, 'file'), text.many(1234, 'file') }, {
    '1 file',
    '0 files',
    '1,234 files',
  })
end)

t.test('wrapping: words stay whole, paragraphs apart', function()
  t.eq(text.wrap('one two  three\nfour', 9), 'one two\nthree\nfour\n')
  t.eq(text.wrap('one two', 7), 'one two\n')
  t.eq(text.wrap('a\r\nb\r\n\r\nc', 5), 'a b\n\nc\n')
  t.eq(text.wrap('a\n \n\n\n  b\n', 5), 'a\n\nb\n')
  t.eq(text.wrap('\n\na', 5), 'a\n')
  t.eq(text.wrap('a b\n\nc', 4, '> '), '> a\n> b\n>\n> c\n')
  t.eq({ text.wrap('', 5), text.wrap(' \n\n ', 5) }, { '', '' })
end)

t.test('wrapping by columns: wide characters, marks, words that are too wide', function()
  t.eq(text.wrap('äöü äöü', 7), 'äöü äöü\n')
  t.eq(text.wrap('äöü äöü', 6), 'äöü\näöü\n')
  t.eq(text.wrap('日本語', 4), '日本\n語\n')
  t.eq(text.wrap('日本', 3), '日\n本\n')
  t.eq(text.wrap('abcdefg h', 3), 'abc\ndef\ng h\n')
  t.eq(text.wrap('a abcd', 3), 'a\nabc\nd\n')
  t.eq(text.wrap('e\u{301}e\u{301}e\u{301}', 2), 'e\u{301}e\u{301}\ne\u{301}\n')
  t.eq(text.wrap('a\u{A0}b c', 3), 'a\u{A0}b\nc\n') -- a space that must not break
  t.eq(text.wrap('a\xFFb', 9), 'a\u{FFFD}b\n')
  for _, columns in ipairs { 1, 2.5, '80', -3 } do
    local err = t.err(function()
      text.wrap('x', columns)
    end, 'text.wrap: the width must be')
    t.ok(err:find '^[^:]*text_test', err)
  end
  t.err(function()
    text.wrap('x', 4, '>>> ')
  end, '2 at least beside the indent')
end)

t.test('wrapping: no line is wider, no character is lost', function()
  local width = require 'host.view.width'
  local pieces =
    { 'a', 'bc', 'ß', '語', '🎉', 'e\u{301}', ' ', ' ', '\n', '\n\n', ('x'):rep(30) }
  math.randomseed(7)
  for _ = 1, 300 do
    local parts = {}
    for i = 1, math.random(1, 40) do
      parts[i] = pieces[math.random(#pieces)]
    end
    local s, columns = table.concat(parts), math.random(2, 20)
    local wrapped = text.wrap(s, columns)
    for line in wrapped:gmatch '[^\n]+' do
      t.ok(width.of(line) <= columns, line)
    end
    t.eq((wrapped:gsub('%s', '')), (s:gsub('%s', '')))
  end
end)

t.test('pieces are the text again, none too long', function()
  for most = 4, 40 do
    for _, s in ipairs {
      'one two three four\nfive six\n\nseven\n' .. ('x'):rep(100) .. '\nend',
      ('日本語'):rep(20),
      '\n\n\n\n\n\n\n',
      '\x80\x80\x80\x80\x80\x80\x80\x80\x80',
    } do
      local parts = {}
      for i, piece in ipairs(text.pieces(s, most)) do
        t.ok(#piece.text <= most and #piece.text > 0, most)
        t.ok(not utf8.len(s) or utf8.len(piece.text), 'no character is cut')
        local before = table.concat(parts)
        t.eq(piece.line, select(2, before:gsub('\n', '')) + 1)
        parts[i] = piece.text
      end
      t.eq(table.concat(parts), s)
    end
  end
end)

t.test('a text without an end of a line takes no longer for it', function()
  t.eq(#text.pieces(('x'):rep(1000001) .. '\n' .. ('y'):rep(1000000), 1000000), 3)
end)

t.test('pieces end with paragraphs, else with lines', function()
  t.eq(text.pieces('', 10), {})
  t.eq(text.pieces('short', 10), { { text = 'short', line = 1 } })
  t.eq(
    text.pieces('one two\n\nthree\nfour\n', 18),
    { { text = 'one two\n\nthree\n', line = 1 }, { text = 'four\n', line = 4 } }
  )
  t.eq(
    text.pieces('one\ntwo two\n \nthree\nfour\n', 20),
    { { text = 'one\ntwo two\n \n', line = 1 }, { text = 'three\nfour\n', line = 4 } }
  )
  t.err(function()
    text.pieces('x', 3)
  end, 'text_test.*4 at least')
end)

t.test('a quote is where it stands, whatever the blanks', function()
  local s = '# Title\n\nThe tree  was\nplanted in 1904.\n\tBy whom?\n'
  for quote, line in pairs {
    ['# Title'] = 1,
    ['Title The tree'] = 1,
    ['The tree was planted'] = 3,
    [' planted\nin 1904. '] = 4,
    ['By whom?'] = 5,
    ['whom?'] = 5,
    ['e'] = 1,
  } do
    t.eq(text.locate(s, quote), line, quote)
  end
  for _, quote in ipairs { '', ' \n', 'the tree', 'treewas', 'planted in 1905', '%a', '.*' } do
    t.eq(text.locate(s, quote), nil, quote)
  end
end)

return t.done()
