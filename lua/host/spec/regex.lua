--- Regular expressions of JSON Schema's `pattern` (ECMA-262, section 22.2, Unicode mode): a subset
--- that can be matched in time proportional to text × pattern, whatever the pattern is.
---
--- Lua has no regular expressions, and a backtracking matcher can be kept busy for hours by a
--- hostile pattern; so the pattern becomes a small program whose states advance side by side
--- (Thompson 1968). What needs backtracking (back-references, look-around) is refused by name.
local parse = require 'host.spec.regex_parse'

local M = {}

local MOST_STEPS = 5000 -- states of one program

-- Writing: tree → program, a list of {op, …}: set, assert, split (to x and y), jump, match. -------

local emit

local function put(code, step)
  if #code >= MOST_STEPS then
    parse.refuse('a pattern of more than %d steps', MOST_STEPS)
  end
  code[#code + 1] = step
  return step
end

local function emit_repeat(code, tree)
  for _ = 1, tree.least do
    emit(code, tree.item)
  end
  if not tree.most then
    local split = put(code, { op = 'split', x = #code + 2 })
    local start = #code
    emit(code, tree.item)
    put(code, { op = 'jump', x = start })
    split.y = #code + 1
    return
  end
  local splits = {}
  for i = 1, tree.most - tree.least do
    splits[i] = put(code, { op = 'split', x = #code + 2 })
    emit(code, tree.item)
  end
  for _, split in ipairs(splits) do
    split.y = #code + 1
  end
end

function emit(code, tree)
  if tree.op == 'sequence' then
    for _, item in ipairs(tree.items) do
      emit(code, item)
    end
  elseif tree.op == 'choice' then
    local jumps = {}
    for i, item in ipairs(tree.items) do
      local split = i < #tree.items and put(code, { op = 'split', x = #code + 2 })
      emit(code, item)
      if split then
        jumps[i] = put(code, { op = 'jump' })
        split.y = #code + 1
      end
    end
    for _, jump in ipairs(jumps) do
      jump.x = #code + 1
    end
  elseif tree.op == 'repeat' then
    emit_repeat(code, tree)
  else
    put(code, tree)
  end
end

-- Running. ---------------------------------------------------------------------------------------

local function is_word(c)
  return c ~= nil and parse.inside(parse.WORD, c)
end

local function holds(what, text, i)
  if what == '^' then
    return i == 1
  elseif what == '$' then
    return i == #text + 1
  end
  local edge = is_word(text[i - 1]) ~= is_word(text[i])
  return edge == (what == 'b')
end

--- Adds a state and all it reaches without reading. True when that is the end.
local function follow(code, states, mark, start, text, i)
  local todo = { start }
  while #todo > 0 do
    local pc = table.remove(todo)
    if mark[pc] ~= i then
      mark[pc] = i
      local step = code[pc]
      if step.op == 'match' then
        return true
      elseif step.op == 'set' then
        states[#states + 1] = pc
      elseif step.op ~= 'assert' then
        todo[#todo + 1] = step.x
        todo[#todo + 1] = step.y
      elseif holds(step.what, text, i) then
        todo[#todo + 1] = pc + 1
      end
    end
  end
  return false
end

local function matches(code, text)
  local states, mark = {}, {}
  for i = 1, #text + 1 do
    if follow(code, states, mark, 1, text, i) then
      return true
    end
    local after = {}
    local c = text[i]
    for _, pc in ipairs(c and states or {}) do
      if parse.inside(code[pc].ranges, c) and follow(code, after, mark, pc + 1, text, i + 1) then
        return true
      end
    end
    states = after
  end
  return false
end

--- Makes a matcher. It is true when the pattern is found anywhere in the text.
---@param pattern string
---@return (fun(text: string): boolean)|nil matcher
---@return string|nil what the construct that is not supported or not right
function M.compile(pattern)
  local code = {}
  local ok, err = pcall(function()
    emit(code, parse.parse(pattern))
    put(code, { op = 'match' })
  end)
  if not ok then
    if type(err) == 'table' and err.regex then
      return nil, err.regex
    end
    error(err, 0)
  end
  return function(text)
    return matches(code, parse.points(text))
  end
end

return M
