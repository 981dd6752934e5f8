--- Errors for people: what happened, where, what was expected, what to type.

local core = require 'core'
local styles = require 'host.view.style'

local M = {}

local SOURCE_MAX = 1 << 20

--- The line of a file, or nil when it cannot be had: the place is then told without it.
local function source_line(file, line, options)
  local root = options.root
  for _, path in ipairs { root and root .. '/' .. file or file, file } do
    local text = options.sources and options.sources[path] or core.fs.read(path, SOURCE_MAX)
    local number = 0
    for each in (text and text .. '\n' or ''):gmatch '([^\n]*)\n' do
      number = number + 1
      if number == line then
        return each
      end
    end
  end
  return nil
end

--- ` --> file:line` and the line itself, with carets below what it holds (or below the column).
local function place(err, options, style)
  local rows = {}
  if not err.file then
    return rows
  end
  local at = err.file
  for _, number in ipairs { err.line or false, err.line and err.column or false } do
    at = number and at .. ':' .. number or at
  end
  rows[1] = style.blue('  --> ') .. at
  local text = err.line and style.clean(source_line(err.file, err.line, options))
  if not text then
    return rows
  end
  local number = tostring(err.line)
  local indent, shown = text:match('^(%s*)(.-)%s*$')
  local from, width = #indent, utf8.len(shown) or #shown
  if err.column then
    from, width = err.column - 1, 1
  end
  local pad = text:sub(1, from):gsub('[^\t]', ' ')
  rows[2] = style.blue(number .. ' | ') .. text
  rows[3] = style.blue((' '):rep(#number) .. ' | ')
    .. pad
    .. style.red(('^'):rep(math.max(width, 1)))
  return rows
end

--- The error as lines of text, each with its newline.
---@param err table {code, message, details?, hint?, file?, line?, column?, traceback?, run?,
---  status?}
---@param options? table {verbose = bool, root = the lab's folder, style = host.view.style,
---  sources = texts that are no files, by name}
---@return string
function M.text(err, options)
  options = options or {}
  local style = options.style or styles.plain
  err = style.clean(err)
  local rows = { style.red('error[' .. err.code .. ']') .. style.bold(': ' .. err.message) }
  table.move(place(err, options, style), 1, 3, #rows + 1, rows)
  local details = err.details or {}
  for _, detail in ipairs(details) do
    if #details > 1 or err.message:sub(-#detail) ~= detail then
      rows[#rows + 1] = style.blue('   = ') .. detail
    end
  end
  if err.hint then
    rows[#rows + 1] = style.bold('help: ') .. err.hint
  end
  if err.run then
    rows[#rows + 1] = style.bold('note: ')
      .. string.format('this run is kept as %s: tlab show %s', err.status or 'failed', err.run)
  end
  if options.verbose and err.traceback then
    rows[#rows + 1] = style.dim(err.traceback)
  end
  return table.concat(rows, '\n') .. '\n'
end

--- Text that JSON can carry: each byte that is not UTF-8 becomes \xHH. Tables all the way down.
---@param value any
---@return any
function M.printable(value)
  if type(value) == 'table' then
    local copy = {}
    for key, below in pairs(value) do
      copy[key] = M.printable(below)
    end
    return copy
  end
  if type(value) ~= 'string' or utf8.len(value) then
    return value
  end
  return (
    value:gsub('[\128-\255]', function(byte)
      return string.format('\\x%02x', byte:byte())
    end)
  )
end

--- The error as one line of canonical JSON: {"error": {…}}.
---@param err table
---@return string
function M.json(err)
  return core.json.encode { error = M.printable(err) } .. '\n'
end

return M
