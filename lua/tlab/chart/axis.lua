--- Axes: round steps, and numbers as people read them.
local text = require 'tlab.text'

local M = {}

-- Multiples of a step are read from their decimal form: 3 * 0.1 would not be 0.3.
local function multiple(step, i)
  return step.power >= 0 and i * step.times * 10 ^ step.power
    or tonumber(('%de%d'):format(i * step.times, step.power))
end

-- The smallest step, 1, 2 or 5 times a power of ten, of which at most `most` cover the span.
local function step_of(span, most, is_whole)
  for power = is_whole and 0 or -300, 300 do
    for _, times in ipairs { 1, 2, 5 } do
      local step = { times = times, power = power }
      if span <= most * multiple(step, 1) then
        return step
      end
    end
  end
end

---A number: whole ones in threes, others with six digits.
---@param value number
---@return string
function M.number(value)
  local whole = math.tointeger(value)
  return whole and text.number(whole) or ('%.6g'):format(value)
end

local function tick_label(value, step)
  if step.power >= 0 then
    return text.number(math.tointeger(value) --[[@as integer]])
  end
  return step.power >= -6 and ('%%.%df'):format(-step.power):format(value) or ('%.6g'):format(value)
end

---Whether all are whole numbers, so that no step is smaller than 1.
---@param values number[]
---@return boolean
function M.are_whole(values)
  for _, value in ipairs(values) do
    if not math.tointeger(value) then
      return false
    end
  end
  return true
end

-- What an axis has to cover: both ends of the values, 0 where that costs less than half of it, and
-- something around a single value.
local function ends_of(values, is_whole, o)
  local low, high = values[1] or 0, values[1] or 1
  for _, value in ipairs(values) do
    low, high = math.min(low, value), math.max(high, value)
  end
  local largest = math.max(math.abs(low), math.abs(high))
  if not o.is_close and low > 0 and low < high - low then
    low = 0
  elseif not o.is_close and high < 0 and -high < high - low then
    high = 0
  end
  if high - low <= largest * 1e-9 then
    local around = is_whole and 1 or largest / 10
    low, high = low - around, high + around
  end
  return low, high
end

---An axis that covers the values, from one round number to another.
---@param values number[] finite; none at all make an axis from 0 to 1
---@param o {steps: integer?, is_close: boolean?, is_beyond: boolean?}? about how many steps (5);
---  whether to stay close to the values, away from 0; whether it must end above the last value
---@return table axis {low, high, ticks = list of {value, label}, at = fun(value): number, 0 to 1}
function M.of(values, o)
  o = o or {}
  local is_whole = M.are_whole(values)
  local low, high = ends_of(values, is_whole, o)
  local step = step_of(high - low, o.steps or 5, is_whole)
  local first = math.tointeger(low // multiple(step, 1)) --[[@as number]]
  while multiple(step, first) > low do
    first = first - 1
  end
  local ticks, i = {}, first
  repeat
    local value = multiple(step, i)
    ticks[#ticks + 1] = { value = value, label = tick_label(value, step) }
    i = i + 1
  until value > high or value == high and not o.is_beyond
  low, high = ticks[1].value, ticks[#ticks].value
  return {
    low = low,
    high = high,
    ticks = ticks,
    at = function(v)
      return (v - low) / (high - low)
    end,
  }
end

return M
