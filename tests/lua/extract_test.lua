--- Facts out of files: what is read, the table and the page, with hostile text in all of it.
local t = require 'harness'
local core = require 'core'
require('fake_tlab').install {}
local page = require 'tlab.extract.page'
local sources = require 'tlab.extract.sources'

local EVIL = '# x\n<b>|</b> [a](http://b) \27[31m`'

-- A lab of these files, as a recipe sees it.
local function install(files)
  tlab.fs = {
    stat = function(path)
      return files[path:gsub('^lab:', '')] and { type = 'file' } or nil
    end,
  }
  return {
    input = function(_, path, options)
      t.eq({ options.as, files[path] ~= 'never read' }, { 'text', true })
      return files[path]
    end,
  }
end

local function read(files, more)
  local spec, run = { files = {}, piece = 200, limit = 10 }, install(files)
  for path in pairs(files) do
    table.insert(spec.files, path)
  end
  return sources.read(run, t.with(spec, more))
end

t.test(
  'files become pieces that know their lines; what is no text is left out, and said',
  function()
    local long = ('x'):rep(150) .. '\n\n'
    local list, pieces =
      read { ['a.md'] = long .. long, ['b.bin'] = 'a\0b', ['c.md'] = '', ['d.md'] = 'ü\xFF' }
    t.eq(list, {
      { path = 'a.md', pieces = 2 },
      { path = 'b.bin', pieces = 0, why = 'binary' },
      { path = 'c.md', pieces = 0, why = 'empty' },
      { path = 'd.md', pieces = 1 },
    })
    t.eq(pieces, {
      { path = 'a.md', line = 1, text = long },
      { path = 'a.md', line = 3, text = long },
      { path = 'd.md', line = 1, text = 'ü\u{FFFD}' },
    })
  end
)

t.test('more pieces than were thought of are not read', function()
  local err = t.err(function()
    read({ ['a.md'] = ('x'):rep(3000), ['b.md'] = 'never read' }, { limit = 10 })
  end, 'the files make more pieces than 10, the limit')
  t.eq({ err.code, err.hint }, { 'INVALID', 'limit=20' })
  err = t.err(function()
    read({ ['a.md'] = 'x' }, { files = { 'b.md' } })
  end, "no file of the lab fits 'b.md'")
  t.eq(err.code, 'NOT_FOUND')
end)

local ROWS = {
  {
    file = 'a.md',
    line = 12,
    found = true,
    quote = 'in 1904',
    fact = { year = 1904, what = '=x' },
  },
  { file = 'a.md', found = false, quote = EVIL, fact = { what = EVIL, tags = { 'a', '|' } } },
  {
    file = 'b`.md',
    line = 1,
    found = true,
    quote = 'q',
    fact = { what = core.json.null, file = 'f' },
  },
}

t.test('the table: formulas are none, fields with the names of columns get another one', function()
  local lines = '\n' .. page.csv(ROWS)
  t.ok(lines:find('\nfile,line,found,quote,fact.file,tags,what,year\n', 1, true), lines)
  t.ok(lines:find("\na.md,12,true,in 1904,,,'=x,1904\n", 1, true), lines)
  t.ok(lines:find('\nb`.md,1,true,q,f,,,\n', 1, true), lines)
  t.eq(page.csv {}, 'file,line,found,quote\n')
  local row = { file = 'a', found = false, quote = 'q', fact = { file = 'x', ['fact.file'] = 'y' } }
  t.eq(page.csv { row }, 'file,line,found,quote,fact.fact.file,fact.file\na,,false,q,y,x\n')
end)

t.test('the page, to the byte', function()
  local made = page.markdown({ model = { name = 'm`' } }, {
    { path = 'a.md', pieces = 2 },
    { path = 'b`.md', pieces = 1 },
    { path = '<c>.md', pieces = 0, why = 'binary' },
  }, ROWS, { { file = 'a.md', line = 7, code = 'PROVIDER', message = EVIL } })
  t.eq(made, t.ok(core.fs.read 'tests/lua/extract_page.md'))
end)

t.test('of many facts the first are shown', function()
  local rows = {}
  for i = 1, 202 do
    rows[i] = { file = 'a', line = i, found = true, quote = 'q', fact = { n = i } }
  end
  local made = page.markdown({ model = {} }, { { path = 'a', pieces = 1 } }, rows, {})
  t.ok(made:find('2 more facts in `facts.jsonl`.', 1, true) and not made:find('`a:201`', 1, true))
  t.ok(made:find('202 of 202 quotes stand in the file', 1, true))
  t.ok(
    page
      .markdown({ model = {} }, { { path = 'a', pieces = 1 } }, {}, {})
      :find('# 0 facts of 1 file\n', 1, true)
  )
end)

return t.done()
