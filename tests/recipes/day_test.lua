local t = require 'tlab.test'

t.test('a day has its folders and its page', function(lab)
  local run = lab:run('day', { date = '2026-10-03' })
  t.eq(run.manifest.folder, '2026/10/03')
  t.has(run:read 'README.md', '2026-10-03')
end)

t.test('a day that is open is not opened again, another one is', function(lab)
  local function id_of(date)
    return lab:run('day', { date = date }).manifest.id
  end
  local first = id_of '2026-10-03'
  t.ok(id_of '2026-10-04' ~= first)
  t.eq(id_of '2026-10-03', first)
end)

t.test('a day that is none', function(lab)
  t.eq(lab:run('day', { date = '2026-02-30' }).error.code, 'INVALID')
end)
