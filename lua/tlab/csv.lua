-- CSV (RFC 4180, lines end in LF): rows in, text out, and back.
--
-- A cell that a spreadsheet would take for a formula (= + - @ TAB CR NUL first) gets a leading
-- apostrophe, as does a text that starts with one; decode takes it off again. Numbers stay as they
-- are: only texts can be formulas.

local M = {}

local FORMULA = "^['=+%-@\t\r\0]"

--- One cell. nil and null are empty, tables are JSON.
local function cell(value)
  local kind = type(value)
  if value == nil or value == tlab.json.null then
    return ''
  end
  if kind == 'number' or kind == 'table' then
    value = tlab.json.encode(value)
  end
  if kind == 'boolean' then
    value = tostring(value)
  end
  if type(value) ~= 'string' then
    error('a ' .. kind .. ' cannot be a CSV cell', 0)
  end
  if kind == 'string' and value:find(FORMULA) then
    value = "'" .. value
  end
  if value:find('[",\r\n]') then
    value = '"' .. value:gsub('"', '""') .. '"'
  end
  return value
end

local function all_keys(rows)
  local seen, columns = {}, {}
  for _, row in ipairs(rows) do
    for key in pairs(row) do
      if not seen[key] then
        seen[key] = true
        columns[#columns + 1] = key
      end
    end
  end
  table.sort(columns)
  return columns
end

local function line(cells)
  local text = table.concat(cells, ',')
  -- A line with one empty cell would read back as no line at all.
  return (text == '' and #cells == 1 and '""' or text) .. '\n'
end

--- The line that names the columns.
---@param columns string[]
---@return string
function M.head(columns)
  local cells = {}
  for i, name in ipairs(columns) do
    cells[i] = cell(name)
  end
  return line(cells)
end

--- A row as one line.
---@param row table map from column to value
---@param columns string[]
---@return string
function M.line(row, columns)
  local cells = {}
  for i, name in ipairs(columns) do
    local ok, text = pcall(cell, row[name])
    if not ok then
      error(('column %s: %s'):format(name, tostring(text)), 2)
    end
    cells[i] = text
  end
  return line(cells)
end

---@param rows table[] maps from column to value
---@param columns? string[] their order; else all keys, sorted
---@return string
function M.encode(rows, columns)
  columns = columns or all_keys(rows) --[[@as string[] ]]
  local lines = { M.head(columns) }
  for n, row in ipairs(rows) do
    local ok, text = pcall(M.line, row, columns)
    if not ok then
      error(('row %d, %s'):format(n, tostring(text)), 2)
    end
    lines[n + 1] = text
  end
  return table.concat(lines)
end

--- The cell that starts at `at`: its text, whether it was quoted, and the place behind it.
local function read_cell(text, at)
  if text:sub(at, at) ~= '"' then
    local stop = text:find('[,\r\n]', at) or #text + 1
    return text:sub(at, stop - 1), stop
  end
  local parts = {}
  local from = at + 1
  while true do
    local quote = text:find('"', from, true)
    if not quote then
      return nil, at
    end
    parts[#parts + 1] = text:sub(from, quote - 1)
    if text:sub(quote + 1, quote + 1) ~= '"' then
      return table.concat(parts), quote + 1
    end
    parts[#parts + 1] = '"'
    from = quote + 2
  end
end

local function plain(value)
  if value:find("^'") and value:sub(2):find(FORMULA) then
    return value:sub(2)
  end
  return value
end

--- Reads CSV text whose first line names the columns.
---@param text string
---@return table[]|nil rows maps from column to text
---@return table|string[] columns the columns, or the error value
function M.decode(text)
  local lines, at, row = {}, 1, {}
  local function bad(message)
    return nil, { code = 'PARSE', message = ('line %d: %s'):format(#lines + 1, message) }
  end
  while at <= #text do
    local value, stop = read_cell(text, at)
    if not value then
      return bad('a quote is not closed')
    end
    row[#row + 1] = plain(value)
    local mark = text:match('^\r?\n', stop) or text:match('^,', stop)
    if not mark and stop <= #text then
      return bad('text behind a closing quote')
    end
    at = stop + #(mark or '')
    if mark ~= ',' then
      lines[#lines + 1] = row
      row = {}
    elseif at > #text then
      row[#row + 1] = ''
      lines[#lines + 1] = row
    end
  end
  local columns = table.remove(lines, 1) or {}
  for n, cells in ipairs(lines) do
    local map = {}
    if #cells ~= #columns then
      return nil,
        {
          code = 'PARSE',
          message = ('line %d: %d cells where the header has %d'):format(n + 1, #cells, #columns),
        }
    end
    for i, name in ipairs(columns) do
      map[name] = cells[i]
    end
    lines[n] = map
  end
  return lines, columns
end

return M
