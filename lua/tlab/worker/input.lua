-- run:input: a file that the experiment is made of, as the values that its text stands for.

local M = {}

local BY_ENDING = { json = 'json', jsonl = 'jsonl', ndjson = 'jsonl', csv = 'csv' }
local NAMES = { json = 'JSON', jsonl = 'JSON Lines', csv = 'CSV' }
local BOM = '^\xEF\xBB\xBF' -- what some editors and spreadsheets put first

--- Each takes core, the text and `require`, and gives a value, or nil and what is wrong, and where.
local decode = {}

function decode.text(_, text)
  return text
end

function decode.json(core, text)
  local value, err = core.json.decode(text)
  return value, err and err.message
end

function decode.jsonl(core, text)
  local rows, number = {}, 0
  for line in text:gmatch '([^\n]*)\n?' do
    number = number + 1
    if line:find '%S' then
      local value, err = core.json.decode(line)
      if value == nil then
        return nil, (err.message:gsub('^line 1', 'line ' .. number))
      end
      rows[#rows + 1] = value
    end
  end
  return core.json.array(rows)
end

function decode.csv(core, text, require)
  local rows, err = require('tlab.csv').decode(text)
  return rows and core.json.array(rows), not rows and err.message
end

--- Where a path leads: a relative one into the lab, since a run's folder is empty at its start.
---@param path string
---@return string
function M.place(path)
  return (path:find '^/' or path:find '^lab:') and path or 'lab:' .. path
end

--- What the text is to be taken for.
---@param path string
---@param as string? what the recipe says of it
---@return string|nil
function M.kind(path, as)
  local ending = path:match '%.(%w+)$'
  local kind = as or ending and BY_ENDING[ending:lower()] or 'text'
  return decode[kind] and kind or nil
end

---@param core table
---@param require fun(name: string): any
---@param kind string of M.kind
---@param path string for messages
---@param text string
---@return any|nil value
---@return table|nil err
function M.decode(core, require, kind, path, text)
  local plain = kind == 'text' and text or text:gsub(BOM, '')
  local value, why = decode[kind](core, plain, require)
  if value == nil then
    local name = path:gsub('^lab:', '')
    local message = ('%s is not %s, %s'):format(name, NAMES[kind], why)
    return nil, { code = 'INVALID', message = message }
  end
  return value
end

return M
