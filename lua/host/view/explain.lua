--- The page of an error code, for people. Pure.

local table_view = require 'host.view.table'
local width = require 'host.view.width'

local M = {}

local LINE = 78

--- A text in lines of at most LINE columns; only blanks are taken for a break.
local function wrapped(text, first, indent)
  local rows, row = {}, first
  local empty = true
  for word in text:gmatch '%S+' do
    if not empty and width.of(row .. ' ' .. word) > LINE then
      rows[#rows + 1] = row
      row, empty = indent, true
    end
    row = row .. (empty and '' or ' ') .. word
    empty = false
  end
  rows[#rows + 1] = row
  return table.concat(rows, '\n') .. '\n'
end

---@param code table {name, exit, help, means, causes, type}
---@return string
function M.page(code)
  local head = ('%s (exit code %d): %s'):format(code.name, code.exit, code.help)
  local text = wrapped(head, '', '  ') .. '\n' .. wrapped(code.means, '', '') .. '\nUsually:\n'
  for _, cause in ipairs(code.causes) do
    text = text .. wrapped(cause, '  - ', '    ')
  end
  local rows = {}
  for i, each in ipairs(code.type) do
    rows[i] = { '  ' .. each[1], '# ' .. each[2] }
  end
  return text .. '\nWhat to type:\n' .. table_view.columns(rows)
end

--- All codes, one a line.
---@param list table[] {name, exit, help}
---@return string
function M.list(list)
  local rows = { { 'CODE', 'EXIT', 'WHAT' } }
  for _, code in ipairs(list) do
    rows[#rows + 1] = { code.name, tostring(code.exit), code.help }
  end
  return table_view.columns(rows)
end

return M
