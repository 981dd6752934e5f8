local t = require 'harness'
local core = require 'core'
local notes = require 'host.store.notes'

local ROOT = 'tmp-notes-test'
local AT = '2026-11-23T05:36:50.775Z'

local function line(kind, text)
  return core.json.encode { at = AT, kind = kind, text = text } .. '\n'
end

local function tags(text, first)
  local words, said = notes.fold(notes.parse(text), first)
  return table.concat(words, ' '), #said
end

t.test('tags come, go and come again', function()
  t.eq(tags(line('tag', 'a') .. line('tag', 'b') .. line('tag', 'a')), 'a b')
  t.eq(tags(line('tag', 'a') .. line('tag', 'b') .. line('untag', 'a')), 'b')
  t.eq(tags(line('tag', 'a') .. line('untag', 'a') .. line('tag', 'a')), 'a')
  t.eq(tags(line('untag', 'never')), '')
  local words, said = tags(line('tag', 'x') .. line('note', 'n') .. line('untag', 'mine'), {
    'mine',
    7,
  })
  t.eq(words, '7 x')
  t.eq(said, 1)
end)

t.test('what is no entry is named by its line and passed over', function()
  local text = line('tag', 'a')
    .. '{"at":"now","kind":"tag","text":"x"}\n'
    .. '\n'
    .. line('order', 'x')
    .. line('note', 'n')
    .. '{"at":"2026-11-23T05:36'
  local entries, bad = notes.parse(text)
  t.eq(#entries, 2)
  t.eq(bad, { 2, 3, 4, 6 })
  t.eq(select(2, notes.parse(line('tag', 'a'))), {})
  t.eq(notes.parse '', {})
end)

t.test('added lines are there to be read', function()
  core.fs.purge(ROOT)
  t.ok(core.fs.parents(ROOT))
  t.eq(notes.read(ROOT), {})
  t.eq(t.ok(notes.add(ROOT, 'note', 'two\nlines')).text, 'two\nlines')
  t.ok(notes.add(ROOT, 'tag', 'a'))
  local entries, _, bad = notes.read(ROOT)
  t.eq(#entries, 2)
  t.eq(bad, {})
  t.eq(entries[1].text, 'two\nlines')
  core.fs.purge(ROOT)
  local entry, err = notes.add(ROOT, 'tag', 'a')
  t.eq(entry, nil)
  t.eq(err.code, 'NOT_FOUND')
end)

return t.done()
