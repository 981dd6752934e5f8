--- analysis_summary.md, made of summary.json alone. What a repository or a model says stands in
--- code or is escaped (tlab.markdown): nothing of it can become a part of the page.
local md = require 'tlab.markdown'
local text = require 'tlab.text'
local written = require 'tlab.summ.written'

local M = {}

local code, many, number = md.code, text.many, text.number

local ROWS = 20 -- of a table
local COMMITS = 50
local SYMBOLS = 40
local PLACES = 3 -- of a rule

local KINDS = {
  source = 'source',
  tests = 'tests',
  docs = 'documents',
  config = 'configuration',
  build = 'build',
  generated = 'made by programs, or taken from elsewhere',
  lock = 'locked dependencies',
  binary = 'binary',
  submodule = 'submodules',
  other = 'other',
}
local STATUS = {
  A = 'added',
  M = 'modified',
  D = 'deleted',
  R = 'renamed',
  C = 'copied',
  T = 'another kind of entry',
}

local function churn(x)
  return ('+%s −%s'):format(number(x.insertions or 0), number(x.deletions or 0))
end

local function short(id)
  return id:sub(1, 8)
end

-- The first rows of a table, and a line that says how many more there are.
local function table_of(head, items, most, row_of)
  local rows = {}
  for i = 1, math.min(#items, most) do
    rows[i] = row_of(items[i])
  end
  local more = #items > most and ('\nand %s more: `summary.json`\n'):format(number(#items - most))
    or ''
  return md.table(head, rows) .. more
end

-- The parts of the page, each text or nil. -------------------------------------------------------

local TITLES = {
  commit = 'Commit %s',
  root = 'Commit %s, the first one',
  merge = 'Merge %s',
}

local function title(s)
  if s.of.kind == 'range' then
    return ('# Range %s..%s: %s\n'):format(
      short(s.of.from),
      short(s.of.to),
      many(#s.commits, 'commit')
    )
  end
  return ('# %s\n'):format(TITLES[s.of.kind]:format(short(s.of.to)))
end

local function person(name, mail)
  return code(('%s <%s>'):format(name, mail))
end

local function head_of_commit(c)
  local message = c.subject .. (c.body ~= '' and '\n\n' .. c.body or '')
  local rows = {
    { 'commit', code(c.commit) },
    { 'author', person(c.author_name, c.author_email) .. ', ' .. code(c.author_time) },
  }
  if c.committer_name ~= c.author_name or c.committer_email ~= c.author_email then
    rows[#rows + 1] = { 'committer', person(c.committer_name, c.committer_email) }
  end
  local parents = {}
  for i, parent in ipairs(c.parents) do
    parents[i] = code(parent)
  end
  rows[#rows + 1] = { 'parents', #parents > 0 and table.concat(parents, ' ') or 'none' }
  return md.fence(message, 'text') .. '\n' .. md.table({ '', '' }, rows)
end

local function head_of_range(s)
  local rows = { 'commit', 'author', 'when', '>files', '>lines', 'subject' }
  return table_of(rows, s.commits, COMMITS, function(c)
    return {
      code(short(c.commit)),
      code(c.author_name, 40),
      code(c.author_time:sub(1, 10)),
      tostring(c.files),
      churn(c),
      code(c.subject, 100),
    }
  end)
end

local function head(s)
  if s.of.kind == 'range' then
    return #s.commits > 0 and head_of_range(s) or 'No commit is in that range.\n'
  end
  return head_of_commit(s.commits[1])
end

local function tests_line(s)
  local t = s.tests
  if t.touched then
    local gone = t.deleted > 0 and ', %s of them deleted' or ''
    return ('Tests are touched: %s (%s)' .. gone .. '.'):format(
      many(t.files, 'file'),
      churn(t),
      number(t.deleted)
    )
  end
  return t.source > 0 and 'No test is touched, though source is.' or 'No test is touched.'
end

local function how_much(s)
  local t = s.totals
  if t.files == 0 then
    return { 'Nothing is changed: no file differs.' }
  end
  local binary = t.binary > 0 and (', %s of them binary'):format(number(t.binary)) or ''
  local first = s.risks[1]
  return {
    ('%s in %s%s, %s lines.'):format(
      many(t.files, 'file'),
      many(#s.folders, 'folder'),
      binary,
      churn(t)
    ),
    ('Most of it is %s, in %s.'):format(KINDS[s.kinds[1].name], code(s.folders[1].name)),
    tests_line(s),
    not first and 'No rule calls any of it risky.' or ('%s, first of all: %s%s.'):format(
      many(#s.risks, 'risky spot'),
      first.rule,
      first.path and ' in ' .. code(first.path) or ''
    ),
  }
end

local function in_short(s)
  local lines = how_much(s)
  for _, out in ipairs(s.left_out) do
    lines[#lines + 1] = ('Left out: %s%s: %s.'):format(
      out.count and out.count .. ' ' or '',
      out.what,
      md.prose(out.why)
    )
  end
  return '## In short\n\n- ' .. table.concat(lines, '\n- ') .. '\n'
end

local function by_model(s)
  return s.model and written.markdown(s.model) or nil
end

local function folders(s)
  return table_of({ 'folder', '>files', '>lines' }, s.folders, ROWS, function(f)
    return { code(f.name), tostring(f.files), churn(f) }
  end)
end

local function name_of(file)
  return file.old_path and code(file.old_path) .. ' → ' .. code(file.path) or code(file.path)
end

local function files(s)
  local by_churn = table.move(s.files, 1, #s.files, 1, {})
  local function lines_of(file)
    return (file.insertions or 0) + (file.deletions or 0)
  end
  table.sort(by_churn, function(a, b)
    return lines_of(a) > lines_of(b)
  end)
  return table_of({ 'file', '', 'kind', '>lines' }, by_churn, ROWS, function(file)
    return {
      name_of(file),
      STATUS[file.status] or file.status,
      KINDS[file.kind],
      file.binary and 'binary' or churn(file),
    }
  end)
end

local function where(s)
  return s.totals.files > 0 and '## Where\n\n' .. folders(s) .. '\n' .. files(s) or nil
end

local function kinds(s)
  if s.totals.files == 0 then
    return nil
  end
  local out = '## What kind\n\n'
    .. table_of({ 'kind', '>files', '>lines' }, s.kinds, ROWS, function(k)
      return { KINDS[k.name], tostring(k.files), churn(k) }
    end)
  if #s.languages > 0 then
    out = out
      .. '\n'
      .. table_of({ 'language', '>files', '>lines' }, s.languages, ROWS, function(l)
        return { l.name, tostring(l.files), churn(l) }
      end)
  end
  return out
end

local FROM = {
  rust_extractor = 'Read from the code by `rust_extractor`',
  headings = 'These are the names in the lines that git puts behind the `@@` of a hunk: the '
    .. 'function above it, not always the one it is in',
}

local function symbols(s)
  if s.totals.files == 0 then
    return nil
  end
  local from = FROM[s.symbols.from] .. (s.symbols.why and (' (%s).'):format(s.symbols.why) or '.')
  if #s.symbols.list == 0 then
    return '## Symbols\n\nNone is known. ' .. from .. '\n'
  end
  return ('## Symbols\n\n%s\n\n'):format(from)
    .. table_of({ 'symbol', 'what', 'change', 'file' }, s.symbols.list, SYMBOLS, function(one)
      local name = one.container and one.container .. '.' .. one.name or one.name
      local line = one.line and (' line %d'):format(one.line) or ''
      return {
        code(name, 80),
        one.kind and code(one.kind) or '',
        one.change or '',
        code(one.path) .. line,
      }
    end)
end

-- Findings of one rule together: the first places, and how many more there are.
local function places_of(found)
  local places = {}
  for i = 1, math.min(#found, PLACES) do
    local r = found[i]
    local line = r.line and (' line %d'):format(r.line) or ''
    local times = r.times > 1 and (' and %s more'):format(number(r.times - 1)) or ''
    places[i] = (r.path and code(r.path) .. line .. times or 'the whole')
      .. (r.seen and ': ' .. code(r.seen, 80) or '')
  end
  if #found > PLACES then
    places[#places + 1] = ('and %s more: `summary.json`'):format(many(#found - PLACES, 'file'))
  end
  return table.concat(places, '<br>')
end

local function by_rule(found)
  local rules, known = {}, {}
  for _, r in ipairs(found) do
    if not known[r.rule] then
      known[r.rule] = { rule = r.rule, why = r.why, weight = r.weight, found = {} }
      rules[#rules + 1] = known[r.rule]
    end
    table.insert(known[r.rule].found, r)
  end
  return rules
end

local function risks(s)
  if #s.risks == 0 then
    return nil
  end
  return '## Risky spots\n\n'
    .. table_of({ '>weight', 'what', 'where', 'why' }, by_rule(s.risks), ROWS * 2, function(r)
      return { tostring(r.weight), r.rule, places_of(r.found), r.why }
    end)
end

local function reading(s)
  if #s.hunks.first == 0 then
    return nil
  end
  local parts = { '## Read first\n' }
  for i, h in ipairs(s.hunks.first) do
    local why = #h.reasons > 0 and table.concat(h.reasons, ', ') .. '; ' or ''
    parts[#parts + 1] = ('%d. %s line %d%s: %s%s (score %d)\n'):format(
      i,
      code(h.path),
      h.new_start,
      s.of.kind == 'range' and ' in ' .. code(short(h.commit)) or '',
      why,
      churn { insertions = h.added, deletions = h.removed },
      h.score
    )
    parts[#parts + 1] = md.fence(h.quote .. (h.cut and '\n…' or ''), 'diff')
  end
  if s.hunks.all > #s.hunks.first then
    parts[#parts + 1] = ('%s of %s.\n'):format(many(#s.hunks.first, 'hunk'), number(s.hunks.all))
  end
  return table.concat(parts, '\n')
end

local function how(s)
  local lines = {
    ('Asked for %s%s.'):format(code(s.of.rev), s.of.repo and ' of ' .. code(s.of.repo) or ''),
    s.of.counted and ('The change is counted %s.'):format(s.of.counted),
  }
  if s.of.kind == 'range' then
    lines[#lines + 1] = 'A line that two commits changed counts twice.'
  end
  lines[#lines + 1] = s.of.place == 'repository' and 'Read from the repository.'
    or 'Read from the folder that `tlab mine` made, without the repository.'
  lines[#lines + 1] = 'What is risky is said by the rules in `lua/tlab/summ/rules.lua`.'
  return '## How this page was made\n\n' .. table.concat(lines, ' ') .. '\n'
end

local PARTS = { title, head, in_short, by_model, where, kinds, symbols, risks, reading, how }

---@param s table the value of summary.json
---@return string
function M.markdown(s)
  local parts = {}
  for _, part in ipairs(PARTS) do
    parts[#parts + 1] = part(s)
  end
  return table.concat(parts, '\n')
end

return M
