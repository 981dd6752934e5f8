--- Completion of a session's line: variables and their fields and methods, files and runs within
--- quotes, commands of the session.

local core = require 'core'

local M = {}

local RUNS = 50 -- ids that are offered

--- Where the string begins that the end of a line lies in, or nil: the place behind its quote.
local function open_quote(line)
  local at = 1
  while true do
    local quote = line:find('[\'"]', at)
    if not quote then
      return nil
    end
    local sign, stop = line:sub(quote, quote), quote + 1
    while stop <= #line and line:sub(stop, stop) ~= sign do
      stop = stop + (line:sub(stop, stop) == '\\' and 2 or 1)
    end
    if stop > #line then
      return quote + 1
    end
    at = stop + 1
  end
end

local function starting(words, prefix)
  local fit = {}
  for _, word in ipairs(words) do
    if word:sub(1, #prefix) == prefix then
      fit[#fit + 1] = word
    end
  end
  return fit
end

--- Files below a folder whose names begin as the last part does; folders end in a slash. `lab:`
--- stands for the lab's root, a relative path for the run's folder.
local function files(prompt, typed)
  local scheme, path = typed:match '^(lab:)(.*)$'
  local dir, last = (path or typed):match '^(.-)([^/]*)$'
  local root = scheme and prompt.lab.root .. '/' or prompt.run.dir .. '/'
  local words = {}
  for _, entry in ipairs(core.fs.list(dir:sub(1, 1) == '/' and dir or root .. dir) or {}) do
    local is_hidden = entry.name:sub(1, 1) == '.' and last:sub(1, 1) ~= '.'
    if entry.name:sub(1, #last) == last and not is_hidden then
      words[#words + 1] = (scheme or '')
        .. dir
        .. entry.name
        .. (entry.type == 'folder' and '/' or '')
    end
  end
  return words
end

local function runs(prompt, typed)
  local words = { 'latest' }
  local rows = require('host.store.index').rows(prompt.lab, { limit = RUNS }) or {}
  for _, row in ipairs(rows) do
    words[#words + 1] = row.id:sub(1, 8)
  end
  return starting(words, typed)
end

--- Modules that `require` would find.
local function modules(prompt, typed)
  local words = {}
  local function add(path)
    local name = path:match '^(.*)%.lua$'
    words[#words + 1] = name and name:gsub('/', '.')
  end
  for _, path in ipairs(core.embedded_names()) do
    if path:find '^tlab/[%w_]+%.lua$' then
      add(path)
    end
  end
  for _, entry in ipairs(core.fs.tree(prompt.lab.root .. '/lua') or {}) do
    add(entry.path)
  end
  return starting(words, typed)
end

local function in_quotes(prompt, line, at)
  local before, typed = line:sub(1, at - 2), line:sub(at)
  if before:find '%f[%w_]run%s*%(?%s*$' then
    return { from = at, words = runs(prompt, typed) }
  elseif before:find '%f[%w_]require%s*%(?%s*$' then
    return { from = at, words = modules(prompt, typed) }
  end
  return { from = at, words = files(prompt, typed) }
end

local function own_command(prompt, line)
  local name, from, rest = line:match '^%s*:(%a+)%s+()(.*)$'
  if not name then
    local words = {}
    for i, each in ipairs(require('host.repl.commands').list) do
      words[i] = ':' .. each.name
    end
    return { from = line:find(':', 1, true), words = starting(words, line:match '%s*(:.*)$') }
  elseif name == 'show' then
    return { from = from, words = runs(prompt, rest) }
  elseif name == 'save' then
    local words = files(prompt, 'lab:' .. rest)
    for i, word in ipairs(words) do
      words[i] = word:sub(5)
    end
    return { from = from, words = words }
  end
  return nil
end

--- Names behind a variable, a `.` or a `:`.
local function names(prompt, line, from)
  local typed = line:sub(from)
  local way, last = typed:match '^(.-)([%w_]*)$'
  local what = { way = core.json.array {}, prefix = last }
  for name in way:gmatch '[%a_][%w_]*' do
    table.insert(what.way, name)
  end
  local wants_method = way:sub(-1) == ':'
  local words = {}
  for _, each in ipairs(prompt.session:look(what) or {}) do
    if not wants_method or each.type == 'function' then
      words[#words + 1] = each.name
    end
  end
  if #what.way == 0 then
    for _, word in ipairs(starting(M.KEYWORDS, last)) do
      words[#words + 1] = word
    end
  end
  return { from = from + #way, words = words }
end

M.KEYWORDS = {}
for word in
  ([[and break do else elseif end false for function goto if in local nil not or repeat return then
  true until while]]):gmatch '%l+'
do
  M.KEYWORDS[#M.KEYWORDS + 1] = word
end

--- What the end of a line could become.
---@param prompt tlab.Prompt
---@param line string
---@param cursor integer bytes before the cursor
---@return {from: integer, words: string[]}|nil what to put from that byte on
function M.line(prompt, line, cursor)
  line = line:sub(1, cursor)
  if line:find '^%s*:%a*' and #prompt.entry == 0 then
    return own_command(prompt, line)
  end
  local quote = open_quote(line)
  if quote then
    return in_quotes(prompt, line, quote)
  end
  -- Behind a call, an index or a number nobody knows the value; behind `..` another begins.
  local typed = line:match('[%w_.:]*$'):gsub('^.*%.%.', '')
  if not typed:find '^[%a_]' then
    return nil
  end
  return names(prompt, line, #line - #typed + 1)
end

return M
