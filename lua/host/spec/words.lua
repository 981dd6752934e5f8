--- The words of a command line that make up a spec: a file, `-`, `key=value`, `key:=JSON`.
local core = require 'core'
local value = require 'host.spec.value'

local M = {}

local function usage(message, hint)
  return nil, { code = 'USAGE', message = message, hint = hint }
end

---@class words.Parsed
---@field file? string a path, or `-` for standard input
---@field sets table[] {word, pointer, steps, text, json} in the order of the words

--- The steps of a dotted key: `model.name`, `cases.0.topic`. A dot in a key is written `\.`.
local function key_steps(key)
  local steps, step = {}, ''
  for escaped, ch in key:gmatch('(\\?)(.)') do
    if ch == '.' and escaped == '' then
      steps[#steps + 1] = step
      step = ''
    else
      step = step .. (ch == '.' and '' or escaped) .. ch
    end
  end
  steps[#steps + 1] = step
  for _, one in ipairs(steps) do
    if one == '' then
      return nil
    end
  end
  return steps
end

local function pointer_of(steps)
  local out = ''
  for _, step in ipairs(steps) do
    out = out .. value.step(step)
  end
  return out
end

--- Sorts words into one file and any number of settings.
---@param words string[]
---@return words.Parsed|nil
---@return table|nil err
function M.parse(words)
  local parsed = { sets = {} }
  for _, word in ipairs(words) do
    if not utf8.len(word) then
      return usage(('the word %s is not UTF-8'):format(word), 'bytes come from a file of the lab')
    end
    local key, how, text = word:match('^([%a_$][^=:/]*)(:?=)(.*)$')
    local file = not key and word or key == 'spec' and how == '=' and text or nil
    if file then
      if file == '' then
        return usage('a spec file is named by an empty word')
      elseif file:find('^%-.') then
        return usage(
          ('unknown option %s'):format(file),
          ('a file of that name is written ./%s'):format(file)
        )
      elseif parsed.file then
        return usage(
          ('two spec files: %s and %s; one file is taken, and key=value words change it'):format(
            parsed.file,
            file
          )
        )
      end
      parsed.file = file
    else
      local steps = key_steps(key)
      if not steps then
        return usage(
          ('the key in %s has an empty part'):format(word),
          'keys look like model.name=smollm2'
        )
      end
      parsed.sets[#parsed.sets + 1] = {
        word = word,
        steps = steps,
        pointer = pointer_of(steps),
        text = text,
        json = how == ':=',
      }
    end
  end
  return parsed
end

--- The value of `key=text`: the string itself where the schema takes no other type, otherwise what
--- the text is as JSON, if the schema takes that.
---@param text string
---@param kinds table<string, boolean>|nil the types that the schema allows there; nil: any
local function typed(text, kinds)
  if kinds and kinds.string and next(kinds, next(kinds)) == nil then
    return text
  end
  local decoded = core.json.decode(text)
  local kind = decoded ~= nil and value.kind(decoded) or nil
  if not kind or kind == 'string' then
    return text
  elseif not kinds or not kinds.string or kinds[kind] or kind == 'integer' and kinds.number then
    return decoded
  end
  return text
end

local function decoded(set)
  local v, err = core.json.decode(set.text)
  if v == nil then
    return nil,
      {
        code = 'INVALID',
        message = ('the value of %s is not JSON: %s'):format(
          set.word,
          err and err.message or 'empty'
        ),
        hint = ('a string is written %s=…'):format(set.word:match('^[^:]*')),
      }
  end
  return v
end

--- The place of a step in a table: a key, or a position of a list (which may be the next free one).
local function slot(t, step)
  if not value.is_list(t) then
    return step
  end
  local i = step:find('^%d+$') and math.tointeger(tonumber(step))
  return i and i <= #t and i + 1 or nil
end

--- Puts one setting into a spec.
---@param spec table
---@param set table
---@param v any
---@return true|nil
---@return table|nil err
local function put(spec, set, v)
  local here = spec
  for i, step in ipairs(set.steps) do
    local key = slot(here, step)
    if not key then
      return nil,
        {
          code = 'INVALID',
          message = ('%s: a list has positions 0, 1, 2 …, not "%s"'):format(set.word, step),
        }
    elseif i == #set.steps then
      here[key] = v
    elseif type(here[key]) ~= 'table' then
      here[key] = {}
    end
    here = here[key]
  end
  return true
end

--- Applies the settings to a spec, in place; later ones win.
---@param spec table
---@param sets table[]
---@param types fun(pointer: string): table<string, boolean>|nil
---@return true|nil
---@return table|nil err
function M.apply(spec, sets, types)
  for _, set in ipairs(sets) do
    local v, err
    if set.json then
      v, err = decoded(set)
      if err then
        return nil, err
      end
    else
      v = typed(set.text, types(set.pointer))
    end
    local ok, why = put(spec, set, v)
    if not ok then
      return nil, why
    end
  end
  return true
end

return M
