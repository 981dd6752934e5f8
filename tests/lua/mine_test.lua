local t = require 'harness'
local core = require 'core'
require('fake_tlab').install {}
local charts = require 'tlab.mine.charts'
local commits = require 'tlab.mine.commit'
local lines = require 'tlab.mine.table'
local page = require 'tlab.mine.page'
local source = require 'tlab.mine.source'
local tally = require 'tlab.mine.tally'
local walk = require 'tlab.mine.walk'

local function refused(fn, pattern)
  local ok, err = pcall(fn)
  t.eq(ok, false)
  t.ok(err.code == 'INVALID' and err.message:find(pattern), err.message)
end

-- Where the repository is. -----------------------------------------------------------------------

t.test('a path is in the lab or absolute, and its name is all that a page tells', function()
  for repo, expected in pairs {
    ['.'] = { path = 'lab:.', label = "the lab's own" },
    ['./'] = { path = 'lab:.', label = "the lab's own" },
    ['sub/dir/'] = { path = 'lab:sub/dir', label = 'sub/dir' },
    ['./x'] = { path = 'lab:x', label = 'x' },
    ['/data/repos/curl.git/'] = { path = '/data/repos/curl.git/', label = 'curl.git' },
    ['https://h/o/n'] = { url = 'https://h/o/n', label = 'https://h/o/n' },
    ['file:///data/r'] = { url = 'file:///data/r', label = 'r' },
  } do
    t.eq(source.find { repo = repo }, expected, repo)
  end
  refused(function()
    source.find { repo = 'a/../..' }
  end, '^/repo: .* goes up')
  refused(function()
    source.find { repo = 'git@github.com:a/b' }
  end, '^/repo: ssh is not spoken')
end)

t.test('owner and name are below the base URL of lab.json', function()
  local config
  rawset(tlab, 'fs', {
    read = function(path)
      t.eq(path, 'lab:lab.json')
      return config
    end,
  })
  local function url(name)
    return source.find({ repo = 'o', name = name }).url
  end
  config = '{}'
  t.eq(url 'n', 'https://github.com/o/n.git')
  t.eq(source.BASE_URL, require('host.lab').BASE_URL, 'both sides say the same')
  config = '{"git":{"base_url":"https://git.example.org/x/"}}'
  t.eq(url 'n.git', 'https://git.example.org/x/o/n.git')
  for _, name in ipairs { '..', '.', 'a/b', '', 'a b', '%2e' } do
    refused(function()
      url(name)
    end, '^/name: ')
  end
end)

-- A commit. --------------------------------------------------------------------------------------

local function a_commit(more)
  return t.with({
    commit = ('ab'):rep(20),
    parents = core.json.array {},
    tree = ('c'):rep(40),
    author_name = 'A',
    author_email = 'a@b.c',
    author_time = '2026-10-03T12:00:00+02:00',
    committer_name = 'C',
    committer_email = 'c@b.c',
    commit_time = 1790985600,
    subject = 's',
    body = '',
  }, more)
end

local function a_file(more)
  return t.with({
    path = 'a.c',
    status = 'M',
    insertions = 2,
    deletions = 1,
    binary = false,
    old_mode = '100644',
    new_mode = '100644',
    old_id = ('1'):rep(40),
    new_id = ('2'):rep(40),
  }, more)
end

t.test('numbers are summed, and bytes that are not UTF-8 are kept as hex', function()
  local change = {
    files = { a_file(), a_file { path = 'x\xFFy', old_path = 'ä', status = 'R', insertions = 5 } },
    truncated = true,
  }
  local record = commits.record(a_commit { subject = 'gr\xFCn', body = 'ü' }, change)
  t.eq({ record.insertions, record.deletions, #record.files }, { 7, 2, 2 })
  t.eq(record.subject, 'gr\u{FFFD}n')
  t.eq(record.files[2].path, 'x\u{FFFD}y')
  t.eq(record.raw, { ['/subject'] = '6772fc6e', ['/files/1/path'] = '78ff79' })
  t.eq(record.commit_time, '2026-10-03T00:00:00Z')
  t.eq(commits.record(a_commit(), { files = {} }).raw, nil)
  local row = commits.row(record, 'f')
  t.eq({ row.files, row.binary, row.left_out, row.folder }, { 2, 0, 0, 'f' })
end)

t.test('folders sort as the commits do, and have at least four digits', function()
  local commit = a_commit { subject = '../x' }
  t.eq(commits.folder(1, 3, commit), 'commits/0001-x-abababab')
  t.eq(commits.folder(12, 10000, commit), 'commits/00012-x-abababab')
  t.eq(commits.folder(12, math.maxinteger, commit), 'commits/0000012-x-abababab')
end)

-- Sums. ------------------------------------------------------------------------------------------

local function tally_of(times, more)
  local sums = tally.new()
  for i, time in ipairs(times) do
    local commit = a_commit { commit_time = time, author_name = 'A' .. i % 3 }
    sums:add(commits.record(commit, { files = more and { more(i) } or {} }))
  end
  return sums
end

t.test('bars of days, weeks, months and years, none left out', function()
  local day = 86400
  local first = 1790985600 -- 2026-10-03, a Saturday
  for span, expected in pairs {
    [0] = { 1, 'day', '2026-10-03' },
    [61] = { 62, 'day', '2026-10-03' },
    [62] = { 10, 'week', '2026-09-28' },
    [433] = { 63, 'week', '2026-09-28' },
    [434] = { 15, 'month', '2026-10' },
    [3000] = { 9, 'year', '2026' },
    [40000] = { 12, '10 years', '2020' },
  } do
    local sums = tally_of { first, first + span * day }
    local rows, unit = sums:over_time()
    local total = 0
    for _, row in ipairs(rows) do
      total = total + row.value
    end
    t.eq({ #rows, unit, rows[1].label, total }, { expected[1], expected[2], expected[3], 2 }, span)
  end
end)

t.test('times that nobody can mean make no endless chart', function()
  local rows = tally_of({ -(1 << 50), 0, 1 << 50 }):over_time()
  t.eq({ rows[1].label, rows[#rows].label }, { '0000', '9800' })
  t.ok(#rows < 70)
end)

t.test('authors and files are ranked, equal ones by name, fifteen of them', function()
  local sums = tally_of({ 0, 0, 0, 0 }, function(i)
    return a_file { path = 'f' .. i, insertions = i < 3 and 4 or 9 }
  end)
  t.eq(sums:top_authors(), {
    { label = 'A1', value = 2 },
    { label = 'A0', value = 1 },
    { label = 'A2', value = 1 },
  })
  local rows = sums:top_paths()
  t.eq({ rows[1].label, rows[2].label, rows[3].label, rows[4].label }, { 'f3', 'f4', 'f1', 'f2' })
  local many = {}
  for i = 1, 40 do
    many[i] = 0
  end
  local shown, all = tally_of(many, function(i)
    return a_file { path = 'f' .. i }
  end):top_paths()
  t.eq({ #shown, all }, { 15, 40 })
end)

t.test('a chart says the beginning of a long name', function()
  local sums = tally.new()
  sums:add(commits.record(a_commit { author_name = ('x'):rep(200) }, { files = {} }))
  t.eq(charts.of(sums)[2].about, ('1 author, first %s… with 1 commit'):format(('x'):rep(80)))
end)

-- The page. --------------------------------------------------------------------------------------

local SPEC = { patches = true, limit = 2, max_patch = 1024, merges = 'include' }

local function a_page(more)
  return page.markdown(t.with({
    label = 'r',
    from = 'main',
    commit = ('a'):rep(40),
    spec = SPEC,
    tally = tally.new(),
    newest = {},
    charts = {},
  }, more))
end

t.test('the page says what is missing, and nothing when nothing is', function()
  t.eq(a_page({}):find('What is not here', 1, true), nil)
  t.ok(a_page({}):find('No commit fits.', 1, true))
  local sums = tally_of { 0 }
  sums.truncated, sums.mended, sums.merges = 1, 2, 3
  local md = a_page { tally = sums, more = true, shallow = true, why = 'offline' }
  for _, part in ipairs {
    'limit=0` takes all',
    'edge of this shallow clone',
    'since it was fetched: offline',
    'What merges brought (3)',
    'the patches of 1 commit, those marked `left_out`: `max_patch` is 1,024 bytes',
    'In 2 commits, bytes that are not UTF-8',
  } do
    t.ok(md:find(part, 1, true), part)
  end
end)

t.test('filters are told as they are typed', function()
  t.eq(
    page.filters { ['until'] = 'u', path = { 'a', 'b' }, merges = 'only', limit = 3 },
    { 'until=u', 'path=a, b', 'merges=only' }
  )
  t.eq(page.filters(SPEC), {})
end)

-- Batches. ---------------------------------------------------------------------------------------

local function history(n, most)
  local asked = { log = {}, changes = {} }
  rawset(tlab, 'git', {
    log = function(query)
      t.eq(query.ids, true)
      asked.log[#asked.log + 1] = { query.skip, query.limit }
      local list = {}
      for i = query.skip + 1, math.min(n, query.skip + query.limit) do
        list[#list + 1] = i
      end
      return list
    end,
    changes = function(ids, options)
      t.eq(options.log, true)
      asked.changes[#asked.changes + 1] = #ids
      if #ids > most then
        return nil, { code = 'LIMIT', message = 'too much' }
      end
      local list = {}
      for i, id in ipairs(ids) do
        list[i] = { commit = id, log = { commit = id } }
      end
      return list
    end,
  })
  return asked
end

local function walked(limit, patch)
  local seen, told = 0, nil
  local job = { query = {}, limit = limit, options = { patch = patch } }
  local more = walk.each(job, function(commit, change, total, most)
    seen = seen + 1
    assert(commit.commit == seen and change.commit == seen)
    told = { total, most }
  end)
  return seen, more, told
end

t.test('every commit comes once, whatever the parts', function()
  local asked = history(12030, math.huge)
  t.eq({ walked(0) }, { 12030, false, { 12030, 12030 } })
  t.eq(asked.changes, { 5000, 5000, 2030 })
  t.eq({ walked(7) }, { 7, true, { 7, 7 } })
  t.eq({ walked(12030) }, { 12030, false, { 12030, 12030 } })
  t.eq({ walked(12031) }, { 12030, false, { 12030, 12030 } })
  asked = history(0, math.huge)
  t.eq({ walked(0) }, { 0, false })
  t.eq(asked.changes, {})
  asked = history(1001, math.huge)
  t.eq({ walked(0, true) }, { 1001, false, { 1001, 1001 } })
  t.eq(asked.changes, { 1000, 1 })
end)

t.test('a long history is walked in pages', function()
  local asked = history(500002, math.huge)
  t.eq({ walked(0) }, { 500002, false, { 500002, 500002 } })
  t.eq(asked.log, { { 0, 500001 }, { 500000, 500001 } })
  asked = history(500002, math.huge)
  t.eq({ walked(500001) }, { 500001, true, { 500001, 500001 } })
  t.eq(asked.log, { { 0, 500001 }, { 500000, 2 } })
end)

t.test('what is too much for one answer is asked for in halves', function()
  local asked = history(30, 3)
  t.eq({ walked(0) }, { 30, false, { 30, 30 } })
  t.eq({ table.unpack(asked.changes, 1, 5) }, { 30, 15, 7, 3, 4 })
  history(3, 0)
  local ok, err = pcall(walked, 0)
  t.eq({ ok, err.code }, { false, 'LIMIT' })
end)

t.test('moments of the spec become seconds, a day the whole of it', function()
  local query = walk.query({ since = '2026-10-03', ['until'] = '2026-10-03', path = 'a' }, 'main')
  t.eq(
    { query.since, query['until'], query.path, query.from },
    { 1790985600, 1790985600 + 86399, { 'a' }, 'main' }
  )
  query = walk.query({ ['until'] = '2026-10-03T00:00:00Z', path = { 'a', 'b' } }, 'x')
  t.eq({ query['until'], query.path, query.since }, { 1790985600, { 'a', 'b' }, nil })
  refused(function()
    walk.query({ since = '2026-02-30' }, 'x')
  end, '^/since: 2026%-02%-30 is no moment')
end)

t.test('a long table is written in parts, none twice, and an empty one is there', function()
  local files, calls = {}, 0
  local run = {}
  function run:write(name, bytes) -- luacheck: ignore self
    files[name], calls = bytes, calls + 1
  end
  function run:extend(name, bytes) -- luacheck: ignore self
    files[name], calls = files[name] .. bytes, calls + 1
  end
  lines.new(run, 'empty'):flush()
  t.eq(files.empty, '')
  local long, all = ('x'):rep((1 << 20) - 1) .. '\n', {}
  local one = lines.new(run, 'long')
  for i = 1, 18 do
    all[i] = i .. long
    one:add(all[i])
  end
  one:flush()
  one:flush()
  t.eq(files.long == table.concat(all), true)
  t.eq(calls, 19)
end)

return t.done()
