--- Where in a JSON text a value stands, so that an error can name the line of the user's file.
local value = require 'host.spec.value'

local M = {}

local function skip(text, i)
  return text:find('[^ \t\r\n]', i) or #text + 1
end

local function string_end(text, i)
  repeat
    i = text:find('["\\]', i + 1) or #text + 1
    if text:sub(i, i) == '\\' then
      i = i + 1
    elseif i <= #text then
      return i
    end
  until i > #text
  return #text
end

--- A key's text; only the escapes that could make two spellings of one key.
local function key_text(raw)
  return (
    raw
      :gsub('\\u(%x%x%x%x)', function(hex)
        return utf8.char(tonumber(hex, 16))
      end)
      :gsub('\\(.)', '%1')
  )
end

local scan

local function scan_list(text, i, pointer, found)
  i = skip(text, i + 1)
  local n = 0
  while i <= #text and text:sub(i, i) ~= ']' do
    local here = pointer .. value.step(n)
    found[here] = i
    i = skip(text, scan(text, i, here, found))
    if text:sub(i, i) == ',' then
      i = skip(text, i + 1)
    end
    n = n + 1
  end
  return i + 1
end

local function scan_map(text, i, pointer, found)
  i = skip(text, i + 1)
  while i <= #text and text:sub(i, i) ~= '}' do
    local last = string_end(text, i)
    local here = pointer .. value.step(key_text(text:sub(i + 1, last - 1)))
    found[here] = i
    i = skip(text, skip(text, last + 1) + 1) -- behind the colon
    i = skip(text, scan(text, i, here, found))
    if text:sub(i, i) == ',' then
      i = skip(text, i + 1)
    end
  end
  return i + 1
end

--- Goes over one value that is known to be valid JSON; returns the position behind it.
function scan(text, i, pointer, found)
  local ch = text:sub(i, i)
  if ch == '{' then
    return scan_map(text, i, pointer, found)
  elseif ch == '[' then
    return scan_list(text, i, pointer, found)
  elseif ch == '"' then
    return string_end(text, i) + 1
  end
  return text:find('[,%]}%s]', i) or #text + 1
end

--- JSON pointer → byte position of its key (of the value, for items of lists).
---@param text string valid JSON
---@return table<string, integer>
function M.positions(text)
  local found = { [''] = skip(text, 1) }
  scan(text, found[''], '', found)
  return found
end

--- Line and column (from 1, in code points where the line is UTF-8) of a byte position.
---@param text string
---@param position integer
---@return integer line
---@return integer column
function M.line(text, position)
  local line, start = 1, 1
  for at in text:gmatch('()\n') do
    if at >= position then
      break
    end
    line, start = line + 1, at + 1
  end
  local before = text:sub(start, position - 1)
  return line, value.length(before) + 1
end

local WIDEST = 78

--- The line itself with a mark under the column: two lines for a message.
---@param text string
---@param line integer
---@param column integer
---@return string[]
function M.caret(text, line, column)
  local n = 0
  for content in (text .. '\n'):gmatch('([^\n]*)\n') do
    n = n + 1
    if n == line then
      content = content:gsub('\r$', ''):gsub('\t', ' ')
      if value.length(content) > WIDEST or not utf8.len(content) then
        return {}
      end
      local label = ('%4d | '):format(line)
      return { label .. content, (' '):rep(#label - 2) .. '| ' .. (' '):rep(column - 1) .. '^' }
    end
  end
  return {}
end

return M
