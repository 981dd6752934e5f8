--- What a test gives a run: recipe, spec and options, as `tlab test` wants them. A slip in them is
--- an error where the test was written.

local suggest = require 'host.view.suggest'

local M = {}

local LEVEL = 4 -- who called lab:run
local OPTIONS = { answers = 'table', record = 'string', allow = 'table', seed = 'number' }
local ALLOW = { net = 'table', read = 'table', run = 'table', env = 'table' }
local ANSWER = {
  method = 'string',
  url = 'string',
  has = 'string',
  times = 'number',
  status = 'number',
  headers = 'table',
  body = 'string',
  json = 'any',
  chunks = 'table',
  error = 'table',
}

local function names_of(known)
  local names = {}
  for name in pairs(known) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function check(map, known, what, level)
  for name, value in pairs(map) do
    if not known[name] then
      local near = suggest.text(tostring(name), names_of(known))
      local there = near or 'there are ' .. table.concat(names_of(known), ', ')
      error(('%s has no %s: %s'):format(what, tostring(name), there), level)
    elseif known[name] ~= 'any' and type(value) ~= known[name] then
      local form = '%s: %s is a %s, expected a %s'
      error(form:format(what, name, type(value), known[name]), level)
    end
  end
end

local function check_texts(list, what, level)
  for i, text in ipairs(list) do
    if type(text) ~= 'string' then
      error(('%s[%d] is a %s, expected a text'):format(what, i, type(text)), level)
    end
  end
end

--- One answer as it goes over the border: JSON is text by now.
local function answer(from, i)
  local what = 'answers[' .. i .. ']'
  if type(from) ~= 'table' or type(from.url) ~= 'string' then
    local form = "%s is such as { url = 'http://127.0.0.1:8080/v1/*', json = { … } }"
    error(form:format(what), LEVEL)
  end
  check(from, ANSWER, what, LEVEL + 1)
  local out = {}
  for name, value in pairs(from) do
    out[name] = value
  end
  if from.json ~= nil then
    out.json, out.body = nil, tlab.json.encode(from.json)
    out.headers = out.headers or { ['content-type'] = 'application/json' }
  end
  return out
end

--- What a spec is: a value, or words as on a command line.
local function spec_of(spec)
  if type(spec) == 'string' then
    return { words = tlab.json.array { spec } }
  elseif type(spec) ~= 'table' and spec ~= nil then
    error('lab:run takes a spec second, a table or a path, not a ' .. type(spec), LEVEL)
  elseif spec and type(spec[1]) == 'string' then
    check_texts(spec, 'the spec of lab:run', LEVEL + 1)
    return { words = tlab.json.array(spec) }
  end
  return { text = spec and tlab.json.encode(spec) }
end

---@param recipe string
---@param spec table|string|nil
---@param options table?
---@return table about of the request "run"
function M.run(recipe, spec, options)
  if type(recipe) ~= 'string' then
    error('lab:run takes the name of a recipe first, not a ' .. type(recipe), LEVEL - 1)
  elseif options ~= nil and type(options) ~= 'table' then
    error('lab:run takes options third, a table, not a ' .. type(options), LEVEL - 1)
  end
  options = options or {}
  check(options, OPTIONS, 'the third argument of lab:run', LEVEL)
  check(options.allow or {}, ALLOW, 'allow', LEVEL)
  for family, list in pairs(options.allow or {}) do
    check_texts(list, 'allow.' .. family, LEVEL)
  end
  local about = { recipe = recipe, record = options.record, seed = options.seed }
  about.allow, about.spec = options.allow, spec_of(spec)
  if options.answers then
    about.answers = tlab.json.array {}
    for i, each in ipairs(options.answers) do
      about.answers[i] = answer(each, i)
    end
  end
  return about
end

return M
