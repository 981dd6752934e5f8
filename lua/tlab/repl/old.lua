--- Runs that have ended, as values: run'latest'.outputs['answers.jsonl']:rows()

local M = {}

local SHORTEST = 4 -- digits of an id that name a run

local function fail(code, message, hint)
  error({ code = code, message = message, hint = hint }, 0)
end

local function must(value, err)
  if value == nil and err then
    error(err, 0)
  end
  return value
end

-- Files ------------------------------------------------------------------------------------------

---@class tlab.Output
---@field path string
---@field size integer
---@field sha256 string
local Output = {}

--- The bytes of the file.
---@return string
function Output:text()
  return must(tlab.fs.read(self.from))
end

--- Its value, of a JSON file.
---@return any
function Output:json()
  local value, err = tlab.json.decode(self:text())
  if err then
    fail('PARSE', self.path .. ': ' .. err.message)
  end
  return value
end

local function lines(text)
  local list = {}
  for line in text:gmatch '[^\n]+' do
    list[#list + 1] = line
  end
  return list
end

--- A list, by the end of the name: values of JSON Lines, rows of CSV, the items of a JSON list, the
--- lines of any other text.
---@return any[]
function Output:rows()
  local kind = self.path:match '%.(%w+)$'
  if kind == 'csv' then
    return (must(require('tlab.csv').decode(self:text())))
  elseif kind == 'json' then
    local value = self:json()
    return type(value) == 'table' and value or { value }
  end
  local list = lines(self:text())
  for i, line in ipairs(kind == 'jsonl' and list or {}) do
    local value, err = tlab.json.decode(line)
    if err then
      fail('PARSE', ('%s, line %d: %s'):format(self.path, i, err.message))
    end
    list[i] = value
  end
  return list
end

local function output(folder, file)
  local hidden = { from = 'lab:' .. folder .. '/' .. file.path }
  for name, method in pairs(Output) do
    hidden[name] = method
  end
  return setmetatable({ path = file.path, size = file.size, sha256 = file.sha256 }, {
    __index = hidden,
    __tostring = function()
      return ('<%s, %d bytes>'):format(file.path, file.size)
    end,
  })
end

-- Runs -------------------------------------------------------------------------------------------

--- The row of runs.csv that a word names.
local function find(word)
  if word == 'latest' then
    return require('tlab.runs').newest()[1]
  end
  local rows = require('tlab.csv').decode(tlab.fs.read 'lab:runs.csv' or '') or {}
  local found
  for _, row in ipairs(rows) do
    local is_id = #word >= SHORTEST and row.id:sub(1, #word) == word
    if is_id or row.folder == word or row.folder:match '[^/]+$' == word then
      if found then
        fail('USAGE', ('more than one run begins with "%s"'):format(word), 'more digits of the id')
      end
      found = row
    end
  end
  return found
end

local function read_json(path)
  return must(tlab.json.decode(must(tlab.fs.read(path))))
end

--- A run by its id or the beginning of it, its folder, or as `latest`: the one that began last of
--- those that have ended.
---@param which string
---@return table run {id, recipe, status, started, seconds, folder, spec, outputs, metrics?, tags?,
---  error?}; behind these `manifest`, and `record` as a file of rows
function M.open(which)
  if type(which) ~= 'string' then
    fail('ARGUMENT', "a run is named by a text: run'latest', run'3f9a'")
  end
  local row = find(which)
  if not row then
    fail('NOT_FOUND', ('there is no run "%s" in this lab'):format(which), 'tlab runs')
  end
  local home = 'lab:' .. row.folder .. '/'
  local manifest = read_json(home .. 'run.json')
  local outputs = {}
  for _, file in ipairs(manifest.outputs or {}) do
    outputs[file.path] = output(row.folder, file)
  end
  local effects = manifest.effects and manifest.effects.record
  return setmetatable({
    id = manifest.id,
    recipe = manifest.recipe.name,
    status = manifest.status,
    started = manifest.time.started,
    seconds = manifest.time.seconds,
    folder = row.folder,
    metrics = manifest.metrics,
    tags = manifest.tags,
    error = manifest.error,
    spec = read_json(home .. 'spec.json'),
    outputs = outputs,
  }, {
    __index = {
      manifest = manifest,
      record = effects and output(row.folder, {
        path = 'record/effects.jsonl',
        size = tlab.fs.stat(home .. 'record/effects.jsonl').size,
        sha256 = effects.sha256,
      }),
    },
  })
end

--- The run of this session or recipe, which can also be called to open one that has ended.
---@param run tlab.Run
---@return table
function M.callable(run)
  return setmetatable({}, {
    __index = run,
    __call = function(_, which)
      return M.open(which)
    end,
  })
end

return M
