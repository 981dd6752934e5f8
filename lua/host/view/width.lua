--- How much of a terminal's line a text takes, and texts made to fit. Pure.
--
-- A terminal gives East Asian wide characters and emoji two places (UAX #11) and marks that stand
-- on the character before them none. What it may not be sent is shown as an escape, as the
-- terminal's own primitive would (core/base/clean.h), so that its width is known here.

local M = {}

local WIDE = {
  { 0x1100, 0x115F },
  { 0x231A, 0x231B },
  { 0x23E9, 0x23EC },
  { 0x25FD, 0x25FE },
  { 0x2614, 0x2615 },
  { 0x2648, 0x2653 },
  { 0x26AA, 0x26AB },
  { 0x26BD, 0x26BE },
  { 0x2705, 0x2705 },
  { 0x270A, 0x270B },
  { 0x2728, 0x2728 },
  { 0x274C, 0x274E },
  { 0x2753, 0x2757 },
  { 0x2795, 0x2797 },
  { 0x2B1B, 0x2B1C },
  { 0x2B50, 0x2B55 },
  { 0x2E80, 0x303E },
  { 0x3041, 0xA4CF },
  { 0xA960, 0xA97F },
  { 0xAC00, 0xD7A3 },
  { 0xF900, 0xFAFF },
  { 0xFE10, 0xFE19 },
  { 0xFE30, 0xFE6F },
  { 0xFF00, 0xFF60 },
  { 0xFFE0, 0xFFE6 },
  { 0x16FE0, 0x18D8F },
  { 0x1B000, 0x1B2FF },
  { 0x1F000, 0x1FAFF },
  { 0x20000, 0x3FFFD },
}
local NONE = {
  { 0x0300, 0x036F },
  { 0x1AB0, 0x1AFF },
  { 0x1DC0, 0x1DFF },
  { 0x200B, 0x200D },
  { 0x20D0, 0x20FF },
  { 0xFE00, 0xFE0F },
  { 0xFE20, 0xFE2F },
}
local HIDDEN = {
  { 0x00, 0x1F },
  { 0x7F, 0x9F },
  { 0x061C, 0x061C },
  { 0x200E, 0x200F },
  { 0x202A, 0x202E },
  { 0x2066, 0x2069 },
  { 0xE0000, 0xE007F },
}

local function is_in(ranges, code)
  for _, range in ipairs(ranges) do
    if code >= range[1] and code <= range[2] then
      return true
    end
  end
  return false
end

local function of_code(code)
  if code < 0x300 then
    return 1
  end
  return is_in(NONE, code) and 0 or is_in(WIDE, code) and 2 or 1
end

--- The text as a line can show it: what is hidden, or is not UTF-8, as an escape.
---@param text string
---@return string
function M.plain(text)
  if not text:find '[^ -~]' then
    return text
  end
  local out, at = {}, 1
  while at <= #text do
    local bad = select(2, utf8.len(text, at))
    for _, code in utf8.codes(text:sub(at, (bad or #text + 1) - 1)) do
      out[#out + 1] = not is_in(HIDDEN, code) and utf8.char(code)
        or code < 0x80 and string.format('\\x%02x', code)
        or string.format('\\u{%x}', code)
    end
    if not bad then
      break
    end
    out[#out + 1] = string.format('\\x%02x', text:byte(bad))
    at = bad + 1
  end
  return table.concat(out)
end

--- Places that a plain text takes.
---@param text string
---@return integer
function M.of(text)
  if not text:find '[\128-\255]' then
    return #text
  end
  local width = 0
  for _, code in utf8.codes(text) do
    width = width + of_code(code)
  end
  return width
end

--- A plain text in at most so many places, with `…` for what was cut.
---@param text string
---@param places integer
---@return string
function M.fit(text, places)
  if #text <= places or M.of(text) <= places then
    return text
  end
  local width = 0
  for at, code in utf8.codes(text) do
    width = width + of_code(code)
    if width > places - 1 then
      return places > 0 and text:sub(1, at - 1) .. '…' or ''
    end
  end
  return text
end

return M
