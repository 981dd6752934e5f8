--- What rust_extractor is given of a commit, and what of its lines counts.
local t = require 'harness'
local core = require 'core'
require('fake_tlab').install {}
local extractor = require 'tlab.summ.extractor'
local symbols = require 'tlab.summ.symbols'

local SUMMARY = '{"summary":{"files":1,"languages":{},"skipped":[]}}\n'

-- Asks about a commit that changed these files; what the program was given, and which contents were
-- asked of the repository, as "revision path".
local function given(files)
  local asked, commands = {}, {}
  tlab.git = {
    blob = function(rev, path)
      asked[#asked + 1] = rev .. ' ' .. path
      return path
    end,
  }
  tlab.proc = {
    run = function(command)
      commands[#commands + 1] = command
      return { exit = 0, stdout = SUMMARY }
    end,
  }
  local change = {
    kind = 'commit',
    place = 'repository',
    path = '/repo',
    commits = { { commit = 'now', parents = { 'before' } } },
    changes = { { files = files, patch = '' } },
  }
  local found = extractor.symbols(change, files)
  t.eq({ found.from, #found.list }, { 'rust_extractor', 0 })
  return commands[2].files, asked
end

local function file(path, more)
  return t.with({ path = path, status = 'M', new_mode = '100644' }, more)
end

-- Names besides commit.json and diff.patch.
local function contents(files)
  local names = {}
  for name in pairs(files) do
    names[#names + 1] = name:match '^[no][el][wd]/' and name or nil
  end
  return names
end

t.test('it gets both contents of what was changed or moved', function()
  local files = given {
    file 'a.c',
    file('b.c', { status = 'R', old_path = 'old.c' }),
    file('new.c', { status = 'A' }),
    file('gone.c', { status = 'D' }),
    file('pic.png', { binary = true }),
  }
  t.eq(contents(files), { 'new/a.c', 'new/b.c', 'old/a.c', 'old/old.c' })
end)

t.test('names that a folder cannot have are left to the patch', function()
  local ok = ('x'):rep(999)
  local files = given {
    file 'tab\there.c',
    file 'back\\slash.c',
    file '\xFF.c',
    file(ok .. 'x'),
    file('fine.c', { status = 'R', old_path = 'line\nbreak.c' }),
    file(ok),
  }
  t.eq(contents(files), { 'new/' .. ok, 'old/' .. ok })
end)

t.test('a submodule has no content to be asked for', function()
  local files, asked = given { file('sub', { new_mode = '160000' }), file 'a.c' }
  t.eq(contents(files), { 'new/a.c', 'old/a.c' })
  t.eq(asked, { 'before a.c', 'now a.c' })
end)

t.test('of forty files the whole contents, of the others the patch', function()
  local many = {}
  for i = 1, 45 do
    many[i] = file(('f%02d.c'):format(i))
  end
  local files, asked = given(many)
  t.eq({ #contents(files), #asked }, { 80, 80 })
  t.ok(files['new/f40.c'] and not files['new/f41.c'])
end)

local function of_line(more, lines)
  local row = t.with({
    path = 'a.c',
    name = 'f',
    kind = 'function',
    container = 'm',
    change = 'added',
    line = 3,
    language = 'C',
  }, more)
  return symbols.of_extractor(core.json.encode(row) .. '\n' .. (lines or SUMMARY))
end

t.test('a line of another form is no symbol', function()
  local list = of_line {}
  t.eq(list, {
    { path = 'a.c', name = 'f', kind = 'function', container = 'm', change = 'added', line = 3 },
  })
  t.eq(of_line({ partial = true })[1].partial, true)
  for name, wrong in pairs {
    path = { 1, {}, core.json.null },
    name = { 1, {}, false },
    kind = { 1, {}, core.json.null },
    container = { 1, {}, true, core.json.null },
    change = { 1, {}, core.json.null, 'eaten' },
    line = { 'x', {}, 1.5, -3, true, core.json.null },
  } do
    for _, value in ipairs(wrong) do
      t.eq(of_line { [name] = value }, {}, name)
    end
  end
end)

t.test('it has to end with its summary', function()
  local _, why = of_line({}, '')
  t.eq(why, 'it ended without its summary')
  for _, wrong in ipairs { '{"summary":1}\n', '{"summary":"x"}\n', '{}\n' } do
    t.eq((of_line({}, wrong)), nil, wrong)
  end
  for _, wrong in ipairs { 'x\n', '1\n', '"x"\n', '[1\n' } do
    local rows
    rows, why = of_line({}, wrong .. SUMMARY)
    t.eq({ rows or 'none', why }, { 'none', 'it printed a line that is not JSON' }, wrong)
  end
end)

return t.done()
