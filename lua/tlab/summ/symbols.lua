--- Which functions and types a change touches: as rust_extractor says, or else by the line that git
--- puts behind the @@ of a hunk.
local M = {}

-- The name in a line that begins a function or a type; the first that fits.
local FORMS = {
  '%f[%w]function%s+([%w_.:]+)',
  '%f[%w]fn%s+([%w_]+)',
  '%f[%w]func%s+%b()%s*([%w_]+)',
  '%f[%w]func%s+([%w_]+)',
  '%f[%w]def%s+([%w_.?!]+)',
  '%f[%w]sub%s+([%w_]+)',
  '%f[%w]class%s+([%w_.]+)',
  '%f[%w]interface%s+([%w_]+)',
  '%f[%w]trait%s+([%w_]+)',
  '%f[%w]impl%s*%b<>%s*([%w_:]+)',
  '%f[%w]impl%s+([%w_:]+)',
  '%f[%w]module%s+([%w_.:]+)',
  '%f[%w]mod%s+([%w_]+)',
  '^%s*([%w_.:]+)%s*[:=]%s*function',
  '([%w_~][%w_:~]*)%s*%(',
  '%f[%w]struct%s+([%w_]+)',
  '%f[%w]enum%s+([%w_]+)',
  '%f[%w]union%s+([%w_]+)',
}
-- What stands before a bracket and is no name.
local WORDS = {}
for word in ('if for while switch return function catch and or not elif elseif'):gmatch '%S+' do
  WORDS[word] = true
end

---The name in the line behind a hunk's @@.
---@param heading string
---@return string?
function M.name(heading)
  for _, form in ipairs(FORMS) do
    local name = heading:sub(1, 500):match(form)
    if name and not WORDS[name] then
      return name
    end
  end
  return nil
end

---By the hunks' headings: one for each name and file.
---@param files summ.File[]
---@return table[] {path, name, change = 'touched', line}
function M.of_headings(files)
  local list = {}
  for _, file in ipairs(files) do
    local known = {}
    for _, hunk in ipairs(file.hunks) do
      local name = file.kind ~= 'docs' and file.language and M.name(hunk.heading)
      if name and not known[name] then
        known[name] = true
        list[#list + 1] =
          { path = file.path, name = name, change = 'touched', line = hunk.new_start }
      end
    end
  end
  return list
end

local CHANGES = { added = true, removed = true, modified = true }

-- Another program's line counts when each value has its type; others are passed over.
local function is_symbol(row)
  local line, container = row.line, row.container
  return type(row.path) == 'string'
    and type(row.name) == 'string'
    and type(row.kind) == 'string'
    and CHANGES[row.change] == true
    and (container == nil or type(container) == 'string')
    and (line == nil or (math.type(line) == 'integer' and line >= 0))
end

---By what rust_extractor printed: lines of JSON, the last of them a summary.
---@param text string
---@return table[]? symbols {path, name, kind, container?, change, line, partial?}
---@return table|string more the summary's {files, languages, skipped}; or why there is none
function M.of_extractor(text)
  local list, summary = {}, nil
  for line in text:gmatch '[^\n]+' do
    local row = tlab.json.decode(line)
    if type(row) ~= 'table' then
      return nil, 'it printed a line that is not JSON'
    elseif row.summary then
      summary = row.summary
    elseif is_symbol(row) then
      list[#list + 1] = {
        path = row.path,
        name = row.name,
        kind = row.kind,
        container = row.container,
        change = row.change,
        line = row.line,
        partial = row.partial == true or nil,
      }
    end
  end
  if type(summary) ~= 'table' then
    return nil, 'it ended without its summary'
  end
  return list, summary
end

return M
