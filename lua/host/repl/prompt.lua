--- The person's side of a session: what is typed becomes the answer to `repl.next`, what that came
--- to is printed. Results go to standard output, everything else to standard error.

local core = require 'core'
local out = require 'host.cmd.out'

local M = {}

local SCRIPT_MAX = 64 << 20

--- The lines of standard input that is no terminal, one by one.
local function script()
  local text, err = core.fs.stdin(SCRIPT_MAX)
  local at = 1
  return function()
    if not text or at > #text then
      return nil, err
    end
    local line, stop = text:match('([^\n]*)\n?()', at)
    at = stop
    return line
  end
end

---@param lab table
---@param options table of the command line
---@return table {hooks, began, ended}
function M.new(lab, options)
  local at, read = {}, script()
  local entry, sources, more, failed = 0, {}, false, false

  local function show(shown)
    more, entry = shown.more or false, entry + (shown.more and 0 or 1)
    if shown.error then
      failed = shown.error
    elseif shown.text then
      out.out(shown.text .. '\n')
    end
  end

  at.hooks = {
    ['repl.next'] = function(shown)
      show(shown or {})
      local line, err
      if not failed then
        line, err = read()
      end
      if err then
        return nil, err
      elseif failed or not line and more then
        return { text = '', stop = true }
      elseif not line then
        return nil
      end
      local name = 'entry ' .. entry
      sources[name] = (more and sources[name] .. '\n' or '') .. line
      return { text = line }
    end,
  }

  function at.began() end

  function at.ended(result)
    if result.error then
      require('host.cmd.outcome').tell(result, options, lab, sources)
    end
    return result.exit
  end
  return at
end

return M
