--- The table of `tlab runs`: as many columns as the line has room for, the least telling left out
--- first. Pure: rows of the index in, text out.

local styles = require 'host.view.style'
local table_view = require 'host.view.table'
local width = require 'host.view.width'

local M = {}

local GAP = 2
local LONG = 4096 -- bytes of a value that are looked at; a line shows fewer
local UNBOUND = 60 -- places of a value where the line has no end

M.STATUS = {
  succeeded = 'green',
  failed = 'red',
  timeout = 'red',
  interrupted = 'yellow',
  running = 'blue',
}

local function started(row)
  return (row.started:sub(1, 16):gsub('T', ' '))
end

local function took(row)
  local seconds = tonumber(row.seconds)
  return seconds and table_view.duration(seconds) or ''
end

local function tokens(row)
  return row.tokens_in and row.tokens_in .. ' + ' .. (row.tokens_out or '0') or ''
end

local function cost(row)
  local amount = tonumber(row.cost)
  return amount and string.format('%.4g %s', amount, row.currency or '') or ''
end

--- In the order in which they stand. `rank`: what is left out first has the greatest; `least`:
--- places to which it may be cut.
local COLUMNS = {
  {
    head = 'ID',
    rank = 1,
    of = function(row)
      return row.id:sub(1, 8)
    end,
  },
  { head = 'STARTED', rank = 4, of = started },
  { head = 'RECIPE', rank = 3, least = 6, column = 'recipe' },
  { head = 'STATUS', rank = 2, column = 'status' },
  { head = 'TOOK', rank = 6, of = took },
  { head = 'MODEL', rank = 9, least = 8, column = 'models' },
  { head = 'TOKENS', rank = 10, of = tokens },
  { head = 'COST', rank = 8, of = cost },
  { head = 'TAGS', rank = 5, least = 6, column = 'tags' },
  { head = 'ERROR', rank = 11, column = 'error' },
  { head = 'NOTE', rank = 7, least = 12, column = 'note' },
}

--- The columns that hold something, with their cells and the places that these take.
local function filled(rows)
  local columns = {}
  for _, column in ipairs(COLUMNS) do
    local one = { head = column.head, rank = column.rank, cells = {}, width = #column.head }
    local is_empty = true
    for i, row in ipairs(rows) do
      local text = column.of and column.of(row) or row[column.column] or ''
      text = width.fit(width.plain(table_view.cut(text, LONG)), UNBOUND)
      one.cells[i] = text
      one.width = math.max(one.width, width.of(text))
      is_empty = is_empty and text == ''
    end
    one.least = math.min(column.least or one.width, one.width)
    if not is_empty then
      columns[#columns + 1] = one
    end
  end
  return columns
end

local function by_rank(columns)
  local order = table.move(columns, 1, #columns, 1, {})
  table.sort(order, function(a, b)
    return a.rank < b.rank
  end)
  return order
end

--- Chooses columns by rank as long as there is room for their least, then gives what is left of the
--- room to those that were cut, by rank too.
local function choose(columns, places)
  local room = places + GAP
  local order = by_rank(columns)
  for i, column in ipairs(order) do
    column.shown = i == 1 or column.least + GAP <= room
    if column.shown then
      column.given = math.min(column.least, places)
      room = room - column.given - GAP
    end
  end
  for _, column in ipairs(order) do
    if column.shown and room > 0 then
      local more = math.min(column.width - column.given, room)
      column.given = column.given + math.max(more, 0)
      room = room - math.max(more, 0)
    end
  end
end

local function line(columns, style, text_of)
  local parts = {}
  for _, column in ipairs(columns) do
    if column.shown then
      local text = width.fit(text_of(column), column.given)
      local colour = column.head == 'STATUS' and M.STATUS[text]
      parts[#parts + 1] = (colour and style[colour](text) or text)
        .. (' '):rep(column.given - width.of(text))
    end
  end
  return (table.concat(parts, (' '):rep(GAP)):gsub('%s+$', '')) .. '\n'
end

--- The table, with its heads.
---@param rows table[] of host.store.index
---@param options? table {columns = places of the terminal's line, or nil: any, style}
---@return string
function M.text(rows, options)
  options = options or {}
  local style = options.style or styles.plain
  local columns = filled(rows)
  choose(columns, options.columns or math.maxinteger >> 1)
  local lines = {
    style.bold(line(columns, styles.plain, function(column)
      return column.head
    end):sub(1, -2)) .. '\n',
  }
  for i = 1, #rows do
    lines[#lines + 1] = line(columns, style, function(column)
      return column.cells[i]
    end)
  end
  return table.concat(lines)
end

return M
