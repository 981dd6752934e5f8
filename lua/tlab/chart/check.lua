--- What is wrong with what a chart is given: a sentence, or nil where nothing is.
local axis = require 'tlab.chart.axis'
local values_of = require 'tlab.stats.values'

local M = {}

local LARGEST = 2 ^ 53 -- up to here a number tells whole numbers apart
local MOST = 10000 -- rows or points: more is a file that no viewer likes

local function number_problem(value)
  if not values_of.is_finite(value) then
    return 'is ' .. values_of.wrong(value)
  elseif math.abs(value) > LARGEST then
    return ('is %s, beyond what a chart shows (2^53): divide it, or draw its logarithm'):format(
      axis.number(value)
    )
  end
end

local function is_text(value)
  return value == nil or type(value) == 'string'
end

---@param chart any
---@param names string[] members that are text where they are there
---@return string? problem
function M.head(chart, names)
  if type(chart) ~= 'table' then
    return 'expected a table with a title'
  elseif type(chart.title) ~= 'string' then
    return 'the title is missing, a text'
  end
  for _, name in ipairs(names) do
    if not is_text(chart[name]) then
      return ('%s is a %s, expected a text'):format(name, type(chart[name]))
    end
  end
end

local function list_problem(list, name)
  if type(list) ~= 'table' or (#list == 0 and next(list) ~= nil) then
    return ('%s must be a list'):format(name)
  elseif #list > MOST then
    local message = '%d %s are more than a chart shows (%d): draw fewer, or a histogram'
    return message:format(#list, name, MOST)
  end
end

local function row_problem(row, i)
  if type(row) ~= 'table' or type(row.label) ~= 'string' then
    return ('row %d has no label, a text'):format(i)
  end
  for _, key in ipairs { 'value', 'more' } do
    local value = row[key]
    local problem = (key == 'value' or value ~= nil) and number_problem(value)
    if problem then
      return ('%s of row %d %s'):format(key, i, problem)
    elseif value and value < 0 then
      local message = '%s of row %d is %s, and bars begin at 0: draw chart.lines or chart.scatter'
      return message:format(key, i, axis.number(value))
    end
  end
end

---@param rows any list of {label, value, more?}
---@return string? problem
function M.rows(rows)
  local problem = list_problem(rows, 'rows')
  for i = 1, problem and 0 or #rows do
    problem = problem or row_problem(rows[i], i)
  end
  return problem
end

---@param values any list of numbers
---@return string? problem
function M.values(values)
  if type(values) ~= 'table' or (#values == 0 and next(values) ~= nil) then
    return 'values must be a list'
  end
  for i = 1, #values do
    local problem = number_problem(values[i])
    if problem then
      return ('value %d %s'):format(i, problem)
    end
  end
end

local function points_problem(points, where)
  local problem = list_problem(points, 'points')
  if problem then
    return where .. problem
  end
  for i = 1, #points do
    local point = points[i]
    if type(point) ~= 'table' or not is_text(point.label) then
      return ('%spoint %d must be { x = …, y = …, label? = a text }'):format(where, i)
    end
    for _, key in ipairs { 'x', 'y' } do
      problem = number_problem(point[key])
      if problem then
        return ('%s%s of point %d %s'):format(where, key, i, problem)
      end
    end
  end
end

---@param list any series: list of {name?, points}
---@param most integer
---@return string? problem
function M.series(list, most)
  local problem = list_problem(list, 'series')
  if problem then
    return problem
  elseif #list > most then
    return ('%d series cannot be told apart, at most %d can: make several charts'):format(
      #list,
      most
    )
  end
  local all = 0
  for i, series in ipairs(list) do
    local where = ('series %d: '):format(i)
    if type(series) ~= 'table' or not is_text(series.name) or (#list > 1 and not series.name) then
      return where .. 'it needs a name, a text, and points'
    end
    problem = points_problem(series.points, where)
    if problem then
      return problem
    end
    all = all + #series.points
  end
  return all > MOST and ('%d points are more than a chart shows (%d)'):format(all, MOST) or nil
end

return M
