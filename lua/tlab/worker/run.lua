-- The run object that a recipe's run function gets first. Its functions raise on failure, so that
-- recipes stay short; the operations below tlab.* return nil, err instead.

local M = {}

---@class tlab.Run
---@field seed integer
---@field id string
---@field key string
---@field name string
---@field home string
---@field lab_prices table? what tokens cost, by model: `prices` of lab.json

local Run = {}
local core, errors, tasks, modules, input, called -- see M.new

local function must(value, err)
  if value == nil and err then
    errors.raise(err)
  end
  return value
end

local function ask(op, ...)
  return must(tasks.ask(op, ...))
end

local function encode(what, value)
  local ok, text = pcall(core.json.encode, value)
  if ok then
    return text
  end
  text.message = what .. ': ' .. text.message
  text.file, text.line = nil, nil
  errors.raise(text)
end

--- Several calls of fn(item, task, index) at once; results in the order of the list.
---@generic T, R
---@param list T[]
---@param fn fun(item: T, task: {index: integer, seed: integer}, index: integer): R
---@param options? {concurrency: integer?} how many at once (8)
---@return R[]
function Run:map(list, fn, options)
  return tasks.map(list, fn, options)
end

--- Writes an artifact, whole or not at all.
---@param name string path in the run's folder
---@param bytes string
---@return {sha256: string, size: integer}
function Run:write(name, bytes)
  return ask('fs.write', name, bytes)
end

--- Adds to the end of an artifact, which is made where there is none: for what is too much to hold.
---@param name string
---@param bytes string
---@return {sha256: string, size: integer}
function Run:extend(name, bytes)
  return ask('fs.extend', name, bytes)
end

--- Writes a value as canonical JSON and a newline.
---@param name string
---@param value any
---@return {sha256: string, size: integer}
function Run:write_json(name, value)
  return ask('fs.write', name, encode('run:write_json', value) .. '\n')
end

--- Writes one line of canonical JSON for each row.
---@param name string
---@param rows any[]
---@return {sha256: string, size: integer}
function Run:write_jsonl(name, rows)
  local lines = {}
  for i = 1, #rows do
    lines[i] = encode('run:write_jsonl, row ' .. i, rows[i]) .. '\n'
  end
  return ask('fs.write', name, table.concat(lines))
end

--- Writes rows as CSV with a header (tlab.csv).
---@param name string
---@param rows table[] maps from column to value
---@param columns? string[] their order; else all keys of the rows, sorted
---@return {sha256: string, size: integer}
function Run:write_csv(name, rows, columns)
  return ask('fs.write', name, modules.require('tlab.csv').encode(rows, columns))
end

--- Reads a file of the run, or lab:… of the lab.
---@param name string
---@return string
function Run:read(name)
  return ask('fs.read', name)
end

--- Reads a file that the experiment is made of; the manifest lists it with its hash. It is decoded
--- by its ending: .json, .jsonl, .csv (maps from column to text); anything else is text.
---@param path string from the lab's root; an absolute one needs a permit
---@param options? {as: 'text'|'json'|'jsonl'|'csv'?} what it is, whatever its ending
---@return any
function Run:input(path, options)
  input = input or core.internal 'input'
  local as = options and options.as
  local kind = type(path) == 'string' and input.kind(path, as)
  if not kind then
    errors.raise {
      code = 'ARGUMENT',
      message = type(path) ~= 'string' and 'run:input takes a path, not a ' .. type(path)
        or ("run:input: as = %s: expected 'text', 'json', 'jsonl' or 'csv'"):format(tostring(as)),
    }
  end
  local place = input.place(path)
  return must(input.decode(core, modules.require, kind, place, ask('fs.read', place)))
end

--- Puts a fact into the manifest: model, usage, seed, cost, metric, tag, params.
---@param kind string
---@param value table
function Run:note(kind, value)
  return ask('run.note', kind, value)
end

--- Puts a number into the manifest, by which runs can be found and compared.
---@param name string
---@param value number
function Run:metric(name, value)
  return ask('run.note', 'metric', { name = name, value = value })
end

--- Runs another recipe of the lab, as a run of its own with its own folder and record, and waits
--- for its end. The recipe declares it: needs = { call = { 'ai' } }. What that run may reach is
--- what the lab and the command line allow; nothing is asked.
---@param recipe string its name
---@param spec? table
---@param options? {raise: boolean?} raise = false: a run that fails is no error here
---@return tlab.Called run with :read(name), :rows(name), :json(name); with raise = false nil where
---  it came to no run
---@return table|nil err with raise = false: what it failed with
function Run:call(recipe, spec, options)
  called = called or core.internal 'called'
  local run, err = tasks.ask('run.call', recipe, spec)
  if run then
    run, err = called.make(recipe, run, Run.input)
    err = err and core.mark_err(err)
  end
  if not err then
    return run
  elseif not (options and options.raise == false) then
    errors.raise(err)
  end
  return run, err
end

--- A line for later: in the record with its time, in `tlab show`, and on the terminal.
---@param text any
---@param fields? table<string, any> what belongs to it, by name; plain data
function Run:log(text, fields)
  if fields ~= nil and type(fields) ~= 'table' then
    local message = 'run:log takes a map of fields second, not a ' .. type(fields)
    errors.raise { code = 'ARGUMENT', message = message }
  end
  text = tostring(text)
  ask('run.note', 'log', { text = text, fields = fields })
  local parts = { text }
  for name, value in pairs(fields or {}) do
    local shown = type(value) == 'string' and value or encode('run:log', value)
    parts[#parts + 1] = tostring(name) .. '=' .. shown
  end
  return ask('talk.say', table.concat(parts, '  '))
end

--- A line for the person at the terminal.
---@param text any
function Run:say(text)
  return ask('talk.say', tostring(text))
end

--- How far it is, for the person at the terminal.
---@param done integer
---@param total integer
---@param label string?
function Run:progress(done, total, label)
  return ask('talk.progress', done, total, label)
end

---@param lib table what core/lua/worker_lib.c offers
---@param worker table the other modules: errors, tasks, modules
---@param info table id, key, seed, home, name, lab_prices
---@return tlab.Run
function M.new(lib, worker, info)
  core, errors, tasks, modules = lib, worker.errors, worker.tasks, worker.modules
  for _, field in ipairs { 'seed', 'id', 'key', 'name', 'home', 'lab_prices' } do
    Run[field] = info[field]
  end
  return core.view(Run, 'the run object')
end

return M
