--- Numbers about a list of numbers, for recipes: pure, and the same on every machine.
---
---     local stats = require 'tlab.stats'
---     stats.median { 4, 1, 9 } -- 4.0
---     stats.bootstrap(scores, { seed = run.seed }) -- {estimate, low, high, level, resamples}
---
--- Lists hold finite numbers, at least one. Anything else is an error that says where: what a CSV
--- file gives is text, and a value that is missing is neither 0 nor left out in silence.
local values_of = require 'tlab.stats.values'

local M = {}

---@class tlab.stats.Bootstrap
---@field seed integer such as run.seed, or task.seed within run:map
---@field of (fun(values: number[]): number)?
---@field level number?
---@field resamples integer?

---@class tlab.stats.Interval
---@field estimate number of the values themselves
---@field low number
---@field high number
---@field level number
---@field resamples integer

local RESAMPLES, RESAMPLES_MAX = 2000, 1000000
local DRAWS_MAX = 20000000 -- some seconds

local wrong, is_finite = values_of.wrong, values_of.is_finite

-- The values as floats in a list of their own; whole numbers of 64 bits would wrap around.
local function floats(name, values, level)
  if type(values) ~= 'table' then
    error(('stats.%s takes a list of numbers; it is %s'):format(name, wrong(values)), level + 1)
  end
  local list = {}
  for i = 1, #values do
    local value = values[i]
    if not is_finite(value) then
      error(('stats.%s: value %d is %s'):format(name, i, wrong(value)), level + 1)
    end
    list[i] = value + 0.0
  end
  if #list == 0 then
    local what = next(values) == nil and 'the list is empty' or 'this is a map, not a list'
    error(('stats.%s: %s, expected one number at least'):format(name, what), level + 1)
  end
  return list
end

-- A result that no double holds is an error, not inf.
local function finite(name, result, level)
  if not is_finite(result) then
    error(('stats.%s: the values are too large to compute with'):format(name), level + 1)
  end
  return result
end

-- Neumaier's compensated sum (1974): no digits are lost where values differ in size.
local function sum_of(list)
  local sum, rest = 0.0, 0.0
  for _, x in ipairs(list) do
    local next_sum = sum + x
    rest = rest + (math.abs(sum) >= math.abs(x) and sum - next_sum + x or x - next_sum + sum)
    sum = next_sum
  end
  return sum + rest
end

local function mean_of(list)
  return sum_of(list) / #list
end

---The arithmetic mean.
---@param values number[]
---@return number
function M.mean(values)
  local mean = mean_of(floats('mean', values, 2))
  return (finite('mean', mean, 2)) -- no tail call: it would hide whose line is wrong
end

---The standard deviation of a sample: the divisor is n - 1, so two values are needed.
---@param values number[]
---@return number
function M.sd(values)
  local list = floats('sd', values, 2)
  if #list < 2 then
    error('stats.sd: one value has no standard deviation, expected two at least', 2)
  end
  local mean = mean_of(list)
  for i, x in ipairs(list) do
    list[i] = (x - mean) ^ 2
  end
  return (finite('sd', math.sqrt(sum_of(list) / (#list - 1)), 2))
end

-- Where the p-quantile of n sorted values stands, between 1 and n. The names, with the numbers of
-- Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996),
-- pages 361 to 365.
local METHODS = {
  -- Definition 1: the smallest value that p of all do not exceed; always one of the values. A
  -- product such as 100 * 0.07, which a double makes a little more than 7, is taken for 7.
  inverted_cdf = function(n, p)
    return math.ceil(n * p * (1 - 2 ^ -50))
  end,
  -- Definition 7: 0 and 1 are the ends, linear between; what R, NumPy and spreadsheets do unasked.
  linear = function(n, p)
    return (n - 1) * p + 1
  end,
  -- Definition 8: close to the median of what a sample of any distribution would give.
  median_unbiased = function(n, p)
    return (n + 1 / 3) * p + 1 / 3
  end,
}

local function quantile_of(sorted, p, method)
  local at = math.max(1, math.min(#sorted, METHODS[method](#sorted, p)))
  local low = math.floor(at)
  local share = at - low
  local a, b = sorted[low], sorted[low + 1]
  return (share == 0 or a == b) and a or a * (1 - share) + b * share
end

local function check_method(name, method, level)
  if method ~= nil and not METHODS[method] then
    local message = "stats.%s: no method '%s', expected inverted_cdf, linear or median_unbiased"
    error(message:format(name, tostring(method)), level + 1)
  end
  return method or 'linear'
end

local function sorted_floats(name, values, level)
  local list = floats(name, values, level + 1)
  table.sort(list)
  return list
end

---The middle value, or the mean of the two in the middle.
---@param values number[]
---@return number
function M.median(values)
  return quantile_of(sorted_floats('median', values, 2), 0.5, 'linear')
end

---The value below which a share `p` of the values lies.
---@param values number[]
---@param p number from 0 (the least) to 1 (the greatest)
---@param method 'linear'|'median_unbiased'|'inverted_cdf'? Hyndman and Fan's 7 (default), 8 and 1
---@return number
function M.quantile(values, p, method)
  if type(p) ~= 'number' or not (p >= 0 and p <= 1) then
    local message = 'stats.quantile: the share is %s, expected a number from 0 to 1'
    error(message:format(type(p) == 'number' and tostring(p) or 'a ' .. type(p)), 2)
  end
  method = check_method('quantile', method, 2)
  return quantile_of(sorted_floats('quantile', values, 2), p, method)
end

---Several quantiles at once.
---@param values number[]
---@param shares number[]? default 0.25, 0.5, 0.75
---@param method 'linear'|'median_unbiased'|'inverted_cdf'? as in `quantile`
---@return number[]
function M.quantiles(values, shares, method)
  method = check_method('quantiles', method, 2)
  local sorted = sorted_floats('quantiles', values, 2)
  local list = shares and floats('quantiles', shares, 2) or { 0.25, 0.5, 0.75 }
  for i, p in ipairs(list) do
    if p < 0 or p > 1 then
      error(('stats.quantiles: share %d is %s, expected 0 to 1'):format(i, tostring(p)), 2)
    end
    list[i] = quantile_of(sorted, p, method)
  end
  return list
end

-- SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): whole
-- numbers from 1 to n, each as likely. Its own stream: tasks at once do not disturb each other.
local function draws(seed, n)
  local state, most = seed, (1 << 53) // n * n
  return function()
    local z
    repeat
      state = state + 0x9E3779B97F4A7C15
      z = (state ~ (state >> 30)) * 0xBF58476D1CE4E5B9
      z = (z ~ (z >> 27)) * 0x94D049BB133111EB
      z = (z ~ (z >> 31)) >> 11
    until z < most
    return z % n + 1
  end
end

local function bootstrap_options(name, o, n)
  local function expect(good, what)
    if not good then
      error(('stats.%s: %s'):format(name, what), 5)
    end
  end
  expect(type(o) == 'table', 'the seed is missing, such as { seed = run.seed }')
  for key in pairs(o) do
    local known = key == 'seed' or key == 'of' or key == 'level' or key == 'resamples'
    expect(known, ("no option '%s', expected seed, of, level, resamples"):format(tostring(key)))
  end
  local level, resamples = o.level or 0.95, math.tointeger(o.resamples or RESAMPLES)
  local seed = math.type(o.seed) == 'integer'
  expect(seed, 'the seed must be a whole number, such as { seed = run.seed }')
  expect(o.of == nil or type(o.of) == 'function', 'of must be a function, such as stats.median')
  local between = type(level) == 'number' and level > 0 and level < 1
  expect(between, 'level must be a number between 0 and 1, such as 0.95')
  local many = resamples and resamples >= 100 and resamples <= RESAMPLES_MAX
  expect(many, 'resamples must be a whole number from 100 to 1000000')
  expect(
    n * resamples <= DRAWS_MAX,
    ('%d resamples of %d values are too many'):format(resamples, n)
  )
  return level, resamples
end

local function interval_of(name, list, o)
  local level, resamples = bootstrap_options(name, o, #list)
  local of = o.of or mean_of
  local function one(sample)
    local result = of(sample)
    if not is_finite(result) then
      error(('stats.%s: the statistic of a resample is %s'):format(name, wrong(result)), 4)
    end
    return result + 0.0
  end
  local estimate = one(table.move(list, 1, #list, 1, {}))
  local draw, found = draws(o.seed, #list), {}
  for r = 1, resamples do
    local sample = {}
    for i = 1, #list do
      sample[i] = list[draw()]
    end
    found[r] = one(sample)
  end
  table.sort(found)
  return {
    estimate = estimate,
    low = quantile_of(found, (1 - level) / 2, 'linear'),
    high = quantile_of(found, (1 + level) / 2, 'linear'),
    level = level,
    resamples = resamples,
  }
end

---How far a statistic might be off, had the sample been another: Efron's percentile interval
---("Bootstrap Methods: Another Look at the Jackknife", The Annals of Statistics 7, 1979). Values
---must be independent of each other; of fewer than about 20 the interval is too narrow. The same
---seed gives the same interval, so a replay has it again. `of` is the statistic (default
---`stats.mean`), `level` 0.95, `resamples` 2000.
---@param values number[]
---@param o tlab.stats.Bootstrap
---@return tlab.stats.Interval
function M.bootstrap(values, o)
  local interval = interval_of('bootstrap', floats('bootstrap', values, 2), o)
  return interval
end

---How far apart two lists are that belong together value by value, such as the scores of two
---models on the same questions: the bootstrap interval of the differences `a[i] - b[i]`. Where 0
---lies outside of it, chance alone would seldom make such a difference.
---@param a number[]
---@param b number[] as many
---@param o tlab.stats.Bootstrap
---@return tlab.stats.Interval
function M.paired(a, b, o)
  local list, others = floats('paired', a, 2), floats('paired', b, 2)
  if #list ~= #others then
    local message = 'stats.paired: %d values and %d, expected as many of both'
    error(message:format(#list, #others), 2)
  end
  for i, other in ipairs(others) do
    list[i] = finite('paired', list[i] - other, 2)
  end
  local interval = interval_of('paired', list, o)
  return interval
end

return M
