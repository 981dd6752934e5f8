--- Values as a person reads them: Lua's own syntax, in order, within limits, and nothing that would
--- move a terminal's cursor.

local M = {}

-- What is shown at most, so that no value fills the screen.
local DEPTH = 8 -- of tables in tables
local ITEMS = 100 -- of one table
local IN_ALL = 1000 -- values of one answer
local BYTES = 2000 -- of one string
local LEAST = 20 -- places of the narrowest terminal

local NAMED = { ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t', ['\\'] = '\\\\' }
local RESERVED = {}
for word in
  ([[and break do else elseif end false for function goto if in local nil not or repeat return then
  true until while]]):gmatch '%l+'
do
  RESERVED[word] = true
end

-- Loaded when the first text beyond ASCII is shown.
local function width()
  return require 'host.view.width'
end

local function places(text)
  return text:find '[\128-\255]' and width().of(text) or #text
end

--- A text without anything that a terminal would obey.
local function plain(text)
  return text:find '[^ -~]' and width().plain(text) or text
end

--- The first bytes of a text, cut between two characters.
local function head(text, most)
  if #text <= most then
    return text, ''
  end
  local at = most + 1
  while at > most - 3 and text:byte(at) & 0xC0 == 0x80 do
    at = at - 1
  end
  return text:sub(1, at - 1), ('… (%d bytes)'):format(#text)
end

local function quoted(text)
  local shown, rest = head(text, BYTES)
  local quote = shown:find("'", 1, true) and not shown:find('"', 1, true) and '"' or "'"
  shown = plain((shown:gsub('[\n\r\t\\]', NAMED)))
  if quote == "'" then
    shown = shown:gsub("'", "\\'")
  end
  return quote .. shown .. quote .. rest
end

local function is_name(key)
  return type(key) == 'string' and key:find '^[%a_][%w_]*$' and not RESERVED[key]
end

--- What stands before `=` of an item, and how the item is called behind its table.
local function key_of(key)
  if is_name(key) then
    return key, '.' .. key
  end
  local text = '[' .. (type(key) == 'string' and quoted(key) or tostring(key)) .. ']'
  return text, text
end

--- The text of a value that has one of its own: an error, a secret, an object with __tostring.
local function own_text(value)
  if type(value) == 'table' and getmetatable(value) == nil then
    return nil
  end
  local ok, text = pcall(tostring, value)
  if not ok then
    return '<' .. type(value) .. ' whose __tostring fails>'
  elseif text:find '^[%l ]+: %d+$' then
    return type(value) ~= 'table' and '<' .. type(value) .. '>' or nil
  end
  local shown, rest = head(text, BYTES)
  return plain((shown:gsub('[\n\r\t]', NAMED))) .. rest
end

local function scalar(value)
  if type(value) == 'string' then
    return quoted(value)
  elseif value == tlab.json.null then
    return 'tlab.json.null'
  elseif type(value) == 'number' or type(value) == 'boolean' or value == nil then
    return tostring(value)
  end
  return own_text(value)
end

--- pairs without a metamethod of the value's own; nil when its keys have no order.
local function walk(value)
  local meta = getmetatable(value)
  if type(meta) == 'table' and rawget(meta, '__pairs') then
    local ok = pcall(next, value)
    return ok and next, value
  end
  local ok, step, state, first = pcall(pairs, value)
  return ok and step, state, first
end

local render -- below: tables are made of values

--- The items of a table as texts, what all of them are too many for as the last one.
local function items_of(view, value, indent, depth)
  local items, more, expected = {}, 0, 1
  local step, state, first = walk(value)
  if not step then
    return { '… keys that have no order' }
  end
  for key, item in step, state, first do
    if #items == ITEMS or view.left <= 0 then
      more = more + 1
    else
      view.left = view.left - 1
      local name, way = key_of(key)
      local is_next = key == expected
      local before = is_next and '' or name .. ' = '
      local path = view.paths[value] .. (is_next and '[' .. key .. ']' or way)
      expected = is_next and expected + 1 or expected
      items[#items + 1] = before .. render(view, item, indent + 2, depth + 1, path, #before)
    end
  end
  if more > 0 then
    items[#items + 1] = ('… %d more'):format(more)
  end
  return items, expected > #items - (more > 0 and 1 or 0)
end

--- Many short items of a list, as many on a line as fit.
local function filled(items, indent, wide)
  local lines, line, used = {}, {}, indent
  for i, item in ipairs(items) do
    local text = item .. (i < #items and ',' or '')
    local more = places(text) + 1
    if #line > 0 and used + more > wide then
      lines[#lines + 1] = table.concat(line, ' ')
      line, used = {}, indent
    end
    line[#line + 1] = text
    used = used + more
  end
  lines[#lines + 1] = table.concat(line, ' ')
  return lines
end

local function is_simple(items)
  for _, item in ipairs(items) do
    if #item > 24 or item:find '[\n{]' then
      return false
    end
  end
  return #items > 8
end

--- The items between braces: on one line where it fits, behind what stands there already.
local function braced(view, items, is_list, indent, before)
  if #items == 0 then
    return '{}'
  end
  local line = '{ ' .. table.concat(items, ', ') .. ' }'
  local comma = indent > 0 and 1 or 0
  if not line:find('\n', 1, true) and indent + before + places(line) + comma <= view.wide then
    return line
  end
  local pad = '\n' .. (' '):rep(indent + 2)
  if is_list and is_simple(items) then
    return '{'
      .. pad
      .. table.concat(filled(items, indent + 2, view.wide), pad)
      .. '\n'
      .. (' '):rep(indent)
      .. '}'
  end
  return '{' .. pad .. table.concat(items, ',' .. pad) .. ',\n' .. (' '):rep(indent) .. '}'
end

function render(view, value, indent, depth, path, before)
  local text = scalar(value)
  if text then
    return text
  elseif view.paths[value] then
    return '<' .. view.paths[value] .. ' again>'
  elseif depth == DEPTH then
    return next(value) == nil and '{}' or '{…}'
  end
  view.paths[value] = path
  local items, is_list = items_of(view, value, indent, depth)
  view.paths[value] = nil
  return braced(view, items, is_list, indent, before)
end

--- A value as text: the first line and more.
---@param value any
---@param wide? integer places of a line (80)
---@return string
local function value_text(value, wide)
  local view = { left = IN_ALL, wide = math.max(wide or 80, LEAST), paths = {} }
  return render(view, value, 0, 0, '_', 0)
end

M.value = value_text

--- Several values, as a function answers them: each on lines of its own.
---@param values table as of table.pack
---@param wide? integer
---@return string|nil nil when there is none
function M.values(values, wide)
  local texts = {}
  for i = 1, math.min(values.n, ITEMS) do
    texts[i] = value_text(values[i], wide)
  end
  if values.n > ITEMS then
    texts[#texts + 1] = ('… %d more values'):format(values.n - ITEMS)
  end
  return #texts > 0 and table.concat(texts, '\n') or nil
end

return M
