--- The lab of a test, and the runs in it.

local csv = require 'tlab.csv'
local given = require 'tlab.test.given'
local show = require 'tlab.test.show'

local M = {}

---@class tlab.test.Lab
local Lab = {}

---@class tlab.test.Run
---@field status string succeeded, failed, interrupted or timeout
---@field error table? {code, message, file?, line?, hint?} of a run that did not succeed
---@field outputs string[] names of the files that it made
---@field metrics table<string, number>
---@field manifest table? run.json; nil where the run did not come to have a folder
---@field requests table[] what it asked of the network: {method, url, headers, body?}
---@field said string[] what it told the person at the terminal
---@field number integer how many-th run of the test
local Run = {}

--- Raises at the place of the test, which called a function here.
local function must(value, err, deeper)
  if value == nil and err then
    error(show.message(err), 3 + (deeper or 0))
  end
  return value
end

local function bytes_of(run, name)
  local bytes, err = tlab.test.ask('read', { run = run.number, name = name })
  return (must(bytes, err, 1))
end

--- Puts a file into the test's lab.
---@param path string below the lab's root, such as 'texts/a.txt'
---@param bytes string
function Lab:write(path, bytes)
  must(tlab.test.ask('write', { path = path, bytes = bytes }))
end

--- Runs a recipe to its end, whatever end that is.
---@param recipe string its name
---@param spec table|string|nil its value; or the path of a spec in the lab; or a list of words
---@param options {answers: table[]?, record: string?, allow: table?, seed: integer?}?
---@return tlab.test.Run
function Lab:run(recipe, spec, options)
  local about = given.run(recipe, spec, options)
  local run = must(tlab.test.ask('run', about))
  if run.unexpected then
    error(run.unexpected, 2)
  end
  return setmetatable(run, { __index = Run })
end

--- The bytes of a file that the run made.
---@param name string
---@return string
function Run:read(name)
  return (bytes_of(self, name))
end

--- The value of a JSON file that the run made.
---@param name string
---@return any
function Run:json(name)
  return (must(tlab.json.decode(bytes_of(self, name))))
end

--- The rows of a .csv or .jsonl file that the run made; cells of the former are texts.
---@param name string
---@return table[]
function Run:rows(name)
  local text, rows = bytes_of(self, name), {}
  if not name:find '%.jsonl$' then
    return (must(csv.decode(text)))
  end
  for line in text:gmatch '[^\n]+' do
    rows[#rows + 1] = must(tlab.json.decode(line))
  end
  return rows
end

--- A lab for one test.
---@return tlab.test.Lab
function M.new()
  return setmetatable({}, { __index = Lab })
end

--- Holds what a run made against a folder.
---@param run tlab.test.Run
---@param folder string
---@return string|nil wrong what differs, '' if nothing does
---@return table|nil err
function M.artifacts(run, folder)
  return tlab.test.ask('artifacts', { run = run.number, folder = folder })
end

return M
