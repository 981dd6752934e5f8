--- A file of tests: read and run in a worker as confined as a recipe's. What its tests ask for is
--- done here (tlab.test), each in a lab of its own.

local core = require 'core'
local artifacts = require 'host.test.artifacts'
local labs = require 'host.lab'
local prepare = require 'host.run.prepare'
local recipes = require 'host.run.recipe'
local run = require 'host.test.run'
local scratch = require 'host.test.scratch'

local M = {}

local MAIN = 'tlab/test/main.lua'
local READ_MAX = 64 << 20

---@class test.Result
---@field file string
---@field name string
---@field ok boolean
---@field message string?
---@field at string? the file that it is about, and in it the line
---@field line integer?
---@field hint string?

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

local function close_lab(state)
  if state.test_lab then
    core.fs.purge(state.test_lab.root)
  end
  state.test_lab, state.runs = nil, {}
end

function requests.plan(state, about)
  state.names = about.names
  return true
end

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

--- A run that the test has, with what it left; what a failed one lacks, its error explains.
local function run_of(state, about)
  local one = state.runs[about.run]
  if one and one.dir then
    return one
  end
  local why = one and one.error
  return nil, why and { code = why.code, message = 'the run failed: ' .. why.message }
end

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
  local why = one.error and ', and failed: ' .. one.error.message or ''
  return nil,
    { code = 'NOT_FOUND', message = ('the run made no file %s%s'):format(about.name, why) }
end

function requests.artifacts(state, about)
  local one, err = run_of(state, about)
  if not one then
    return nil, err
  elseif one.error then
    return 'the run failed: ' .. one.error.message
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

--- A test has ended.
function requests.told(state, about)
  state.done = state.done + 1
  close_lab(state)
  state.told {
    file = state.file.file,
    name = state.names[state.done],
    ok = about.ok,
    message = about.message,
    at = about.file,
    line = about.line,
    hint = about.hint,
  }
  return true
end

--- What lua/tlab/test asks for has these; a test that asks by itself may be wrong.
local FORMS = {
  plan = { names = 'table' },
  write = { path = 'string', bytes = 'string' },
  run = { recipe = 'string', spec = 'table' },
  read = { run = 'number', name = 'string' },
  artifacts = { run = 'number', folder = 'string' },
  told = { ok = 'boolean' },
}

local function check(what, about)
  local form = FORMS[what]
  for name, kind in pairs(form or {}) do
    form = type(about[name]) == kind and form or nil
  end
  return form ~= nil, { code = 'ARGUMENT', message = 'test.ask is for tlab.test, which asks so' }
end

--- Where a file of tests finds modules: the file itself, then as any recipe.
local function modules(state)
  local find = recipes.modules(state.lab)
  return function(name)
    if name ~= 'test.file' then
      return find(name)
    end
    local source, err = core.fs.read(state.lab.root .. '/' .. state.file.file)
    return source and { file = state.file.file, source = source }, err
  end
end

local function start(state)
  return core.session {
    mode = 'live',
    offline = true,
    limits = prepare.limits(state.lab, state.limits),
    lab = state.lab.root,
    module = modules(state),
    hooks = {
      ['test.ask'] = function(what, about)
        local ok, err = check(what, about)
        if not ok then
          return nil, err
        end
        return requests[what](state, about)
      end,
    },
  }
end

local function perform(state, session)
  local source = core.embedded(MAIN)
  local decl, err = recipes.declare(session, { file = 'lua/' .. MAIN, source = source })
  if not decl then
    return nil, err
  end
  local dir = state.dir .. '/tests'
  local ok
  ok, err = core.fs.make(dir)
  if ok then
    ok, err = session:permit { needs = {}, allow = {}, deny = {} }
  end
  if ok then
    ok, err = session:begin(dir, true)
  end
  if not ok then
    return nil, err
  end
  return session:run({ file = state.file.file }, { seed = 1, home = 'tests', name = 'test' })
end

--- Tells of what did not come to be run: the test at which it broke, and those behind it.
local function tell_rest(state, outcome)
  local err = outcome.error
  if err then -- it was not typed so
    err.message = err.message:gsub('tlab run %-%-limit', 'tlab test --limit')
  end
  if #state.names == 0 then
    state.names[1] = err and 'the file loads' or 'there is a test in it'
    err = err or { message = 'the file calls t.test nowhere' }
  end
  for i = state.done + 1, #state.names do
    local first = i == state.done + 1
    state.told {
      file = state.file.file,
      name = state.names[i],
      ok = false,
      message = first and err and err.message or 'not run: the test before it ended all of them',
      at = first and err and err.file or nil,
      line = first and err and err.line or nil,
    }
  end
end

--- Runs the tests of a file.
---@param lab table
---@param file test.File
---@param how table {told = fn(test.Result) as each ends, update, taken = fn(path) of an
---  update, limits = those of the tests and of what they run}
---@return integer|nil signal that ended it, 0: none
---@return table|nil err
function M.run(lab, file, how)
  local dir, err = scratch.open()
  if not dir then
    return nil, err
  end
  local state = {
    lab = lab,
    file = file,
    dir = dir,
    told = how.told,
    update = how.update,
    limits = how.limits,
    taken = how.taken,
    labs = 0,
    done = 0,
    names = {},
    runs = {},
  }
  local session, outcome
  session, err = start(state)
  if session then
    outcome, err = perform(state, session)
    session:close()
  end
  core.fs.purge(dir)
  if not outcome then
    return nil, err
  elseif not outcome.signal then
    tell_rest(state, outcome)
  end
  return outcome.signal or 0
end

return M
