--- The person's side of a session: what is typed becomes the answer to `repl.next`, and what that
--- came to is printed. Results go to standard output, everything else to standard error.
--
-- Lines that begin with a colon or a question mark are answered here and never reach the worker.

local core = require 'core'
local out = require 'host.cmd.out'

local M = {}

local PROMPT, MORE = '> ', '. '

---@class tlab.Prompt
---@field lab table
---@field options table of the command line
---@field person boolean whether somebody sits at a terminal; standard input is a script otherwise
---@field style table of standard error
---@field over boolean? whether the session is to end
---@field failed table? the error of a script's own command
---@field exit integer? of a script's :show or :runs that failed, and has told why
---@field run table? of host.run.prepare, once it has begun
---@field session table? core.session
---@field entries table[] what was evaluated: {text, failed}
---@field granted table[] what was permitted in the session: {family, item, how}
---@field entry string[] lines of the entry that is being typed
local Prompt = {}
Prompt.__index = Prompt

local function name_of(index)
  return 'entry ' .. index
end

--- What an error means to somebody at a terminal: nothing of a place that was typed just now, on
--- one line.
local function for_person(err, entries)
  local shown = {}
  for key, value in pairs(err) do
    shown[key] = value
  end
  if err.file == name_of(#entries) and not entries[#entries].text:find('\n', 1, true) then
    shown.file, shown.line = nil, nil
  end
  return shown
end

--- The texts of all entries, for errors that lie in them.
function Prompt:sources()
  local sources = {}
  for i, entry in ipairs(self.entries) do
    sources[name_of(i)] = entry.text
  end
  return sources
end

--- Says what went wrong on standard error.
---@param err table {code, message, …}
function Prompt:tell(err)
  local text = require('host.view.error').text(err, {
    verbose = self.options.verbose,
    root = self.lab.root,
    style = self.style,
    sources = self:sources(),
  })
  out.err(text, self.style)
end

--- What was asked for, on standard output.
function Prompt.print(_, text)
  out.out(text)
end

--- A line for the person.
function Prompt.say(_, text)
  out.err(text .. '\n')
end

--- Shows what the entry before came to, and keeps it with its text.
---@param shown table|nil argument of repl.next
---@return table|nil err that the entry failed with
function Prompt:show(shown)
  if not shown or shown.more then
    return nil
  end
  local text = table.concat(self.entry, '\n')
  self.entries[#self.entries + 1] = { text = text, failed = shown.error ~= nil }
  if shown.text and self.options.json then
    out.json { text = shown.text }
  elseif shown.text then
    out.out(shown.text .. '\n')
  end
  if shown.took then
    self:say(require('host.view.table').duration(shown.took / 1000))
  end
  if shown.error and self.person then
    self:tell(for_person(shown.error, self.entries))
  end
  self.entry = {}
  return shown.error
end

--- A line that is not for the worker.
---@return boolean is_own whether it was one
---@return table|nil err
---@return table|nil given what the worker is to have instead
local function own(self, line)
  if line:find '^%s*:%f[^:]' then
    return true, require('host.repl.commands').perform(self, line)
  elseif line:find '^%s*%?' or line:find '^%s*help%f[^%w_]' then
    return require('host.repl.help').answer(self, line)
  end
  return false
end

--- What a line that begins an entry is to the worker: nil when it is nothing.
local function taken(self, line)
  local is_own, err, given = own(self, line)
  if err and not self.person then
    self.failed, self.over = err, true
  elseif err then
    self:tell(err)
  elseif not is_own and line:find '%S' then
    return { text = line }
  end
  return given
end

--- The end of the input. An entry that is not complete is an error of a script.
local function at_end(self, why)
  if type(why) == 'table' then
    return nil, why
  elseif #self.entry > 0 and not self.person then
    return { text = '', stop = true }
  end
  return nil
end

--- The next line for the worker.
---@return table|nil answer of repl.next; nil at the end
---@return table|nil err
function Prompt:next_line()
  local drop
  while not self.over do
    local line, why = self.read(#self.entry > 0 and MORE or PROMPT)
    if why == 'interrupted' then
      drop, self.entry = drop or #self.entry > 0, {}
    elseif not line then
      return at_end(self, why)
    elseif #self.entry > 0 then
      return { text = line }
    else
      local given = taken(self, line)
      if given then
        given.drop = drop
        return given
      end
    end
  end
  return nil
end

--- The answer to repl.next.
local function answer(self, shown)
  local failed = self:show(shown)
  if failed and not self.person then
    return { text = '', stop = true }
  end
  local line, err = self:next_line()
  if not line then
    return nil, err
  end
  self.entry[#self.entry + 1] = line.text
  if self.person then
    line.width = core.term.info().columns
  end
  return line
end

--- The hook of repl.next. What cannot be shown ends the session with that error.
---@param shown table|nil what the last entry came to
---@return table|nil answer
---@return table|nil err
function Prompt:next(shown)
  local ok, given, err = pcall(answer, self, shown)
  if not ok and not (type(given) == 'table' and given.code) then
    error(given, 0)
  end
  return ok and given or nil, err or not ok and given or nil
end

--- Tells how the session ended.
---@param result table of host.run.lifecycle
---@return integer exit code
function Prompt:ended(result)
  local id = result.manifest.id:sub(1, 8)
  if self.failed then
    self:tell(self.failed)
    return core.exit_code(self.failed.code)
  elseif result.error then
    local file = result.error.file
    if file and file:find '^lua/tlab/repl/' then
      result.error.file, result.error.line = nil, nil
    end
    return require('host.cmd.outcome').tell(result, self.options, self.lab, self:sources())
  elseif self.exit then
    return self.exit
  elseif self.options.json then
    out.json(result.manifest)
  elseif self.person and not self.options.quiet then
    self:say(('kept as %s; see it: tlab show %s'):format(result.manifest.folder, id))
  end
  return result.exit
end

---@param lab table
---@param options table of the command line
---@return tlab.Prompt
function M.new(lab, options)
  local info = core.term.info()
  local self = setmetatable({
    lab = lab,
    options = options,
    person = info.stdin,
    style = require('host.view.style').new('stderr', core.args),
    entries = {},
    entry = {},
    granted = {},
  }, Prompt)
  self.read = require('host.repl.reader').new(self)
  return self
end

return M
