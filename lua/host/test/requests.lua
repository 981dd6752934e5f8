--- What a test asks for, in a lab of its own: files put there, recipes run there, and what they
--- made.

local core = require 'core'
local artifacts = require 'host.test.artifacts'
local labs = require 'host.lab'
local run = require 'host.test.run'
local scratch = require 'host.test.scratch'

local M = {}

local READ_MAX = 64 << 20

local requests = {}

--- The lab of the test that runs; made when it is first wanted.
local function lab_of(state)
  if state.test_lab then
    return state.test_lab
  end
  state.labs = state.labs + 1
  local err
  state.test_lab, err = scratch.make(state.dir, state.labs, state.lab.root)
  return state.test_lab, err
end

--- The test has ended.
---@param state table
function M.close(state)
  if state.test_lab then
    core.fs.purge(state.test_lab.root)
  end
  state.test_lab, state.runs = nil, {}
end

--- Puts a file into the lab.
function requests.write(state, about)
  local lab, err = lab_of(state)
  if not lab then
    return nil, err
  end
  local ok
  ok, err = core.fs.parents(about.path:match '^(.*)/' or '.', lab.root)
  if ok then
    ok, err = core.fs.replace(lab.root .. '/' .. about.path, about.bytes)
  end
  if ok and about.path == 'lab.json' then
    state.test_lab, err = labs.find(lab.root)
    ok = state.test_lab and true
  end
  return ok, err
end

--- Runs a recipe in it.
function requests.run(state, about)
  local lab, err = lab_of(state)
  if not lab then
    return nil, err
  end
  local told, dir
  told, err, dir = run.run(lab, about, state.lab.root, state.limits)
  if not told then
    return nil, err
  end
  state.runs[#state.runs + 1] = { dir = dir, manifest = told.manifest, error = told.error }
  told.number = #state.runs
  return told
end

--- What a run failed with, and where in the lab.
local function place_and_message(err)
  local place = err.file and err.line and ('%s:%d: '):format(err.file, err.line) or ''
  return place .. err.message
end

--- A run that the test has, with what it left; what a failed one lacks, its error explains.
local function run_of(state, about)
  local one = state.runs[about.run]
  if one and one.dir then
    return one
  end
  local why = one and one.error
  return nil, why and { code = why.code, message = 'the run failed: ' .. place_and_message(why) }
end

--- A file that a run made.
function requests.read(state, about)
  local one, err = run_of(state, about)
  if not one then
    return nil, err
  end
  for _, output in ipairs(one.manifest.outputs or {}) do
    if output.path == about.name then
      return core.fs.read(one.dir .. '/' .. about.name, READ_MAX)
    end
  end
  local why = one.error and ', and failed: ' .. place_and_message(one.error) or ''
  return nil,
    { code = 'NOT_FOUND', message = ('the run made no file %s%s'):format(about.name, why) }
end

--- What differs from what is expected, in words.
function requests.artifacts(state, about)
  local one, err = run_of(state, about)
  if not one then
    return nil, err
  elseif one.error then
    return 'the run failed: ' .. place_and_message(one.error)
  end
  local wrong, taken
  wrong, err, taken = artifacts.compare(state.lab.root, about.folder, one, state.update)
  for _, path in ipairs(taken or {}) do
    state.taken(path)
  end
  if wrong and wrong ~= '' then
    wrong = wrong .. ('to take over what came: tlab test --update %s'):format(state.file.name)
  end
  return wrong, err
end

--- What lua/tlab/test asks for has these; a test that asks by itself may be wrong.
local FORMS = {
  write = { path = 'string', bytes = 'string' },
  run = { recipe = 'string', spec = 'table' },
  read = { run = 'number', name = 'string' },
  artifacts = { run = 'number', folder = 'string' },
  plan = { names = 'table' },
  told = { ok = 'boolean' },
}

--- Whether a request has the form that it must have.
---@param what string
---@param about table
---@return boolean
function M.fits(what, about)
  for name, kind in pairs(FORMS[what] or {}) do
    if type(about[name]) ~= kind then
      return false
    end
  end
  return FORMS[what] ~= nil
end

--- Does what is asked for.
---@param state table {dir, lab = the one that is tested, file, update, limits, taken, labs = how
---  many there were, runs = those of the test}
---@param what string
---@param about table
---@return any|nil
---@return table|nil err
function M.answer(state, what, about)
  return requests[what](state, about)
end

return M
