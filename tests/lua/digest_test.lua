--- A week told: which rows and commits count, and the page, with hostile text in all of it.
local t = require 'harness'
local core = require 'core'
require('fake_tlab').install {}
local facts = require 'tlab.digest.facts'
local page = require 'tlab.digest.page'
local runs = require 'tlab.runs'

local HEAD = 'started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,'
  .. 'effects,failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder\n'
local EVIL = '# x\n<b>|</b> [a](http://b) \27[31m\xFF`'

local number = 0
local function row(day, recipe, status, more)
  number = number + 1
  local cells = t.with({
    started = day .. 'T10:00:00.000Z',
    id = ('%08x'):format(number):rep(8),
    recipe = recipe,
    status = status,
    seconds = '30.5',
    key = 'k' .. number,
    folder = day:gsub('-', '/') .. '/x/r' .. number,
  }, more)
  local line = {}
  for name in HEAD:gmatch '[^,\n]+' do
    line[#line + 1] = '"' .. tostring(cells[name] or ''):gsub('"', '""') .. '"'
  end
  -- The first cells stand there as they are, as the index writes them.
  return (table.concat(line, ','):gsub('^"([^"]*)"', '%1') .. '\n')
end

-- A lab whose index is this text, and whose repository has these commits, the newest first.
local function install(index, commits)
  local asked = {}
  tlab.fs = {
    tail = function(_, bytes)
      asked[#asked + 1] = bytes
      return index:sub(-bytes)
    end,
  }
  tlab.git = {
    head = function()
      if not commits then
        return nil, { code = 'NOT_FOUND', message = 'not in a git repository' }
      end
      return commits[1] and { commit = commits[1].commit } or { unborn = true }
    end,
    log = function(query)
      asked.log = query
      local ids = {}
      for _, commit in ipairs(commits) do
        local fits = commit.commit_time >= query.since and commit.commit_time <= query['until']
        ids[#ids + 1] = fits and #ids < query.limit and commit.commit or nil
      end
      return ids
    end,
    changes = function(ids)
      local list = {}
      for i, id in ipairs(ids) do
        for _, commit in ipairs(commits) do
          list[i] = commit.commit == id and { log = commit, files = commit.files } or list[i]
        end
      end
      return list
    end,
  }
  return asked
end

local MONDAY = 1795392000 -- 2026-11-23, by date -u -d @1795392000

local function commit(id, seconds, subject, author)
  return {
    commit = id:rep(40),
    commit_time = MONDAY + seconds,
    subject = subject,
    author_name = author or 'Ada',
    files = { { insertions = 2, deletions = 1 }, { binary = true } },
  }
end

local INDEX = HEAD
  .. row('2026-11-22', 'ai', 'failed')
  .. row('2026-11-23', 'ai', 'succeeded', {
    tokens_in = '1000',
    tokens_out = '20',
    cost = '0.25',
    currency = 'USD',
    metrics = core.json.encode { ['a|b`<'] = 0.5, n = 3 },
  })
  .. row('2026-11-23', 'ai', 'succeeded', {
    tokens_in = '1',
    cost = '1',
    currency = 'EUR',
    metrics = core.json.encode { ['a|b`<'] = 0.75, text = EVIL:gsub('\xFF', '') },
  })
  .. row('2026-11-24', 'mine', 'failed', { error = 'NOT_FOUND', key = 'again', seconds = '4000' })
  .. row('2026-11-25', 'mine', 'interrupted', { cost = '1', currency = 'not one' })
  .. row('2026-11-29', 'digest', 'succeeded', { metrics = '{"runs":9}' })
  .. row('2026-11-29', EVIL:gsub('[\n\27\xFF]', ' '), 'succeeded')
  .. row('2026-11-30', 'mine', 'succeeded', { key = 'again' })

local COMMITS = {
  commit('9', 7 * 86400, 'of next week'),
  commit('4', 7 * 86400 - 1, '', EVIL),
  commit('3', 86400, EVIL),
  commit('2', 0, 'The first'),
  commit('1', -1, 'of the week before'),
}

t.test('a week from Monday to Sunday, the page to the byte', function()
  install(INDEX, COMMITS)
  local week = facts.of '2026-W48'
  t.eq({ week.sums.runs, week.commits, #week.open }, { 5, 3, 1 })
  t.eq(page.head(week) .. page.markdown(week), t.ok(core.fs.read 'tests/lua/digest_page.md'))
  local charts = page.charts(week)
  t.ok(charts['runs.svg']:find('Mon: 2; Tue: 1; Wed: 1', 1, true), charts['runs.svg'])
  t.ok(charts['commits.svg']:find('Mon: 1; Tue: 1; Wed: 0', 1, true))
end)

t.test('latest is the week of the newest run that is no digest', function()
  install(INDEX, {})
  t.eq(facts.of('latest').week, '2026-W49')
  local without = INDEX:gsub('\n2026%-11%-30[^\n]*', ''):gsub('\n2026%-11%-2[2-5][^\n]*', '')
  install(without .. row('2026-12-09', 'digest', 'failed'), {})
  local err = t.err(function()
    facts.of 'latest'
  end, 'no run yet')
  t.eq(err.code, 'NOT_FOUND')
  err = t.err(function()
    facts.of '2025-W53'
  end, '2025%-W53 is no week')
  t.eq(err.code, 'INVALID')
end)

t.test('a lab without runs, without commits, without a repository', function()
  install('', {})
  local week = facts.of '2026-W48'
  local told = page.markdown(week)
  t.ok(
    told:find('- No run.', 1, true)
      and told:find('- No commits: the repository has no commit', 1, true)
  )
  t.eq(page.charts(week), {})
  install('', nil)
  t.ok(page.markdown(facts.of '2026-W48'):find('- No commits: not in a git repository.', 1, true))
  install('', { COMMITS[5] })
  t.ok(page.markdown(facts.of '2026-W48'):find('- 0 commits.', 1, true))
end)

t.test('a line of the index that is no row costs no other', function()
  local good = row('2026-11-24', 'ai', 'succeeded')
  for _, bad in ipairs { '2026-11-24T11:00:00.000Z,"torn\n', 'z\n', ',\n' } do
    install(HEAD .. good .. bad .. good .. bad, {})
    t.eq(facts.of('latest').sums.runs, 2, bad)
  end
end)

t.test('of many commits and metrics the first are shown', function()
  local commits, metrics = {}, {}
  for i = 1, 60 do
    commits[i] = commit(('%x'):format(i % 16), 61 - i, 'c' .. i)
    commits[i].commit = ('%040x'):format(i)
    metrics['m' .. i] = i
  end
  local metrics_text = core.json.encode(metrics)
  install(HEAD .. row('2026-11-23', 'ai', 'succeeded', { metrics = metrics_text }), commits)
  local told = page.markdown(facts.of '2026-W48')
  t.ok(told:find('10 more commits: `git log`.', 1, true) and not told:find(' c51,', 1, true))
  t.ok(told:find('30 more metrics: `tlab runs --json`.', 1, true))
end)

t.test('the index is read from its end, as far as it takes', function()
  local old = row('2026-11-20', 'ai', 'succeeded', { note = ('x'):rep(1000) })
  local new = row('2026-11-23', 'ai', 'succeeded', { note = ('x'):rep(1000) })
  local asked = install(HEAD .. old:rep(1000) .. new:rep(10), {})
  local rows, whole = runs.since '2026-11-23'
  t.eq({ #rows, whole, #asked }, { 10, true, 1 })
  asked = install(HEAD .. old:rep(10) .. new:rep(1000), {})
  rows, whole = runs.since '2026-11-23'
  t.eq({ #rows, whole, #asked }, { 1000, true, 2 })
  rows, whole = runs.since '2026-11-01'
  t.eq({ #rows, whole }, { 1010, true })
  local long = row('2026-11-23', 'ai', 'succeeded', { note = ('x'):rep(16000) })
  install(HEAD .. long:rep(1200), {})
  rows, whole = runs.since '2026-11-23'
  t.ok(#rows > 1000 and #rows < 1200 and not whole)
  t.ok(page.markdown(facts.of '2026-W48'):find('There are more runs than are read here', 1, true))
  -- A last line that is being written is none yet.
  install(HEAD .. new .. new:sub(1, 50), {})
  t.eq(#runs.since '2026-11-23', 1)
end)

return t.done()
