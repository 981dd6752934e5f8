-- Errors of a recipe: raised with their place, and described for the supervisor.

local M = {
  chunks = {}, -- short name of each chunk → { file, library }
}

local KEPT = 8 -- items of a table that a printed error shows
local TEXT_MAX = 4096 -- bytes of a message
local NOTED = 16 -- errors remembered

--- A short, readable text of any value that was raised.
local function show(value, depth)
  if type(value) == 'string' then
    return depth == 0 and value or ('%q'):format(value)
  end
  if type(value) ~= 'table' then
    return tostring(value)
  end
  if depth > 2 then
    return '{…}'
  end
  local parts, list = {}, #value > 0
  local ok = pcall(function()
    for k, v in pairs(value) do
      if #parts == KEPT then
        parts[#parts + 1] = '…'
        return
      end
      parts[#parts + 1] = (list and '' or tostring(k) .. ' = ') .. show(v, depth + 1)
    end
  end)
  if not ok then
    return tostring(value)
  end
  return '{ ' .. table.concat(parts, ', ') .. ' }'
end

--- Its own tostring where it has one.
local function shown(value)
  local ok, text = pcall(tostring, value)
  if ok and not text:find('^table: %d+$') then
    return text
  end
  return show(value, 0)
end

--- A text that fits into JSON and onto a screen: UTF-8, not endless.
local function tidy(text)
  if #text > TEXT_MAX then
    text = text:sub(1, utf8.offset(text, 0, TEXT_MAX) - 1) .. ' …'
  end
  if not utf8.len(text) then
    text = text:gsub('[\x80-\xff]', '?')
  end
  return text
end

--- Copies the plain fields of an error value, without running its metamethods.
local function copy_fields(out, value)
  for k, v in next, value do
    if type(k) == 'string' and (type(v) == 'string' or type(v) == 'number') then
      out[k] = v
    end
  end
end

local core -- see M.setup
local noted = {} -- of the last tasks that ended with an error: { value, file, line, traceback }

--- The innermost place outside the library, or the innermost at all.
local function place(co)
  local frames = core.frames(co)
  for _, frame in ipairs(frames) do
    local known = M.chunks[frame.file]
    if known and not known.library then
      return frame.file, frame.line
    end
  end
  if frames[1] then
    return frames[1].file, frames[1].line
  end
end

--- Takes "file:line: " off a message that Lua itself has put there.
local function split(text)
  local short, line, rest = text:match('^([^\n]-):(%d+): (.*)$')
  local known = short and M.chunks[short]
  if known then
    return rest, known, math.tointeger(line)
  end
  return text
end

local function trace(co, level)
  local lines = {}
  for line in core.traceback(co, level):gmatch('[^\n]+') do
    if not line:find('lua/tlab/worker/', 1, true) then
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines, '\n')
end

--- Raises an error value with the place of the recipe that called.
---@param err table code and message
function M.raise(err)
  if not err.file then
    err.file, err.line = place()
  end
  error(core.mark_err(err), 0)
end

--- Remembers where a task ended, before its coroutine is dropped.
---@param level? integer how many functions to leave out
function M.note(value, co, level)
  local file, line = place(co)
  if #noted == NOTED then
    table.remove(noted, 1)
  end
  noted[#noted + 1] = { value = value, file = file, line = line, traceback = trace(co, level) }
end

--- Forgets what was noted: an error of the same text is another one in the next entry of a session.
function M.forget()
  noted = {}
end

--- What was noted first of an error that went through several tasks.
local function look_up(value)
  for _, note in ipairs(noted) do
    if rawequal(note.value, value) then
      return note
    end
  end
end

-- What Lua has elsewhere, and what there is here instead.
local INSTEAD = {
  io = 'tlab ops  # files are read by run:read, written by run:write; there is no io',
  os = 'tlab ops  # the clock is tlab.clock, a program tlab.proc.run; there is no os',
}

--- Describes what a coroutine ended with.
---@return table { code, message, file?, line?, traceback? } and the fields of an error value
function M.describe(value, co)
  if value == 'not enough memory' then
    local refused, limit = core.memory_refused()
    if refused then
      return {
        code = 'NO_MEMORY',
        message = ('the recipe ran out of memory (limit %d MiB)'):format(limit >> 20),
      }
    end
  end
  local at = look_up(value)
  if not at then
    M.note(value, co)
    at = look_up(value)
  end
  local out = { code = 'RUN_FAILED', file = at.file, line = at.line, traceback = at.traceback }
  if
    type(value) == 'table'
    and type(rawget(value, 'code')) == 'string'
    and type(rawget(value, 'message')) == 'string'
  then
    out.code, out.message = rawget(value, 'code'), rawget(value, 'message')
    pcall(copy_fields, out, value)
  elseif type(value) == 'string' then
    local known, line
    out.message, known, line = split(value)
    -- A place in the library helps the user less than the place that called it.
    if known and not (known.library and at.file) then
      out.file, out.line = known.file, line
    end
    out.hint = INSTEAD[out.message:match "nil value %(global '(%w+)'%)$"]
  elseif value == nil then
    out.message = 'the recipe raised nil'
  else
    out.message = shown(value)
  end
  for k, v in pairs(out) do
    if type(v) == 'string' then
      out[k] = tidy(v)
    end
  end
  return out
end

--- Turns the message of a text that does not compile into an error value; of a text that is too
--- deeply nested Lua tells no place, so it is at least the file.
function M.syntax(message, file)
  local text, known, line = split(message)
  local comma = text:find "^'[}]' expected" and 'a comma between two fields, or after a value'
  return {
    code = 'INVALID',
    message = text,
    file = known and known.file or file,
    line = line,
    hint = comma or nil,
  }
end

---@param core_lib table what core/lua/worker_lib.c offers
function M.setup(core_lib)
  core = core_lib
end

return M
