--- Puts a person, or a script, before a session: what the run of it is told besides its recipe.

local core = require 'core'
local prompt = require 'host.repl.prompt'

local RECORD_MAX = 1 << 30

local M = { FILE = 'lua/tlab/repl/recipe.lua' }

--- Whether a run is a session.
---@param manifest table
function M.is_session(manifest)
  return manifest.recipe.origin == 'embedded' and manifest.recipe.file == M.FILE
end

---@param how table of host.run.lifecycle or host.run.resume; changed
---@param lab table
---@param options table of the command line
---@return tlab.Prompt
function M.attend(how, lab, options)
  local at = prompt.new(lab, options)
  how.hooks = {
    ['repl.next'] = function(shown)
      return at:next(shown)
    end,
  }
  how.undeclared = true
  function how.permit(refusal)
    return require('host.repl.permits').ask(at, refusal)
  end
  function how.began(run, session)
    at.run, at.session = run, session
  end
  return at
end

--- A text of the record, from beside it where it is long.
local function text_of(value, dir)
  if type(value) == 'table' and value['$blob'] then
    return core.fs.read(dir .. '/record/blobs/' .. value['$blob'])
  end
  return type(value) == 'string' and value or nil
end

--- What was typed before a session was cut off, as the prompt keeps it.
---@param dir string the run's folder
---@return table[] entries {text, failed}
---@return string[] entry the one that came to nothing yet
function M.earlier(dir)
  local entries, entry = {}, {}
  local record = core.fs.read(dir .. '/record/effects.jsonl', RECORD_MAX) or ''
  for line in record:gmatch '([^\n]*)\n' do
    local effect = core.json.decode(line)
    if effect and effect.op == 'repl.next' then
      local shown, given = effect.args[1], effect.result
      if #entry > 0 and type(shown) == 'table' and not shown.more then
        local text = table.concat(entry, '\n')
        entries[#entries + 1], entry = { text = text, failed = shown.error ~= nil }, {}
      end
      if type(given) == 'table' then
        entry = given.drop and {} or entry
        entry[#entry + 1] = text_of(given.text, dir) or ''
      end
    end
  end
  return entries, entry
end

return M
