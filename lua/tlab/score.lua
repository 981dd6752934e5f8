--- Whether an answer is right, by ways that need no model. `expected` is a text or a number, or a
--- list of them, of which one has to fit. Blanks count alike, and those at the ends not at all.
---
---     local score = require 'tlab.score'
---     score.contains('It is Paris.', 'paris') -- true
local text = require 'tlab.text'

local M = {}

---@class tlab.score.Options
---@field ignore_case boolean? whether A is a, of the letters A to Z (default true)
---@field tolerance number? how far a number may be off (default 0)

local function plain(s, o)
  s = s:gsub('%s+', ' '):match '^ ?(.-) ?$'
  return (o and o.ignore_case == false) and s or s:lower()
end

-- Whether `fits` says so of one of what is expected; or that something of it is no text.
local function any(name, expected, fits)
  local list = type(expected) == 'table' and expected or { expected }
  for i = 1, math.max(#list, 1) do
    local one = list[i]
    if type(one) ~= 'string' and type(one) ~= 'number' then
      error(('score.%s: a text or number is expected, not a %s'):format(name, type(one)), 3)
    end
    if fits(type(one) == 'number' and tlab.json.encode(one) or one) then
      return true
    end
  end
  return false
end

---The answer is the text that is expected, and nothing else.
---@param answer string
---@param expected string|number|(string|number)[]
---@param o tlab.score.Options?
---@return boolean
function M.exact(answer, expected, o)
  answer = plain(answer, o)
  local is_right = any('exact', expected, function(one)
    return plain(one, o) == answer
  end)
  return is_right
end

-- Whether a word or number begins or ends between the two characters.
local function is_edge(a, b)
  return not (a:find '%w' and b:find '%w')
end

---The text that is expected stands somewhere in the answer, not as a part of a longer word.
---@param answer string
---@param expected string|number|(string|number)[]
---@param o tlab.score.Options?
---@return boolean
function M.contains(answer, expected, o)
  answer = plain(answer, o)
  local is_right = any('contains', expected, function(one)
    one = plain(one, o)
    local first = 1
    repeat
      local last
      first, last = answer:find(one, first, true)
      if not first or one == '' then
        return false
      end
      local before, after = answer:sub(first - 1, first - 1), answer:sub(last + 1, last + 1)
      local is_word = is_edge(before, one:sub(1, 1)) and is_edge(one:sub(-1), after)
      first = first + 1
    until is_word
    return true
  end)
  return is_right
end

-- Takes the first place for each part: no later one could do better. So it takes no second look.
local function matches(s, pattern)
  local parts = {}
  for part in (pattern .. '*'):gmatch '([^*]*)%*' do
    parts[#parts + 1] = part
  end
  if #parts == 1 then
    return s == parts[1]
  end
  local first, last = parts[1], parts[#parts]
  local at, stop = #first + 1, #s - #last
  if at > stop + 1 or s:sub(1, #first) ~= first or s:sub(stop + 1) ~= last then
    return false
  end
  for i = 2, #parts - 1 do
    local _, to = s:find(parts[i], at, true)
    if not to or to > stop then
      return false
    end
    at = to + 1
  end
  return true
end

---The whole answer is as expected, where `*` stands for any text, or none.
---@param answer string
---@param expected string|string[]
---@param o tlab.score.Options?
---@return boolean
function M.pattern(answer, expected, o)
  answer = plain(answer, o)
  local is_right = any('pattern', expected, function(one)
    return matches(answer, plain(one, o))
  end)
  return is_right
end

-- "1,234.5" as a number; of "1,2" the last: a comma parts thousands or nothing at all.
local function value_of(digits)
  local head, groups, rest = digits:gsub(',+$', ''):match '^(%d%d?%d?)(,[%d,]+)(.*)$'
  if head and groups:gsub(',%d%d%d', '') == '' then
    return tonumber(head .. groups:gsub(',', '') .. rest)
  end
  return tonumber(digits:gsub(',+$', ''):match '[^,]*$')
end

local function last_number(s)
  local found, at = nil, 1
  s = s:gsub('\u{2212}', '-') -- the sign that typesetters use
  while true do
    local first, last, digits = s:find('(%.?%d[%d,]*%.?%d*)', at)
    if not first then
      return found
    end
    local power = s:match('^[eE][+-]?%d+', last + 1) or ''
    local is_less = s:sub(math.max(1, first - 2), first - 1):find '^%W?%-$'
    local value = value_of(digits .. power)
    found = value and (is_less and -value or value) or found
    at = last + #power + 1
  end
end

---The last number in the answer is the one that is expected, or near it.
---@param answer string
---@param expected string|number|(string|number)[]
---@param o tlab.score.Options?
---@return boolean|nil
---@return table? err INVALID, where what is expected is no number
function M.number(answer, expected, o)
  local found, wrong = last_number(answer), nil
  local is_right = any('number', expected, function(one)
    local value = tonumber(one)
    wrong = wrong or not value and one
    return found and value and math.abs(found - value) <= (o and o.tolerance or 0)
  end)
  if wrong then
    local message = "'%s' is expected, which is no number"
    return nil, { code = 'INVALID', message = message:format(text.one_line(wrong, 40)) }
  end
  return is_right
end

return M
