--- One entry of a session: compiled, evaluated, and what came of it as text.

local locals = require 'tlab.repl.locals'
local shown_as = require('tlab.repl.show').values
local session = require 'tlab.session'

local M = {}

--- Whether there is only too little text. A string in quotes ends on its line, unless that says
--- otherwise.
local function is_unfinished(err, text)
  return err.message:find '<eof>$'
    and (text:find '\\z?%s*$' or not err.message:find '^unfinished string')
end

--- An expression is told from a statement by what compiles.
---@param text string
---@param name string "entry 3"
---@param env table
---@return function|nil chunk
---@return table|nil err {more = true} when the text could go on; else {code, message, …}
local function compile(text, name, env)
  text = text:gsub('^%s*=', '')
  -- As one of two values, or it would be a tail call, and no place in an error.
  local value, of_value = session.compile('return nil, ' .. text, name, env)
  if value then
    return function()
      return select(2, value())
    end
  end
  local chunk, err = session.compile(text, name, env)
  if chunk then
    return session.compile(locals.kept(text), name, env)
  elseif is_unfinished(of_value, text) or is_unfinished(err, text) then
    return nil, { more = true }
  end
  -- Of an expression gone wrong a statement's message names the first word only.
  local is_value = err.message:find '^unexpected symbol near'
    and not of_value.message:find('<eof> expected', 1, true)
  return nil, is_value and of_value or err
end

--- The name that may have been meant where there is no variable of a name.
local function meant(err, env)
  local name = err.message:match "nil value %(global '([%w_]+)'%)$"
  if not name or err.hint then
    return
  end
  local names, ok, step, state, first = {}, pcall(pairs, env)
  for key in ok and step or next, ok and state or {}, first do
    names[#names + 1] = type(key) == 'string' and key or nil
  end
  local near = require('host.view.suggest').text(name, names)
  err.hint = near and (near:gsub('"', '')) or nil
end

--- Of a traceback what lies in entries: the rest is tlab's own, and may be another in the next
--- version, which is to replay this.
local function ways(traceback)
  local lines = {}
  for line in (traceback or ''):gmatch '\n(%s*entry [^\n]*)' do
    lines[#lines + 1] = line
  end
  return #lines > 0 and table.concat(lines, '\n') or nil
end

--- An error as it is shown: nothing that only the worker understands, and no place of its own.
local function told(err, env)
  meant(err, env)
  local has_place = err.file and not err.file:find '^lua/tlab/repl/'
  return {
    code = err.code,
    message = err.message,
    file = has_place and err.file or nil,
    line = has_place and err.line or nil,
    hint = err.hint,
    traceback = ways(err.traceback),
  }
end

--- Evaluates the text of an entry.
---@param given table {text, width?, time?}
---@param name string "entry 3"
---@param env table the variables of the session; `_` becomes the first value
---@return table shown {text?, error?, more?, took?, interrupted? = the tick}
function M.evaluate(given, name, env)
  local chunk, err = compile(given.text, name, env)
  if not chunk then
    return err.more and { more = true } or { error = told(err, env) }
  end
  local silent = given.text:find ';%s*$'
  local began = given.time and tlab.clock.monotonic()
  local took
  local ok, result, tick = session.evaluate(function()
    local values = table.pack(chunk())
    took = began and tlab.clock.monotonic() - began
    if values[1] ~= nil then
      env._ = values[1]
    end
    return not silent and shown_as(values, given.width) or nil
  end)
  local shown = { took = took, interrupted = tick }
  if ok then
    shown.text = result[1]
  else
    shown.error = told(result, env)
  end
  return shown
end

return M
