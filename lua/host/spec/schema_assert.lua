--- JSON Schema: the keywords that look at one value only (vocabularies validation and format).
local formats = require 'host.spec.schema_formats'
local regex = require 'host.spec.regex'
local run = require 'host.spec.schema_run'
local suggest = require 'host.view.suggest'
local value = require 'host.spec.value'

local M = {}

local fail, show = run.fail, value.show

local NAMES = {
  null = 'null',
  boolean = 'true or false',
  integer = 'a whole number',
  number = 'a number',
  string = 'a string',
  array = 'a list',
  object = 'an object',
}

local function is_number(v)
  return type(v) == 'number'
end

--- 1 item, 2 items.
local function many(n, word)
  return ('%s %s%s'):format(value.number(n), word, n == 1 and '' or 's')
end

-- Arguments of keywords. -------------------------------------------------------------------------

--- The list in a keyword's argument; an empty table written in Lua counts as an empty list.
function M.list(arg, site)
  if type(arg) == 'table' and (value.is_list(arg) or next(arg) == nil) then
    return arg
  end
  site.fault('expected a list, got %s', show(arg))
  return {}
end

function M.map(arg, site)
  if type(arg) == 'table' and (not value.is_list(arg) or next(arg) == nil) then
    return arg
  end
  site.fault('expected an object, got %s', show(arg))
  return {}
end

function M.strings(arg, site)
  for _, s in ipairs(M.list(arg, site)) do
    if type(s) ~= 'string' then
      site.fault('expected a list of strings, got %s in it', show(s))
      return {}
    end
  end
  return M.list(arg, site)
end

function M.size(arg, site)
  if value.kind(arg) ~= 'integer' or arg < 0 then
    site.fault('expected a whole number from 0, got %s', show(arg))
    return nil
  end
  return arg
end

--- A matcher for a pattern; what it cannot do is refused by name.
function M.pattern(pattern, site)
  if type(pattern) ~= 'string' then
    site.fault('expected a regular expression, got %s', show(pattern))
    return nil
  end
  local matcher, what = regex.compile(pattern)
  if not matcher then
    site.fault('the pattern %s is not supported: %s', show(pattern), what)
  end
  return matcher
end

-- Any value. -------------------------------------------------------------------------------------

local function type_names(arg, site)
  local names = type(arg) == 'string' and { arg } or M.strings(arg, site)
  local kinds, words = {}, {}
  for i, name in ipairs(names) do
    if not NAMES[name] then
      site.fault(
        '%s is no type; types are null, boolean, integer, number, string, array, object',
        show(name)
      )
    end
    kinds[name] = true
    words[i] = NAMES[name]
  end
  return kinds, table.concat(words, ' or ')
end

local function make_type(arg, site)
  local kinds, words = type_names(arg, site)
  site.node.kinds = kinds
  return function(ctx, v, at)
    local kind = value.kind(v)
    if kind and (kinds[kind] or kind == 'integer' and kinds.number) then
      return true
    end
    return fail(ctx, site, at, ('expected %s, got %s'):format(words, show(v)))
  end
end

local function make_const(arg, site)
  return function(ctx, v, at)
    return value.equal(v, arg)
      or fail(ctx, site, at, ('expected %s, got %s'):format(show(arg), show(v)))
  end
end

local function make_enum(arg, site)
  local words, strings = {}, {}
  for i, item in ipairs(M.list(arg, site)) do
    words[i] = show(item)
    if type(item) == 'string' then
      strings[#strings + 1] = item
    end
  end
  local text = #words == 1 and words[1] or 'one of ' .. table.concat(words, ', ')
  return function(ctx, v, at)
    for _, item in ipairs(arg) do
      if value.equal(v, item) then
        return true
      end
    end
    local hint = type(v) == 'string' and suggest.text(v, strings) or nil
    return fail(ctx, site, at, ('expected %s, got %s'):format(text, show(v)), hint)
  end
end

-- Numbers. ---------------------------------------------------------------------------------------

--- A number as mantissa × 10^exponent with an integer mantissa that does not end in 0.
local function decimal(x)
  if math.type(x) == 'integer' then
    if x == math.mininteger then
      return x, 0
    end
    local e = 0
    x = math.abs(x)
    while x ~= 0 and x % 10 == 0 do
      x, e = x // 10, e + 1
    end
    return x, e
  end
  local text
  for digits = 0, 16 do
    text = ('%.' .. digits .. 'e'):format(math.abs(x))
    if tonumber(text) == math.abs(x) then
      break
    end
  end
  local whole, part, e = text:match('^(%d)%.?(%d*)e([+-]%d+)$')
  return math.tointeger(tonumber(whole .. part)), math.tointeger(tonumber(e)) - #part
end

local function add_mod(a, b, m)
  return a >= m - b and a - (m - b) or a + b
end

--- Whether x is a whole multiple of y in exact decimal arithmetic: 0.0075 is one of 0.0001.
function M.is_multiple(x, y)
  local a, ea = decimal(x)
  local b, eb = decimal(y)
  if a == 0 then
    return true
  elseif ea < eb then
    -- a has no factor 10 left. It must divide by b × 10^k, which asks for one, unless b is finer.
    return false
  end
  local rest = a % b
  for _ = 1, ea - eb do
    local two = add_mod(rest, rest, b)
    local four = add_mod(two, two, b)
    rest = add_mod(four, rest, b)
    rest = add_mod(rest, rest, b)
    if rest == 0 then
      break
    end
  end
  return rest == 0
end

local function make_multiple(arg, site)
  if not is_number(arg) or arg <= 0 then
    site.fault('expected a number above 0, got %s', show(arg))
    return nil
  end
  return function(ctx, v, at)
    return not is_number(v)
      or M.is_multiple(v, arg)
      or fail(ctx, site, at, ('expected a multiple of %s, got %s'):format(show(arg), show(v)))
  end
end

local function bound(holds, words)
  return function(arg, site)
    if not is_number(arg) then
      site.fault('expected a number, got %s', show(arg))
      return nil
    end
    return function(ctx, v, at)
      return not is_number(v)
        or holds(v, arg)
        or fail(ctx, site, at, ('expected %s %s, got %s'):format(words, show(arg), show(v)))
    end
  end
end

-- Sizes. -----------------------------------------------------------------------------------------

local function is_object(v)
  return value.kind(v) == 'object'
end

local function size(is_kind, measure, least, word)
  return function(arg, site)
    if not M.size(arg, site) then
      return nil
    end
    return function(ctx, v, at)
      if not is_kind(v) then
        return true
      end
      local n = measure(v)
      if least and n >= arg or not least and n <= arg then
        return true
      end
      local words = least and 'at least' or 'at most'
      return fail(
        ctx,
        site,
        at,
        ('expected %s %s, got %s'):format(words, many(arg, word), tostring(n))
      )
    end
  end
end

local function is_string(v)
  return type(v) == 'string'
end

local function count_list(v)
  return #v
end

-- Strings, lists, objects. -----------------------------------------------------------------------

local function make_pattern(arg, site)
  local matcher = M.pattern(arg, site)
  return matcher
    and function(ctx, v, at)
      return not is_string(v)
        or matcher(v)
        or fail(ctx, site, at, ('%s does not match the pattern %s'):format(show(v), arg))
    end
end

local function make_format(arg, site)
  if not site.options.formats then
    return nil
  end
  local check = formats[arg]
  if not check then
    site.fault('the format %s cannot be checked', show(arg))
    return nil
  end
  return function(ctx, v, at)
    return not is_string(v)
      or check(v)
      or fail(ctx, site, at, ('%s is not of the format %s'):format(show(v), arg))
  end
end

local function make_unique(arg, site)
  if type(arg) ~= 'boolean' then
    site.fault('expected true or false, got %s', show(arg))
  end
  return arg == true
      and function(ctx, v, at)
        for j = 2, value.is_list(v) and #v or 0 do
          for i = 1, j - 1 do
            if value.equal(v[i], v[j]) then
              return fail(ctx, site, at, ('items %d and %d are equal'):format(i - 1, j - 1))
            end
          end
        end
        return true
      end
    or nil
end

local function make_required(arg, site)
  local keys = M.strings(arg, site)
  return function(ctx, v, at)
    local ok = true
    for _, key in ipairs(is_object(v) and keys or {}) do
      if v[key] == nil then
        ok = fail(ctx, site, at, ('the key %s is missing'):format(show(key)))
      end
    end
    return ok
  end
end

local function make_dependent(arg, site)
  local needs = {}
  for key, keys in pairs(M.map(arg, site)) do
    needs[key] = M.strings(keys, site)
  end
  return function(ctx, v, at)
    local ok = true
    for key, keys in pairs(is_object(v) and needs or {}) do
      for _, other in ipairs(v[key] ~= nil and keys or {}) do
        if v[other] == nil then
          ok = fail(
            ctx,
            site,
            at,
            ('the key %s needs the key %s beside it'):format(show(key), show(other))
          )
        end
      end
    end
    return ok
  end
end

--- keyword → {vocabulary, make}
M.keywords = {}

local function define(vocabulary, makers)
  for keyword, make in pairs(makers) do
    M.keywords[keyword] = { vocabulary = vocabulary, make = make }
  end
end

define('validation', {
  type = make_type,
  const = make_const,
  enum = make_enum,
  multipleOf = make_multiple,
  maximum = bound(function(v, m)
    return v <= m
  end, 'at most'),
  minimum = bound(function(v, m)
    return v >= m
  end, 'at least'),
  exclusiveMaximum = bound(function(v, m)
    return v < m
  end, 'less than'),
  exclusiveMinimum = bound(function(v, m)
    return v > m
  end, 'more than'),
  maxLength = size(is_string, value.length, false, 'character'),
  minLength = size(is_string, value.length, true, 'character'),
  maxItems = size(value.is_list, count_list, false, 'item'),
  minItems = size(value.is_list, count_list, true, 'item'),
  maxProperties = size(is_object, value.count, false, 'key'),
  minProperties = size(is_object, value.count, true, 'key'),
  pattern = make_pattern,
  uniqueItems = make_unique,
  required = make_required,
  dependentRequired = make_dependent,
})
define('format-annotation', { format = make_format })

return M
