--- Mine a repository: a folder for each commit, tables of all of them, a page with charts.
local charts = require 'tlab.mine.charts'
local commits = require 'tlab.mine.commit'
local csv = require 'tlab.csv'
local lines = require 'tlab.mine.table'
local page = require 'tlab.mine.page'
local source = require 'tlab.mine.source'
local tally = require 'tlab.mine.tally'
local walk = require 'tlab.mine.walk'

local EVERY = 100 -- commits between two words on how far it is

local function write_folder(run, folder, record, change)
  run:write_json(folder .. '/commit.json', record)
  run:write(folder .. '/diff.patch', change.patch)
  run:write(folder .. '/files.csv', commits.files_csv(record))
end

-- All of a commit that is written at once or remembered for the end.
local function take(run, job, commit, change, most)
  local record = commits.record(commit, change)
  local number = job.tally.commits + 1
  local folder = job.spec.patches and commits.folder(number, most, commit) or nil
  if folder then
    write_folder(run, folder, record, change)
  end
  local row = commits.row(record, folder)
  job.csv:add(csv.line(row, commits.COLUMNS))
  job.jsonl:add(tlab.json.encode(record) .. '\n')
  job.newest[number] = number <= page.NEWEST and row or nil
  job.tally:add(record)
end

local function write_rest(run, job)
  job.csv:flush()
  job.jsonl:flush()
  job.charts = job.tally.commits > 0 and charts.of(job.tally) or {}
  for _, one in ipairs(job.charts) do
    run:write(one.file, one.svg)
  end
  run:write('README.md', page.markdown(job))
  for _, name in ipairs { 'commits', 'insertions', 'deletions' } do
    run:metric(name, job.tally[name])
  end
end

-- Commits that came, or went, while it was mined: what is written is of the one it began with.
local function look_for_moves(run, job)
  local now = tlab.git.resolve(job.rev, job.walk.repo)
  local commit = now and now.commit or 'gone'
  if commit ~= job.commit then
    run:note('params', { commit_at_end = commit })
    run:say(
      ('the repository changed meanwhile: what is here ends at %s; now it is %s'):format(
        job.commit:sub(1, 12),
        commit:sub(1, 12)
      )
    )
  end
end

-- What nobody should have to look for in the page.
local function say_end(run, job)
  if job.why then
    run:say('mined as it was fetched before: ' .. job.why)
  end
  if job.shallow then
    run:say 'the repository is a shallow clone: what lies before its edge is not there'
  end
  if job.tally.commits == 0 then
    local words = page.filters(job.spec)
    run:say('no commit fits' .. (words[1] and ': ' .. table.concat(words, ' ') or ''))
  elseif job.more then
    run:say(('the newest %d commits; limit=0 takes all that fit'):format(job.tally.commits))
  end
end

local function new_job(run, spec)
  local from = spec.range or spec.branch or 'HEAD'
  local query = walk.query(spec, from)
  local where = source.open(spec)
  local head = assert(tlab.git.head(where.path))
  if head.unborn and from == 'HEAD' then
    error({ code = 'NOT_FOUND', message = 'the repository has no commit yet' }, 0)
  end
  -- From here on by ids: names may come to mean something else while this goes on.
  local found = assert(tlab.git.resolve(from, where.path))
  query.from = found.from and found.from .. '..' .. found.commit or found.commit
  run:note('params', { commit = found.commit })
  return {
    spec = spec,
    label = where.label,
    why = where.why,
    rev = from,
    from = from == 'HEAD' and head.branch or from,
    commit = found.commit,
    shallow = head.shallow,
    tally = tally.new(),
    csv = lines.new(run, 'commits.csv'),
    jsonl = lines.new(run, 'commits.jsonl'),
    newest = {},
    walk = {
      repo = where.path,
      limit = spec.limit,
      query = query,
      options = {
        renames = spec.renames,
        merges = spec.first_parent and 'first-parent' or 'none',
        patch = spec.patches,
        context = spec.context,
        max_patch = spec.max_patch,
      },
    },
  }
end

---@type tlab.Recipe
return {
  name = 'mine',
  summary = 'Mine a repository: a folder for each commit, tables of all, a page with charts.',
  home = 'analyzer/inputs',
  spec = 'schemas/mine.schema.json',
  needs = {
    net = { '$spec.repo', '$lab.git.base_url' },
    read = { '$spec.repo', '$lab.git.base_url' },
  },
  run = function(run, spec)
    local job = new_job(run, spec)
    job.csv:add(csv.head(commits.COLUMNS))
    job.more = walk.each(job.walk, function(commit, change, total, most)
      take(run, job, commit, change, most)
      local done = job.tally.commits
      if done % EVERY == 0 or done == total then
        run:progress(done, total, 'commits')
      end
    end)
    write_rest(run, job)
    look_for_moves(run, job)
    say_end(run, job)
  end,
}
