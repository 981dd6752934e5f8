--- `local x = 1` at the top of an entry would be gone before the next one: there it declares a
--- variable of the session.

local M = {}

--- The end of a string or comment in long brackets whose first one stands at `at`, or nil.
local function behind_long(text, at)
  local level = text:match('^%[(=*)%[', at)
  local stop = level and select(2, text:find(']' .. level .. ']', at, true))
  return stop and stop + 1
end

local function behind_quoted(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text do
    local char = text:sub(i, i)
    if char == quote then
      return i + 1
    end
    i = i + (char == '\\' and 2 or 1)
  end
  return i
end

--- The next token from `at` on: its text and where it begins; strings and signs as one character.
local function token(text, at)
  while true do
    at = text:find('%S', at)
    if not at then
      return nil
    elseif text:find('^%-%-', at) then
      at = behind_long(text, at + 2) or text:find('\n', at, true) or #text + 1
    else
      break
    end
  end
  local word = text:match('^[%a_][%w_]*', at)
  if word then
    return word, at, at + #word
  elseif text:find('^["\']', at) then
    return '"', at, behind_quoted(text, at)
  end
  local stop = behind_long(text, at)
  if stop then
    return '"', at, stop
  end
  -- A number is one token, so that the letters in it are no words.
  stop = text:match('^%.?%d[%w.]*()', at)
  return text:sub(at, at), at, stop or at + 1
end

local DEEPER =
  { ['do'] = 1, ['if'] = 1, ['function'] = 1, ['repeat'] = 1, ['end'] = -1, ['until'] = -1 }

--- Reads the tokens from `at` on: the `word` in hand, where it begins, where the last one ended.
local function reader(text, at)
  local r = { stop = at }
  function r.next()
    r.behind = r.stop
    local stop
    r.word, r.begin, stop = token(text, r.stop)
    r.stop = stop or r.stop
    return r.word
  end
  r.next()
  return r
end

--- What stands instead of a `local` and its names, and from which place on the text goes on; nil
--- where it has to stay.
local function declared(text, at)
  local r, names = reader(text, at), {}
  if r.word == 'function' then
    return '', r.begin
  end
  repeat
    names[#names + 1] = r.word
    if r.next() == '<' then
      if r.next() ~= 'const' then
        return nil
      end
      r.next() -- the >
      r.next()
    end
  until r.word ~= ',' or not r.next()
  local list = table.concat(names, ', ')
  if r.word == '=' then
    return list .. ' ', r.begin
  end
  return list .. ' = nil ', r.behind
end

--- The text of an entry with its outermost locals made variables of the session. Lines stay where
--- they are. A <close> variable stays local: it ends with its entry.
---@param text string that compiles
---@return string
function M.kept(text)
  if not text:find('local', 1, true) then
    return text
  end
  local out, from, at, depth = {}, 1, 1, 0
  while true do
    local word, begin, stop = token(text, at)
    if not word then
      break
    end
    depth = depth + (DEEPER[word] or 0)
    local instead, behind
    if word == 'local' and depth == 0 then
      instead, behind = declared(text, stop)
    end
    if instead then
      local lines = text:sub(begin, behind - 1):gsub('[^\n]', '')
      out[#out + 1] = text:sub(from, begin - 1) .. instead .. lines
      from, stop = behind, behind
    end
    at = stop
  end
  out[#out + 1] = text:sub(from)
  return table.concat(out)
end

return M
