--- Patches as git writes them, read into files and hunks.
local M = {}

---@class summ.Hunk
---@field old_start integer
---@field new_start integer
---@field heading string what git puts behind the @@: the line of the function it is in
---@field lines string[] each with its ' ', '+', '-' or '\' before it
---@field added integer
---@field removed integer

---@class summ.Section
---@field path string
---@field old_path string?
---@field old_mode string?
---@field new_mode string?
---@field binary boolean
---@field hunks summ.Hunk[]

local LETTERS = { a = '\a', b = '\b', t = '\t', n = '\n', v = '\v', f = '\f', r = '\r' }

-- A name as git wrote it: in quotes with C's escapes, or as it is.
local function unquote(name)
  local inner = name:match '^"(.*)"$'
  if not inner then
    return name
  end
  return (
    inner:gsub('\\(.)(%d?%d?)', function(c, more)
      return c:find '%d' and string.char(tonumber(c .. more, 8) & 255) or (LETTERS[c] or c) .. more
    end)
  )
end

-- Takes the a/ or b/ off a name; nil for /dev/null.
local function side(name)
  name = unquote(name:gsub('\t$', ''))
  return name ~= '/dev/null' and name:sub(3) or nil
end

-- Of `diff --git a/x b/x`, where both names are the same.
local function same_name(line)
  local names = line:sub(#'diff --git ' + 1)
  return side(names:sub(1, (#names - 1) // 2))
end

local HEAD = {
  ['old mode '] = 'old_mode',
  ['new mode '] = 'new_mode',
  ['deleted file mode '] = 'old_mode',
  ['new file mode '] = 'new_mode',
}

-- One line of a file's head, between `diff --git` and the first hunk.
local function take_head(section, line)
  for words, field in pairs(HEAD) do
    if line:sub(1, #words) == words then
      section[field] = line:sub(#words + 1)
    end
  end
  if line:find '^index %x+%.%.%x+ %d+$' then
    local mode = line:match '%d+$'
    section.old_mode, section.new_mode = mode, mode
  elseif line:find '^rename from ' then
    section.old_path = unquote(line:sub(13))
  elseif line:find '^rename to ' then
    section.path = unquote(line:sub(11))
  elseif line:find '^%-%-%- ' then
    section.path = side(line:sub(5)) or section.path
  elseif line:find '^%+%+%+ ' then
    section.path = side(line:sub(5)) or section.path
  elseif line:find '^GIT binary patch' or line:find '^Binary files ' then
    section.binary = true
  end
end

local function new_hunk(line)
  local old_start, old, new_start, new, heading =
    line:match '^@@ %-(%d+),?(%d*) %+(%d+),?(%d*) @@ ?(.*)$'
  if not old_start then
    return nil
  end
  return {
    old_start = math.tointeger(tonumber(old_start)),
    new_start = math.tointeger(tonumber(new_start)),
    heading = heading,
    lines = {},
    added = 0,
    removed = 0,
  },
    old == '' and 1 or math.tointeger(tonumber(old)),
    new == '' and 1 or math.tointeger(tonumber(new))
end

---Reads a patch. Lines are counted by the hunks' heads, so that none of their text can be taken for
---another file. A patch that was cut short gives what is whole and the part of the last hunk.
---@param patch string
---@return summ.Section[]
function M.parse(patch)
  local sections = {}
  local section, hunk ---@type table?, table?
  local old, new = 0, 0 -- lines that the hunk still has
  for line in patch:gmatch '([^\n]*)\n?' do
    local sign = line:sub(1, 1)
    if (old > 0 or new > 0) and (sign == ' ' or sign == '+' or sign == '-') then
      hunk.lines[#hunk.lines + 1] = line
      if sign ~= '+' then
        old = old - 1
      end
      if sign ~= '-' then
        new = new - 1
      end
      hunk.added = hunk.added + (sign == '+' and 1 or 0)
      hunk.removed = hunk.removed + (sign == '-' and 1 or 0)
    elseif sign == '\\' and hunk then
      hunk.lines[#hunk.lines + 1] = line
    elseif line:find '^diff %-%-git ' then
      section, hunk, old, new = { hunks = {}, binary = false, path = same_name(line) }, nil, 0, 0
      sections[#sections + 1] = section
    elseif section and line:find '^@@ ' then
      hunk, old, new = new_hunk(line)
      section.hunks[#section.hunks + 1] = hunk
      old, new = old or 0, new or 0
    elseif section and not hunk then
      take_head(section, line)
    end
  end
  return sections
end

return M
