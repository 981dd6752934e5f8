--- The newest runs of the lab, from the end of its index: for pages that say what there was.
local csv = require 'tlab.csv'

local M = {}

local BYTES, MOST_BYTES = 256 << 10, 16 << 20 -- of runs.csv, from its end
local MOST = 20 -- lines of a list
local COLUMNS = 'started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,'
  .. 'effects,failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder'

-- A line that is no row, as of an index that was edited by hand, costs no other.
local function decode(lines)
  local rows = csv.decode(COLUMNS .. '\n' .. lines)
  if rows then
    return rows
  end
  rows = {}
  for line in lines:gmatch '[^\n]+' do
    local row = csv.decode(COLUMNS .. '\n' .. line)
    rows[#rows + 1] = row and row[1]
  end
  return rows
end

-- The rows of some lines, the newest first, without those that would not be plain text in a page.
local function rows_of(lines)
  local rows = decode(lines)
  local newest = {}
  for i = #rows, 1, -1 do
    local row = rows[i]
    local is_plain = row.id:match '^%x+$'
      and row.started:match '^[%dTZ:.-]+$'
      and row.recipe:match '^[%w_-]+$'
      and row.status:match '^%l+$'
      and row.error:match '^[%u_]*$'
      and row.folder:match '^[%w_./-]+$'
    newest[#newest + 1] = is_plain and row or nil
  end
  return newest
end

--- The newest rows, the newest first. A row is one line: of the first, which may be cut, nothing is
--- taken.
---@return table[] rows maps from column to text
function M.newest()
  local text = tlab.fs.tail('lab:runs.csv', BYTES)
  return rows_of(text and text:match '\n(.*)$' or '')
end

--- All rows from a day on, the newest first. Rows lie in the order of their start, so it is the
--- file's end that is read, more of it until an older row is seen.
---@param from string the first day, "2026-10-03"
---@return table[] rows
---@return boolean whole false where there may be more rows than are read
function M.since(from)
  local bytes = BYTES
  while true do
    local text = tlab.fs.tail('lab:runs.csv', bytes) or ''
    local is_all = #text < bytes or (text:match '\n([^\n]+)\n' or from) < from
    if is_all or bytes >= MOST_BYTES then
      local lines = {}
      for line in (text:match '\n(.*)$' or ''):gmatch '[^\n]*\n' do
        lines[#lines + 1] = line:sub(1, #from) >= from and line or nil
      end
      return rows_of(table.concat(lines)), is_all
    end
    bytes = bytes * 8
  end
end

--- Those that did not end well, unless the same experiment did later.
---@param rows table[] of M.newest
---@param from string the first day, "2026-10-03"
---@param to string the day after the last
---@return table[] rows
function M.open(rows, from, to)
  local mended, open = {}, {}
  for _, row in ipairs(rows) do
    if row.status == 'succeeded' then
      mended[row.key] = true
    elseif row.status ~= 'running' and not mended[row.key] then
      open[#open + 1] = row.started >= from and row.started < to and row or nil
    end
  end
  return open
end

--- Those of a day.
---@param rows table[]
---@param day string "2026-10-03"
---@return table[] rows
function M.of_day(rows, day)
  local list = {}
  for _, row in ipairs(rows) do
    list[#list + 1] = row.started:sub(1, 10) == day and row or nil
  end
  return list
end

-- What can be brought to its end, and by which command.
local function mend_of(row)
  local cut_off = row.status == 'interrupted' or row.status == 'timeout'
  return cut_off and row.recipe ~= 'day' and (', `tlab resume %s`'):format(row.id:sub(1, 8)) or ''
end

local function line_of(row, up)
  return ('- %s `%s` %s %s: [%s](%s%s)%s'):format(
    row.started:sub(1, 16):gsub('T', ' '),
    row.id:sub(1, 8),
    row.recipe,
    row.status .. (row.error ~= '' and ' (' .. row.error .. ')' or ''),
    row.folder:match '[^/]+$',
    up,
    row.folder,
    mend_of(row)
  )
end

--- A list in Markdown.
---@param rows table[]
---@param up string the way from the page to the lab's root, "../"
---@param none string what stands there when the list is empty
---@return string
function M.list(rows, up, none)
  local lines = {}
  for i = 1, math.min(#rows, MOST) do
    lines[i] = line_of(rows[i], up)
  end
  if #rows > MOST then
    lines[MOST + 1] = ('- and %d more: `tlab runs`'):format(#rows - MOST)
  end
  return #lines > 0 and table.concat(lines, '\n') or none
end

return M
