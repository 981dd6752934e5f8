--- Which programs a run started, and what held them: from the answers of proc.run. Pure.

local core = require 'core'

local M = {}

--- What the answer says of confinement; in records from before it was told there are no such words.
local function confinement(result)
  local confined = type(result) == 'table' and result.confined
  if type(confined) ~= 'table' or type(confined.network) ~= 'string' then
    return nil
  end
  return {
    network = confined.network,
    files = confined.files,
    syscalls = confined.syscalls,
    how = confined.how,
  }
end

local function count(codes, code)
  if math.type(code) == 'integer' then
    codes[code] = true
  end
end

--- Adds what one answered proc.run says; one that was never started says nothing.
---@param found table<string, table> by name, hash and confinement
---@param args table of the effect
---@param result any
function M.add(found, args, result)
  local confined = confinement(result)
  local argv = type(args[1]) == 'table' and args[1].argv
  local name = type(argv) == 'table' and argv[1]
  local program = confined and result.program
  if type(name) ~= 'string' or type(program) ~= 'table' then
    return
  end
  local key = core.json.encode { name, program.sha256, confined }
  local entry = found[key]
  if not entry then
    entry = { name = name, sha256 = program.sha256, runs = 0, confined = confined }
    entry.exits, entry.signals = {}, {}
    found[key] = entry
  end
  entry.runs = entry.runs + 1
  count(entry.exits, result.exit)
  count(entry.signals, result.signal)
end

--- The codes in order, as pairs has it; nil without any.
local function list_of(codes)
  local list = {}
  for code in pairs(codes) do
    list[#list + 1] = code
  end
  return #list > 0 and list or nil
end

--- The programs by name: {name, sha256, runs, exits?, signals?, confined}.
---@param found table as `add` filled it
---@return table[]
function M.list(found)
  local list = {}
  for _, entry in pairs(found) do -- in the order of their keys, which begin with the name
    list[#list + 1] = {
      name = entry.name,
      sha256 = entry.sha256,
      runs = entry.runs,
      exits = list_of(entry.exits),
      signals = list_of(entry.signals),
      confined = entry.confined,
    }
  end
  return list
end

return M
