--- Columns of text, and numbers as people read them. Pure.

local M = {}

local VALUE_MAX = 200 -- bytes of a value that are shown in a line

local function width(text)
  return utf8.len(text) or #text
end

--- Rows of cells, each column as wide as its widest cell; the last one is left as it is.
---@param rows string[][]
---@param gap? integer spaces between two columns (default 2)
---@return string lines, each with its newline
function M.columns(rows, gap)
  local widths = {}
  for _, row in ipairs(rows) do
    for i = 1, #row - 1 do
      widths[i] = math.max(widths[i] or 0, width(row[i]))
    end
  end
  local lines = {}
  for _, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do
      cells[i] = i < #row and cell .. (' '):rep(widths[i] - width(cell) + (gap or 2)) or cell
    end
    lines[#lines + 1] = table.concat(cells):gsub('%s+$', '') .. '\n'
  end
  return table.concat(lines)
end

--- "812 B", "1.2 kB", "3.4 MB": powers of 1000, one decimal.
---@param bytes integer
---@return string
function M.size(bytes)
  if bytes < 1000 then
    return string.format('%d B', bytes)
  end
  local value = bytes
  for _, unit in ipairs { 'kB', 'MB', 'GB', 'TB' } do
    value = value / 1000
    if value < 999.95 or unit == 'TB' then
      return string.format('%.1f %s', value, unit)
    end
  end
end

--- "350 ms", "1.5 s", "2 min 5 s", "3 h 4 min".
---@param seconds number
---@return string
function M.duration(seconds)
  if seconds < 1 then
    return string.format('%d ms', math.floor(seconds * 1000 + 0.5))
  end
  if seconds < 60 then
    return string.format('%.1f s', seconds)
  end
  local whole = math.floor(seconds + 0.5)
  if whole < 3600 then
    return string.format('%d min %d s', whole // 60, whole % 60)
  end
  return string.format('%d h %d min', whole // 3600, whole // 60 % 60)
end

--- At most so many bytes of a text, whole characters, with a mark where it was cut.
---@param text string
---@param most integer
---@return string
function M.cut(text, most)
  if #text <= most then
    return text
  end
  local kept = text:sub(1, most):gsub('[\192-\255][\128-\191]*$', function(last)
    return utf8.len(last) and last or ''
  end)
  return kept .. ' …'
end

--- A hash by its first digits, a long value by its beginning.
---@param text string
---@return string
function M.short(text)
  local short = text:gsub('%f[%x]' .. ('%x'):rep(64) .. '%f[%X]', function(hash)
    return hash:sub(1, 12)
  end)
  return M.cut(short, VALUE_MAX)
end

--- The thing and its number: "1 file", "2 files".
---@param n integer
---@param thing string
---@param things? string the plural, if not with "s"
---@return string
function M.count(n, thing, things)
  return n .. ' ' .. (n == 1 and thing or things or thing .. 's')
end

--- "expected 3f9a2c1b4d5e, found 00aa…": what differs, as far as each side is known.
---@param difference table {expected?, found?}
---@return string
function M.sides(difference)
  local sides = {}
  for _, side in ipairs { 'expected', 'found' } do
    if difference[side] then
      sides[#sides + 1] = side .. ' ' .. M.short(difference[side])
    end
  end
  return table.concat(sides, ', ')
end

return M
