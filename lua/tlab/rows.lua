--- A table from outside, as a list of maps: CSV (first line: names of columns; all values are
--- text) or JSON Lines (an object a line). What is empty has no rows.
---
---     local rows = require 'tlab.rows'
---     local list = assert(rows.parse(run:read 'lab:data/questions.csv', 'data/questions.csv'))
local csv = require 'tlab.csv'

local M = {}

local function bad(name, message, ...)
  return nil, { code = 'PARSE', message = ('%s, '):format(name) .. message:format(...) }
end

local function json_lines(s, name)
  local list, number = {}, 0
  for line in (s .. '\n'):gmatch '(.-)\r?\n' do
    number = number + 1
    if line:find '%S' then
      local value, err = tlab.json.decode(line)
      if err then
        return bad(name, 'line %d: %s', number, err.message)
      elseif type(value) ~= 'table' or line:find '^%s*%[' then
        return bad(name, 'line %d: an object is expected', number)
      end
      list[#list + 1] = value
    end
  end
  return list
end

---@param s string the file's bytes; a byte order mark is passed over
---@param name string the file's name: by its ending it is .csv, or .jsonl or .ndjson
---@return table<string, any>[]? list
---@return table? err PARSE with name and line; INVALID for another ending
function M.parse(s, name)
  local ending = (name:match '%.(%w+)$' or ''):lower()
  s = s:gsub('^\xEF\xBB\xBF', '')
  if not utf8.len(s) then
    local _, at = utf8.len(s)
    local line = select(2, s:sub(1, at):gsub('\n', '')) + 1
    return bad(name, 'line %d: bytes that are not UTF-8', line)
  elseif ending == 'csv' then
    local list, err = csv.decode(s)
    if not list then
      return bad(name, '%s', err.message)
    end
    return list
  elseif ending == 'jsonl' or ending == 'ndjson' then
    return json_lines(s, name)
  end
  local message = '%s: the name must end in .csv, .jsonl or .ndjson'
  return nil, { code = 'INVALID', message = message:format(name) }
end

return M
