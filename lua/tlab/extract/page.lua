--- What was taken out of files, as tables and as a page. Files and facts are foreign text: on the
--- page they stand in code.
local csv = require 'tlab.csv'
local md = require 'tlab.markdown'
local text = require 'tlab.text'

local M = {}

local OWN = { 'file', 'line', 'found', 'quote' }
local IS_OWN = { file = true, line = true, found = true, quote = true }
local FILES, FACTS = 100, 200 -- that are shown
local CELL = 80 -- bytes of a text in a table

-- The names of all fields, sorted, and the columns that they have: one that is taken, or might be,
-- begins with `fact.`.
local function fields_of(rows)
  local names, column = {}, {}
  for _, row in ipairs(rows) do
    for name in pairs(row.fact) do
      names[#names + 1] = not column[name] and name or nil
      local is_taken = IS_OWN[name] or name:find '^fact%.'
      column[name] = is_taken and 'fact.' .. name or name
    end
  end
  table.sort(names)
  return names, column
end

---@param rows table[] lines of facts.jsonl
---@return string
function M.csv(rows)
  local names, column = fields_of(rows)
  local columns, flat = table.move(OWN, 1, #OWN, 1, {}), {}
  for i, name in ipairs(names) do
    columns[#OWN + i] = column[name]
  end
  for i, row in ipairs(rows) do
    flat[i] = { file = row.file, line = row.line, found = row.found, quote = row.quote }
    for name, value in pairs(row.fact) do
      flat[i][column[name]] = value
    end
  end
  return csv.encode(flat, columns)
end

local function shown(value)
  if value == nil or value == tlab.json.null then
    return ''
  end
  return md.code(type(value) == 'string' and value or tlab.json.encode(value), CELL)
end

local function rest(more, what, where)
  return more > 0 and ('\n%s in `%s`.\n'):format(text.many(more, 'more ' .. what), where) or ''
end

local function of_files(sources, rows, errors)
  local counts, lines = {}, {}
  for _, source in ipairs(sources) do
    counts[source.path] = { facts = 0, found = 0, errors = 0 }
  end
  for _, row in ipairs(rows) do
    local count = counts[row.file]
    count.facts, count.found = count.facts + 1, count.found + (row.found and 1 or 0)
  end
  for _, err in ipairs(errors) do
    counts[err.file].errors = counts[err.file].errors + 1
  end
  for i = 1, math.min(#sources, FILES) do
    local source = sources[i]
    local count = counts[source.path] ---@type table<string, integer>
    local missing = count.errors > 0 and text.many(count.errors, 'piece') .. ' without an answer'
    lines[i] = {
      md.code(source.path, 2 * CELL),
      source.pieces,
      count.facts,
      count.found,
      source.why or missing or '',
    }
  end
  return md.table({ 'file', '>pieces', '>facts', '>quotes found', '' }, lines)
    .. rest(#sources - FILES, 'file', 'spec.json')
end

local function of_facts(rows)
  local names, lines, head = fields_of(rows), {}, { 'where', 'quote' }
  for i, name in ipairs(names) do
    head[2 + i] = md.code(name, CELL)
  end
  for i = 1, math.min(#rows, FACTS) do
    local row = rows[i]
    local where = md.code(row.line and ('%s:%d'):format(row.file, row.line) or row.file, 2 * CELL)
    lines[i] = { where, (row.found and '' or '✗ ') .. md.code(row.quote, CELL) }
    for k, name in ipairs(names) do
      lines[i][2 + k] = shown(row.fact[name])
    end
  end
  return md.table(head, lines) .. rest(#rows - FACTS, 'fact', 'facts.jsonl')
end

---@param spec table
---@param sources tlab.extract.Source[]
---@param rows table[] lines of facts.jsonl
---@param errors table[] lines of errors.jsonl
---@return string
function M.markdown(spec, sources, rows, errors)
  local found = 0
  for _, row in ipairs(rows) do
    found = found + (row.found and 1 or 0)
  end
  local head = '# %s of %s\n\nTaken out by %s.\n'
  local facts, files = text.many(#rows, 'fact'), text.many(#sources, 'file')
  local parts = {
    head:format(facts, files, md.code(spec.model.name or 'the model')),
    of_files(sources, rows, errors),
  }
  if #rows > 0 then
    local quotes = '%d of %s stand in the file word for word; those with ✗ do not.\n'
    parts[#parts + 1] = '## Facts\n'
    parts[#parts + 1] = quotes:format(found, text.many(#rows, 'quote'))
    parts[#parts + 1] = of_facts(rows)
  end
  if #errors > 0 then
    parts[#parts + 1] = '## Pieces without an answer\n'
  end
  for i = 1, math.min(#errors, FILES) do
    local err = errors[i]
    local where = md.code(('%s:%d'):format(err.file, err.line), 2 * CELL)
    parts[#parts + 1] = ('- %s (%s) %s'):format(where, err.code, md.prose(err.message))
  end
  return table.concat(parts, '\n') .. (#errors > 0 and '\n' or '')
end

return M
