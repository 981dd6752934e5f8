--- A file of tests: read and run in a worker as confined as a recipe's. Its tests are told of as
--- they end.

local core = require 'core'
local prepare = require 'host.run.prepare'
local recipes = require 'host.run.recipe'
local requests = require 'host.test.requests'
local scratch = require 'host.test.scratch'

local M = {}

local MAIN = 'tlab/test/main.lua'

---@class test.Result
---@field file string
---@field name string
---@field ok boolean
---@field message string?
---@field at string? the file that it is about, and in it the line
---@field line integer?
---@field hint string?

--- The file has been read, and has these tests.
local function plan(state, about)
  if #state.names > 0 then
    return nil
  end
  state.names = about.names
  return true
end

--- A test has ended.
local function told(state, about)
  local name = state.names[state.done + 1]
  if not name then
    return nil
  end
  state.done = state.done + 1
  requests.close(state)
  state.told {
    file = state.file.file,
    name = name,
    ok = about.ok,
    message = about.message,
    at = about.file,
    line = about.line,
    hint = about.hint,
  }
  return true
end

local own = { plan = plan, told = told }

--- What lua/tlab/test asks for; a test that asks by itself may be wrong.
local function answer(state, what, about)
  local fits = requests.fits(what, about)
  if fits and not own[what] then
    return requests.answer(state, what, about)
  end
  local done = fits and own[what](state, about) or nil
  return done, not done and { code = 'ARGUMENT', message = 'test.ask is for tlab.test' } or nil
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
        return answer(state, what, about)
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
