--- What a recipe told by run:log: out of the record, where each line has its time.

local core = require 'core'
local lines = require 'host.manifest.lines'
local noted = require 'host.manifest.noted'

local M = {}

--- A long text lies beside the record.
local function text_of(value)
  if type(value) == 'table' and value['$blob'] then
    return ('(%d bytes: record/blobs/%s)'):format(value.size, value['$blob'])
  end
  return type(value) == 'string' and value or core.json.encode(value)
end

local function entry_of(line)
  local effect = line:find('"log"', 1, true) and core.json.decode(line)
  local args = effect and effect.op == 'run.note' and not effect.error and effect.args
  if not args or args[1] ~= 'log' or type(args[2]) ~= 'table' then
    return nil
  end
  local fields = args[2].fields
  return {
    at = effect.at,
    text = text_of(args[2].text),
    fields = type(fields) == 'table' and noted.restore(fields) or nil,
  }
end

--- All lines, the first one first.
---@param dir string the run's folder
---@return table[]|nil list of {at = milliseconds since the run began, text, fields?}
---@return table|nil err
function M.read(dir)
  local list = core.json.array {}
  local rest, err = lines.each(lines.file(dir .. '/record/effects.jsonl'), function(line)
    list[#list + 1] = entry_of(line)
    return true
  end)
  return rest and list, err
end

return M
