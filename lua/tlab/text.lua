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
    local ok, bad = utf8.len(s)
    if ok then
      break
    end
    if cut and bad > #s - 3 then
      s = s:sub(1, bad - 1)
    else
      s = s:sub(1, bad - 1) .. '?' .. s:sub(bad + 1)
    end
  end
  -- C1 controls (U+0080 to U+009F) move a terminal's cursor as well as C0 does.
  s = s:gsub('\xC2[\x80-\x9F]', ' '):gsub('%c', ' '):gsub('%s+', ' '):match('^%s*(.-)%s*$')
  return cut and s .. '…' or s
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

return M
