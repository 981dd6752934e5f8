local t = require 'harness'
require('fake_tlab').install {}
local facts = require 'tlab.summ.facts'
local risk = require 'tlab.summ.risk'
local rules = require 'tlab.summ.rules'
local symbols = require 'tlab.summ.symbols'

local function id(n)
  return ('%040x'):format(n)
end

local function file(path, status, insertions, deletions, more)
  return t.with({
    path = path,
    status = status,
    insertions = insertions,
    deletions = deletions,
    binary = insertions == nil,
  }, more)
end

local PATCH = [[
diff --git a/src/a.c b/src/a.c
--- a/src/a.c
+++ b/src/a.c
@@ -5,3 +5,4 @@ static int parse(char *s)
 x
-  if (err) return -1;
+  system(s);
+  y
 z
@@ -50 +51 @@ struct b
-1
+2
]]

t.test('of one commit', function()
  local found = facts.of({ {} }, {
    {
      commit = id(1),
      files = {
        file('src/a.c', 'M', 3, 2),
        file('docs/a.md', 'A', 10, 0),
        file('tests/t.c', 'D', 0, 30),
        file('pic.png', 'A'),
        file('top', 'M', 1, 1),
      },
      patch = PATCH,
    },
  })
  t.eq(found.totals, {
    commits = 1,
    files = 5,
    insertions = 14,
    deletions = 33,
    binary = 1,
    hunks = 2,
  })
  local function first(list)
    return { list[1].name, list[1].files, list[1].insertions, list[1].deletions }
  end
  t.eq(first(found.folders), { 'tests', 1, 0, 30 })
  t.eq(first(found.kinds), { 'tests', 1, 0, 30 })
  t.eq(first(found.languages), { 'C', 2, 3, 32 })
  t.eq(found.folders[4].name, '.')
  t.eq(found.tests, {
    touched = true,
    files = 1,
    insertions = 0,
    deletions = 30,
    deleted = 1,
    source = 1,
  })
  t.eq(found.files[1].path, 'docs/a.md')
  t.eq(found.files[1].has_patch, false)
end)

t.test('of several commits: numbers add up, the newest says what it is now', function()
  local found = facts.of({ {}, {}, {} }, {
    { commit = id(3), files = { file('b', 'M', 1, 0), file('gone', 'D', 0, 5) } },
    { commit = id(2), files = { file('b', 'R', 2, 1, { old_path = 'a' }) } },
    { commit = id(1), files = { file('gone', 'A', 5, 0), file('new', 'A', 1, 0) } },
  })
  t.eq(#found.files, 3)
  local b, gone = found.files[1], found.files[2]
  t.eq(
    { b.path, b.old_path, b.status, b.insertions, b.deletions, b.commits },
    { 'b', 'a', 'M', 3, 1, 2 }
  )
  t.eq({ gone.status, gone.insertions, gone.deletions }, { 'D', 5, 5 })
  t.eq(found.files[3].status, 'A')
end)

t.test('bytes that are not UTF-8 keep a file and its hunks together', function()
  local patch =
    'diff --git "a/\\377" "b/\\377"\n--- "a/\\377"\n+++ "b/\\377"\n@@ -1 +1 @@\n-\xFF\n+\xFE\n'
  local found = facts.of(
    { {} },
    { { commit = id(1), files = { file('\xFF', 'M', 1, 1) }, patch = patch } }
  )
  t.eq(found.files[1].path, '\u{FFFD}')
  t.eq(#found.files[1].hunks, 1)
end)

t.test('hunks are ranked by what the rules say of them, and how much it is', function()
  local found = facts.of(
    { {} },
    { { commit = id(1), files = { file('src/a.c', 'M', 3, 2) }, patch = PATCH } }
  )
  local risks = risk.find(rules, found)
  t.eq({ risks[1].rule, risks[1].line, risks[1].seen }, { 'shell and programs', 6, '  system(s);' })
  t.eq({ risks[2].rule, risks[2].line }, { 'check removed', 6 })
  local first, all = risk.rank(found, 1)
  t.eq({ #first, all }, { 1, 2 })
  t.eq(first[1].hunk.reasons, { 'shell and programs', 'check removed' })
  t.eq(first[1].hunk.score, (7 + 6) * 10 + 5 * 2)
end)

t.test('secrets are taken out of what is shown', function()
  local clean, times = risk.redact(rules, {
    '+a = "ghp_' .. ('a1'):rep(18) .. '"; b',
    '+-----BEGIN PRIVATE KEY-----',
    '+MIIEvQIBADANBgkqhkiG9w0BAQEFAASC',
    '+-----END PRIVATE KEY-----',
    '+after',
  })
  t.eq(clean, {
    '+a = "[redacted]"; b',
    '+-----[redacted]-----',
    '+[redacted]',
    '+-----END PRIVATE KEY-----',
    '+after',
  })
  t.eq(times, 2)
end)

t.test('names in the lines behind the @@', function()
  for heading, name in pairs {
    ['static int parse(char *s)'] = 'parse',
    ['local function each_line(hunk)'] = 'each_line',
    ['function M.find(a)'] = 'M.find',
    ['def run(self):'] = 'run',
    ['func (s *T) Do(x int) error {'] = 'Do',
    ['pub fn go<T>(x: T) {'] = 'go',
    ['impl<T> Foo for Bar {'] = 'Foo',
    ['class A(B):'] = 'A',
    ['struct point {'] = 'point',
    ['std::string ns::f(int)'] = 'ns::f',
  } do
    t.eq(symbols.name(heading), name, heading)
  end
  for _, heading in ipairs { '', 'if (x)', 'return function(options)', '[section]', '# title' } do
    t.eq(symbols.name(heading), nil, heading)
  end
end)

t.test('each name once a file, none of documents', function()
  local found = facts.of(
    { {} },
    { { commit = id(1), files = { file('src/a.c', 'M', 3, 2) }, patch = PATCH } }
  )
  t.eq(symbols.of_headings(found.files), {
    { path = 'src/a.c', name = 'parse', change = 'touched', line = 5 },
    { path = 'src/a.c', name = 'b', change = 'touched', line = 51 },
  })
end)

t.test('what rust_extractor prints', function()
  local list, more = symbols.of_extractor(
    '{"path":"a.c","language":"C","kind":"function","name":"f","line":3,"change":"added","x":1}\n'
      .. '{"path":"a.c","kind":"function"}\n{"what":"is new"}\n'
      .. '{"summary":{"files":1,"languages":{"C":1},"skipped":[]}}\n'
  )
  t.eq(list, { { path = 'a.c', kind = 'function', name = 'f', line = 3, change = 'added' } })
  t.eq(more.files, 1)
  for text, why in pairs {
    [''] = 'summary',
    ['{"path":"a","name":"f","kind":"function"}\n'] = 'summary',
    ['nonsense\n'] = 'JSON',
    ['{"summary":1}\n'] = 'summary',
  } do
    list, more = symbols.of_extractor(text)
    t.eq(list, nil)
    t.ok(more:find(why), more)
  end
end)

return t.done()
