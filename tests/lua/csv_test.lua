local t = require 'harness'
require('fake_tlab').install {}
local csv = require 'tlab.csv'

t.test('columns are sorted unless they are given', function()
  t.eq(csv.encode { { b = 1, a = 'x' }, { c = true } }, 'a,b,c\nx,1,\n,,true\n')
  t.eq(csv.encode({ { b = 1, a = 'x' } }, { 'b', 'a' }), 'b,a\n1,x\n')
  t.eq(csv.encode {}, '\n')
end)

t.test('quotes, commas and line ends are quoted', function()
  t.eq(csv.encode { { a = 'x,"y"\nz' } }, 'a\n"x,""y""\nz"\n')
end)

t.test('a text that looks like a formula gets an apostrophe, a number does not', function()
  local text = csv.encode({ { a = '=1+1', b = -1, c = '-1', d = "'x", e = '\tx' } })
  t.eq(text, "a,b,c,d,e\n'=1+1,-1,'-1,''x,'\tx\n")
end)

t.test('values other than text', function()
  t.eq(
    csv.encode({ { a = tlab.json.null, b = 1 / 3, c = { 1 }, d = false } }),
    'a,b,c,d\n,0.3333333333333333,[1],false\n'
  )
  t.err(function()
    csv.encode { { a = print } }
  end, 'row 1, column a: a function cannot be')
end)

t.test('what is written reads back', function()
  local rows = {}
  for i, text in ipairs {
    '',
    'x',
    '"',
    ',',
    '\n',
    '\r\n',
    "'",
    "''",
    "'=",
    '=',
    '@a',
    '+',
    'ä',
    ' ',
    '\0',
  } do
    rows[i] = { k = text, n = 'n' .. i }
  end
  local back, columns = csv.decode(csv.encode(rows))
  t.eq(back, rows)
  t.eq(columns, { 'k', 'n' })
  t.eq(csv.decode(csv.encode { { k = '' }, { k = 'x' } }), { { k = '' }, { k = 'x' } })
end)

t.test('foreign CSV', function()
  t.eq(csv.decode('a,b\r\n1,"2"\r\n3,'), { { a = '1', b = '2' }, { a = '3', b = '' } })
  t.eq(csv.decode '', {})
end)

t.test('what is not CSV', function()
  local function message(text)
    local rows, err = csv.decode(text)
    t.eq(rows, nil)
    t.eq(err.code, 'PARSE')
    return err.message
  end
  t.eq(message 'a\n"x', 'line 2: a quote is not closed')
  t.eq(message 'a\n"x"y', 'line 2: text behind a closing quote')
  t.eq(message 'a,b\n1', 'line 2: 1 cells where the header has 2')
end)

return t.done()
