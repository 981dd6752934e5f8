--- A spec: from words and files to one validated table. Nothing of a recipe has run yet.
local core = require 'core'
local place = require 'host.spec.place'
local suggest = require 'host.view.suggest'
local value = require 'host.spec.value'
local words = require 'host.spec.words'

local M = {}

local MOST_BYTES = 64 << 20
local HOW = 'values are given as key=value, a file by its path'

-- Reading. ---------------------------------------------------------------------------------------

--- Files whose names are near to one that is not there.
local function near_files(path)
  local folder, name = path:match('^(.*/)([^/]*)$')
  local entries = core.fs.list(folder and (folder == '/' and folder or folder:sub(1, -2)) or '.')
  local names = {}
  for _, entry in ipairs(entries or {}) do
    names[#names + 1] = entry.name
  end
  local near = suggest.near(name or path, names)
  for i, one in ipairs(near) do
    near[i] = (folder or '') .. one
  end
  return near
end

local function not_read(path, err)
  local out = {
    code = err.code,
    message = ('the spec %s cannot be read: %s'):format(path, err.message),
    file = path,
  }
  if err.code == 'NOT_FOUND' then
    local near = near_files(path)
    out.code = 'INVALID'
    out.message = ('the spec file %s is not there'):format(path)
    out.hint = near[1] and ('did you mean %s?'):format(table.concat(near, ' or ')) or HOW
  elseif err.code == 'ARGUMENT' then
    out.code, out.message, out.hint = 'INVALID', ('the spec %s is no file'):format(path), HOW
  end
  return nil, out
end

local STDIN = 'standard input'

--- An error of the JSON reader, with its place. What came from standard input cannot be looked up
--- any more, so the line itself goes along.
---@param what string what is read, for the message
---@param file string
---@param text string
---@param err table {message = 'line L column C: …'}
---@param least? string what would do
---@return table err
function M.not_json(what, file, text, err, least)
  local line, column, why = err.message:match('line (%d+) column (%d+): (.*)')
  line, column = math.tointeger(tonumber(line)), math.tointeger(tonumber(column))
  local out = { code = 'INVALID', file = file, line = line, column = column }
  if text:find('^%s*$') then
    out.message = ('%s %s is empty'):format(what, file)
      .. (least and '; the least is ' .. least or '')
  elseif line then
    local form = '%s %s is not JSON, line %d column %d: %s'
    out.message = form:format(what, file, line, column, why)
    out.details = file == STDIN and place.caret(text, line, column) or nil
  else
    out.message = ('%s %s is not JSON: %s'):format(what, file, err.message)
  end
  return out
end

local function read_text(file, from)
  if file == '-' then
    return from.stdin()
  end
  return from.read(file)
end

--- Reads and parses the file part: value, text, name for messages.
local function read_file(file, from)
  local name = file == '-' and STDIN or file
  local text, err = read_text(file, from)
  if not text then
    return not_read(name, err)
  end
  local spec
  spec, err = core.json.decode(text)
  if spec == nil then
    return nil, M.not_json('the spec', name, text, err, '{}')
  elseif value.kind(spec) ~= 'object' then
    return nil,
      {
        code = 'INVALID',
        file = name,
        message = ('the spec %s is %s; a spec is an object: { "key": … }'):format(
          name,
          value.show(spec)
        ),
      }
  end
  return spec, text, name
end

-- Errors with their places. ----------------------------------------------------------------------

--- The longest part of a pointer that stands in the text: a missing key is shown at its object.
local function position(positions, pointer)
  while not positions[pointer] do
    pointer = pointer:match('^(.*)/')
    if not pointer then
      return nil
    end
  end
  return positions[pointer]
end

local function beneath(pointer, above)
  return pointer == above or pointer:sub(1, #above + 1) == above .. '/'
end

--- The last word that set the value at a pointer, a value around it, or (when the file has nothing
--- there) a part of it.
local function word_of(sets, positions, pointer)
  local absent = pointer ~= '' and not positions[pointer]
  for i = #sets, 1, -1 do
    local p = sets[i].pointer
    if beneath(pointer, p) or absent and beneath(p, pointer) then
      return sets[i].word
    end
  end
end

--- One line for one error: where it is, its pointer, what was wrong, what may have been meant.
---@param e schema.Error
function M.line_of(e)
  local text = ('%s: %s'):format(e.pointer == '' and '/' or e.pointer, e.message)
  return e.hint and text .. ', ' .. e.hint or text
end

--- The hint for a word whose value is a list or object but was not written as one.
local function word_hint(e, word)
  if e.keyword ~= 'type' or not word or word:find('^[^=]*:=') then
    return nil
  end
  if e.message:find('expected a list', 1, true) then
    local key, text = {}, word:match('^[^=]*=(.*)$')
    for i, step in ipairs(value.steps(e.pointer)) do
      key[i] = step:gsub('%.', '\\.')
    end
    key = table.concat(key, '.')
    return ("a list is written as JSON: '%s:=[%s]'"):format(key, core.json.encode(text))
  end
  return nil
end

local MOST_SHOWN = 100

--- Turns schema errors into one error of this program.
---@param errors schema.Error[]
---@param source {name: string, text?: string, sets?: table[], what?: string}
---@return table err
function M.invalid(errors, source)
  local positions = source.text and place.positions(source.text) or {}
  local sets = source.sets or {}
  local out = { code = 'INVALID', file = source.text and source.name or nil, details = {} }
  for i = 1, math.min(#errors, MOST_SHOWN) do
    local e = errors[i]
    local word = word_of(sets, positions, e.pointer)
    local at = not word and position(positions, e.pointer)
    local prefix = word and ('in %s: '):format(word) or ''
    if at then
      local line = place.line(source.text, at)
      out.line = out.line or line
      prefix = ('%s:%d: '):format(source.name, line)
    end
    out.details[i] = prefix .. M.line_of(e)
    out.hint = out.hint or word_hint(e, word)
  end
  if #errors > MOST_SHOWN then
    out.details[MOST_SHOWN + 1] = ('… and %d more'):format(#errors - MOST_SHOWN)
  end
  local plural = #errors == 1 and '' or 's'
  out.message = ('%s is not valid: %d error%s'):format(source.what or 'the spec', #errors, plural)
  return out
end

-- All of it. -------------------------------------------------------------------------------------

--- Defaults are the schema author's: a wrong one is not the user's fault, and is said to be so.
local function filled(spec, schema)
  local full = schema:fill(spec)
  local errors = schema:check(full)
  if errors == true then
    return full
  end
  local lines = {}
  for i, e in ipairs(errors) do
    lines[i] = M.line_of(e)
  end
  return nil,
    {
      code = 'INVALID',
      message = 'a default in the schema does not fit the schema',
      details = lines,
    }
end

--- The words as the manifest may show them: no absolute path leaves this machine.
local function sources(list, lab)
  local root = lab and lab.root .. '/'
  local from = core.json.array {}
  for i, word in ipairs(list) do
    local key, path = word:match('^(spec=)(/.*)$')
    path = path or word:match('^/.*$')
    if path and root and path:sub(1, #root) == root then
      word = (key or '') .. path:sub(#root + 1)
    elseif path then
      word = (key or '') .. path:match('[^/]*$')
    end
    from[i] = word
  end
  return from
end

---@class load.Options
---@field words string[]
---@field lab? {root: string}
---@field schema? schema.Validator without one any object is taken
---@field read? fun(path: string): string|nil, table|nil
---@field stdin? fun(): string|nil, table|nil

local function readers(options)
  return {
    read = options.read or core.fs.read,
    stdin = options.stdin or function()
      return core.fs.stdin(MOST_BYTES)
    end,
  }
end

--- Reads, overrides, validates and completes a spec.
---@param options load.Options
---@return {value: table, from: string[]}|nil
---@return table|nil err {code, message, details, hint, file, line}
function M.read(options)
  local parsed, err = words.parse(options.words)
  if not parsed then
    return nil, err
  end
  local spec, text, name = {}, nil, nil
  if parsed.file then
    spec, text, name = read_file(parsed.file, readers(options))
    if not spec then
      return nil, text
    end
  end
  local schema = options.schema
  local ok
  ok, err = words.apply(spec, parsed.sets, function(pointer)
    return schema and schema:types(pointer)
  end)
  if not ok then
    return nil, err
  end
  spec['$schema'] = nil
  local errors = schema and schema:check(spec) or true
  if errors ~= true then
    return nil, M.invalid(errors, { name = name, text = text, sets = parsed.sets })
  end
  if schema then
    spec, err = filled(spec, schema)
    if not spec then
      return nil, err
    end
  end
  return { value = spec, from = sources(options.words, options.lab) }
end

return M
