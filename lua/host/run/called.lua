--- A run that another run called: the other end of core/prim/run_call.c. What is to be run, and
--- what it may, comes on standard input; standard output gets {"begun": …} once there is a folder,
--- then {"answer": …}, or {"error": …} when it came to no run.

local core = require 'core'

local M = {}

local MOST = 256 << 20 -- bytes of what it is told

local function tell(name, value)
  core.term.out(core.json.encode { [name] = value } .. '\n')
end

--- One line of an error with all that is wrong. A spec from a recipe has no lines to point at.
---@param err table of a run that did not come about
---@return string
function M.line_of(err)
  local message = err.message
  for i, detail in ipairs(err.code == 'INVALID' and err.details or {}) do
    message = message .. (i == 1 and ': ' or '; ') .. detail:gsub('^standard input:%d+: ', '')
  end
  return message
end

--- What can be typed is the caller's command.
local function hint_of(err)
  local option = err.code == 'NOT_PERMITTED' and (err.hint or ''):match '%-%-allow%-%w+=%S+'
  return option and option .. '  # with the command that was typed' or nil
end

--- What the caller is answered.
---@param result table of host.run.lifecycle
---@return table {id, folder, status, error?, outputs, metrics}
function M.answer_of(result)
  local manifest, err = result.manifest, result.error
  return {
    id = manifest.id,
    folder = manifest.folder,
    status = manifest.status,
    error = err and { code = err.code, message = err.message, hint = hint_of(err) },
    outputs = manifest.outputs or core.json.array {},
    metrics = manifest.metrics or {},
  }
end

--- Runs what the caller tells.
---@param told table {recipe, spec, parent, allow, limits, offline}
---@return table|nil result of host.run.lifecycle
---@return table|nil err
local function run(told)
  local lab, err = require('host.lab').find('.')
  if not lab then
    return nil, err
  end
  return require('host.run.lifecycle').run {
    lab = lab,
    recipe = 'recipes/' .. told.recipe .. '.lua',
    words = { '-' },
    stdin = function()
      return core.json.encode(told.spec)
    end,
    allow = told.allow,
    limits = told.limits,
    offline = told.offline,
    parent = told.parent,
    no_input = true,
    quiet = true,
    began = function(begun)
      tell('begun', { id = begun.id, folder = begun.folder })
    end,
  }
end

--- Called by the program under this name.
---@param args string[] the number of the process that called
---@return integer exit code
function M.main(args)
  assert(core.run.follow(math.tointeger(tonumber(args[1]))))
  local told, result
  local text, err = core.fs.stdin(MOST)
  if text then
    told, err = core.json.decode(text)
  end
  if told then
    result, err = run(told)
  end
  if result then
    tell('answer', M.answer_of(result))
  else
    tell('error', { code = err.code, message = M.line_of(err) })
  end
  return result and result.exit or core.exit_code(err.code)
end

return M
