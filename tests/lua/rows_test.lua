--- Tables from outside.
local t = require 'harness'
require('fake_tlab').install {}
local rows = require 'tlab.rows'

t.test('CSV and JSON Lines, by the name', function()
  t.eq(rows.parse('a,b\n1,x\n', 'q.csv'), { { a = '1', b = 'x' } })
  t.eq(rows.parse('\xEF\xBB\xBFa,b\r\n1,"x\ny"\r\n', 'Q.CSV'), { { a = '1', b = 'x\ny' } })
  t.eq(rows.parse('{"a":1}\r\n\n {"a":[2]}', 'q.jsonl'), { { a = 1 }, { a = { 2 } } })
  t.eq(rows.parse('', 'q.ndjson'), {})
  t.eq(rows.parse('', 'q.csv'), {})
end)

t.test('what is no table names file and line', function()
  for _, case in ipairs {
    { 'a,b\n1\n', 'd/q.csv', 'd/q.csv, line 2: 1 cells where the header has 2' },
    { '{}\n[1]\n', 'q.jsonl', 'q.jsonl, line 2: an object is expected' },
    { '{}\n"x"\n', 'q.jsonl', 'q.jsonl, line 2: an object is expected' },
    { '{}\n\n{', 'q.jsonl', 'q.jsonl, line 3: ' },
    { '{}\n{"a":1,"a":2}', 'q.jsonl', 'q.jsonl, line 2: ' },
    { 'a\nb\n\xFF\n', 'q.csv', 'q.csv, line 3: bytes that are not UTF-8' },
  } do
    local list, err = rows.parse(case[1], case[2])
    t.eq({ list == nil, err.code }, { true, 'PARSE' })
    t.eq(err.message:sub(1, #case[3]), case[3])
  end
  local list, err = rows.parse('', 'q.xlsx')
  t.eq({ list == nil, err.code }, { true, 'INVALID' })
  t.ok(err.message:find('q.xlsx: the name must end in .csv', 1, true), err.message)
end)

return t.done()
