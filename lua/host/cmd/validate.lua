--- tlab validate FILE, or RECIPE and what it would be given. Nothing is run. The schema is, in this
--- order: --schema; that of the recipe; the one the file names by "$schema"; the one tlab has for a
--- file of this name. A file called .jsonl has a value on each line. Exit code 3 with every error
--- when it is not valid.

local core = require 'core'
local load_spec = require 'host.spec.load'
local out = require 'host.cmd.out'
local schema = require 'host.spec.schema'

local FILE_MAX = 64 << 20
local DIALECT = 'https://json-schema.org/draft/2020-12/schema'

--- Files whose form tlab itself fixes, by the end of their path.
local OWN = {
  { 'run.json', 'run.schema.json' },
  { 'lab.json', 'lab.schema.json' },
  { 'effects.jsonl', 'effect.schema.json' },
  { 'notes.jsonl', 'notes.schema.json' },
  { 'summary.json', 'summary.schema.json' },
  { 'commit.json', 'commit.schema.json' },
  { 'commits.jsonl', 'commit.schema.json' },
}

local function read(file)
  if file == '-' then
    return core.fs.stdin(FILE_MAX)
  end
  return core.fs.read(file, FILE_MAX)
end

local function read_json(what, file)
  local text, err = read(file)
  if not text then
    return nil, err
  end
  local value
  value, err = core.json.decode(text)
  if value == nil then
    return nil, load_spec.not_json(what, file, text, err)
  end
  return value, nil, text
end

--- A schema by its file, or else by its name from those in the binary.
local function document(path)
  if core.fs.stat(path) then
    return read_json('the schema', path)
  end
  local own = core.embedded('schemas/' .. path:match('[^/]*$'))
  if own then
    return core.json.decode(own)
  end
  return nil,
    { code = 'NOT_FOUND', message = 'there is no schema ' .. path, hint = '--schema=FILE' }
end

local function compile(path)
  local doc, err = document(path)
  if doc == nil then
    return nil, err
  end
  local folder = path:match('^(.*/)') or ''
  return schema.compile(doc, {
    resolve = function(uri)
      return (document(folder .. uri:match('[^/]*$')))
    end,
  })
end

local function judge(validator, value, file, text)
  local errors = validator:check(value)
  if errors == true then
    return true
  end
  return nil, load_spec.invalid(errors, { what = file, name = file, text = text })
end

--- Each line is a value of its own.
local function judge_lines(validator, file)
  local text, err = read(file)
  if not text then
    return nil, err
  end
  local number = 0
  for line in text:gmatch('([^\n]*)\n?') do
    number = number + 1
    if line ~= '' then
      local value
      value, err = core.json.decode(line)
      local errors = value ~= nil and validator:check(value)
      if errors ~= true then
        return nil,
          {
            code = 'INVALID',
            file = file,
            line = number,
            message = string.format(
              '%s line %d: %s',
              file,
              number,
              value == nil and err.message or load_spec.line_of(errors[1])
            ),
          }
      end
    end
  end
  return true
end

local function own_form(file)
  for _, form in ipairs(OWN) do
    if file == form[1] or file:sub(-#form[1] - 1) == '/' .. form[1] then
      return form
    end
  end
  return nil
end

--- Which schema a file says or is known to have.
local function schema_of(value, file)
  local named = type(value) == 'table' and value['$schema']
  if type(named) == 'string' then
    if named:match '^https?://json%-schema%.org/draft' then
      return nil,
        {
          code = 'UNSUPPORTED',
          message = ('%s is a schema of another draft: %s'):format(file, named),
          details = { 'expected: "$schema": "' .. DIALECT .. '"' },
        }
    elseif named:match('^%a[%w+.-]*:') then
      return named:match('[^/]*$')
    end
    return (file:match('^(.*/)') or '') .. named
  end
  local form = own_form(file)
  if form then
    return 'schemas/' .. form[2]
  end
  return nil,
    {
      code = 'USAGE',
      message = file .. ' names no schema: it has no "$schema"',
      hint = 'tlab validate --schema=schemas/spec.schema.json ' .. file,
    }
end

--- A schema is valid when it can be used.
local function judge_schema(value)
  local validator, err = schema.compile(value, { strict = true })
  return validator and true, err, DIALECT
end

--- A file of lines has no place to name its schema in.
local function validate_lines(file, path)
  local err
  if not path then
    path, err = schema_of(nil, file)
  end
  if not path then
    return nil, err
  end
  local validator, fault = compile(path)
  if not validator then
    return nil, fault
  end
  local ok, why = judge_lines(validator, file)
  return ok, why, path
end

local function validate_file(file, options)
  if file:match '%.jsonl$' then
    return validate_lines(file, options.schema)
  end
  local value, err, text = read_json('the file', file)
  if value == nil then
    return nil, err
  end
  local path = options.schema
  if not path and type(value) == 'table' and value['$schema'] == DIALECT then
    return judge_schema(value)
  end
  if not path then
    path, err = schema_of(value, file)
    if not path then
      return nil, err
    end
  end
  local validator, fault = compile(path)
  if not validator then
    return nil, fault
  end
  local ok, why = judge(validator, value, file, text)
  return ok, why, path
end

--- A spec as `tlab run` would take it: the recipe is loaded, not run.
local function validate_spec(words)
  local declared, err = require('host.cmd.recipes').declared(words[1])
  if not declared then
    return nil, err
  end
  local spec
  spec, err = load_spec.read {
    words = table.move(words, 2, #words, 1, {}),
    lab = declared.lab,
    schema = declared.validator,
  }
  local by = declared.decl.spec
  return spec and true, err, type(by) == 'string' and by or declared.recipe.file
end

local function is_recipe(word)
  return word:match('%.lua$') or not word:find('[/.]') and word ~= '-'
end

return function(words, options)
  local ok, err, by
  if is_recipe(words[1]) then
    ok, err, by = validate_spec(words)
  elseif #words > 1 then
    return nil,
      {
        code = 'USAGE',
        message = string.format('"%s" is not a recipe', words[1]),
        hint = 'tlab validate recipes/ai.lua ' .. words[2],
      }
  else
    ok, err, by = validate_file(words[1], options)
  end
  if not ok then
    return nil, err
  end
  local file = words[2] or words[1]
  if options.json then
    out.json { valid = true, file = file, schema = by }
  elseif not options.quiet then
    out.out(string.format('valid: %s (%s)\n', file, by))
  end
  return 0
end
