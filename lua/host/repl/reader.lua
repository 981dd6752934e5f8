--- Where a session's lines come from: a terminal, with history and completion, or a script.

local core = require 'core'

local M = {}

--- Puts the history before the person, and keeps what is typed; says once when that cannot be.
local function keeper(prompt)
  local history, err = require('host.repl.history').open()
  local function tell(why)
    if why then
      prompt:say('note: what is typed is not kept for later: ' .. why.message)
    end
  end
  tell(err)
  for _, line in ipairs(history.lines) do
    core.term.remember(line)
  end
  return function(line)
    local kept, why = history:add(line, function(text)
      return prompt.session:scrub(text) ~= text
    end)
    if kept then
      core.term.remember(line)
    end
    tell(why)
  end
end

--- The lines that a person types.
local function terminal(prompt)
  local keep
  local function complete(text, cursor)
    local found = require('host.repl.complete').line(prompt, text, cursor)
    if found then
      return found.from - 1, found.words
    end
    return nil
  end
  return function(sign)
    keep = keep or keeper(prompt)
    local line, why = core.term.line { prompt = sign, complete = complete }
    if line then
      keep(line)
    end
    return line, why
  end
end

local function script()
  return core.term.line { prompt = '' }
end

--- Of where the lines come from: what reads the next one. It gives the line; or nil and 'end',
--- 'gone' (the terminal), 'interrupted' (Ctrl-C), or an err.
---@param prompt tlab.Prompt
---@return fun(prompt: string): string|nil, string|table|nil
function M.new(prompt)
  return prompt.person and terminal(prompt) or script
end

return M
