--- What `compare` asks: the rows of a data set as questions, all of them looked at before the first
--- is asked, so that a misspelt column costs nothing.
local score = require 'tlab.score'
local text = require 'tlab.text'

local M = {}

---@class tlab.compare.Question
---@field number integer
---@field prompt string
---@field expected string|number|(string|number)[]|nil

local function fail(message, ...)
  error({ code = 'INVALID', message = message:format(...) }, 0)
end

local function names_of(row)
  local names = {}
  for name in pairs(row) do
    names[#names + 1] = text.one_line(name, 40)
  end
  return table.concat(names, ', ')
end

local function expected_of(spec, row, where)
  local expected = row[spec.expected]
  if expected == nil or expected == tlab.json.null then
    if spec.score == 'judge' then
      return nil -- a judge may know by itself
    end
    fail("%s: there is no '%s' (there are: %s)", where, spec.expected, names_of(row))
  elseif spec.score ~= 'judge' then
    local ok, _, err = pcall(score[spec.score], '', expected, spec)
    if not ok then
      fail("%s: '%s' must be a text, a number, or a list of them", where, spec.expected)
    elseif err then
      fail('%s: %s', where, err.message)
    end
  end
  return expected
end

---The questions of a data set; raises INVALID, naming file and row.
---@param spec table of schemas/compare.schema.json
---@param list any what the data set holds
---@return tlab.compare.Question[]
function M.of(spec, list)
  if type(list) ~= 'table' or not list[1] then
    fail('%s has no rows', spec.data)
  end
  local questions = {}
  for i = 1, math.min(#list, spec.limit or #list) do
    local where = ('%s, row %d'):format(spec.data, i)
    if type(list[i]) ~= 'table' then
      fail('%s: an object is expected', where)
    end
    local prompt, err = text.fill(spec.prompt, list[i])
    if not prompt then
      fail('%s: %s', where, err.message)
    end
    local expected = expected_of(spec, list[i], where)
    if not pcall(tlab.json.encode, { prompt, expected }) then
      fail('%s: bytes that are not UTF-8', where)
    end
    questions[i] = { number = i, prompt = prompt, expected = expected }
  end
  return questions
end

---The models, each with a label that no other has.
---@param models llm.Model[]
---@return table[] models with `label`
function M.labelled(models)
  local list, is_taken = {}, {}
  for i, model in ipairs(models) do
    local name, n = model.name or model.base_url, 1
    local label = name
    while is_taken[label] do
      n = n + 1
      label = ('%s (%d)'):format(name, n)
    end
    is_taken[label] = true
    list[i] = { base_url = model.base_url, name = model.name, key = model.key, label = label }
  end
  return list
end

return M
