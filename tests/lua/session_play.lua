--- A session for tests: its entries are given, what it shows is collected; then it is replayed.
---
---   local played = play { 'x = 1', 'return x' }        -- or functions, called in their place
---   played.shown[2].text == '1'

local core = require 'core'
local t = require 'harness'

local M = {}

--- As small as a recipe of a session can be.
local RECIPE = [[
local session = require 'tlab.session'
return { name = 'repl', home = 'x', run = function(run)
  local env, shown = setmetatable({ run = run }, { __index = _G }), nil
  session.on_look(function(name)
    if name == 'raise' then error 'nothing to see' end
    return rawget(env, name)
  end)
  while true do
    local entry = tlab.repl.next(shown)
    if not entry then return 'quit' end
    local chunk, why = load(entry.text, '=entry', 't', env)
    if chunk then
      local ok, result, tick = session.evaluate(chunk)
      shown = ok and { text = tostring(result[1]) }
        or { code = result.code, message = result.message, line = result.line }
      shown.interrupted = tick
    else
      shown = { message = why }
    end
  end
end }
]]

local function open(how, dir)
  how.module = function(name)
    return nil, { code = 'NOT_FOUND', message = 'no module ' .. name }
  end
  how.limits = how.limits or { cpu_seconds = 0, memory = 64 << 20, seconds = 600 }
  local session = assert(core.session(how))
  assert(session:load('repl.lua', RECIPE, 1))
  assert(session:permit(how.permits or {}))
  assert(session:begin(dir, how.mode == 'live'))
  return session
end

--- Plays a session to its end.
---@param entries (string|fun(session: table, shown: table): string|nil)[]
---@param how table? limits, permits (of session:permit), permit and lab of core.session
---@return table {shown, outcome, dir, replay = function}
function M.play(entries, how)
  local played, at, session = { shown = {}, dir = t.folder() }, 0, nil
  how = how or {}
  how.mode = 'live'
  how.hooks = {
    ['repl.next'] = function(shown)
      if at > 0 then
        played.shown[at] = shown
      end
      at = at + 1
      local entry = entries[at]
      if type(entry) == 'function' then
        entry = entry(session, shown)
      end
      return entry and { text = entry } or nil
    end,
  }
  how.quiet = true
  session = open(how, played.dir)
  played.outcome = session:run({}, { seed = 1 })
  session:close()
  --- Replays it; answers how that ended.
  function played.replay()
    local dir = t.folder()
    local again = open({ mode = 'replay', old = played.dir, limits = how.limits }, dir)
    local outcome = again:run({}, { seed = 1 })
    again:close()
    core.fs.purge(dir)
    return outcome
  end
  function played.drop()
    core.fs.purge(played.dir)
  end
  return played
end

return M
