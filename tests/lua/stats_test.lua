local t = require 'harness'
require('fake_tlab').install {}
local stats = require 'tlab.stats'

local LIST = { 3, 1, 4, 1, 5, 9, 2, 6 }

local function near(got, expected)
  t.ok(math.abs(got - expected) <= 1e-12 * math.max(1, math.abs(expected)), got)
end

-- What Python's statistics module gives for the same list.
t.test('mean, standard deviation, median', function()
  near(stats.mean(LIST), 3.875)
  near(stats.sd(LIST), 2.748376143938713)
  t.eq(stats.median(LIST), 3.5)
  t.eq(stats.median { 4, 1, 9 }, 4.0)
  t.eq({ stats.mean { 7 }, stats.median { 7 }, stats.sd { 2, 2 } }, { 7.0, 7.0, 0.0 })
  t.eq(LIST, { 3, 1, 4, 1, 5, 9, 2, 6 }) -- what was given is left as it is
end)

t.test('whole numbers do not wrap around, small values beside large ones are not lost', function()
  near(stats.mean { math.maxinteger, math.maxinteger }, 2.0 ^ 63)
  near(stats.mean { 1e16, 1, -1e16, 1 }, 0.5)
  near(stats.sd { 1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16 }, 30 ^ 0.5)
  t.eq(stats.median { -1.7e308, 1.7e308 }, 0.0)
end)

-- R: quantile(x, 0.4, type = 7), 8 and 1, by the formulas of the paper.
t.test('quantiles by their three methods', function()
  t.eq(stats.quantiles(LIST), { 1.75, 3.5, 5.25 })
  near(stats.quantile(LIST, 0.4), 2.8)
  near(stats.quantile(LIST, 0.4, 'linear'), 2.8)
  near(stats.quantile(LIST, 0.4, 'median_unbiased'), 2 + 2 / 3)
  t.eq(stats.quantile(LIST, 0.4, 'inverted_cdf'), 3.0)
  for _, method in ipairs { 'linear', 'median_unbiased', 'inverted_cdf' } do
    t.eq(stats.quantiles(LIST, { 0, 1 }, method), { 1.0, 9.0 })
    t.eq(stats.quantiles({ 5 }, { 0, 0.3, 1 }, method), { 5.0, 5.0, 5.0 })
  end
  t.eq(stats.quantile({ 0.1, 0.1, 0.1 }, 0.7), 0.1)
  local hundred = {}
  for i = 1, 100 do
    hundred[i] = i
    t.eq(stats.quantile(hundred, 1, 'inverted_cdf'), i + 0.0)
  end
  for i = 1, 100 do
    t.eq(stats.quantile(hundred, i / 100, 'inverted_cdf'), i + 0.0)
  end
end)

t.test('a bootstrap interval: the same of the same seed, another of another', function()
  local one = stats.bootstrap(LIST, { seed = 7 })
  t.eq(one, stats.bootstrap(LIST, { seed = 7 }))
  t.ok(one.low ~= stats.bootstrap(LIST, { seed = 8 }).low)
  t.ok(one.low < one.estimate and one.estimate < one.high)
  t.eq({ one.estimate, one.level, one.resamples }, { 3.875, 0.95, 2000 })
  math.randomseed(5)
  local before = math.random(1 << 30)
  math.randomseed(5)
  stats.bootstrap(LIST, { seed = 7 })
  t.eq(math.random(1 << 30), before) -- a stream of its own
end)

t.test('a bootstrap interval is as wide as the theory says', function()
  local list = {}
  for i = 1, 100 do
    list[i] = i
  end
  -- The mean of n values has a standard error of sd / sqrt(n); 1.96 of them to each side.
  local got = stats.bootstrap(list, { seed = 1, resamples = 4000 })
  local half = 1.96 * stats.sd(list) / 10
  t.ok(math.abs(got.low - (50.5 - half)) < 0.5, got.low)
  t.ok(math.abs(got.high - (50.5 + half)) < 0.5, got.high)
  local narrow = stats.bootstrap(list, { seed = 1, level = 0.5 })
  t.ok(narrow.low > got.low and narrow.high < got.high)
  local middle = stats.bootstrap(list, { seed = 1, of = stats.median, resamples = 100 })
  t.eq({ middle.estimate, middle.resamples }, { 50.5, 100 })
  t.eq(stats.bootstrap({ 4 }, { seed = 1 }).low, 4.0)
end)

-- Each function, called with a list that is wrong.
local ALL = {
  mean = stats.mean,
  sd = stats.sd,
  median = stats.median,
  quantile = function(values)
    return stats.quantile(values, 0.5)
  end,
  quantiles = stats.quantiles,
  bootstrap = function(values)
    return stats.bootstrap(values, { seed = 1 })
  end,
}

t.test('what is no list of numbers is an error that says where and what', function()
  for name, fn in pairs(ALL) do
    for pattern, given in pairs {
      ['the list is empty'] = {},
      ['this is a map, not a list'] = { a = 1 },
      ['value 2 is not a number %(NaN%)'] = { 1, 0 / 0 },
      ['value 1 is infinite'] = { math.huge, 1 },
      ['value 3 is infinite'] = { 1, 2, -math.huge },
      ["value 2 is text %('12'%): tonumber makes"] = { 1, '12' },
      ["value 1 is text %('a%?b'%)"] = { 'a\27b' },
      ['value 2 is null: leave out'] = { 1, tlab.json.null },
      ['value 1 is a boolean'] = { true },
      ['takes a list of numbers; it is missing'] = false,
    } do
      local err = t.err(function()
        fn(given or nil)
      end, 'stats%.' .. name .. ':? ' .. pattern)
      t.ok(err:find '^[^:]*stats_test', err) -- the line is the caller's
    end
  end
end)

t.test('what cannot be computed is an error', function()
  for pattern, fn in pairs {
    ['mean: the values are too large'] = function()
      stats.mean { 1.7e308, 1.7e308 }
    end,
    ['sd: the values are too large'] = function()
      stats.sd { -1e200, 1e200 }
    end,
    ['sd: one value has no'] = function()
      stats.sd { 1 }
    end,
    ['quantile: the share is 50, expected a number from 0 to 1'] = function()
      stats.quantile(LIST, 50)
    end,
    ['quantile: the share is nan'] = function()
      stats.quantile(LIST, 0 / 0)
    end,
    ['quantile: the share is a nil'] = function()
      stats.quantile(LIST)
    end,
    ['quantiles: share 2 is 1.5'] = function()
      stats.quantiles(LIST, { 0, 1.5 })
    end,
    ["quantile: no method 'best', expected inverted_cdf, linear"] = function()
      stats.quantile(LIST, 0.5, 'best')
    end,
    ["quantiles: no method '7'"] = function()
      stats.quantiles(LIST, nil, 7)
    end,
  } do
    local err = t.err(fn, 'stats%.' .. pattern)
    t.ok(err:find '^[^:]*stats_test', err)
  end
end)

t.test('options of the bootstrap that are wrong are errors', function()
  for pattern, options in pairs {
    ['the seed is missing, such as'] = false,
    ['the seed must be a whole number'] = {},
    ['the seed must be'] = { seed = 1.5 },
    ["no option 'sed'"] = { sed = 1 },
    ['of must be a function'] = { seed = 1, of = 'median' },
    ['level must be a number'] = { seed = 1, level = 1 },
    ['level must be a number between'] = { seed = 1, level = 0 },
    ['resamples must be a whole number from 100'] = { seed = 1, resamples = 99 },
    ['resamples must be'] = { seed = 1, resamples = 100.5 },
    ['1000000 resamples of 21 values are too many'] = { seed = 1, resamples = 1000000 },
    ["the statistic of a resample is text %('x'%)"] = {
      seed = 1,
      of = function()
        return 'x'
      end,
    },
  } do
    local list = {}
    for i = 1, 21 do
      list[i] = i
    end
    local err = t.err(function()
      stats.bootstrap(list, options or nil)
    end, 'stats%.bootstrap: ' .. pattern)
    t.ok(err:find '^[^:]*stats_test', err)
  end
end)

-- With differences of 1, 1, 1 and -1 each of the four is drawn as often: their mean is 0.5.
t.test('two lists that belong together are compared value by value', function()
  local a, b = { 1, 5, 9, 2 }, { 0, 4, 8, 3 }
  local one = stats.paired(a, b, { seed = 7 })
  t.eq(one, stats.bootstrap({ 1, 1, 1, -1 }, { seed = 7 }))
  t.eq(one.estimate, 0.5)
  t.ok(one.low < 0 and one.high == 1)
  -- What is the same in both lists is no difference, however far the values lie apart.
  local same = stats.paired({ 1, 100, 10000 }, { 0, 99, 9999 }, { seed = 7 })
  t.eq({ same.low, same.high }, { 1.0, 1.0 })
  for pattern, call in pairs {
    ['stats_test.*paired: 2 values and 1, expected as many of both'] = { { 1, 2 }, { 1 } },
    ['stats_test.*paired: value 1 is text'] = { { 1 }, { '1' } },
    ['stats_test.*paired: the list is empty'] = { {}, {} },
    ['stats_test.*too large'] = { { 1.7e308 }, { -1.7e308 } },
  } do
    t.err(function()
      stats.paired(call[1], call[2], { seed = 7 })
    end, pattern)
  end
  t.err(function()
    stats.paired(a, b)
  end, 'stats_test.*paired: the seed is missing')
end)

return t.done()
