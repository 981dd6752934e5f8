--- Text: templates, and text from outside made safe to show.
local M = {}

local function names_of(vars)
  local names = {}
  for name in pairs(vars) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  return #names > 0 and table.concat(names, ', ') or 'none'
end

local function look_up(vars, path)
  local value = vars
  for step in path:gmatch('[^.]+') do
    if type(value) ~= 'table' then
      return nil
    end
    value = value[step] == nil and value[math.tointeger(step)] or value[step]
    if value == nil then
      return nil
    end
  end
  return value
end

local function invalid(format, ...)
  return nil, { code = 'INVALID', message = format:format(...) }
end

local function as_text(value)
  if type(value) == 'string' then
    return value
  end
  return tlab.json.encode(value)
end

---Fills `{{name}}` and `{{name.part}}`; `{{list.1}}` is a list's first, and `\{{` stands for `{{`.
---Text goes in as it is, anything else as canonical JSON; what is filled in is not filled again.
---@param template string
---@param vars table<string, any>
---@return string? text
---@return table? err INVALID, naming the variable and the ones there are
function M.fill(template, vars)
  local out, at = {}, 1
  while true do
    local open = template:find('{{', at, true)
    if not open then
      break
    end
    if template:sub(open - 1, open - 1) == '\\' and open > at then
      out[#out + 1] = template:sub(at, open - 2) .. '{{'
      at = open + 2
    else
      local close = template:find('}}', open, true)
      local path = close and template:sub(open + 2, close - 1):match('^%s*([%w_%-.]+)%s*$')
      if not path then
        return invalid(
          "'%s' in the template is not {{name}}; write \\{{ for two braces",
          M.one_line(template:sub(open, close and close + 1 or open + 20), 40)
        )
      end
      local value = look_up(vars, path)
      if value == nil or value == tlab.json.null then
        return invalid(
          "the template wants '%s', and there is no such variable (there are: %s)",
          path,
          names_of(vars)
        )
      end
      out[#out + 1] = template:sub(at, open - 1)
      out[#out + 1] = as_text(value)
      at = close + 2
    end
  end
  out[#out + 1] = template:sub(at)
  return table.concat(out)
end

---Text of unknown origin as one line, safe for a terminal: control characters become spaces,
---bytes that are not UTF-8 become `?`.
---@param s string
---@param max integer? most bytes to keep (default 300); what is cut ends in `…`
---@return string
function M.one_line(s, max)
  max = max or 300
  local cut = #s > max
  s = s:sub(1, max)
  while true do
    local _, bad = utf8.len(s)
    if not bad then
      break
    end
    if cut and bad > #s - 3 then
      s = s:sub(1, bad - 1)
    else
      s = s:sub(1, bad - 1) .. '?' .. s:sub(bad + 1)
    end
  end
  -- C1 controls (U+0080 to U+009F) move a terminal's cursor as well as C0 does.
  s = s:gsub('\xC2[\x80-\x9F]', ' '):gsub('%c', ' '):gsub('%s+', ' '):gsub('^ ', ''):gsub(' $', '')
  return cut and s .. '…' or s
end

-- U+00C0 to U+00FF without their marks, in lower case; capitals and small letters differ by 0x20.
local LATIN = {}
do
  local plain = 'a a a a a a ae c e e e e i i i i d n o o o o o - o u u u u y th ss'
  local i = 0x80
  for letters in plain:gmatch('%S+') do
    LATIN[string.char(0xC3, i)], LATIN[string.char(0xC3, i + 0x20)] = letters, letters
    i = i + 1
  end
  LATIN['\xC3\xBF'] = 'y'
end

-- What some systems take for a device, with any ending.
local DEVICES = { con = true, prn = true, aux = true, nul = true }

local SLUG_MAX, SHORT_SHA = 64, 8

---A name for a file or folder, made of text from outside (a commit's subject): small letters,
---digits and single `-`, none at its ends, at most 64 bytes, never empty and no device of any
---system. The same text gives the same name; texts that give one name are told apart by `sha`.
---@param s string any bytes
---@param sha string? hex digits, of which the first 8 are put behind it
---@return string
function M.slug(s, sha)
  if sha and not sha:match('^%x%x%x%x%x%x%x%x') then
    error('the second argument of text.slug must begin with eight hex digits', 2)
  end
  s = s:sub(1, 4096):gsub('\xC3[\x80-\xBF]', LATIN):lower():gsub('[^a-z0-9]+', '-')
  s = s:gsub('^%-', ''):sub(1, SLUG_MAX):gsub('%-$', '')
  if s == '' then
    s = 'untitled'
  elseif DEVICES[s] or s:match('^com%d$') or s:match('^lpt%d$') then
    s = 'x-' .. s
  end
  return sha and s .. '-' .. sha:sub(1, SHORT_SHA):lower() or s
end

-- Each byte that is no UTF-8 replaced by what `make` gives for it; and whether there was none.
---@return string text, boolean same
local function mended(s, make)
  local out, at = {}, 1
  while true do
    local ok, bad = utf8.len(s, at)
    if ok then
      return table.concat(out) .. s:sub(at), at == 1
    end
    out[#out + 1] = s:sub(at, bad - 1) .. make(s:sub(bad, bad))
    at = bad + 1
  end
end

local function replacement()
  return '\u{FFFD}'
end

---Text of unknown origin as valid UTF-8: each byte that is none becomes U+FFFD.
---@param s string
---@return string text
---@return boolean same whether nothing had to be replaced
function M.valid(s)
  return mended(s, replacement)
end

-- What moves a cursor, hides text or turns its direction, besides control characters; the same as
-- core/base/clean.c takes off a terminal.
local HIDDEN = {
  '\xC2[\x80-\x9F]', -- C1 controls
  '\xD8\x9C',
  '\xE2\x80[\x8E\x8F\xA8-\xAE]', -- marks, line separators, embeddings and overrides
  '\xE2\x81[\xA6-\xA9]', -- isolates
  '\xF3\xA0[\x80\x81][\x80-\xBF]', -- tags: invisible copies of ASCII
}

local function code_of(c)
  return ('\\u{%x}'):format(utf8.codepoint(c))
end

local function byte_of(c)
  return ('\\x%02x'):format(c:byte())
end

---Text of unknown origin as one line in which nothing is hidden: control characters,
---bidirectional controls, tag characters and bytes that are not UTF-8 become escapes (`\x1b`,
---`\u{202e}`, `\xff`).
---@param s string
---@param max integer? most bytes of `s` that are shown (default 300); what is cut ends in `…`
---@return string
function M.visible(s, max)
  max = max or 300
  local cut = #s > max
  if cut then
    while max > 0 and s:byte(max + 1) & 0xC0 == 0x80 do
      max = max - 1
    end
    s = s:sub(1, max)
  end
  if s:find '[\0-\x1F\x7F-\xFF]' then
    s = mended(s, byte_of)
    for _, pattern in ipairs(HIDDEN) do
      s = s:gsub(pattern, code_of)
    end
    s = s:gsub('%c', byte_of)
  end
  return cut and s .. '…' or s
end

---A whole number for people: 12,345.
---@param n number
---@return string
function M.number(n)
  local threes = ('%d'):format(n):reverse():gsub('%d%d%d', '%0,'):reverse()
  return (threes:gsub('^(%-?),', '%1'))
end

---How many of what: 1 file, 1,234 files.
---@param n number
---@param one string
---@return string
function M.many(n, one)
  return ('%s %s%s'):format(M.number(n), one, n == 1 and '' or 's')
end

---A Markdown code block that `s` cannot end early.
---@param s string
---@param info string? the language
---@return string
function M.fence(s, info)
  local longest = 2
  for run in s:gmatch('`+') do
    longest = math.max(longest, #run)
  end
  local bar = ('`'):rep(longest + 1)
  return bar .. (info or '') .. '\n' .. s .. (s:sub(-1) == '\n' and '' or '\n') .. bar .. '\n'
end

-- Where a piece of `s` that begins at `at` ends: behind the last empty line that lies in its second
-- half, else behind the last line, else at `most` bytes, in no character.
local function piece_end(s, at, most)
  local last = at + most - 1
  if last >= #s then
    return #s
  end
  local window = s:sub(at, last)
  local cut = window:match '^.*\n[ \t]*\n()' or 0
  cut = cut - 1 > most // 2 and cut or window:match '^.*\n()'
  if cut then
    return at + cut - 2
  end
  while last > at and (s:byte(last + 1) or 0) & 0xC0 == 0x80 do
    last = last - 1
  end
  return last
end

---A long text in pieces of at most so many bytes, cut between paragraphs where that can be, else
---between lines, else between characters. Together they are the text again.
---@param s string
---@param most integer bytes of a piece, 4 at least
---@return {text: string, line: integer}[] pieces with the number of the line that each begins in
function M.pieces(s, most)
  if math.type(most) ~= 'integer' or most < 4 then
    error('text.pieces: the size must be a whole number of bytes, 4 at least', 2)
  end
  local pieces, at, line = {}, 1, 1
  while at <= #s do
    local last = piece_end(s, at, most)
    local piece = s:sub(at, last)
    pieces[#pieces + 1] = { text = piece, line = line }
    line = line + select(2, piece:gsub('\n', ''))
    at = last + 1
  end
  return pieces
end

---The line in which a quote begins, where the text has it word for word; blanks and line breaks
---count alike.
---@param s string
---@param quote string
---@return integer? line nil where it does not stand there
function M.locate(s, quote)
  quote = quote:gsub('%s+', ' '):gsub('^ ', ''):gsub(' $', '')
  local flat = s:gsub('%s+', ' ')
  local at = quote ~= '' and flat:find(quote, 1, true)
  if not at then
    return nil
  end
  -- As many characters that are no blanks stand before it as in the text with its lines.
  local before, line = #flat:sub(1, at):gsub('%s', ''), 0
  for each in (s .. '\n'):gmatch '[^\n]*\n' do
    line, before = line + 1, before - #each:gsub('%s', '')
    if before <= 0 then
      break
    end
  end
  return line
end

-- The beginning of a word that takes at most `most` columns, and the rest; one character at least,
-- with the marks that stand on it.
local function split(word, most, width)
  local taken = 0
  for at, code in utf8.codes(word) do
    taken = taken + width.of(utf8.char(code))
    if taken > most and at > 1 then
      return word:sub(1, at - 1), word:sub(at)
    end
  end
  return word, ''
end

-- A paragraph's words, in lines of at most `most` columns, each with the indent before it.
local function fill_lines(lines, paragraph, most, indent, width)
  local line, taken = nil, 0
  for word in paragraph:gmatch '%S+' do
    local room = width.of(word)
    if line and taken + 1 + room <= most then
      line, taken = line .. ' ' .. word, taken + 1 + room
    else
      lines[#lines + 1] = line and indent .. line
      while room > most do
        local first
        first, word = split(word, most, width)
        lines[#lines + 1] = indent .. first
        room = width.of(word)
      end
      line, taken = word, room
    end
  end
  lines[#lines + 1] = line and line ~= '' and indent .. line or nil
end

---Text in lines of at most so many columns. Wide characters of East Asia and emoji take two. Lines
---of a paragraph are joined, an empty line stays between two; only a word that is wider than a line
---is cut. Bytes that are not UTF-8 become U+FFFD.
---@param s string
---@param columns integer
---@param indent string? goes before each line, and counts
---@return string each line with its newline; nothing for a text without words
function M.wrap(s, columns, indent)
  local width = require 'host.view.width' -- here: few recipes need it, and what is loaded is kept
  indent = indent or ''
  local most = math.type(columns) == 'integer' and columns - width.of(M.valid(indent)) or 0
  if most < 2 then
    error('text.wrap: the width must be a whole number, 2 at least beside the indent', 2)
  end
  local lines = {}
  for paragraph in (M.valid(s):gsub('\r\n?', '\n') .. '\n\n'):gmatch '(.-)\n[ \t]*\n%s*' do
    if #lines > 0 and paragraph:find '%S' then
      lines[#lines + 1] = (indent:gsub('%s+$', ''))
    end
    fill_lines(lines, paragraph, most, indent, width)
  end
  return #lines > 0 and table.concat(lines, '\n') .. '\n' or ''
end

return M
