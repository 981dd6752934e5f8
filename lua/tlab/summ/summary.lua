--- summary.json: all that is said of a change, as a value. The page is made of it alone.
local facts = require 'tlab.summ.facts'
local risk = require 'tlab.summ.risk'
local text = require 'tlab.text'

local M = {}

M.SCHEMA = 'tlab.summary/1'

local HUNKS = 10 -- that are quoted
local QUOTED = 12 -- lines of each
local LINE = 160 -- bytes of each
local SYMBOLS = 500
local FILES = 2000

local function list(items)
  return tlab.json.array(items)
end

local function commit_of(row, change)
  local commit = facts.sum {
    commit = row.commit,
    parents = list(row.parents),
    author_name = text.valid(row.author_name),
    author_email = text.valid(row.author_email),
    author_time = row.author_time,
    committer_name = text.valid(row.committer_name),
    committer_email = text.valid(row.committer_email),
    subject = text.valid(row.subject),
    body = text.valid(row.body),
  }
  for _, file in ipairs(change and change.files or {}) do
    facts.add(commit, file)
  end
  return commit
end

local function file_of(file)
  return {
    path = file.path,
    old_path = file.old_path,
    status = file.status,
    kind = file.kind,
    language = file.language,
    insertions = file.insertions,
    deletions = file.deletions,
    binary = file.binary,
    commits = file.commits,
  }
end

-- The lines of a hunk that changed, with one of what is around them; without secrets.
local function quote_of(rules, hunk)
  local lines, is_cut = {}, false
  local clean = risk.redact(rules, hunk.lines)
  for i, line in ipairs(clean) do
    local is_near = clean[i - 1] and clean[i - 1]:find '^[+-]'
      or clean[i + 1] and clean[i + 1]:find '^[+-]'
    if line:find '^[+-]' or is_near then
      if #lines == QUOTED then
        is_cut = true
        break
      end
      lines[#lines + 1] = text.visible(line:gsub('\t', '    '), LINE)
    end
  end
  return table.concat(lines, '\n'), is_cut or nil
end

local function hunk_of(rules, entry)
  local hunk = entry.hunk
  local quote, is_cut = quote_of(rules, hunk)
  return {
    path = entry.file.path,
    commit = hunk.commit,
    old_start = hunk.old_start,
    new_start = hunk.new_start,
    heading = text.visible(hunk.heading, LINE),
    added = hunk.added,
    removed = hunk.removed,
    score = hunk.score,
    reasons = list(hunk.reasons),
    quote = quote,
    cut = is_cut,
  }
end

local function risk_of(rules, finding)
  local seen = finding.seen and risk.redact(rules, { finding.seen })[1]
  return {
    rule = finding.rule,
    why = finding.why,
    weight = finding.weight,
    path = finding.path,
    line = finding.line,
    seen = seen and text.visible((seen:gsub('%s+', ' '):gsub('^ ', '')), LINE),
    times = finding.times,
  }
end

local function cut(items, most, what, left_out)
  if #items > most then
    left_out[#left_out + 1] =
      { what = what, count = #items - most, why = ('only the first %d are listed'):format(most) }
  end
  return list(table.move(items, 1, math.min(#items, most), 1, {}))
end

local function mapped(items, fn)
  local out = {}
  for i, item in ipairs(items) do
    out[i] = fn(item)
  end
  return out
end

-- What was not looked at, and why.
local function left_out_of(change, found)
  local left_out, short, without = {}, 0, 0
  for _, one in ipairs(change.changes) do
    short = short + (one.truncated and 1 or 0)
  end
  for _, file in ipairs(found.files) do
    without = without + ((not file.has_patch and not file.binary) and 1 or 0)
  end
  if change.kind == 'merge' and change.place == 'mined folder' and #found.files == 0 then
    left_out[1] = {
      what = 'what the merge brought',
      why = 'merges are mined without it, unless first_parent=true is said',
    }
  end
  if change.why then
    left_out[#left_out + 1] =
      { what = 'what came since it was fetched', why = text.visible(change.why) }
  end
  if change.cut then
    left_out[#left_out + 1] = {
      what = 'older commits of the range',
      why = ('only the newest %d are taken; raise commits='):format(change.cut),
    }
  end
  if without > 0 then
    left_out[#left_out + 1] = {
      what = 'files without their lines',
      count = without,
      why = short > 0 and 'the patch is too large, there are numbers alone'
        or 'there is no patch of them',
    }
  end
  return left_out
end

local function of(change, rev)
  local of_repo = change.place == 'repository'
  return {
    kind = change.kind,
    rev = rev,
    ref = change.ref,
    from = change.from,
    to = change.to,
    place = change.place,
    repo = change.repo,
    counted = change.kind == 'range' and 'commit by commit, merges left out'
      or change.kind == 'merge' and of_repo and 'against the first parent'
      or nil,
  }
end

---@param rev string what was asked for
---@param change table of tlab.summ.source
---@param found table of tlab.summ.facts
---@param rules table[] of tlab.summ.rules
---@param symbols table {from, list, why?}
---@return table value of summary.json
function M.make(rev, change, found, rules, symbols)
  local left_out = left_out_of(change, found)
  local risks = risk.find(rules, found)
  local ranked, hunks = risk.rank(found, HUNKS)
  local commits = {}
  for i, row in ipairs(change.commits) do
    commits[i] = commit_of(row, change.changes[i])
  end
  return {
    schema = M.SCHEMA,
    of = of(change, rev),
    commits = list(commits),
    totals = found.totals,
    files = cut(mapped(found.files, file_of), FILES, 'files', left_out),
    folders = list(found.folders),
    kinds = list(found.kinds),
    languages = list(found.languages),
    tests = found.tests,
    symbols = {
      from = symbols.from,
      why = symbols.why,
      list = cut(symbols.list, SYMBOLS, 'symbols', left_out),
    },
    risks = list(mapped(risks, function(finding)
      return risk_of(rules, finding)
    end)),
    hunks = {
      all = hunks,
      first = list(mapped(ranked, function(entry)
        return hunk_of(rules, entry)
      end)),
    },
    left_out = list(left_out),
  }
end

return M
