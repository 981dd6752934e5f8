--- Reads the regular expressions of `host.spec.regex`: text → tree.
local M = {}

local MOST_NESTED = 100

local DIGIT = { 48, 57 }
local WORD = { 48, 57, 65, 90, 95, 95, 97, 122 }
local SPACE = {
  9,
  13,
  32,
  32,
  0xA0,
  0xA0,
  0x1680,
  0x1680,
  0x2000,
  0x200A,
  0x2028,
  0x2029,
  0x202F,
  0x202F,
  0x205F,
  0x205F,
  0x3000,
  0x3000,
  0xFEFF,
  0xFEFF,
}
local LINE_END = { 10, 10, 13, 13, 0x2028, 0x2029 }
local CONTROL = { t = 9, n = 10, v = 11, f = 12, r = 13 }

local function inside(ranges, c)
  for i = 1, #ranges, 2 do
    if c >= ranges[i] and c <= ranges[i + 1] then
      return true
    end
  end
  return false
end

--- Ranges of all code points that are not in `ranges` (which need not be sorted).
local function complement(ranges)
  local pairs_ = {}
  for i = 1, #ranges, 2 do
    pairs_[#pairs_ + 1] = { ranges[i], ranges[i + 1] }
  end
  table.sort(pairs_, function(a, b)
    return a[1] < b[1]
  end)
  local out, from = {}, 0
  for _, p in ipairs(pairs_) do
    if p[1] > from then
      out[#out + 1], out[#out + 2] = from, p[1] - 1
    end
    from = math.max(from, p[2] + 1)
  end
  out[#out + 1], out[#out + 2] = from, 0x10FFFF
  return out
end

-- Reading: text → tree. A parser is {c = code points, i = position, depth}. ----------------------

local parse_choice

local function refuse(what, ...)
  error({ regex = what:format(...) }, 0)
end

local function peek(p)
  local c = p.c[p.i]
  return c and utf8.char(c) or ''
end

local function take(p)
  local ch = peek(p)
  p.i = p.i + 1
  return ch
end

local function hex(p, digits)
  local text = ''
  for _ = 1, digits do
    text = text .. take(p)
  end
  if not text:find('^%x+$') then
    refuse('a hexadecimal escape without %d digits', digits)
  end
  return tonumber(text, 16)
end

local function unicode_escape(p)
  if peek(p) == '{' then
    take(p)
    local text = ''
    while peek(p) ~= '}' and peek(p) ~= '' do
      text = text .. take(p)
    end
    take(p)
    local c = text:find('^%x+$') and #text <= 8 and tonumber(text, 16) or 0x110000
    if c > 0x10FFFF then
      refuse('\\u{%s} is no code point', text)
    end
    return c
  end
  local high = hex(p, 4)
  if high >= 0xD800 and high <= 0xDBFF and peek(p) == '\\' and p.c[p.i + 1] == 117 then
    p.i = p.i + 2
    local low = hex(p, 4)
    if low < 0xDC00 or low > 0xDFFF then
      refuse('a high surrogate without a low one')
    end
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
  end
  return high
end

--- One escape behind the backslash: ranges.
local function escape(p, in_class)
  local ch = take(p)
  if ch == 'd' then
    return DIGIT
  end
  if ch == 'D' then
    return complement(DIGIT)
  end
  if ch == 'w' then
    return WORD
  end
  if ch == 'W' then
    return complement(WORD)
  end
  if ch == 's' then
    return SPACE
  end
  if ch == 'S' then
    return complement(SPACE)
  end
  local c
  if CONTROL[ch] then
    c = CONTROL[ch]
  elseif ch == 'b' and in_class then
    c = 8
  elseif ch == '0' and not peek(p):find('%d') then
    c = 0
  elseif ch == 'c' and peek(p):find('^%a$') then
    c = take(p):byte() % 32
  elseif ch == 'x' then
    c = hex(p, 2)
  elseif ch == 'u' then
    c = unicode_escape(p)
  elseif ch == 'p' or ch == 'P' then
    refuse('the Unicode property \\%s{…}', ch)
  elseif ch == 'k' then
    refuse('the named back-reference \\k<…>')
  elseif ch:find('^%d$') then
    refuse('the back-reference \\%s', ch)
  elseif ch == '' then
    refuse('a \\ at the end')
  elseif ch:find('^[%w_]$') or #ch > 1 then
    refuse('the escape \\%s', ch)
  else
    c = ch:byte()
  end
  return { c, c }
end

local function class_atom(p)
  if peek(p) == '' then
    refuse('a [ without its ]')
  elseif peek(p) == '\\' then
    take(p)
    return escape(p, true)
  end
  local c = p.c[p.i]
  p.i = p.i + 1
  return { c, c }
end

local function parse_class(p)
  local negated = peek(p) == '^'
  if negated then
    take(p)
  end
  local ranges = {}
  while peek(p) ~= ']' do
    local low = class_atom(p)
    if peek(p) == '-' and p.c[p.i + 1] ~= 93 and p.c[p.i + 1] then
      take(p)
      local high = class_atom(p)
      if #low ~= 2 or #high ~= 2 or low[1] ~= low[2] or high[1] ~= high[2] or low[1] > high[1] then
        refuse('a range in [ ] whose ends are no characters in order')
      end
      low = { low[1], high[1] }
    end
    for _, c in ipairs(low) do
      ranges[#ranges + 1] = c
    end
  end
  take(p)
  return { op = 'set', ranges = negated and complement(ranges) or ranges }
end

local LOOK = { ['='] = 'look-ahead (?=…)', ['!'] = 'look-ahead (?!…)' }

local function parse_group(p)
  if peek(p) == '?' then
    take(p)
    local ch = take(p)
    if LOOK[ch] then
      refuse('the %s', LOOK[ch])
    elseif ch == '<' and (peek(p) == '=' or peek(p) == '!') then
      refuse('the look-behind (?<%s…)', peek(p))
    elseif ch == '<' then -- a name has no use here: nothing can refer to it
      repeat
        ch = take(p)
        if ch == '' then
          refuse('a group name without its >')
        end
      until ch == '>'
    elseif ch ~= ':' then
      refuse('the group (?%s…)', ch)
    end
  end
  local tree = parse_choice(p)
  if take(p) ~= ')' then
    refuse('a ( without its )')
  end
  return tree
end

local function parse_atom(p)
  local ch = peek(p)
  if ch == '*' or ch == '+' or ch == '?' then
    refuse('a %s with nothing before it', ch)
  elseif ch == '{' or ch == '}' or ch == ']' then
    refuse('a bare %s (write \\%s)', ch, ch)
  end
  local c = p.c[p.i]
  p.i = p.i + 1
  if ch == '^' or ch == '$' then
    return { op = 'assert', what = ch }
  elseif ch == '.' then
    return { op = 'set', ranges = complement(LINE_END) }
  elseif ch == '[' then
    return parse_class(p)
  elseif ch == '(' then
    p.depth = p.depth + 1
    if p.depth > MOST_NESTED then
      refuse('more than %d groups inside one another', MOST_NESTED)
    end
    local tree = parse_group(p)
    p.depth = p.depth - 1
    return tree
  elseif ch == '\\' then
    if peek(p) == 'b' or peek(p) == 'B' then
      return { op = 'assert', what = take(p) }
    end
    return { op = 'set', ranges = escape(p, false) }
  end
  return { op = 'set', ranges = { c, c } }
end

local function parse_number(p)
  local text = ''
  while peek(p):find('^%d$') do
    text = text .. take(p)
  end
  return tonumber(text)
end

--- How often: least, most (nil: no end). Nothing when no quantifier is here.
local function parse_quantifier(p)
  local ch = peek(p)
  local least, most
  if ch == '*' or ch == '+' or ch == '?' then
    take(p)
    least, most = ch == '+' and 1 or 0, ch == '?' and 1 or nil
  elseif ch == '{' then
    take(p)
    least = parse_number(p)
    most = least
    if peek(p) == ',' then
      take(p)
      most = parse_number(p)
    end
    if not least or take(p) ~= '}' then
      refuse('a { that is no {n}, {n,} or {n,m} (write \\{)')
    elseif most and most < least then
      refuse('a {n,m} with n above m')
    end
  else
    return nil
  end
  if peek(p) == '?' then -- lazy or greedy makes no difference to whether it matches
    take(p)
  end
  return least, most
end

local function parse_sequence(p)
  local items = {}
  while peek(p) ~= '' and peek(p) ~= '|' and peek(p) ~= ')' do
    local atom = parse_atom(p)
    local least, most = parse_quantifier(p)
    if least then
      if atom.op == 'assert' then
        refuse('a quantifier behind %s', atom.what)
      end
      atom = { op = 'repeat', item = atom, least = least, most = most }
    end
    items[#items + 1] = atom
  end
  return { op = 'sequence', items = items }
end

function parse_choice(p)
  local first = parse_sequence(p)
  if peek(p) ~= '|' then
    return first
  end
  local branches = { first }
  while peek(p) == '|' do
    take(p)
    branches[#branches + 1] = parse_sequence(p)
  end
  return { op = 'choice', items = branches }
end

--- Code points of UTF-8; of other text its bytes.
local function points(s)
  local out = {}
  if utf8.len(s) then
    for _, c in utf8.codes(s) do
      out[#out + 1] = c
    end
  else
    for i = 1, #s do
      out[i] = s:byte(i)
    end
  end
  return out
end

---@param pattern string
---@return table tree raises {regex = what} where the pattern is not right or not supported
function M.parse(pattern)
  local p = { c = points(pattern), i = 1, depth = 0 }
  local tree = parse_choice(p)
  if p.i <= #p.c then
    refuse('a ) without its (')
  end
  return tree
end

M.inside, M.points, M.refuse = inside, points, refuse
M.WORD, M.LINE_END = WORD, LINE_END

return M
