--- Files by patterns, in a lab that is a table.
local t = require 'harness'
require('fake_tlab').install {}
local files = require 'tlab.files'

t.test('a path fits a pattern, or not', function()
  for _, case in ipairs {
    { 'notes/*.md', 'notes/a.md', true },
    { 'notes/*.md', 'notes/a/b.md', false },
    { 'notes/*.md', 'notes/.md', false },
    { 'notes/*.md', 'notes/a.mdx', false },
    { 'notes/**/*.md', 'notes/a.md', true },
    { 'notes/**/*.md', 'notes/a/b/c.md', true },
    { 'notes/**/*.md', 'notes/.git/c.md', false },
    { 'notes/**/*.md', 'note/c.md', false },
    { '**', 'a/b/c', true },
    { 'a/**/b/**/c', 'a/x/b/y/b/z/c', true },
    { 'a/**/b/**/c', 'a/x/y/c', false },
    { 'a?c', 'abc', true },
    { 'a?c', 'ac', false },
    { 'a*b*c', 'aXbYbc', true },
    { 'a*b*c', 'aXcYb', false },
    { '.*', '.x', true },
    { '*', '.x', false },
    { 'a.c', 'abc', false },
    { '[a]%', '[a]%', true },
    { 'a', 'a/b', false },
  } do
    t.eq(files.match(case[1], case[2]), case[3], case[1] .. ' ' .. case[2])
  end
  t.eq(files.match(('*a'):rep(60) .. '*b', ('a'):rep(5000)), false) -- and soon
end)

local function entries(names)
  local list = {}
  for i, name in ipairs(names) do
    local kind = name:match '[/@]$'
    list[i] = {
      name = name:gsub('[/@]$', ''),
      type = kind == '/' and 'folder' or kind == '@' and 'link' or 'file',
    }
  end
  return list
end

local LAB = {
  ['lab:.'] = { '.hidden/', 'a.md', 'lab.json', 'notes/', 'out@', 'secrets/' },
  ['lab:notes'] = { 'b.md', 'deep/', 'link.md@', 'x.txt' },
  ['lab:notes/deep'] = { 'c.md' },
}

local function install(lab)
  local asked = {}
  tlab.fs = {
    list = function(path)
      asked[#asked + 1] = path
      t.ok(not path:find 'secrets' and not path:find 'hidden', path)
      if lab[path] then
        return entries(lab[path])
      end
      return nil, { code = 'NOT_FOUND', message = 'no ' .. path }
    end,
    stat = function(path)
      asked[#asked + 1] = path
      return path == 'lab:notes/b.md' and { type = 'file' } or nil
    end,
  }
  return asked
end

t.test('finds files, each once, sorted; through no link, and no secret', function()
  install(LAB)
  t.eq(files.find '**/*.md', { 'a.md', 'notes/b.md', 'notes/deep/c.md' })
  t.eq(files.find { 'notes/*', '*/b.md' }, { 'notes/b.md', 'notes/x.txt' })
  t.eq(files.find { 'notes/b.md', './notes/./b.md', './notes/b*' }, { 'notes/b.md' })
  t.eq(files.find 'notes/**', { 'notes/b.md', 'notes/deep/c.md', 'notes/x.txt' })
  t.eq(files.find '*/*.txt', { 'notes/x.txt' })
end)

t.test('no pattern makes it look twice: many wildcards take no longer', function()
  local lab, path = {}, ''
  for _ = 1, 30 do
    lab['lab:' .. (path == '' and '.' or path)] = { 'd/', 'x.md' }
    path = path == '' and 'd' or path .. '/d'
  end
  lab['lab:' .. path] = { 'last.md' }
  local asked = install(lab)
  t.eq(files.find(('**/'):rep(20) .. 'l*.md'), { path .. '/last.md' })
  t.eq(#asked, 31)
end)

t.test('looks at nothing that it need not', function()
  local asked = install(LAB)
  t.eq(files.find 'notes/b.md', { 'notes/b.md' })
  t.eq(asked, { 'lab:notes/b.md' })
  asked = install(LAB)
  t.eq(files.find { 'notes/*.md', 'notes/*.txt' }, { 'notes/b.md', 'notes/x.txt' })
  t.eq(asked, { 'lab:notes' })
end)

t.test('a pattern that fits nothing is told of', function()
  install(LAB)
  for _, pattern in ipairs { 'none/*.md', '.*/*', 'notes/*.pdf', 'notes/none.md', 'lab.json/*' } do
    local list, err = files.find { 'notes/*.md', pattern }
    t.eq({ list == nil, err.code }, { true, 'NOT_FOUND' })
    t.ok(err.message:find(("fits '%s'"):format(pattern), 1, true), err.message)
  end
end)

t.test('what is not in the lab, and too much', function()
  for _, pattern in ipairs { '/etc/passwd', '../x', 'a/../../x' } do
    t.err(function()
      files.find(pattern)
    end, "files_test.*is no path from the lab's root")
  end
  local names = {}
  for i = 1, 10001 do
    names[i] = i .. '.md'
  end
  install { ['lab:.'] = names }
  local err = t.err(function()
    files.find '*.md'
  end, 'more than 10000 files')
  t.eq(err.code, 'LIMIT')
end)

return t.done()
