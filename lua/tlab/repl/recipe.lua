--- The recipe of `tlab repl`: a session is a run of it. What the person types is the answer to an
--- effect, and what was shown for the entry before is its argument; so the record is the
--- transcript, and a replay, which compares arguments, sees that every entry comes to the same.

local entry = require 'tlab.repl.entry'
local variables = require 'tlab.repl.variables'

local TITLE = '-- What was typed in a session of tlab repl; what failed is a comment.\n'

local UNFINISHED = { code = 'INVALID', message = 'the last entry is not complete' }

-- To Lua a carriage return ends a line, too, and with it a comment.
local function commented(text)
  return '-- ' .. text:gsub('\r\n?', '\n'):gsub('\n', '\n-- ') .. '\n'
end

--- An entry in session.lua.
local function line_of(text, err)
  if not err then
    return text .. '\n'
  end
  return commented(text) .. commented(('error[%s]: %s'):format(err.code, err.message))
end

return {
  name = 'repl',
  summary = 'A session of tlab repl.',
  home = 'ai-team/artifacts',
  run = function(run)
    local env, lines, count, begun, shown = variables.new(run), { TITLE }, 1, '', nil
    while true do
      local given, err = tlab.repl.next(shown)
      if err then
        error(err, 0)
      elseif not given or given.stop then
        lines[#lines + 1] = begun ~= '' and line_of(begun:sub(1, -2), UNFINISHED) or nil
        run:write('session.lua', table.concat(lines))
        if given then
          error(shown.error or UNFINISHED, 0)
        end
        return
      end
      given.text = (given.drop and '' or begun) .. given.text
      shown = entry.evaluate(given, 'entry ' .. count, env)
      if shown.more then
        begun = given.text .. '\n'
      else
        lines[#lines + 1], begun, count = line_of(given.text, shown.error), '', count + 1
      end
    end
  end,
}
